"""The files behind a path: one, or those of a folder, with what the names of folders say."""

import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from rebalance import paths
from rebalance.errors import InputError
from rebalance.sources import address

COMPRESSED = r"(\.(gz|bz2|xz|zip|zst))?"
TABLE = re.compile(rf"\.(parquet|pq|(csv|tsv|tab){COMPRESSED})", re.IGNORECASE)
# Of a folder without such files.
TEXT = re.compile(rf"\.(xlsx|xlsm|xlsb|xls|ods|(txt|data|dat){COMPRESSED})", re.IGNORECASE)
# What Spark writes need not end in anything.
PART = re.compile(r"part-[\w-]+")
# A folder of partitions, as Hive, Spark and Arrow write it: year=2023.
PARTITION = re.compile(r"([^=]+)=(.*)")
RESULTS = {path.name for path in (paths.RAW, paths.TRAIN, paths.TEST)}
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file of a table, and the values that all its rows have by the names of its folders."""

    path: object  # a pathlib.Path, or an address.Remote
    partition: dict

    @property
    def size(self):
        """Return its bytes, None where a server does not say."""
        return self.path.stat().st_size if isinstance(self.path, Path) else self.path.size


def matching(path, pattern="*", argument="data.path"):
    """Return the `Part` at ``path``, or those of a folder, sorted by name.

    Hidden files and those of checkpoints are none, nor what begins with an underscore. Folders
    called ``name=value`` are looked into.

    Raises
    ------
    InputError
        Where there is none, or ``pattern`` is no glob.
    """
    if address.is_address(path):
        return _at_address(str(path), pattern or "*", argument)
    root = Path(path).expanduser()
    if root.is_file():
        _refuse_results(path, [root], argument)
        return [Part(path=root, partition={})]
    _refuse_unreadable(root, deep="/" in pattern or "**" in pattern)
    try:
        matches = [*root.glob(pattern or "*")]
        matches += [file for folder in root.glob("*=*") for file in folder.rglob(pattern or "*")]
    except (NotImplementedError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise InputError(
            f"data.pattern must be a glob below {argument}, got {pattern!r}: {reason}."
        ) from error
    files = [file for file in set(matches) if file.is_file() and file.stat().st_size]
    parts = _parts((file, file.relative_to(root)) for file in files)
    if not parts:
        raise _nothing(path, pattern, root.exists(), argument)
    _refuse_results(path, [part.path for part in parts], argument)
    return parts


def _refuse_unreadable(root, deep):
    """Raise `PermissionError` for a folder that cannot be listed: a glob passes over its rows."""

    def refuse(error):
        if isinstance(error, PermissionError):
            raise error

    for folder, below, _ in os.walk(root, onerror=refuse):
        if not deep and folder == str(root):
            below[:] = [name for name in below if "=" in name]


def _at_address(path, pattern, argument):
    there = address.found(path, pattern)
    if [below for _, below in there] == [PurePosixPath()]:
        return [Part(path=there[0][0], partition={})]
    parts = _parts((file, below) for file, below in there if file.size != 0)
    if not parts:
        raise _nothing(path, pattern, bool(there), argument)
    return parts


def _parts(files):
    """Return the `Part` of each file that is a table, sorted by name.

    Numbers in a name sort as numbers, so that part-10 comes after part-9: the rows of a table have
    the same order however many parts it is cut into.
    """
    files = list(files)
    tables = [each for each in files if is_table(each[1])]
    tables = tables or [each for each in files if is_text(each[1])]
    tables.sort(key=lambda table: _numbered(table[1]))
    return [Part(path=file, partition=_partition(below)) for file, below in tables]


def _numbered(below):
    pieces = re.split(r"(\d+)", below.as_posix())
    return [(int(piece), piece) if i % 2 else (0, piece) for i, piece in enumerate(pieces)]


def _nothing(path, pattern, is_there, argument):
    what = f"{argument} must name a CSV or Parquet file or a folder of them, got {str(path)!r}"
    if not is_there:
        return InputError(f"{what}: there is no such file or folder.")
    return InputError(
        f"{what}, where none fits data.pattern {pattern!r}; '**/*.csv' looks into folders below."
    )


def passed_over(path, parts, most=1000):
    """Return the names of other tables in a folder and below, of so many files that are there."""
    root, read = Path(path).expanduser(), {part.path for part in parts}
    if address.is_address(path) or not root.is_dir():
        return []
    files = islice((file for file in root.rglob("*") if file.is_file()), most)
    others = (file.relative_to(root) for file in files if file not in read)
    return sorted(below.as_posix() for below in others if is_table(below) or is_text(below))


def _refuse_results(path, files, argument):
    """Raise `InputError` where files are what the pipeline itself wrote."""
    for file in files:
        folder = file.absolute().parent
        ours = folder.name == paths.DATA.name and (folder.parent / paths.PIPELINE).exists()
        if ours and file.name in RESULTS:
            raise InputError(
                f"{argument} must name rows of yours, got {str(path)!r}, where the pipeline writes "
                f"{file.name}; put your files into a folder below it."
            )


def is_table(below):
    """Say whether a file is a table by its name, or by its path below a folder."""
    return not _is_hidden(below) and bool(
        TABLE.fullmatch("".join(below.suffixes[-2:]))
        or TABLE.fullmatch(below.suffix)
        or PART.fullmatch(below.name)
    )


def is_text(below):
    """Say whether a file is text, which may be a table, by its path below a folder."""
    end = "".join(below.suffixes[-2:])
    return not _is_hidden(below) and bool(TEXT.fullmatch(end) or TEXT.fullmatch(below.suffix))


def _is_hidden(below):
    return any(part.startswith((".", "_")) for part in below.parts)


def _partition(below):
    matches = map(PARTITION.fullmatch, below.parts[:-1])
    return {
        match[1]: "" if match[2] == NO_VALUE else unquote(match[2]) for match in matches if match
    }
