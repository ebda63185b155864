"""Make, check, fit and ask the learner underneath every treatment."""

import importlib
import inspect
import json
import logging
import sys
import threading
import warnings
from contextlib import contextmanager
from functools import cache

from rebalance import columns, errors
from rebalance.errors import InputError
from rebalance.learning import device, histogram
from rebalance.model.rows import Rows, probabilities
from rebalance.params.learners import LEARNERS, Learner

log = logging.getLogger("rebalance")


# A linear model gives each value of a category a column of its own, up to so many.
MOST_COLUMNS = 30


# scikit-learn imports all of its modules for the list of estimators. Two threads that do so at once
# break each other's imports.
_LISTING = threading.Lock()


@cache
def _classes():
    """Return scikit-learn's classifiers by their names; slow at the first call."""
    from sklearn.utils import all_estimators

    return dict(all_estimators(type_filter="classifier"))


@cache
def _find(name):
    """Return the `Learner` called ``name``, or the scikit-learn class of that name."""
    if name in LEARNERS:
        return LEARNERS[name]
    with _LISTING:
        classes = _classes()
    if name not in classes:
        raise InputError(
            f"learner.name must be one of {', '.join(LEARNERS)} or a scikit-learn "
            f"classifier's class name, got {name!r}."
        )
    return Learner(place=f"{classes[name].__module__}.{name}")


def _class(learner):
    """Return the class of a learner; `InputError` says what to install."""
    module, _, name = learner.place.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        if not learner.extra:
            raise
        raise InputError(
            f"learner.name {learner.extra!r} needs a package that is not installed: "
            f"pip install 'rebalance[{learner.extra}]' (in this folder: pip install -e "
            f"'.[{learner.extra}]')."
        ) from error


def most(params):
    """Return the number of values that a category may have for the learner to take its codes."""
    learner = _find(params.name)
    bins = params.params.get("max_bins", columns.MANY)
    return min(columns.MANY, bins) if learner.trees else MOST_COLUMNS


def make(params, layout=columns.NUMBERS):
    """Return the unfitted estimator of the section ``learner``, for columns of that `Layout`.

    Raises `InputError` for an unknown learner, an unknown argument (with the known ones) and a
    missing extra.
    """
    learner = _find(params.name)
    cls = _class(learner)
    # The extras hide their arguments behind **kwargs.
    known = list(cls().get_params() if learner.extra else inspect.signature(cls).parameters)
    native = _lightgbm_arguments() if learner.extra == "lightgbm" else set()
    unknown = [name for name in params.params if name not in native.union(known)]
    if unknown:
        raise InputError(
            f"learner.params has the unknown argument {errors.shown(unknown[0])}; {params.name} "
            f"knows {', '.join(sorted(known))}"
            f"{' and the parameters of LightGBM itself' * bool(native)}."
        )
    if cls.__name__ == "HistGradientBoostingClassifier":
        histogram.patch_sklearn()
    arguments = learner.defaults | params.params
    if "random_state" in known:
        arguments.setdefault("random_state", params.seed)
    return _for_columns(_checked(cls, arguments, params.name), learner, layout)


def _for_columns(estimator, learner, layout):
    """Return the estimator with what it needs to take gaps and codes."""
    from sklearn.pipeline import make_pipeline
    from sklearn.utils import get_tags

    if learner.trees:
        _take_categories(estimator, layout)
        if get_tags(estimator).input_tags.allow_nan:
            return estimator
        return make_pipeline(columns.filled(layout), estimator)
    return make_pipeline(columns.one_hot(layout, scaled=learner.scaled), estimator)


def _take_categories(estimator, layout):
    """Tell those that split sets of categories which columns are categories."""
    # One of two values is split as a number is.
    places = sorted(place for place, values in layout.categories.items() if values > 2)
    if not places:
        return
    name = type(estimator).__name__
    if name == "HistGradientBoostingClassifier" and estimator.categorical_features == "from_dtype":
        estimator.set_params(categorical_features=places)
    elif name == "XGBClassifier" and estimator.feature_types is None and not layout.indicators:
        types = ["c" if place in places else "q" for place in range(layout.width)]
        estimator.set_params(enable_categorical=True, feature_types=types)


def _lightgbm_arguments():
    from lightgbm.basic import _ConfigAliases

    names = _ConfigAliases._get_all_param_aliases()
    return set(names).union(*names.values())


def _checked(cls, arguments, name):
    """Return the estimator; `InputError` where its arguments or its answers will not do."""
    try:
        estimator = cls(**arguments)
        # Scikit-learn looks at the values when it fits; nothing should have been fitted by then.
        if hasattr(estimator, "_parameter_constraints"):
            estimator._validate_params()
    except (TypeError, ValueError) as error:
        reason = errors.one_line(error).removeprefix(f"{cls.__name__}.__init__() ")
        raise InputError(f"learner.params of {name!r}: {reason}.") from error
    if not hasattr(estimator, "predict_proba"):
        raise InputError(
            f"learner.name must be a classifier that gives probabilities; {name!r} does not, with "
            "these params."
        )
    return estimator


def check(params, table):
    """Raise `InputError` where the learner cannot take the table; warn where it does badly."""
    _check_device(params)
    prevalence = table.y.mean()
    if params.name in {"gradient_boosting", "GradientBoostingClassifier"} and prevalence < 0.01:
        log.warning(
            "warning: gradient_boosting overshoots below 1 %% positives (here %.2f %%) and its "
            "scores collapse; hist_gradient_boosting does not.",
            100 * prevalence,
        )
    if table.gaps:
        log.warning(
            "note: missing values in %s %s.",
            errors.listed(table.gaps),
            "are filled in every training fold, and a column more says where they were"
            if hasattr(make(params, table.layout), "steps")
            else "go to the learner as they are",
        )


def _check_device(params):
    """Raise `InputError` where XGBoost would fit on the CPU in place of the GPU asked for."""
    named = str(params.params.get("device") or "cpu")
    if params.name != "xgboost" or named == "cpu":
        return
    import xgboost

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns, and goes on with the CPU
            rows = xgboost.DMatrix([[0.0], [1.0]], label=[0, 1])
            booster = xgboost.train({"device": named, "verbosity": 0}, rows, 1)
        took = json.loads(booster.save_config())["learner"]["generic_param"]["device"]
    except ValueError as error:
        reason = errors.one_line(error).partition("Stack trace")[0][:200]
        raise InputError(f"learner.params.device {named[:40]!r}: {reason}.") from error
    if took == "cpu":
        raise InputError(
            f"learner.params.device must be cpu here, got {named[:40]!r}: there is no GPU, or "
            "XGBoost was built without it, as the extra's xgboost-cpu is; 'pip install xgboost' "
            "brings the other."
        )
    if device.arrays() is None:
        log.warning(
            "note: each fit sends its rows to the GPU anew; with CuPy ('pip install cupy-cuda12x') "
            "they are sent once."
        )


def fit(estimator, X, y, sample_weight=None, layout=columns.NUMBERS):
    """Return a fitted clone of ``estimator``; `InputError` where it takes no weights it needs.

    ``X`` is an array or `model.rows.Rows`, which are copied a block at a time where the learner
    allows.
    """
    from sklearn.base import clone
    from sklearn.utils.validation import has_fit_parameter

    estimator, more = clone(estimator), {}
    if type(estimator).__name__ == "LGBMClassifier" and layout.categories:
        more["categorical_feature"] = sorted(layout.categories)
    if sample_weight is None:
        return _fit(estimator, X, y, **more)
    last = estimator.steps[-1] if hasattr(estimator, "steps") else ("", estimator)
    if not has_fit_parameter(last[1], "sample_weight"):
        raise InputError(
            f"learner.name {type(last[1]).__name__!r} takes no sample weights; use another "
            "learner, or a sampler for a treatment."
        )
    prefix = f"{last[0]}__" if last[0] else ""
    return _fit(estimator, X, y, **{f"{prefix}sample_weight": sample_weight}, **more)


def _fit(estimator, X, y, **more):
    rows = Rows.of(X)
    with _refusing(estimator, "learn from"):
        if device.takes(estimator):
            return device.fit(estimator, rows, y, **more)
        if histogram.takes_blocks(estimator):
            return histogram.fit(estimator, rows, y, **more)
        return estimator.fit(rows.array(), y, **more)


def raw_scores(estimator, X):
    """Return a fitted estimator's probabilities of the positive class, shape (n_rows,).

    Raises `InputError` where it cannot score the rows, or answers with something else.
    """
    import numpy as np

    with _refusing(estimator, "score"):
        ask = device.probabilities if device.takes(estimator) else probabilities
        scores = ask(estimator, X)
    if np.ndim(scores) != 2 or not ((scores >= 0) & (scores <= 1)).all():
        raise InputError(
            f"learner {_named(estimator)} must answer with probabilities from 0 to 1, and does "
            "not; look at learner.params."
        )
    return scores[:, 1]


@contextmanager
def _refusing(estimator, what):
    """Turn the libraries' word for rows and arguments that do not go together into one line."""
    refusals = [ValueError]
    if "lightgbm" in sys.modules:
        refusals.append(sys.modules["lightgbm"].basic.LightGBMError)
    try:
        yield
    except tuple(refusals) as error:
        name = _named(estimator)
        raise InputError(f"{name} cannot {what} these rows: {errors.one_line(error)}.") from error


def _named(estimator):
    return type(estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator).__name__
