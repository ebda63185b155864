"""Standard errors from what each row contributes to a metric, without any draw.

A row's contribution is what the metric loses when the row is left out, and the variance of the
metric is that of the summed contributions: the jackknife (Efron and Stein 1981), which for the
area under the ROC curve is DeLong's (DeLong et al. 1988). It has no noise of its own, and where
few positives make the spread of bootstrap draws too small it errs to the safe side. All rows are
left out in turn at the cost of one sort.

Each function returns a dict of str to (float, array of shape (n_rows,)): the value of a metric and
the contributions, for those that are defined.
"""

import numpy as np
from scipy.special import expit

from rebalance.metrics import METRICS, Order, probability_metrics, rates
from rebalance.metrics.probability import calibration, log_odds
from rebalance.metrics.table import PROBABILITY


def of_ranking(y_true, y_score, weight=1.0):
    """Return average precision and ROC AUC, with every row's contribution.

    In average precision each negative stands for ``weight`` of them.
    """
    positive = y_true == 1
    n_positives, n_negatives = int(positive.sum()), int((~positive).sum())
    order = Order.of(y_true, y_score)
    here = np.bincount(order.step[positive], minlength=order.n_steps)
    negatives = np.bincount(order.step[~positive], minlength=order.n_steps + 1)[:-1]
    tied = np.bincount(order.step[~positive & order.tied], minlength=order.n_steps + 1)[:-1]
    tp, fp = np.cumsum(here), np.cumsum(negatives)

    # The share of the other class that a row is ordered rightly against, ties counting half.
    outranked = np.r_[1 - (fp - tied / 2) / n_negatives, 0][order.step]
    outranking = np.r_[0, tp][order.step] + np.r_[here, 0][order.step] * order.tied / 2
    auc = outranked[positive].mean()
    to_auc = np.where(
        positive,
        (outranked - auc) / n_positives,
        (outranking / n_positives - auc) / n_negatives,
    )
    average, without = _average_precision(here, tp, fp, weight)
    to_average = (average - np.where(positive, *(side[order.step] for side in without))) * np.where(
        positive, 1 - 1 / n_positives, 1 - 1 / n_negatives
    )
    return {"average_precision": (average, to_average), "roc_auc": (float(auc), to_auc)}


def of_decisions(y_true, flagged):
    """Return the metrics of decisions, with every row's contribution.

    There are four kinds of rows, and each metric is computed anew without one row of each. A row
    without which a metric is undefined is taken to contribute nothing.
    """
    kind = 2 * (1 - flagged.astype(int)) + (y_true == 0)  # true and false positive, the missed, ...
    counts = np.bincount(kind, minlength=4)
    of_class = counts[:2] + counts[2:]
    values = rates(counts[0], counts[1], counts[2], counts[3])
    tp, fp, fn, tn = np.maximum(counts[:, None] - np.eye(4), 0)
    found = {}
    for name, without in rates(tp, fp, fn, tn).items():
        value = float(values[name])
        if not np.isnan(value):
            losses = np.nan_to_num(value - without) * np.tile(1 - 1 / of_class, 2)
            found[name] = value, losses[kind]
    if "precision" in found:
        # As `estimates.linear_interval` has it: one number has one interval.
        value = found["precision"][0]
        found["precision"] = value, flagged * ((y_true == 1) - value) / flagged.sum()
    return found


def of_probability(y_true, y_score):
    """Return the metrics of probabilities but the ECE, with every row's contribution.

    Calibration is linearised: the contribution is that of a row to the logistic regression's
    gradient, times the inverse of its curvature.
    """
    n_rows, values = y_true.size, probability_metrics(y_true, y_score)
    variance = y_true.mean() * (1 - y_true.mean())
    by_row = {}
    for name, row in METRICS.items():
        if row.family == PROBABILITY and row.function:
            each = row.function(y_true, y_score)
            by_row[name] = (each - each.mean()) / n_rows
    # Where whole groups are drawn, the prevalence moves too.
    moved = values["brier"] * (1 - 2 * y_true.mean()) / variance * (y_true - y_true.mean()) / n_rows
    by_row["brier_skill"] = (moved - by_row["brier"]) / variance
    x, (intercept, line) = log_odds(y_score), calibration(y_true, y_score)
    for name, column, coefficients in (
        ("calibration_intercept", 0, (intercept, 1.0)),
        ("calibration_slope", 1, line),
    ):
        if name in values:
            X = np.c_[np.ones(n_rows), x][:, : column + 1]
            p = expit(coefficients[0] + coefficients[1] * x)
            inverse = np.linalg.pinv(X.T @ (X * (p * (1 - p))[:, None]))
            by_row[name] = (y_true - p) * (X @ inverse[:, column])
    return {name: (values[name], each) for name, each in by_row.items() if name in values}


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
    return float(average), (np.r_[without_positive, average], np.r_[without_negative, average])


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
