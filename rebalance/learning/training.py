"""Out-of-fold scores and the final fit of one treatment."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from rebalance import columns, errors, metrics, splitting, thresholds
from rebalance.errors import InputError
from rebalance.learning import calibration, learners, treatments
from rebalance.learning.memory import ROOM, of_fit
from rebalance.model import rows
from rebalance.model.corrected import CorrectedClassifier
from rebalance.model.rows import Rows

# A change of these versions, or of the code in these places, invalidates cached scores.
CODE = (
    *sorted(Path(columns.__file__).parent.rglob("*.py")),
    *sorted(Path(learners.__file__).parent.rglob("*.py")),
    *sorted(Path(rows.__file__).parent.rglob("*.py")),
    Path(splitting.__file__),
)
LIBRARIES = (
    "imbalanced-learn",
    "lightgbm",
    "numpy",
    "scikit-learn",
    "scipy",
    "xgboost-cpu",
    "xgboost",
)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Out-of-fold scores, one entry for each row that a fold's model did not see.

    ``fold`` numbers the folds over all repeats, ``row`` is the row of the training table, ``raw``
    the model's probability, ``shift`` the change of its log-odds that the treatment made in that
    fold, ``y_score`` the corrected probability, ``train_rows`` the number of rows that the fold's
    model was trained on. All have the shape (n_scores,).
    """

    fold: np.ndarray
    row: np.ndarray
    y_true: np.ndarray
    raw: np.ndarray
    shift: np.ndarray
    y_score: np.ndarray
    train_rows: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model ready to be used, what it was judged by, and its metrics file."""

    model: CorrectedClassifier
    scores: Scores
    summary: dict


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One fold: its number among ``folds`` drawn with ``seed``.

    ``rows`` yields the numbers of its training rows, then of its validation rows.
    """

    folds: int
    seed: int
    number: int
    rows: Iterable


def numbered(folds, params):
    """Return `splitting.folds` as a list of `Fold`; repeats draw with the seeds that follow."""
    return [
        Fold(
            folds=params.folds,
            seed=params.seed + i // params.folds,
            number=i % params.folds,
            rows=rows,
        )
        for i, rows in enumerate(folds)
    ]


def fold_scores(entry, learner, table, fold):
    """Fit on a fold's training rows; return the raw scores of its validation rows and the shift.

    Parameters
    ----------
    entry : params.Treatment
    learner : params.Learner
    table : store.Table
    fold : Fold

    Returns
    -------
    tuple of (array of shape (n_validation_rows,), float)
    """
    steps = steps_before(entry, learner, table)
    estimator = learners.make(learner, steps.layout)
    # Who waits has no rows in hand.
    with ROOM.take(of_fit(entry, estimator, table, 1 - 1 / fold.folds, steps)):
        train, valid = fold.rows
        X, y = Rows(X=table.X, index=train), table.y[train]
        fitted = treatments.fit(entry, estimator, X, y, _weights(entry, table, train), steps)
    return learners.raw_scores(fitted.estimator, Rows(X=table.X, index=valid)), fitted.shift


def steps_before(entry, learner, table):
    """Return the `columns.Steps` that come before a treatment, in every training fold."""
    return columns.before(
        replace(table.layout, gaps=bool(table.gaps)),
        treatments.counts(table.y)[1],
        most=columns.MANY if entry.treatment in treatments.OWN_TREES else learners.most(learner),
        fill=treatments.takes_no_gaps(entry, table),
        seed=learner.seed,
    )


def remembering(memory, data):
    """Return `fold_scores` that asks ``memory`` first, and keeps what is new as it arrives.

    Parameters
    ----------
    memory : joblib.Memory
    data : str
        The checksum of the training table: with the code, the library versions, the treatment,
        the learner and the fold it decides the scores.
    """
    code = hashlib.sha256(b"".join(path.read_bytes() for path in CODE)).hexdigest()
    versions = [_version(name) for name in LIBRARIES]
    kept = memory.cache(_named_fold_scores, ignore=["entry", "learner", "table", "fold"])

    def remember(entry, learner, table, fold):
        name = (
            data,
            code,
            versions,
            entry.model_dump_json(),
            learner.model_dump_json(),
            (fold.folds, fold.seed, fold.number),
        )
        return kept(name, entry, learner, table, fold)

    return remember


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:  # an extra
        return ""


def _named_fold_scores(name, entry, learner, table, fold):
    del name  # it decides the scores, so it is the key
    return fold_scores(entry, learner, table, fold)


def final_fit(entry, learner, table):
    """Return the `treatments.Fitted` of all rows."""
    steps = steps_before(entry, learner, table)
    estimator = learners.make(learner, steps.layout)
    with ROOM.take(of_fit(entry, estimator, table, steps=steps)):
        return treatments.fit(entry, estimator, table.X, table.y, _weights(entry, table), steps)


def _weights(entry, table, rows=slice(None)):
    if entry.treatment != treatments.SAMPLE_WEIGHT:
        return None
    column = table.column(entry.column)
    if column.dtype.kind not in "biuf":
        raise InputError(f"column {entry.column!r} must hold weights, got {column[0]!r}.")
    return column[rows].astype(float)


def joined(folds, table, results):
    """Return the columns of `Scores` but the corrected one, from the raw scores of every fold."""
    sizes = [len(raw) for raw, _ in results]
    row = np.concatenate([valid for _, valid in folds])
    return {
        # No larger than they must be: beside the rows of a large table they are much.
        "fold": np.repeat(np.arange(len(folds), dtype=np.int16), sizes),
        "row": row,
        "y_true": table.y[row],
        "raw": np.concatenate([raw for raw, _ in results]),
        "shift": np.repeat([shift for _, shift in results], sizes),
        "train_rows": np.repeat(np.int32([len(train) for train, _ in folds]), sizes),
    }


def assemble(found, table, fitted, params):
    """Return a `Trained` from the raw scores of every fold and the final fit.

    Parameters
    ----------
    found : dict of str to array
        What `joined` returns.
    table : store.Table
        The training rows.
    fitted : treatments.Fitted
    params : params.Params
    """
    model, y_score = calibration.calibrated(
        fitted.estimator, table.inputs, found, fitted.shift, params.calibrate
    )
    model.encoding = table.encoding
    scores = Scores(y_score=y_score, **found)
    # Each row once: further repeats are for comparing models, not for choosing a threshold.
    first = slice(np.searchsorted(scores.fold, params.out_of_fold.folds))
    model.thresholds = {
        name: asdict(
            thresholds.choose(rule.rule, scores.y_true[first], y_score[first], **rule.options)
        )
        for name, rule in params.threshold.rules.items()
    }
    model.threshold = model.thresholds[params.threshold.use]["value"]
    return Trained(
        model=model,
        scores=scores,
        summary=summary(scores, model, fitted, params),
    )


def summary(scores, model, fitted, params):
    """Return what training tells of a model, for its metrics file."""
    values = [
        metrics.ranking_metrics(scores.y_true[rows], scores.y_score[rows])["average_precision"]
        for rows in (scores.fold == i for i in range(scores.fold[-1] + 1))
    ]
    probable = metrics.probability_metrics(scores.y_true, scores.y_score)
    return {
        "out_of_fold": {
            "average_precision": float(np.mean(values)),
            "average_precision_se": metrics.standard_error(values, params.out_of_fold.folds),
            **{n: probable[n] for n in ("brier", "log_loss", "mean_probability", "prevalence")},
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


def check(entry, table, params, at):
    """Raise `InputError` where the parameters do not fit the rows, before anything is fitted.

    Parameters
    ----------
    entry : params.Treatment
    table : store.Table
        The training rows.
    params : params.Params
        The sections ``learner``, ``calibrate`` and ``threshold`` are read.
    at : str
        Where in params.yaml the treatment stands.
    """
    with errors.at(at):
        fewest = splitting.fewest_positives(table, params.out_of_fold)
        treatments.check(entry, table.y, table.layout, fewest)
        _weights(entry, table)
    calibration.check(params.calibrate, table.y)
    for name, rule in params.threshold.rules.items():
        thresholds.amounts(table, name, rule)
    learners.make(params.learner, table.layout)
    learners.check(params.learner, table)


def train(entry, table, params, executor, remember=fold_scores):
    """Return a `Trained`: out-of-fold scores, correction, threshold and the final fit.

    Parameters
    ----------
    entry : params.Treatment
    table : store.Table
        The training rows.
    params : params.Params
        The sections ``learner``, ``out_of_fold``, ``calibrate`` and ``threshold`` are read.
    executor : concurrent.futures.Executor
        Runs the fits.
    remember : callable
        `fold_scores`, or `remembering` of it.

    Raises
    ------
    InputError
        Where the learner or the treatment does not fit the rows: see `check` for most of it.
    """
    folds = splitting.folds(table, params.out_of_fold)
    # The longest first.
    fitted = executor.submit(final_fit, entry, params.learner, table)
    fold_by_fold = numbered(folds, params.out_of_fold)
    results = executor.map(lambda f: remember(entry, params.learner, table, f), fold_by_fold)
    scores = joined(folds, table, list(results))
    return assemble(scores, table, fitted.result(), params)
