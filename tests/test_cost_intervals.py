"""Intervals of costs: against published formulas, by hand, and against a slow second way."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rebalance.comparison.skewed import skewed_interval, units_worth
from rebalance.judging import costs
from rebalance.judging.rules import by_rule
from rebalance.report import sections
from rebalance.store import Table
from tests import fixed
from tests.fixed import PARAMS

COSTS = {"c_fn": 100.0, "c_fp": 5.0, "c_tp": 5.0, "c_tn": 0.0}
# Two positives found, one missed, one false alarm, six left alone.
Y = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
FLAGGED = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0], dtype=bool)


def halls_cubic(t, skewness):
    """Return the transformed standardized error of Hall (1992), with the skewness of the sum."""
    a = skewness / 3
    return t + a * t**2 + a**2 * t**3 / 3 + skewness / 6


@given(st.lists(st.floats(0, 1000), min_size=5, max_size=40).filter(lambda c: np.std(c) > 1e-3))
def test_the_ends_are_those_that_halls_cubic_takes_to_the_quantiles_of_t(drawn):
    parts = np.array(drawn)
    low, high = skewed_interval(parts.sum(), parts)
    n, excess = parts.size, max(0.0, stats.kurtosis(parts))
    df = max(2.0, 1 / (1 / (n - 1) + excess / 2 / n))
    apart = parts - parts.mean()
    error = np.sqrt(n / (n - 1) * (apart**2).sum())
    skewness = (apart**3).sum() / error**3
    for end, quantile in ((low, 0.975), (high, 0.025)):
        assert halls_cubic((parts.sum() - end) / error, skewness) == pytest.approx(
            stats.t.ppf(quantile, df), abs=1e-6
        )


def test_without_skewness_the_interval_is_that_of_the_mean_of_student():
    parts = np.repeat([-2.0, 2.0], 50)
    wanted = stats.t.interval(0.95, 99, 0.0, 100 * stats.sem(parts))
    assert skewed_interval(0.0, parts) == pytest.approx(wanted)


def test_equal_parts_leave_no_doubt_of_their_sum():
    assert skewed_interval(30.0, np.full(10, 3.0)) == (30.0, 30.0)


def test_units_worth_counts_equal_units_and_not_their_size():
    assert units_worth(np.array([7.0, 7.0, 7.0, 0.0])) == pytest.approx(3)
    assert units_worth(np.array([100.0, 1.0, 1.0])) == pytest.approx(102**2 / 10002)
    assert units_worth(np.zeros(3)) == 0


def test_no_cost_is_below_that_of_the_best_decision_of_every_row():
    # Each of the ten rows costs 1 where it is decided right.
    each = {"c_fn": 100.0, "c_fp": 5.0, "c_tp": 1.0, "c_tn": 1.0}
    found = costs.of_decisions(Y, FLAGGED, each)
    assert found["cost"] == 2 + 100 + 5 + 6
    assert found["cost_low"] == 10


def test_the_costs_and_their_ends_worked_by_hand():
    """Spent: 5, 5, 100, 5 and six times 0; flagging none costs 300, all 50."""
    found = costs.of_decisions(Y, FLAGGED, COSTS)
    assert (found["cost"], found["cost_of_none"], found["cost_of_all"]) == (115, 300, 50)
    spent = np.array([5, 5, 100, 5] + [0] * 6, dtype=float)
    assert found["cost_low"] == 0 > skewed_interval(115, spent)[0]
    assert found["cost_high"] == pytest.approx(skewed_interval(115, spent)[1])
    assert found["savings"] == pytest.approx(1 - 115 / 50)
    saved = (115 / 50 * 5 - spent) / 50
    assert found["savings_low"] == pytest.approx(skewed_interval(1 - 115 / 50, saved)[0])


def test_the_number_of_positives_is_free():
    """Every positive is missed, and no negative costs: all that varies is how many come."""
    y = np.repeat([1, 0], [40, 960])
    found = costs.of_decisions(y, np.zeros(1000, dtype=bool), COSTS)
    assert found["cost"] == 4000
    exact = stats.binomtest(40, 1000).proportion_ci(method="wilson")
    assert found["cost_low"] == pytest.approx(1e5 * exact.low, rel=0.08)
    assert found["cost_high"] == pytest.approx(1e5 * exact.high, rel=0.08)


def test_rows_of_a_group_are_one_unit():
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    together = costs.of_decisions(Y, FLAGGED, COSTS, groups)
    per_group = np.array([10.0, 105.0, 0.0, 0.0, 0.0])
    assert (together["cost_high"]) == pytest.approx(skewed_interval(115, per_group)[1])
    assert together["cost_high"] != pytest.approx(
        costs.of_decisions(Y, FLAGGED, COSTS)["cost_high"]
    )


def test_no_saving_ends_above_all_that_there_is_to_save():
    y, flagged = np.repeat([1, 0], [5, 95]), np.repeat([True, False], [5, 95])
    assert costs.of_decisions(y, flagged, {"c_fn": 9.0, "c_fp": 1.0})["savings_high"] == 1


def test_an_upper_end_of_savings_that_was_cut_is_doubted():
    """Of 12 positives 11 are found; a miss costs 100, an alarm 1."""
    y_true = np.repeat([1, 0], [12, 188])
    same = {"c_fp": 1.0, "c_fn": 100.0}
    flagged = np.arange(200) < 11
    found = costs.of_decisions(y_true, flagged, same)
    assert found["savings"] == pytest.approx(1 - 100 / 188)
    assert found["savings_high"] == 1
    assert found["savings_doubt"] == "it was cut at 1, the most that can be saved"
    # Many mistakes of equal size: the end lies below 1, and nothing is to doubt.
    y_true, flagged = np.repeat([1, 0], [400, 600]), np.arange(1000) % 400 < 300
    found = costs.of_decisions(y_true, flagged, same)
    assert found["savings_high"] < 1
    assert "savings_doubt" not in found


def test_the_difference_of_costs_is_paired():
    """The other decisions leave the false alarm and miss another positive: 95 - 5 more."""
    other = np.array([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], dtype=bool)
    found = costs.difference(Y, other, FLAGGED, COSTS)
    assert found["cost_difference"] == 95 - 5
    apart = np.array([0, 95, 0, -5, 0, 0, 0, 0, 0, 0], dtype=float)
    assert (found["cost_difference_low"], found["cost_difference_high"]) == pytest.approx(
        skewed_interval(90, apart)
    )
    assert found["cost_difference_doubt"] == "the test rows have fewer than 50 positives"
    swapped = costs.difference(Y, FLAGGED, other, COSTS)
    assert swapped["cost_difference_low"] == pytest.approx(-found["cost_difference_high"])


def test_few_mistakes_and_unequal_amounts_are_doubted():
    y = np.repeat([1, 0], [60, 540])
    flagged = np.r_[np.arange(60) < 40, np.zeros(540, dtype=bool)]
    assert costs.doubt(y, flagged, COSTS) == ""
    assert costs.doubt(Y, FLAGGED, COSTS) == (
        "the costs are those of fewer than 5 mistakes of equal size"
    )
    # A row that costs 5 whatever is decided is no mistake.
    always = {"c_fn": 105.0, "c_fp": 10.0, "c_tp": 5.0, "c_tn": 5.0}
    one_missed = np.arange(600) < 59
    assert costs.doubt(y, one_missed, always).endswith("fewer than 5 mistakes of equal size")
    quantiles = stats.norm.ppf((np.arange(600) % 60 + 0.5) / 60)
    for spread, doubted in ((1.2, ""), (1.4, "the costs of a missed positive are very unequal")):
        amounts = np.exp(spread * quantiles)
        unequal = {"c_fn": amounts, "c_fp": 5.0, "c_tp": 5.0}
        assert costs.doubt(y, flagged, unequal) == doubted
        alarms = {"c_fn": 100.0, "c_fp": amounts}
        everything = np.ones(600, dtype=bool)
        assert costs.doubt(y, everything, alarms) == doubted.replace(
            "missed positive", "false alarm"
        )


def test_each_model_is_compared_with_the_baseline_by_each_rule_of_costs():
    rule = {"costs": PARAMS.threshold.rules["costs"], "half": PARAMS.threshold.rules["half"]}
    chosen = {"costs": {"name": "expected_cost", "value": 0.05}}
    chosen["half"] = {"name": "fixed", "value": 0.5}
    table = Table(X=np.zeros((20, 1)), y=fixed.Y, features=["x"])
    baseline = fixed.SCORES["baseline"], chosen
    found = by_rule(table, fixed.SCORES["under"], chosen, rule, baseline=baseline)
    # From .05 on the baseline flags all 20 rows; under the first eight, all positives among them.
    assert found["costs"]["cost_difference"] == 8 * 5 - 20 * 5
    assert "cost_difference" not in found["half"]


def with_costs(**changes):
    """Return results in which costs of the rule ``costs`` of under are changed."""
    results = fixed.results()
    decided = results.decisions["under"]["costs"] | changes
    under = results.decisions["under"] | {"costs": decided}
    return replace(results, decisions=results.decisions | {"under": under})


def test_the_report_gives_costs_with_their_interval_and_their_doubt():
    found = with_costs(cost=1690.0, cost_low=1214.3, cost_high=2410.9, cost_doubt="of luck")
    (row,) = sections.costs(found).rows
    assert row["cost"] == "1,690 [1,214, 2,411]"
    assert (
        "under: the intervals of the costs of costs may be too narrow, because of luck."
        in sections.caveats(found).points
    )


def test_the_report_gives_the_costs_against_the_baseline():
    assert sections.costs_against_baseline(fixed.results()) is None
    apart = dict.fromkeys(("cost_difference_low", "cost_difference_high"), -60.0)
    found = with_costs(cost_difference=-60.0, **apart | {"cost_difference_high": 12.34})
    section = sections.costs_against_baseline(found)
    assert section.title == "Costs against the baseline"
    assert section.rows == [{"model": "under", "costs": "-60.0 [-60.0, +12.3]"}]
    assert "too narrow" not in section.text
    found = with_costs(cost_difference=-60.0, **apart, cost_difference_doubt="of luck")
    section = sections.costs_against_baseline(found)
    assert "The intervals of costs may be too narrow, because of luck." in section.text


@pytest.mark.parametrize(("positives", "doubted"), [(49, True), (50, False)])
def test_a_difference_of_costs_needs_fifty_positives(positives, doubted):
    y_true = np.repeat([1, 0], [positives, 500])
    first, second = (np.arange(y_true.size) < found for found in (40, 25))
    found = costs.difference(y_true, first, second, COSTS)
    assert ("cost_difference_doubt" in found) == doubted


FEW_WRONG = (
    "the decisions on fewer than 5 positives are wrong, and a few more would outweigh the rest"
)
FEW_DIFFER = (
    "the decisions on fewer than 5 positives differ, and a few more would outweigh the rest"
)


def of_mistakes(missed, alarms):
    """Return labels and decisions of 100 positives and 900 negatives."""
    y_true = np.repeat([1, 0], [100, 900])
    return y_true, np.r_[np.arange(100) >= missed, np.arange(900) < alarms]


def test_a_few_dear_mistakes_among_many_cheap_ones_are_doubted():
    """Five missed positives would add 5 x 95^2 = 45,125; alarms and hits add 25 each."""
    for missed, said in ((0, FEW_WRONG), (2, FEW_WRONG), (4, FEW_WRONG), (5, "")):
        assert costs.doubt(*of_mistakes(missed, 100), COSTS) == said
        assert costs.of_decisions(*of_mistakes(missed, 100), COSTS).get("cost_doubt", "") == said
    # Five at 20 add 2,000, and 300 alarms at 10 have a variance of 1,000 x 100 x .3 x .7.
    cheap = {"c_fn": 20.0, "c_fp": 10.0}
    assert costs.doubt(*of_mistakes(3, 300), cheap) == ""
    # Dear alarms are as rare as dear misses; who flags every row has none to miss.
    assert costs.doubt(*of_mistakes(0, 900), COSTS) == ""
    dear = {"c_fn": 2.0, "c_fp": 100.0}
    assert costs.doubt(*of_mistakes(60, 3), dear) == FEW_WRONG.replace("positive", "negative")
    assert costs.doubt(*of_mistakes(60, 6), dear) == ""


def test_dear_mistakes_of_one_group_are_one():
    """A group of eight missed positives costs 760: five of these, 2.9 million, outweigh it all."""
    y_true, flagged = of_mistakes(8, 300)
    assert costs.doubt(y_true, flagged, COSTS, np.arange(1000)) == ""
    assert costs.doubt(y_true, flagged, COSTS, np.maximum(np.arange(1000), 8)) == FEW_WRONG


def test_a_difference_of_a_few_dear_decisions_is_doubted():
    y_true, flagged = of_mistakes(10, 100)
    for missed, said in ((10, FEW_DIFFER), (14, FEW_DIFFER), (15, None), (40, None)):
        _, other = of_mistakes(missed, 130)
        found = costs.difference(y_true, other, flagged, COSTS)
        assert found.get("cost_difference_doubt") == said
    # Decisions that are the same everywhere differ by nothing.
    assert "cost_difference_doubt" not in costs.difference(y_true, flagged, flagged, COSTS)


def test_alarms_of_the_other_decisions_make_a_difference_unequal_too():
    y_true, everything = np.repeat([1, 0], [60, 540]), np.ones(600, dtype=bool)
    amounts = np.exp(1.4 * stats.norm.ppf((np.arange(600) % 60 + 0.5) / 60))
    unequal = {"c_fn": 1000.0, "c_fp": amounts}
    said = "the costs of a false alarm are very unequal"
    for first, second in ((y_true == 1, everything), (everything, y_true == 1)):
        assert costs.difference(y_true, first, second, unequal)["cost_difference_doubt"] == said
    assert costs.doubt(y_true, y_true == 1, unequal) != said


def test_what_a_row_costs_at_least_is_no_mistake_of_its_own():
    """A hit earns 10, and each of 589 rows left alone misses that: they are worth 507 mistakes.

    (110 + 589 x 10)^2 / (110^2 + 589 x 10^2) = 507; less 0 the hits and the miss would sum to 0.
    """
    y_true = np.repeat([1, 0], [11, 589])
    earned = {"c_tp": -10.0, "c_fn": 100.0, "c_fp": 5.0, "c_tn": 0.0}
    assert costs.doubt(y_true, np.arange(600) < 10, earned) == FEW_WRONG  # and not of equal size
