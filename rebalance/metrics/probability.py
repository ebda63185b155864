"""How well the scores serve as probabilities."""

import numpy as np

from rebalance.metrics.checks import NO_NEGATIVES, NO_POSITIVES, check, check_probability, defined

EPSILON = np.finfo(float).eps  # probabilities are cut this far from 0 and 1 before a logarithm
ECE_BINS = 10

SEPARATED = "one value separates the classes, so that no finite slope is the best"


def probability_metrics(y_true, y_score):
    """Return how well the scores serve as probabilities.

    ``brier_skill`` compares with the prevalence as everybody's score. ``calibration_intercept``
    is that of a logistic regression on the log-odds with the slope held at 1, and
    ``calibration_slope`` the slope left free (Van Calster et al. 2019): 0 and 1 when the
    probabilities are right. ``ece`` has bins of about equal count: with a rare class, bins of
    equal width put nearly all rows in one.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        If the arrays do not fit together or a score is outside 0 to 1.
    """
    y_true, y_score = check(y_true, y_score)
    return defined(probability_or_reasons(y_true, check_probability(y_score)))


def log_odds(probability):
    """Return log(p / (1 - p)), finite at 0 and 1 too."""
    p = np.clip(probability, EPSILON, 1 - EPSILON)
    return np.log(p) - np.log1p(-p)


def probability_or_reasons(y_true, y_score):
    """Return each metric of the probabilities, or the reason why it is undefined."""
    prevalence, brier = float(y_true.mean()), float(np.mean((y_score - y_true) ** 2))
    metrics = {
        "brier": brier,
        "log_loss": _log_loss(y_true, y_score),
        "ece": _ece(y_true, y_score),
        "mean_probability": float(y_score.mean()),
        "prevalence": prevalence,
    }
    one_class = NO_POSITIVES if prevalence == 0 else NO_NEGATIVES
    if prevalence in (0, 1):
        names = ["brier_skill", "calibration_intercept", "calibration_slope"]
        return metrics | dict.fromkeys(names, one_class)
    metrics["brier_skill"] = 1 - brier / (prevalence * (1 - prevalence))
    intercept, line = calibration(y_true, y_score)
    metrics["calibration_intercept"] = intercept
    return metrics | {"calibration_slope": SEPARATED if line is None else line[1]}


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


def _log_loss(y_true, y_score):
    p = np.clip(y_score, EPSILON, 1 - EPSILON)
    return float(-np.mean(np.where(y_true == 1, np.log(p), np.log1p(-p))))


def _ece(y_true, y_score):
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
