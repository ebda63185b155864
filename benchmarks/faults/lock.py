"""Cut dvc.lock where DVC writes it, and kill DVC there: ``make repro`` goes on from both."""

import random

from benchmarks.faults import tiny
from benchmarks.faults.calls import cached, running
from benchmarks.faults.tally import Tally

# A run of all stages makes about so many calls to the disk by DVC itself.
CALLS = 700
DOCTOR = ("python", "-m", "rebalance.cli", "doctor", "--lock")


def finished(folder):
    """Return a repository in which all stages have run and were committed, and its dvc.lock."""
    folder = tiny.repository(folder)
    tiny.call(folder, "dvc", "repro")
    tiny.call(folder, "git", "add", "--all")
    tiny.call(folder, "git", "commit", "--quiet", "--message", "its results")
    return folder, (folder / "dvc.lock").read_bytes()


def repro(folder):
    """Do what ``make repro`` does; return the exit code and all that was said."""
    done = tiny.attempt(folder, "dvc", "repro")
    text = done.stdout + done.stderr
    if done.returncode:
        mended = tiny.attempt(folder, *DOCTOR)
        text += mended.stdout + mended.stderr
        if mended.returncode or not mended.stdout:
            return done.returncode, text
        done = tiny.attempt(folder, "dvc", "repro")
        text += done.stdout + done.stderr
    return done.returncode, text


def cut(folder, wanted, places):
    """Return the `Tally` of a dvc.lock cut at some places, with what git has one run older.

    Parameters
    ----------
    folder : Path
        A finished repository.
    wanted : bytes
        Its dvc.lock.
    places : list of int
        How many bytes are left.
    """
    tally = Tally("dvc.lock cut")
    for place in places:
        (folder / "dvc.lock").write_bytes(wanted[:place])
        fits = cached(folder)
        _check(folder, wanted, tally, f"cut at {place}")
        # What is cut off runs again where the rest is a whole file; its fits do not.
        if fits != cached(folder):
            tally.lost.append(f"cut at {place}: a fit is repeated")
    return tally


def killed_at_the_lock(folder, wanted, most=None):
    """Return the `Tally` of a DVC killed at each call to dvc.lock while it runs a stage anew.

    ``most`` is the number of calls that are tried; None tries all.
    """
    tally = Tally("DVC killed at a call to dvc.lock")
    library = tiny.compiled(folder.parent)
    if library is None:
        return tally
    command = ("dvc", "repro", "--force", "--single-item", "download")
    while most is None or tally.tries < most:
        at = tally.tries + 1
        done = _killed(folder, library, command, folder / "dvc.lock", at)
        if done.returncode == 0:
            break
        _check(folder, wanted, tally, f"killed at call {at}")
    return tally


def killed(folder, wanted, tries, seed=0):
    """Return the `Tally` of a DVC killed at calls drawn at random while it runs all stages anew."""
    tally = Tally("DVC killed at a call")
    draw = random.Random(seed)  # noqa: S311 - which call is no secret
    library = tiny.compiled(folder.parent)
    if library is None:
        return tally
    for _ in range(tries):
        at = draw.randrange(1, CALLS)
        _killed(folder, library, ("dvc", "repro", "--force"), folder, at)
        _check(folder, wanted, tally, f"killed at call {at}")
    return tally


def _killed(folder, library, command, where, at):
    """Run a command of DVC that is killed at a call to a file or a folder."""
    return tiny.attempt(
        folder,
        *command,
        LD_PRELOAD=str(library),
        FAULTS_FOLDER=str(where),
        FAULTS_COMMAND=" ".join(command[:2]),
        FAULTS_AT=str(at),
        FAULTS_CODE="0",
    )


def _check(folder, wanted, tally, place):
    tally.tries += 1
    code, text = repro(folder)
    if "Traceback" in text:
        tally.tracebacks.append(f"{place}: {text[-600:]}")
    if code:
        tally.lost.append(f"{place}: dvc repro ends with {code}: {text[-600:]}")
    elif (folder / "dvc.lock").read_bytes() != wanted:
        tally.wrong.append(f"{place}: another dvc.lock")
    elif left := running(folder):
        tally.lost.append(f"{place}: {left} runs are left RUNNING")
    elif "up to date" not in (said := tiny.attempt(folder, "dvc", "status").stdout):
        tally.lost.append(f"{place}: {said}")


def places(wanted, number, seed=0):
    """Return where to cut: nothing left, the blocks that a file is written in, and at random."""
    draw = random.Random(seed)  # noqa: S311 - where a file is cut is no secret
    blocks = list(range(0, len(wanted), 8192))
    return sorted({*blocks, *(draw.randrange(len(wanted)) for _ in range(number))})
