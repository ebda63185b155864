"""Numbers far from all others that stand in many rows: they may mark a missing value."""

import numpy as np

from rebalance.checks.finding import counted, details, quoted

# Rows that must hold the number, though not most of them, in which it is the usual one; and
# different values among the others: a scale, no code.
SHARE, MOST, FEWEST, VALUES, HEAD = 0.01, 0.5, 5, 5, 1000


def look(column):
    """Return such a number, and in how many of the rows looked at it stands; None where none is.

    It is the lowest or the highest, and further from its neighbour than the others are apart.
    """
    if not column.is_number or column.is_time:
        return None
    values = column.numbers[np.isfinite(column.numbers)]
    if not values.size:
        return None
    for extreme in (values.min(), values.max()):
        is_it = values == extreme
        if not max(FEWEST, SHARE * len(column)) <= is_it.sum() <= MOST * len(column):
            continue
        others = values[~is_it]
        if len(np.unique(others[:HEAD])) < VALUES:
            continue
        low, high = others.min(), others.max()
        if max(low - extreme, extreme - high) >= high - low:
            return float(extreme), int(is_it.sum())
    return None


def say(found):
    """Return the sentence on features, from {name: (number, rows)}."""
    each = details(
        f"{quoted(name)} {number:.12g} in {rows:,} of the rows looked at"
        for name, (number, rows) in found.items()
    )
    return (
        f"{counted(found, 'holds', 'hold')} a number in many rows that is far from all others: "
        f"{each}; where it marks a missing value, data.read.missing makes it a gap."
    )
