"""The tail of a ROC AUC near 1 is what its positives let expect, and has a say only there."""

import math

import numpy as np
import pytest
from scipy.special import ndtr

from rebalance import comparison
from rebalance.comparison import auc_near_one, bootstrap, estimates, intervals, jackknife


def binormal(gap, n_positives, n_negatives, correlation=0.5, seed=0):
    """Return labels, and two models' contributions to the AUC."""
    rng = np.random.default_rng(seed)
    y_true = np.repeat([1, 0], [n_positives, n_negatives])
    shared = rng.normal(size=y_true.size) * math.sqrt(correlation)
    found = []
    for _ in range(2):
        score = shared + rng.normal(size=y_true.size) * math.sqrt(1 - correlation) + gap * y_true
        found.append(jackknife.contributions(y_true, score, score > gap)["roc_auc"])
    return y_true, found


def test_the_tail_of_an_auc_is_the_normal_that_its_positives_come_from():
    y_true, (one, _) = binormal(gap=2.5, n_positives=4000, n_negatives=4000)
    ranks = auc_near_one.Ranks.of(*one, bootstrap.Strata.of(y_true))

    assert ranks.losses.mean() == pytest.approx(1 - one[0])
    # A quarter of the positives is beyond what 4000 negatives can rank.
    assert (ranks.mean, ranks.spread) == pytest.approx((2.5, 1.0), abs=0.1)


def test_expected_losses_are_those_of_many_draws_from_the_fit():
    y_true, pair = binormal(gap=2.0, n_positives=60, n_negatives=3000)
    one, other = (auc_near_one.Ranks.of(*each, bootstrap.Strata.of(y_true)) for each in pair)
    correlation = np.corrcoef(one.scores, other.scores)[0, 1]
    drawn = np.random.default_rng(0).multivariate_normal(
        [0, 0], [[1, correlation], [correlation, 1]], 1_000_000
    )
    first, second = (
        ndtr(-(each.mean + each.spread * drawn[:, i])) for i, each in enumerate((one, other))
    )

    assert auc_near_one.expected_loss(one) == pytest.approx((first.mean(), first.var()), rel=0.02)
    assert auc_near_one.expected_difference(one, other) == pytest.approx(
        (first - second).var(), rel=0.02
    )


def test_an_auc_near_1_has_no_more_trials_than_its_tail_allows():
    narrower = 0
    for seed in range(20):
        y_true, (one, _) = binormal(gap=3.5, n_positives=50, n_negatives=5000, seed=seed)
        strata = bootstrap.Strata.of(y_true)
        error, _ = jackknife.spread(one[1], strata)
        _, df, most = estimates.error_of("roc_auc", *one, strata)
        narrower += most * error**2 < one[0] * (1 - one[0])
        assert 2 <= df <= 49
    # The spread of a typical sample is too small, since the mean is made by a few.
    assert narrower > 10


def test_a_difference_of_aucs_takes_the_tail_only_where_hardly_a_positive_is_lost():
    for gap, near_1 in ((1.5, False), (3.5, True)):
        y_true, pair = binormal(gap=gap, n_positives=50, n_negatives=5000)
        strata = bootstrap.Strata.of(y_true)
        plain, df = jackknife.spread(pair[0][1] - pair[1][1], strata)
        found = estimates.error_of_difference("roc_auc", *pair, strata)
        assert (found != plain * intervals.few_rows_factor(df, 50)) == near_1
        swapped = estimates.error_of_difference("roc_auc", *pair[::-1], strata)
        assert found == pytest.approx(swapped)


def test_the_trials_of_a_tail_are_known_about_as_well_as_they_are_the_same_in_other_samples():
    for gap in (2.2, 3.5):
        found = []
        for seed in range(100):
            y_true, (one, _) = binormal(gap=gap, n_positives=50, n_negatives=5000, seed=seed)
            strata = bootstrap.Strata.of(y_true)
            error, _ = jackknife.spread(one[1], strata)
            found.append(auc_near_one.trials(*one, strata, error))
        trials, df = np.transpose([each for each in found if each[0] < math.inf])
        assert trials.size > 90
        assert 1 / 2 < 2 / np.log(trials).var() / np.median(df) < 2


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_a_difference_that_few_rows_make_has_an_interval_that_holds_it_as_often_as_it_says(share):
    rng = np.random.default_rng(0)
    strata = bootstrap.Strata.of(np.repeat([1, 0], [50, 50]))
    held = []
    for row in rng.standard_normal((4000, 50)) * (rng.random((4000, 50)) < share):
        error, df = jackknife.spread(np.r_[row / 50, np.zeros(50)], strata)
        factors = 1, intervals.few_rows_factor(df, 50)
        ends = [intervals.t_interval(row.mean(), error * factor, 49) for factor in factors]
        held.append([low <= 0 <= high for low, high, _ in ends])
    plain, lighter = np.mean(held, axis=0)
    assert 0.95 < lighter < plain


def test_an_error_of_rows_that_are_normal_or_of_very_few_positives_stays():
    assert intervals.few_rows_factor(49.0, 50) == 1
    assert intervals.few_rows_factor(120.0, 50) == 1
    assert intervals.few_rows_factor(2.0, 2) == 1
    assert 0.8 < intervals.few_rows_factor(2.0, 50) < intervals.few_rows_factor(20.0, 50) < 1


@pytest.mark.parametrize("cuts", [[3], [3, 4], [1, 2, 3, 4]])
def test_scores_of_a_few_levels_have_no_tail_and_no_verdict_where_there_is_no_difference(cuts):
    called = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y_true = np.repeat([1, 0], [98, 9800])
        shared = rng.normal(size=y_true.size) * math.sqrt(0.5)
        scores = [
            np.digitize(shared + rng.normal(size=y_true.size) * math.sqrt(0.5) + 4 * y_true, cuts)
            for _ in range(2)
        ]
        strata = bootstrap.Strata.of(y_true)
        pair = [jackknife.contributions(y_true, each, each > 1)["roc_auc"] for each in scores]
        assert len(cuts) > 2 or auc_near_one.Ranks.of(*pair[0], strata) is None
        error = estimates.error_of_difference("roc_auc", *pair, strata)
        _, _, p_value = intervals.t_interval(pair[0][0] - pair[1][0], error, 97)
        called += p_value < 0.05
    assert called <= 3


def test_positives_of_two_tied_levels_are_compared_without_a_warning():
    y_true = np.repeat([1, 0], [15, 20])
    score = np.r_[np.repeat([0.1, 0.9], [5, 10]), np.full(20, 0.5)]
    other = np.r_[np.repeat([0.1, 0.9], [4, 11]), np.full(20, 0.5)]
    found = comparison.compare(
        y_true, {"one": (score, 0.7), "other": (other, 0.7)}, "one", n_draws=100, metric="roc_auc"
    )
    assert 0 < found.differences["other"]["roc_auc"].standard_error < 1


def test_there_is_no_tail_of_a_perfect_order_nor_of_groups():
    y_true = np.repeat([1, 0], [30, 300])
    perfect = jackknife.contributions(y_true, y_true * 0.5, y_true == 1)["roc_auc"]
    assert auc_near_one.Ranks.of(*perfect, bootstrap.Strata.of(y_true)) is None
    assert auc_near_one.trials(*perfect, bootstrap.Strata.of(y_true), 0.0) == (math.inf, math.inf)
    grouped = bootstrap.Strata.of(y_true, np.arange(330) // 2)
    assert auc_near_one.Ranks.of(*perfect, grouped) is None
    _, (one, _) = binormal(3.5, 30, 300)
    assert estimates.error_of_difference("roc_auc", perfect, one, grouped) > 0


def test_positives_of_equal_scores_have_a_finite_error_and_none_against_themselves():
    y_true = np.repeat([1, 0], [50, 5000])
    tied = np.where(y_true == 1, 0.9, 0.01)
    tied[50:55] = 0.9
    spread = tied + 0.05 * np.random.default_rng(0).random(tied.size)
    models = {"tied": (tied, 0.5), "same": (tied, 0.3), "spread": (spread, 0.5)}

    found = comparison.compare(y_true, models, "tied", n_draws=100, metric="roc_auc")

    same, other = (found.differences[arm]["roc_auc"] for arm in ("same", "spread"))
    assert (same.value, same.low, same.high, same.standard_error) == (0, 0, 0, 0)
    assert 0 < other.standard_error < 0.1
