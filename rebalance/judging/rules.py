"""Measure the decisions of every threshold rule, with intervals."""

import numpy as np

from rebalance import metrics, thresholds
from rebalance.comparison import linear_interval
from rebalance.comparison.bootstrap import Strata
from rebalance.metrics import HALF
from rebalance.thresholds import Threshold


def by_rule(table, y_score, chosen, rules, groups=None):
    """Return what every rule's decisions are worth on the test rows, by the rule's name.

    Parameters
    ----------
    table : store.Table
        The test rows.
    y_score : array of shape (n_rows,)
    chosen : dict of str to dict
        Every rule's choice on the out-of-fold scores: `CorrectedClassifier.thresholds`.
    rules : dict of str to params.Rule
    groups : array of shape (n_rows,) or None
        Rows that belong together.

    Returns
    -------
    dict of str to dict
        Metrics and costs; precision, recall and savings have a ``_low`` and a ``_high`` end, where
        they are defined.
    """
    strata, decisions = Strata.of(table.y, groups), {}
    for name, rule in rules.items():
        threshold = Threshold(**chosen[name])
        amounts = thresholds.amounts(table, name, rule)
        flagged = threshold.flag(y_score, amounts)
        decisions[name] = {"rule": rule.rule, "threshold": threshold.value}
        decisions[name] |= threshold.promise or {}
        if not threshold.met:
            decisions[name] |= {"shortfall": threshold.shortfall, "message": threshold.message}
        decisions[name] |= metrics.decision_metrics(table.y, flagged.astype(float), HALF)
        decisions[name] |= _shares(table.y, flagged, strata)
        if costs := thresholds.of_rule(rule, amounts):
            decisions[name] |= _savings(table.y, flagged, strata, costs)
    return decisions


def _shares(y_true, flagged, strata):
    """Return the ends of the intervals of recall and precision."""
    positive, shares = y_true == 1, {}
    for name, of in (("recall", positive), ("precision", flagged)):
        if of.any():
            shares |= _ends(name, positive & flagged, of, strata)
    return shares


def _savings(y_true, flagged, strata, costs):
    """Return `thresholds.savings`, and the ends of the interval of the share saved."""
    saved = thresholds.savings(y_true, flagged, **costs)
    if "savings" not in saved:
        return saved
    all_flagged = saved["cost_of_all"] < saved["cost_of_none"]
    spent, otherwise = (
        thresholds.cost_by_row(y_true, each, **costs)
        for each in (flagged, np.full(flagged.shape, all_flagged))
    )
    return saved | _ends("savings", otherwise - spent, otherwise, strata)


def _ends(name, part, whole, strata):
    low, high = linear_interval(name, part, whole, strata)
    # No decision saves more than everything.
    high = min(high, 1.0)
    return {f"{name}_low": low, f"{name}_high": high}
