"""Scores of folds on disk: a fit that a stopped stage finished is not done again.

The cache is optional: a file that is damaged is computed again, and a folder that cannot be read
or written costs a line, never a stage.
"""

import hashlib
import io
import logging
import os
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from rebalance import paths
from rebalance.store.atomic import replacing

log = logging.getLogger("rebalance")

# The cache must hold a whole study; a smaller one would evict just the scores that the next run
# needs first. 800 bytes a row are a hundred candidates.
CACHE_BYTES, CACHE_BYTES_PER_ROW = 1_000_000_000, 800
DIGEST = 32


class ScoreCache:
    """Arrays of scores by name, each in a file after the SHA-256 of that name and them.

    Parameters
    ----------
    folder : str or Path
    limit : int
        Bytes; when the cache is opened, the files used longest ago are deleted down to it.
    """

    def __init__(self, folder, limit=CACHE_BYTES):
        self.folder, self.limit, self.usable = Path(folder), limit, True
        self._evict()

    def get(self, name):
        """Return a dict of the arrays called ``name``, or None."""
        path = self._path(name)
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._give_up("read", error)
            return None
        arrays = _arrays(name, content)
        if arrays is None:
            log.warning("note: cached scores in %s are damaged and are computed again.", path)
            return None
        with suppress(OSError):
            os.utime(path)
        return arrays

    def put(self, name, **arrays):
        """Write arrays under ``name``."""
        if not self.usable:
            return
        file = io.BytesIO()
        np.savez(file, **arrays)
        content = file.getvalue()
        try:
            with replacing(self._path(name)) as partial:
                partial.write_bytes(_digest(name, content) + content)
        except OSError as error:
            self._give_up("written", error)

    def _path(self, name):
        return self.folder / name[:2] / f"{name}.npz"

    def _give_up(self, what, error):
        """Say once that the cache is of no use."""
        if self.usable:
            self.usable = False
            cause = error.__cause__ or error
            reason = cause.strerror or str(cause)
            log.warning(
                "note: the score cache %s cannot be %s (%s); the work goes on without it.",
                self.folder,
                what,
                reason,
            )

    def _evict(self):
        files = []
        with suppress(OSError):
            for path in self.folder.glob("??/*.npz"):
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.limit:
                break
            with suppress(OSError):
                path.unlink()
            total -= size


def _digest(name, content):
    """Return the checksum of both: scores of another fit under this name would be believed."""
    return hashlib.sha256(name.encode() + b"\0" + content).digest()


def _arrays(name, content):
    """Return the arrays of a file, or None where it is not whole or not that of ``name``.

    Nothing of it is executed.
    """
    if _digest(name, content[DIGEST:]) != content[:DIGEST]:
        return None
    try:
        with np.load(io.BytesIO(content[DIGEST:]), allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, OSError, zipfile.BadZipFile):  # a checksum that fits foreign content
        return None


def score_cache(n_rows):
    """Return the `ScoreCache` of this repository, with room for a study of so many rows."""
    return ScoreCache(paths.SCORE_CACHE, max(CACHE_BYTES, CACHE_BYTES_PER_ROW * n_rows))
