"""Metrics of how well scores serve as probabilities.

``brier``, ``log_loss`` and ``mean_probability`` are means over rows: their functions return the
value of each row, so that a bootstrap adds them up by draw.
"""

import numpy as np
from scipy.special import logit

EPSILON = np.finfo(float).eps  # probabilities are cut this far from 0 and 1 before a logarithm
ECE_BINS = 10


def log_odds(probability):
    """Return log(p / (1 - p)), finite at 0 and 1 too."""
    return logit(np.clip(probability, EPSILON, 1 - EPSILON))


def squared_error(y_true, y_score):
    """Return the squared distance of each probability from its label (Brier 1950)."""
    return (y_score - y_true) ** 2


def log_loss(y_true, y_score):
    """Return minus the logarithm of the probability that each row's own class was given."""
    p = np.clip(y_score, EPSILON, 1 - EPSILON)
    return -np.where(y_true == 1, np.log(p), np.log1p(-p))


def probability(y_true, y_score):
    """Return the probabilities themselves."""
    del y_true
    return y_score


def calibration(y_true, y_score):
    """Return the logistic calibration of scores of both classes.

    Returns
    -------
    intercept : float
        With the slope held at 1.
    line : (float, float) or None
        Intercept and slope, both free; None where one value separates the classes.
    """
    x, ones = log_odds(y_score), np.ones((y_true.size, 1))
    intercept = float(logistic(ones, y_true, x, [0.0])[0])
    if _separated(x, y_true == 1):
        return intercept, None
    return intercept, tuple(logistic(np.c_[ones, x], y_true, 0.0, [intercept, 1.0]).tolist())


def _separated(x, positive):
    # Copies of one class, of millions of rows, end with this function.
    positives, negatives = x[positive], x[~positive]
    return positives.min() >= negatives.max() or positives.max() <= negatives.min()


def ece_bins(y_score):
    """Return the bin of each row; bins hold about equal counts, and equal scores stay together."""
    edges = np.quantile(y_score, np.arange(1, ECE_BINS) / ECE_BINS)
    return np.searchsorted(edges, y_score, side="right")


def ece(y_true, y_score):
    """Return the expected calibration error over `ece_bins` (Naeini et al. 2015)."""
    gaps = np.bincount(ece_bins(y_score), weights=y_score - y_true)
    return float(np.abs(gaps).sum() / y_true.size)


def logistic(X, y, offset, start=None):
    """Return the coefficients of an unpenalised logistic regression, by Newton's steps.

    A step that does not lower the loss is halved until it does, which keeps a start far from
    the answer from running away.
    """

    def fit(coefficients):
        z = X @ coefficients + offset
        both = np.logaddexp(0, z)
        return both.sum() - z[y == 1].sum(), np.exp(z - both)

    coefficients = np.zeros(X.shape[1]) if start is None else np.asarray(start, dtype=float)
    loss, p = fit(coefficients)
    for _ in range(100):
        hessian = X.T @ (X * (p * (1 - p))[:, None])
        step = np.linalg.lstsq(hessian, X.T @ (y - p), rcond=None)[0]
        before = loss
        while True:
            loss, p = fit(coefficients + step)
            if loss <= before or np.abs(step).max() <= 1e-12:
                break
            step = step / 2
        coefficients = coefficients + step
        if np.abs(step).max() <= 1e-9:
            break
    return coefficients
