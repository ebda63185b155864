"""Read a sheet of a workbook as the CSV that it would be saved as."""

import csv
import io
import zipfile
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

from rebalance.errors import InputError, one_line

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
# A part that each kind of workbook has: of Excel's two, and of OpenDocument.
PARTS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}
INSTALL = (
    "pip install 'rebalance[xlsx]' (in this folder: pip install -e '.[xlsx]') lets its first sheet "
    "be read; or save the sheet as CSV (UTF-8)"
)


def is_workbook(path):
    """Say whether a file is a workbook of Excel or OpenDocument, by what it holds."""
    with path.open("rb") as file:
        head = file.read(8)
    if head != OLD and not head.startswith(ZIP):
        return False
    if head == OLD:
        return True
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return bool(PARTS & set(archive.namelist()))
    except zipfile.BadZipFile:
        return False


def opened(path, sheet):
    """Return the text of a sheet as a stream of bytes: CSV in UTF-8."""
    return io.BytesIO(_read(path, _version(path), sheet)[0])


def described(path, sheet):
    """Return which sheet is read, and which others there are."""
    _, name, others = _read(path, _version(path), sheet)
    rest = f"; not read: {', '.join(map(repr, others[:10]))}" if others else ""
    return f"workbook, sheet {name!r}{rest}"


def _version(path):
    return path.stat().st_mtime_ns if isinstance(path, Path) else path.size


# It is looked at twice and read once or twice.
@lru_cache(maxsize=1)
def _read(path, _, sheet):
    """Return the CSV of a sheet, its name, and the names of the others that can be seen."""
    try:
        import python_calamine as calamine
    except ImportError as error:
        raise InputError(f"{path} is a workbook: {INSTALL}.") from error
    try:
        with path.open("rb") as file, calamine.CalamineWorkbook.from_filelike(file) as book:
            names = [
                each.name
                for each in book.sheets_metadata
                if each.typ == calamine.SheetTypeEnum.WorkSheet
                and (each.visible == calamine.SheetVisibleEnum.Visible or each.name == sheet)
            ]
            if sheet and sheet not in names:
                raise InputError(
                    f"data.read.sheet {sheet!r} is no sheet of {path}; it has "
                    f"{', '.join(map(repr, names[:10]))}."
                )
            if not names:
                raise InputError(f"{path} is a workbook without a sheet; save the table as CSV.")
            name = sheet or names[0]
            text = io.StringIO()
            _write(book.get_sheet_by_name(name).to_python(), text)
    except (calamine.CalamineError, OSError) as error:
        raise InputError(
            f"{path} cannot be read as a workbook: {one_line(error)}; fetch it again, or save its "
            "sheet as CSV (UTF-8)."
        ) from error
    return text.getvalue().encode(), name, [each for each in names if each != name]


def _write(rows, file):
    """Write rows as CSV; rows without a value are none, as empty lines are."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows(map(_cell, row) for row in rows if any(cell != "" for cell in row))


def _cell(value):
    """Return a cell as text.

    >>> _cell(1.0), _cell(0.5), _cell(True), _cell(datetime(2023, 1, 31)), _cell(time(0, 1, 30))
    ('1', '0.5', 'True', '2023-01-31', '90')
    """
    if isinstance(value, float):
        # Sheets have no other numbers than doubles.
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime):
        midnight = value.time() == datetime.min.time()
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        # As a length of time, and as Parquet's times are read: seconds.
        value = datetime.combine(date.min, value) - datetime.min
    return _cell(value.total_seconds()) if isinstance(value, timedelta) else str(value)
