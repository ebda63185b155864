"""A contribution is what a metric loses without the row, and its spread is the standard error."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, recall_score, roc_auc_score

from rebalance import metrics
from rebalance.comparison import bootstrap, jackknife
from tests.samples import THRESHOLD, sample

SLOW = {
    "average_precision": average_precision_score,
    "roc_auc": roc_auc_score,
    "recall": lambda y_true, y_score: recall_score(y_true, y_score >= THRESHOLD),
}


@pytest.mark.parametrize("decimals", [1, 9])
@pytest.mark.parametrize("metric", SLOW)
def test_a_contribution_is_what_the_metric_loses_without_the_row(metric, decimals):
    y_true, models = sample(15, 45, decimals=decimals)
    score = models["arm"][0]
    found = jackknife.contributions(y_true, score, score >= THRESHOLD)[metric][1]
    for row, label in enumerate(y_true):
        rest, n = np.arange(60) != row, np.sum(y_true == label)
        loss = SLOW[metric](y_true, score) - SLOW[metric](y_true[rest], score[rest])
        assert found[row] == pytest.approx(loss * (n - 1) / n, abs=1e-12)


@given(st.integers(0, 50), st.sampled_from([1, 2, 9]))
def test_jackknifes_come_with_the_metrics_themselves(seed, decimals):
    y_true, models = sample(15, 45, seed=seed, decimals=decimals)
    score = models["arm"][0]
    found = jackknife.contributions(y_true, score, score >= THRESHOLD)
    slow = metrics.score(y_true, score, THRESHOLD)
    for metric, (value, by_row) in found.items():
        assert value == pytest.approx(slow[metric])
        assert by_row.shape == y_true.shape


def test_the_standard_error_of_auc_is_delongs():
    y_true, models = sample(decimals=1)
    score = models["arm"][0]
    positives, negatives = score[y_true == 1], score[y_true == 0]
    wins = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    by_hand = wins.mean(1).var(ddof=1) / positives.size + wins.mean(0).var(ddof=1) / negatives.size
    contribution = jackknife.contributions(y_true, score, score >= 0.5)["roc_auc"][1]
    error = jackknife.spread(contribution, bootstrap.Strata.of(y_true))[0]
    assert error == pytest.approx(math.sqrt(by_hand))


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("metric", ["average_precision", "roc_auc", "recall"])
def test_standard_errors_agree_with_the_spread_of_the_draws(metric, grouped):
    y_true, models = sample(150, 1500)
    groups = np.random.default_rng(1).integers(0, 400, y_true.size) if grouped else None
    strata = bootstrap.Strata.of(y_true, groups)
    flagged = {name: (score, score >= at) for name, (score, at) in models.items()}
    drawn = bootstrap.draws(y_true, flagged, strata, n_draws=2000, seed=0, k=100, precision=0.9)
    contributions = {
        name: jackknife.contributions(y_true, *model)[metric][1] for name, model in flagged.items()
    }
    error, _ = jackknife.spread(contributions["arm"], strata)
    assert error == pytest.approx(drawn["arm"][metric].std(), rel=0.08)
    error, _ = jackknife.spread(contributions["arm"] - contributions["baseline"], strata)
    spread = (drawn["arm"][metric] - drawn["baseline"][metric]).std()
    assert error == pytest.approx(spread, rel=0.1)


def test_few_contributions_that_carry_the_error_leave_few_degrees_of_freedom():
    strata = bootstrap.Strata.of(np.repeat([1, 0], [50, 500]))
    even, lumpy = np.zeros(550), np.zeros(550)
    even[:50] = np.linspace(-1, 1, 50)
    lumpy[:2] = 1
    assert jackknife.spread(even, strata)[1] == pytest.approx(49)
    assert 2 <= jackknife.spread(lumpy, strata)[1] < 10
    assert jackknife.spread(np.zeros(550), strata) == (0, 49)
