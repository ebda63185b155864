"""Groups of rows, such as those of one customer, on both sides of a random split."""

import numpy as np

from rebalance.checks.finding import details, per_cent, quoted
from rebalance.checks.identifier import WORDS

OWNERS = {"customer", "cust", "client", "patient", "person", "user", "account", "acct", "card"}
OWNERS |= {"subject", "household", "member", "owner", "policyholder", "student", "employee"}
OWNERS |= {"group", "family", "device", "driver", "session"}
# The kind of a column that params.yaml makes a non-feature column.
DROPPED = "dropped"
FEWEST_GROUPS, LARGEST_MEAN, SHARE = 20, 50, 0.2


def look(column, sides):
    """Return the share of test rows whose value in a column of ids training rows have too.

    Parameters
    ----------
    column : Column
        All rows of the table.
    sides : (array of int, array of int)
        Numbers of the training rows and of the test rows.
    """
    # Text that params.yaml drops is hardly ever anything else than a name.
    named = column.last_word in WORDS | OWNERS or (column.is_text and column.kind == DROPPED)
    if not named or not (column.is_text or column.is_whole):
        return None
    groups, rows = column.distinct, int((~column.missing).sum())
    if not FEWEST_GROUPS <= groups < rows or rows > LARGEST_MEAN * groups:
        return None
    train, test = (column.codes[side] for side in sides)
    known = np.zeros(groups + 1, dtype=bool)  # the last is that of rows without a value, -1
    known[train] = True
    known[-1] = False
    share = float(known[test].mean())
    return share if share > SHARE else None


def say(shares):
    """Return the sentence on the columns found: {name: share of the test rows}."""
    each = details(f"{quoted(name)} {per_cent(share)}" for name, share in shares.items())
    return (
        "the random split separates rows that may belong together, by the share of test rows "
        f"whose value training rows have too: {each}; split.method group keeps them on one side."
    )
