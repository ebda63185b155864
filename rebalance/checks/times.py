"""Times that overlap across a random split: a model is tested on the past of its own rows."""

import numpy as np

from rebalance.checks import rising
from rebalance.checks.finding import details, per_cent, quoted

WORDS = {"time", "date", "datetime", "timestamp", "day"}
SHARE = 0.5


def look(column, sides):
    """Return the share of test rows that are earlier than a tenth or more of the training rows.

    Looked at are dates, and numbers that are named like a time and rise with the row.
    """
    named = column.last_word in WORDS and not column.is_text and column.distinct > 2
    if not column.is_time and not (named and rising.look(column)):
        return None
    train, test = (column.numbers[side] for side in sides)
    late = train[~np.isnan(train)]
    if not late.size:
        return None
    share = float((test < np.quantile(late, 0.9)).mean())
    return share if share > SHARE else None


def say(shares):
    """Return the sentence on the columns found: {name: share of the test rows}."""
    each = details(f"{quoted(name)} {per_cent(share)}" for name, share in shares.items())
    return (
        "the split is random in time, by the share of test rows that are earlier than a tenth of "
        f"the training rows: {each}; split.method time tests on the latest rows."
    )
