"""The curves that the figures show of one model."""

import numpy as np
from scipy.special import logit

from rebalance import metrics

BY_CLASS = (1e-5, 0.9999)  # the outer bins hold what lies beyond
# Thresholds at which decisions are counted: even steps, and small ones near 0 for rare classes.
THRESHOLDS = np.unique(np.r_[np.linspace(0.01, 1, 100), np.geomspace(1e-4, 1e-2, 41)].round(8))


def curves_of(y_true, raw, y_score):
    """Return what the figures draw of one model.

    Returns
    -------
    dict of str to dict
        ``curves``, ``raw`` and ``corrected`` (`reliability` before and after correction),
        ``flagged`` and ``by_class``.
    """
    return {
        "curves": curves(y_true, y_score),
        "raw": reliability(y_true, raw),
        "corrected": reliability(y_true, y_score),
        "flagged": flagged(y_true, y_score),
        "by_class": by_class(y_true, y_score),
    }


def curves(y_true, y_score, points=200):
    """Return the precision-recall and ROC curves, thinned to about ``points`` steps.

    Returns
    -------
    dict of str to array
        ``recall``, ``precision``, ``false_positive_rate`` and the number of ``alerts``, from the
        highest score down.
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
        "alerts": tp + fp,
    }


def flagged(y_true, y_score, thresholds=THRESHOLDS):
    """Return the flagged positives (``tp``) and negatives (``fp``) at each threshold."""
    positive, negative = np.sort(y_score[y_true == 1]), np.sort(y_score[y_true == 0])
    return {
        "threshold": thresholds,
        "tp": len(positive) - np.searchsorted(positive, thresholds),
        "fp": len(negative) - np.searchsorted(negative, thresholds),
    }


def by_class(y_true, y_score, bins=36):
    """Return the share of each class in bins of equal width in log-odds.

    Returns
    -------
    dict of str to array
        ``edges`` (log-odds), ``positives`` and ``negatives``, which each add up to 1.
    """
    odds = logit(np.clip(y_score, *BY_CLASS))
    edges = np.linspace(*logit(BY_CLASS), bins + 1)
    counts = {
        name: np.histogram(odds[y_true == label], edges)[0]
        for name, label in (("positives", 1), ("negatives", 0))
    }
    return {"edges": edges} | {name: count / count.sum() for name, count in counts.items()}


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
