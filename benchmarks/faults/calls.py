"""Fail the n-th call to the disk, for every n until the stage succeeds, as SQLite's tests do it.

After each fault the outputs are whole or absent, and the stage run once more leaves what an
undisturbed one leaves, without a fit that was already in the score cache.
"""

import errno
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.faults.tally import Tally
from benchmarks.faults.tiny import STAGES, written

KILL = 0
# Whether later calls fail as well: a full disk stays full, a process is killed once.
FAULTS = {
    "killed at a call": (KILL, False),
    "disk full from a call on": (errno.ENOSPC, True),
    "disk full at one call": (errno.ENOSPC, False),
    "read-only from a call on": (errno.EROFS, True),
}
CACHE = ".rebalance/scores"


def tried(chain, fault, *, runs=False, stages=STAGES, step=1, start=1):
    """Return the `Tally` of one fault at calls ``start``, ``start + step``, ... of each stage.

    Parameters
    ----------
    chain : tiny.Chain
    fault : str
        A key of `FAULTS`.
    runs : bool
        Whether MLflow's files are what fails, in place of ours.
    stages : list of str
    step, start : int
    """
    error, lasting = FAULTS[fault]
    where = "of MLflow's files" if runs else "of our files"
    tally = Tally(f"{fault} {where}")
    for stage in stages:
        known = {}
        at = start
        while _try(chain, stage, tally, known, at=at, error=error, lasting=lasting, runs=runs):
            at += step
    return tally


def _try(chain, stage, tally, known, *, at, error, lasting, runs):
    """Let one call fail; return whether the stage has so many."""
    chain.restore(stage)
    options = {"at": at, "error": error, "lasting": lasting, "runs": runs}
    done = chain.server.run(chain.folder, stage, recorded=chain.recorded, **options)
    if done.calls < at:
        return False
    tally.tries += 1
    place = f"{stage}, call {at}"
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
    state = _state(chain.folder)
    if state not in known:
        known[state] = _again(chain, stage)
    tally.lost += [f"{place}: {what}" for what in known[state]]
    return True


def lines_only(text):
    """Say whether a refusal is lines, each of a kind: a note, a warning or an error."""
    return any(line.startswith("error: ") for line in text.splitlines())


def _again(chain, stage):
    """Run the stage once more, as ``dvc repro`` would; return what was lost."""
    for path in chain.outputs(stage):
        _remove(chain.folder / path)
    # A file that is read stays; one that is written again is another.
    cached = {path: path.stat().st_ino for path in _cached(chain.folder)}
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
    for path, inode in cached.items():
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


def _cached(folder):
    return [path for path in (Path(folder) / CACHE).rglob("*.npz") if not path.name.startswith(".")]


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
