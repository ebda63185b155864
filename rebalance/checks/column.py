"""One column as the checks look at it: numbers or text, and the rows without a value."""

import re
from functools import cached_property

import numpy as np

# A check that costs more than one pass looks at evenly spaced rows, at most this many.
MOST_ROWS = 200_000


def step(rows, most=MOST_ROWS):
    """Return the distance between evenly spaced rows of which at most ``most`` are looked at.

    >>> step(1000), step(200_000), step(200_001), step(284_807)
    (1, 1, 2, 2)
    """
    return max(1, -(-rows // most))


class Column:
    """A column of an arrow table, or evenly spaced rows of it where it is long.

    Parameters
    ----------
    name : str
    whole : pyarrow.ChunkedArray
        All rows. Of a dictionary type the values are looked at, not the codes.
    rows : array of int, optional
        The rows to look at. By default evenly spaced ones, `MOST_ROWS` at most.
    kind : str, optional
        What `rebalance.columns` takes the column for.
    every : int
        How many rows of the table each of ``whole`` stands for, if these are spaced already.
    """

    def __init__(self, name, whole, rows=None, kind=None, every=1):
        import pyarrow as pa

        if pa.types.is_dictionary(whole.type):
            whole = whole.cast(whole.type.value_type)
        self.name, self.whole, self.type, self.kind = name, whole, whole.type, kind
        if rows is None and step(len(whole)) > 1:
            rows = np.arange(0, len(whole), step(len(whole)))
        self.data = whole if rows is None else whole.take(pa.array(rows))
        self.every = every * len(whole) / max(1, len(self.data))

    def every_row(self):
        """Return the column with all rows, to confirm what evenly spaced ones show."""
        return self if self.data is self.whole else _All(self.name, self.whole, self.kind)

    def at(self, rows):
        """Return the column with the rows of these numbers."""
        return Column(self.name, self.whole, rows)

    def __len__(self):
        """Return the number of rows looked at."""
        return len(self.data)

    @property
    def is_text(self):
        """Say whether the column holds text."""
        import pyarrow as pa

        return pa.types.is_string(self.type) or pa.types.is_large_string(self.type)

    @property
    def is_time(self):
        """Say whether the column holds dates or times."""
        import pyarrow as pa

        return pa.types.is_timestamp(self.type) or pa.types.is_date(self.type)

    @property
    def is_number(self):
        """Say whether the column holds numbers, or what counts as such: booleans, dates, times."""
        import pyarrow as pa

        is_, type_ = pa.types, self.type
        numeric = (is_.is_integer, is_.is_floating, is_.is_decimal, is_.is_boolean)
        return self.is_time or any(kind(type_) for kind in numeric)

    @cached_property
    def numbers(self):
        """Return numbers as doubles, and dates as seconds; NaN where there is none, as in text."""
        import pyarrow as pa
        import pyarrow.compute as pc

        data = self.data
        if not self.is_number:
            return np.full(len(data), np.nan)
        if self.is_time:
            seconds = pa.timestamp("s", getattr(self.type, "tz", None))
            data = pc.cast(pc.cast(data, seconds, safe=False), pa.int64())
        elif pa.types.is_boolean(self.type):
            data = pc.cast(data, pa.uint8())
        return pc.cast(data, pa.float64(), safe=False).to_numpy()

    @cached_property
    def codes(self):
        """Return a whole number for each different value, -1 for none."""
        import pandas as pd

        exact = self.is_text or self.is_long
        return pd.factorize(self.data.to_numpy() if exact else self.numbers)[0]

    @property
    def is_long(self):
        """Say whether the column holds whole numbers, which doubles may not tell apart."""
        return self.type.to_pandas_dtype() in _WHOLE and not self.data.null_count

    @cached_property
    def missing(self):
        """Say of each row whether it has no value."""
        return np.isnan(self.numbers) if self.is_number else self.data.is_null().to_numpy()

    @cached_property
    def is_constant(self):
        """Say whether no two values differ."""
        if not self.is_number:
            return self.is_text and self.distinct < 2
        if self.is_long:
            return self.distinct < 2
        values = self.numbers[~self.missing]
        return not values.size or bool(values.min() == values.max())

    @cached_property
    def distinct(self):
        """Return the number of different values."""
        return int(self.codes.max(initial=-1)) + 1

    @cached_property
    def is_whole(self):
        """Say whether the column holds whole numbers, floats without decimals among them."""
        values = self.numbers[np.isfinite(self.numbers)]
        return not self.is_time and values.size > 0 and bool((values == np.floor(values)).all())

    @cached_property
    def last_word(self):
        """Return the last word of the name, in lower case.

        >>> import pyarrow as pa
        >>> names = ("customerID", "policy_number", "Time", "Unnamed: 0", "V1", "")
        >>> [Column(name, pa.chunked_array([[1]])).last_word for name in names]
        ['id', 'number', 'time', 'unnamed', 'v', '']
        """
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", self.name)
        return words[-1].lower() if words else ""


_WHOLE = {getattr(np, f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)}


class _All(Column):
    """A column of which all rows are looked at, however many."""

    def __init__(self, name, whole, kind):
        self.name, self.whole, self.type, self.data = name, whole, whole.type, whole
        self.kind, self.every = kind, 1
