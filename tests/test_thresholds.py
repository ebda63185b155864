"""Every rule does what it promises on the scores that it was chosen on, or says that it cannot."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import fbeta_score

from rebalance import thresholds

# Few distinct scores make ties, free ones make neighbouring floats.
scores = st.one_of(
    st.integers(0, 8).map(lambda i: i / 8), st.sampled_from([0.5, np.nextafter(0.5, 1)])
)
any_rows = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int8, n, elements=st.integers(0, 1)),
        hnp.arrays(float, n, elements=scores | st.floats(0, 1)),
    )
)
rows = any_rows.filter(lambda data: data[0].any())
fractions = st.floats(0, 1)
costs = st.fixed_dictionaries(
    {"c_fp": st.integers(2, 9), "c_fn": st.integers(2, 99)},
    optional={"c_tp": st.integers(-5, 1), "c_tn": st.integers(-5, 1)},
)


def all_decisions(y_score):
    """Yield the decisions of every threshold there is, the highest threshold first."""
    yield np.zeros(y_score.size, dtype=bool)
    for value in np.unique(y_score)[::-1]:
        yield y_score >= value


def precision_and_recall(y_true, flagged):
    hits = np.sum(y_true[flagged])
    return (hits / flagged.sum() if flagged.any() else math.nan), hits / y_true.sum()


@given(rows, st.floats(0.1, 5))
def test_max_fbeta_equals_a_search_over_all_thresholds(data, beta):
    y_true, y_score = data
    chosen = thresholds.choose("max_fbeta", y_true, y_score, beta=beta)
    best = max(
        fbeta_score(y_true, flagged, beta=beta, zero_division=0)
        for flagged in all_decisions(y_score)
    )
    assert chosen.met
    assert fbeta_score(y_true, chosen.flag(y_score), beta=beta) == pytest.approx(best)


@given(rows, fractions)
def test_recall_at_precision_has_the_highest_recall_or_names_its_shortfall(data, precision):
    y_true, y_score = data
    chosen = thresholds.choose("recall_at_precision", y_true, y_score, precision=precision)
    reached, recall = precision_and_recall(y_true, chosen.flag(y_score))
    options = [precision_and_recall(y_true, flagged) for flagged in all_decisions(y_score)]
    enough = [r for p, r in options if p >= precision]
    assert chosen.met == bool(enough)
    if chosen.met:
        assert reached >= precision
        assert recall == max(enough)
        assert (chosen.shortfall, chosen.message) == (0, "")
    else:
        assert reached == np.nanmax([p for p, _ in options])
        assert chosen.shortfall == pytest.approx(precision - reached)
        assert "no threshold reaches precision" in chosen.message


@given(rows, fractions)
def test_precision_at_recall_reaches_its_recall_with_the_highest_precision(data, recall):
    y_true, y_score = data
    chosen = thresholds.choose("precision_at_recall", y_true, y_score, recall=recall)
    precision, reached = precision_and_recall(y_true, chosen.flag(y_score))
    options = [precision_and_recall(y_true, flagged) for flagged in all_decisions(y_score)]
    assert reached >= recall
    assert precision == max(p for p, r in options if r >= recall and not math.isnan(p))


@given(any_rows, fractions)
def test_a_share_is_never_exceeded_and_used_up_as_far_as_ties_allow(data, share):
    y_true, y_score = data
    chosen = thresholds.choose("alert_budget", y_true, y_score, share=share)
    flagged = chosen.flag(y_score).sum()
    within = [d.sum() for d in all_decisions(y_score) if d.sum() <= share * y_score.size + 1e-5]
    assert flagged == max(within)
    assert chosen.met == (flagged > 0)
    assert bool(chosen.message) == (not chosen.met)


@given(any_rows, st.integers(0, 50))
def test_alerts_out_of_rows_are_never_exceeded(data, alerts):
    y_true, y_score = data
    chosen = thresholds.choose("alert_budget", y_true, y_score, alerts=alerts, out_of=50)
    assert chosen.flag(y_score).sum() * 50 <= alerts * y_score.size


def test_a_share_is_not_lost_to_rounding():
    y_score = np.linspace(0, 1, 100)
    chosen = thresholds.choose("alert_budget", np.arange(100) % 2, y_score, share=0.29)
    assert chosen.flag(y_score).sum() == 29


@given(any_rows, costs)
def test_expected_cost_flags_a_row_when_that_is_cheaper_in_expectation(data, costs):
    y_true, p = data
    flagged = thresholds.choose("expected_cost", y_true, p, **costs).flag(p)
    c_tp, c_tn = costs.get("c_tp", 0), costs.get("c_tn", 0)
    when_flagged = p * c_tp + (1 - p) * costs["c_fp"]
    when_not = p * costs["c_fn"] + (1 - p) * c_tn
    clear = ~np.isclose(when_flagged, when_not)
    assert np.array_equal(flagged[clear], (when_flagged < when_not)[clear])


@given(rows, costs)
def test_empirical_cost_equals_a_search_over_all_thresholds(data, costs):
    y_true, y_score = data
    chosen = thresholds.choose("empirical_cost", y_true, y_score, **costs)
    cheapest = min(thresholds.cost(y_true, flagged, **costs) for flagged in all_decisions(y_score))
    assert thresholds.cost(y_true, chosen.flag(y_score), **costs) == pytest.approx(cheapest)


@given(any_rows, st.floats(0.1, 50), st.randoms(use_true_random=False))
def test_amount_cost_flags_a_row_when_looking_is_cheaper_than_the_expected_loss(
    data, c_admin, random
):
    y_true, p = data
    amounts = np.array([random.choice([0.0, 1.0, 20.0, 300.0]) for _ in p])
    chosen = thresholds.choose("amount_cost", y_true, p, c_admin=c_admin)
    assert np.array_equal(
        chosen.flag(p, amounts), [c_admin <= a * q for a, q in zip(amounts, p, strict=True)]
    )


@given(rows, st.sampled_from(["max_fbeta", "empirical_cost"]), st.integers(-2, 2))
def test_a_chosen_threshold_decides_the_same_when_scores_move_in_the_last_digit(data, rule, ulps):
    y_true, y_score = data[0], np.round(data[1], 6)  # no two scores closer than a millionth
    options = {"c_fp": 1, "c_fn": 9} if rule == "empirical_cost" else {}
    chosen = thresholds.choose(rule, y_true, y_score, **options)
    moved = np.clip(y_score + ulps * np.spacing(y_score), 0, 1)
    assert np.array_equal(chosen.flag(moved), chosen.flag(y_score))


def test_fixed_is_what_was_given():
    assert thresholds.choose("fixed", [0, 1], [0.1, 0.2], value=0.3).value == 0.3
    assert thresholds.choose("fixed", [0, 1], [0.1, 0.2]).value == 0.5


def test_savings_are_against_the_cheaper_of_none_and_all():
    y_true, flagged = [1, 1, 0, 0, 0], [True, False, True, False, False]
    found = thresholds.savings(y_true, flagged, c_fp=1, c_fn=10)
    assert found == {"cost": 11, "cost_of_none": 20, "cost_of_all": 3, "savings": 1 - 11 / 3}


def test_savings_with_amounts_follow_the_amounts():
    amounts = np.array([100.0, 1.0, 50.0])
    found = thresholds.savings([1, 1, 0], [True, False, False], c_tp=2, c_fp=2, c_fn=amounts)
    assert found == {"cost": 3, "cost_of_none": 101, "cost_of_all": 6, "savings": 0.5}


def test_savings_are_absent_when_doing_nothing_costs_nothing():
    assert "savings" not in thresholds.savings([0, 0], [True, False], c_fp=1, c_fn=10)


def test_a_budget_that_ties_make_unusable_says_so():
    chosen = thresholds.choose("alert_budget", [0, 1, 1], [0.9, 0.9, 0.1], alerts=1, out_of=3)
    assert (chosen.met, chosen.shortfall) == (False, 1)
    assert chosen.message == (
        "the budget of 1 alerts among 3 rows flags nothing: the 2 highest scores are equal."
    )
    assert not chosen.flag([0.9, 1.0]).any()


def test_a_precision_out_of_reach_says_how_far():
    chosen = thresholds.choose(
        "recall_at_precision", [0, 1, 0, 0], [0.9, 0.8, 0.7, 0.1], precision=0.9
    )
    assert (chosen.met, chosen.shortfall) == (False, pytest.approx(0.4))
    assert chosen.message == (
        "no threshold reaches precision 0.9: the highest is 0.5, with recall 1."
    )


@pytest.mark.parametrize(
    ("rule", "options", "message"),
    [
        ("best", {}, "must be one of fixed, max_fbeta, .* got 'best'"),
        ("fixed", {"value": 2}, "value must be from 0 to 1, got 2"),
        ("max_fbeta", {"beta": -1}, "beta must be above 0, got -1"),
        ("recall_at_precision", {"precision": 90}, "precision must be from 0 to 1, got 90"),
        ("precision_at_recall", {"recall": math.nan}, "recall must be from 0 to 1, got nan"),
        ("alert_budget", {}, "either share, or alerts and out_of"),
        ("alert_budget", {"share": 0.1, "alerts": 5}, "either share, or alerts and out_of"),
        ("alert_budget", {"alerts": 5}, "either share, or alerts and out_of"),
        ("alert_budget", {"share": 5}, "share must be from 0 to 1, got 5"),
        ("alert_budget", {"alerts": 9, "out_of": 5}, "alerts must be from 0 to 5, got 9"),
        ("expected_cost", {"c_fp": 0, "c_fn": 5}, "c_fp must exceed c_tn, got 0 and 0"),
        ("empirical_cost", {"c_fp": 1, "c_fn": 2, "c_tp": 3}, "c_fn must exceed c_tp, got 2 and 3"),
        ("amount_cost", {"c_admin": -1}, "c_admin must be from 0 to inf, got -1"),
    ],
)
def test_bad_options_are_named(rule, options, message):
    with pytest.raises(ValueError, match=message):
        thresholds.choose(rule, [0, 1], [0.1, 0.9], **options)


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("max_fbeta", {}),
        ("recall_at_precision", {"precision": 0.5}),
        ("precision_at_recall", {"recall": 0.5}),
        ("empirical_cost", {"c_fp": 1, "c_fn": 2}),
    ],
)
def test_a_rule_that_learns_from_positives_asks_for_one(rule, options):
    with pytest.raises(ValueError, match=f"{rule} must see a positive, got 2 negatives"):
        thresholds.choose(rule, [0, 0], [0.1, 0.9], **options)


@pytest.mark.parametrize("amounts", [None, [1.0], [1.0, -1.0], [1.0, math.nan]])
def test_amounts_must_fit_the_rows(amounts):
    chosen = thresholds.choose("amount_cost", [0, 1], [0.1, 0.9], c_admin=1)
    with pytest.raises(ValueError, match="one amount of 0 or more for each row"):
        chosen.flag([0.1, 0.9], amounts)


# Ties of every rule, worked by hand: scores from .9 down, a value half-way between two of them.


@pytest.mark.parametrize(
    ("rule", "options", "y_true", "value"),
    [
        # F1 is 2/3 at .9 and at .7 and below that less: the higher threshold.
        ("max_fbeta", {"beta": 1.0}, [1, 0, 1, 0, 0, 0], 0.65),
        ("max_fbeta", {"beta": 1.0}, [1, 0, 0, 1, 0, 0], 0.85),
        # Recall 1/2 at .9 (precision 1) and at .8 (precision 1/2): the fewer flagged.
        ("recall_at_precision", {"precision": 0.5}, [1, 0, 0, 0, 0, 1], 0.85),
        # No threshold reaches .9; precision 1/2 at .8 and at .6: the higher recall.
        ("recall_at_precision", {"precision": 0.9}, [0, 1, 0, 1, 0, 0], 0.55),
        # Precision 1/2 at .8 and at .6 with recall enough: the higher recall.
        ("precision_at_recall", {"recall": 0.4}, [0, 1, 0, 1, 0, 0], 0.55),
        ("precision_at_recall", {"recall": 0.5}, [1, 0, 0, 0, 0, 1], 0.85),
        ("alert_budget", {"share": 0.5}, [1, 0, 0, 0, 0, 1], 0.65),
        ("alert_budget", {"alerts": 1, "out_of": 3}, [1, 0, 0, 0, 0, 1], 0.75),
        # Flagging .9 saves 2; .6 saves 2 more for two false alarms of 1: the higher threshold.
        ("empirical_cost", {"c_fp": 1, "c_fn": 2}, [1, 0, 0, 1, 0, 0], 0.85),
    ],
)
def test_a_tie_is_broken_as_the_rule_says(rule, options, y_true, value):
    y_score = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert thresholds.choose(rule, y_true, y_score, **options).value == pytest.approx(value)


def test_rows_of_equal_score_are_flagged_together_or_not_at_all():
    y_true, y_score = [1, 0, 0, 1, 0], [0.9, 0.6, 0.6, 0.6, 0.2]
    half = thresholds.choose("alert_budget", y_true, y_score, share=0.6)
    assert (half.value, half.met) == (0.75, True)
    all_tied = thresholds.choose("alert_budget", y_true, y_score, share=0.8)
    assert all_tied.value == pytest.approx(0.4)


@pytest.mark.parametrize(("costs", "value"), [((1, 1), 0.5), ((1, 3), 0.25), ((9, 1), 0.9)])
def test_a_probability_at_the_expected_cost_threshold_is_flagged(costs, value):
    chosen = thresholds.choose("expected_cost", [0, 1], [0, 1], c_fp=costs[0], c_fn=costs[1])
    assert chosen.value == pytest.approx(value)
    at = [np.nextafter(chosen.value, 0), chosen.value]
    assert chosen.flag(at).tolist() == [False, True]


def test_an_amount_that_just_pays_is_flagged():
    chosen = thresholds.choose("amount_cost", [0, 1], [0.5, 0.5], c_admin=5)
    assert chosen.flag([0.5, 0.5, 0.5], [9.99, 10.0, 10.01]).tolist() == [False, True, True]
