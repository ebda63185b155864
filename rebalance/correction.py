"""Probabilities at the natural prevalence: one affine map of the log-odds, inside the model.

Under-sampling by a share beta adds ``log(beta)`` to the log-odds (Dal Pozzolo et al., 2015), a
weight w of the positives adds ``-log(w)`` (Elkan, 2001), and a sigmoid on the log-odds is a slope
and an intercept (Platt, 1999). Together they are two numbers.
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from rebalance.errors import InputError
from rebalance.metrics._probability import logistic
from rebalance.selection import probabilities

# Isotonic regression follows noise below about this many positives (Niculescu-Mizil and Caruana,
# 2005).
ISOTONIC_POSITIVES = 1000

# Beyond the log-odds of the floats next to 0 and 1, so that the map keeps every order.
LOWEST, HIGHEST = -750.0, 38.0


def log_odds(probability):
    """Return the log-odds of probabilities, finite at 0 and at 1 and strictly increasing.

    >>> log_odds([0.0, 0.5, 1.0])
    array([-750.,    0.,   38.])
    """
    p = np.asarray(probability, dtype=float)
    with np.errstate(divide="ignore"):
        odds = np.log(p) - np.log1p(-p)
    return np.clip(odds, LOWEST, HIGHEST)


def expit(odds):
    """Return the probabilities of log-odds.

    >>> expit([0.0])
    array([0.5])
    """
    odds = np.asarray(odds, dtype=float)
    small = np.exp(-np.abs(odds))
    return np.where(odds >= 0, 1 / (1 + small), small / (1 + small))


def fit_sigmoid(y, odds):
    """Return slope and intercept of the sigmoid that fits ``y`` best (Platt, 1999).

    ``y`` holds 0 and 1, ``odds`` log-odds; both have the shape (n_rows,).
    """
    intercept, slope = logistic(np.column_stack([np.ones_like(odds), odds]), y, 0.0)
    return float(slope), float(intercept)


class CorrectedClassifier(ClassifierMixin, BaseEstimator):
    """Answer with corrected probabilities, and decide at the chosen threshold.

    Parameters
    ----------
    estimator : fitted classifier of the classes 0 and 1
    features : list of str
        Names of the columns, in the order in which the estimator knows them.
    slope, intercept : float
        The affine map of the log-odds; 1 and 0 leave the probabilities untouched.
    threshold : float
        `predict` answers 1 where the corrected probability reaches it.
    knots : array of shape (2, n_knots) or None
        Log-odds and probabilities of a calibration curve that replaces the affine map.
    thresholds : dict of str to dict
        Every rule's choice on the out-of-fold scores: the fields of `thresholds.Threshold`.
    """

    def __init__(
        self,
        estimator,
        *,
        features=(),
        slope=1.0,
        intercept=0.0,
        threshold=0.5,
        knots=None,
        thresholds=None,
    ):
        self.estimator = estimator
        self.features = features
        self.slope = slope
        self.intercept = intercept
        self.threshold = threshold
        self.knots = knots
        self.thresholds = thresholds

    @property
    def classes_(self):
        """Return the two classes."""
        return np.array([0, 1])

    def __sklearn_is_fitted__(self):
        """Say that the estimator came fitted."""
        return True

    def fit(self, X, y):
        """Refuse: the estimator came fitted, and the correction belongs to that fit."""
        raise NotImplementedError("a corrected classifier is made fitted; train it by a stage")

    def raw_scores(self, X):
        """Return the uncorrected probabilities of the positive class, shape (n_rows,).

        ``X`` is an array of shape (n_rows, n_features) or a data frame with the columns by name.
        """
        if hasattr(X, "columns"):
            X = X[list(self.features)].to_numpy(dtype=float)
        return probabilities(self.estimator, X)[:, 1]

    def correct(self, raw):
        """Return the corrected probabilities of ``raw`` probabilities."""
        if self.knots is not None:
            return np.interp(log_odds(raw), *self.knots)
        if (self.slope, self.intercept) == (1.0, 0.0):
            return np.asarray(raw, dtype=float)
        return expit(self.slope * log_odds(raw) + self.intercept)

    def predict_proba(self, X):
        """Return the corrected probabilities of both classes, shape (n_rows, 2)."""
        p = self.correct(self.raw_scores(X))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        """Return 1 where the corrected probability reaches the threshold, else 0."""
        return (self.correct(self.raw_scores(X)) >= self.threshold).astype(int)


class Curve(NamedTuple):
    """A map of log-odds to probabilities: an affine one, or knots that replace it.

    The defaults change nothing.
    """

    slope: float = 1.0
    intercept: float = 0.0
    knots: np.ndarray | None = None

    def __call__(self, odds):
        """Return the probabilities of log-odds."""
        if self.knots is not None:
            return np.interp(odds, *self.knots)
        return expit(self.slope * odds + self.intercept)


def check(params, y):
    """Raise `InputError` where the section ``calibrate`` asks for more positives than ``y`` has."""
    if params.curve == "isotonic" and y.sum(dtype=np.int64) < ISOTONIC_POSITIVES:
        raise InputError(
            f"calibrate.curve 'isotonic' needs {ISOTONIC_POSITIVES} positives, got {int(y.sum())}; "
            "use sigmoid."
        )


def _fit(kind, y, odds):
    """Return the `Curve` of the kind that params.yaml names, fitted to these rows."""
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        fitted = IsotonicRegression(out_of_bounds="clip").fit(odds, y)
        return Curve(knots=np.array([fitted.X_thresholds_, fitted.y_thresholds_]))
    return Curve(*fit_sigmoid(y, odds))


def _cross_fitted(kind, y, odds, fold, row):
    """Return each score's probability by the curve of the rows outside its fold; None without one.

    A curve that is judged on the rows that it was fitted to always seems to help.
    """
    found = np.empty_like(odds)
    for number in range(fold.max() + 1):
        inside = fold == number
        # Of every repeat, the rows of this fold are left out.
        curve = _fit(kind, *(each[~np.isin(row, row[inside])] for each in (y, odds)))
        if curve.slope <= 0:
            return None
        found[inside] = curve(odds[inside])
    return found


def calibrated(estimator, features, scored, final_shift, params):
    """Return the corrected model and its out-of-fold scores.

    Parameters
    ----------
    estimator : fitted classifier
    features : list of str
    scored : dict of str to array of shape (n_scores,)
        ``y_true``, the out-of-fold probabilities ``raw``, each one's change of the log-odds by the
        treatment ``shift``, its ``fold`` and its ``row``.
    final_shift : float
        The change of the log-odds in the final fit.
    params : params.Calibrate

    Returns
    -------
    model : CorrectedClassifier
    y_score : array of shape (n_scores,)
        Corrected out of fold: by a curve that saw no row of the score's fold.
    """
    y, raw, shifts = (scored[name] for name in ("y_true", "raw", "shift"))
    if not params.prior:
        shifts, final_shift = np.zeros_like(shifts), 0.0
    odds = log_odds(raw) + shifts if shifts.any() else log_odds(raw)
    y_score, curve = expit(odds) if shifts.any() else raw, Curve()

    def log_loss(p):
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return -np.mean(np.where(y == 1, np.log(p), np.log1p(-p)))

    if params.curve != "none":
        fitted = _fit(params.curve, y, odds)
        held_out = _cross_fitted(params.curve, y, odds, scored["fold"], scored["row"])
        if held_out is not None and fitted.slope > 0 and log_loss(held_out) < log_loss(y_score):
            y_score, curve = held_out, fitted
    knots = curve.knots
    if knots is not None:
        knots = np.array([knots[0] - final_shift, knots[1]])
    model = CorrectedClassifier(
        estimator,
        features=list(features),
        slope=float(curve.slope),
        intercept=float(curve.slope * final_shift + curve.intercept),
        knots=knots,
    )
    return model, y_score
