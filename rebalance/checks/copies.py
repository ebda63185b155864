"""Test rows that are copies of training rows."""

from rebalance.checks.finding import per_cent

# Of the test positives, and of all test rows: copied negatives flatter a model less.
POSITIVES, ROWS = 0.1, 0.15


def find(split):
    """Return the sentence on copies, from ``metrics/split.json``; None where they are few."""
    test = split["test"]
    copies = test["rows_also_in_train"]
    positives = test.get("positives_also_in_train", 0)
    negatives = copies - positives
    have = test["positives"], test["rows"] - test["positives"]
    if positives <= POSITIVES * have[0] and copies <= ROWS * test["rows"]:
        return None
    return (
        f"{positives:,} of {have[0]:,} test positives and {negatives:,} of {have[1]:,} test "
        f"negatives are copies of training rows ({per_cent(copies / test['rows'])} of the test "
        "rows); split.method group with split.column equal_rows holds equal rows together."
    )
