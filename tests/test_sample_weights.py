"""A weight of 2 is the row twice, and a weight of 0 its absence: what a weight means.

Bound here are the settings that count rows and not weights: min_samples_leaf of every tree, the
bootstrap of a forest (it draws rows), and the penalty of logistic regression, whose columns are
scaled by the rows. docs/reliability.md names them.
"""

import numpy as np
import pytest

from rebalance.learning import learners, treatments
from rebalance.params.learners import LEARNERS
from tests.strategies import learner, treatment

SAMPLE_WEIGHT = treatment("sample_weight", column="w")
SETTINGS = {
    "hist_gradient_boosting": {"max_iter": 5, "min_samples_leaf": 1, "max_leaf_nodes": 4},
    "gradient_boosting": {"n_estimators": 5, "max_depth": 2},
    "logistic_regression": {"C": 1e8, "tol": 1e-10, "max_iter": 10_000},
    "lightgbm": {
        "n_estimators": 30,
        "min_child_samples": 0,
        "min_data_in_bin": 1,
        "num_leaves": 4,
        "reg_lambda": 0.1,
    },
    "xgboost": {"n_estimators": 30, "max_depth": 2, "max_bin": 512, "reg_lambda": 0.1},
    "random_forest": {
        "n_estimators": 5,
        "bootstrap": False,
        "max_depth": 3,
        "max_features": None,
        "min_samples_leaf": 1,
    },
    "DecisionTreeClassifier": {"max_depth": 3},
    "GaussianNB": {},
}


def test_every_learner_of_the_table_is_tried():
    assert {*LEARNERS} <= SETTINGS.keys()


@pytest.fixture(scope="module")
def rows():
    """Return rows and labels that a learner can learn a little from, of values on a grid."""
    draw = np.random.default_rng(0)
    y = (np.arange(120) % 4 == 0).astype(np.int8)
    return np.round(draw.normal(size=(120, 3)) + y[:, None], 1), y


def scores(name, entry, X, y, weights, seen):
    """Return the probabilities of ``seen`` by a learner fitted to rows with weights, or without."""
    made = learners.make(learner(name, **SETTINGS[name]))
    fitted = treatments.fit(entry, made, X, y, weights)
    return fitted.estimator.predict_proba(seen)[:, 1]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_weight_of_two_is_the_row_twice_and_of_zero_its_absence(name, rows):
    X, y = rows
    times = np.random.default_rng(1).integers(0, 3, len(y))
    weighted = scores(name, SAMPLE_WEIGHT, X, y, times.astype(float), X)
    repeated = np.repeat(X, times, axis=0), np.repeat(y, times)
    expected = scores(name, treatment("none"), *repeated, None, X)
    unweighted = scores(name, treatment("none"), X, y, None, X)
    assert np.abs(expected - unweighted).max() > 0.02  # the weights do something
    np.testing.assert_allclose(weighted, expected, atol=1e-5)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_class_weight_of_three_is_each_positive_three_times(name, rows):
    X, y = rows
    times = np.where(y == 1, 3, 1)
    weighted = scores(name, treatment("class_weight", weight=3.0), X, y, None, X)
    repeated = np.repeat(X, times, axis=0), np.repeat(y, times)
    expected = scores(name, treatment("none"), *repeated, None, X)
    np.testing.assert_allclose(weighted, expected, atol=1e-5)
