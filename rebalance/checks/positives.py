"""Too few positives for the folds, or for the intervals that the report gives."""

from math import sqrt

FEWEST_IN_A_FOLD, FEWEST_IN_TEST = 5, 20


def find(plan):
    """Return the sentence on the counts that are too small; None where all are large enough."""
    train, test = plan.positives["train"], plan.positives["test"]
    parts = []
    for place, folds in plan.folds.items():
        if train / folds < FEWEST_IN_A_FOLD:
            parts.append(
                f"{train} training positives in {place} {folds} leave about {train / folds:.0f} "
                "to each fold"
            )
    if test < FEWEST_IN_TEST:
        parts.append(
            f"with {test} test positives the 95 % interval of a recall of one half is "
            f"{half_width(test):.2f} wide on each side"
        )
    return "; ".join(parts) + "." if parts else None


def half_width(n):
    """Return half the width of Wilson's 95 % interval of a share of one half of n.

    >>> round(half_width(8), 3)
    0.285
    """
    z = 1.959964
    return z * sqrt(n + z * z) / (2 * (n + z * z))
