"""Bins found sooner, and rows that are not copied, change no bit of what is fitted."""

import runpy
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from time import sleep
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.ensemble._hist_gradient_boosting import binning as sklearn_binning
from sklearn.ensemble._hist_gradient_boosting import gradient_boosting

from rebalance.learning import histogram, learners
from rebalance.model import rows as rows_module
from rebalance.model.rows import Rows
from rebalance.params import Learner

ORIGINAL = sklearn_binning._find_binning_thresholds
if ORIGINAL is histogram.bin_edges:  # somebody made a learner before
    ORIGINAL = runpy.run_path(sklearn_binning.__file__)["_find_binning_thresholds"]
DRAWN = 500  # rows that bins are found in, of more


@pytest.fixture
def original(monkeypatch):
    monkeypatch.setattr(sklearn_binning, "_find_binning_thresholds", ORIGINAL)


def column(decimals, missing, size=3000):
    rng = np.random.default_rng(42)
    values = rng.standard_t(2, size=size).round(decimals)
    values[rng.random(size) < missing] = np.nan
    return values, np.where(rng.random(size) < 0.01, 99.0, rng.integers(0, 2, size))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("decimals", [0, 1, 8])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("max_bins", [8, 255])
def test_the_edges_are_those_of_scikit_learn(weighted, decimals, missing, max_bins):
    values, weights = column(decimals, missing)
    given = (values, max_bins, weights if weighted else None)

    np.testing.assert_array_equal(histogram.bin_edges(*given), ORIGINAL(*given))


@pytest.mark.parametrize("values", [[1.0, 1.0], [1.0, np.nan, 1.0], [0.0, -0.0, 3.0], [1.0]])
def test_a_column_of_hardly_any_value_has_the_edges_of_scikit_learn(values):
    np.testing.assert_array_equal(
        histogram.bin_edges(np.array(values), 255), ORIGINAL(np.array(values), 255)
    )


def test_a_column_without_a_value_has_no_edges():
    assert histogram.bin_edges(np.full(3, np.nan), 255).size == 0


def test_the_hist_gradient_boosting_learner_has_them(original):
    learners.make(Learner(name="hist_gradient_boosting", params={}, seed=0))

    assert sklearn_binning._find_binning_thresholds is histogram.bin_edges


def table(n, dtype=float):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4)).astype(dtype)
    X[rng.random(X.shape) < 0.02] = np.nan
    return X, (np.nansum(X, axis=1) + rng.normal(size=n) > 3).astype(np.int8)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [DRAWN, 3 * DRAWN])
@pytest.mark.parametrize("made", [None, 70])
@pytest.mark.parametrize("dtype", [np.float32, float])
@pytest.mark.parametrize("categories", [None, [3, 1]])
def test_a_fit_to_rows_is_the_fit_to_an_array_of_them(
    original, monkeypatch, weighted, n, made, dtype, categories
):
    monkeypatch.setattr(rows_module, "BLOCK", 64)
    monkeypatch.setattr(
        gradient_boosting, "_BinMapper", partial(gradient_boosting._BinMapper, subsample=DRAWN)
    )
    X, y = table(n, dtype)
    if categories:
        # Codes with holes between them, gaps, and one that a single row has.
        X[:, categories] = np.floor(3 * X[:, categories]) ** 2 + 1
        X[1, 3] = 200
    index = np.random.default_rng(1).integers(0, n, n - (made or 0))
    rows = Rows(
        X=X, index=index, made=None if made is None else X[:made] + np.array([0.1, 0, 0, 0])
    )
    y = np.concatenate([y[index], y[: made or 0]])
    weights = np.where(y == 1, 7.0, 1.0) if weighted else None
    plain = HistGradientBoostingClassifier(
        max_iter=5,
        early_stopping=False,
        random_state=3,
        l2_regularization=1,
        categorical_features=categories,
    )
    assert histogram.takes_blocks(plain)

    found = learners.fit(plain, rows, y, weights)
    expected = plain.fit(rows.array(), y, weights)

    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(
        learners.raw_scores(found, rows), expected.predict_proba(rows.array())[:, 1]
    )
    assert vars(found).keys() == vars(expected).keys()
    # A value that is in no row is unknown to both.
    unseen = np.where(np.isin(np.arange(4), categories or []), 0, X)
    np.testing.assert_array_equal(found.predict_proba(unseen), expected.predict_proba(unseen))


@pytest.mark.parametrize(
    "arguments",
    [{"early_stopping": True}, {"categorical_features": [0]}, {"warm_start": True}],
)
def test_a_learner_that_looks_at_its_rows_again_gets_an_array(arguments):
    X, y = table(200)
    X[:, 0] = np.arange(200) % 5
    learner = HistGradientBoostingClassifier(max_iter=3, random_state=0, **arguments)

    assert not histogram.takes_blocks(learner)
    np.testing.assert_array_equal(
        learners.fit(learner, Rows.of(X), y).predict_proba(X), learner.fit(X, y).predict_proba(X)
    )


def test_rows_of_rows_are_counted_among_them_and_not_in_the_table():
    X = np.arange(10.0)[:, None]
    rows = Rows(X=X, index=np.array([7, 5, 3])).choose(np.array([2, 0, 0]))

    assert rows.array().ravel().tolist() == [3, 7, 7]
    assert rows.shape == (3, 1)
    assert Rows.of(rows) is rows


def test_made_rows_come_last_in_every_block(monkeypatch):
    monkeypatch.setattr(rows_module, "BLOCK", 2)
    rows = Rows(X=np.arange(5.0)[:, None], made=np.array([[8.0], [9.0]]))

    blocks = list(rows.blocks())

    assert [start for start, _ in blocks] == [0, 2, 4, 6]
    assert np.concatenate([block for _, block in blocks]).ravel().tolist() == [0, 1, 2, 3, 4, 8, 9]
    assert rows.at(np.array([6, 0, 5])).ravel().tolist() == [9, 0, 8]


@pytest.mark.parametrize("method", ["at", "blocks"])
def test_a_fault_of_ours_is_not_said_to_be_one_of_the_rows(method, monkeypatch):
    def broken(*_):
        raise ValueError("a fault of ours")

    X, y = table(200)
    monkeypatch.setattr(Rows, method, broken)
    learner = HistGradientBoostingClassifier(max_iter=2, early_stopping=False)
    with pytest.raises(RuntimeError, match="rows could not be binned: a fault of ours"):
        learners.fit(learner, Rows.of(X), y)


def test_the_edges_of_one_fit_at_a_time_are_sought():
    """Two at once would each restore the filters of warnings that the other had set."""
    alone = Lock()

    def fit(X, sample_weight):
        assert alone.acquire(blocking=False)
        sleep(0.05)
        alone.release()

    mapper = SimpleNamespace(subsample=100, fit=fit, transform=lambda X: np.zeros(X.shape))
    rows = Rows(X=np.zeros((10, 2)), index=np.arange(10))
    with ThreadPoolExecutor(3) as executor:
        for future in [executor.submit(histogram.binned, mapper, rows) for _ in range(3)]:
            assert future.result().shape == (10, 2)
