"""Features that number or name the rows: they tell rows apart and nothing of a new row."""

import numpy as np

from rebalance.checks.finding import NOTE, WARNING, counted, details, quoted

FEWEST_ROWS = 50
# Whole numbers without repeats that fill this share of their range count the rows.
DENSE = 0.5
WORDS = {"id", "ids", "identifier", "index", "idx", "key", "nr", "no", "num", "number", "uuid"}
WORDS |= {"guid", "clientnum", "rownames", "unnamed"}


def look(column):
    """Return the numbers of values and of rows of a column that tells its rows apart, and its kind.

    What `rebalance.columns` takes for an id tells too, though it is left out.
    """
    rows = int((~column.missing).sum())
    if column.kind == "id":
        return column.distinct, rows, column.kind
    # Rows that belong together lie together: evenly spaced ones may differ where others do not.
    if _all_differ(column) and _all_differ(column.every_row()):
        return column.distinct, rows, column.kind
    return None


def _all_differ(column):
    rows = int((~column.missing).sum())
    if rows < FEWEST_ROWS or not (column.is_text or column.is_whole) or column.distinct < rows:
        return False
    if column.is_text:
        return _one_word(column)
    span = np.ptp(column.numbers[~column.missing]) + 1
    return column.last_word in WORDS or rows * column.every / span > DENSE


def _one_word(column):
    """Say whether a value is one word, as a key is and a sentence is not."""
    import pyarrow.compute as pc

    return pc.sum(pc.match_substring(pc.utf8_trim_whitespace(column.data), " ")).as_py() == 0


def say(ids):
    """Return the sentence on the columns found: {name: (values, rows, kind)}.

    The severity is that of a note where all of them are left out.
    """
    each = details(
        f"{quoted(name)} has {values:,} values in {rows:,} rows"
        + " and is left out" * (kind == "id")
        for name, (values, rows, kind) in ids.items()
    )
    sentence = f"{counted(ids, 'tells', 'tell')} the rows apart: {each}."
    return sentence, NOTE if all(kind == "id" for *_, kind in ids.values()) else WARNING
