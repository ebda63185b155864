"""The curves that the figures show of one model."""

import numpy as np

from rebalance import metrics


def curves_of(y_true, raw, y_score):
    """Return what the figures draw of one model: `curves`, and `reliability` before and after."""
    return {
        "curves": curves(y_true, y_score),
        "raw": reliability(y_true, raw),
        "corrected": reliability(y_true, y_score),
    }


def curves(y_true, y_score, points=200):
    """Return the precision-recall and ROC curves, thinned to about ``points`` steps.

    Returns
    -------
    dict of str to array
        ``recall``, ``precision`` and ``false_positive_rate``, from the highest score down.
    """
    curve = metrics.curve(np.asarray(y_true), np.asarray(y_score))
    positives, negatives = curve.tp[-1], curve.fp[-1]
    # Recall moves in steps of one positive: keep the steps, thin the long tails.
    steps = np.flatnonzero(np.diff(curve.tp, prepend=0))
    steps = steps[:: len(steps) // points + 1]
    tail = np.searchsorted(curve.fp, np.linspace(0, negatives, points))
    keep = np.union1d(steps, np.minimum(tail, len(curve.tp) - 1))
    tp, fp = curve.tp[keep], curve.fp[keep]
    return {
        "recall": tp / positives,
        "precision": tp / (tp + fp),
        "false_positive_rate": fp / negatives,
    }


def reliability(y_true, y_score, bins=10):
    """Return mean probability and share of positives in bins of equal expected positives.

    With a rare class, bins of equal count hold hardly a positive but for the last; here each holds
    the same sum of probabilities.

    Returns
    -------
    dict of str to array
        ``mean_probability``, ``share_of_positives`` and ``rows``.
    """
    order = np.argsort(y_score, kind="stable")
    expected = np.cumsum(y_score[order])
    edges = np.searchsorted(expected, expected[-1] * np.arange(1, bins) / bins)
    parts = [part for part in np.split(order, edges) if len(part)]
    return {
        "mean_probability": np.array([y_score[part].mean() for part in parts]),
        "share_of_positives": np.array([y_true[part].mean() for part in parts]),
        "rows": np.array([len(part) for part in parts]),
    }
