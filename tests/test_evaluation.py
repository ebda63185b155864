"""What is recommended, what the test rows say of it, and what the report makes of both."""

import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve, roc_curve

from rebalance import comparison, metrics
from rebalance.errors import InputError
from rebalance.judging import evaluation, recommendation, rules
from rebalance.model.corrected import CorrectedClassifier
from rebalance.report import curves, sections
from rebalance.report.sentences import sentences, with_ends
from rebalance.store import Table
from tests.strategies import labels, params, seeds

BASE, ARM, FOLDS = "baseline", "arm", 3
N_ROWS, N_POSITIVES = 600, 60


def out_of_fold(shift, seed=0, noise=0.3, folds=FOLDS):
    """Return out-of-fold scores whose positives stand ``shift`` above the negatives."""
    y = np.zeros(N_ROWS, dtype=np.int8)
    y[:N_POSITIVES] = 1
    shared = np.random.default_rng(99).normal(size=N_ROWS)
    odds = shared + noise * np.random.default_rng(seed).normal(size=N_ROWS) + shift * y - 2
    row = np.concatenate([np.arange(i, N_ROWS, folds) for i in range(folds)])
    fold = np.repeat(np.arange(folds), N_ROWS // folds)
    return {
        "fold": fold,
        "row": row,
        "train_rows": np.full(N_ROWS, N_ROWS - N_ROWS // folds),
        "y_true": y[row],
        "y_score": 1 / (1 + np.exp(-odds[row])),
    }


def recommend(arms, metric="average_precision", **more):
    return recommendation.recommend([(BASE, out_of_fold(2.0)), *arms.items()], metric, **more)


@pytest.mark.parametrize("metric", ["average_precision", "roc_auc", "log_loss", "brier"])
def test_a_clearly_better_arm_is_recommended_and_a_worse_one_is_not(metric):
    assert recommend({ARM: out_of_fold(4.0, 1)}, metric).model == ARM
    assert recommend({ARM: out_of_fold(0.5, 1)}, metric).model == BASE


@pytest.mark.parametrize("grouped", [False, True])
def test_of_equal_models_the_untreated_one_is_recommended(grouped):
    found = recommend({ARM: out_of_fold(2.0)}, grouped=grouped)
    assert found.model == BASE
    assert found.cross_validated[ARM].difference.value == 0


def test_of_several_better_arms_the_best_is_recommended():
    arms = {"good": out_of_fold(3.0, 1), "best": out_of_fold(5.0, 2), "bad": out_of_fold(0.0, 3)}
    assert recommend(arms).model == "best"


@settings(max_examples=15)
@given(seeds)
def test_a_gain_within_a_standard_error_is_no_reason_for_a_treatment(seed):
    found = recommend({ARM: out_of_fold(2.05, seed)})
    d = found.cross_validated[ARM].difference.value
    rows = out_of_fold(2.05, seed)
    error = recommendation._error(
        rows, out_of_fold(2.0), "average_precision", np.zeros(FOLDS), False
    )
    assert (found.model == ARM) == (d > error)


def test_the_means_are_those_of_the_folds():
    rows = out_of_fold(2.0)
    values = [
        metrics.ranking_metrics(
            rows["y_true"][rows["fold"] == i], rows["y_score"][rows["fold"] == i]
        )
        for i in range(FOLDS)
    ]
    found = recommend({}).cross_validated[BASE]
    assert found.mean == pytest.approx(np.mean([v["average_precision"] for v in values]))
    assert found.difference is None


def test_repeats_do_not_make_a_standard_error_smaller():
    once, again = out_of_fold(2.0), out_of_fold(2.6, 1)

    def repeated(rows, times=8):
        number = np.repeat(np.arange(times), N_ROWS)
        return {
            name: np.tile(column, times) + (FOLDS * number if name == "fold" else 0)
            for name, column in rows.items()
        }

    for metric in ("brier", "average_precision"):
        few, many = (
            recommendation.recommend([(BASE, make(once)), (ARM, make(again))], metric)
            for make in (lambda rows: rows, repeated)
        )
        assert few.model == many.model
        # The spread of the same values, with one degree of freedom for all of them less.
        ratio = many.cross_validated[ARM].standard_error / few.cross_validated[ARM].standard_error
        assert ratio == pytest.approx(np.sqrt((FOLDS - 1) / FOLDS * 8 * FOLDS / (8 * FOLDS - 1)))


def test_the_test_over_folds_knows_the_rows_that_each_fold_was_trained_on():
    d = recommendation.fold_values(out_of_fold(2.5, 1), "roc_auc")
    d = d - recommendation.fold_values(out_of_fold(2.0), "roc_auc")
    found = {}
    for share in (1.0, 0.5):
        arms = {BASE: out_of_fold(2.0), ARM: out_of_fold(2.5, 1)}
        for rows in arms.values():
            rows["train_rows"] = (rows["train_rows"] * share).astype(int)
        recommended = recommendation.recommend(arms.items(), "roc_auc")
        found[share] = recommended.cross_validated[ARM].difference
    assert found[1.0] == comparison.corrected_t_test(d, 400, 200)
    assert found[0.5] == comparison.corrected_t_test(d, 200, 200)


def test_a_fold_with_one_positive_takes_its_error_from_the_folds():
    arms = {BASE: out_of_fold(2.0), ARM: out_of_fold(2.2, 1)}
    for rows in arms.values():
        first = (rows["fold"] == 0) & (rows["y_true"] == 1)
        rows["y_true"] = np.where(first & (rows["row"] > 0), 0, rows["y_true"])
    d = np.subtract(
        *(recommendation.fold_values(arms[n], "average_precision") for n in (ARM, BASE))
    )
    error = recommendation._error(arms[ARM], arms[BASE], "average_precision", d, grouped=False)
    assert error == pytest.approx(np.std(d, ddof=1) / np.sqrt(FOLDS))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (["a", "b", None, "a", "b"], "got 1 rows without and 2 groups with a positive"),
        (["a", "b", "c", "c", "a"], "got 0 rows without and 1 groups with a positive"),
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


def test_gaps_in_the_test_rows_alone_are_one_line():
    model = CorrectedClassifier(LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]))
    rows = Table(X=np.array([[0.0, np.nan]]), y=np.array([0]), features=["a", "b"])
    with pytest.raises(InputError) as caught:
        evaluation.raw_scores("over", model, rows)
    assert str(caught.value) == (
        "model over takes no missing values, and b have some in the test rows; fill them, or use "
        "hist_gradient_boosting."
    )
    # What is no gap is a fault of ours, and keeps its traceback.
    with pytest.raises(ValueError, match="expecting 2 features") as other:
        evaluation.raw_scores("over", model, replace(rows, X=np.zeros((1, 3))))
    assert not isinstance(other.value, InputError)


def test_scores_are_read_in_turn_and_at_most_two_models_are_in_memory():
    class Columns(dict):
        __hash__ = object.__hash__

    held, most = weakref.WeakSet(), []

    def read(name, shift):
        columns = Columns(out_of_fold(shift, len(name)))
        held.add(columns)
        most.append(len(held))
        return name, columns

    models = (read(name, shift) for name, shift in ((BASE, 2.0), (ARM, 2.5), ("other", 3.0)))
    assert list(recommendation.recommend(models, "roc_auc").cross_validated) == [BASE, ARM, "other"]
    assert most == [1, 2, 2]


def test_a_model_with_folds_of_its_own_is_not_compared():
    found = recommend({ARM: out_of_fold(5.0, 1, folds=5)})
    assert found.model == BASE
    assert found.cross_validated[ARM].difference is None


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
    compared = comparison.compare(y, models, BASE, n_draws=200)
    given = params(resample__arm={"treatment": "random_under", "ratio": 50})
    scores = {name: evaluation.judge(y, *model, given.evaluate) for name, model in models.items()}
    rule = {"message": unmet} if unmet else {}
    decisions = {name: {given.threshold.use: rule} for name in models}
    study = {"chosen": {"none": 9, "learning_rate": 0.25, "max_features": {"sqrt": 1}}}
    chosen = SimpleNamespace(model=recommended)
    found = sentences(scores, decisions, compared, chosen, study, given)
    return " ".join(found), compared


def test_a_confirmed_choice_is_said_to_be_better_with_its_interval():
    text, compared = told({BASE: 1.0, ARM: 4.0}, ARM)
    verdict = compared.verdicts[ARM]
    assert text.startswith("Use arm (random_under, ratio 50.0): of the models that beat the base")
    assert f"{verdict.difference:+.3f} [{verdict.low:+.3f}, {verdict.high:+.3f}]" in text
    assert text.endswith("against the baseline: better.")


def test_test_rows_that_contradict_the_choice_are_said_to():
    text, _ = told({BASE: 4.0, ARM: 1.0}, ARM)
    assert text.endswith("worse. The test rows contradict the choice.")
    text, _ = told({BASE: 1.0, ARM: 4.0}, BASE)
    assert "and arm is better: the test rows contradict the choice" in text


def test_a_difference_too_small_to_see_says_how_many_positives_would_show_it():
    text, compared = told({BASE: 2.0, ARM: 2.02}, ARM)
    assert compared.verdicts[ARM].verdict == "no detectable difference"
    assert f"{compared.verdicts[ARM].positives_needed:,} positives would be needed" in text
    assert f"({N_POSITIVES} here)" in text


def test_the_tuned_model_is_named_by_what_the_study_chose():
    text, _ = told({BASE: 1.0, "tuned": 4.0}, "tuned")
    asked = "none at 9 negatives per positive, learning_rate 0.25, max_features sqrt"
    assert text.startswith(f"Use tuned ({asked}): of")


def test_a_threshold_that_does_not_meet_its_rule_says_so():
    text, _ = told({BASE: 1.0}, BASE, unmet="no threshold reaches precision 1.")
    assert "(max_f1, chosen out of fold, and not met: no threshold reaches precision 1)" in text


def test_several_worse_arms_are_named_together():
    text, _ = told({BASE: 5.0, "a": 0.5, "b": 0.4, "c": 0.3}, BASE)
    assert text.startswith("Use baseline, with no treatment")
    assert text.endswith("; a, b and c are worse, and no treatment is detectably better.")


def test_what_is_unsure_is_listed_once_for_all_its_models():
    _, compared = told({BASE: 8.0, ARM: 9.0}, BASE)
    notes = sections.notes({}, compared)[1].splitlines()
    lines = [line for line in notes if "may not hold" in line]
    metrics_of = ("ROC AUC", "ECE")
    assert len(lines) == len(metrics_of)
    for metric in metrics_of:
        start = f"- baseline, arm: the interval of {metric} may not hold, because"
        assert any(line.startswith(start) for line in lines)


def test_the_table_of_thresholds_has_the_baseline_at_its_own_and_not_at_half():
    y_true = np.repeat([1, 0], [40, 400])
    y_score = np.clip(np.random.default_rng(0).normal(0.3 + 0.3 * y_true, 0.1), 0, 1)
    section = params(evaluate__bootstrap=100).evaluate
    compared = evaluation.compare(y_true, {"baseline": y_score}, {"baseline": 0.4}, "baseline",
                                  section)  # fmt: skip
    scores = {"baseline": evaluation.judge(y_true, y_score, 0.4, section)}

    (row,) = sections.with_intervals(scores, compared)

    moved = compared.intervals["moved_threshold"]["precision"]
    assert (
        row["precision"]
        == with_ends(moved)
        != with_ends(compared.intervals["baseline"]["precision"])
    )
    assert row["true_positives"] == scores["baseline"]["true_positives"]


def test_a_rule_that_flags_no_row_has_no_precision_and_no_interval_of_it():
    table = Table(X=np.zeros((4, 1)), y=np.array([0, 0, 1, 1]), features=["Amount"])
    chosen = {"f": {"name": "fixed", "value": 0.9}}
    section = params(threshold__use="f", threshold__rules={"f": {"rule": "fixed", "value": 0.9}})
    decided = rules.by_rule(table, np.full(4, 0.1), chosen, section.threshold.rules)

    (row,) = sections.rules(decided)

    assert "precision" not in row
    assert row["recall"].startswith("0.000 [0.000, ")


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
