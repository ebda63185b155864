"""The table of treatments, and what is the same for all of them.

A treatment turns the rows of a training fold into the rows that the learner sees, and knows what
that does to the log-odds of its answers (Elkan, 2001; Dal Pozzolo et al., 2015).
"""

from dataclasses import replace

from rebalance import columns
from rebalance.errors import InputError
from rebalance.learning.treatments.class_weight import ClassWeight
from rebalance.learning.treatments.ensemble import Ensemble
from rebalance.learning.treatments.method import natural_ratio
from rebalance.learning.treatments.random_sampling import RandomSampling
from rebalance.learning.treatments.sample_weight import SampleWeight
from rebalance.learning.treatments.sampler import Sampler, sampler_class
from rebalance.learning.treatments.smote import Smote
from rebalance.learning.treatments.untreated import Untreated
from rebalance.model.rows import Rows
from rebalance.params import names

NONE = names.NONE
TREATMENTS = {
    NONE: Untreated(),
    "random_under": RandomSampling("RandomUnderSampler"),
    "random_over": RandomSampling("RandomOverSampler"),
    "smote": Smote("SMOTE"),
    "class_weight": ClassWeight(),
    "sample_weight": SampleWeight(),
    "balanced_random_forest": Ensemble("BalancedRandomForestClassifier"),
    "balanced_bagging": Ensemble("BalancedBaggingClassifier", uses_learner=True),
    "easy_ensemble": Ensemble("EasyEnsembleClassifier"),
    "rus_boost": Ensemble("RUSBoostClassifier"),
}


def method(name):
    """Return the `Method` of a treatment: a row of the table, or a sampler by its class name.

    Raises `InputError` where there is no such treatment.
    """
    if name in TREATMENTS:
        return TREATMENTS[name]
    if sampler_class(name) is None:
        raise InputError(
            f"treatment must be one of {', '.join(TREATMENTS)} or an imbalanced-learn sampler's "
            f"class name, got {name!r}."
        )
    # A class that the table names by another name is the same treatment.
    same = (row for row in TREATMENTS.values() if isinstance(row, Sampler) and row.name == name)
    return next(same, Sampler(name))


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
    treatment = method(entry.treatment)
    _check_keys(entry, treatment.takes)
    treatment.check(entry, layout, fewest)
    natural = natural_ratio(y)
    if entry.ratio is not None and entry.ratio > natural:
        raise InputError(
            f"treatment {entry.treatment!r}: ratio must be at most the natural ratio of the "
            f"training rows, {natural:.6g} negatives per positive, got {entry.ratio:g}: write a "
            "lower one, or remove the entry; the natural ratio means no resampling."
        )


def _check_keys(entry, takes):
    """Raise `InputError` for a key that the treatment does not read."""
    written = {
        "ratio": entry.ratio,
        "weight": entry.weight,
        "column": entry.column or None,
        "params": entry.params or None,
    }
    for key, value in written.items():
        if value is not None and key not in takes:
            raise InputError(
                f"treatment {entry.treatment!r} takes no {key}, got {value!r}; it takes "
                f"{' and '.join(sorted(takes)) or 'nothing'}."
            )


def prepare(entry, X, y, weights=None, layout=columns.NUMBERS):
    """Return what the learner sees of a training fold, a `Prepared`.

    Parameters
    ----------
    entry : params.Treatment
    X : model.rows.Rows or array of shape (n_rows, n_features)
    y : array of shape (n_rows,)
    weights : array of shape (n_rows,), for the treatment ``sample_weight``
    layout : columns.Layout

    Raises
    ------
    InputError
        Where the sampler cannot work on these rows.
    """
    return method(entry.treatment).prepare(entry, Rows.of(X), y, weights, layout)


def fit(entry, learner, X, y, weights=None, steps=columns.NO_STEPS):
    """Return a `Fitted`: the treatment done on these rows only, the learner fitted on the result.

    The samplers end here: what is returned predicts, and resamples nothing. ``steps`` are fitted
    first, and are part of it.
    """
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline

    rows, first = Rows.of(X), [clone(step) for step in steps.transformers]
    if first:
        array = rows.array()
        for step in first:
            array = step.fit_transform(array, y)
        rows = Rows.of(array)
    fitted = method(entry.treatment).fit(entry, learner, rows, y, weights, steps.layout)
    if not first:
        return fitted
    return replace(fitted, estimator=make_pipeline(*first, fitted.estimator))
