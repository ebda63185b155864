"""The names that params.yaml may use for learners and treatments.

They stand apart from what they name, so that a misspelt one is told without importing a library.
A name of another kind is that of a class, in scikit-learn or imbalanced-learn.
"""

import re

NONE = "none"
LEARNERS = (
    "hist_gradient_boosting",
    "gradient_boosting",
    "logistic_regression",
    "random_forest",
    "lightgbm",
    "xgboost",
)
TREATMENTS = (
    NONE,
    "random_under",
    "random_over",
    "smote",
    "class_weight",
    "sample_weight",
    "balanced_random_forest",
    "balanced_bagging",
    "easy_ensemble",
    "rus_boost",
)
CLASS = re.compile(r"[A-Z]\w*")


def check(name, known, kind):
    """Return ``name`` if it is one of ``known`` or may be a class, or raise ValueError."""
    if name not in known and not CLASS.fullmatch(name):
        raise ValueError(f"must be one of {', '.join(known)} or {kind} class name, got {name!r}")
    return name


def learner(name):
    """Return ``name`` if it may be a learner, or raise ValueError."""
    return check(name, LEARNERS, "a scikit-learn classifier's")


def treatment(name):
    """Return ``name`` if it may be a treatment, or raise ValueError."""
    return check(name, TREATMENTS, "an imbalanced-learn sampler's")
