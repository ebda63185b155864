"""What is known of each model, and of each pair: intervals and differences by metric."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rebalance import metrics
from rebalance.comparison._intervals import adjusted_interval, difference, interval
from rebalance.comparison._jackknife import spread
from rebalance.comparison._tests import mcnemar


class Evidence(NamedTuple):
    """What is known of one model: its metrics or reasons, contributions of rows, and draws."""

    values: dict
    contributions: dict
    drawn: dict


def values(y_true, y_score, flagged, k, precision):
    """Return each metric that can have an interval, or the reason why it is undefined."""
    found = (
        metrics.every_ranking(y_true, y_score, k, precision)
        | metrics.every_probabilistic(y_true, y_score)
        | metrics.every_decision(y_true, flagged.astype(float), 0.5)
    )
    found["prevalence"] = "the draws keep the classes as they are"
    return {name: value for name, value in found.items() if not isinstance(value, int)}


def intervals_of(evidence, strata, trials, n_positives):
    """Return the intervals of one model, and the reasons for those that are absent."""
    found = {}
    for name, value in evidence.values.items():
        if isinstance(value, str):
            found[name] = value
            continue
        error, df = None, strata.sizes[0] - 1
        if name in evidence.contributions:
            error, df = spread(evidence.contributions[name][1], strata)
        n = trials.get(name, n_positives)
        found[name] = interval(name, value, evidence.drawn[name], error, n, df)
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
            apart = arm.contributions[name][1] - baseline.contributions[name][1]
            error, _ = spread(apart, strata)
        found[name] = difference(
            value - baseline.values[name],
            arm.drawn[name] - baseline.drawn[name],
            error,
            strata.sizes[0] - 1,
        )
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
    low, high = adjusted_interval(pair.only_arm, pair.only_baseline, n_positives)
    return replace(found, low=low, high=high, method="adjusted", p_value=pair.p_value)
