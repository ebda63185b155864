"""The rows that a person looks at: those of which a look saves most, within a capacity."""

import numpy as np


def shadow_price(probability, rows, c_fp, c_fn, c_look, most):
    """Return the saving from which on a row is looked at.

    Without a look the cheaper mistake is risked, min(p c_fn, (1 - p) c_fp); a look finds the truth
    (Chow 1970, with costs). Of more such rows than can be looked at, those count that save most.

    Parameters
    ----------
    probability, rows : arrays of shape (n_steps,)
        Different probabilities, and how many rows have each.
    c_fp, c_fn, c_look : float
        What a false alarm, a missed positive and a look cost.
    most : int
        Rows that can be looked at; rows of equal saving are so together or not at all.

    Returns
    -------
    float or None
        Half-way between the lowest saving that is worth a look and the next; None where no row is
        looked at.
    """
    saving = np.minimum(probability * c_fn, (1 - probability) * c_fp)
    values, place = np.unique(-saving, return_inverse=True)
    values, counts = -values, np.bincount(place, weights=rows)
    taken = int(np.searchsorted(np.cumsum(counts), most, side="right"))
    taken = min(taken, int(np.count_nonzero(values > c_look)))
    if taken == 0:
        return None
    following = values[taken] if taken < values.size else 0.0
    return float(max(c_look, (values[taken - 1] + following) / 2))
