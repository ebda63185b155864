"""Metrics of decisions, as functions of the four counts of rows.

Counts are scalars or arrays of one shape, so that a bootstrap computes all its draws in one call;
an undefined metric is NaN.
"""

import numpy as np

from rebalance.metrics.checks import check_labels

HALF = 0.5  # the default threshold of scikit-learn


class Counts:
    """The four counts of decisions: true and false, positive and negative."""

    def __init__(self, tp, fp, fn, tn):
        self.tp, self.fp, self.fn, self.tn = (
            np.asarray(count, dtype=float) for count in (tp, fp, fn, tn)
        )


def no_information_rate(y_true):
    """Return the accuracy of always answering with the more frequent class.

    >>> no_information_rate([0, 0, 0, 1])
    0.75
    """
    y_true = check_labels(y_true)
    return float(max(y_true.mean(), 1 - y_true.mean()))


def accuracy(n):
    """Return the share of right decisions."""
    return (n.tp + n.tn) / (n.tp + n.fp + n.fn + n.tn)


def precision(n):
    """Return the share of the flagged rows that are positive."""
    return n.tp / (n.tp + n.fp)


def recall(n):
    """Return the share of the positives that are flagged."""
    return n.tp / (n.tp + n.fn)


def specificity(n):
    """Return the share of the negatives that are left alone."""
    return n.tn / (n.tn + n.fp)


def f1(n):
    """Return the harmonic mean of precision and recall."""
    return 2 * n.tp / (2 * n.tp + n.fp + n.fn)


def f2(n):
    """Return F-beta for beta 2, which weighs recall above precision."""
    return 5 * n.tp / (5 * n.tp + n.fp + 4 * n.fn)


def mcc(n):
    """Return the correlation of labels and decisions (Matthews 1975)."""
    sides = np.sqrt((n.tp + n.fp) * (n.tp + n.fn)) * np.sqrt((n.tn + n.fp) * (n.tn + n.fn))
    return (n.tp * n.tn - n.fp * n.fn) / sides


def balanced_accuracy(n):
    """Return the mean of recall and specificity."""
    return (recall(n) + specificity(n)) / 2


def g_mean(n):
    """Return the geometric mean of recall and specificity (Kubat and Matwin 1997)."""
    return np.sqrt(recall(n) * specificity(n))
