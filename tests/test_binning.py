"""The faster bins of weighted rows are scikit-learn's own."""

import numpy as np
import pytest
from sklearn.ensemble._hist_gradient_boosting import binning as sklearn_binning

from rebalance import binning

ORIGINAL = sklearn_binning._find_binning_thresholds


@pytest.fixture
def together(monkeypatch):
    monkeypatch.setattr(sklearn_binning, "_find_binning_thresholds", ORIGINAL)
    binning.install()
    return sklearn_binning._find_binning_thresholds


@pytest.mark.parametrize("decimals", [0, 1, 8])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("max_bins", [8, 255])
def test_the_thresholds_are_those_of_scikit_learn(together, decimals, missing, max_bins):
    rng = np.random.default_rng(42)
    values = rng.standard_t(2, size=3000).round(decimals)
    values[rng.random(values.size) < missing] = np.nan
    weights = np.where(rng.random(values.size) < 0.01, 99.0, rng.integers(0, 2, values.size))

    expected = ORIGINAL(values, max_bins, weights)

    np.testing.assert_array_equal(together(values, max_bins, weights), expected)


def test_installing_twice_changes_nothing(together):
    binning.install()

    assert sklearn_binning._find_binning_thresholds is together


def test_the_hist_gradient_boosting_learner_has_it(monkeypatch):
    from rebalance import learners
    from rebalance.params import Learner

    monkeypatch.setattr(sklearn_binning, "_find_binning_thresholds", ORIGINAL)

    learners.make(Learner(name="hist_gradient_boosting", params={}, seed=0))

    assert sklearn_binning._find_binning_thresholds is not ORIGINAL
