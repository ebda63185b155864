"""Times that overlap across a random split: a model is tested on the past of its own rows."""

import numpy as np

from rebalance.checks import rising
from rebalance.checks.finding import details, per_cent, quoted
from rebalance.columns.kinds import are_days

WORDS = {"time", "date", "datetime", "timestamp", "day"}
SHARE = 0.5
# Names of columns that count from 1970, and the seconds of 1990 and of 2100; or thousands of them.
COUNTED, SECONDS = WORDS | {"ts", "epoch", "unix", "at", "ms"}, (631_152_000, 4_102_444_800)


def look(column, sides):
    """Return the share of test rows that are earlier than a tenth or more of the training rows.

    Looked at are dates, also as 20261231, seconds since 1970, and numbers that are named like a
    time and rise with the row.
    """
    if not (column.is_time or _is_time_in_numbers(column) or _rises_in_time(column)):
        return None
    train, test = (column.numbers[side] for side in sides)
    late = train[~np.isnan(train)]
    if not late.size:
        return None
    share = float((test < np.quantile(late, 0.9)).mean())
    return share if share > SHARE else None


def _rises_in_time(column):
    named = column.last_word in WORDS and not column.is_text and column.distinct > 2
    return named and rising.look(column)


def _is_time_in_numbers(column):
    """Say whether numbers are days as 20261231, or seconds or milliseconds since 1970 by name."""
    values = column.numbers[~column.missing]
    if not values.size:
        return False
    low, high = values.min(), values.max()
    if column.is_whole and are_days(values):
        return True
    ends = (SECONDS, tuple(1000 * end for end in SECONDS))
    return column.last_word in COUNTED and any(a <= low < high <= b for a, b in ends)


def say(shares):
    """Return the sentence on the columns found: {name: share of the test rows}."""
    each = details(f"{quoted(name)} {per_cent(share)}" for name, share in shares.items())
    return (
        "the split is random in time, by the share of test rows that are earlier than a tenth of "
        f"the training rows: {each}; split.method time tests on the latest rows."
    )
