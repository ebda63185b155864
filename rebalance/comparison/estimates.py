"""What is known of each model, and of each pair: intervals and differences by metric."""

from dataclasses import replace
from math import inf
from typing import NamedTuple

import numpy as np

from rebalance import metrics
from rebalance.comparison import auc_near_one as tails
from rebalance.comparison.intervals import (
    difference,
    few_rows_factor,
    interval,
    paired_interval,
    share_interval,
    t_interval,
)
from rebalance.comparison.jackknife import spread
from rebalance.comparison.significance import mcnemar

# Positives times 1 - AUC, below which the tail says more of a difference than what was lost.
FEWEST_LOST = 1.5
# Of what contributions show of a difference, that which no tail can take away.
LEAST_SHOWN = 0.8


class Evidence(NamedTuple):
    """What is known of one model: its metrics or reasons, contributions of rows, and draws."""

    values: dict
    contributions: dict
    drawn: dict


def values(y_true, y_score, flagged, k, precision):
    """Return each metric that can have an interval, or the reason why it is undefined."""
    found = (
        metrics.ranking_or_reasons(y_true, y_score, k, precision)
        | metrics.probability_or_reasons(y_true, y_score)
        | metrics.decision_or_reasons(y_true, flagged.astype(float), 0.5)
    )
    found["prevalence"] = "the draws keep the classes as they are"
    return {name: value for name, value in found.items() if not isinstance(value, int)}


def error_of(name, value, contribution, strata):
    """Return the standard error of a metric, its degrees of freedom, and the trials at most."""
    error, df = spread(contribution, strata)
    n_positives = strata.sizes[0]
    # The harmonic mean: half by the rows that make the error, half as if all positives did.
    halfway = 2 / (1 / df + 1 / max(1, n_positives - 1))
    if name == "average_precision":
        # It rests on its hits: three of fifty positives know the error no better than six would.
        return error, max(2.0, min(halfway, 2 * n_positives * value)), inf
    if name != "roc_auc":
        return error, df, inf
    most, known = tails.trials(value, contribution, strata, error)
    if most * error**2 < value * (1 - value):
        df = max(2.0, min(known, n_positives - 1))
    elif most < inf:
        # The tail expects no more than contributions hold.
        df = halfway
    return error, df, most


def linear_interval(name, part, whole, strata):
    """Return the interval of the sum of one column over that of another.

    Its standard error is that of the ratio made linear (Cochran 1977).

    Parameters
    ----------
    name : str
        ``recall`` and ``precision`` are shares of rows; what is neither can be below 0.
    part, whole : arrays of shape (n_rows,)
        The sum of ``whole`` is not 0.
    strata : Strata
    """
    total = float(np.sum(whole))
    value = float(np.sum(part)) / total
    error, df = spread((part - value * whole) / total, strata)
    if name != "savings" and metrics.metric(name).share:
        return share_interval(name, value, error, int(total), df)
    return t_interval(value, error, df)[:2]


def error_of_difference(name, one, other, strata):
    """Return the standard error of a paired difference.

    ``one`` and ``other`` are (value, contributions) of the two models. It goes with as many degrees
    of freedom as there are positives, less one.
    """
    error, df = spread(one[1] - other[1], strata)
    # Scores that are the other's own differ by nothing, and their tails by rounding.
    if name != "roc_auc" or not error:
        return error
    ranks = [tails.Ranks.of(*each, strata) for each in (one, other)]
    n_positives, n_negatives = strata.sizes
    if None in ranks or n_positives > n_negatives:
        return error
    if n_positives * (1 - max(one[0], other[0])) >= FEWEST_LOST:
        return error * few_rows_factor(df, n_positives)
    return max(tails.difference_error(*ranks, error), LEAST_SHOWN * error)


def intervals_of(evidence, strata, trials, n_positives):
    """Return the intervals of one model, and the reasons for those that are absent."""
    found = {}
    for name, value in evidence.values.items():
        if isinstance(value, str):
            found[name] = value
            continue
        error, df, most = None, strata.sizes[0] - 1, inf
        if name in evidence.contributions:
            error, df, most = error_of(name, *evidence.contributions[name], strata)
        n = trials.get(name, n_positives)
        found[name] = interval(name, value, evidence.drawn[name], error, n, df, most)
    absent = {name: value for name, value in found.items() if isinstance(value, str)}
    return {name: value for name, value in found.items() if name not in absent}, absent


def differences_of(arm, baseline, strata):
    """Return the paired differences of one arm on each metric that both models have."""
    found = {}
    for name, value in arm.values.items():
        if isinstance(value, str) or isinstance(baseline.values[name], str):
            continue
        error = None
        if name in arm.contributions:
            pair = arm.contributions[name], baseline.contributions[name]
            error = error_of_difference(name, *pair, strata)
        apart = difference(
            value - baseline.values[name],
            arm.drawn[name] - baseline.drawn[name],
            error,
            strata.sizes[0] - 1,
        )
        if metrics.metric(name).share and not isinstance(apart, str):
            apart = replace(apart, low=max(-1.0, apart.low), high=min(1.0, apart.high))
        found[name] = apart
    return {name: value for name, value in found.items() if not isinstance(value, str)}


def discordant(y_true, arm, baseline):
    """Return McNemar's test of two models' decisions, on positives and on negatives."""
    return {
        side: mcnemar(arm[y_true == label], baseline[y_true == label])
        for side, label in (("positives", 1), ("negatives", 0))
    }


def paired_recall(found, pair, y_true):
    """Return the difference of recalls with the interval and the test for paired shares.

    With few discordant positives a standard error is far too small; with none it is 0.
    """
    pair, n_positives = pair["positives"], int(y_true.sum(dtype=np.int64))
    low, high = paired_interval(pair.only_arm, pair.only_baseline, n_positives)
    return replace(found, low=low, high=high, method="paired score", p_value=pair.p_value)
