"""Tests of a difference, and what follows when there are several."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

ALPHA = 0.05
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class Discordant:
    """Rows that one of two decisions flags and the other does not.

    Attributes
    ----------
    only_arm, only_baseline : int
    p_value : float
        Exact and two-sided (McNemar 1947).
    """

    only_arm: int
    only_baseline: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """The mean difference over folds that share training rows, with its 95 % interval."""

    value: float
    low: float
    high: float
    p_value: float
    folds: int


def mcnemar(arm, baseline):
    """Return the exact test that two decisions flag the same share of the same rows.

    Parameters
    ----------
    arm, baseline : array-like of bool of shape (n_rows,)
        Decisions for the positives, or for the negatives: never both together, where the many
        negatives would drown the few positives.

    Returns
    -------
    Discordant
    """
    from scipy.special import bdtr

    arm, baseline = np.asarray(arm, dtype=bool), np.asarray(baseline, dtype=bool)
    gained, lost = int(np.sum(arm & ~baseline)), int(np.sum(baseline & ~arm))
    p = min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5))) if gained != lost else 1.0
    return Discordant(only_arm=gained, only_baseline=lost, p_value=p)


def holm(p_values):
    """Return p-values that stay valid when the smallest of several is picked (Holm 1979).

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(p_values.size, 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p_values[order]))
    return adjusted


def p_text(p_value):
    """Return a p-value with three digits, or that it is below them.

    >>> p_text(0.0412), p_text(0.0004)
    ('0.041', '< 0.001')
    """
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def corrected_t_test(differences, n_train, n_test):
    """Return the t-test for differences of repeated folds (Nadeau and Bengio 2003).

    Folds share training rows, so that the plain t-test is far too sure of itself; the correction
    adds the share of test to training rows to the variance.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        Arm minus baseline, one for each fold of each repeat.
    n_train, n_test : int
        Rows of a training and of a test fold.

    Returns
    -------
    Corrected

    Raises
    ------
    ValueError
        If there are fewer than two folds, a difference is not finite or a fold is empty.
    """
    from scipy.special import stdtr, stdtrit

    d = np.asarray(differences, dtype=float)
    if d.ndim != 1 or d.size < 2 or not np.isfinite(d).all():
        raise ValueError(
            f"differences must be finite, one a fold, of at least two folds, got {d.tolist()}."
        )
    if n_train < 1 or n_test < 1:
        raise ValueError(f"folds must have rows, got n_train={n_train} and n_test={n_test}.")
    df, mean = d.size - 1, float(d.mean())
    error = sqrt((1 / d.size + n_test / n_train) * d.var(ddof=1))
    half = float(stdtrit(df, 1 - ALPHA / 2)) * error
    statistic = abs(mean) / error if error > 0 else 0.0 if mean == 0 else np.inf
    p_value = float(2 * stdtr(df, -statistic))
    return Corrected(
        value=mean, low=mean - half, high=mean + half, p_value=p_value, folds=int(d.size)
    )


def equivalence(value, standard_error, df, margin):
    """Return the p-value that a difference lies outside the margin, on either side.

    Two one-sided tests (Schuirmann 1987): twice the greater of their p-values, so that at 5 % the
    whole 95 % interval lies inside the margin. At 5 % each, with the 90 % interval, an arm that is
    off by the margin is called equal in up to 7 % of runs: of two models whose scores are alike, a
    small difference comes with too small a standard error.

    >>> round(equivalence(0.0, 0.005, 99, 0.01), 4)
    0.0482
    """
    from scipy.special import stdtr

    if standard_error == 0:
        return float(abs(value) >= margin)
    return min(1.0, 2 * float(stdtr(df, (abs(value) - margin) / standard_error)))


def detectable(standard_error, n_tests=1):
    """Return the smallest true difference that is detected four times in five.

    In a two-sided test at 5 %, shared by ``n_tests`` arms.

    >>> round(detectable(0.01), 4), round(detectable(0.01, n_tests=5), 4)
    (0.028, 0.0342)
    """
    from scipy.special import ndtri

    return float((ndtri(1 - ALPHA / 2 / n_tests) + ndtri(POWER)) * standard_error)
