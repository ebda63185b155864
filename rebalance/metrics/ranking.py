"""How well the scores order the rows, whatever their scale."""

from typing import NamedTuple

import numpy as np

from rebalance.metrics.checks import NO_NEGATIVES, NO_POSITIVES, check, defined

FALSE_POSITIVE_RATE = 0.01  # that of recall_at_1pct_fpr


class Curve(NamedTuple):
    """Counts of flagged rows at every distinct score, from the highest score down."""

    threshold: np.ndarray
    tp: np.ndarray
    fp: np.ndarray


def ranking_metrics(y_true, y_score, *, k=None, precision=0.9):
    """Return how well the scores order the rows, whatever their scale.

    Parameters
    ----------
    y_true : array-like of shape (n_rows,)
    y_score : array-like of shape (n_rows,)
        Any finite scores; equal scores count as one step of every curve.
    k : int, optional
        Rows that can be looked at, for the three metrics ``..._at_k``: those with the highest
        scores, and the mean over all orders where equal scores straddle the last place.
        The number of positives unless told.
    precision : float
        What ``recall_at_..pct_precision`` demands, 0.9 giving ``recall_at_90pct_precision``.
        It is 0 where no threshold reaches it.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        If the arrays do not fit together, or ``k`` or ``precision`` is out of range.
    """
    return defined(ranking_or_reasons(*check(y_true, y_score), k, precision))


def curve(y_true, y_score):
    """Return the counts of flagged positives and negatives at each distinct score."""
    order = np.argsort(-y_score, kind="stable")
    y_score, y_true = y_score[order], y_true[order]
    last = np.r_[np.flatnonzero(np.diff(y_score)), y_score.size - 1]
    tp = np.cumsum(y_true, dtype=np.int64)[last]
    return Curve(y_score[last], tp, last + 1 - tp)


def ranking_or_reasons(y_true, y_score, k, precision):
    """Return each ranking metric, or the reason why it is undefined."""
    if k is not None and k < 1:
        raise ValueError(f"k must be 1 or more rows, got {k}.")
    if not 0 < precision <= 1:
        raise ValueError(f"precision must be above 0 and at most 1, got {precision}.")
    at_precision = f"recall_at_{100 * precision:g}pct_precision"
    names = ["average_precision", "roc_auc", "recall_at_1pct_fpr", at_precision]
    names += ["precision_at_k", "recall_at_k", "lift_at_k"]
    n_positives, n_rows = int(y_true.sum(dtype=np.int64)), y_true.size
    if n_positives == 0:
        return dict.fromkeys(names, NO_POSITIVES)
    _, tp, fp = curve(y_true, y_score)
    recall = np.r_[0, tp] / n_positives
    reached = tp / (tp + fp) >= precision
    metrics = {
        "average_precision": float(np.sum(np.diff(recall) * (tp / (tp + fp)))),
        at_precision: float(np.max(recall[1:], where=reached, initial=0)),
        **_at_k(tp, fp, n_positives if k is None else k),
    }
    if n_positives == n_rows:
        return metrics | dict.fromkeys(["roc_auc", "recall_at_1pct_fpr"], NO_NEGATIVES)
    fpr = np.r_[0, fp] / fp[-1]
    metrics["roc_auc"] = float(np.sum(np.diff(fpr) * (recall[1:] + recall[:-1])) / 2)
    metrics["recall_at_1pct_fpr"] = float(recall[fpr <= FALSE_POSITIVE_RATE].max())
    return metrics


def _at_k(tp, fp, k):
    """Return precision, recall and lift among the k highest scores."""
    n_positives, n_rows = tp[-1], tp[-1] + fp[-1]
    if k > n_rows:
        reason = f"k is {k} but there are only {n_rows} rows"
        return dict.fromkeys(["precision_at_k", "recall_at_k", "lift_at_k"], reason)
    # Between two steps the curve is straight: that is the mean over all orders of equal scores.
    found = float(np.interp(k, np.r_[0, tp + fp], np.r_[0, tp]))
    return {
        "precision_at_k": found / k,
        "recall_at_k": float(found / n_positives),
        "lift_at_k": float(found / k * n_rows / n_positives),
    }
