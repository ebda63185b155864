"""Standard errors from what each row contributes to a metric, without any draw.

A row's contribution is what the metric loses when the row is left out, and the variance of the
metric is that of the summed contributions: the jackknife (Efron and Stein 1981), which for the
area under the ROC curve is DeLong's (DeLong et al. 1988). It has no noise of its own, and where
few positives make the spread of bootstrap draws too small it errs to the safe side. All rows are
left out in turn at the cost of one sort.
"""

import numpy as np

from rebalance.metrics import Order


def contributions(y_true, y_score, flagged):
    """Return average precision, ROC AUC, recall and precision, with every row's contribution.

    Precision is there where a row is flagged.

    Parameters
    ----------
    y_true, y_score, flagged : arrays of shape (n_rows,)

    Returns
    -------
    dict of str to (float, array of shape (n_rows,))
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
    recall = flagged[positive].mean()
    to_recall = np.where(positive, flagged - recall, 0.0) / n_positives
    average, without = _average_precision(here, tp, fp)
    to_average = (average - np.where(positive, *(side[order.step] for side in without))) * np.where(
        positive, 1 - 1 / n_positives, 1 - 1 / n_negatives
    )
    by_metric = {
        "average_precision": (average, to_average),
        "roc_auc": (float(auc), to_auc),
        "recall": (float(recall), to_recall),
    }
    if flagged.any():
        precision = positive[flagged].mean()
        by_metric["precision"] = (
            float(precision),
            flagged * (positive - precision) / flagged.sum(),
        )
    return by_metric


def _average_precision(here, tp, fp):
    """Return average precision, and what it is without one row.

    Parameters
    ----------
    here, tp, fp : arrays of shape (n_steps,)
        Positives at each step, and positives and negatives down to it.

    Returns
    -------
    average : float
    without : (array of shape (n_steps + 1,), array of shape (n_steps + 1,))
        Without a positive, without a negative, whose first step this is; at the end below all.
    """
    n_positives = tp[-1]
    precision = tp / (tp + fp)
    average = np.sum(here * precision) / n_positives
    # Without a positive, precision falls from its step down; without a negative, it rises.
    fallen = (tp - 1) / np.maximum(tp + fp - 1, 1)
    risen = tp / np.maximum(tp + fp - 1, 1) - precision
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
    """Return the standard error that contributions give, and how well they know it.

    The degrees of freedom follow from the kurtosis of the contributions (Satterthwaite 1946):
    where a handful of positives that the model ranks low carry the error, as they do for a ROC
    AUC near 1, fifty positives know it no better than ten would.

    Parameters
    ----------
    contribution : array of shape (n_rows,)
        To one metric, or the difference of those of two models; summed over groups where groups
        are drawn.
    strata : Strata

    Returns
    -------
    error, df : float
    """
    per_unit = by_unit(contribution, strata)
    variances, uncertainties, first = [0.0], [0.0], 0
    for size in strata.sizes:
        part = per_unit[first : first + size]
        first += size
        squares = (part - part.sum() / max(size, 1)) ** 2
        variance = size * squares.sum() / (size - 1) if size > 1 else 0.0
        if variance > 0:
            excess = size * (squares @ squares) / squares.sum() ** 2 - 3
            variances.append(variance)
            uncertainties.append(variance**2 * (1 / (size - 1) + max(excess, 0) / 2 / size))
    total = sum(variances)
    df = total**2 / sum(uncertainties) if total > 0 else strata.sizes[0] - 1
    return float(np.sqrt(total)), float(max(df, 2.0))
