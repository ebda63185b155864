"""A file is either whole or absent, also after a loss of power."""

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path):
    """Yield a path beside ``path`` to write to; rename it on success, remove it on failure.

    The content reaches the disk before the name does, and the name before this returns: otherwise
    a loss of power could leave an empty file of the right name.
    """
    path = Path(path)
    # Git tracks no empty folder: a fresh clone or ``dvc exp run --temp`` has none of ours.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o644)
        _synchronise(beside)
        beside.replace(path)
        with suppress(OSError):  # Windows opens no folder, and some file systems refuse
            _synchronise(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _synchronise(path):
    """Wait until the disk has what the file or the folder holds."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
