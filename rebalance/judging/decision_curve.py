"""The decision curve: what flagging is worth at each exchange rate of hits and false alarms."""

import numpy as np

from rebalance.comparison.intervals import t_interval

FLAG_ALL, FLAG_NONE = "flag all", "flag none"
LOWEST, POINTS = 1e-4, 40


def net_benefit(y_true, y_score, threshold):
    """Return what each row adds to the net benefit of flagging from a probability on.

    A hit counts 1 and a false alarm minus the odds of the threshold (Vickers and Elkin 2006): who
    flags from a probability of .1 on takes nine false alarms for a hit. The net benefit is the
    mean over all rows.
    """
    flagged = y_score >= threshold
    return np.where(flagged, np.where(y_true == 1, 1.0, -threshold / (1 - threshold)), 0.0)


def thresholds(y_true):
    """Return the probabilities that a curve is drawn at, up to .99 on a scale of the odds."""
    low = max(LOWEST, min(0.01, float(np.mean(y_true)) / 10))
    odds = np.geomspace(low / (1 - low), 99.0, POINTS)
    return odds / (1 + odds)


def curve(y_true, y_scores, baseline, groups=None):
    """Return the net benefit of every model at every threshold, with 95 % intervals.

    Parameters
    ----------
    y_true : array of shape (n_rows,)
    y_scores : dict of str to array of shape (n_rows,)
        Probabilities by model.
    baseline : str
        The model that the others are compared with, in pairs.
    groups : array of shape (n_rows,), optional
        Rows that belong together.

    Returns
    -------
    list of dict
        ``model``, ``threshold``, ``net_benefit``, ``low``, ``high``, ``difference``,
        ``difference_low`` and ``difference_high``; the policies ``flag all`` and ``flag none``
        stand among the models. The number of positives is free: the intervals are those of a
        sample of rows, or of groups, drawn from all.
    """
    always = {FLAG_ALL: np.float64(1), FLAG_NONE: np.float64(-1)}
    points = []
    for threshold in thresholds(y_true):
        usual = net_benefit(y_true, y_scores[baseline], threshold)
        for name, y_score in (y_scores | always).items():
            values = net_benefit(y_true, y_score, threshold)
            value, low, high = _mean(values, groups)
            difference = _mean(values - usual, groups)
            points.append(
                {
                    "model": name,
                    "threshold": float(threshold),
                    "net_benefit": value,
                    "low": low,
                    "high": high,
                    **dict(
                        zip(
                            ("difference", "difference_low", "difference_high"),
                            difference,
                            strict=True,
                        )
                    ),
                }
            )
    return points


def _mean(values, groups):
    """Return the mean of rows and the ends of its interval; groups are drawn as wholes."""
    mean = float(values.mean())
    if groups is None:
        error, units = values.std(ddof=1) / np.sqrt(values.size), values.size
    else:
        sums = np.bincount(groups, weights=values - mean)
        units = sums.size
        error = np.sqrt(units / (units - 1) * (sums**2).sum()) / values.size
    low, high, _ = t_interval(mean, float(error), units - 1)
    return mean, float(low), float(high)
