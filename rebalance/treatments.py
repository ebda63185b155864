"""Table of treatments: what is done about imbalance, inside each training fold.

A treatment turns the rows of a training fold into the rows that the learner sees, and knows what
that does to the log-odds of its answers (Elkan, 2001; Dal Pozzolo et al., 2015).
"""

import inspect
from dataclasses import dataclass
from math import log

import numpy as np

from rebalance import learners
from rebalance.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a learner sees: rows, labels, weights, and the shift of the log-odds to undo."""

    X: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None = None
    shift: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fitted estimator, the shift of its log-odds to undo, and the rows that it saw."""

    estimator: object
    shift: float
    negatives: int
    positives: int


SAMPLERS = {
    "random_under": "RandomUnderSampler",
    "random_over": "RandomOverSampler",
    "smote": "SMOTE",
}
# These only choose rows, so a row number is enough to know the rows.
ROW_CHOOSERS = {"RandomUnderSampler", "RandomOverSampler"}
ENSEMBLES = {
    "balanced_random_forest": "BalancedRandomForestClassifier",
    "balanced_bagging": "BalancedBaggingClassifier",
    "easy_ensemble": "EasyEnsembleClassifier",
    "rus_boost": "RUSBoostClassifier",
}
NONE, CLASS_WEIGHT, SAMPLE_WEIGHT = "none", "class_weight", "sample_weight"


def counts(y):
    """Return how many negatives and how many positives ``y`` holds."""
    positives = int(np.count_nonzero(y))
    return len(y) - positives, positives


def natural_ratio(y):
    """Return the negatives per positive of ``y``.

    >>> natural_ratio([0, 0, 0, 1])
    3.0
    """
    negatives, positives = counts(y)
    return negatives / positives


def _sampler_class(name):
    """Return a sampler of imbalanced-learn by its class name, or None."""
    from imblearn import combine, over_sampling, under_sampling

    for module in (under_sampling, over_sampling, combine):
        if name in module.__all__:
            return getattr(module, name)
    return None


def _check_arguments(entry, cls):
    known = [name for name in inspect.signature(cls).parameters if name != "sampling_strategy"]
    for name in entry.params:
        if name not in known:
            raise InputError(
                f"treatment {entry.treatment!r} has the unknown argument {name!r}; "
                f"{cls.__name__} knows {', '.join(known)}."
            )


def _seeded(cls, entry, **arguments):
    if "random_state" in inspect.signature(cls).parameters:
        arguments["random_state"] = entry.seed
    return cls(**arguments | entry.params)


def check(entry, y):
    """Raise `InputError` where a treatment is unknown, or cannot be done on ``y``."""
    name = entry.treatment
    if name in ENSEMBLES:
        import imblearn.ensemble

        _check_arguments(entry, getattr(imblearn.ensemble, ENSEMBLES[name]))
    elif name not in {NONE, CLASS_WEIGHT, SAMPLE_WEIGHT}:
        cls = _sampler_class(SAMPLERS.get(name, name))
        if cls is None:
            known = ", ".join([NONE, *SAMPLERS, CLASS_WEIGHT, SAMPLE_WEIGHT, *ENSEMBLES])
            raise InputError(
                f"treatment must be one of {known} or a sampler of imbalanced-learn by its class "
                f"name, got {name!r}."
            )
        _check_arguments(entry, cls)
    if name == CLASS_WEIGHT and entry.weight is None:
        raise InputError("treatment 'class_weight' needs a weight: 'balanced' or a number.")
    if name == SAMPLE_WEIGHT and not entry.column:
        raise InputError("treatment 'sample_weight' needs the column that holds the weights.")
    natural = natural_ratio(y)
    if entry.ratio is not None and entry.ratio > natural:
        raise InputError(
            f"treatment {name!r}: ratio must be at most the natural ratio of the training rows, "
            f"{natural:.6g} negatives per positive, got {entry.ratio:g}; the natural ratio means "
            "no resampling."
        )


def _strategy(cls, ratio, negatives, positives):
    """Return imbalanced-learn's ``sampling_strategy`` for negatives per positive."""
    if cls._sampling_type == "under-sampling":
        return {0: min(negatives, round(ratio * positives))}
    if cls._sampling_type == "over-sampling":
        return {1: max(positives, int(negatives / ratio))}
    if cls._sampling_type == "clean-sampling":
        raise InputError(f"{cls.__name__} removes the rows that it finds and takes no ratio.")
    return 1 / ratio


def _resample(entry, X, y):
    cls = _sampler_class(SAMPLERS.get(entry.treatment, entry.treatment))
    negatives, positives = counts(y)
    arguments = {}
    if entry.ratio is not None:
        # The natural ratio means no resampling, whatever the fold's own count.
        if entry.ratio >= negatives / positives:
            return Prepared(X=X, y=y)
        arguments["sampling_strategy"] = _strategy(cls, entry.ratio, negatives, positives)
    sampler = _seeded(cls, entry, **arguments)
    neighbours = getattr(sampler, "k_neighbors", 0)
    if isinstance(neighbours, int) and neighbours >= positives:
        raise InputError(
            f"treatment {entry.treatment!r}: k_neighbors must be below the positives of every "
            f"training fold, got {neighbours} with {positives} positives."
        )
    if cls.__name__ not in ROW_CHOOSERS:
        try:
            X, y = sampler.fit_resample(X, y)
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"treatment {entry.treatment!r} cannot be done: {reason}") from error
        return Prepared(X=X, y=y)
    sampler.fit_resample(np.zeros((len(y), 1), dtype=np.int8), y)
    rows = sampler.sample_indices_
    after = natural_ratio(y[rows])
    return Prepared(X=X[rows], y=y[rows], shift=log(after) - log(negatives / positives))


def _class_weight(entry, X, y):
    from sklearn.utils.class_weight import compute_sample_weight

    if entry.weight == "balanced":
        weights = compute_sample_weight("balanced", y)
        return Prepared(X=X, y=y, sample_weight=weights, shift=-log(natural_ratio(y)))
    weights = np.where(y == 1, float(entry.weight), 1.0)
    return Prepared(X=X, y=y, sample_weight=weights, shift=-log(entry.weight))


def prepare(entry, X, y, weights=None):
    """Return what the learner sees of a training fold.

    Parameters
    ----------
    entry : params.Treatment
    X, y : arrays of shape (n_rows, n_features) and (n_rows,)
    weights : array of shape (n_rows,), for the treatment ``sample_weight``

    Raises
    ------
    InputError
        Where the sampler cannot work on these rows.
    """
    if entry.treatment == NONE:
        return Prepared(X=X, y=y)
    if entry.treatment == CLASS_WEIGHT:
        return _class_weight(entry, X, y)
    if entry.treatment == SAMPLE_WEIGHT:
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise InputError(f"column {entry.column!r} must hold weights of 0 or more.")
        return Prepared(X=X, y=y, sample_weight=weights)
    return _resample(entry, X, y)


def _ensemble(entry, learner, y):
    import imblearn.ensemble

    cls = getattr(imblearn.ensemble, ENSEMBLES[entry.treatment])
    negatives, positives = counts(y)
    arguments = {}
    if entry.ratio is not None and entry.ratio < negatives / positives:
        arguments["sampling_strategy"] = 1 / entry.ratio
    if entry.treatment == "balanced_bagging":
        arguments["estimator"] = learner
    return _seeded(cls, entry, **arguments)


def fit(entry, learner, X, y, weights=None):
    """Return a `Fitted`: the treatment done on these rows only, the learner fitted on the result.

    The samplers end here: what is returned predicts, and resamples nothing.
    """
    if entry.treatment in ENSEMBLES:
        negatives, positives = counts(y)
        estimator = _ensemble(entry, learner, y).fit(X, y)
        return Fitted(estimator=estimator, shift=0.0, negatives=negatives, positives=positives)
    seen = prepare(entry, X, y, weights)
    negatives, positives = counts(seen.y)
    return Fitted(
        estimator=learners.fit(learner, seen.X, seen.y, seen.sample_weight),
        shift=seen.shift,
        negatives=negatives,
        positives=positives,
    )
