"""Probabilities at the natural prevalence: one affine map of the log-odds, inside the model.

Under-sampling by a share beta adds ``log(beta)`` to the log-odds (Dal Pozzolo et al., 2015), a
weight w of the positives adds ``-log(w)`` (Elkan, 2001), and a sigmoid on the log-odds is a slope
and an intercept (Platt, 1999). Together they are two numbers.
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from rebalance.errors import InputError
from rebalance.metrics._probability import logistic

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
        return self.estimator.predict_proba(X)[:, 1]

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


def _calibration_curve(y, odds, params, log_loss):
    """Return ``(slope, intercept, knots)``: the identity unless the curve lowers the log loss."""
    if params.curve == "isotonic":
        if y.sum() < ISOTONIC_POSITIVES:
            raise InputError(
                f"calibrate.curve 'isotonic' needs {ISOTONIC_POSITIVES} positives, got "
                f"{int(y.sum())}; use sigmoid."
            )
        from sklearn.isotonic import IsotonicRegression

        fitted = IsotonicRegression(out_of_bounds="clip").fit(odds, y)
        knots = np.array([fitted.X_thresholds_, fitted.y_thresholds_])
        better = log_loss(np.interp(odds, *knots)) < log_loss(expit(odds))
        return 1.0, 0.0, knots if better else None
    if params.curve == "sigmoid":
        slope, intercept = fit_sigmoid(y, odds)
        if slope > 0 and log_loss(expit(slope * odds + intercept)) < log_loss(expit(odds)):
            return slope, intercept, None
    return 1.0, 0.0, None


def calibrated(estimator, features, y, raw, shifts, final_shift, params):
    """Return the corrected model and its out-of-fold scores.

    Parameters
    ----------
    y, raw, shifts : arrays of shape (n_scores,)
        Labels, out-of-fold probabilities and each one's change of the log-odds by the treatment.
    final_shift : float
        The same change in the final fit.
    params : params.Calibrate
    """
    if not params.prior:
        shifts, final_shift = np.zeros_like(shifts), 0.0
    odds = log_odds(raw) + shifts if shifts.any() else log_odds(raw)

    def log_loss(p):
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return -np.mean(np.where(y == 1, np.log(p), np.log1p(-p)))

    slope, intercept, knots = _calibration_curve(y, odds, params, log_loss)
    if knots is not None:
        y_score = np.interp(odds, *knots)
        knots = np.array([knots[0] - final_shift, knots[1]])
    elif (slope, intercept) == (1.0, 0.0) and not shifts.any():
        y_score = raw
    else:
        y_score = expit(slope * odds + intercept)
    model = CorrectedClassifier(
        estimator,
        features=list(features),
        slope=float(slope),
        intercept=float(slope * final_shift + intercept),
        knots=knots,
    )
    return model, y_score
