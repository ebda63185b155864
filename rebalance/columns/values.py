"""The values of a column in one form, whatever brought them: a file, a frame, a request.

The answer for a row must not hang on the rows next to it: each value is looked at by itself.
"""

import math
import re

import numpy as np

from rebalance.columns import clock, writing
from rebalance.errors import InputError, shown

# Marks of a missing value in any column: those of pandas, and marks that no category is called.
MISSING = frozenset({
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    "?", "na", "N/a", "n.a.", "Unknown", "unknown", "UNKNOWN", "(null)", "\\N", "NaT",
    # as text of bytes, and in quotes that are no quotes of CSV: tables that were ARFF
    "b'?'", "b''", "'?'",
})  # fmt: skip
# In a column of numbers or dates, in any case.
MISSING_NUMBER = frozenset({
    "-", "--", "---", ".", "..", "...", "?", "??", "na", "n/a", "n.a", "n.a.", "nan", "nat", "<na>",
    "null", "unknown", "missing", "not available", "not applicable", "not known", "no data",
    "nodata", "n.d.", "(blank)", "#div/0!", "#ref!", "#value!", "#name?", "#num!", "#null!",
    "0000-00-00", "0000-00-00 00:00:00",
    # of spreadsheets in other languages, of statistical offices, and of dashes that are longer
    "#n/d", "#nv", "#n/b", "#wert!", "#bezug!", "#valor!", "#¡valor!", "#¡ref!", "#¡div/0!",
    "#valeur!", "#¿nombre?", "#zahl!", "n/d", "nd", "k.a.", "s/d", ":", "*", "\u2013", "\u2014",
})  # fmt: skip
# Of these, what may be a code, or a finding ("not detected"): in few rows among many numbers only.
DOUBTFUL = frozenset({"n/d", "nd", "k.a.", "s/d", ":", "*", "\u2013", "\u2014"})
# Also what nobody sees: of no width, and marks of direction.
BLANKS = " \t\r\n\v\f\u00a0\u202f\ufeff\u200b\u200e\u200f\u2060\u00ad"
# Doubles below it are whole numbers of 64 bits, if they are whole.
LARGEST_WHOLE = 2.0**63
# Of no more digits than a double holds; Python reads whole numbers of 4,300 at most.
NUMBER = re.compile(r"[+-]?(\d{1,300}(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"[+-]?\d+")


def decoded(column):
    """Return an arrow column in which no value is a code: the labels of a dictionary, a number."""
    import pyarrow as pa

    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    kind = column.type
    if pa.types.is_dictionary(kind):
        return decoded(column.cast(kind.value_type))
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return seconds(column)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    return column


def seconds(column):
    """Return times of day, or lengths of time, as seconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[column.type.unit]
    whole = pa.int32() if pa.types.is_time32(column.type) else pa.int64()
    return pc.divide(pc.cast(pc.cast(column, whole), pa.float64()), parts)


def as_arrow(column):
    """Return a column of arrow or of pandas as one of arrow; of mixed types as text.

    Raises
    ------
    InputError
        Where a value is a list or a structure, or text that no file could hold.
    """
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray | pa.Array):
        return decoded(column)
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_convert(None)  # to UTC, which arrow reads without a warning
    try:
        return _as_arrow(column)
    except UnicodeEncodeError as error:
        raise InputError(
            f"column {shown(column.name)} must hold text of Unicode's characters, got "
            f"{error.object[error.start]!r}, half of one; write the character as a whole."
        ) from error


def _as_arrow(column):
    import pyarrow as pa

    try:
        return decoded(pa.array(column, from_pandas=True))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        if any(isinstance(value, list | tuple | dict) for value in column):
            raise nested(column.name) from None
        there = column.notna()
        texts = [written(value) if ok else None for value, ok in zip(column, there, strict=True)]
        return pa.chunked_array([pa.array(texts, pa.string())])


def nested(name):
    """Return the `InputError` for a column in which a value is more than one."""
    return InputError(
        f"column {shown(name)} must hold a single value in each row, got a list or a structure."
    )


def written(value):
    """Return a value as `text` writes it in a column of its own type.

    >>> written(1.0), written(1.5), written(True), written(" a ")
    ('1', '1.5', 'true', ' a ')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isfinite(value):
        import pyarrow as pa

        return text(pa.chunked_array([pa.array([value])]))[0].as_py()
    return str(value)


def text(column):
    """Return a column as text, without blanks around it; a whole number has no point."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type):
        return pc.utf8_trim(column, BLANKS)
    if not pa.types.is_floating(column.type):
        return column.cast(pa.string())
    column = pc.if_else(pc.is_nan(column), None, column)
    whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), LARGEST_WHOLE))
    numbers = pc.if_else(whole, column, 0.0).cast(pa.int64(), safe=False).cast(pa.string())
    return pc.if_else(whole, numbers, column.cast(pa.string()))


def is_gap(column, read=None, *, number=False):
    """Say of each text whether it marks a missing value.

    Parameters
    ----------
    column : arrow array of str
        Without blanks around.
    read : dict or None
        What params.yaml says: ``marks`` that are none elsewhere, ``present`` values that are
        marks elsewhere.
    number : bool
        Whether the column holds numbers or dates, in which more words are marks.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    read = read or {}
    present = frozenset(read.get("present", ()))
    marks = (MISSING | frozenset(read.get("marks", ()))) - present | {""}
    gone = pc.is_in(column, value_set=pa.array(sorted(marks), pa.string()))
    if number:
        more = MISSING_NUMBER - {mark.lower() for mark in present}
        lower = pc.utf8_lower(column)
        gone = pc.or_(gone, pc.is_in(lower, value_set=pa.array(sorted(more), pa.string())))
    return gone


def without_marks(column, read=None, *, number=False):
    """Return text without blanks around it, with nulls for the marks of a missing value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.utf8_trim(column, BLANKS)
    gone = is_gap(column, read, number=number)
    if pc.any(gone).as_py():
        return pc.if_else(gone, pa.scalar(None, pa.string()), column)
    return column


def without_numbers(column, read):
    """Return numbers with nulls for those that params.yaml takes for missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    marks = [float(mark) for mark in (read or {}).get("marks", ()) if is_number(mark)]
    if not marks:
        return column
    marks = np.array(marks)
    if pa.types.is_floating(column.type):
        # In the column's own precision: no single number equals the double -999.9.
        marks = marks.astype(column.type.to_pandas_dtype()).astype(float)
    gone = pc.is_in(column.cast(pa.float64(), safe=False), value_set=pa.array(marks))
    return pc.if_else(gone, pa.scalar(None, column.type), column)


def is_number(mark):
    """Say whether a text is a number to Python, an infinite one too.

    >>> is_number("-999"), is_number("-inf"), is_number("none")
    (True, True, False)
    """
    try:
        return not math.isnan(float(mark))
    except ValueError:
        return False


def truths_as_numbers(texts):
    """Return texts with 1 and 0 for true and false, in capitals or not."""
    import pyarrow.compute as pc

    lower = pc.utf8_lower(texts)
    return pc.if_else(
        pc.equal(lower, "true"), "1", pc.if_else(pc.equal(lower, "false"), "0", texts)
    )


def times_as_numbers(texts):
    """Return texts with the seconds of those that are times, as 14:05.

    >>> import pyarrow as pa
    >>> times_as_numbers(pa.chunked_array([["14:05", "7", None]])).to_pylist()
    ['50700', '7', None]
    """
    import pyarrow as pa

    found = {text: clock.seconds(text) for text in texts.unique().to_pylist() if text is not None}
    plain = {text: text if value is None else written(value) for text, value in found.items()}
    return pa.chunked_array([pa.array(map(plain.get, texts.to_pylist()), pa.string())])


def as_numbers(texts, decimal=None):
    """Return texts that are numbers as `text` writes these, others as they are.

    A number that people write is one as well: with a decimal comma, thousands, percent. What is
    two different numbers stays as it is, unless ``decimal`` says the mark of the column.

    >>> import pyarrow as pa
    >>> as_numbers(pa.chunked_array([["01", "1.0", "1,5", "1%", "1,234", "a", None]])).to_pylist()
    ['1', '1', '1.5', '1', '1,234', 'a', None]
    """
    import pyarrow as pa

    coded = pa.chunked_array([texts.combine_chunks()]).dictionary_encode().combine_chunks()
    plain = _plain(coded.dictionary, decimal).to_pylist()
    values = [
        written(int(value) if WHOLE.fullmatch(value) else float(value))
        if NUMBER.fullmatch(value)
        else value
        for value in plain
    ]
    return pa.chunked_array([pa.array(values, pa.string()).take(coded.indices)])


def _plain(texts, decimal):
    """Return texts with the numbers among them as a program writes them."""
    import pyarrow.compute as pc

    program = pc.match_substring_regex(texts, rf"^(?:{NUMBER.pattern})$")
    dot, comma = (writing.plain(texts, mark) for mark in ".,")
    by_dot, by_comma = (pc.match_substring_regex(texts, writing.STYLES[mark]) for mark in ".,")
    both = pc.and_(pc.and_(by_dot, by_comma), pc.not_equal(dot, comma))
    one = pc.if_else(by_dot, dot, pc.if_else(by_comma, comma, texts))
    said = {".": dot, ",": comma}.get(decimal, texts)
    return pc.if_else(program, texts, pc.if_else(both, said, one))


def with_number_marks(read):
    """Return how a column is read with its marks of a missing value as `as_numbers` has them too.

    >>> with_number_marks({"marks": ["9.0", "none"]})["marks"]
    ['9.0', 'none', '9', 'none']
    """
    import pyarrow as pa

    if not (read or {}).get("marks"):
        return read
    marks = pa.chunked_array([pa.array(read["marks"], pa.string())])
    more = as_numbers(marks, read.get("decimal")).to_pylist()
    return read | {"marks": [*read["marks"], *more]}
