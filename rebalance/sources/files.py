"""Files that are at hand: CSV and Parquet, one or a folder of them."""

import lzma
import re
import warnings
import zipfile
import zlib
from pathlib import Path

from rebalance.errors import InputError, one_line

TABLE = re.compile(r"\.(parquet|pq|csv(\.(gz|bz2|xz|zip))?)", re.IGNORECASE)
COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZ": "bz2",
    b"\xfd7": "xz",
    b"PK": "zip",
}


def together(data):
    """Yield the rows of the files that the section ``data`` names, in one data frame."""
    import pandas as pd

    files = matching(data.path, data.pattern)
    if not files:
        raise InputError(
            f"data.path must name a CSV or Parquet file or a folder of them, got {data.path!r}, "
            f"where none fits data.pattern {data.pattern!r}; '**/*.csv' looks into folders below."
        )
    frames = [read(path) for path in files]
    columns = list(frames[0].columns)
    for path, frame in zip(files, frames, strict=True):
        if list(frame.columns) != columns:
            raise InputError(f"{path} must have the columns of {files[0]}: {', '.join(columns)}.")
    if texts := [name for name in columns if len({_is_text(frame[name]) for frame in frames}) > 1]:
        # Numbers in one file and text in another: 0012 is text in both.
        frames = [read(path, texts) for path in files]
    yield pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def _is_text(column):
    from pandas.api.types import is_string_dtype

    return is_string_dtype(column) and not column.isna().all()


def matching(path, pattern="*"):
    """Return the file at ``path``, or the CSV and Parquet files of a folder, sorted.

    Raises `InputError` where ``pattern`` is no glob.
    """
    given = Path(path).expanduser()
    if given.is_file():
        return [given]
    try:
        return sorted(f for f in given.glob(pattern or "*") if f.is_file() and _is_table(f))
    except (NotImplementedError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise InputError(
            f"data.pattern must be a glob below data.path, got {pattern!r}: {reason}."
        ) from error


def _is_table(path):
    return TABLE.fullmatch("".join(path.suffixes[-2:])) or TABLE.fullmatch(path.suffix)


def read(path, texts=()):
    """Return the table in a file, by its first bytes: an address need not end in .csv.

    ``texts`` names columns that are text, whatever they look like.
    """
    import pandas as pd

    head = b""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == b"PAR1":
            return pd.read_parquet(path).astype(dict.fromkeys(texts, str))
        return _read_csv(path, COMPRESSIONS.get(head[:2]), dict.fromkeys(texts, str))
    except (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        reason = one_line(error)
        kind = "Parquet" if head == b"PAR1" else "CSV"
        raise InputError(f"{path} cannot be read as {kind}: {reason}.") from error


def _read_csv(path, compression, dtype):
    """Return the table in a CSV file, each column of one type."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.DtypeWarning)
        try:
            return pd.read_csv(path, compression=compression, dtype=dtype)
        except pd.errors.DtypeWarning:
            # Pieces of the file disagree: whole columns, in more memory, do not.
            return pd.read_csv(path, compression=compression, dtype=dtype, low_memory=False)
