"""Columns as numbers, by what the training rows hold; nothing here looks at the target.

What was learnt is plain data: it stands in the roles of ``data/train.parquet`` and inside a saved
model. A table of numbers alone is its own encoding.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from rebalance.columns import dates, values, words, writing
from rebalance.columns.kinds import LEFT_OUT, days_in_digits, recognise, without_gaps
from rebalance.columns.values import decoded
from rebalance.errors import InputError, listed, shown

# What goes to a learner as it is.
NUMERIC = ("number", "whole", "boolean")
# Of a column of more values than this, those of a single row share the code of unseen ones.
MANY = 255
PARTS = ("year", "month", "weekday", "hour", "days")
# What single precision holds.
LARGEST = float(np.finfo(np.float32).max)
AS_BEFORE = "write them as the training rows have them"
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


def learn(columns, names, said=None, read=None):
    """Return what the training rows say of each column, with what its encoding needs.

    Parameters
    ----------
    columns : arrow table, store.Columns or mapping of str to arrow array
        The training rows.
    names : list of str
        The columns that may be features.
    said : dict of str to str or None
        ``data.columns`` of params.yaml.
    read : dict of str to dict or None
        How the cells of some columns were read, which rows to come are read by as well: their
        ``marks`` of a missing value, values that are ``present`` though others take them for one,
        ``decimal``, ``day_first``, ``zone``, ``clock``, ``percent`` and ``money``.

    Returns
    -------
    dict of str to dict
        By name, in the order of ``names``: what `kinds.recognise` finds; of a category its
        ``values``, the most frequent first, of a date its ``parts``, its ``origin``, and
        ``since``, the dates before it in the table whose distance from it differs between rows;
        of a text the ``words`` that many rows have;
        of a date in whole numbers, as 20261231, ``digits``; of a category or a text that
        params.yaml makes of another type, ``typed``; and ``read``.
    """
    learnt, earlier = recognise(columns, names, said), {}
    texts = sum(entry["kind"] == "text" for entry in learnt.values())
    for name, entry in learnt.items():
        if name in (read or {}) and entry["kind"] not in LEFT_OUT:
            entry["read"] = read[name]
        said_text = entry["kind"] in {"category", "text"} and entry.get("said")
        if said_text and not _holds_text(decoded(columns[name])):
            # Its values are not as a cell has them: 1.5 for 1.50, a moment for a day.
            entry["typed"] = True
        if entry["kind"] == "category":
            entry["values"] = _values(decoded(columns[name]), entry)
        elif entry["kind"] == "text":
            entry["words"] = words.frequent(_labels(decoded(columns[name]), entry), texts)
        elif entry["kind"] == "date":
            column = decoded(columns[name])
            if _is_numeric(column):
                entry["digits"] = True
            moments = _moments(column, name, entry)
            entry.update(_calendar(moments))
            since = {
                other: "digits" in learnt[other]
                for other in [*earlier][-SINCE:]
                if _differ(moments, earlier[other])
            }
            if since:
                entry["since"] = since
            earlier[name] = moments
        if entry.get("said"):
            # What params.yaml says of a column must be so.
            for _ in _encode(name, entry, columns, learnt):
                pass
    return learnt


def refuse_no_dates(learnt, columns):
    """Raise `InputError` where a date in digits has numbers that write no date.

    The training rows have dates only, and a model could not answer for the other rows: the first
    of them would be test rows, after all models are trained. ``columns`` are `store.Columns`, of
    which no column is in memory whole.
    """
    for name, entry in learnt.items():
        if "digits" in entry:
            for piece in columns.pieces(name):
                _moments(values.as_arrow(piece), name, entry)


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
        Where a column is missing or there twice, or holds what it did not hold in training.
    """
    names = used(learnt)
    there = list(getattr(columns, "column_names", None) or columns.columns)
    if absent := [name for name in names if name not in there]:
        which, are = ("columns", "are") if len(absent) > 1 else ("column", "is")
        raise InputError(
            f"the model needs the {which} {listed(absent)}, which {are} not in the rows; pass the "
            "rows with the columns of the training table."
        )
    if twice := [name for name in names if there.count(name) > 1]:
        raise InputError(
            f"the rows must have each column once, got more than one {listed(twice)}; leave one "
            "of them out."
        )
    n_rows = getattr(columns, "num_rows", None)
    X = np.empty((len(columns) if n_rows is None else n_rows, len(encoded(learnt))), dtype)
    place = 0
    for name in names:
        for column in _encode(name, learnt[name], columns, learnt):
            X[:, place] = column
            place += 1
    return X


def rows(learnt, columns):
    """Return the encoded table of rows that nobody has looked at, as `matrix` does.

    Raises
    ------
    InputError
        Also where a number is beyond single precision, or infinite: the reader of the training
        rows refuses it as well, and most learners would take it for infinite.
    """
    X = matrix(learnt, columns)
    if not len(X):
        return X
    low, high = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
    for name, there in places(learnt).items():
        for value in (*low[there], *high[there]):
            if abs(value) > LARGEST:
                what = "an infinite value" if np.isinf(value) else f"the value {value:.6g}"
                raise InputError(
                    f"column {shown(name)} must hold numbers up to {LARGEST:.4g}, the largest of "
                    f"single precision, got {what}."
                )
    return X


def _names(name, entry):
    if entry["kind"] == "date":
        since = [f"{name} days since {other}" for other in entry.get("since", ())]
        return [*(f"{name} {part}" for part in entry["parts"]), *since]
    if entry["kind"] == "text":
        frequent = [f"{name}: {word}" for word in entry.get("words", ())]
        return [f"{name} length", f"{name} words", *frequent]
    return [name]


def _encode(name, entry, columns, learnt):
    """Yield the arrays that a column becomes."""
    column = values.as_arrow(columns[name])
    _refuse_nested(column, name)
    if entry["kind"] in NUMERIC:
        yield _numbers(column, name, entry)
    elif entry["kind"] == "category":
        yield _codes(column, name, entry)
    elif entry["kind"] == "text":
        yield from _read_text(column, entry)
    else:
        _refuse_other_type(columns[name], name, entry)
        moments = _moments(column, name, entry)
        for part in entry["parts"]:
            yield _part(moments, part, entry["origin"])
        for other, digits in entry.get("since", {}).items():
            how = learnt.get(other, {"digits": digits})
            others = _moments(values.as_arrow(columns[other]), other, how)
            yield _between(moments, others)


def _refuse_nested(column, name):
    import pyarrow as pa

    if pa.types.is_nested(column.type):
        raise values.nested(name)


def _numbers(column, name, entry):
    import pyarrow as pa

    is_ = pa.types
    if is_.is_string(column.type):
        what = "true or false" if entry["kind"] == "boolean" else "numbers"
        texts = values.without_marks(column, entry.get("read"), number=True)
        if "decimal" in entry.get("read", {}):
            _refuse_points(texts, name, r"\.")
        read = entry.get("read", {})
        if said := writing.other_sign(texts.unique().drop_null().to_pylist(), read):
            raise InputError(f"column {shown(name)}: {said}.")
        if read.get("clock"):
            texts = values.times_as_numbers(texts)
        texts = values.as_numbers(values.truths_as_numbers(texts), read.get("decimal"))
        column = _read_as(texts, name, pa.float64(), what)
    if is_.is_temporal(column.type) and column.null_count < len(column):
        raise InputError(
            f"column {shown(name)} must hold numbers, got dates; say in data.columns what else "
            "it holds."
        )
    if is_.is_boolean(column.type) or is_.is_null(column.type) or is_.is_temporal(column.type):
        column = _without_type(column)
    return values.without_numbers(column, entry.get("read")).to_numpy()


def _refuse_points(texts, name, pattern):
    """Raise `InputError` for a text with such points, where training rows had a decimal comma."""
    import pyarrow.compute as pc

    pointed = texts.filter(pc.fill_null(pc.match_substring_regex(texts, pattern), False))
    if len(pointed):
        raise InputError(
            f"column {shown(name)} must hold numbers, got the text {pointed[0].as_py()[:40]!r}, "
            "which is another number where the decimal mark is a comma, as in the training rows."
        )


def _without_type(column):
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        return column.cast(pa.float64())
    return pa.chunked_array([pa.nulls(len(column), pa.float64())])


def _word(type_):
    """Return what a value of a type of arrow's is called."""
    import pyarrow as pa

    return "true or false" if pa.types.is_boolean(type_) else str(type_)


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


def _values(column, entry):
    """Return the labels of a category, the most frequent first, then by label."""
    import pyarrow.compute as pc

    counted = pc.value_counts(_labels(column, entry).drop_null()).to_pylist()
    if len(counted) > MANY:
        counted = [each for each in counted if each["counts"] > 1] or counted[:MANY]
    counted.sort(key=lambda each: (-each["counts"], each["values"]))
    return [each["values"] for each in counted]


def _labels(column, entry):
    """Return a column as text, with nulls for the marks of a missing value; dates in one form."""
    import pyarrow as pa

    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"), safe=False)
    read = entry.get("read")
    if not pa.types.is_string(column.type):
        read = values.with_number_marks(read)
    return values.without_marks(values.text(column), read)


def _number_labels(column, name, entry):
    """Return text as the labels of a category of numbers, in whatever form each is written."""
    read = entry.get("read") or {}
    texts = values.text(column)
    if "decimal" in read:
        # A number of JSON next to a text is text as well: 1.234 may be more than a thousand.
        _refuse_points(texts, name, writing.GROUPED_DOT)
    if read.get("clock"):
        texts = values.times_as_numbers(texts)
    numbers = values.as_numbers(texts, read.get("decimal"))
    return values.without_marks(numbers, values.with_number_marks(read))


def is_text(entry):
    """Say whether a column was text in training, which is no number in any form: a code 007."""
    if entry.get("typed"):
        return False
    if entry["kind"] != "category":
        return entry["kind"] in {"text", "id"}
    labels = entry["values"]
    return not _are_numbers(labels) and not _are_truths(labels)


def _are_numbers(labels):
    import pyarrow as pa

    return values.as_numbers(pa.chunked_array([pa.array(labels, pa.string())])).to_pylist() == (
        labels
    ) and all(map(values.is_number, labels))


def _holds_text(column):
    import pyarrow as pa

    return pa.types.is_string(column.type) or pa.types.is_large_string(column.type)


def _as_moments(column):
    """Return text with each date, as 2026-12-31, in the form of the labels of dates."""
    import pyarrow as pa

    def moment(value):
        try:
            return pa.scalar(value).cast(pa.timestamp("us")).cast(pa.string()).as_py()
        except pa.ArrowInvalid:
            return value

    column = column.combine_chunks().dictionary_encode()
    texts = [moment(value) for value in column.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string()).take(column.indices)])


def _are_truths(labels):
    return {*labels} <= {"true", "false"}


def _codes(column, name, entry):
    """Return the number of each label; that of none for an unseen one, NaN for a gap."""
    import pyarrow as pa
    import pyarrow.compute as pc

    labels, column_is_text = entry["values"], pa.types.is_string(column.type)
    if column_is_text and _are_numbers(labels):
        column = _number_labels(column, name, entry)
    else:
        column = _labels(column, entry)
        if column_is_text and _are_truths(labels):
            column = pc.utf8_lower(column)
        elif column_is_text and entry.get("typed"):
            column = _as_moments(column)
    codes = pc.index_in(column, value_set=pa.array(labels, pa.string()))
    codes = pc.fill_null(codes, len(labels)).to_numpy().astype(float)
    if column.null_count:
        codes[pc.is_null(column).to_numpy()] = np.nan
    return codes


def _read_text(column, entry):
    """Yield how many characters each text has, how many words, and whether it has each word."""
    import pyarrow.compute as pc

    column = _labels(column, entry)
    yield pc.utf8_length(column).to_numpy()
    yield pc.list_value_length(pc.utf8_split_whitespace(pc.utf8_trim_whitespace(column))).to_numpy()
    yield from words.held(column, entry.get("words", ())).T


def _moments(column, name, entry):
    """Return a column as moments in microseconds, those with a time zone in UTC.

    Where training had days in whole numbers, as 20261231, so may the column.
    """
    import pyarrow as pa

    kind, is_ = pa.timestamp("us"), pa.types
    digits = entry.get("digits")
    if is_.is_null(column.type) or column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), kind)])
    if is_.is_string(column.type):
        column = values.without_marks(column, entry.get("read"), number=True)
        return _written_moments(column, name, entry)
    if is_.is_date(column.type) or is_.is_timestamp(column.type):
        return column.cast(kind, safe=False)
    if _is_numeric(column) and (digits or not len(without_gaps(column))):
        return _days_in_digits(values.without_numbers(column, entry.get("read")), name)
    raise InputError(
        f"column {shown(name)} must hold dates, got {_word(column.type)}; say in data.columns "
        "what else it holds."
    )


def _written_moments(column, name, entry):
    """Return text as moments: dates as people write them, in a column of digits also 20261231."""
    import pyarrow as pa
    import pyarrow.compute as pc

    read = entry.get("read", {})
    day_first = read.get("day_first")
    if "zone" in read:
        _refuse_other_zone(column, name, read["zone"])
    if not entry.get("digits"):
        return _dates(column, name, day_first)
    whole = pc.match_substring_regex(column, r"^[0-9]+$")
    nothing = pa.scalar(None, pa.string())
    days = _days_in_digits(pc.if_else(whole, column, nothing).cast(pa.float64()), name)
    return pc.coalesce(days, _dates(pc.if_else(whole, nothing, column), name, day_first))


def _refuse_other_zone(column, name, before):
    texts = column.unique().drop_null().to_pylist()
    found = {dates.zone(match[1]): text for text in texts if (match := dates.matched(text))}
    if said := dates.other_zone_of_texts(found, before):
        raise InputError(f"column {shown(name)}: {said}; {AS_BEFORE}.")


def _refuse_other_type(column, name, entry):
    """Raise `InputError` where a type of dates names a zone, and training had none.

    A type without one may be that of the training rows in this project, whose dates are in UTC.
    """
    tz = getattr(getattr(column, "type", None) or column.dtype, "tz", None)
    before = entry.get("read", {}).get("zone")
    if before == "" and (said := dates.other_zone_of_type(tz, before)):
        raise InputError(f"column {shown(name)}: {said}; {AS_BEFORE}.")


def _dates(column, name, day_first):
    """Return text as moments; `InputError` where one is no date, or begins with day or month.

    ``day_first`` says which, where the dates of the training rows did.
    """
    import pyarrow as pa

    kind = pa.timestamp("us")
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        pass

    def moment(value):
        if value is None:
            return None
        try:
            return pa.scalar(value).cast(kind).value
        except pa.ArrowInvalid:
            found = dates.matched(value)
        if found and (found[0] != dates.YEAR_LAST or day_first is not None):
            return dates.moment(value, bool(day_first))
        return None

    coded = column.combine_chunks().dictionary_encode()
    texts = coded.dictionary.to_pylist()
    moments = pa.array(map(moment, texts), pa.int64()).cast(kind)
    if moments.null_count:
        wrong = next(text for text, there in zip(texts, moments, strict=True) if not there.is_valid)
        raise InputError(
            f"column {shown(name)} must hold dates (as 2026-12-31, or with a time), got "
            f"{wrong[:40]!r}; say in data.columns what else it holds."
        )
    return pa.chunked_array([moments.take(coded.indices)])


def _is_numeric(column):
    import pyarrow as pa

    return pa.types.is_integer(column.type) or pa.types.is_floating(column.type)


def _days_in_digits(column, name):
    """Return whole numbers as days, in microseconds; `InputError` where one is no day."""
    import pyarrow as pa

    numbers = column.to_numpy()
    days = days_in_digits(numbers)
    wrong = np.isnat(days) & ~np.isnan(numbers.astype(float))
    if wrong.any():
        raise InputError(
            f"column {shown(name)} must hold dates, whole numbers as 20261231, got "
            f"{numbers[wrong][0]:.12g}; say in data.columns what else it holds, or name the number "
            "in data.read.missing if it marks a missing value."
        )
    return pa.chunked_array([pa.array(days, pa.date32())]).cast(pa.timestamp("us"))


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
