"""Comparisons: intervals, paired differences and verdicts of several models on the same rows."""

import json

import numpy as np
import pytest

from rebalance import comparison, metrics
from tests.samples import sample


def test_the_same_seed_gives_the_same_comparison_and_another_seed_another():
    y_true, models = sample()
    once = comparison.compare(y_true, models, "baseline", n_draws=200, seed=1)
    again = comparison.compare(y_true, models, "baseline", n_draws=200, seed=1)
    other = comparison.compare(y_true, models, "baseline", n_draws=200, seed=2)
    assert once == again
    assert once != other


def test_a_difference_of_shares_ends_at_1():
    y_true = np.repeat([1, 0], [10, 30])
    worst, best = 0.5 - 0.1 * y_true + 0.001 * np.arange(40), 0.3 + 0.3 * y_true
    found = comparison.compare(
        y_true, {"worst": (worst, 0.9), "best": (best, 0.5)}, "worst", n_draws=100
    ).differences["best"]
    shares = [each for name, each in found.items() if metrics.metric(name).share]
    assert all(-1 <= each.low <= each.high <= 1 for each in shares)
    assert any(each.high == 1 for each in shares)


def test_every_metric_of_every_model_has_an_interval_around_its_value():
    y_true, models = sample()
    found = comparison.compare(y_true, models, "baseline", n_draws=500)
    for name, (score, at) in models.items():
        values = metrics.score(y_true, score, at)
        counts = {n for n, value in values.items() if isinstance(value, int)}
        assert found.intervals[name].keys() == values.keys() - counts - {"prevalence"}
        assert "prevalence" in found.absent[name]
        for metric, interval in found.intervals[name].items():
            assert interval.value == values[metric]
            assert interval.low <= interval.value <= interval.high
            assert interval.percentile_low <= interval.percentile_high


def test_differences_are_paired_and_antisymmetric():
    y_true, models = sample()
    one = comparison.compare(y_true, models, "baseline", n_draws=500)
    other = comparison.compare(y_true, models, "arm", n_draws=500)
    assert one.differences["arm"].keys() == other.differences["baseline"].keys()
    for metric, found in one.differences["arm"].items():
        back = other.differences["baseline"][metric]
        assert found.value == pytest.approx(-back.value)
        assert found.low == pytest.approx(-back.high)
        assert found.p_value == pytest.approx(back.p_value)
        apart = one.intervals["arm"][metric].value - one.intervals["baseline"][metric].value
        assert found.value == pytest.approx(apart)


def test_a_model_does_not_differ_from_itself():
    y_true, models = sample()
    models = {"baseline": models["baseline"], "arm": models["baseline"]}
    found = comparison.compare(y_true, models, "baseline", n_draws=200)
    verdict = found.verdicts["arm"]
    assert (verdict.verdict, verdict.difference) == ("no detectable difference", 0)
    assert (verdict.p_adjusted, verdict.positives_needed) == (1, None)
    recall = found.differences["arm"]["recall"]
    assert recall.low < 0 < recall.high  # no discordant row proves no equality


@pytest.mark.parametrize("metric", ["average_precision", "brier"])
def test_verdicts_name_the_better_side(metric):
    y_true, models = sample(200, 2000)
    good, noise = models["baseline"][0], np.random.default_rng(0).random(y_true.size)
    models = {"good": (good, 0.5), "bad": (noise, 0.5)}
    ahead = comparison.compare(y_true, models, "bad", metric=metric, n_draws=200)
    behind = comparison.compare(y_true, models, "good", metric=metric, n_draws=200)
    assert ahead.verdicts["good"].verdict == "better"
    assert behind.verdicts["bad"].verdict == "worse"
    assert ahead.verdicts["good"].positives_needed < 200


def test_verdicts_rest_on_p_values_after_holm():
    y_true, models = sample(60, 600)
    rng = np.random.default_rng(5)
    for i in range(6):
        moved = models["baseline"][0] + rng.normal(scale=0.15, size=y_true.size)
        models[f"arm {i}"] = (np.clip(moved, 0, 1), 0.5)
    found = comparison.compare(y_true, models, "baseline", n_draws=200)
    raw = [verdict.p_value for verdict in found.verdicts.values()]
    adjusted = comparison.holm(raw)
    for verdict, p in zip(found.verdicts.values(), adjusted, strict=True):
        assert verdict.p_adjusted == p
        assert (verdict.verdict != "no detectable difference") == (p <= 0.05)


def test_the_result_is_json_without_nan():
    y_true, models = sample(decimals=1)
    models["silent"] = (models["arm"][0], 2.0)
    found = comparison.compare(y_true, models, "baseline", n_draws=200)
    json.dumps(found.to_dict(), allow_nan=False)
    assert "nothing is flagged" in found.absent["silent"]["precision"]
    assert "precision" not in found.differences["silent"]


def test_a_metric_that_many_draws_leave_undefined_has_no_interval():
    y_true, models = sample()
    score = models["arm"][0]
    found = comparison.compare(
        y_true, {"baseline": (score, score == score.max())}, "baseline", n_draws=500
    )
    assert "of the draws leave it undefined" in found.absent["baseline"]["precision"]


def test_a_difference_without_spread_is_one():
    y_true = np.repeat([1, 0], [30, 100])
    models = {"baseline": (1.0 - y_true, 0.5), "arm": (y_true.astype(float), 0.5)}
    found = comparison.compare(y_true, models, "baseline", metric="roc_auc", n_draws=100)
    verdict = found.verdicts["arm"]
    assert (verdict.difference, verdict.verdict, verdict.positives_needed) == (1.0, "better", None)


def test_an_interval_that_too_few_rows_decide_says_so():
    y_true, models = sample()
    doubted = comparison.compare(y_true, models, "baseline", n_draws=100).doubted
    assert doubted["arm"].keys() == {"ece"}

    y_true, models = sample(gap=8)
    doubted = comparison.compare(y_true, models, "baseline", n_draws=100).doubted
    assert doubted["arm"].keys() == doubted["baseline"].keys() == {"roc_auc", "ece"}

    y_true, models = sample(n_positives=5, gap=0)
    doubted = comparison.compare(y_true, models, "baseline", n_draws=100).doubted
    assert "average_precision" in doubted["arm"]


def test_decisions_may_be_given_row_by_row():
    y_true, models = sample()
    score = models["arm"][0]
    by_row = comparison.compare(y_true, {"arm": (score, score >= 0.5)}, "arm", n_draws=100)
    by_threshold = comparison.compare(y_true, {"arm": (score, 0.5)}, "arm", n_draws=100)
    assert by_row == by_threshold


def test_groups_widen_intervals_when_rows_repeat():
    y_true, models = sample(40, 400)
    thrice = {name: (np.repeat(score, 3), at) for name, (score, at) in models.items()}
    found = comparison.compare(
        np.repeat(y_true, 3), thrice, "baseline", n_draws=500, groups=np.repeat(range(440), 3)
    )
    alone = comparison.compare(y_true, models, "baseline", n_draws=500)
    assert found.groups == 440
    assert found.mcnemar == {}
    for metric in ("average_precision", "recall"):
        repeated, single = found.intervals["arm"][metric], alone.intervals["arm"][metric]
        assert repeated.high - repeated.low == pytest.approx(single.high - single.low, rel=0.02)
    # The tail of an AUC may widen its interval, and is not looked at where rows come in groups.
    repeated, single = (each.intervals["arm"]["roc_auc"] for each in (found, alone))
    assert repeated.high - repeated.low <= 1.02 * (single.high - single.low)
    repeated, single = (
        each.differences["arm"]["roc_auc"].standard_error for each in (found, alone)
    )
    assert repeated == pytest.approx(single, rel=0.02)


def test_perfect_scores_keep_an_interval():
    y_true = np.repeat([1, 0], [20, 200])
    found = comparison.compare(y_true, {"it": (y_true * 0.8 + 0.1, 0.5)}, "it", n_draws=100)
    for metric in ("average_precision", "roc_auc", "recall", "precision"):
        interval = found.intervals["it"][metric]
        assert 0.8 < interval.low < interval.high == 1


def test_mcnemar_looks_at_positives_and_negatives_apart():
    y_true = np.repeat([1, 0], [10, 100])
    baseline, arm = np.zeros(110, bool), np.zeros(110, bool)
    arm[:8] = True
    baseline[10:40] = True
    score = np.linspace(0, 1, 110)
    found = comparison.compare(
        y_true, {"baseline": (score, baseline), "arm": (score, arm)}, "baseline", n_draws=100
    ).mcnemar["arm"]
    assert (found["positives"].only_arm, found["positives"].only_baseline) == (8, 0)
    assert (found["negatives"].only_arm, found["negatives"].only_baseline) == (0, 30)
    assert found["positives"].p_value == pytest.approx(2 * 0.5**8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseline": "none"}, "the baseline must be one of baseline, arm, got 'none'"),
        ({"metric": "auc"}, "the metric of the verdicts must be one of accuracy, .* got 'auc'"),
        ({"metric": "calibration_slope"}, "must be one of accuracy, .* got 'calibration_slope'"),
        ({"n_draws": 10}, "n_draws must be 100 or more, got 10"),
        ({"groups": [1, 2]}, r"one group a row, got shape \(2,\) for \(230,\)"),
        ({"groups": [0] * 230}, "30 positives in 1 groups"),
        ({"y_true": [1] + [0] * 229}, "got 1 positives and 229 negatives"),
        ({"models": {"baseline": ([0.1] * 230, [True])}}, "decisions of baseline must be"),
        ({"models": {"baseline": ([2] * 230, 0.5)}}, "from 0 to 1 to be a probability"),
    ],
)
def test_bad_comparisons_are_named(change, message):
    y_true, models = sample()
    options = {"y_true": y_true, "models": models, "baseline": "baseline", "n_draws": 100}
    with pytest.raises(ValueError, match=message):
        comparison.compare(**options | change)
