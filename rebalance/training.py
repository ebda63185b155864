"""Out-of-fold scores and the final fit of one treatment."""

from dataclasses import asdict, dataclass

import numpy as np

from rebalance import correction, learners, metrics, splitting, thresholds, treatments
from rebalance.correction import CorrectedClassifier, expit, log_odds
from rebalance.errors import InputError

# Isotonic regression follows noise below about this many positives (Niculescu-Mizil and Caruana,
# 2005).
ISOTONIC_POSITIVES = 1000


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Out-of-fold scores, one entry for each row that a fold's model did not see.

    ``fold`` numbers the folds over all repeats, ``row`` is the row of the training table, ``raw``
    the model's probability, ``shift`` the change of its log-odds that the treatment made in that
    fold, ``y_score`` the corrected probability. All have the shape (n_scores,).
    """

    fold: np.ndarray
    row: np.ndarray
    y_true: np.ndarray
    raw: np.ndarray
    shift: np.ndarray
    y_score: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model ready to be used, what it was judged by, and what its learner saw."""

    model: CorrectedClassifier
    scores: Scores
    negatives: int
    positives: int
    summary: dict


def fold_scores(entry, learner, table, fold):
    """Fit on a fold's training rows; return the raw scores of its validation rows and the shift."""
    train, valid = fold
    fitted = treatments.fit(
        entry, learner, table.X[train], table.y[train], _weights(entry, table, train)
    )
    return fitted.estimator.predict_proba(table.X[valid])[:, 1], fitted.shift


def final_fit(entry, learner, table):
    """Fit on all rows."""
    rows = slice(None)
    return treatments.fit(entry, learner, table.X, table.y, _weights(entry, table, rows))


def _weights(entry, table, rows):
    if entry.treatment != treatments.SAMPLE_WEIGHT:
        return None
    return table.column(entry.column)[rows].astype(float)


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
        slope, intercept = correction.fit_sigmoid(y, odds)
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


def assemble(folds, table, results, fitted, params):
    """Return a `Trained` from the raw scores of every fold and the final fit.

    Parameters
    ----------
    folds : list of (training rows, validation rows)
    results : list of (raw scores, shift), one for each fold
    fitted : treatments.Fitted
    params : params.Params
    """
    sizes = [len(raw) for raw, _ in results]
    row = np.concatenate([valid for _, valid in folds])
    raw = np.concatenate([raw for raw, _ in results])
    shift = np.repeat([shift for _, shift in results], sizes)
    fold = np.repeat(np.arange(len(folds)), sizes)
    y = table.y[row]
    model, y_score = calibrated(
        fitted.estimator, table.features, y, raw, shift, fitted.shift, params.calibrate
    )
    # Each row once: further repeats are for comparing models, not for choosing a threshold.
    first = fold < params.out_of_fold.folds
    model.thresholds = {
        name: asdict(thresholds.choose(rule.rule, y[first], y_score[first], **rule.options))
        for name, rule in params.threshold.rules.items()
    }
    model.threshold = model.thresholds[params.threshold.use]["value"]
    scores = Scores(fold=fold, row=row, y_true=y, raw=raw, shift=shift, y_score=y_score)
    return Trained(
        model=model,
        scores=scores,
        negatives=fitted.negatives,
        positives=fitted.positives,
        summary=summary(scores, model, fitted),
    )


def summary(scores, model, fitted):
    """Return what training tells of a model, for its metrics file."""
    values = [
        metrics.ranking(scores.y_true[rows], scores.y_score[rows])["average_precision"]
        for rows in (scores.fold == i for i in range(scores.fold[-1] + 1))
    ]
    probable = metrics.probabilistic(scores.y_true, scores.y_score)
    return {
        "out_of_fold": {
            "average_precision": float(np.mean(values)),
            "average_precision_se": standard_error(values),
            **{name: probable[name] for name in ("brier", "log_loss", "mean_probability")},
            "prevalence": probable["prevalence"],
        },
        "model": {
            "slope": model.slope,
            "intercept": model.intercept,
            "negatives_seen": fitted.negatives,
            "positives_seen": fitted.positives,
        },
        "thresholds": {
            name: threshold["value"]
            for name, threshold in model.thresholds.items()
            if threshold["value"] is not None
        },
    }


def standard_error(values):
    """Return the standard error of the mean of fold scores.

    >>> standard_error([0.5, 0.7])
    0.09999999999999998
    """
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def train(entry, table, params, executor):
    """Return a `Trained`: out-of-fold scores, correction, threshold and the final fit.

    Parameters
    ----------
    entry : params.Treatment
    table : store.Table
        The training rows.
    params : params.Params
        The sections ``learner``, ``out_of_fold`` and ``calibrate`` are read.
    executor : concurrent.futures.Executor
        Runs the fits.

    Raises
    ------
    InputError
        Where the learner or the treatment does not fit the rows.
    """
    treatments.check(entry, table.y)
    learners.check(params.learner, table)
    learner = learners.make(params.learner)
    folds = splitting.folds(table, params.out_of_fold)
    # The longest first.
    fitted = executor.submit(final_fit, entry, learner, table)
    results = list(executor.map(lambda fold: fold_scores(entry, learner, table, fold), folds))
    return assemble(folds, table, results, fitted.result(), params)
