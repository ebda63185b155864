"""The files behind a path: one, or those of a folder, with what the names of folders say."""

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from rebalance import paths
from rebalance.errors import InputError

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

    path: Path
    partition: dict


def matching(path, pattern="*"):
    """Return the `Part` at ``path``, or those of a folder, sorted by name.

    Hidden files and those of checkpoints are none, nor what begins with an underscore. Folders
    called ``name=value`` are looked into.

    Raises
    ------
    InputError
        Where there is none, or ``pattern`` is no glob.
    """
    root = Path(path).expanduser()
    if root.is_file():
        _refuse_results(path, [root])
        return [Part(path=root, partition={})]
    try:
        matches = [*root.glob(pattern or "*")]
        matches += [file for folder in root.glob("*=*") for file in folder.rglob(pattern or "*")]
    except (NotImplementedError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise InputError(
            f"data.pattern must be a glob below data.path, got {pattern!r}: {reason}."
        ) from error
    files = sorted({file for file in matches if file.is_file() and is_table(file, root)})
    files = files or sorted({file for file in matches if file.is_file() and is_text(file, root)})
    files = [file for file in files if file.stat().st_size]
    if not files:
        what = f"data.path must name a CSV or Parquet file or a folder of them, got {str(path)!r}"
        if not root.exists():
            raise InputError(f"{what}: there is no such file or folder.")
        raise InputError(
            f"{what}, where none fits data.pattern {pattern!r}; '**/*.csv' looks into folders "
            "below."
        )
    _refuse_results(path, files)
    return [Part(path=file, partition=_partition(file, root)) for file in files]


def passed_over(path, parts, most=1000):
    """Return the names of other tables in a folder and below, of so many files that are there."""
    root, read = Path(path).expanduser(), {part.path for part in parts}
    if not root.is_dir():
        return []
    files = islice((file for file in root.rglob("*") if file.is_file()), most)
    return sorted(
        file.relative_to(root).as_posix()
        for file in files
        if file not in read and (is_table(file, root) or is_text(file, root))
    )


def _refuse_results(path, files):
    """Raise `InputError` where files are what the pipeline itself wrote."""
    for file in files:
        folder = file.absolute().parent
        ours = folder.name == paths.DATA.name and (folder.parent / paths.PIPELINE).exists()
        if ours and file.name in RESULTS:
            raise InputError(
                f"data.path must name rows of yours, got {str(path)!r}, where the pipeline writes "
                f"{file.name}; put your files into a folder below it."
            )


def is_table(path, folder):
    """Say whether a file of a folder is a table by its name."""
    return not _is_hidden(path, folder) and bool(
        TABLE.fullmatch("".join(path.suffixes[-2:]))
        or TABLE.fullmatch(path.suffix)
        or PART.fullmatch(path.name)
    )


def is_text(path, folder):
    """Say whether a file of a folder is text, which may be a table."""
    end = "".join(path.suffixes[-2:])
    return not _is_hidden(path, folder) and bool(TEXT.fullmatch(end) or TEXT.fullmatch(path.suffix))


def _is_hidden(path, folder):
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _partition(path, folder):
    matches = map(PARTITION.fullmatch, path.relative_to(folder).parts[:-1])
    return {
        match[1]: "" if match[2] == NO_VALUE else unquote(match[2]) for match in matches if match
    }
