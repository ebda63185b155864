"""Columns as numbers, by what the training rows hold; nothing here looks at the target.

What was learnt is plain data: it stands in the roles of ``data/train.parquet`` and inside a saved
model. A table of numbers alone is its own encoding.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from rebalance.columns.kinds import (
    LEFT_OUT,
    days_in_digits,
    decoded,
    recognise,
    without_gaps,
)
from rebalance.errors import InputError, listed, shown

# What goes to a learner as it is.
NUMERIC = ("number", "whole", "boolean")
# Of a column of more values than this, those of a single row share the code of unseen ones.
MANY = 255
PARTS = ("year", "month", "weekday", "hour", "days")
# Of a date, the days since so many dates before it in the table are columns too.
SINCE = 3


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The layout of an encoded table: which columns are more than numbers.

    ``categories`` says of each column of codes how many values it has: codes run from 0, and the
    number itself is the code of what was unseen. ``whole`` numbers the columns of whole numbers;
    those from ``width`` on are indicators of gaps, if there are ``indicators``. ``gaps`` says
    whether a value is missing anywhere.
    """

    categories: dict = field(default_factory=dict)
    whole: tuple = ()
    width: int = 0
    gaps: bool = False
    indicators: bool = False

    def numeric(self, places):
        """Return the layout once the columns at ``places`` are categories no more."""
        categories = {k: n for k, n in self.categories.items() if k not in places}
        return replace(self, categories=categories)

    def first(self, places):
        """Return the layout once the columns at ``places`` come first, in that order."""

        def moved(place):
            if place in places:
                return places.index(place)
            return place + sum(other > place for other in places)

        categories = {moved(place): n for place, n in self.categories.items()}
        return replace(self, categories=categories, whole=tuple(sorted(map(moved, self.whole))))

    def rounded(self, X):
        """Return rows with whole numbers where every row of the table has one."""
        whole = [*self.whole, *(range(self.width, X.shape[1]) if self.indicators else ())]
        if whole:
            X = X.copy()
            X[:, whole] = np.rint(X[:, whole])
        return X


NUMBERS = Layout()


def learn(columns, names, said=None):
    """Return what the training rows say of each column, with what its encoding needs.

    Parameters
    ----------
    columns : arrow table, store.Columns or mapping of str to arrow array
        The training rows.
    names : list of str
        The columns that may be features.
    said : dict of str to str or None
        ``data.columns`` of params.yaml.

    Returns
    -------
    dict of str to dict
        By name, in the order of ``names``: what `kinds.recognise` finds; of a category its
        ``values``, the most frequent first, of a date its ``parts``, its ``origin``, and
        ``since``, the dates before it in the table whose distance from it differs between rows;
        of a date in whole numbers, as 20261231, ``digits``.
    """
    learnt, dates = recognise(columns, names, said), {}
    for name, entry in learnt.items():
        if entry["kind"] == "category":
            entry["values"] = _values(decoded(columns[name]))
        elif entry["kind"] == "date":
            column = decoded(columns[name])
            if _is_numeric(column):
                entry["digits"] = True
                _days_in_digits(column, name, each=True)
            moments = _moments(column, name, digits="digits" in entry)
            entry.update(_calendar(moments))
            since = {
                other: "digits" in learnt[other]
                for other in [*dates][-SINCE:]
                if _differ(moments, dates[other])
            }
            if since:
                entry["since"] = since
            dates[name] = moments
        if entry.get("said"):
            # What params.yaml says of a column must be so.
            for _ in _encode(name, entry, columns):
                pass
    return learnt


def roles(roles, learnt):
    """Return the roles of a table's columns once it is known what they hold.

    Raises `InputError` where no column is left to learn from.
    """
    if not used(learnt):
        left_out = listed([f"{name!r} ({entry['kind']})" for name, entry in learnt.items()])
        raise InputError(
            f"no column is left to learn from: {left_out}; say in data.columns what else one "
            "holds, or name fewer columns in data.drop."
        )
    return roles | {"features": used(learnt), "columns": learnt}


def used(learnt):
    """Return the names of the columns that are features."""
    return [name for name, entry in learnt.items() if entry["kind"] not in LEFT_OUT]


def encoded(learnt):
    """Return the names of the columns of the encoded table."""
    return [name for column in used(learnt) for name in _names(column, learnt[column])]


def places(learnt):
    """Return {column of the table: the places that it has in the encoded one}."""
    found, place = {}, 0
    for name in used(learnt):
        width = len(_names(name, learnt[name]))
        found[name] = list(range(place, place + width))
        place += width
    return found


def layout(learnt):
    """Return the `Layout` of the encoded table."""
    categories, whole, place = {}, [], 0
    for name in used(learnt):
        entry = learnt[name]
        width = len(_names(name, entry))
        if entry["kind"] == "category":
            categories[place] = len(entry["values"])
        elif entry["kind"] != "number":
            whole += range(place, place + width - len(entry.get("since", ())))
        place += width
    return Layout(categories=categories, whole=tuple(whole), width=place)


def matrix(learnt, columns, dtype=float):
    """Return the encoded table, shape (n_rows, n_encoded_columns).

    Parameters
    ----------
    learnt : dict
        What `learn` returns.
    columns : store.Columns, arrow table or pandas.DataFrame
        Any rows, with the columns as the table has them.
    dtype : numpy dtype
        No smaller than single precision.

    Raises
    ------
    InputError
        Where a column is missing, or holds what it did not hold in training.
    """
    names = used(learnt)
    there = list(getattr(columns, "column_names", None) or columns.columns)
    if absent := [name for name in names if name not in there]:
        raise InputError(
            f"the model needs the columns {listed(absent)}, which are not in the rows; pass the "
            "rows with the columns of the training table."
        )
    n_rows = getattr(columns, "num_rows", None)
    X = np.empty((len(columns) if n_rows is None else n_rows, len(encoded(learnt))), dtype)
    place = 0
    for name in names:
        for column in _encode(name, learnt[name], columns):
            X[:, place] = column
            place += 1
    return X


def _names(name, entry):
    if entry["kind"] == "date":
        since = [f"{name} days since {other}" for other in entry.get("since", ())]
        return [*(f"{name} {part}" for part in entry["parts"]), *since]
    if entry["kind"] == "text":
        return [f"{name} length", f"{name} words"]
    return [name]


def _encode(name, entry, columns):
    """Yield the arrays that a column becomes."""
    column = _arrow(columns[name])
    if entry["kind"] in NUMERIC:
        yield _numbers(column, name, entry["kind"])
    elif entry["kind"] == "category":
        yield _codes(column, entry["values"])
    elif entry["kind"] == "text":
        yield from _sizes(column)
    else:
        moments = _moments(column, name, digits="digits" in entry)
        for part in entry["parts"]:
            yield _part(moments, part, entry["origin"])
        for other, digits in entry.get("since", {}).items():
            yield _between(moments, _moments(_arrow(columns[other]), other, digits=digits))


def _arrow(column):
    """Return a column of arrow or of pandas as one of arrow; of mixed types as text."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray | pa.Array):
        return decoded(column)
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_convert(None)  # to UTC, which arrow reads without a warning
    try:
        return decoded(pa.array(column, from_pandas=True))
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        there = column.notna()
        return decoded(pa.array(column.astype(str).where(there, None), from_pandas=True))


def _numbers(column, name, kind):
    import pyarrow as pa

    if kind == "boolean" and pa.types.is_string(column.type):
        column = _read_as(column, name, pa.bool_(), "true or false")
    if pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
        column = column.cast(pa.float64())
    elif pa.types.is_string(column.type):
        column = _read_as(column, name, pa.float64(), "numbers")
    return column.to_numpy()


def _read_as(column, name, kind, what):
    """Return text as ``kind``; `InputError` where a value is none."""
    import pyarrow as pa

    try:
        return column.cast(kind)
    except pa.ArrowInvalid as error:
        for value in without_gaps(column).unique().to_pylist():
            try:
                pa.scalar(value).cast(kind)
            except pa.ArrowInvalid:
                raise InputError(
                    f"column {shown(name)} must hold {what}, got {value[:40]!r}; say in "
                    "data.columns what else it holds."
                ) from error
        raise


def _as_text(column):
    """Return a column as text; a whole number is written without a point, whatever its type."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
        if (whole := column.cast(pa.int64(), safe=False)).cast(column.type).equals(column):
            column = whole
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _values(column):
    """Return the labels of a category, the most frequent first, then by label."""
    import pyarrow.compute as pc

    counted = pc.value_counts(_as_text(column).drop_null()).to_pylist()
    if len(counted) > MANY:
        counted = [each for each in counted if each["counts"] > 1] or counted[:MANY]
    counted.sort(key=lambda each: (-each["counts"], each["values"]))
    return [each["values"] for each in counted]


def _codes(column, values):
    """Return the number of each label; that of none for an unseen one, NaN for a gap."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _as_text(column)
    codes = pc.index_in(column, value_set=pa.array(values, pa.string()))
    codes = pc.fill_null(codes, len(values)).to_numpy().astype(float)
    if column.null_count:
        codes[pc.is_null(column).to_numpy()] = np.nan
    return codes


def _sizes(column):
    """Yield how many characters each text has, and how many words."""
    import pyarrow.compute as pc

    column = _as_text(column)
    yield pc.utf8_length(column).to_numpy()
    words = pc.list_value_length(pc.utf8_split_whitespace(pc.utf8_trim_whitespace(column)))
    yield words.to_numpy()


def _moments(column, name, *, digits=False):
    """Return a column as moments in microseconds, those with a time zone in UTC.

    ``digits`` says that whole numbers are days, as 20261231: one that is none is a gap.
    """
    import pyarrow as pa

    kind = pa.timestamp("us")
    if pa.types.is_string(column.type):
        return _read_as(column, name, kind, "dates (as 2026-12-31, or with a time)")
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return column.cast(kind, safe=False)
    if pa.types.is_null(column.type):
        return column.cast(kind)
    if digits and _is_numeric(column):
        days = _days_in_digits(column, name)
        return pa.chunked_array([pa.array(days, pa.date32())]).cast(kind)
    raise InputError(
        f"column {shown(name)} must hold dates, got {column.type}; say in data.columns what else "
        "it holds."
    )


def _is_numeric(column):
    import pyarrow as pa

    return pa.types.is_integer(column.type) or pa.types.is_floating(column.type)


def _days_in_digits(column, name, *, each=False):
    """Return whole numbers as days; `InputError` where none is one, or not ``each``."""
    numbers = column.to_numpy()
    days = days_in_digits(numbers)
    wrong = np.isnat(days) & ~np.isnan(numbers.astype(float))
    if wrong.any() and (each or np.isnat(days).all()):
        raise InputError(
            f"column {shown(name)} must hold dates, whole numbers as 20261231, got "
            f"{numbers[wrong][0]:.12g}; say in data.columns what else it holds, or name the number "
            "in data.read.missing if it marks a missing value."
        )
    return days


def _differ(moments, others):
    """Say whether the time between two dates differs between rows that have both."""
    between = _between(moments, others)
    between = between[~np.isnan(between)]
    return between.size > 0 and between.min() != between.max()


def _between(moments, others):
    """Return the days, and parts of a day, from the second of two dates to the first."""
    first, second = (each.to_numpy().astype("M8[us]") for each in (moments, others))
    return (first - second) / np.timedelta64(1, "D")


def _calendar(moments):
    """Return the parts of dates that differ between rows, and the first day."""
    import pyarrow.compute as pc

    first = pc.min(_days(moments)).as_py()
    different = (pc.count_distinct(_arrow_part(moments, part, first)).as_py() for part in PARTS)
    parts = [part for part, count in zip(PARTS, different, strict=True) if count > 1]
    return {"origin": first, "parts": parts or ["days"]}


def _part(moments, part, origin):
    return _arrow_part(moments, part, origin).to_numpy()


def _days(moments):
    """Return the number of each moment's day, counted from 1970; the hours of a day fall away."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.floor_temporal(moments, unit="day").cast(pa.date32()).cast(pa.int32())


def _arrow_part(moments, part, origin):
    import pyarrow.compute as pc

    if part == "days":
        return pc.subtract(_days(moments), origin)
    take = {"year": pc.year, "month": pc.month, "weekday": pc.day_of_week, "hour": pc.hour}
    return take[part](moments)
