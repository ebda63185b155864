"""Features that hold dates written as 20261231, and a few numbers that are not dates."""

import numpy as np

from rebalance.checks.finding import counted, details, quoted
from rebalance.columns.kinds import FEWEST_DAYS, FIRST_DAY, LAST_DAY, days_in_digits

# Of the rows with a value, the share that has to hold a date.
SHARE = 0.9


def look(column):
    """Return the first number that is not a date, and how many are not, where most are dates."""
    # A kind that params.yaml gives is another.
    if column.kind not in {None, "whole"} or not column.is_whole:
        return None
    numbers = column.numbers[~column.missing]
    days = (numbers >= FIRST_DAY) & (numbers <= LAST_DAY) & ~np.isnat(days_in_digits(numbers))
    if days.mean() < SHARE or days.all() or np.unique(numbers[days]).size < FEWEST_DAYS:
        return None
    return int(numbers[~days][0]), int((~days).sum())


def say(others):
    """Return the sentence on the columns found: {name: (number, rows)}."""
    each = details(
        f"{quoted(name)}, where {rows:,} of the rows looked at hold other numbers, as {number}"
        for name, (number, rows) in others.items()
    )
    stays = counted(
        others, "of dates as 20261231 stays a number", "of dates as 20261231 stay numbers"
    )
    return f"{stays}: {each}."
