"""Measure the decisions of every threshold rule, with intervals."""

import numpy as np

from rebalance import metrics, thresholds
from rebalance.comparison import linear_interval
from rebalance.comparison.bootstrap import Strata
from rebalance.judging.costs import difference, of_decisions
from rebalance.judging.segments import one_stratum
from rebalance.metrics import HALF
from rebalance.thresholds import Band


def by_rule(table, y_score, chosen, rules, groups=None, baseline=None):
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
    baseline : (array of shape (n_rows,), dict of str to dict), optional
        The scores and the choices of the baseline, whose costs these are compared with.

    Returns
    -------
    dict of str to dict
        Metrics, and costs as `costs.of_decisions` returns them; precision and recall have a
        ``_low`` and a ``_high`` end, where they are defined.
    """
    strata, decisions = Strata.of(table.y, groups), {}
    for name, rule in rules.items():
        threshold = thresholds.restored(chosen[name])
        amounts = thresholds.amounts(table, name, rule)
        flagged = threshold.flag(y_score, amounts)
        decisions[name] = {"rule": rule.rule, "threshold": threshold.value}
        decisions[name] |= threshold.promise or {}
        if not threshold.met:
            decisions[name] |= {"shortfall": threshold.shortfall, "message": threshold.message}
        decisions[name] |= metrics.decision_metrics(table.y, flagged.astype(float), HALF)
        decisions[name] |= _shares(table.y, flagged, strata)
        if isinstance(threshold, Band):
            decisions[name] |= _bands(table.y, threshold, y_score, groups)
        if costs := thresholds.of_rule(rule, amounts):
            decisions[name] |= of_decisions(table.y, flagged, costs, groups)
            if baseline:
                other = thresholds.restored(baseline[1][name]).flag(baseline[0], amounts)
                decisions[name] |= difference(table.y, flagged, other, costs, groups)
    return decisions


def _bands(y_true, threshold, y_score, groups):
    """Return the capacity of a review band, and what each of its three parts holds."""
    strata, parts = one_stratum(y_true.size, groups), {}
    for name, rows in threshold.bands(y_score).items():
        count = int(rows.sum())
        low, high = linear_interval("precision", rows * 1.0, np.ones(y_true.size), strata)
        parts[name] = {"rows": count, "share": count / y_true.size}
        parts[name] |= {"share_low": low, "share_high": high, "positives": int(y_true[rows].sum())}
        if count:
            low, high = linear_interval("precision", rows * y_true, rows * 1.0, strata)
            parts[name] |= {"precision": float(y_true[rows].mean())}
            parts[name] |= {"precision_low": low, "precision_high": high}
    return {
        "block": threshold.block,
        "capacity": threshold.capacity,
        "out_of_fold": threshold.out_of_fold,
        "bands": parts,
    }


def _shares(y_true, flagged, strata):
    """Return the ends of the intervals of recall and precision."""
    positive, shares = y_true == 1, {}
    for name, of in (("recall", positive), ("precision", flagged)):
        if of.any():
            shares |= _ends(name, positive & flagged, of, strata)
    return shares


def _ends(name, part, whole, strata):
    low, high = linear_interval(name, part, whole, strata)
    return {f"{name}_low": low, f"{name}_high": high}
