"""The mean of fold scores, and how sure it is."""

import numpy as np


def standard_error(values, n_folds=None):
    """Return the standard error of the mean of fold scores.

    Folds drawn anew share the rows of the first: with ``n_folds`` a repeat, repeats do not count.

    >>> standard_error([0.5, 0.7]), standard_error([0.5, 0.7, 0.5, 0.7], n_folds=2)
    (0.09999999999999998, 0.08164965809277258)
    """
    return float(np.std(values, ddof=1) / np.sqrt(n_folds or len(values)))
