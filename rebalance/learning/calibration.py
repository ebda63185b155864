"""Fit the correction of the log-odds on out-of-fold scores, and make the corrected model."""

from typing import NamedTuple

import numpy as np

from rebalance.errors import InputError
from rebalance.metrics import log_loss, logistic
from rebalance.model.corrected import CorrectedClassifier, expit, log_odds

# Isotonic regression follows noise below about this many positives (Niculescu-Mizil and Caruana,
# 2005).
ISOTONIC_POSITIVES = 1000


def fit_sigmoid(y, odds):
    """Return slope and intercept of the sigmoid that fits ``y`` best (Platt, 1999).

    ``y`` holds 0 and 1, ``odds`` log-odds; both have the shape (n_rows,).
    """
    intercept, slope = logistic(np.column_stack([np.ones_like(odds), odds]), y, 0.0)
    return float(slope), float(intercept)


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
    calibrated = np.empty_like(odds)
    for number in range(fold.max() + 1):
        inside = fold == number
        # Of every repeat, the rows of this fold are left out.
        curve = _fit(kind, *(each[~np.isin(row, row[inside])] for each in (y, odds)))
        if curve.slope <= 0:
            return None
        calibrated[inside] = curve(odds[inside])
    return calibrated


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

    if params.curve != "none":
        fitted = _fit(params.curve, y, odds)
        held_out = _cross_fitted(params.curve, y, odds, scored["fold"], scored["row"])
        if held_out is not None and fitted.slope > 0:
            before, after = (log_loss(y, p).mean() for p in (y_score, held_out))
            if after < before:
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
