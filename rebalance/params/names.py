"""The names that params.yaml may use for learners, treatments and metrics.

Kept apart from what they name, so that params can reject a misspelled name without importing the
treatments or the metrics. Any other name of a learner or treatment must be a class name of
scikit-learn or imbalanced-learn.
"""

import re

from rebalance.errors import shown
from rebalance.params.learners import LEARNERS

NONE = "none"
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
# What evaluate.metric may be: metrics that need no threshold and have a better side.
VERDICT_METRICS = (
    "average_precision",
    "roc_auc",
    "recall_at_1pct_fpr",
    "brier",
    "brier_skill",
    "log_loss",
)
# What tune.metric may be: scorers of scikit-learn for two classes.
SCORERS = (
    "average_precision",
    "roc_auc",
    "neg_log_loss",
    "neg_brier_score",
    "f1",
    "precision",
    "recall",
    "balanced_accuracy",
    "matthews_corrcoef",
    "accuracy",
    "jaccard",
)
CLASS = re.compile(r"[A-Z]\w*")


def check(name, known, kind):
    """Return ``name`` if it is one of ``known`` or may be a class, or raise ValueError."""
    if name not in known and not CLASS.fullmatch(name):
        raise ValueError(
            f"must be one of {', '.join(known)} or {kind} class name, got {shown(name)}"
        )
    return name


def learner(name):
    """Return ``name`` if it may be a learner, or raise ValueError."""
    return check(name, LEARNERS, "a scikit-learn classifier's")


def treatment(name):
    """Return ``name`` if it may be a treatment, or raise ValueError."""
    return check(name, TREATMENTS, "an imbalanced-learn sampler's")


def schema(known):
    """Return the JSON schema of a name that is one of ``known`` or may be a class."""
    return {"anyOf": [{"enum": list(known)}, {"type": "string", "pattern": f"^{CLASS.pattern}$"}]}
