"""The sealed rows: a share of the table that no stage reads, for one look at the very end."""

import numpy as np

from rebalance import splitting
from rebalance.errors import InputError
from rebalance.store import labels_checksum

# Not the split's own seed: who draws the test rows anew gets no new sealed rows.
SEED = 0
COLUMN_LABEL = "final"


def split(y, column, params):
    """Return the row numbers of the training, the test and the sealed rows.

    The sealed rows are drawn as the test rows are, and before them: at random by class, the
    latest ones, whole groups, or those that a column calls final.

    Parameters
    ----------
    y, column, params
        As in `splitting.split`.

    Returns
    -------
    train, test, final : arrays of int
    """
    final = _sealed(y, column, params)
    if not final.size:
        return *splitting.split(y, column, params), final
    others = np.setdiff1d(np.arange(len(y)), final)
    left = _before(others, final, column, params)
    share = params.test_size / (1 - params.final) if params.method != "column" else params.test_size
    section = params.model_copy(update={"test_size": share})
    rows = splitting.split(y[left], None if column is None else column[left], section)
    return left[rows[0]], left[rows[1]], final


def _sealed(y, column, params):
    if params.method == "column":
        return np.flatnonzero(np.char.lower(column.astype(str)) == COLUMN_LABEL)
    if not params.final:
        return np.array([], dtype=int)
    section = params.model_copy(update={"test_size": params.final, "seed": SEED})
    try:
        return splitting.split(y, column, section)[1]
    except InputError as error:
        line = str(error).replace("split.test_size", "split.final")
        raise InputError(f"{line.rstrip('.')}, with split.final {params.final:g}.") from error


def _before(others, final, column, params):
    """Return the rows that stay on this side of the gap before the sealed rows."""
    if params.method != "time" or not params.gap:
        return others
    return others[splitting.earlier(column, params.column, others, final, params.gap)]


def described(y, whole):
    """Return how many sealed rows there are, for ``metrics/split.json``; nothing without any.

    ``whole`` has the labels of the table: more rows of the same table are not other rows.
    """
    if not len(y):
        return {}
    counts = {"rows": len(y), "positives": int(np.sum(y))}
    return {"final": counts | {"checksum": labels_checksum(y), "table": labels_checksum(whole)}}
