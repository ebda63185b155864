"""A fold whose score is unlike those of the other folds."""

import numpy as np

# So many standard errors, and so much average precision.
ERRORS, LEAST = 4, 0.15


def find(results):
    """Return the sentence on the baseline's oddest fold; None where all are alike.

    The error of a fold's average precision is taken as that of a share of its positives.
    """
    values, positives = (np.asarray(each, dtype=float) for each in results.folds)
    odd = [None]
    for i, value in enumerate(values):
        others, weight = np.delete(values, i), np.delete(positives, i)
        mean = float(np.average(others, weights=weight))
        spread = max(mean * (1 - mean), 0.01)
        error = np.sqrt(spread * (1 / positives[i] + 1 / weight.sum()))
        if abs(value - mean) > max(LEAST, ERRORS * error):
            odd.append((abs(value - mean), i + 1, value, mean))
    if len(odd) == 1:
        return None
    _, number, value, mean = max(odd[1:])
    return (
        f"the baseline's average precision out of fold is {value:.3f} in fold {number} of "
        f"{len(values)}, and {mean:.3f} in the others."
    )
