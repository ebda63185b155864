"""Decide what a column of text holds, and convert its cells."""

from dataclasses import dataclass

from rebalance.columns import clock, dates
from rebalance.columns.values import BLANKS
from rebalance.sources.cells import (
    BOOL,
    DATE,
    EMPTY,
    FLOAT,
    INT,
    STRAY_SHARE,
    STYLES,
    TEXT,
    TOTALS,
    marked,
    plain,
)

# The largest whole number up to which a double holds every one.
EXACT = 2**53
# Forms of dates that others take for codes or text.
UNUSUAL = {dates.YEAR_MONTH, dates.MONTH_YEAR, dates.NAME_YEAR, dates.CLOCK_YEAR, dates.JOINED}


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """The type of a column of text, and the conversion of its cells."""

    kind: str
    missing: frozenset = frozenset()  # the marks of a missing value that it has
    decimal: str = "."
    day_first: bool = False
    shape: str = ""  # of dates: the order of day and month
    zone: str | None = None  # of dates: none, UTC or another
    percent: bool = False  # whether numbers have the sign of percentages
    money: str = ""  # the sign of money that numbers have
    clock: bool = False  # whether numbers are the seconds of times of day or of lengths of time
    note: str = ""


def decide(name, cells, decimal=None, as_text=False):
    """Return the `Meaning` of a column, or raise ValueError with the two that it may have.

    Parameters
    ----------
    name : str
        For what the error says.
    cells : Cells
    decimal : {".", ","}, optional
        The decimal mark of the file, as far as it is known.
    as_text : bool
        Whether params.yaml says that the column is text.
    """
    cells.settle()
    missing = frozenset([*cells.gone, *cells.gone_more])
    if not cells.present and not as_text:
        return Meaning(kind=EMPTY, missing=missing)
    if cells.fast and not as_text:
        return _fast(name, cells, decimal, missing)
    if not as_text and (meaning := _slow(name, cells, decimal, missing)):
        return meaning
    note = ""
    if cells.dated > cells.present / 2 and not as_text:
        shown = next((value for value in cells.values if not dates.moment(str(value), False)), "")
        other = f", such as {shown[:40]!r}" if shown else ""
        note = f"column {name!r}: dates, but not all in one form{other}, read as text"
    elif not as_text and (shown := cells.begun()):
        note = (
            f"column {name!r}: times of days, as {shown[:40]!r}, in a form that is not known (one "
            "that is: '2023-01-13 08:00:00+01:00'), read as text"
        )
    elif not as_text and cells.mostly_numbers():
        words = ", ".join(repr(value[:40]) for value in cells.strays)
        note = (
            f"column {name!r}: numbers but for {words} in {cells.strays.total():,} of "
            f"{cells.present:,} rows, read as text; data.read.missing: {{{name!r}: [{words}]}} "
            "makes them numbers with gaps"
        )
    elif not as_text and (measured := cells.measured()):
        shown, units = measured
        around = ", ".join(map(repr, units))
        note = (
            f"column {name!r}: numbers with {around} around them, as {shown[:40]!r}, read as text"
        )
    elif not as_text and (shown := cells.foreign()):
        note = (
            f"column {name!r}: numbers in other digits than 0 to 9, as {shown[:20]!r}, read as text"
        )
    elif not as_text and (shown := cells.time()):
        note = (
            f"column {name!r}: times, as {shown[:20]!r}, but not all in one form, read as text; in "
            "one form, or as numbers, they would have an order"
        )
    return Meaning(kind=TEXT, missing=frozenset(cells.gone), note=note)


def _slow(name, cells, decimal, missing):
    """Return what a column is that could not be cast as it is; None for text."""
    if cells.numbers == cells.present and cells.booleans == 0:
        return _numbers(name, cells, decimal, missing)
    if cells.booleans == cells.present:
        return Meaning(kind=BOOL, missing=missing)
    if len(cells.forms) == 1 and (shown := cells.time()):
        note = f"column {name!r}: times, as {shown[:20]!r}, read as seconds"
        return Meaning(kind=FLOAT, missing=missing, clock=True, note=note)
    zoned = {zone != "" for zone in cells.zones}
    if None not in cells.shapes and len(cells.shapes) == len(zoned) == 1:
        return _dates(name, cells, missing)
    if cells.is_stray():
        strays = ", ".join(repr(value[:40]) for value in cells.strays)
        total = next(filter(TOTALS.fullmatch, cells.strays), "")
        row = f"; a row of totals, as {total[:40]!r} may be one, must go" * bool(total)
        raise ValueError(
            f"column {name!r} holds numbers but for {strays} in {cells.strays.total()} of "
            f"{cells.present} rows: numbers, if data.read.missing names {strays}; text, if "
            f"data.read.text names {name!r}{row}"
        )
    return None


def _fast(name, cells, decimal, missing):
    if cells.wide and cells.fast == FLOAT:
        note = f"column {name!r}: whole numbers of more than 64 bits, read as text"
        return Meaning(kind=TEXT, missing=frozenset(cells.gone), note=note)
    if missing and cells.whole == cells.numbers and (meaning := _too_long(name, cells)):
        return meaning
    note = ""
    if cells.leading_zero:
        note = (
            f"column {name!r}: digits with leading zeros, read as numbers; data.read.text: "
            f"[{name}] keeps them as they stand"
        )
    elif cells.code:
        note = (
            f"column {name!r}: read as numbers, though {cells.code[:20]!r} may be a code; "
            f"data.read.text: [{name}] keeps such codes as they stand"
        )
    comma = decimal == "," and cells.either and cells.by_mark[","] == cells.numbers
    return Meaning(
        kind=INT if cells.fast == INT and not missing else FLOAT,
        missing=missing,
        decimal="," if comma else ".",
        note=note,
    )


def _too_long(name, cells):
    """Return that whole numbers which no double holds, and which have gaps, stay text."""
    if max(map(abs, cells.bounds.get(".", (0,)))) <= EXACT:
        return None
    note = f"column {name!r}: whole numbers beyond {EXACT:,} with gaps, read as text"
    return Meaning(kind=TEXT, missing=frozenset(cells.gone), note=note)


def _numbers(name, cells, decimal, missing):
    if cells.whole == cells.numbers and (meaning := _too_long(name, cells)):
        return meaning
    if 0 < cells.percent < cells.present or len(cells.currencies) > 1:
        mixed = "percentages" if cells.percent else "currencies"
        note = f"column {name!r}: numbers with and without a sign of {mixed}, read as text"
        return Meaning(kind=TEXT, missing=frozenset(cells.gone), note=note)
    fits = [mark for mark in ".," if cells.by_mark[mark] == cells.numbers]
    if not fits:
        note = f"column {name!r}: {_both(cells)} are numbers in no one way, read as text"
        return Meaning(kind=TEXT, missing=frozenset(cells.gone), note=note)
    if len(fits) == 2 and cells.either and decimal is None:
        shown = next(value for value in cells.values if marked(str(value)))
        by_dot, by_comma = shown.replace(",", ""), shown.replace(".", "").replace(",", ".")
        raise ValueError(
            f"column {name!r} can be read in two ways: {shown!r} is {by_dot} if data.read.decimal "
            f"is '.', and {by_comma} if it is ','"
        )
    mark = decimal if decimal in fits else fits[0]
    return Meaning(
        kind=FLOAT,
        missing=missing,
        decimal=mark,
        percent=bool(cells.percent),
        money=next(iter(cells.currencies), ""),
    )


def _both(cells):
    """Return a number that no decimal point explains and one that no comma does, for a message."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [value for value in cells.values if isinstance(value, str)]
    fits = {m: pc.match_substring_regex(pa.array(texts), STYLES[m]).to_pylist() for m in STYLES}
    unlike = [next(t for t, ok in zip(texts, fits[m], strict=True) if not ok) for m in STYLES]
    return " and ".join(repr(value[:20]) for value in unlike)


def _dates(name, cells, missing):
    first, second = cells.highest
    day_first, shape = cells.day_first, ""
    if dates.YEAR_LAST in cells.shapes:
        shape = dates.YEAR_LAST
        if first > 12 and second > 12:
            note = f"column {name!r}: dates in no one order, read as text"
            return Meaning(kind=TEXT, missing=frozenset(cells.gone), note=note)
        if first > 12 or second > 12:
            day_first = first > 12
            if cells.day_first_before not in {None, day_first}:
                raise ValueError(_other_order(name, day_first))
        elif cells.day_first_before is False and cells.date_marks == {"."}:
            raise ValueError(_other_order(name, True))
        elif day_first is None and cells.date_marks == {"."}:
            day_first = True
        elif day_first is None:
            shown = next(iter(cells.values))
            raise ValueError(
                f"column {name!r} can be read in two ways: {shown!r} begins with the day if "
                "data.read.dates is day_first, and with the month if it is month_first"
            )
    value, rows = cells.no_dates.get(bool(day_first), ("", 0))
    if rows > STRAY_SHARE * cells.present:
        note = f"column {name!r}: dates, but some are none, such as {value[:40]!r}, read as text"
        return Meaning(kind=TEXT, missing=frozenset(cells.gone), note=note)
    if rows:
        raise ValueError(
            f"column {name!r} holds dates but for {value[:40]!r}, which is none, in {rows} of "
            f"{cells.present} rows: a gap, if data.read.missing names it; text, if data.read.text "
            f"names {name!r}"
        )
    note = ""
    if cells.shapes <= UNUSUAL:
        note = f"column {name!r}: dates, as {str(next(iter(cells.values)))[:40]!r}"
    elif cells.century:
        note = (
            f"column {name!r}: years of two digits are those from 1969 to 2068, also of "
            f"{cells.century[:20]!r}; write four digits where they are others"
        )
    return Meaning(
        kind=DATE,
        missing=missing,
        day_first=bool(day_first),
        shape=shape,
        zone=max(cells.zones),  # another one than UTC tells
        note=note,
    )


def _other_order(name, day_first):
    here, before = ("day", "month") if day_first else ("month", "day")
    return (
        f"column {name!r} can be read in two ways: its dates begin with the {here}, and those of "
        f"the training rows with the {before}; write data.read.dates: {here}_first for this file"
    )


def converted(column, meaning):
    """Return a batch of text as what the column means: an array of arrow's, gaps as nulls."""
    import pyarrow as pa
    import pyarrow.compute as pc

    type_ = arrow_type(meaning.kind)
    if meaning.kind == EMPTY:
        return pa.nulls(len(column), type_)
    if meaning.kind in {INT, FLOAT} and meaning.decimal == "." and not meaning.missing:
        try:
            return pc.cast(column, type_)
        except pa.ArrowInvalid:
            pass
    column = pc.utf8_trim(column, BLANKS)
    if meaning.missing:
        gone = pc.is_in(column, pa.array(sorted(meaning.missing), column.type))
        column = pc.if_else(gone, pa.scalar(None, column.type), column)
    if meaning.kind == TEXT:
        return column
    if meaning.kind == DATE:
        return _by_value(column, lambda text: dates.moment(text, meaning.day_first), type_)
    if meaning.clock:
        return _by_value(column, clock.seconds, type_)
    return _plain(column, meaning, type_)


def _plain(column, meaning, type_):
    """Return text as truth values or numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if meaning.kind == BOOL:
        return pc.cast(pc.utf8_lower(column), type_)
    try:
        numbers = pc.cast(column if meaning.decimal == "." else plain(column, ","), type_)
    except pa.ArrowInvalid:
        numbers = pc.cast(plain(column, meaning.decimal), type_)
    if meaning.kind == FLOAT:
        numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, type_), numbers)
    return numbers


def _by_value(column, convert, type_):
    """Convert each distinct value once: to a number of seconds, or to a moment."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = pc.dictionary_encode(column)
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    plain = pa.int64() if pa.types.is_timestamp(type_) else type_
    values = pa.array([convert(text) for text in coded.dictionary.to_pylist()], plain)
    return values.cast(type_).take(coded.indices)


def arrow_type(kind):
    """Return arrow's type of a kind of column."""
    import pyarrow as pa

    types = {INT: pa.int64(), BOOL: pa.bool_(), DATE: pa.timestamp("us"), TEXT: pa.string()}
    return types.get(kind, pa.float64())
