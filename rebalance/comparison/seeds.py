"""Differences of treatments: fitted with several seeds, whose spread is part of the error."""

from math import sqrt

import numpy as np

from rebalance.comparison.estimates import RANKED, doubt_of_difference
from rebalance.comparison.intervals import difference
from rebalance.comparison.jackknife import spread


def over_seeds(name, arm, baseline, strata):
    """Return the paired difference of two treatments' means over seeds, and degrees of freedom.

    Its variance is a sum: that of the mean difference over the rows, and for each treatment that of
    its values over its m seeds, divided by m (Bouthillier et al. 2021); the degrees of freedom are
    those of a sum of variances (Satterthwaite 1946). What seeds and rows do together is in both
    parts, so that the error is a little too large, not too small.

    Parameters
    ----------
    name : str
        The metric.
    arm, baseline : list of Estimates
        One a seed; of a treatment that no seed changes a single one.
    strata : Strata

    Returns
    -------
    Difference, float
    """
    values = [np.array([each.values[name] for each in side]) for side in (arm, baseline)]
    value = float(values[0].mean() - values[1].mean())
    if name in arm[0].contributions:
        rows = _mean(arm, name) - _mean(baseline, name)
        by_rows = spread(rows, strata)
    else:
        rows = None
        drawn = [np.mean([each.drawn[name] for each in side], axis=0) for side in (arm, baseline)]
        by_rows = float(np.nanstd(drawn[0] - drawn[1], ddof=1))
    parts = [(by_rows**2, strata.sizes[0] - 1)]
    if value or by_rows:  # scores that are the baseline's own are so with any seed
        parts += [(side.var(ddof=1) / side.size, side.size - 1) for side in values if side.size > 1]
    variance = float(sum(part for part, _ in parts))
    squares = sum(part**2 / degrees for part, degrees in parts)
    df = float(variance**2 / squares) if squares else parts[0][1]
    means = [
        {each: np.mean([model.values[each] for model in side]) for each in {name, *RANKED}}
        for side in (arm, baseline)
    ]
    reason = doubt_of_difference(name, *means, rows, strata, arm[0].n_positives)
    return difference(name, value, sqrt(variance), None, df, reason), df


def _mean(models, name):
    """Return the mean of what every row contributes to a metric of several models."""
    total = sum(each.contributions[name][1] for each in models)
    return total / len(models)
