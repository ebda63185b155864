"""What the test rows say of a model; nothing is chosen here."""

import numpy as np

from rebalance import metrics
from rebalance.thresholds import Threshold, savings

HALF = 0.5


def judge(table, y_score, model, rules):
    """Return the metrics of one model on the test rows.

    Decision metrics are given at the threshold of the saved model, at .5 (``at_half``), and for
    every other rule of params.yaml under its name (``rules``), each chosen out of fold.

    Parameters
    ----------
    table : store.Table
        The test rows.
    y_score : array of shape (n_rows,)
        The model's probabilities for them.
    model : correction.CorrectedClassifier
    rules : params.Threshold
    """
    found = metrics.ranking(table.y, y_score) | metrics.probabilistic(table.y, y_score)
    found["no_information_rate"] = metrics.no_information_rate(table.y)
    found["threshold"] = model.threshold
    found |= metrics.decision(table.y, y_score, model.threshold)
    found["at_half"] = metrics.decision(table.y, y_score, HALF)
    found["rules"] = {
        name: _apply(Threshold(**model.thresholds[name]), rule, table, y_score)
        for name, rule in rules.rules.items()
    }
    return found


def _apply(threshold, rule, table, y_score):
    """Return what one rule's decisions are worth."""
    amounts = table.column(rule.column).astype(float) if rule.column else None
    flagged = threshold.flag(y_score, amounts)
    found = {} if threshold.value is None else {"threshold": threshold.value}
    if not threshold.met:
        found["shortfall"] = threshold.shortfall
    found |= metrics.decision(table.y, flagged.astype(float), HALF)
    if rule.rule == "amount_cost":
        costs = {"c_tp": rule.c_admin, "c_fp": rule.c_admin, "c_fn": amounts}
        return found | savings(table.y, flagged, **costs)
    if rule.rule in {"expected_cost", "empirical_cost"}:
        return found | savings(table.y, flagged, **rule.options)
    return found


def curves(y_true, y_score, points=200):
    """Return points of the precision-recall and ROC curves, thinned to ``points`` steps.

    Returns
    -------
    dict of str to array
        ``recall``, ``precision`` and ``false_positive_rate``, from the highest score down.
    """
    curve = metrics.curve(np.asarray(y_true), np.asarray(y_score))
    positives, negatives = curve.tp[-1], curve.fp[-1]
    # Recall moves in steps of one positive: keep the steps, thin the long tails.
    moves = np.flatnonzero(np.diff(curve.tp, prepend=0))
    grid = np.searchsorted(curve.fp, np.linspace(0, negatives, points))
    keep = np.unique(np.concatenate([moves, np.minimum(grid, len(curve.tp) - 1)]))
    if len(moves) > points:
        keep = keep[:: len(keep) // points + 1]
    tp, fp = curve.tp[keep], curve.fp[keep]
    return {
        "recall": tp / positives,
        "precision": tp / (tp + fp),
        "false_positive_rate": fp / negatives,
    }
