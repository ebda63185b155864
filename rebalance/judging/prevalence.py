"""Restate decisions where the rare class has another share than in the table.

A table is often enriched: all positives were collected, and few of the negatives. If the rows of
each class look alike where the model will be used, a negative there stands for more of them, and
so it weighs more here (Elkan, 2001).
"""

import numpy as np

from rebalance import thresholds
from rebalance.comparison import linear_interval
from rebalance.comparison.bootstrap import Strata
from rebalance.model import corrected
from rebalance.model.corrected import BY_PROBABILITY, expit, log_odds, odds_change

ROWS = 1000  # costs are given for so many rows


def restated(table, y_score, chosen, rules, share, prevalence, groups=None):
    """Return the metrics of one model at another prevalence.

    Parameters
    ----------
    table : store.Table
        The test rows.
    y_score : array of shape (n_rows,)
        Probabilities that hold at the share of the training rows.
    chosen : dict of str to dict
        Every rule's choice: `CorrectedClassifier.thresholds`.
    rules : dict of str to params.Rule
    share, prevalence : float
        The positives' share of the training rows, and where the model will be used.

    Returns
    -------
    dict
        ``average_precision``, ``brier``, ``log_loss`` and ``mean_probability``; under ``rules``,
        of each: ``threshold`` on the restated probabilities, ``recall``, ``precision`` with its
        ends, the share of rows flagged, ``alerts``, and the ``cost`` of `ROWS` rows.
    """
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss

    change = odds_change(share, prevalence)
    p = expit(log_odds(y_score) + change)
    weight = weights(table.y, prevalence)
    numbers = {
        "prevalence": prevalence,
        "average_precision": average_precision_score(table.y, p, sample_weight=weight),
        "brier": brier_score_loss(table.y, p, sample_weight=weight),
        "log_loss": log_loss(table.y, p, sample_weight=weight),
        "mean_probability": np.average(p, weights=weight),
        "rules": {},
    }
    strata = Strata.of(table.y, groups)
    for name, rule in rules.items():
        threshold, amounts = (
            thresholds.restored(chosen[name]),
            thresholds.amounts(table, name, rule),
        )
        decides_anew = rule.rule in BY_PROBABILITY
        flagged = threshold.flag(p if decides_anew else y_score, amounts)
        value = corrected.restated(threshold.value, rule.rule, change)
        numbers["rules"][name] = {"threshold": value} | _decided(table.y, flagged, weight, strata)
        if costs := thresholds.of_rule(rule, amounts):
            each = thresholds.cost_by_row(table.y, flagged, **costs)
            numbers["rules"][name]["cost"] = ROWS * float(np.average(each, weights=weight))
    return numbers


def weights(y, prevalence):
    """Return the weight of each row, so that the positives have the share ``prevalence``.

    >>> weights(np.array([1, 0, 0, 0]), 0.1).round(9).tolist()
    [1.0, 3.0, 3.0, 3.0]
    """
    positives = np.count_nonzero(y)
    negative = positives / (len(y) - positives) * (1 - prevalence) / prevalence
    return np.where(y == 1, 1.0, negative)


def _decided(y, flagged, weight, strata):
    numbers = {
        "recall": float(flagged[y == 1].mean()),
        "alerts": float(np.average(flagged, weights=weight)),
    }
    if flagged.any():
        # As many rows as there are, so that the interval counts no more of them.
        of = flagged * weight * (flagged.sum() / weight[flagged].sum())
        numbers["precision"] = float(np.sum(of * y) / np.sum(of))
        numbers["precision_low"], numbers["precision_high"] = linear_interval(
            "precision", of * y, of, strata
        )
    return numbers
