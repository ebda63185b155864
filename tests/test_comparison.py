"""Comparisons: intervals, paired differences and verdicts of several models on the same rows."""

import json
import tracemalloc

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_info, threadpool_limits

from rebalance import comparison, metrics
from rebalance.comparison import comparison as module
from rebalance.comparison import intervals
from tests.samples import sample


def test_the_same_seed_gives_the_same_comparison_and_another_seed_another():
    y_true, models = sample()
    once = comparison.compare(y_true, models, "baseline", n_draws=200, seed=1)
    again = comparison.compare(y_true, models, "baseline", n_draws=200, seed=1)
    other = comparison.compare(y_true, models, "baseline", n_draws=200, seed=2)
    assert once == again
    assert once != other


def test_two_positives_and_two_negatives_are_enough_and_one_is_not():
    y_true, score = np.array([1, 1, 0, 0]), np.array([0.9, 0.2, 0.5, 0.1])
    models = {"a": (score, 0.5), "b": (score[::-1], 0.5)}
    found = comparison.compare(y_true, models, "a", n_draws=100)
    assert found.intervals["a"]["recall"].value == 0.5
    with pytest.raises(ValueError, match="a comparison needs two positives"):
        comparison.compare(np.array([1, 0, 0, 0]), models, "a", n_draws=100)


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


def test_a_model_is_equal_to_itself_whatever_the_margin():
    y_true, models = sample()
    models = {"baseline": models["baseline"], "arm": models["baseline"]}
    found = comparison.compare(y_true, models, "baseline", n_draws=200)
    verdict = found.verdicts["arm"]
    assert (verdict.verdict, verdict.difference) == ("equal within the margin", 0)
    assert (verdict.p_adjusted, verdict.p_equal) == (1, 0)
    assert (verdict.largest_gain, verdict.detectable) == (0, 0)
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
    assert ahead.verdicts["good"].detectable < abs(ahead.verdicts["good"].difference)
    # An interval that ends on the good side excludes no gain below its end, and on the bad all.
    far_end = ahead.verdicts["good"].high if metric == "average_precision" else (
        -ahead.verdicts["good"].low
    )  # fmt: skip
    assert ahead.verdicts["good"].largest_gain == pytest.approx(far_end)
    assert behind.verdicts["bad"].largest_gain == 0


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
        assert not verdict.doubt
        assert (verdict.verdict != "not decided") == (p <= 0.05)


def apart(value, error, doubt=""):
    """Return a difference with 100 degrees of freedom."""
    low, high, p_value = intervals.t_interval(value, error, 100)
    return intervals.Difference(
        value=value, low=low, high=high, standard_error=error, p_value=p_value, doubt=doubt
    )


@pytest.mark.parametrize(
    ("value", "error", "margin", "verdict"),
    [
        (0.05, 0.01, 0.0, "better"),
        (-0.05, 0.01, 0.0, "worse"),
        (0.01, 0.01, 0.0, "not decided"),
        # The 95 % interval, 1.984 errors to each side, must lie inside the margin.
        (0.01, 0.01, 0.0299, "equal within the margin"),
        (0.01, 0.01, 0.0298, "not decided"),
        (-0.01, 0.01, 0.0299, "equal within the margin"),
        # Surely above 0, and surely too small to matter: the margin decides.
        (0.01, 0.002, 0.02, "equal within the margin"),
        (0.01, 0.002, 0.012, "better"),
        # Without a margin nothing but the same scores are equal.
        (0.0, 0.0001, 0.0, "not decided"),
        (0.0, 0.0, 0.0, "not decided"),
        # No row tells the two apart, which is no knowledge of other rows, whatever the margin.
        (0.0, 0.0, 0.01, "not decided"),
    ],
)
@pytest.mark.parametrize("metric", ["average_precision", "brier"])
def test_a_verdict_at_its_edges(metric, value, error, margin, verdict):
    sign = metrics.sign(metric)
    found = comparison.verdicts(
        {"arm": apart(sign * value, error)}, metric, 101, {"arm": 100}, margin
    )
    assert found["arm"].verdict == verdict


def test_scores_that_are_the_baselines_own_are_equal_and_cost_the_others_nothing():
    differences = {"own": apart(0.0, 0.0), "arm": apart(0.01, 0.004), "alike": apart(0.0, 0.0)}
    df = dict.fromkeys(differences, 100)
    found = comparison.verdicts(differences, "roc_auc", 101, df, 0.01, same=["own"])
    assert (found["own"].verdict, found["own"].doubt) == ("equal within the margin", "")
    assert (found["alike"].verdict, found["alike"].p_equal) == ("not decided", 1.0)
    assert (
        found["alike"].doubt
        == "no row tells it from the baseline, which says nothing of other rows"
    )
    # Two arms raise a question, so that the smaller p-value of two counts twice.
    assert found["arm"].p_adjusted == pytest.approx(2 * differences["arm"].p_value)


@pytest.mark.parametrize("metric", ["average_precision", "roc_auc", "recall_at_1pct_fpr"])
@pytest.mark.parametrize("first", [0, 40])
def test_other_scores_that_no_row_tells_apart_are_not_equal(metric, first):
    """Below the last of 80 positives the order of the negatives changes no area and no rate."""
    y_true = np.repeat([0, 1, 0], [first, 80, 320])
    base = np.linspace(0.9, 0.1, y_true.size)
    other = np.r_[base[: first + 80], base[first + 80 :][::-1]]
    same_order = base / (2 - base)  # half the odds
    models = {"baseline": (base, 0.5), "other": (other, 0.5), "same order": (same_order, 0.5)}
    found = comparison.compare(y_true, models, "baseline", metric=metric, margin=0.01, n_draws=100)
    assert found.verdicts["other"].difference == 0
    assert found.verdicts["other"].verdict == "not decided"
    assert found.verdicts["other"].doubt
    assert found.verdicts["same order"].verdict == "equal within the margin"
    assert found.verdicts["same order"].doubt == "" or not first


def test_decisions_that_are_alike_by_other_scores_are_not_equal():
    y_true = np.repeat([1, 0], [60, 600])
    score = np.repeat([0.9, 0.1, 0.4, 0.05], [40, 20, 100, 500])
    models = {
        "baseline": (score, 0.5),
        "own": (score.copy(), 0.5),
        "moved": (score, 0.6),
        "other": (score**2, 0.25),
        # Other decisions that find the same positives here.
        "lower": (score, 0.3),
    }
    found = comparison.compare(y_true, models, "baseline", metric="recall", n_draws=100).verdicts
    said = {arm: each.verdict for arm, each in found.items()}
    assert said["own"] == said["moved"] == "equal within the margin"
    assert said["other"] == said["lower"] == "not decided"


@pytest.mark.parametrize(("value", "margin"), [(0.05, 0.0), (-0.05, 0.0), (0.0, 0.05)])
def test_a_difference_in_doubt_decides_nothing(value, margin):
    doubted = {"arm": apart(value, 0.001, doubt="one row makes 90 % of the variance")}
    found = comparison.verdicts(doubted, "roc_auc", 101, {"arm": 100}, margin)
    assert found["arm"].verdict == "not decided"
    assert found["arm"].doubt == doubted["arm"].doubt


def test_equal_verdicts_are_corrected_for_the_number_of_arms():
    # A p of .03: enough for one arm, and of two not for the smaller one.
    error = 0.01 / stats.t.isf(0.015, 100)
    one = comparison.verdicts({"a": apart(0.0, error)}, "roc_auc", 101, {"a": 100, "b": 100}, 0.01)
    two = {"a": apart(0.0, error), "b": apart(0.001, error)}
    both = comparison.verdicts(two, "roc_auc", 101, {"a": 100, "b": 100}, 0.01)
    assert one["a"].verdict == "equal within the margin"
    assert {each.verdict for each in both.values()} == {"not decided"}
    assert both["a"].p_equal == pytest.approx(2 * one["a"].p_equal)


def test_decisions_are_compared_with_those_of_the_moved_threshold_too():
    y_true, models = sample(60, 600)
    score = models["baseline"][0]
    models = {"baseline": (score, 0.5), "moved": (score, 0.7), "arm": (models["arm"][0], 0.8)}
    found = comparison.compare(y_true, models, "baseline", n_draws=200, moved="moved")
    direct = comparison.compare(
        y_true, {name: models[name] for name in ("moved", "arm")}, "moved", n_draws=200
    )
    assert found.against_moved.keys() == {"arm"}
    contrasts = found.against_moved["arm"]
    assert {metrics.metric(name).family for name in contrasts} == {"decision"}
    for name, contrast in contrasts.items():
        assert contrast.value == pytest.approx(
            found.intervals["arm"][name].value - found.intervals["moved"][name].value
        )
        assert contrast == direct.differences["arm"][name]


def test_a_further_model_takes_the_memory_of_a_few_of_its_scores():
    rng, n_rows, peaks = np.random.default_rng(0), 40_000, []
    y_true = (np.arange(n_rows) % 500 == 0).astype(int)
    models = {f"m{i}": (rng.random(n_rows), 0.5) for i in range(8)}
    for count in (2, 8):
        some = {name: models[name] for name in list(models)[:count]}
        tracemalloc.start()
        comparison.compare(y_true, some, "m0", n_draws=100)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # What rows contribute to sixteen metrics would be 128 bytes a row and model.
    assert (peaks[1] - peaks[0]) / 6 / n_rows < 40


def test_two_models_that_make_hardly_an_error_are_in_doubt_and_one_alone_is_not():
    y_true, models = sample(60, 600, gap=5)
    near, other = models["baseline"], models["arm"]
    noise = (np.random.default_rng(0).random(y_true.size), 0.5)
    found = comparison.compare(
        y_true, {"baseline": near, "other": other, "noise": noise}, "baseline", n_draws=200
    )
    assert found.verdicts["other"].verdict == "not decided"
    assert "fewer than 5 positives' worth" in found.verdicts["other"].doubt
    doubted = {name for name, each in found.differences["other"].items() if each.doubt}
    assert doubted >= {"average_precision", "roc_auc", "f1", "brier", "log_loss"}
    # Tango's interval for the recall holds with few discordant rows.
    assert "recall" not in doubted
    assert (found.verdicts["noise"].verdict, found.verdicts["noise"].doubt) == ("worse", "")


@pytest.mark.parametrize(("missed", "doubted"), [(14, True), (16, False), (40, False)])
def test_where_only_the_better_model_makes_few_errors_a_clear_difference_stands(missed, doubted):
    """The baseline ranks all 100 positives first; the arm ranks some below a tenth of the rest."""
    y_true = np.repeat([1, 0], [100, 900])
    good = np.where(y_true == 1, 0.9, np.linspace(0.0, 0.5, 1000))
    fair = good.copy()
    fair[:missed] = np.linspace(0.4, 0.45, missed)
    models = {"baseline": (good, 0.5), "arm": (fair, 0.5)}
    apart = comparison.compare(y_true, models, "baseline", n_draws=100).differences["arm"]
    found = apart["average_precision"]
    errors = 100 * (1 - (1 + found.value))  # the baseline's average precision is 1
    assert errors > 5
    assert (abs(found.value) < 4 * found.standard_error) == doubted
    assert ("fewer than 5 positives' worth" in found.doubt) == doubted
    assert bool(found.doubt) == doubted


def test_a_difference_that_one_row_makes_is_in_doubt():
    y_true = np.repeat([1, 0], [50, 500])
    rng = np.random.default_rng(0)
    score = np.r_[rng.uniform(0.2, 0.9, 50), rng.uniform(0, 0.6, 500)]
    other = score.copy()
    other[0] = 0.0 if score[0] > 0.55 else 1.0
    other[1:] += 1e-9 * rng.normal(size=549)
    found = comparison.compare(
        y_true, {"one": (score, 0.5), "other": (np.clip(other, 0, 1), 0.5)}, "one", n_draws=200
    ).differences["other"]
    assert "one row makes" in found["average_precision"].doubt
    assert "one row makes" in found["roc_auc"].doubt
    assert found["brier"].doubt == ""


def test_the_result_is_json_without_nan():
    y_true, models = sample(decimals=1)
    models["silent"] = (models["arm"][0], 2.0)
    found = comparison.compare(y_true, models, "baseline", n_draws=200)
    json.dumps(found.to_dict(), allow_nan=False)
    assert "nothing is flagged" in found.absent["silent"]["precision"]
    assert "precision" not in found.differences["silent"]


@pytest.mark.parametrize(("flagged", "absent"), [(1, True), (2, True), (3, False)])
def test_a_share_of_hardly_any_rows_flagged_has_no_interval(flagged, absent):
    y_true, models = sample()
    score = models["arm"][0]
    highest = score >= np.sort(score)[-flagged]
    found = comparison.compare(y_true, {"baseline": (score, highest)}, "baseline", n_draws=100)
    reasons = {name for name, each in found.absent["baseline"].items() if "than 3 rows" in each}
    assert reasons == ({"precision", "mcc"} if absent else set())


def test_a_precision_of_1_is_a_share_of_the_rows_flagged():
    y_true = np.repeat([1, 0], [40, 200])
    score = np.r_[np.linspace(0.9, 0.3, 40), np.linspace(0.4, 0, 200)]
    found = comparison.compare(y_true, {"only": (score, score >= score[19])}, "only", n_draws=100)
    precision = found.intervals["only"]["precision"]
    quantile = stats.t.ppf(0.975, 39)
    # Wilson's interval of 20 of 20, not of 40, with Student's quantile.
    assert (precision.low, precision.high) == pytest.approx((20 / (20 + quantile**2), 1))


def test_a_metric_that_many_draws_leave_undefined_has_no_interval():
    drawn = np.r_[np.full(6, np.nan), np.arange(94.0)]
    assert intervals.percentiles(drawn) == "6 % of the draws leave it undefined"
    assert intervals.interval("lift_at_k", 1.0, None, drawn, 10, 9) == intervals.percentiles(drawn)


def test_a_difference_without_spread_is_one():
    y_true = np.repeat([1, 0], [30, 100])
    models = {"baseline": (1.0 - y_true, 0.5), "arm": (y_true.astype(float), 0.5)}
    found = comparison.compare(y_true, models, "baseline", metric="roc_auc", n_draws=100)
    verdict = found.verdicts["arm"]
    assert (verdict.difference, verdict.verdict, verdict.detectable) == (1.0, "better", 0)


def test_an_interval_that_too_few_rows_decide_says_so():
    y_true, models = sample(n_positives=60)
    compared = comparison.compare(y_true, models, "baseline", n_draws=100)
    assert 60 * (1 - compared.intervals["arm"]["roc_auc"].value) > 5
    assert compared.doubted["arm"].keys() == {"ece"}

    y_true, models = sample(gap=8)
    doubted = comparison.compare(y_true, models, "baseline", n_draws=100).doubted
    assert doubted["arm"].keys() == doubted["baseline"].keys()
    assert doubted["arm"].keys() == {"average_precision", "roc_auc", "ece"}

    y_true, models = sample(n_positives=5, gap=0)
    doubted = comparison.compare(y_true, models, "baseline", n_draws=100).doubted
    assert "average_precision" in doubted["arm"]


@pytest.mark.parametrize("metric", ["average_precision", "roc_auc"])
def test_a_doubt_begins_below_five_positives_worth_of_errors(metric):
    assert intervals.doubt(metric, 0.9501, 100) == intervals.FEW_ERRORS
    assert intervals.doubt(metric, 0.9499, 100) == ""
    assert intervals.doubt(metric, 0.9501, 101) == ""


@pytest.mark.parametrize(
    ("name", "value", "positives", "doubted"),
    [
        ("average_precision", 0.25, 8, False),  # as many hits as are needed
        ("average_precision", 0.24, 8, True),
        ("roc_auc", 0.75, 20, False),  # five positives' worth of errors
        ("roc_auc", 0.76, 20, True),
        ("ece", 0.1, 500, False),
        ("ece", 0.1, 499, True),
        ("brier", 0.9, 2, False),
    ],
)
def test_an_interval_is_doubted_below_its_limit_and_not_at_it(name, value, positives, doubted):
    assert bool(intervals.doubt(name, value, positives)) == doubted


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


def test_a_comparison_takes_one_thread_of_blas_and_gives_the_others_back(monkeypatch):
    def threads():
        return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

    seen, drawn = [], module.draws
    monkeypatch.setattr(module, "draws", lambda *a, **k: seen.append(threads()) or drawn(*a, **k))
    y_true, models = sample()
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        comparison.compare(y_true, models, "baseline", n_draws=100)
        assert threads() == before
    assert seen == [{1}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseline": "none"}, "the baseline must be one of baseline, arm, got 'none'"),
        ({"metric": "auc"}, "the metric of the verdicts must be one of accuracy, .* got 'auc'"),
        ({"metric": "calibration_slope"}, "must be one of accuracy, .* got 'calibration_slope'"),
        ({"n_draws": 10}, "n_draws must be 100 or more, got 10"),
        ({"margin": -0.1}, "the margin must be 0 or more, got -0.1"),
        ({"groups": [1, 2]}, r"one group a row, got shape \(2,\) for \(230,\)"),
        ({"groups": [0] * 230}, "30 positives in 1 group"),
        ({"y_true": [1] + [0] * 229}, "got 1 positive and 229 negatives"),
        ({"models": {"baseline": ([0.1] * 230, [True])}}, "decisions of baseline must be"),
        ({"models": {"baseline": ([2] * 230, 0.5)}}, "from 0 to 1 to be a probability"),
    ],
)
def test_bad_comparisons_are_named(change, message):
    y_true, models = sample()
    options = {"y_true": y_true, "models": models, "baseline": "baseline", "n_draws": 100}
    with pytest.raises(ValueError, match=message):
        comparison.compare(**options | change)
