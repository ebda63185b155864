"""Collect facts about the columns of a table, a batch of rows at a time."""

from collections import Counter
from dataclasses import dataclass, field

from rebalance.columns.values import BLANKS
from rebalance.sources import cells, labels
from rebalance.sources.meaning import arrow_type

EMPTY = "empty"
WORDS = {
    cells.INT: "whole number",
    cells.FLOAT: "number",
    cells.BOOL: "boolean",
    cells.DATE: "date",
    cells.TEXT: "text",
    cells.EMPTY: EMPTY,
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """The contents of a column, over all rows."""

    holds: str  # number, whole number, boolean, date, text, category, empty
    type: object  # arrow's
    missing: int
    marks: dict = field(default_factory=dict)  # rows by what was taken for missing
    distinct: int | None = None  # None: more than `cells.DISTINCT`
    low: float | None = None
    high: float | None = None

    def to_dict(self):
        """Return what JSON can hold of it."""
        contents = {"holds": self.holds, "missing": self.missing}
        if self.marks:
            contents["marks"] = self.marks
        return contents | {"distinct": self.distinct}


@dataclass(kw_only=True)
class Typed:
    """Facts collected about a typed column."""

    type: object
    sentinels: tuple = ()  # numbers that stand for a missing value
    missing: frozenset = frozenset()  # labels that do
    rows: int = 0
    gone: int = 0
    values: Counter = field(default_factory=Counter)
    full: bool = False
    low: float | None = None
    high: float | None = None

    def look(self, column):
        """Take a batch into account, and return it with gaps as nulls."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.gaps(column)
        self.rows += len(column)
        self.gone += column.null_count
        whole = _moments(column) if pa.types.is_temporal(column.type) else column
        if pa.types.is_floating(whole.type) or pa.types.is_integer(whole.type):
            least, most = pc.min_max(whole).as_py().values()
            if least is not None:
                self.low = least if self.low is None else min(self.low, least)
                self.high = most if self.high is None else max(self.high, most)
        if not self.full:
            plain = whole
            if pa.types.is_dictionary(column.type):
                plain = column.cast(column.type.value_type)
            counted = pc.value_counts(plain.drop_null())
            self.full = len(counted) > cells.DISTINCT
            for item in counted.slice(0, 0 if self.full else None).to_pylist():
                self.values[item["values"]] += item["counts"]
            self.full |= len(self.values) > cells.DISTINCT
        return column

    def gaps(self, column):
        """Return a batch with nulls for its marks of a missing value."""
        import pyarrow as pa

        if pa.types.is_dictionary(column.type):
            return _labels(column, self.missing)
        return gaps(column, self.sentinels)

    def column(self):
        """Return the `Column`."""
        holds = EMPTY if self.gone == self.rows else _holds(self.type)
        return Column(
            holds=holds,
            type=self.type,
            missing=self.gone,
            distinct=None if self.full else len(self.values),
            low=self.low,
            high=self.high,
        )


@dataclass(kw_only=True)
class Labels:
    """The labels of the rows so far, as they stand."""

    counted: Counter = field(default_factory=Counter)
    without: int = 0
    more: bool = False

    def look(self, column):
        """Count the labels of a batch."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.more:
            return
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        for item in pc.value_counts(column).to_pylist():
            label = item["values"]
            if label is None or (isinstance(label, str) and not label.strip()):
                self.without += item["counts"]
            else:
                self.counted[label] += item["counts"]
        self.more = len(self.counted) > labels.MOST


def _moments(column):
    """Return dates as whole numbers of their unit: arrow has years beyond Python's."""
    import pyarrow as pa

    return column.view(pa.int64() if column.type.bit_width == 64 else pa.int32())


def _labels(column, missing):
    """Return labels as text is read: no blanks around them, nulls for what marks a missing one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    labels = column.dictionary
    trimmed = pc.utf8_trim(labels, BLANKS)
    if trimmed.equals(labels) and not missing.intersection(labels.to_pylist()):
        return column
    gone = pc.is_in(trimmed, pa.array(sorted(missing), pa.string()))
    texts = pc.if_else(gone, pa.scalar(None, pa.string()), trimmed).take(column.indices)
    return pc.dictionary_encode(texts).cast(column.type)


def gaps(column, sentinels=()):
    """Return a typed column with nulls for its marks of a missing value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    number = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
    if pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py():
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if sentinels and number:
        gone = pc.is_in(column, pa.array(sentinels).cast(column.type, safe=False))
        column = pc.if_else(gone, pa.scalar(None, column.type), column)
    return column


def of_cells(state, meaning):
    """Return the `Column` of a column of text that has a meaning."""
    numbers = meaning.kind in {cells.INT, cells.FLOAT}
    low, high = state.bounds.get(meaning.decimal, (None, None)) if numbers else (None, None)
    marks = {
        mark: rows
        for mark, rows in (state.gone + state.gone_more).most_common()
        if mark in meaning.missing
    }
    return Column(
        holds=WORDS[meaning.kind],
        type=arrow_type(meaning.kind),
        missing=sum(marks.values()),
        marks=marks,
        distinct=None if state.full else len(state.values),
        low=low,
        high=high,
    )


def _holds(type_):
    """Return a word for what a column of a type of arrow's holds."""
    import pyarrow as pa

    is_ = pa.types
    words = (
        (is_.is_boolean, "boolean"),
        (is_.is_integer, "whole number"),
        (is_.is_floating, "number"),
        (is_.is_timestamp, "date"),
        (is_.is_date, "date"),
        (is_.is_dictionary, "category"),
    )
    return next((word for check, word in words if check(type_)), "text")
