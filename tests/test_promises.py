"""A promised share holds on new rows as often as it says, and says when it cannot be promised."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rebalance import thresholds
from rebalance.thresholds import promises


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.01, 0.99))
def test_the_test_of_a_share_is_the_exact_binomial_one(hits, trials, share):
    hits = min(hits, trials)
    expected = stats.binomtest(hits, trials, share, alternative="greater").pvalue
    assert promises.p_value(hits, trials, share) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("n_positives", "precision", "confidence", "starts"),
    [
        # .9 to the 29th is .047, and .9 to the 28th .052.
        (10, 0.9, 0.95, [(29, 0.05)]),
        (58, 0.9, 0.95, [(29, 0.05)]),
        (60, 0.9, 0.95, [(30, 0.05)]),
        # A quarter, 40, is enough for .3 of the rate: .9 to the 40th is .0148.
        (160, 0.9, 0.95, [(40, 0.015), (80, 0.035)]),
        (156, 0.9, 0.95, [(78, 0.05)]),
        (100, 0.5, 0.9, [(25, 0.03), (50, 0.07)]),
        (100, 1.0, 0.95, []),
    ],
)
def test_the_sequence_starts_where_it_can_pass(n_positives, precision, confidence, starts):
    assert promises.starts(n_positives, precision, confidence) == [
        (rows, pytest.approx(rate)) for rows, rate in starts
    ]


def test_the_sequence_ends_with_the_first_step_that_fails():
    tp = np.r_[np.arange(1, 61), np.full(3, 60), np.arange(61, 121)]
    flagged = np.arange(1, tp.size + 1)
    passed = [
        stats.binomtest(t, n, 0.9, alternative="greater").pvalue <= 0.05
        for t, n in zip(tp, flagged, strict=True)
    ]
    assert promises.starts(120, 0.9, 0.95) == [(60, 0.05)]
    fails = passed.index(False, 59)
    assert 60 < fails < 63
    # That later ones pass again is no help.
    assert all(passed[80:])
    # Rows below the last positive that passes add alerts and no recall.
    assert promises.last_precise(tp, flagged, 0.9, 0.95) == 59
    sooner = np.delete(np.arange(tp.size), 61)  # with one negative less in between
    assert promises.last_precise(tp[sooner], flagged[:-1], 0.9, 0.95) > 100


@given(st.integers(1, 80), st.floats(0.05, 0.95), st.sampled_from([0.8, 0.95, 0.99]))
def test_a_promised_recall_is_that_of_the_first_positives_that_suffice(n, recall, confidence):
    step = promises.first_complete(np.arange(1, n + 1), recall, confidence)
    enough = [
        hits
        for hits in range(1, n + 1)
        if stats.binomtest(hits, n, recall, alternative="greater").pvalue <= 1 - confidence
    ]
    assert step == (enough[0] - 1 if enough else None)
    assert bool(enough) == (n >= promises.positives_for_recall(recall, confidence))


@given(st.integers(1, 300), st.floats(0.001, 0.999), st.sampled_from([0.8, 0.95]))
def test_an_alert_budget_is_held_by_the_distribution_of_ranks(n_rows, share, confidence):
    rows = promises.rows_within(n_rows, share, confidence)

    def held(k):
        return stats.beta.cdf(share, k + 1, n_rows - k)

    assert rows == 0 or held(rows) >= confidence - 1e-9
    assert rows + 1 >= n_rows or held(rows + 1) < confidence


def test_a_budget_of_all_rows_is_all_rows():
    assert promises.rows_within(7, 1.0, 0.95) == 7


def drawn(n_positives, rng, gap=3.2, prevalence=0.1):
    n_rows = round(n_positives / prevalence)
    y_true = (rng.random(n_rows) < prevalence).astype(int)
    return y_true, stats.norm.cdf(rng.normal(gap * y_true - 1.5))


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("recall_at_precision", {"precision": 0.9}),
        ("precision_at_recall", {"recall": 0.8}),
        ("alert_budget", {"share": 0.1}),
        ("false_alarm_budget", {"share": 0.01}),
    ],
)
def test_a_promise_is_false_no_more_often_than_it_says(rule, options):
    rng, broken, promised, luck = np.random.default_rng(0), 0, 0, 0
    for _ in range(400):
        data = drawn(100, rng)
        for confidence in (0.0, 0.95):
            chosen = thresholds.choose(rule, *data, **options, confidence=confidence)
            cut = stats.norm.ppf(chosen.value) + 1.5
            hits, alarms = 0.1 * stats.norm.sf(cut - 3.2), 0.9 * stats.norm.sf(cut)
            kept = {
                "recall_at_precision": hits / (hits + alarms) >= 0.9,
                "precision_at_recall": hits / 0.1 >= 0.8,
                "alert_budget": hits + alarms <= 0.1,
                "false_alarm_budget": alarms / 0.9 <= 0.01,
            }[rule]
            if not confidence:
                luck += not kept
            elif chosen.promise["promised"]:
                promised += 1
                broken += not kept
    assert luck > 100  # without a promise, as often as not
    assert promised > 250
    # A rate of .05 gives more than 32 of 400 once in 400 times.
    assert broken <= 32


def test_the_price_of_a_promise_is_the_recall_given_up():
    data = drawn(400, np.random.default_rng(1))
    plain = thresholds.choose("recall_at_precision", *data, precision=0.9)
    kept = thresholds.choose("recall_at_precision", *data, precision=0.9, confidence=0.95)
    recalls = [np.mean(each.flag(data[1])[data[0] == 1]) for each in (plain, kept)]
    assert (kept.promise["share"], kept.promise["asked"]) == ("precision", 0.9)
    assert kept.promise["price"] == pytest.approx(recalls[0] - recalls[1])
    assert 0 < kept.promise["price"] < 0.1
    flagged = kept.flag(data[1])
    assert kept.promise["out_of_fold"] == pytest.approx(data[0][flagged].mean())
    assert (kept.met, kept.message, plain.promise) == (True, "", None)


def test_the_price_of_a_promised_recall_is_the_precision_given_up():
    data = drawn(400, np.random.default_rng(1), gap=2.0)
    plain = thresholds.choose("precision_at_recall", *data, recall=0.8)
    kept = thresholds.choose("precision_at_recall", *data, recall=0.8, confidence=0.95)
    precisions = [data[0][each.flag(data[1])].mean() for each in (plain, kept)]
    assert (kept.promise["share"], kept.promise["asked"]) == ("recall", 0.8)
    assert kept.promise["price"] == pytest.approx(precisions[0] - precisions[1])
    assert kept.promise["price"] > 0.01
    assert kept.promise["out_of_fold"] == pytest.approx(kept.flag(data[1])[data[0] == 1].mean())


def test_promises_have_the_numbers_that_they_rest_on():
    """Of 400 rows, each with a score of its own, the first 40 are positive."""
    y, scores = np.repeat([1, 0], [40, 360]), np.linspace(0.9, 0.1, 400)
    budget = thresholds.choose("alert_budget", y, scores, share=0.2, confidence=0.9)
    assert budget.name == "alert_budget"
    flagged = budget.flag(scores).sum()
    assert 60 < flagged < 80
    assert budget.promise == {
        "share": "alerts", "asked": 0.2, "out_of_fold": flagged / 400, "confidence": 0.9,
        "promised": True,
    }  # fmt: skip
    for rule, options in (
        ("recall_at_precision", {"precision": 0.9}),
        ("precision_at_recall", {"recall": 0.8}),
    ):
        promise = thresholds.choose(rule, y, scores, **options, confidence=0.9).promise
        assert promise["positives"] == 40


def test_a_promise_out_of_reach_says_how_many_positives_it_needs():
    # Of 40 rows flagged 38 are positive, and of ten times as many 380.
    y_true = np.r_[np.ones(19), 0, np.ones(19), 0, np.ones(2), np.zeros(100)].astype(int)
    chosen = thresholds.choose(
        "recall_at_precision", y_true, np.linspace(1, 0, y_true.size), precision=0.9,
        confidence=0.95,
    )  # fmt: skip
    assert not chosen.met
    assert chosen.promise["promised"] is False
    assert "price" not in chosen.promise
    needed = chosen.promise["positives_needed"]
    assert chosen.message == (
        "precision 0.9 cannot be promised with 95 % confidence from the out-of-fold scores "
        f"of 40 positives; with about {needed} it could. The threshold reaches it out of fold only."
    )
    # The threshold is that of the rule without a promise.
    plain = thresholds.choose("recall_at_precision", y_true, np.linspace(1, 0, y_true.size),
                              precision=0.9)  # fmt: skip
    assert chosen.value == plain.value

    # With so many positives and rows of the same shares the test passes four times in five.
    rows, share = round(29 * needed / 40), 28 / 29
    power = sum(
        stats.binom.pmf(hits, rows, share)
        for hits in range(rows + 1)
        if stats.binomtest(hits, rows, 0.9, alternative="greater").pvalue <= 0.05
    )
    assert power == pytest.approx(0.8, abs=0.12)


def test_the_positives_that_a_precision_needs_worked_by_hand():
    # The sequence starts at 50 rows; of the first 60 or more, 57 of 60 are positive. To tell .95
    # from .9 four times in five takes (1.6449 x .3 + .8416 x .21794)^2 / .05^2 = 183.3 rows
    # flagged, and these are of 100 x 183.3 / 60 positives.
    tp, flagged = np.array([20, 57, 100]), np.array([20, 60, 400])
    assert promises.positives_for_precision(tp, flagged, 0.9, 0.95) == 306


@pytest.mark.parametrize(
    ("options", "needed"),
    [({"recall": 0.9}, 29), ({"recall": 0.99}, 299), ({"recall": 1.0}, None)],
)
def test_a_recall_needs_a_number_of_positives_that_is_known_beforehand(options, needed):
    chosen = thresholds.choose(
        "precision_at_recall", [1, 1, 0, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5], **options,
        confidence=0.95,
    )  # fmt: skip
    assert chosen.promise.get("positives_needed") == needed
    assert f"recall {options['recall']:g} cannot be promised" in chosen.message
    assert ("with about" in chosen.message) == (needed is not None)


@pytest.mark.parametrize(
    ("rule", "options", "share", "said"),
    [
        ("recall_at_precision", {"precision": 0.9}, "precision", "precision 0.9 cannot be"),
        ("precision_at_recall", {"recall": 0.8}, "recall", "recall 0.8 cannot be"),
        ("alert_budget", {"share": 0.2}, "alerts", "the budget cannot be"),
        ("false_alarm_budget", {"share": 0.01}, "false_alarms", "the budget cannot be"),
    ],
)
def test_of_groups_nothing_is_promised(rule, options, share, said):
    data = drawn(400, np.random.default_rng(1))
    plain = thresholds.choose(rule, *data, **options)
    assert thresholds.choose(rule, *data, **options, confidence=0.95).promise["promised"]
    of_groups = thresholds.choose(rule, *data, **options, confidence=0.95, grouped=True)
    assert of_groups.message.startswith(f"{said} promised where rows belong to groups. The thre")
    assert (of_groups.met, of_groups.value) == (False, plain.value)
    assert of_groups.promise["promised"] is False
    assert (of_groups.promise["share"], "price" in of_groups.promise) == (share, False)
    # Without a confidence nothing was to be promised.
    assert thresholds.choose(rule, *data, **options, grouped=True) == plain


def test_a_budget_of_false_alarms_counts_negatives_alone():
    """From the highest score: positive, negative, positive, two equal negatives, negative."""
    y_true, y_score = [1, 0, 1, 0, 0, 0], [0.9, 0.8, 0.7, 0.5, 0.5, 0.1]
    for share, value in ((0.2, 0.85), (0.25, 0.6), (0.7, 0.6), (0.75, 0.3), (1.0, 0.0)):
        chosen = thresholds.choose("false_alarm_budget", y_true, y_score, share=share)
        assert chosen.value == pytest.approx(value)
        # Each negative may stand for others: their share is the same.
        assert thresholds.choose("false_alarm_budget", y_true, y_score, share=share, weight=9) == (
            chosen
        )
    # In doubles .29 of 100 is below 29.
    hundred = [np.zeros(100), np.arange(100) / 100]
    of_hundred = thresholds.choose("false_alarm_budget", *hundred, share=0.29)
    assert of_hundred.value == pytest.approx(0.705)
    none = thresholds.choose("false_alarm_budget", [0, 1, 0], [0.9, 0.9, 0.1], share=0.1)
    assert (none.met, none.shortfall) == (False, 1.0)
    assert none.message == (
        "the budget of 0 false alarms among 2 negatives flags nothing: the highest score has 1."
    )
    with pytest.raises(ValueError, match="must see a negative, got 2 positives"):
        thresholds.choose("false_alarm_budget", [1, 1], [0.9, 0.8], share=0.1)


def test_a_promised_budget_of_false_alarms_is_that_of_the_ranks_of_negatives():
    y_true, y_score = drawn(400, np.random.default_rng(2))
    negatives = np.sort(y_score[y_true == 0])[::-1]
    chosen = thresholds.choose("false_alarm_budget", y_true, y_score, share=0.02, confidence=0.95)
    flagged = int((negatives >= chosen.value).sum())
    # The share of new negatives above the next one is at most .02 with .95, and no rank lower.
    for k, held in ((flagged, True), (flagged + 1, False)):
        assert (stats.beta.cdf(0.02, k + 1, negatives.size - k) >= 0.95) == held
    assert chosen.promise == {
        "share": "false_alarms", "asked": 0.02, "out_of_fold": flagged / negatives.size,
        "confidence": 0.95, "promised": True,
    }  # fmt: skip


@pytest.mark.parametrize("rule", ["recall_at_precision", "precision_at_recall", "alert_budget"])
@pytest.mark.parametrize("confidence", [-0.1, 1.0, float("nan")])
def test_a_confidence_is_a_share_below_1(rule, confidence):
    options = {"recall_at_precision": {"precision": 0.9}, "precision_at_recall": {"recall": 0.8},
               "alert_budget": {"share": 0.5}}[rule]  # fmt: skip
    with pytest.raises(ValueError, match="confidence must be from 0 to below 1"):
        thresholds.choose(rule, [0, 1], [0.1, 0.9], **options, confidence=confidence)
