"""Intervals of one model, and paired differences of two, by metric."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rebalance import metrics
from rebalance.comparison.intervals import (
    FAR,
    FEW_ERRORS,
    FEWEST_ERRORS,
    LARGEST_SHARE,
    difference,
    interval,
    paired_interval,
    share_interval,
    t_interval,
)
from rebalance.comparison.jackknife import by_unit, spread
from rebalance.comparison.significance import mcnemar
from rebalance.metrics.table import DECISION

RANKED = ("average_precision", "roc_auc")


class Estimates(NamedTuple):
    """One model's metrics, or reasons; the contributions of its rows; and its draws."""

    values: dict
    contributions: dict
    drawn: dict


def values(y_true, y_score, flagged, k, precision):
    """Return each metric that can have an interval, or the reason why it is undefined."""
    scores = (
        metrics.ranking_or_reasons(y_true, y_score, k, precision)
        | metrics.probability_or_reasons(y_true, y_score)
        | metrics.decision_or_reasons(y_true, flagged.astype(float), 0.5)
    )
    scores["prevalence"] = "the draws keep the classes as they are"
    return {name: value for name, value in scores.items() if not isinstance(value, int)}


def error_of(name, value, contribution, strata):
    """Return the standard error of a metric, and its degrees of freedom."""
    error, df = spread(contribution, strata)
    if name not in RANKED:
        return error, df
    n_positives = strata.sizes[0]
    # The harmonic mean: half by the rows that make the error, half as if all positives did.
    df = 2 / (1 / df + 1 / max(1, n_positives - 1))
    if name == "average_precision":
        # It depends on few hits: the degrees of freedom are limited by their number.
        df = max(2.0, min(df, 2 * n_positives * value))
    return error, df


def linear_interval(name, part, whole, strata):
    """Return the interval of the sum of one column over that of another.

    Its standard error is that of the ratio made linear (Cochran 1977).

    Parameters
    ----------
    name : str
        ``recall`` and ``precision`` are shares of rows; the ratio of others may be below 0.
    part, whole : arrays of shape (n_rows,)
        The sum of ``whole`` is not 0.
    strata : Strata
    """
    total = float(np.sum(whole))
    value = float(np.sum(part)) / total
    error, df = spread((part - value * whole) / total, strata)
    if name in {"recall", "precision"}:
        return share_interval(name, value, error, int(total), df)
    return t_interval(value, error, df)[:2]


def intervals_of(estimates, strata, trials, n_positives):
    """Return the intervals of one model, and the reasons for those that are absent."""
    estimated = {}
    for name, value in estimates.values.items():
        if isinstance(value, str):
            estimated[name] = value
            continue
        error, df = None, strata.sizes[0] - 1
        if name in estimates.contributions:
            error, df = error_of(name, *estimates.contributions[name], strata)
        n = trials.get(name, n_positives)
        estimated[name] = interval(name, value, estimates.drawn[name], error, n, df)
    absent = {name: value for name, value in estimated.items() if isinstance(value, str)}
    return {name: value for name, value in estimated.items() if name not in absent}, absent


def differences_of(arm, baseline, strata, n_positives, family=None):
    """Return the paired differences of one arm on each metric that both models have.

    For the area under the ROC curve the standard error is that of DeLong et al. (1988), in the
    fast form of Sun and Xu (2014); all have a t interval with as many degrees of freedom as there
    are positives, less one. ``family`` keeps the metrics of one family.
    """
    differences = {}
    for name, value in arm.values.items():
        if isinstance(value, str) or isinstance(baseline.values[name], str):
            continue
        if family and metrics.metric(name).family != family:
            continue
        apart, error = None, None
        if name in arm.contributions:
            apart = arm.contributions[name][1] - baseline.contributions[name][1]
            error, _ = spread(apart, strata)
        drawn = arm.drawn[name] - baseline.drawn[name]
        reason = doubt_of_difference(name, arm.values, baseline.values, apart, strata, n_positives)
        apart = difference(value - baseline.values[name], drawn, error, strata.sizes[0] - 1, reason)
        if metrics.metric(name).share and not isinstance(apart, str):
            apart = replace(apart, low=max(-1.0, apart.low), high=min(1.0, apart.high))
        differences[name] = apart
    return {name: value for name, value in differences.items() if not isinstance(value, str)}


def doubt_of_difference(name, arm, baseline, apart, strata, n_positives):
    """Return why the interval of a paired difference may not hold; nothing where it does.

    Parameters
    ----------
    name : str
    arm, baseline : dict of str to float
        Metrics of the two models.
    apart : array of shape (n_rows,) or None
        Difference of the contributions of the rows, where they are known.
    strata : Strata
    n_positives : int
    """
    # Where two models make hardly an error, nothing of their decisions or scores is known well.
    for each in RANKED if name == "roc_auc" else RANKED[:1]:
        if n_positives * (1 - min(arm[each], baseline[each])) < FEWEST_ERRORS:
            return FEW_ERRORS
    if apart is not None and name in RANKED:
        squares = by_unit(apart, strata) ** 2
        value, error = abs(arm[name] - baseline[name]), spread(apart, strata)[0]
        if squares.max() > LARGEST_SHARE * squares.sum() and value < FAR * error:
            unit = "row" if strata.unit.size == sum(strata.sizes) else "group"
            return (
                f"one {unit} makes {squares.max() / squares.sum():.0%} of the variance of the "
                "difference"
            )
    return ""


def decision_differences(arm, baseline, strata, n_positives):
    """Return the paired differences of the metrics of decisions."""
    return differences_of(arm, baseline, strata, n_positives, DECISION)


def discordant(y_true, arm, baseline):
    """Return McNemar's test of two models' decisions, on positives and on negatives."""
    return {
        side: mcnemar(arm[y_true == label], baseline[y_true == label])
        for side, label in (("positives", 1), ("negatives", 0))
    }


def paired_recall(difference, pair, y_true):
    """Return the difference of recalls with the interval and the test for paired shares.

    With few discordant positives a standard error is far too small; with none it is 0.
    """
    pair, n_positives = pair["positives"], int(y_true.sum(dtype=np.int64))
    low, high = paired_interval(pair.only_arm, pair.only_baseline, n_positives)
    return replace(
        difference, low=low, high=high, method="paired score", p_value=pair.p_value, doubt=""
    )
