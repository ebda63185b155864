"""What is recommended, what the test rows say of it, and what the report makes of both."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_curve

from rebalance import comparison
from rebalance.errors import InputError
from rebalance.judging import evaluation, rules
from rebalance.report import curves, sections
from rebalance.report.sentences import sentences
from rebalance.store import Table
from tests import fixed
from tests.strategies import labels, params, seeds

BASE, ARM, FOLDS = "baseline", "arm", 3
N_ROWS, N_POSITIVES = 600, 60


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (["a", "b", None, "a", "b"], "got 1 row without and 2 groups with a positive"),
        (["a", "b", "c", "c", "a"], "got 0 rows without and 1 group with a positive"),
    ],
)
def test_groups_that_cannot_be_drawn_are_one_line(column, said):
    y = np.array([0, 0, 1, 1, 0])
    rows = Table(X=np.zeros((5, 1)), y=y, features=["x"], others={"card": np.array(column)})
    with pytest.raises(InputError, match=f"card must hold a group in every test row.*{said}"):
        evaluation.groups(rows, "card")
    with pytest.raises(InputError, match=r"evaluate\.groups: column 'cards' is not in the table"):
        evaluation.groups(rows, "cards")
    assert evaluation.groups(rows, "") is None


def test_each_setting_of_the_section_reaches_the_comparison():
    """Of the baseline's scores (tests/fixed.py) the first 3 hold 2 positives, the first 8 all 5."""
    section = params(
        evaluate__alerts=3,
        evaluate__bootstrap=150,
        evaluate__margin=0.02,
        evaluate__metric="roc_auc",
        evaluate__precision=0.6,
    ).evaluate
    found = evaluation.compare(fixed.Y, fixed.SCORES, fixed.THRESHOLDS, "baseline", section)
    assert (found.metric, found.margin, found.draws) == ("roc_auc", 0.02, 150)
    own = found.intervals["baseline"]
    assert own["precision_at_k"].value == pytest.approx(2 / 3)
    assert own["recall_at_60pct_precision"].value == 1
    assert own["recall"].value == 3 / 5  # of 0.5, whatever the model's own threshold


@given(labels, seeds)
def test_the_curves_are_those_of_scikit_learn_where_nothing_is_thinned(y, seed):
    y_score = np.random.default_rng(seed).random(len(y)).round(2)
    found = curves.curves(y, y_score)
    precision, recall, _ = precision_recall_curve(y, y_score)
    theirs = set(zip(recall.round(9), precision.round(9), strict=True))
    ours = set(zip(found["recall"].round(9), found["precision"].round(9), strict=True))
    assert ours <= theirs
    rates, recall, _ = roc_curve(y, y_score, drop_intermediate=False)
    theirs = set(zip(rates.round(9), recall.round(9), strict=True))
    ours = zip(found["false_positive_rate"].round(9), found["recall"].round(9), strict=True)
    assert set(ours) <= theirs


@given(labels, seeds, st.integers(2, 12))
def test_the_bins_of_the_reliability_hold_every_row_once(y, seed, bins):
    y_score = np.random.default_rng(seed).random(len(y))
    found = curves.reliability(y, y_score, bins)
    rows = found["rows"]
    assert rows.sum() == len(y)
    assert (np.diff(found["mean_probability"]) >= 0).all()
    assert found["mean_probability"] @ rows == pytest.approx(y_score.sum())
    assert found["share_of_positives"] @ rows == pytest.approx(y.sum())


# The report's three sentences.


def told(shifts, recommended, unmet=""):
    """Return the sentences on models whose positives stand ``shifts`` above the negatives."""
    y = np.zeros(N_ROWS, dtype=np.int8)
    y[:N_POSITIVES] = 1
    rng, models = np.random.default_rng(5), {}
    shared = rng.normal(size=N_ROWS)
    for name, shift in shifts.items():
        odds = shared + 0.3 * rng.normal(size=N_ROWS) + shift * y - 2
        models[name] = (1 / (1 + np.exp(-odds)), 0.5)
    section = params(resample__arm={"treatment": "random_under", "ratio": 50})
    rule = {"message": unmet} if unmet else {}
    results = SimpleNamespace(
        params=section,
        split={"train": {"natural_ratio": 9.0}},
        ratio_trained_at=9.0,
        study={"chosen": {"none": 9, "learning_rate": 0.25, "max_features": {"sqrt": 1}}},
        scores={
            name: evaluation.judge(y, *model, section.evaluate) for name, model in models.items()
        },
        decisions={name: {section.threshold.use: rule} for name in models},
        comparison=comparison.compare(y, models, BASE, n_draws=200),
        recommendation=SimpleNamespace(model=recommended),
    )
    return " ".join(sentences(results)), results.comparison


def test_a_confirmed_choice_is_said_to_be_better_with_its_interval():
    text, compared = told({BASE: 1.0, ARM: 4.0}, ARM)
    verdict = compared.verdicts[ARM]
    assert text.startswith("Use arm (random_under, ratio 50): on the training rows it has the best")
    assert f"{verdict.difference:+.3f} [{verdict.low:+.3f}, {verdict.high:+.3f}]" in text
    assert text.endswith("against the baseline: better (this fitted model, seed 0).")


def test_test_rows_that_contradict_the_choice_are_said_to():
    text, _ = told({BASE: 4.0, ARM: 1.0}, ARM)
    assert text.endswith("worse (this fitted model, seed 0). The test rows contradict the choice.")
    text, _ = told({BASE: 1.0, ARM: 4.0}, BASE)
    assert "and the fitted model arm is better: the test rows contradict the choice" in text


def test_a_difference_too_small_to_see_says_what_is_excluded():
    text, compared = told({BASE: 2.0, ARM: 2.02}, ARM)
    verdict = compared.verdicts[ARM]
    assert verdict.verdict == "not decided"
    assert text.endswith(
        f"not decided; a gain above {verdict.largest_gain:.2g} is excluded, and {N_POSITIVES} "
        f"positives can detect a difference of {verdict.detectable:.2g} or more."
    )


def test_the_tuned_model_is_named_by_what_the_study_chose():
    text, _ = told({BASE: 1.0, "tuned": 4.0}, "tuned")
    settings = "learning_rate 0.25, max_features sqrt"
    said = f"Use tuned, the learner with {settings} and no treatment of imbalance: on the training"
    assert text.startswith(said)


def test_a_threshold_that_does_not_meet_its_rule_says_so():
    text, _ = told({BASE: 1.0}, BASE, unmet="no threshold reaches precision 1.")
    assert "(rule max_f1, which is not met: no threshold reaches precision 1)" in text


def power(found):
    """Return the largest of the differences that the rows detect, of all arms."""
    return f"{max(each.detectable for each in found.verdicts.values()):.2g}"


def test_nothing_is_said_of_power_where_no_arm_has_other_scores():
    text, _ = told({BASE: 2.0}, BASE)
    assert text.endswith("and no fitted model is detectably better.")


@pytest.mark.parametrize(
    ("doubts", "said"),
    [
        # Of an arm in doubt the spread is not known, and so is what the rows would detect.
        (("", "of luck"), "; 5 positives can detect a difference of 0.1 or more."),
        (("of luck", ""), "; 5 positives can detect a difference of 0.2 or more."),
        (
            ("of luck", "of luck"),
            "; which differences 5 positives detect is not known, because of luck.",
        ),
    ],
)
def test_the_power_is_not_that_of_an_arm_in_doubt(doubts, said):
    found = fixed.results("baseline")
    for arm, doubt, least in zip(("moved_threshold", "under"), doubts, (0.1, 0.2), strict=True):
        changes = {"doubt": doubt, "detectable": least, "verdict": "not decided"}
        found = fixed.with_verdict(found, arm, **changes)
    assert sentences(found)[-1].endswith(said)


@pytest.mark.parametrize(("shift", "said"), [(0.0, True), (2.0, False)])
def test_models_that_rank_no_better_than_chance_are_said_to(shift, said):
    text, found = told({BASE: shift, ARM: shift / 2}, BASE)
    auc = [found.intervals[name]["roc_auc"] for name in (BASE, ARM)]
    # One model above chance is enough.
    assert (max(each.low for each in auc) <= 0.5) == said
    assert ("No model ranks the test rows detectably better than chance" in text) == said


def test_several_worse_arms_are_named_together():
    text, found = told({BASE: 5.0, "a": 0.5, "b": 0.4, "c": 0.3}, BASE)
    assert text.startswith("Use baseline, the learner without any treatment: no treatment beats")
    assert text.endswith(
        "; the fitted models a, b and c are worse, and no fitted model is detectably better; "
        f"60 positives can detect a difference of {power(found)} or more."
    )


def test_a_rule_that_flags_no_row_has_no_precision_and_no_interval_of_it():
    table = Table(X=np.zeros((4, 1)), y=np.array([0, 0, 1, 1]), features=["Amount"])
    chosen = {"f": {"name": "fixed", "value": 0.9}}
    section = params(threshold__use="f", threshold__rules={"f": {"rule": "fixed", "value": 0.9}})
    decided = rules.by_rule(table, np.full(4, 0.1), chosen, section.threshold.rules)

    (row,) = sections.rows_of_rules(decided)

    assert "precision" not in row
    assert row["recall"].text(3).startswith("0.000 [0.000, ")


# Decisions of every rule.


def test_a_rule_that_was_not_met_says_so_and_costs_are_those_of_its_decisions():
    y = np.array([0, 0, 1, 1, 0], dtype=np.int8)
    y_score = np.array([0.1, 0.9, 0.8, 0.2, 0.3])
    amounts = np.array([1, 10, 100, 4, 2])
    table = Table(X=amounts[:, None], y=y, features=["Amount"])
    chosen = {
        "f": {"name": "fixed", "value": 0.5, "met": False, "shortfall": 0.1, "message": "not."},
        "a": {"name": "amount_cost", "value": None, "c_admin": 5.0},
    }
    wanted = params(threshold__use="f", threshold__rules={
        "f": {"rule": "fixed", "value": 0.5},
        "a": {"rule": "amount_cost", "column": "Amount", "c_admin": 5.0},
    }).threshold.rules  # fmt: skip
    found = rules.by_rule(table, y_score, chosen, wanted)
    assert (found["f"]["shortfall"], found["f"]["message"]) == (0.1, "not.")
    assert found["f"]["true_positives"] == found["f"]["false_positives"] == 1
    # Flagged where score x amount reaches 5: rows 1 and 2; row 3, a positive of 4, is missed.
    assert found["a"]["cost"] == 5 + 5 + 4
    assert found["a"]["cost_of_none"] == 104
    assert found["a"]["cost_of_all"] == 25
    assert found["a"]["savings"] == pytest.approx(1 - 14 / 25)
    assert found["a"]["savings_low"] < found["a"]["savings"] < found["a"]["savings_high"] <= 1
    assert 0 < found["f"]["recall_low"] < 0.5 < found["f"]["recall_high"] < 1
    assert "message" not in found["a"]


# What the test rows say of one model, worked by hand.


def test_decisions_are_judged_at_the_threshold_and_at_half():
    y_true = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    y_score = np.array([0.9, 0.5, 0.4, 0.1, 0.6, 0.35, 0.2, 0.2, 0.1, 0.0])
    section = params(evaluate__alerts=2).evaluate

    found = evaluation.judge(y_true, y_score, 0.3, section)

    # At .3: three of four positives and two of six negatives are flagged.
    assert found["threshold"] == 0.3
    assert (found["true_positives"], found["false_negatives"]) == (3, 1)
    assert (found["false_positives"], found["true_negatives"]) == (2, 4)
    assert found["precision"] == pytest.approx(3 / 5)
    assert found["recall"] == pytest.approx(3 / 4)
    assert found["no_information_rate"] == pytest.approx(0.6)
    assert found["precision_at_k"] == pytest.approx(1 / 2)
    # At .5, which flags a score of .5: two positives and one negative.
    half = found["at_half"]
    assert (half["true_positives"], half["false_negatives"]) == (2, 2)
    assert (half["false_positives"], half["true_negatives"]) == (1, 5)
    assert half["recall"] == pytest.approx(1 / 2)


def scored(seed=0):
    rng = np.random.default_rng(seed)
    y_true = np.repeat([1, 0], [40, 400])
    shared = rng.normal(size=y_true.size)
    return y_true, {
        name: 1 / (1 + np.exp(1 - shared - gap * y_true - rng.normal(scale=0.3, size=y_true.size)))
        for name, gap in (("baseline", 1.5), ("arm", 2.5))
    }


def test_arms_are_at_their_threshold_and_the_baseline_at_half_and_moved():
    y_true, y_scores = scored()
    section = params(evaluate__bootstrap=100).evaluate
    at = {"baseline": 0.7, "arm": 0.6}
    found = evaluation.compare(y_true, y_scores, at, "baseline", section)
    recalls = {name: each["recall"].value for name, each in found.intervals.items()}
    assert list(recalls) == ["baseline", "moved_threshold", "arm"]
    positive = {name: y_score[y_true == 1] for name, y_score in y_scores.items()}
    assert recalls["baseline"] == pytest.approx(np.mean(positive["baseline"] >= 0.5))
    assert recalls["moved_threshold"] == pytest.approx(np.mean(positive["baseline"] >= 0.7))
    assert recalls["arm"] == pytest.approx(np.mean(positive["arm"] >= 0.6))


def test_rows_of_a_group_are_drawn_together():
    y_true, y_scores = scored()
    section = params(evaluate__bootstrap=200).evaluate
    thrice = {name: np.repeat(y_score, 3) for name, y_score in y_scores.items()}
    table = Table(
        X=np.zeros((1320, 1)), y=np.repeat(y_true, 3).astype(np.int8), features=["x"],
        others={"card": np.repeat([f"card {i}" for i in range(440)], 3)},
    )  # fmt: skip
    at = {"baseline": 0.5, "arm": 0.5}
    groups = evaluation.groups(table, "card")

    together = evaluation.compare(table.y, thrice, at, "baseline", section, groups)
    apart = evaluation.compare(table.y, thrice, at, "baseline", section)
    once = evaluation.compare(y_true, y_scores, at, "baseline", section)

    assert (together.groups, apart.groups) == (440, None)
    errors = [
        each.differences["arm"]["average_precision"].standard_error
        for each in (once, together, apart)
    ]
    assert errors[1] == pytest.approx(errors[0], rel=0.05)
    # Rows that count three times each would make it the root of three smaller.
    assert errors[2] == pytest.approx(errors[0] / np.sqrt(3), rel=0.05)
    decided = [
        rules.by_rule(
            table,
            thrice["arm"],
            {"f": {"name": "fixed", "value": 0.5}},
            params(threshold__use="f", threshold__rules={"f": {"rule": "fixed", "value": 0.5}})
            .threshold.rules,
            each,
        )["f"]
        for each in (groups, None)
    ]  # fmt: skip
    widths = [each["recall_high"] - each["recall_low"] for each in decided]
    assert widths[0] > 1.5 * widths[1]


@pytest.mark.parametrize(("name", "seed"), [("arm", 7), ("tuned", 8), ("moved_threshold", 9)])
def test_a_verdict_speaks_of_one_fit(name, seed):
    section = params(
        resample__arm={"treatment": "random_under", "ratio": 50, "seed": 7},
        tune__seed=8,
        learner__seed=9,
    )
    assert evaluation.seed_of(name, section) == seed


def test_a_margin_as_wide_as_a_loss_is_refused():
    y_true, y_scores = scored()
    at = {"baseline": 0.5, "arm": 0.5}
    wide = params(evaluate__metric="brier", evaluate__margin=0.5).evaluate
    with pytest.raises(InputError, match=r"evaluate\.margin must be below the baseline's Brier sc"):
        evaluation.compare(y_true, y_scores, at, "baseline", wide)
    # Five positives and fifteen negatives in tests/fixed.py; nothing is worse than 0.
    value = fixed.AVERAGE_PRECISION["baseline"]
    for margin in (value, value + 0.01):
        whole = params(evaluate__margin=margin).evaluate
        with pytest.raises(InputError, match=r"below the baseline's average precision, 0\.808"):
            evaluation.compare(fixed.Y, fixed.SCORES, fixed.THRESHOLDS, "baseline", whole)
    narrow = params(
        evaluate__metric="brier", evaluate__margin=0.001, evaluate__bootstrap=100
    ).evaluate
    found = evaluation.compare(y_true, y_scores, at, "baseline", narrow)
    assert found.margin == 0.001
    assert found.against_moved.keys() == {"arm"}


def test_the_costs_of_every_model_are_compared_with_those_of_the_baseline():
    """From .05 on the baseline flags all 20 rows of tests/fixed.py, under 8 and the last none."""
    chosen = {"costs": {"name": "expected_cost", "value": 0.05}}
    model = SimpleNamespace(thresholds=chosen, threshold=0.05, share=0.25)
    rows = Table(X=np.zeros((20, 1)), y=fixed.Y, features=["x"])
    y_scores = fixed.SCORES | {"last": np.zeros(20)}
    _, decided = evaluation.judge_all(
        dict.fromkeys(y_scores, model),
        rows,
        y_scores,
        {"costs": fixed.PARAMS.threshold.rules["costs"]},
        fixed.PARAMS,
    )
    costs = {name: each["costs"]["cost"] for name, each in decided.items()}
    assert costs == {"baseline": 20 * 5, "under": 8 * 5, "last": 5 * 100}
    apart = {name: each["costs"].get("cost_difference") for name, each in decided.items()}
    assert apart == {"baseline": None, "under": 40 - 100, "last": 500 - 100}


def test_the_moved_threshold_has_the_baselines_fits_with_other_seeds():
    y_true, y_scores = scored()
    _, again = scored(1)
    section = params(evaluate__bootstrap=100).evaluate
    at = {"baseline": 0.7, "arm": 0.6}
    reseeded = {name: [y_score] for name, y_score in again.items()}
    found = evaluation.compare(y_true, y_scores, at, "baseline", section, reseeded=reseeded)
    moved = found.verdicts["moved_threshold"]
    # Its scores are the baseline's, fit by fit.
    assert (moved.difference, moved.low, moved.high) == (0, 0, 0)
    assert (moved.verdict, moved.doubt) == ("equal within the margin", "")


def test_a_model_that_decides_by_another_rule_than_threshold_use_is_refused():
    rules = {name: {"rule": "fixed", "value": value} for name, value in (("a", 0.2), ("b", 0.4))}
    first, second = (
        params(threshold__use=use, threshold__rules=rules).threshold for use in ("a", "b")
    )
    chosen = {name: {"name": "fixed", "value": rule["value"]} for name, rule in rules.items()}
    models = {"baseline": SimpleNamespace(thresholds=chosen, threshold=0.2)}
    evaluation.check_thresholds(models, first)
    with pytest.raises(InputError, match="was trained with another section 'threshold'"):
        evaluation.check_thresholds(models, second)


def test_a_model_is_constant_only_where_all_scores_are_equal():
    raw = {"same": np.full(3, 0.5), "near": np.array([0.5, 0.5, 0.5001])}
    assert evaluation.constant(raw) == ["same"]
