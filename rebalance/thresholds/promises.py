"""Thresholds whose share holds on new rows with a stated confidence.

The share reached on the scores that a threshold is chosen on flatters it: of many thresholds the
one that just reaches its share does so by luck as often as not. Here a threshold counts only where
an exact binomial test rejects that its true share is below the one asked for. Of the tests one
after the other, in an order fixed beforehand, all up to the first that fails may be believed
(Learn Then Test: Angelopoulos et al. 2021, by fixed sequence).
"""

from math import ceil, log, sqrt

import numpy as np

# Share of the positives that is flagged where the sequence of a precision starts, and the part of
# the error rate that is spent there. Where it starts at half of them, the test has most power; a
# quarter serves models whose precision falls early. Part of the method: not chosen by any data.
STARTS = ((0.25, 0.3), (0.5, 0.7))
POWER = 0.8


def p_value(hits, trials, share):
    """Return how likely so many hits are where each has at most the given chance.

    >>> round(float(p_value(29, 29, 0.9)), 4)
    0.0471
    """
    from scipy.special import bdtrc

    hits = np.asarray(hits)
    return np.where(hits > 0, bdtrc(np.maximum(hits - 1, 0), trials, share), 1.0)


def last_precise(tp, flagged, precision, confidence):
    """Return the step of the highest recall whose precision can be promised, None without one.

    Of steps with equal recall, the one that flags the fewest rows.

    Parameters
    ----------
    tp, flagged : arrays of int of shape (n_steps,)
        Positives and rows down to each step, from the highest score.
    precision, confidence : float

    Notes
    -----
    Steps are tried from the first start of `starts` down the scores. A start brings its part of
    the error rate, which goes on from step to step while they pass and is lost with the first that
    fails (the fallback procedure: Wiens 2003).
    """
    begins = {}
    for rows, part in starts(int(tp[-1]), precision, confidence):
        step = int(np.searchsorted(flagged, rows))
        begins[step] = begins.get(step, 0.0) + part
    p_values = p_value(tp, flagged, precision)
    level, best = 0.0, None
    for step, p in enumerate(p_values.tolist()):
        level += begins.get(step, 0.0)
        if level and p <= level:
            best = step if best is None or tp[step] > tp[best] else best
        else:
            level = 0.0
            if step > max(begins, default=0):
                break
    return best


def starts(n_positives, precision, confidence):
    """Return the rows flagged where the sequence starts, and the error rate that starts there.

    A start at which not even hits alone could pass leaves its part to the next.

    >>> starts(400, 0.9, 0.95)
    [(100, 0.015), (200, 0.035)]
    >>> starts(40, 0.9, 0.95)
    [(29, 0.05)]
    """
    if precision >= 1:
        return []
    rate, carried, begins = 1 - confidence, 0.0, []
    least = ceil(log(rate) / log(precision)) if precision > 0 else 1
    for i, (share, part) in enumerate(STARTS):
        carried = round(carried + part * rate, 12)
        rows = ceil(share * n_positives)
        if i == len(STARTS) - 1:
            rows = max(rows, least)
        if precision**rows <= carried:
            begins.append((rows, carried))
            carried = 0.0
    return begins


def first_complete(tp, recall, confidence):
    """Return the first step whose recall can be promised, None without one.

    Recall only rises down the scores, so that the sequence from the last step up needs no more
    than the first step that passes.
    """
    passed = p_value(tp, int(tp[-1]), recall) <= 1 - confidence
    return int(np.argmax(passed)) if passed.any() else None


def rows_within(n_rows, share, confidence):
    """Return how many of the highest scores may be flagged so that a share of new rows holds.

    The share of new rows above the score of rank k + 1 of n has the beta distribution of k + 1
    and n - k, whatever the distribution of the scores.
    """
    from scipy.special import bdtr

    low, high = -1, n_rows
    while high - low > 1:  # bdtr rises with its first argument
        middle = (low + high) // 2
        low, high = (
            (middle, high) if bdtr(middle, n_rows, share) <= 1 - confidence else (low, middle)
        )
    return n_rows if share >= 1 else max(low, 0)


def positives_for_precision(tp, flagged, precision, confidence):
    """Return about how many positives would let a precision be promised, None where none would.

    As many that the test at the last start passes four times in five, if the scores at hand were
    the truth.
    """
    n_positives = int(tp[-1])
    begin = starts(n_positives, precision, confidence)
    if not begin:
        return None
    rows, _ = begin[-1]
    step = min(int(np.searchsorted(flagged, rows)), len(flagged) - 1)
    reached = float(tp[step] / flagged[step])
    if reached <= precision:
        return None
    needed = _trials(reached, precision, confidence)
    return max(n_positives + 1, ceil(n_positives * needed / flagged[step]))


def positives_for_recall(recall, confidence):
    """Return the fewest positives with which a recall can be promised at all."""
    return ceil(log(1 - confidence) / log(recall)) if 0 < recall < 1 else None


def _trials(truth, share, confidence):
    from scipy.special import ndtri

    spread = ndtri(confidence) * sqrt(share * (1 - share))
    spread += ndtri(POWER) * sqrt(truth * (1 - truth))
    return max((spread / (truth - share)) ** 2, log(1 - confidence) / log(share))
