"""Intervals of one model, and paired differences of two, by metric."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rebalance import metrics
from rebalance.comparison.intervals import (
    FEW_ERRORS,
    FEWEST_ERRORS,
    Z,
    difference,
    interval,
    paired_interval,
    score_interval,
    t_quantile,
)
from rebalance.comparison.jackknife import (
    Contributions,
    by_unit,
    of_decisions,
    of_probability,
    of_ranking,
    spread,
)
from rebalance.metrics.probability import calibration

RANKED = ("average_precision", "roc_auc")
# Share of the variance of a difference that one row may make; so many standard errors from 0, a
# difference is one all the same, and so many where only the better of two models makes few errors.
LARGEST_SHARE, FAR, CLEAR = 0.4, 10, 4
# With fewer, more than a draw in twenty flags nothing.
FEWEST_FLAGGED = 3


class Scored(NamedTuple):
    """What is known of a model's scores, whatever it decides; see `Estimates`."""

    values: dict
    contributions: Contributions
    drawn: dict

    @classmethod
    def of(cls, y_true, y_score, drawn, k, precision):
        """Return what is known of scores and of the draws of their metrics."""
        fitted = calibration(y_true, y_score)
        values = metrics.ranking_or_reasons(
            y_true, y_score, k, precision
        ) | metrics.probability_or_reasons(y_true, y_score, fitted)
        values["prevalence"] = "the draws keep the classes as they are"
        contributions = of_ranking(y_true, y_score) | of_probability(y_true, y_score, fitted)
        return cls(values, contributions, drawn)


class Estimates(NamedTuple):
    """What is known of one model.

    Attributes
    ----------
    values : dict of str to float or str
        Each metric, or the reason why it is undefined.
    contributions : Contributions
        Of the rows, to the metrics that have them.
    drawn : dict of str to array of shape (n_draws,)
        The others in each draw.
    trials : dict of str to int
        Rows that a share is of, where these are not the positives.
    n_positives : int
    """

    values: dict
    contributions: Contributions
    drawn: dict
    trials: dict
    n_positives: int

    @classmethod
    def of(cls, y_true, scored, flagged, k):
        """Return the estimates of `Scored` scores and of decisions."""
        n_flagged = int(flagged.sum())
        decided = metrics.decision_or_reasons(y_true, flagged, 0.5)
        if 0 < n_flagged < FEWEST_FLAGGED:
            few = f"fewer than {FEWEST_FLAGGED} rows are flagged, and another sample may have none"
            decided |= {"precision": few, "mcc": few}
        values = scored.values | decided
        return cls(
            {name: value for name, value in values.items() if not isinstance(value, int)},
            scored.contributions | of_decisions(y_true, flagged),
            scored.drawn,
            {"precision": n_flagged, "accuracy": y_true.size, "precision_at_k": k},
            int(y_true.sum(dtype=np.int64)),
        )


def degrees(name, value, strata):
    """Return the degrees of freedom of a metric's standard error: the positives less one.

    Of an average precision no more than twice its hits, the few rows that decide a low one.
    """
    df = strata.sizes[0] - 1
    return max(2.0, min(df, 2 * strata.sizes[0] * value)) if name == RANKED[0] else df


def linear_interval(name, part, whole, strata):
    """Return the interval of ``recall`` or ``precision``: one sum of rows over another.

    Its standard error is that of the ratio made linear (Cochran 1977).

    Parameters
    ----------
    name : str
    part, whole : arrays of shape (n_rows,)
        The sum of ``whole`` is not 0.
    strata : Strata
    """
    total = float(np.sum(whole))
    value = float(np.sum(part)) / total
    error = spread((part - value * whole) / total, strata)
    quantile = Z if name == "recall" else t_quantile(degrees(name, value, strata))
    # Weights that stand for one row may sum to a little less than 1.
    return score_interval(value, error, max(1, round(total)), quantile)


def intervals_of(model, strata):
    """Return the intervals of one model, and the reasons for those that are absent."""
    found, absent = {}, {}
    for name, value in model.values.items():
        each = value
        if not isinstance(value, str):
            error, drawn, _ = _known(name, strata, model)
            n = model.trials.get(name, model.n_positives)
            each = interval(name, value, error, drawn, n, degrees(name, value, strata))
        (absent if isinstance(each, str) else found)[name] = each
    return found, absent


def differences_of(arm, baseline, strata, family=None):
    """Return the paired differences of one arm on each metric that both models have.

    For the area under the ROC curve the standard error is that of DeLong et al. (1988), in the
    fast form of Sun and Xu (2014); all have a t interval with as many degrees of freedom as there
    are positives, less one. ``family`` keeps the metrics of one family.
    """
    found = {}
    for name, value in arm.values.items():
        if isinstance(value, str) or isinstance(baseline.values[name], str):
            continue
        if family and metrics.metric(name).family != family:
            continue
        error, drawn, rows = _known(name, strata, arm, baseline)
        reason = doubt_of_difference(
            name, arm.values, baseline.values, rows, strata, arm.n_positives
        )
        apart = value - baseline.values[name]
        found[name] = difference(name, apart, error, drawn, strata.sizes[0] - 1, reason)
    return {name: each for name, each in found.items() if not isinstance(each, str)}


def _known(name, strata, model, other=None):
    """Return the standard error of a metric or a difference, its draws, and the contributions.

    The draws are None where there are contributions, and the other two where there are none.
    """
    if name in model.contributions:
        _, rows = model.contributions[name]
        if other is not None:
            rows = rows - other.contributions[name][1]
        return spread(rows, strata), None, rows
    drawn = model.drawn[name]
    return None, drawn if other is None else drawn - other.drawn[name], None


def doubt_of_difference(name, arm, baseline, apart, strata, n_positives):
    """Return why the interval of a paired difference may not hold; nothing where it does.

    Parameters
    ----------
    name : str
    arm, baseline : dict of str to float
        Metrics of the two models.
    apart : array of shape (n_rows,) or None
        Difference of the contributions of the rows; those of the area under either curve have some.
    strata : Strata
    n_positives : int
    """
    # Where two models make hardly an error, nothing of their decisions or scores is known well.
    for each in RANKED if name == "roc_auc" else RANKED[:1]:
        if n_positives * (1 - min(arm[each], baseline[each])) < FEWEST_ERRORS:
            return FEW_ERRORS
    if name in RANKED:
        squares = by_unit(apart, strata) ** 2
        value, error = abs(arm[name] - baseline[name]), spread(apart, strata)
        best = max(arm[name], baseline[name])
        if n_positives * (1 - best) < FEWEST_ERRORS and value < CLEAR * error:
            return FEW_ERRORS
        if squares.max() > LARGEST_SHARE * squares.sum() and value < FAR * error:
            unit = "row" if strata.unit.size == sum(strata.sizes) else "group"
            share = 100 * squares.max() / squares.sum()
            return f"one {unit} makes {share:.0f} % of the variance of the difference"
    return ""


def paired_recall(difference, pair, n_positives):
    """Return the difference of recalls with the interval and the test for paired shares.

    With few discordant positives a standard error is far too small; with none it is 0.
    """
    low, high = paired_interval(pair.only_arm, pair.only_baseline, n_positives)
    return replace(difference, low=low, high=high, p_value=pair.p_value, doubt="")
