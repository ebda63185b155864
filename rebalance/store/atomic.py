"""A file is either whole or absent, also after a loss of power; a full disk is one line."""

import errno
import os
import socket
import tempfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

from rebalance.errors import InputError, shown

PART = ".part"
# In bytes, of a name that stands in that of its partial file: file systems take 255 of both.
LONGEST = 150
_ROOM = "make room for it, or raise the limit"
_RIGHT = "give this user the right to write there"
_FILE = "move away the file that stands where a folder must be"
# What a disk or folder says that takes no file, and what to do then.
REFUSALS = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EROFS: "write to a disk that is not read-only",
    errno.EACCES: _RIGHT,
    errno.EPERM: _RIGHT,
    errno.ENOTDIR: _FILE,
    errno.EEXIST: _FILE,
    errno.EISDIR: "move away the folder of that name",
}
# Said by a folder that is there and takes no files, such as /proc.
MADE_UP = {errno.ENOENT: "write to a folder that takes files"}


class UnwritableError(InputError, OSError):
    """Say which file the disk does not take, and why."""


@contextmanager
def replacing(path):
    """Yield a path beside ``path`` to write to; rename it on success, remove it on failure.

    The content reaches the disk before the name does, and the name before this returns: otherwise
    a loss of power could leave an empty file of the right name.

    Raises
    ------
    UnwritableError
        Where the disk is full, or the folder cannot be written to.
    """
    path = Path(path)
    with _in_one_line(path):
        ours = f".{_short(path.name)}.{_host()}-"
        with _in_one_line(path, MADE_UP):
            # Git tracks no empty folder: a fresh clone or ``dvc exp run --temp`` has none of ours.
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_left(path.parent, ours)
            handle, name = tempfile.mkstemp(
                dir=path.parent, prefix=f"{ours}{os.getpid()}-", suffix=PART
            )
        os.close(handle)
        with _removed_on_failure(Path(name), path) as partial:
            yield partial


def _short(name):
    """Return a name, or its checksum where the name of a partial file would be too long."""
    content = os.fsencode(name)
    return name if len(content) <= LONGEST else f"{zlib.crc32(content):08x}"


def _host():
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _remove_left(folder, ours):
    """Remove what processes of this machine that were killed left of a file, which may be large."""
    with suppress(OSError):
        for left in folder.iterdir():
            if left.name.startswith(ours) and left.name.endswith(PART):
                import psutil

                number = left.name.removeprefix(ours).partition("-")[0]
                if not number.isdecimal() or not psutil.pid_exists(int(number)):
                    left.unlink(missing_ok=True)


@contextmanager
def _in_one_line(path, refusals=REFUSALS):
    """Turn what the disk refuses of ``path`` into an `UnwritableError`; leave other faults."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UnwritableError(
                f"{shown(str(path))} cannot be written: the name is longer than the file system "
                "takes; choose a shorter one."
            ) from error
        if error.errno not in refusals:
            raise
        raise UnwritableError(
            f"{path} cannot be written ({os.strerror(error.errno).lower()}): "
            f"{refusals[error.errno]}, and run again; nothing is half-written."
        ) from error


@contextmanager
def _removed_on_failure(partial, path):
    try:
        yield partial
        partial.chmod(0o644)
        _synchronise(partial)
        partial.replace(path)
        with suppress(OSError):  # Windows opens no folder, and some file systems refuse
            _synchronise(path.parent)
    except FileNotFoundError as error:
        if partial.exists():
            raise
        raise UnwritableError(
            f"{path} cannot be written: what was written of it was deleted meanwhile, as 'git "
            "clean' does; run again."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _synchronise(path):
    """Wait until the disk has what the file or the folder holds."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
