"""Rows that stay on the GPU, with numpy and the CPU in the place of CuPy and a GPU.

What only a GPU can show, that its scores are near the CPU's and how fast it is, is not tested.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from rebalance.learning import device, fits, learners
from rebalance.model.rows import Rows
from rebalance.params import Treatment
from tests.strategies import learner, table

RNG = np.random.default_rng(0)
X = RNG.standard_normal((300, 4)).round(3)
Y = (X[:, 0] + RNG.standard_normal(300) > 1).astype(int)


@pytest.fixture
def sent(monkeypatch):
    """Return the shapes of what was sent to the device, as it is sent."""
    shapes = []

    def asarray(array, dtype=None):
        if dtype is not None:
            shapes.append(array.shape)
        return np.array(array, dtype=dtype)

    fake = SimpleNamespace(asarray=asarray, concatenate=np.concatenate)
    monkeypatch.setattr(device, "arrays", lambda: fake)
    monkeypatch.setattr(device, "on_gpu", lambda estimator: hasattr(estimator, "get_booster"))
    monkeypatch.setattr(device, "_held", (None, None))
    return shapes


def fitted(rows, y, weight=None):
    estimator = learners.make(learner("xgboost", n_estimators=5))
    return learners.fit(estimator, rows, y, weight)


@pytest.mark.parametrize("made", [None, X[:7] + 1])
def test_a_fit_of_rows_on_the_device_is_the_fit_of_those_rows(made, request):
    index = np.flatnonzero(np.arange(300) % 3)
    rows = Rows(X=X, index=index, made=made)
    y = np.concatenate([Y[index], np.ones(0 if made is None else 7, dtype=int)])
    weight = np.linspace(1, 2, len(y))
    usual = fitted(rows, y, weight)
    expected = usual.get_booster().save_raw(), learners.raw_scores(usual, X)
    request.getfixturevalue("sent")
    ours = fitted(rows, y, weight)
    assert ours.get_booster().save_raw() == expected[0]
    np.testing.assert_array_equal(learners.raw_scores(ours, X), expected[1])


def test_a_table_is_sent_once_and_its_rows_are_chosen_there(sent):
    for part in range(3):
        fold = np.arange(300) % 3 == part
        estimator = fitted(Rows(X=X, index=np.flatnonzero(~fold)), Y[~fold])
        learners.raw_scores(estimator, Rows(X=X, index=np.flatnonzero(fold)))
    fitted(X, Y)
    assert sent == [(300, 4)]
    other = X + 1
    learners.raw_scores(estimator, other)  # sent, and not held in place of the table
    fitted(Rows(X=X, index=np.arange(300)), Y)
    assert sent == [(300, 4), (300, 4)]
    fitted(Rows(X=other, index=np.arange(300)), Y)
    assert len(sent) == 3


def test_the_model_of_all_rows_answers_on_the_host(sent):
    rows = table(60, 20)
    model = fits.final_fit(
        Treatment(treatment="none"), learner("xgboost", n_estimators=5), rows
    ).estimator
    assert sent
    assert model.get_params()["device"] == "cpu"


def test_without_cupy_and_without_a_gpu_nothing_changes(monkeypatch):
    on_gpu = learners.make(learner("xgboost", device="cuda:1"))
    monkeypatch.setattr(device, "arrays", lambda: None)
    assert device.on_gpu(on_gpu)
    assert not device.takes(on_gpu)
    monkeypatch.setattr(device, "arrays", lambda: np)
    assert device.takes(on_gpu)
    for name in ("xgboost", "lightgbm", "hist_gradient_boosting"):
        assert not device.takes(learners.make(learner(name)))
