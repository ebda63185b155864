"""Fail the n-th call to the disk, for every n until the stage succeeds, as SQLite's tests do it.

After each fault the outputs are whole or absent, and the stage run once more leaves what an
undisturbed one leaves, without a fit that was already in the score cache.
"""

import errno
import hashlib
import random
import shutil
import sqlite3
import time
from contextlib import closing
from itertools import count
from pathlib import Path

from benchmarks.faults import power
from benchmarks.faults.tally import Tally
from benchmarks.faults.tiny import STAGES, written

KILL = 0
KILLED = "killed at a call"
# Whether later calls fail as well: a full disk stays full, a process is killed once.
FAULTS = {
    KILLED: (KILL, False),
    "disk full from a call on": (errno.ENOSPC, True),
    "disk full at one call": (errno.ENOSPC, False),
    "read-only from a call on": (errno.EROFS, True),
}
NETWORK = {
    KILLED: (KILL, False),
    "reset at a call": (errno.ECONNRESET, False),
    "timed out at a call": (errno.ETIMEDOUT, False),
    "unreachable from a call on": (errno.ENETUNREACH, True),
}
PLACES = {
    "ours": "of our files",
    "runs": "of MLflow's files",
    "made": "while MLflow's database is made",
    "network": "to the network",
}
CACHE = ".rebalance/scores"


def tried(
    chain, fault, *, where="ours", stages=STAGES, step=1, start=1, stop=None, known=None, lost=None
):
    """Return the `Tally` of one fault at calls ``start``, ``start + step``, ... of each stage.

    Parameters
    ----------
    chain : tiny.Chain
    fault : str
        A key of `FAULTS`, or of `NETWORK`.
    where : str
        Whose calls fail: ``ours``, those of MLflow's files (``runs``), of its database while it is
        made (``made``), or those to the ``network``.
    stages : list of str
    step, start : int
    stop : int or None
        No call from this one on; None: to the last of the stage.
    known : dict or None
        What the next run loses after each state of the folder; more are added.
    lost : Tally or None
        Where a process is killed: counts a loss of power at the same calls.
    """
    tally = Tally(f"{fault} {PLACES[where]}")
    known = {} if known is None else known
    for stage in stages:
        for at in count(start, step) if stop is None else range(start, stop, step):
            if not _try(chain, stage, tally, known.setdefault(stage, {}), lost, at, fault, where):
                break
        if lost is not None:
            _check_flushed(chain, stage, lost)
    return tally


def _try(chain, stage, tally, known, lost, at, fault, where):
    """Let one call fail; return whether the stage has so many."""
    error, lasting = (FAULTS | NETWORK)[fault]
    chain.restore(stage)
    done = chain.server.run(
        chain.folder, stage, recorded=chain.recorded, notes=lost is not None, where=where, at=at,
        error=error, lasting=lasting,
    )  # fmt: skip
    if done.calls < at:
        return False
    tally.tries += 1
    place = f"{stage}, call {at}"
    _check(chain, stage, tally, place, done, error)
    if lost is not None:
        _lose_power(chain, stage, lost, known, place, done.notes)
    tally.lost += [f"{place}: {what}" for what in _again(chain, stage, known)]
    return True


def _check(chain, stage, tally, place, done, error):
    """Note what is torn, wrong, or ends in a traceback after a fault."""
    if "Traceback" in done.text:
        tally.tracebacks.append(f"{place}: {done.text[-600:]}")
    before = written(chain.before[stage])
    wanted, now = chain.after[stage], written(chain.folder)
    for path, bytes_ in now.items():
        if path.endswith(".part"):
            # A disk that is read-only now does not let it be removed.
            if error == errno.ENOSPC:
                tally.wrong.append(f"{place}: {path} is left")
        elif bytes_ not in (before.get(path), wanted.get(path)):
            tally.wrong.append(f"{place}: {path} is torn")
    if done.code == 0 and now != wanted:
        tally.wrong.append(f"{place}: it ends with 0 and other outputs")
    if error != KILL and done.code not in (0, 1, 70):
        tally.wrong.append(f"{place}: it ends with {done.code}: {done.text[-300:]}")
    if error != KILL and done.code == 1 and not lines_only(done.text):
        tally.tracebacks.append(f"{place}: {done.text[-600:]}")


def at_random(chain, stage, tries, known, seed=0):
    """Return the `Tally` of a stage killed after times drawn at random."""
    tally = Tally("killed at a random time")
    draw = random.Random(f"{seed} {stage}")  # noqa: S311 - no secret
    chain.restore(stage)
    start = time.perf_counter()
    chain.server.run(chain.folder, stage, recorded=chain.recorded)
    seconds = time.perf_counter() - start
    while tally.tries < tries:
        chain.restore(stage)
        after = draw.uniform(0, seconds)
        done = chain.server.run(chain.folder, stage, recorded=chain.recorded, after=after)
        tally.tries += 1
        place = f"{stage}, after {after:.3f} s"
        _check(chain, stage, tally, place, done, KILL)
        tally.lost += [f"{place}: {what}" for what in _again(chain, stage, known)]
    return tally


def _lose_power(chain, stage, lost, known, place, notes):
    """Take what was not flushed, see what the next run makes of it, and give it back."""
    apart = chain.folder.with_name(f"{chain.folder.name}-killed")
    shutil.copytree(chain.folder, apart)
    for kind in (power.CONTENT, power.NAMES):
        lost.tries += 1
        if power.take(chain.folder, chain.before[stage], notes, kind):
            lost.lost += [f"{place}, {kind}: {what}" for what in _again(chain, stage, known)]
            shutil.rmtree(chain.folder)
            shutil.copytree(apart, chain.folder)
    shutil.rmtree(apart)


def _check_flushed(chain, stage, lost):
    """Note the outputs that are not on the disk when a stage ends."""
    chain.restore(stage)
    done = chain.server.run(chain.folder, stage, recorded=chain.recorded, notes=True)
    contents, names = power.unflushed(done.notes)
    ours = written(chain.folder)
    lost.tries += 1
    lost.lost += [
        f"{stage}, at its end: {path} is not on the disk"
        for path in sorted(contents | names)
        if Path(path).relative_to(chain.folder).as_posix() in ours
    ]


def lines_only(text):
    """Say whether a refusal is lines, each of a kind: a note, a warning or an error."""
    return any(line.startswith("error: ") for line in text.splitlines())


def _again(chain, stage, known):
    """Run the stage once more, as ``dvc repro`` would; return what was lost.

    After a state of the folder that is ``known`` nothing runs.
    """
    state = _state(chain.folder)
    if state not in known:
        known[state] = _lost(chain, stage)
    return known[state]


def _lost(chain, stage):
    for path in chain.outputs(stage):
        _remove(chain.folder / path)
    # A file that is read stays; one that is written again is another.
    before = cached(chain.folder)
    done = chain.server.run(chain.folder, stage, recorded=chain.recorded)
    lost = []
    if done.code:
        lost.append(f"the next run ends with {done.code}: {done.text[-600:]}")
    else:
        now, wanted = written(chain.folder), chain.after[stage]
        lost += [
            f"the next run leaves another {path}"
            for path in sorted(now.keys() | wanted.keys())
            if now.get(path) != wanted.get(path) and not path.endswith(".part")
        ]
        lost += [f"the next run leaves {path}" for path in now if path.endswith(".part")]
    for path, inode in before.items():
        if path.exists() and path.stat().st_ino != inode:
            lost.append(f"the next run repeats the fit of {path.name}")
    if chain.recorded and (left := running(chain.folder)):
        lost.append(f"{left} runs are left RUNNING")
    return lost


def running(folder):
    """Return how many runs MLflow takes for running."""
    base = Path(folder) / "mlflow.db"
    if not base.exists():
        return 0
    with closing(sqlite3.connect(base)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if "runs" not in tables:
            return 0
        return database.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0]


def cached(folder):
    """Return {path: inode} of the cached fits: one that is written again has another inode."""
    files = (Path(folder) / CACHE).rglob("*.npz")
    return {path: path.stat().st_ino for path in files if not path.name.startswith(".")}


def _state(folder):
    """Return a checksum of a folder's files: the next run is the same after the same state."""
    checksum = hashlib.sha256()
    for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name.endswith(".part"):  # its name is drawn
            name = f"{path.parent.relative_to(folder).as_posix()}/.part"
        checksum.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return checksum.hexdigest()


def _remove(path):
    if path.is_file():
        path.unlink()
    elif path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                file.unlink()
