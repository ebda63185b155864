"""Table of treatments: what is done about imbalance, inside each training fold.

A treatment turns the rows of a training fold into the rows that the learner sees, and knows what
that does to the log-odds of its answers (Elkan, 2001; Dal Pozzolo et al., 2015).
"""

import inspect
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import log

import numpy as np

from rebalance import columns, errors
from rebalance.errors import InputError
from rebalance.learning import learners
from rebalance.learning.treatments import ensembles, smote
from rebalance.model.rows import Rows
from rebalance.params import names


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a learner sees: rows, labels, weights, and the shift of the log-odds to undo."""

    rows: Rows
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
ROW_CHOOSERS = {"RandomUnderSampler", "RandomOverSampler"}
ENSEMBLES = {
    "balanced_random_forest": "BalancedRandomForestClassifier",
    "balanced_bagging": "BalancedBaggingClassifier",
    "easy_ensemble": "EasyEnsembleClassifier",
    "rus_boost": "RUSBoostClassifier",
}
# These fit trees of their own, and no learner.
OWN_TREES = set(ENSEMBLES) - {"balanced_bagging"}
NONE, CLASS_WEIGHT, SAMPLE_WEIGHT = names.NONE, "class_weight", "sample_weight"
# The keys that a treatment looks at; samplers and ensembles look at ratio and params.
TAKES = {NONE: set(), CLASS_WEIGHT: {"weight"}, SAMPLE_WEIGHT: {"column"}}


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


def sampler_class(name):
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


def _check_keys(entry):
    """Raise `InputError` for a key that the treatment would not look at."""
    takes = TAKES.get(entry.treatment, {"ratio", "params"})
    given = {"ratio": entry.ratio, "weight": entry.weight} | {
        "column": entry.column or None,
        "params": entry.params or None,
    }
    for key, value in given.items():
        if value is not None and key not in takes:
            raise InputError(
                f"treatment {entry.treatment!r} takes no {key}, got {value!r}; it takes "
                f"{' and '.join(sorted(takes)) or 'nothing'}."
            )


def _seeded(cls, entry, **arguments):
    if "random_state" in inspect.signature(cls).parameters:
        arguments["random_state"] = entry.seed
    return cls(**arguments | entry.params)


@contextmanager
def _refusing(entry):
    """Turn what imbalanced-learn says of arguments and rows into an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        reason = errors.one_line(error)
        raise InputError(f"treatment {entry.treatment!r} cannot be done: {reason}.") from error


def check(entry, y, layout=columns.NUMBERS, fewest=None):
    """Raise `InputError` where a treatment is unknown, or cannot be done on these rows.

    Parameters
    ----------
    entry : params.Treatment
    y : array of shape (n_rows,)
    layout : columns.Layout
    fewest : int or None
        Positives of the training fold that has the fewest.
    """
    name = entry.treatment
    if name in ENSEMBLES:
        import imblearn.ensemble

        _check_arguments(entry, getattr(imblearn.ensemble, ENSEMBLES[name]))
    elif name not in {NONE, CLASS_WEIGHT, SAMPLE_WEIGHT}:
        cls = sampler_class(SAMPLERS.get(name, name))
        if cls is None:
            raise InputError(
                f"treatment must be one of {', '.join(names.TREATMENTS)} or an imbalanced-learn "
                f"sampler's class name, got {name!r}."
            )
        _check_arguments(entry, cls)
        if entry.ratio is not None and cls._sampling_type == "clean-sampling":
            raise InputError(
                f"treatment {name!r} removes the rows that it finds and takes no ratio."
            )
        if layout.categories and _mixes(entry, cls):
            raise InputError(
                f"treatment {name!r} makes rows between rows, and these have categories, which "
                "have nothing between them: use smote, which copies the neighbours' commonest."
            )
        if cls.__name__ == "SMOTENC" and not layout.categories | entry.params:
            raise InputError(f"treatment {name!r} needs categories, and there are none: use smote.")
        if fewest is not None:
            with _refusing(entry):
                sampler = _seeded(cls, entry)
            _check_neighbours(entry, sampler, fewest)
    _check_keys(entry)
    if name == CLASS_WEIGHT and entry.weight is None:
        raise InputError("treatment 'class_weight' needs a weight: 'balanced' or a number.")
    if name == SAMPLE_WEIGHT and not entry.column:
        raise InputError("treatment 'sample_weight' needs the column that holds the weights.")
    natural = natural_ratio(y)
    if entry.ratio is not None and entry.ratio > natural:
        raise InputError(
            f"treatment {name!r}: ratio must be at most the natural ratio of the training rows, "
            f"{natural:.6g} negatives per positive, got {entry.ratio:g}: write a lower one, or "
            "remove the entry; the natural ratio means no resampling."
        )


def _mixes(entry, cls):
    """Say whether a sampler makes rows, and knows no way to make them of categories."""
    if cls.__name__ in {"SMOTE", "SMOTENC", "SMOTEN"} or chooses_rows(entry, cls):
        return False
    return cls._sampling_type in {"over-sampling", "bypass"} or cls.__name__ == "ClusterCentroids"


def _check_neighbours(entry, sampler, positives):
    neighbours = getattr(sampler, "k_neighbors", 0)
    if isinstance(neighbours, int) and neighbours >= positives:
        raise InputError(
            f"treatment {entry.treatment!r}: k_neighbors must be below the positives of every "
            f"training fold, got {neighbours} with {positives} positives."
        )


def takes_no_gaps(entry, table):
    """Say whether the treatment needs a value in every cell of a table that has gaps.

    An ensemble of trees that take none needs them filled in any case: rows to come may have some.
    """
    if entry.treatment in ENSEMBLES:
        import imblearn.ensemble
        from sklearn.utils import get_tags

        cls = getattr(imblearn.ensemble, ENSEMBLES[entry.treatment])
        return entry.treatment in OWN_TREES and not get_tags(cls()).input_tags.allow_nan
    cls = sampler_class(SAMPLERS.get(entry.treatment, entry.treatment))
    return bool(cls and not chooses_rows(entry, cls) and table.gaps)


def fewer_negatives(ratio, negatives, positives):
    """Return imbalanced-learn's ``sampling_strategy`` that keeps ``ratio`` negatives a positive."""
    # A bootstrap sample can have fewer than that.
    return {0: min(negatives, max(1, round(ratio * positives)))}


def more_positives(ratio, negatives, positives):
    """Return imbalanced-learn's ``sampling_strategy`` that adds positives down to ``ratio``."""
    return {1: max(positives, int(negatives / ratio))}


def chooses_rows(entry, cls):
    """Say whether a sampler only chooses rows, whose numbers are enough; smoothed ones are new."""
    return cls.__name__ in ROW_CHOOSERS and not entry.params.get("shrinkage")


def _resample(entry, X, y, layout):
    cls = sampler_class(SAMPLERS.get(entry.treatment, entry.treatment))
    negatives, positives = counts(y)
    arguments = {}
    if layout.categories and cls.__name__ == "SMOTE":
        # Between two categories there is none (Chawla et al., 2002, section 6).
        cls = sampler_class("SMOTEN" if len(layout.categories) == X.shape[1] else "SMOTENC")
    if cls.__name__ == "SMOTENC" and "categorical_features" not in entry.params:
        arguments["categorical_features"] = sorted(layout.categories)
    if entry.ratio is not None:
        # The natural ratio means no resampling, whatever the fold's own count.
        if entry.ratio >= negatives / positives:
            return Prepared(rows=X, y=y)
        over = cls._sampling_type == "over-sampling"
        strategy = more_positives if over else fewer_negatives
        arguments["sampling_strategy"] = strategy(entry.ratio, negatives, positives)
    with _refusing(entry):
        sampler = _seeded(cls, entry, **arguments)
    _check_neighbours(entry, sampler, positives)
    with _refusing(entry):
        if cls.__name__ == "SMOTE":
            X, y = smote.with_made(sampler, X, y, layout)
        elif not chooses_rows(entry, cls):
            X, y = _fit_resample(sampler, X.array(), y)
            X = Rows.of(layout.rounded(X))
        else:
            sampler.fit_resample(np.zeros((len(y), 1), dtype=np.int8), y)
            X, y = X.choose(sampler.sample_indices_), y[sampler.sample_indices_]
    if cls.__name__ not in ROW_CHOOSERS:
        return Prepared(rows=X, y=y)
    return Prepared(rows=X, y=y, shift=log(natural_ratio(y)) - log(negatives / positives))


def _fit_resample(sampler, X, y):
    """Return the rows that a sampler makes of these; the same where it has none to make."""
    try:
        return sampler.fit_resample(X, y)
    except ValueError as error:
        # ADASYN, near the natural ratio: nothing to add is no mistake there.
        if "No samples will be generated" in str(error):
            return X, y
        raise


def _class_weight(entry, X, y):
    from sklearn.utils.class_weight import compute_class_weight

    if entry.weight == "balanced":
        negatives, positives = compute_class_weight("balanced", classes=np.array([0, 1]), y=y)
        weights = np.where(y == 1, positives, negatives)
        return Prepared(rows=X, y=y, sample_weight=weights, shift=-log(natural_ratio(y)))
    weights = np.where(y == 1, float(entry.weight), 1.0)
    return Prepared(rows=X, y=y, sample_weight=weights, shift=-log(entry.weight))


def prepare(entry, X, y, weights=None, layout=columns.NUMBERS):
    """Return what the learner sees of a training fold.

    Parameters
    ----------
    entry : params.Treatment
    X : selection.Rows or array of shape (n_rows, n_features)
    y : array of shape (n_rows,)
    weights : array of shape (n_rows,), for the treatment ``sample_weight``
    layout : columns.Layout

    Raises
    ------
    InputError
        Where the sampler cannot work on these rows.
    """
    X = Rows.of(X)
    if entry.treatment == NONE:
        return Prepared(rows=X, y=y)
    if entry.treatment == CLASS_WEIGHT:
        return _class_weight(entry, X, y)
    if entry.treatment == SAMPLE_WEIGHT:
        usable = (np.isfinite(weights) & (weights >= 0)).all()
        if not usable or not all(weights[y == label].any() for label in (0, 1)):
            raise InputError(
                f"column {entry.column!r} must hold weights of 0 or more, some of each class's "
                "above 0."
            )
        # The prior that the learner sees is that of the weights.
        shift = log(weights[y == 0].mean()) - log(weights[y == 1].mean())
        return Prepared(rows=X, y=y, sample_weight=weights, shift=shift)
    return _resample(entry, X, y, layout)


def _ensemble(entry, learner, y):
    import imblearn.ensemble

    cls = getattr(imblearn.ensemble, ENSEMBLES[entry.treatment])
    arguments = {}
    if entry.ratio is not None and entry.ratio >= natural_ratio(y):
        arguments["sampling_strategy"] = {}
    elif entry.ratio is not None:
        arguments["sampling_strategy"] = lambda y: fewer_negatives(entry.ratio, *counts(y))
    if entry.treatment == "balanced_bagging":
        arguments["estimator"] = learner
    return _seeded(cls, entry, **arguments)


def fit(entry, learner, X, y, weights=None, steps=columns.NO_STEPS):
    """Return a `Fitted`: the treatment done on these rows only, the learner fitted on the result.

    The samplers end here: what is returned predicts, and resamples nothing. ``steps`` are fitted
    before, and are part of it.
    """
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline

    if steps.transformers:
        first, X = [clone(step) for step in steps.transformers], Rows.of(X).array()
        for step in first:
            X = step.fit_transform(X, y)
        found = fit(entry, learner, X, y, weights, replace(steps, transformers=()))
        return replace(found, estimator=make_pipeline(*first, found.estimator))
    if entry.treatment in ENSEMBLES:
        negatives, positives = counts(y)
        with _refusing(entry):
            ensemble = _ensemble(entry, learner, y).fit(Rows.of(X).array(), y)
        estimator = ensembles.without_samplers(ensemble)
        return Fitted(estimator=estimator, shift=0.0, negatives=negatives, positives=positives)
    seen = prepare(entry, X, y, weights, steps.layout)
    negatives, positives = counts(seen.y)
    return Fitted(
        estimator=learners.fit(learner, seen.rows, seen.y, seen.sample_weight, steps.layout),
        shift=seen.shift,
        negatives=negatives,
        positives=positives,
    )
