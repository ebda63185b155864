"""Every learner of the table, and what params.yaml may not ask of it."""

import logging
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import sleep

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from rebalance import columns
from rebalance.errors import InputError
from rebalance.learning import learners
from tests.strategies import QUICK, learner, table

TABLE = table()
HOLES = table()
HOLES.X[3, 1] = np.nan


def arguments(estimator):
    return getattr(estimator, "steps", [("", estimator)])[-1][1].get_params()


@pytest.mark.parametrize("name", learners.LEARNERS)
def test_every_learner_of_the_table_learns_on_one_thread_and_repeats_itself(name):
    made = [learners.make(learner(name)) for _ in range(2)]
    assert arguments(made[0]).get("n_jobs", 1) in {1, None}
    first, second = (learners.fit(m, TABLE.X, TABLE.y).predict_proba(TABLE.X)[:, 1] for m in made)
    np.testing.assert_array_equal(first, second)
    assert first[TABLE.y == 1].mean() > first[TABLE.y == 0].mean()
    assert not hasattr(made[0], "classes_")


@pytest.mark.parametrize("name", learners.LEARNERS)
def test_what_params_say_replaces_the_tables_own_and_the_seed_is_theirs(name):
    made = learners.make(learner(name))
    expected = learners.LEARNERS[name].defaults | QUICK[name] | {"random_state": 0}
    assert {key: arguments(made)[key] for key in expected} == expected
    assert arguments(learners.make(learner(name, random_state=7)))["random_state"] == 7


def test_logistic_regression_sees_scaled_columns():
    X = TABLE.X * [1, 1e3, 1e-3, 1] + [0, 1e6, 0, 0]
    found = learners.fit(learners.make(learner("logistic_regression")), X, TABLE.y)
    scaled = StandardScaler().fit_transform(X)
    alone = LogisticRegression(max_iter=1000, random_state=0).fit(scaled, TABLE.y)
    np.testing.assert_array_equal(found.predict_proba(X), alone.predict_proba(scaled))


@pytest.mark.parametrize("name", ["GaussianNB", "ExtraTreesClassifier", "KNeighborsClassifier"])
def test_a_classifier_of_scikit_learn_goes_by_its_class_name(name):
    made = learners.make(learner(name))
    assert type(made[-1] if hasattr(made, "steps") else made).__name__ == name
    assert learners.fit(made, TABLE.X, TABLE.y).predict_proba(TABLE.X).shape == (200, 2)


REFUSED = [
    ("Boosting", {}, "learner.name must be one of hist_gradient_boosting, gradient_boosting, "),
    ("LinearSVC", {}, "a classifier that gives probabilities; 'LinearSVC' does not, with these"),
    (
        "StackingClassifier",
        {},
        "'StackingClassifier': missing 1 required positional argument: 'est",
    ),
    (
        "hist_gradient_boosting",
        {"lerning_rate": 1},
        "unknown argument 'lerning_rate'; hist_gradient_b",
    ),
    ("hist_gradient_boosting", {"max_iter": 0}, "The 'max_iter' parameter of HistGradientBoosting"),
    (
        "logistic_regression",
        {"C": -1},
        "The 'C' parameter of LogisticRegression must be a float in",
    ),
    ("random_forest", {"max_depth": "deep"}, "The 'max_depth' parameter of RandomForestClassifier"),
    ("lightgbm", {"leaves": 3}, "unknown argument 'leaves'; lightgbm knows boosting_type, "),
    ("xgboost", {"leaves": 3}, "unknown argument 'leaves'; xgboost knows base_score, booster, "),
]


@pytest.mark.parametrize(("name", "given", "said"), REFUSED)
def test_a_wrong_name_or_argument_is_refused_before_any_fit(name, given, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        learners.make(learner(name, **given))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        (
            "lightgbm",
            {"num_leaves": 1},
            "LGBMClassifier cannot learn from these rows: Check failed",
        ),
        ("xgboost", {"max_bin": 0}, "XGBClassifier cannot learn from these rows: "),
        ("MultinomialNB", {}, "MultinomialNB cannot learn from these rows: Negative values"),
    ],
)
def test_what_only_a_fit_finds_out_is_one_line_too(name, given, said, capfd):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        learners.fit(learners.make(learner(name, **given)), TABLE.X, TABLE.y)
    assert "\n" not in str(caught.value)
    assert "Stack trace" not in str(caught.value)
    capfd.readouterr()


def test_lightgbm_takes_its_own_parameters_too():
    made = learners.make(learner("lightgbm", boost_from_average=False, max_bin=15))
    assert made.get_params()["boost_from_average"] is False
    plain = learners.fit(learners.make(learner("lightgbm")), TABLE.X, TABLE.y)
    own = learners.fit(made, TABLE.X, TABLE.y)
    assert not np.array_equal(own.predict_proba(TABLE.X), plain.predict_proba(TABLE.X))


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_an_extra_that_is_missing_says_what_to_install(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"pip install 'rebalance\[{name}\]'"):
        learners.make(learner(name))


@pytest.mark.parametrize("name", ["hist_gradient_boosting", "random_forest", "lightgbm", "xgboost"])
def test_missing_values_are_said_where_the_learner_takes_them(name, caplog):
    with caplog.at_level(logging.WARNING):
        learners.check(learner(name), HOLES)
    assert caplog.messages == ["note: missing values in b go to the learner as they are."]
    found = learners.fit(learners.make(learner(name)), HOLES.X, HOLES.y)
    assert np.isfinite(found.predict_proba(HOLES.X)).all()


@pytest.mark.parametrize("name", ["logistic_regression", "gradient_boosting", "GaussianNB"])
def test_missing_values_are_filled_where_the_learner_does_not_take_them(name, caplog):
    with caplog.at_level(logging.WARNING):
        learners.check(learner(name), HOLES)
    assert caplog.messages == [
        "note: missing values in b are filled in every training fold, and a column more says "
        "where they were."
    ]
    gaps = learners.make(learner(name), columns.Layout(gaps=True))
    found = learners.fit(gaps, HOLES.X, HOLES.y)

    # What is filled is the median of the rows that it learnt from, with a column of 0 and 1.
    missing = np.isnan(HOLES.X[:, 1])
    filled = HOLES.X.copy()
    filled[missing, 1] = np.median(HOLES.X[~missing, 1])
    if name == "logistic_regression":
        ends = np.nanmean(HOLES.X, axis=0), np.nanstd(HOLES.X, axis=0)
        filled = (filled - ends[0]) / ends[1]
    last = clone(found[-1]).fit(np.column_stack([filled, missing]), HOLES.y)
    expected = last.predict_proba(np.column_stack([filled, missing]))
    np.testing.assert_allclose(found.predict_proba(HOLES.X), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["logistic_regression", "gradient_boosting"])
def test_a_gap_in_rows_to_come_is_filled_too(name):
    found = learners.fit(learners.make(learner(name)), TABLE.X, TABLE.y)
    row = np.median(TABLE.X, axis=0)[None]
    gap = np.where(np.arange(4) == 2, np.nan, row)
    np.testing.assert_array_equal(found.predict_proba(gap), found.predict_proba(row))


@pytest.mark.parametrize(
    ("name", "positives", "warned"),
    [
        ("gradient_boosting", 3, True),
        ("GradientBoostingClassifier", 3, True),
        ("gradient_boosting", 4, False),
        ("hist_gradient_boosting", 3, False),
    ],
)
def test_gradient_boosting_is_warned_about_below_one_percent(name, positives, warned, caplog):
    with caplog.at_level(logging.WARNING):
        learners.check(learner(name), table(400, positives))
    assert [message[:9] for message in caplog.messages] == ["warning: "] * warned


def test_weights_reach_the_last_step_or_are_refused():
    weights = np.where(TABLE.y == 1, 9.0, 1.0)
    made = learners.make(learner("logistic_regression"))
    found = learners.fit(made, TABLE.X, TABLE.y, weights)
    scaled = StandardScaler().fit_transform(TABLE.X)
    alone = LogisticRegression(max_iter=1000, random_state=0).fit(scaled, TABLE.y, weights)
    np.testing.assert_array_equal(found.predict_proba(TABLE.X), alone.predict_proba(scaled))
    with pytest.raises(InputError, match="'KNeighborsClassifier' takes no sample weights"):
        learners.fit(learners.make(learner("KNeighborsClassifier")), TABLE.X, TABLE.y, weights)


def test_a_fit_leaves_the_estimator_that_it_was_given_unfitted():
    made = HistGradientBoostingClassifier(max_iter=2)
    assert learners.fit(made, TABLE.X, TABLE.y) is not made
    assert not hasattr(made, "classes_")


def test_the_names_of_treatments_that_params_take_are_those_of_the_table():
    from rebalance.learning import treatments
    from rebalance.params import names

    assert set(names.TREATMENTS) == set(treatments.TREATMENTS)


def test_answers_that_are_no_probabilities_are_one_line():
    near = learners.make(learner("KNeighborsClassifier", n_neighbors=5000))
    fitted = learners.fit(near, TABLE.X, TABLE.y)
    with pytest.raises(InputError, match="KNeighborsClassifier cannot score these rows: Expected"):
        learners.raw_scores(fitted, TABLE.X)

    class Regressor:
        def predict_proba(self, X):
            return np.full((len(X), 2), 1.5)

    with pytest.raises(InputError, match="Regressor must answer with probabilities from 0 to 1"):
        learners.raw_scores(Regressor(), TABLE.X)


@pytest.mark.parametrize(
    ("device", "said"),
    [("cuda", "learner.params.device must be cpu here, got 'cuda': "), ("moon", "device 'moon': ")],
)
def test_a_gpu_that_is_not_there_is_one_line_before_any_fit(device, said, monkeypatch):
    # Also where there is one.
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(InputError, match=said) as caught:
        learners.check(learner("xgboost", device=device), table(60, 20))
    assert "\n" not in str(caught.value)


def test_a_cpu_that_is_named_is_taken():
    learners.check(learner("xgboost", device="cpu"), table(60, 20))


def test_scikit_learn_s_classifiers_are_listed_by_one_thread_at_a_time(monkeypatch):
    """Listing them imports modules, and two threads that do so break each other's imports."""
    alone = Lock()

    def listed(type_filter):
        assert alone.acquire(blocking=False)
        sleep(0.05)
        alone.release()
        return [(name, LogisticRegression) for name in ("A", "B", "C")]

    monkeypatch.setattr("sklearn.utils.all_estimators", listed)
    for cached in (learners._classes, learners._find):
        cached.cache_clear()
    try:
        with ThreadPoolExecutor(3) as executor:
            found = [*executor.map(learners._find, "ABC")]
    finally:
        for cached in (learners._classes, learners._find):
            cached.cache_clear()
    assert [each.place.rpartition(".")[2] for each in found] == ["A", "B", "C"]
