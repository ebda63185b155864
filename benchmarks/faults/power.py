"""Take from a folder what a loss of power takes: what was written and not flushed.

A file keeps its name and loses its content, or it keeps its old name, or there was none: file
systems may do either with what no fsync has brought to the disk.
"""

import os
import shutil
from pathlib import Path

CONTENT, NAMES = "contents lost", "names lost"


def unflushed(notes):
    r"""Return the paths whose content, and those whose name, is not on the disk.

    >>> contents, names = unflushed("w\t/a/.x\t\nm\t/a/.x\t/a/x\n")
    >>> sorted(contents), sorted(names)
    (['/a/x'], ['/a/x'])
    >>> unflushed("w\t/a/.x\t\ns\t/a/.x\t\nm\t/a/.x\t/a/x\ns\t/a\t\n")
    (set(), set())
    """
    contents, names = set(), set()
    for line in notes.splitlines():
        kind, path, to = line.split("\t")
        if kind == "w":
            contents.add(path)
        elif kind == "s":
            contents.discard(path)
            names = {name for name in names if os.path.dirname(name) != path}  # noqa: PTH120
        elif kind == "m":
            names.discard(path)
            names.add(to)
            if path in contents:
                contents.discard(path)
                contents.add(to)
    return contents, names


def take(folder, before, notes, kind):
    """Leave a folder as a loss of power would; return whether that changes it.

    Parameters
    ----------
    folder, before : Path
        As the killed process left it, and as it was before.
    notes : str
        Of `tiny.Outcome`.
    kind : str
        ``CONTENT`` or ``NAMES``.
    """
    contents, names = unflushed(notes)
    changed = False
    for path in map(Path, contents if kind == CONTENT else names):
        old = Path(before) / path.relative_to(folder)
        if not path.is_file():
            continue
        changed = True
        if kind == CONTENT:
            os.truncate(path, 0)
        elif old.exists():
            shutil.copyfile(old, path)
        else:
            path.unlink()
    return changed
