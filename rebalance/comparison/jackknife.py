"""Standard errors from what each row contributes to a metric, without any draw.

A row's contribution is what the metric loses when the row is left out, and the variance of the
metric is that of the summed contributions: the jackknife (Efron and Stein 1981), which for the
area under the ROC curve is DeLong's (DeLong et al. 1988). It has no noise of its own, and where
few positives make the spread of bootstrap draws too small it errs to the safe side. All rows are
left out in turn at the cost of one sort.

Each function returns `Contributions`: the value of a metric and an array of shape (n_rows,), by
the name of each metric that is defined.
"""

from collections import UserDict
from functools import partial

import numpy as np
from scipy.special import expit

from rebalance.metrics import METRICS, Order, probability_metrics, rates
from rebalance.metrics.probability import calibration, log_odds
from rebalance.metrics.table import PROBABILITY


class Contributions(UserDict):
    """The value of each metric, and what every row contributes to it, worked out on access.

    All of one model together would take sixteen times the memory of its scores.
    """

    def __getitem__(self, name):
        """Return the value and the contributions of one metric."""
        value, contributions = self.data[name]
        return value, contributions()


def of_ranking(y_true, y_score, weight=1.0):
    """Return average precision and ROC AUC, with every row's contribution.

    In average precision each negative stands for ``weight`` of them. Rows of one class between the
    same two scores of positives contribute alike.
    """
    positive = y_true == 1
    n_positives, n_negatives = int(positive.sum()), int((~positive).sum())
    order = Order.of(y_true, y_score)
    # Of each step the negatives above it, those at it, and its positives.
    kind = (3 * order.step + order.tied + positive).astype(np.int32)
    counts = np.bincount(kind, minlength=3 * order.n_steps + 3).reshape(-1, 3)
    reached, of_positive = np.array([0, 1, 1]), np.array([False, False, True])
    here, tied, negatives = counts[:-1, 2], counts[:-1, 1], counts[:-1, :2].sum(axis=1)
    tp, fp = np.cumsum(here), np.cumsum(negatives)

    # The share of the other class that a row is ordered rightly against, ties counting half.
    outranked = np.append(1 - (fp - tied / 2) / n_negatives, 0)
    outranking = np.append(0, tp)[:, None] + np.append(here, 0)[:, None] * reached / 2
    auc = outranked[order.step[positive]].mean()
    to_auc = np.where(
        of_positive,
        (outranked[:, None] - auc) / n_positives,
        (outranking / n_positives - auc) / n_negatives,
    )
    average, without = _average_precision(here, tp, fp, weight)
    to_average = (average - np.where(of_positive, *(side[:, None] for side in without))) * np.where(
        of_positive, 1 - 1 / n_positives, 1 - 1 / n_negatives
    )
    return Contributions(
        average_precision=(average, partial(np.take, to_average, kind)),
        roc_auc=(float(auc), partial(np.take, to_auc, kind)),
    )


def of_decisions(y_true, flagged):
    """Return the metrics of decisions, with every row's contribution.

    There are four kinds of rows, and each metric is computed anew without one row of each. A row
    without which a metric is undefined is taken to contribute nothing.
    """
    # True and false positive, the missed, ...
    kind = 2 * (1 - flagged.astype(np.int8)) + (y_true == 0)
    counts = np.bincount(kind, minlength=4)
    of_class = counts[:2] + counts[2:]
    scale = np.tile(1 - 1 / of_class, 2)
    values = rates(counts[0], counts[1], counts[2], counts[3])
    tp, fp, fn, tn = np.maximum(counts[:, None] - np.eye(4), 0)
    found = {}
    for name, without in rates(tp, fp, fn, tn).items():
        value = float(values[name])
        if not np.isnan(value):
            found[name] = value, np.nan_to_num(value - without) * scale
    if "precision" in found:
        # As `estimates.linear_interval` has it: one number has one interval.
        value = found["precision"][0]
        found["precision"] = value, np.array([1 - value, -value, 0, 0]) / counts[:2].sum()
    return Contributions(
        {name: (value, partial(np.take, each, kind)) for name, (value, each) in found.items()}
    )


def of_probability(y_true, y_score, fitted=None):
    """Return the metrics of probabilities but the ECE, with every row's contribution.

    Calibration is linearised: the contribution is that of a row to the logistic regression's
    gradient, times the inverse of its curvature.

    Parameters
    ----------
    y_true, y_score : arrays of shape (n_rows,)
    fitted : tuple, optional
        What `calibration` returns of them, where it is known.
    """
    fitted = fitted or calibration(y_true, y_score)
    values = probability_metrics(y_true, y_score, fitted)
    by_row = {
        name: partial(_to_mean, row.function, y_true, y_score)
        for name, row in METRICS.items()
        if row.family == PROBABILITY and row.function
    }
    by_row["brier_skill"] = partial(_to_skill, y_true, by_row["brier"], values["brier"])
    intercept, line = fitted
    for name, column, coefficients in (
        ("calibration_intercept", 0, (intercept, 1.0)),
        ("calibration_slope", 1, line),
    ):
        if name in values:
            inverse = _inverse_curvature(y_score, column, coefficients)
            by_row[name] = partial(_to_calibration, y_true, y_score, coefficients, inverse)
    return Contributions(
        {name: (values[name], each) for name, each in by_row.items() if name in values}
    )


def _to_mean(function, y_true, y_score):
    """Return what every row contributes to the mean of a function of rows."""
    each = function(y_true, y_score)
    return (each - each.mean()) / y_true.size


def _to_skill(y_true, to_brier, brier):
    """Return what every row contributes to the Brier skill."""
    share = y_true.mean()
    variance = share * (1 - share)
    # Where whole groups are drawn, the prevalence moves too.
    moved = brier * (1 - 2 * share) / variance * (y_true - share) / y_true.size
    return (moved - to_brier()) / variance


def _inverse_curvature(y_score, column, coefficients):
    """Return a column of the inverse of the logistic regression's curvature."""
    x = log_odds(y_score)
    X, p = _with_ones(x, column), expit(coefficients[0] + coefficients[1] * x)
    return np.linalg.pinv(X.T @ (X * (p * (1 - p))[:, None]))[:, column]


def _to_calibration(y_true, y_score, coefficients, inverse):
    """Return what every row contributes to the last coefficient that is free."""
    x = log_odds(y_score)
    p = expit(coefficients[0] + coefficients[1] * x)
    return (y_true - p) * (_with_ones(x, inverse.size - 1) @ inverse)


def _with_ones(x, column):
    return np.c_[np.ones(x.size), x][:, : column + 1]


def _average_precision(here, tp, fp, weight):
    """Return average precision, and what it is without one row.

    Parameters
    ----------
    here, tp, fp : arrays of shape (n_steps,)
        Positives at each step, and positives and negatives down to it.
    weight : float

    Returns
    -------
    average : float
    without : (array of shape (n_steps + 1,), array of shape (n_steps + 1,))
        Without a positive, without a negative, whose first step this is; at the end below all.
    """
    n_positives = tp[-1]
    fp = weight * fp
    precision = tp / (tp + fp)
    average = np.sum(here * precision) / n_positives
    # Without a positive, precision falls from its step down; without a negative, it rises.
    fallen = (tp - 1) / np.maximum(tp + fp - 1, 1)
    risen = tp / np.maximum(tp + fp - weight, 1) - precision
    above = np.cumsum(here * precision) - here * precision
    without_positive = (above + _from_here(here * fallen) - fallen) / (n_positives - 1)
    without_negative = average + _from_here(here * risen) / n_positives
    sides = without_positive, without_negative
    return float(average), tuple(np.append(side, average) for side in sides)


def _from_here(values):
    return np.cumsum(values[::-1])[::-1]


def by_unit(contribution, strata):
    """Return the contributions of rows summed over each unit that is drawn."""
    return np.bincount(strata.unit, weights=contribution, minlength=sum(strata.sizes))


def spread(contribution, strata):
    """Return the standard error that contributions give.

    Parameters
    ----------
    contribution : array of shape (n_rows,)
        To one metric, or the difference of those of two models; summed over groups where groups
        are drawn.
    strata : Strata
    """
    per_unit, variance, first = by_unit(contribution, strata), 0.0, 0
    for size in strata.sizes:
        part = per_unit[first : first + size]
        variance += size * float(part.var(ddof=1)) if size > 1 else 0.0
        first += size
    return float(np.sqrt(variance))
