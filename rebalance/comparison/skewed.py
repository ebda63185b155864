"""Intervals of sums and ratios of rows that are very unequal: costs."""

import numpy as np

from rebalance.comparison.intervals import t_quantile


def skewed_interval(value, parts):
    """Return the 95 % interval of a number that is a sum over units drawn at random.

    Hall's transformation (1992) corrects the interval for the skewness of the units: of few large
    costs the next sample may hold more, and an interval that is as long on both sides ends too
    low. Student's t takes the place of the normal distribution, with degrees of freedom from the
    kurtosis (Satterthwaite 1946): few large costs know their own spread badly.

    Parameters
    ----------
    value : float
    parts : array of shape (n_units,)
        What each row, or group of rows, adds to the number: to a total its part of it, to a ratio
        that of the linear approximation, as ``(part - ratio * whole) / total``.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> from numpy import r_, ones, zeros
    >>> [round(end, 2) for end in skewed_interval(9.0, r_[ones(9), zeros(9991)])]
    [3.89, 18.3]
    """
    n, apart = parts.size, parts - parts.mean()
    error = float(np.sqrt(n * apart.var(ddof=1)))
    if error == 0:
        return value, value
    excess = max(0.0, float(n * (apart**4).sum() / (apart @ apart) ** 2) - 3)
    df = max(2.0, 1 / (1 / (n - 1) + excess / 2 / n))
    quantile, skewness = t_quantile(df), float((apart**3).sum()) / error**3
    return value - error * _back(quantile, skewness), value - error * _back(-quantile, skewness)


def _back(quantile, skewness):
    """Return the standardized error that Hall's cubic function takes to a quantile."""
    if abs(skewness) < 1e-6:
        return quantile
    cube = 1 + skewness * (quantile - skewness / 6)
    return float(3 / skewness * (np.cbrt(cube) - 1))


def units_worth(parts):
    """Return how many units of equal size would spread as much as these do (Kish 1965).

    >>> units_worth(np.array([5.0, 5.0, 0.0])), units_worth(np.array([9.0, 1.0, 0.0]))
    (2.0, 1.2195121951219512)
    """
    squares = float((parts**2).sum())
    return float(parts.sum()) ** 2 / squares if squares else 0.0
