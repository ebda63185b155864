"""The kind of a column: from params.yaml, or recognised from the training rows."""

import re

import numpy as np

from rebalance.columns.values import decoded

# What a learner sees of each kind, for the report.
KINDS = {
    "number": "as it is",
    "whole": "as it is",
    "boolean": "0 or 1",
    "category": "the number of its value",
    "text": "its length, its number of words, and which of the frequent words it has",
    "date": "year, month, weekday, hour, days, and days since other dates, as far as they differ",
    "id": "left out: each row has a value of its own",
    "constant": "left out: every training row has the same value",
    "empty": "left out: no training row has a value",
    "other": "left out: neither number, text, date nor boolean",
}
LEFT_OUT = ("id", "constant", "empty", "other")
# What data.columns may say of a column.
SAYABLE = ("number", "boolean", "category", "text", "date", "id")

# Below so many rows values are all different by chance.
FEWEST_ROWS = 20
# A column of text whose values repeat less than this share is a name of the row, or prose.
OWN_VALUES = 0.9
PROSE_OWN_VALUES, PROSE_WORDS = 0.5, 4
# A running number fills its range, apart from the rows that were held out.
RUNNING = 0.5
HEAD = 1000
# The largest whole number up to which a double holds every one.
EXACT = 2**53
# Days as 20261231: years in which a whole number is a date, if every one in the column is a day and
# there are so many different ones.
FIRST_DAY, LAST_DAY, FEWEST_DAYS = 1900_01_01, 2100_12_31, 5
NAMES_OF_IDS = re.compile(
    r"(?i:(^|[\W_])(id|ids|idx|index|uid|uuid|guid|key|nr|no|number|rownames?|row)$"
    r"|^unnamed: \d+$|num$|^$)|[a-z](ID|Id)$"
)


def recognise(columns, names, said=None, every=1):
    """Return the kind of each column, and how many of its values are missing.

    Parameters
    ----------
    columns : arrow table, store.Columns or mapping of str to arrow array
        The training rows.
    names : list of str
    said : dict of str to str or None
        ``data.columns`` of params.yaml: the kinds of some columns, one of `SAYABLE`.
    every : int
        How many rows each one stands for, where they are evenly spaced rows of a table.

    Returns
    -------
    dict of str to dict
        ``kind``, ``missing`` and, where params.yaml gave the kind, ``said``.
    """
    said, kinds = said or {}, {}
    for name in names:
        column = decoded(columns[name])
        present = without_gaps(column)
        entry = {"kind": _kind(present, column, name, every), "missing": len(column) - len(present)}
        if name in said and entry["kind"] not in {"constant", "empty"}:
            entry |= {"kind": said[name], "said": True}
        kinds[name] = entry
    return kinds


def without_gaps(column):
    """Return the values of an arrow column that are there; NaN is a gap."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = column.drop_null() if column.null_count else column
    if pa.types.is_floating(column.type):
        there = pc.is_nan(column)
        if pc.any(there).as_py():
            column = column.filter(pc.invert(there))
    return column


def _kind(present, column, name, every):
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if not len(present):
        return "empty"
    if pa.types.is_boolean(kind):
        alike = pc.count_distinct(present).as_py() == 1
        return "constant" if alike and len(present) == len(column) else "boolean"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = present.to_numpy()
        return _long(values) or _number(values, len(column), name, every)
    if pa.types.is_temporal(kind):
        ends = pc.min_max(present)
        alike = ends["min"] == ends["max"]
        return "constant" if alike and len(present) == len(column) else "date"
    if pa.types.is_string(kind):
        return _text(present, len(column))
    return "other"


def _long(values):
    """Return the kind of whole numbers that doubles cannot tell apart; None for others.

    Nobody measures anything in them: they are names, of rows or of what several rows share.
    """
    if values.dtype.kind not in "iu":
        return None
    low, high = int(values.min()), int(values.max())
    if low == high or max(-low, high) <= EXACT:
        return None
    return "id" if len(np.unique(values)) > OWN_VALUES * len(values) else "category"


def _number(values, rows, name, every):
    """Return the kind of a column of numbers; most of the work stops at the first thousand."""
    head = values[:HEAD]
    if values.dtype.kind == "f" and (head != np.rint(head)).any():
        return "number"
    low, high = values.min(), values.max()
    if low == high and len(values) == rows:
        return "constant"
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        return "number"
    if low >= 0 and high <= 1:
        return "boolean"
    if rows >= FEWEST_ROWS and len(values) == rows and len(np.unique(head)) == len(head):
        running = rows * every / (float(high) - float(low) + 1) >= RUNNING
        named = NAMES_OF_IDS.search(name.strip())
        if (running or named) and len(np.unique(values)) == rows:
            return "id"
    return "date" if low >= FIRST_DAY and high <= LAST_DAY and _are_days(values) else "whole"


def _are_days(values):
    """Say whether whole numbers are days as 20261231, which others hardly are by chance."""
    different = np.unique(values)
    return different.size >= FEWEST_DAYS and not np.isnat(days_in_digits(different)).any()


def days_in_digits(numbers):
    """Return the days that whole numbers write as 20261231, and no day for others.

    >>> days_in_digits(np.array([20240229, 20230229, 20241301, 99991231, 7])).astype(str)
    array(['2024-02-29', 'NaT', 'NaT', '9999-12-31', 'NaT'], dtype='<U28')
    """
    fits = (numbers >= 1_01_01) & (numbers <= 9999_12_31) & (numbers == np.rint(numbers))
    whole = np.where(fits, numbers, 0).astype(np.int64)
    year, month, day = whole // 10_000, whole // 100 % 100, whole % 100
    fits &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    months = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    days = months.astype("M8[D]") + (day - 1).astype("m8[D]")
    fits &= days.astype("M8[M]") == months
    return np.where(fits, days, np.datetime64("NaT", "D"))


def _text(present, rows):
    import pyarrow.compute as pc

    distinct = pc.count_distinct(present).as_py()
    if distinct == 1:
        return "constant" if len(present) == rows else "category"
    if len(present) < FEWEST_ROWS or distinct <= PROSE_OWN_VALUES * len(present):
        return "category"
    words = 1 + pc.mean(pc.count_substring(present, " ")).as_py()
    if words >= PROSE_WORDS:
        return "text"
    return "id" if distinct > OWN_VALUES * len(present) else "category"
