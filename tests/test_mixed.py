"""Tables with text, dates and gaps: in every learner, under every treatment, in a saved model."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from rebalance import columns, store
from rebalance.errors import InputError
from rebalance.learning import learners, training, treatments
from rebalance.learning.fits import steps_before
from rebalance.learning.treatments import counts
from tests.strategies import (
    ENSEMBLES,
    QUICK,
    fits,
    learner,
    mixed,
    mixed_frame,
    model,
    params,
    treatment,
)

TABLE, FRAME = mixed(), mixed_frame()
FRAME_ARROW = pa.Table.from_pandas(FRAME)


def of(frame, y, learnt=None):
    """Return a data frame and its classes as a `Table`."""
    learnt = learnt or columns.learn(pa.Table.from_pandas(frame), list(frame))
    return store.Table(
        X=columns.matrix(learnt, frame),
        y=y,
        features=columns.encoded(learnt),
        roles=columns.roles({"target": "Class"}, learnt),
        layout=columns.layout(learnt),
        rows=frame.head(),
    )


def train(entry, name="hist_gradient_boosting", table=TABLE):
    given = params(learner=learner(name).model_dump(), out_of_fold__folds=2)
    settings = training.Settings.of(given)
    training.check(entry, table, settings, "resample.x")
    with fits(table) as running:
        return training.train(entry, running, settings)


@pytest.mark.parametrize("name", [*QUICK, *ENSEMBLES])
def test_a_saved_model_answers_to_rows_as_the_table_has_them(name, tmp_path):
    made = model(name, TABLE)
    store.write_model(tmp_path / "m.skops", made)
    read = store.read_model(tmp_path / "m.skops")

    found = read.predict_proba(FRAME)

    np.testing.assert_array_equal(found, made.predict_proba(TABLE.X))
    # In any order, with columns that it does not ask for, and a row alone.
    turned = FRAME[FRAME.columns[::-1]].iloc[::-1]
    np.testing.assert_allclose(read.predict_proba(turned)[::-1], found, rtol=1e-12)
    assert np.ptp(found[:, 1]) > 0.01


@pytest.mark.parametrize("name", [*QUICK, *ENSEMBLES])
def test_an_unseen_category_and_a_gap_in_every_cell_have_an_answer(name):
    rows = FRAME.head(3).copy()
    rows["job"], rows["town"] = "never seen", "nor this"
    empty = FRAME.head(3).assign(count=None, day=pd.NaT)
    for column in ("amount", "flag", "job", "town", "note"):
        empty[column] = None
    made = model(name, TABLE)
    for each in (rows, empty):
        found = made.predict_proba(each)
        assert ((found >= 0) & (found <= 1)).all()


# A network of two nodes learns little from anything.
@pytest.mark.parametrize("name", [*[n for n in QUICK if n != "MLPClassifier"], "GaussianNB"])
def test_every_learner_learns_from_every_kind_of_column(name):
    trained = train(treatment("none"), name)
    assert trained.summary["out_of_fold"]["average_precision"] > 1.5 * TABLE.y.mean()


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("random_under", {"ratio": 2}),
        ("random_over", {"ratio": 2}),
        ("class_weight", {"weight": "balanced"}),
        ("smote", {"ratio": 2}),
        ("SMOTENC", {"ratio": 2, "params": {"categorical_features": [1]}}),
        ("NearMiss", {"ratio": 2}),
        ("TomekLinks", {}),
        ("balanced_random_forest", {"params": {"n_estimators": 3}}),
        ("balanced_bagging", {"params": {"n_estimators": 2}}),
        ("easy_ensemble", {"params": {"n_estimators": 2}}),
        ("rus_boost", {"params": {"n_estimators": 2}}),
    ],
)
@pytest.mark.parametrize("of", ["hist_gradient_boosting", "logistic_regression"])
def test_every_treatment_takes_every_kind_of_column(name, keys, of):
    trained = train(treatment(name, **keys), of)
    assert np.isfinite(trained.scores.y_score).all()
    assert trained.summary["out_of_fold"]["average_precision"] > 1.5 * TABLE.y.mean()


def made_rows(entry, table):
    """Return the rows that a sampler made, as the learner sees them, and their layout."""
    steps = steps_before(entry, learner(), table)
    X = table.X
    for step in steps.transformers:
        X = step.fit_transform(X, table.y)
    seen = treatments.prepare(entry, X, table.y, layout=steps.layout)
    return seen.rows.array()[len(X) :], X, steps.layout


def test_smote_makes_whole_numbers_and_no_new_category():
    made, X, layout = made_rows(treatment("smote", ratio=1), TABLE)
    assert len(made) == counts(TABLE.y)[0] - counts(TABLE.y)[1]
    assert not np.isnan(X).any()
    for place in layout.categories:
        assert set(made[:, place]) <= set(X[TABLE.y == 1, place])
    for place in layout.whole:
        np.testing.assert_array_equal(made[:, place], np.rint(made[:, place]))
    # The indicators of gaps come last, and are 0 or 1.
    indicators = made[:, layout.width :]
    assert indicators.shape[1] > 0
    assert set(np.unique(indicators)) <= {0.0, 1.0}
    amount = [i for i in range(layout.width) if i not in {*layout.categories, *layout.whole}]
    assert (made[:, amount] != np.rint(made[:, amount])).any()


def test_smote_on_categories_alone_copies_them():
    names = ["job", "town"]
    learnt = columns.learn(FRAME_ARROW, names)
    table = of(FRAME, TABLE.y, learnt)
    made, X, layout = made_rows(treatment("smote", ratio=1), table)
    assert len(layout.categories) == X.shape[1]
    assert len(made) > 0
    for place in layout.categories:
        assert set(made[:, place]) <= set(X[table.y == 1, place])


def test_whole_numbers_of_a_table_of_numbers_stay_whole():
    frame = pd.DataFrame({"a": np.arange(200) % 17, "b": np.arange(200) % 5 * 0.3})
    table = of(frame, (np.arange(200) % 7 == 0).astype(np.int8))
    made, _, layout = made_rows(treatment("smote", ratio=1), table)
    assert layout.whole == (0,)
    np.testing.assert_array_equal(made[:, 0], np.rint(made[:, 0]))
    assert (made[:, 1] != np.rint(made[:, 1])).any()


@pytest.mark.parametrize("name", ["ADASYN", "BorderlineSMOTE", "SMOTETomek", "ClusterCentroids"])
def test_a_sampler_that_mixes_rows_refuses_categories_before_any_fit(name):
    with pytest.raises(InputError, match=f"resample.x: treatment '{name}' makes rows between"):
        train(treatment(name))


def test_too_few_positives_for_neighbours_are_refused_before_any_fit(monkeypatch):
    monkeypatch.setattr(learners, "fit", None)
    few = mixed(300, 10)
    # Two folds of ten leave five.
    with pytest.raises(InputError, match=r"k_neighbors must be below .* got 5 with 5 positives"):
        train(treatment("smote", params={"k_neighbors": 5}), table=few)
    settings = training.Settings.of(params(out_of_fold__folds=2))
    for arguments in ({"k_neighbors": 4}, {}):
        training.check(treatment("smote", params=arguments), few, settings, "resample.x")


def test_smote_looks_at_as_many_neighbours_as_there_are_where_nobody_says_how_many():
    few = mixed(300, 10)
    rows = np.r_[np.flatnonzero(few.y)[:3], np.flatnonzero(few.y == 0)[:40]]
    X, y = np.nan_to_num(few.X[rows]), few.y[rows]
    one, other = (
        treatments.prepare(treatment("smote", ratio=2, params=arguments), X, y).rows.array()
        for arguments in ({}, {"k_neighbors": 2})
    )
    np.testing.assert_array_equal(one, other)
    assert len(one) == 60
    with pytest.raises(InputError, match="got 5 with 1 positives"):
        treatments.prepare(treatment("smote"), X[2:], y[2:])


def test_a_category_of_many_values_is_the_mean_of_other_rows_targets():
    """A value that each row has alone says nothing of the row itself."""
    rng = np.random.default_rng(0)
    y = (rng.random(600) < 0.3).astype(np.int8)
    frame = pd.DataFrame({"v": [f"v{i // 2}" for i in range(600)], "x": rng.normal(size=600)})
    table = of(frame, y)
    entry = treatment("random_over", ratio=1)
    steps = steps_before(entry, learner(), table)
    assert len(steps.transformers) == 1
    assert steps.layout.categories == {}

    found = train(entry, table=table).summary["out_of_fold"]["average_precision"]

    # Pairs of rows share a value by chance alone: a model that saw a copy would score it well.
    assert found < 0.4


def test_the_means_of_a_category_tell_the_target_where_it_does():
    rng = np.random.default_rng(0)
    towns = rng.integers(0, 300, 3000)
    y = (rng.random(3000) < np.where(towns % 7 == 0, 0.8, 0.05)).astype(np.int8)
    table = of(pd.DataFrame({"v": [f"t{n}" for n in towns], "x": rng.normal(size=3000)}), y)
    for name in ("hist_gradient_boosting", "logistic_regression"):
        trained = train(treatment("none"), name, table)
        assert trained.summary["out_of_fold"]["average_precision"] > 0.6


@pytest.mark.parametrize("name", ["hist_gradient_boosting", "lightgbm", "xgboost"])
def test_boosted_trees_split_sets_of_categories(name):
    """Every second of sixteen values is positive: a tree of two leaves tells sets, not numbers."""
    values = np.arange(1600) % 16
    y = (values % 2).astype(np.int8)
    y[::50] = 1 - y[::50]
    # As frequent as each other, so that codes follow the labels.
    table = of(pd.DataFrame({"v": [f"v{n:02}" for n in values], "x": np.arange(1600) % 7.5}), y)
    one_split = {
        "hist_gradient_boosting": {"max_iter": 1, "max_leaf_nodes": 2},
        "lightgbm": {"n_estimators": 1, "num_leaves": 2},
        "xgboost": {"n_estimators": 1, "max_depth": 1, "max_cat_to_onehot": 1},
    }
    section = learner(name, **one_split[name])
    made = learners.make(section, table.layout)
    fitted = learners.fit(made, table.X, table.y, layout=table.layout)
    p = learners.raw_scores(fitted, table.X)
    assert p[y == 1].mean() - p[y == 0].mean() > 0.9 * np.ptp(p)


def test_an_example_is_as_the_table_has_it(tmp_path):
    learnt = columns.learn(FRAME_ARROW, list(FRAME.columns[:-1]), {"note": "text"})
    roles = columns.roles({"target": "Class", "features": list(FRAME.columns[:-1])}, learnt)
    store.write_frame(tmp_path / "t.parquet", FRAME_ARROW, roles)

    found = store.read_table(tmp_path / "t.parquet")

    assert found.inputs == ["amount", "count", "flag", "job", "town", "day", "note"]
    assert found.features == [
        "amount", "count", "flag", "job", "town",
        "day month", "day weekday", "day days", "note length", "note words",
        "note: one", "note: a", "note: or", "note: say", "note: to", "note: two", "note: word",
    ]  # fmt: skip
    np.testing.assert_array_equal(found.X, TABLE.X.astype(found.X.dtype))
    assert found.X.dtype == float
    assert list(found.example.columns) == found.inputs
    assert found.example["job"].tolist() == FRAME["job"].head().tolist()
    assert found.encoding == json.loads(json.dumps(learnt))
    # What is encoded is also there as it was.
    assert found.column("town")[0] == FRAME["town"][0]
    assert found.column("id")[3] == "C00003"
    assert found.gaps == ["amount", "flag", "job", "town", "note length", "note words"]


def test_a_table_of_numbers_needs_no_encoding(tmp_path):
    frame = pd.DataFrame({"a": [1.5, 2.5] * 20, "b": [0, 1] * 20, "id": range(40)})
    roles = {"target": "b", "features": ["a", "id"]}
    table = pa.Table.from_pandas(frame)
    store.write_frame(
        tmp_path / "t", table, columns.roles(roles, columns.learn(table, ["a", "id"]))
    )
    found = store.read_table(tmp_path / "t")
    assert found.inputs == found.features == ["a"]
    assert found.encoding is None
    assert found.example.tolist() == [[1.5], [2.5], [1.5], [2.5], [1.5]]


def test_a_table_without_a_column_to_learn_from_says_what_they_are():
    learnt = columns.learn(FRAME_ARROW, ["id"])
    with pytest.raises(InputError, match=r"no column is left to learn from: 'id' \(id\)"):
        columns.roles({"target": "Class"}, learnt)
