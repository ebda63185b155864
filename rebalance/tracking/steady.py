"""What a stage reads must stay as it was while it runs, and a stage must not run twice at once.

DVC computes the checksums of what a stage depends on when the stage has ended. An edit of
params.yaml, of the code or of a table meanwhile would stand in dvc.lock as what the outputs were
made from, and nothing would ever run again.
"""

import hashlib
from contextlib import contextmanager, suppress
from pathlib import Path

from rebalance import paths
from rebalance.errors import InputError, listed
from rebalance.params.file import read
from rebalance.tracking import pipeline, provenance

# Larger files are compared by time, size and number, not by content: tables.
SMALL = 1 << 20
# Of the stages that fit models.
FITTING = ("train_", "tune_")
FOLDER = Path(".rebalance") / "running"
MADE = {"__pycache__"}


@contextmanager
def unchanged(stage, params):
    """Run the body alone; raise `InputError` after it where an input of the stage has changed.

    Parameters
    ----------
    stage : pipeline.Stage
    params : params.Params
        What the stage loaded.
    """
    with alone(stage.name):
        code = _states(dep for dep in stage.deps if not dep.startswith("$"))
        rows, before = _states(_rows(stage, params)), _sections(stage)
        yield
        # One that is gone was deleted by the stage: evaluate deletes what removed models left.
        changed = [path for path, state in code.items() if _state(path) not in (state, None)]
        # A part that comes while a folder is read would count as read.
        others = _states(_rows(stage, params))
        changed += [path for path in {**rows, **others} if rows.get(path) != others.get(path)]
        after = _sections(stage)
        changed += [
            f"{key} of {paths.PARAMS}"
            for key in {**before, **after}
            if before.get(key, "") != after.get(key, "")
        ]
        if changed:
            fits = stage.name.startswith(FITTING)
            cached = ": it takes the fits that hold from the score cache" if fits else ""
            raise InputError(
                f"{listed(changed)} changed while {stage.name} ran, which began with what was "
                f"there before; run 'dvc repro' again{cached}."
            )


def _rows(stage, params):
    """Return the paths of the files of the user's rows, where a stage depends on them."""
    reads = any(dep.startswith("${data.path}") for dep in stage.deps)
    # What lies at an address is DVC's to compare.
    path = params.data.path if reads and params.data.source == "file" else ""
    if not path or "://" in path:
        return []

    from rebalance.sources import files  # no other stage imports it

    with suppress(InputError, OSError):  # what is wrong there is for the stage to say
        return [part.path for part in files.matching(path, params.data.pattern)]
    return []


def _states(places):
    """Return {path: state} of files and of all files in folders."""
    files = {}
    for place in map(Path, places):
        for path in place.rglob("*") if place.is_dir() else [place]:
            if not MADE.intersection(path.parts) and path.is_file():
                files[path.as_posix()] = _state(path)
    return files


def _state(path):
    """Return what tells another content of a file; None where it is gone."""
    with suppress(FileNotFoundError):
        status = Path(path).stat()
        if status.st_size <= SMALL:
            return hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return status.st_mtime_ns, status.st_size, status.st_ino
    return None


def _sections(stage):
    """Return {key: value} of what a stage reads of params.yaml, as DVC compares it."""
    content = read(paths.PARAMS)
    return provenance.flat({name: pipeline.at(content, name) for name in stage.params})


@contextmanager
def alone(name):
    """Raise `InputError` where another process runs the stage ``name`` in this folder.

    One whose `dvc repro` was killed goes on, and would write its outputs over those of the next.
    A folder that takes no file for the lock costs nothing.
    """
    from filelock import FileLock, Timeout

    lock = None
    with suppress(OSError, NotImplementedError):
        FOLDER.mkdir(parents=True, exist_ok=True)
        lock = FileLock(FOLDER / f"{name}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise _taken(name) from None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _taken(name):
    holder = _holder(name)
    which = f", as process {holder}" if holder else ""
    return InputError(
        f"{name} runs here already{which}: wait until it has ended, or end it, and run again."
    )


def _holder(name):
    """Return the number of the process that runs a stage in this folder, None where none is seen.

    It looks at the words of each process: a number in the file could be that of one long gone.
    """
    import psutil

    stage, _, model = name.partition("@")
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = process.cmdline()
            if (
                f"stages.{stage}" in words
                and (not model or model in words)
                and process.cwd() == str(Path.cwd())
                and process.pid != psutil.Process().pid
            ):
                return process.pid
    return None
