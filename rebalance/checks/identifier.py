"""Features that number or name the rows: they tell rows apart and nothing of a new row."""

import numpy as np

from rebalance.checks.finding import counted, details, quoted

FEWEST_ROWS = 50
# Whole numbers without repeats that fill this share of their range count the rows.
DENSE = 0.5
WORDS = {"id", "ids", "identifier", "index", "idx", "key", "nr", "no", "num", "number", "uuid"}
WORDS |= {"guid", "clientnum", "rownames", "unnamed"}


def look(column):
    """Return the number of rows that a column tells apart, where all its values differ."""
    rows = int((~column.missing).sum())
    if rows < FEWEST_ROWS or not (column.is_text or column.is_whole) or column.distinct < rows:
        return None
    if column.is_text:
        return rows if _one_word(column) else None
    span = np.ptp(column.numbers[~column.missing]) + 1
    every = len(column.whole) / len(column)
    return rows if column.last_word in WORDS or rows * every / span > DENSE else None


def _one_word(column):
    """Say whether a value is one word, as a key is and a sentence is not."""
    import pyarrow.compute as pc

    return pc.sum(pc.match_substring(pc.utf8_trim_whitespace(column.data), " ")).as_py() == 0


def say(found):
    """Return the sentence on the columns found: {name: rows}."""
    each = details(
        f"{quoted(name)} has {rows:,} values in {rows:,} rows" for name, rows in found.items()
    )
    return f"{counted(found, 'tells', 'tell')} the rows apart: {each}."
