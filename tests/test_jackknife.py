"""A contribution is what a metric loses without the row, and its spread is the standard error."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from rebalance import comparison, metrics
from rebalance.comparison import bootstrap, estimates, intervals, jackknife
from tests.samples import THRESHOLD, sample

SLOW = {"average_precision": average_precision_score, "roc_auc": roc_auc_score}
DECISIONS = {name: row for name, row in metrics.METRICS.items() if row.family == "decision"}
PROBABILITIES = [
    "brier", "log_loss", "mean_probability", "brier_skill", "calibration_intercept",
    "calibration_slope",
]  # fmt: skip


def contributions(y_true, score):
    return (
        jackknife.of_ranking(y_true, score)
        | jackknife.of_decisions(y_true, score >= THRESHOLD)
        | jackknife.of_probability(y_true, score)
    )


@pytest.mark.parametrize("decimals", [1, 9])
@pytest.mark.parametrize("metric", [*SLOW, *sorted(set(DECISIONS) - {"precision"})])
def test_a_contribution_is_what_the_metric_loses_without_the_row(metric, decimals):
    y_true, models = sample(15, 45, decimals=decimals)
    score = models["arm"][0]
    slow = SLOW.get(metric) or (lambda *rows: metrics.decision_metrics(*rows, THRESHOLD)[metric])
    found = contributions(y_true, score)[metric][1]
    for row, label in enumerate(y_true):
        rest, n = np.arange(60) != row, np.sum(y_true == label)
        loss = slow(y_true, score) - slow(y_true[rest], score[rest])
        assert found[row] == pytest.approx(loss * (n - 1) / n, abs=1e-12)


def test_a_precision_has_the_same_interval_whichever_file_shows_it():
    y_true, models = sample(15, 45, decimals=1)
    score = models["arm"][0]
    flagged, strata = score >= THRESHOLD, bootstrap.Strata.of(y_true)
    value, each = jackknife.of_decisions(y_true, flagged)["precision"]
    found = intervals.score_interval(
        value, jackknife.spread(each, strata), flagged.sum(), intervals.t_quantile(14)
    )
    expected = estimates.linear_interval("precision", (y_true == 1) & flagged, flagged, strata)
    assert found == pytest.approx(expected)
    both = {"other": (models["baseline"][0], 0.5), "arm": (score, THRESHOLD)}
    shown = comparison.compare(y_true, both, "other", n_draws=100).intervals["arm"]["precision"]
    assert (shown.low, shown.high) == pytest.approx(expected)


@given(st.integers(0, 50), st.sampled_from([1, 2, 9]))
def test_jackknifes_come_with_the_metrics_themselves(seed, decimals):
    y_true, models = sample(15, 45, seed=seed, decimals=decimals)
    score = models["arm"][0]
    found = contributions(y_true, score)
    slow = metrics.score(y_true, score, THRESHOLD)
    assert found.keys() == {*SLOW, *DECISIONS, *PROBABILITIES} & slow.keys()
    for metric, (value, by_row) in found.items():
        assert value == pytest.approx(slow[metric])
        assert by_row.shape == y_true.shape


def test_a_row_without_which_nothing_is_flagged_contributes_nothing():
    y_true, flagged = np.array([1, 1, 0, 0, 0]), np.array([True, False, False, False, False])
    value, by_row = jackknife.of_decisions(y_true, flagged)["precision"]
    assert (value, by_row.tolist()) == (1.0, [0.0] * 5)
    assert "precision" not in jackknife.of_decisions(y_true, ~flagged[[1, 1, 1, 1, 1]] & False)


def test_the_standard_error_of_auc_is_delongs():
    y_true, models = sample(decimals=1)
    score = models["arm"][0]
    positives, negatives = score[y_true == 1], score[y_true == 0]
    wins = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    by_hand = wins.mean(1).var(ddof=1) / positives.size + wins.mean(0).var(ddof=1) / negatives.size
    contribution = jackknife.of_ranking(y_true, score)["roc_auc"][1]
    error = jackknife.spread(contribution, bootstrap.Strata.of(y_true))
    assert error == pytest.approx(math.sqrt(by_hand))


@pytest.mark.parametrize("grouped", [False, True])
def test_standard_errors_agree_with_the_spread_of_rows_drawn_again(grouped):
    y_true, models = sample(100, 700)
    groups = np.random.default_rng(1).integers(0, 400, y_true.size) if grouped else None
    strata = bootstrap.Strata.of(y_true, groups)
    arm, baseline = (models[name][0] for name in ("arm", "baseline"))
    first, second = contributions(y_true, arm), contributions(y_true, baseline)
    drawn = []
    for block in bootstrap.weights(strata, 192, seed=0):
        for weight in block[strata.unit].T:
            rows = np.repeat(np.arange(y_true.size), weight.astype(int))
            each = [metrics.score(y_true[rows], s[rows], THRESHOLD) for s in (arm, baseline)]
            drawn.append([(each[0][name], each[0][name] - each[1][name]) for name in first])
    # Of 192 draws a standard deviation is known to 5 %.
    for (alone, paired), name in zip(np.std(drawn, axis=0, ddof=1), first, strict=True):
        assert jackknife.spread(first[name][1], strata) == pytest.approx(alone, rel=0.2), name
        apart = first[name][1] - second[name][1]
        assert jackknife.spread(apart, strata) == pytest.approx(paired, rel=0.2), name


def test_a_single_unit_has_no_spread():
    assert jackknife.spread(np.array([3.0, 1.0, 1.0]), bootstrap.Strata([1, 2], np.arange(3))) == 0
