"""Numbers from training rows of which negatives were left out are those of all rows."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from rebalance import metrics, store, thresholds, tuning
from rebalance.comparison.jackknife import of_ranking
from rebalance.judging.recommendation import fold_values, recommend
from rebalance.learning import fits, training
from rebalance.params import Treatment
from rebalance.thresholds import promises
from rebalance.workers import pool
from tests.strategies import params

WEIGHT = 3


def scores(rows=300, positives=40, seed=0):
    """Return labels and probabilities with ties, and the same with every negative three times."""
    rng = np.random.default_rng(seed)
    y = (np.arange(rows) < positives).astype(int)
    y_score = np.clip(rng.normal(0.3 + 0.3 * y, 0.15), 0, 1).round(2)
    each = np.where(y == 1, 1, WEIGHT)
    return (y, y_score), (np.repeat(y, each), np.repeat(y_score, each))


def test_metrics_are_those_of_every_negative_three_times():
    kept, whole = scores()
    found = metrics.of_all_rows(*kept, WEIGHT)
    assert found["average_precision"] == pytest.approx(average_precision_score(*whole))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(*whole))
    assert found["brier"] == pytest.approx(brier_score_loss(*whole))
    assert found["log_loss"] == pytest.approx(log_loss(*whole))
    assert found["prevalence"] == pytest.approx(whole[0].mean())
    other = metrics.ranking_metrics(*whole) | metrics.probability_metrics(*whole)
    for name, value in found.items():
        assert value == pytest.approx(other[name]), name


def test_without_anything_left_out_the_numbers_are_the_same_bits():
    kept, _ = scores()
    other = metrics.ranking_metrics(*kept) | metrics.probability_metrics(*kept)
    found = metrics.of_all_rows(*kept, 1.0)
    assert found == {name: other[name] for name in found}


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("fixed", {"value": 0.4}),
        ("max_fbeta", {"beta": 1}),
        ("max_fbeta", {"beta": 2}),
        ("recall_at_precision", {"precision": 0.5}),
        ("recall_at_precision", {"precision": 0.99}),
        ("precision_at_recall", {"recall": 0.8}),
        ("precision_at_recall", {"recall": 0.8, "confidence": 0.9}),
        ("alert_budget", {"share": 0.05}),
        ("alert_budget", {"alerts": 30, "out_of": 820}),
        ("expected_cost", {"c_fn": 10, "c_fp": 1}),
        ("empirical_cost", {"c_fn": 10, "c_fp": 1}),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_rule_chooses_as_on_every_negative_three_times(rule, options, seed):
    kept, whole = scores(seed=seed)
    found = thresholds.choose(rule, *kept, weight=WEIGHT, **options)
    wanted = thresholds.choose(rule, *whole, **options)
    assert found == wanted or found.promise
    assert found.value == wanted.value
    assert found.met == wanted.met


def test_a_precision_is_promised_by_the_rows_that_are_there():
    # Where each negative stands for ten, a precision of .9 of all rows is .9 / (.9 + .01) = .98901
    # of those at hand: so many false alarms after 590 hits pass the binomial test, and one more
    # does not.
    options = {"precision": 0.9, "confidence": 0.95}
    here = 0.9 / (0.9 + 0.1 / 10)
    passing = [f for f in range(60) if promises.p_value(590, 590 + f, here) <= 0.05]
    assert 0 < passing[-1] == len(passing) - 1
    for alarms, weight, recall in (
        (passing[-1], 10.0, 1.0),
        (passing[-1] + 1, 10.0, 590 / 600),
        (passing[-1] + 1, 1.0, 1.0),
    ):
        y = np.repeat([1, 0, 1, 0], [590, alarms, 10, 400])
        y_score = np.linspace(0.9, 0.1, len(y))
        found = thresholds.choose("recall_at_precision", y, y_score, weight=weight, **options)
        assert found.promise["promised"]
        assert np.mean(y_score[y == 1] >= found.value) == pytest.approx(recall)


def test_a_budget_is_kept_out_of_fold_and_not_promised():
    kept, _ = scores()
    found = thresholds.choose("alert_budget", *kept, weight=WEIGHT, share=0.05, confidence=0.9)
    plain = thresholds.choose("alert_budget", *kept, weight=WEIGHT, share=0.05)
    assert (found.value, found.met, found.promise["promised"]) == (plain.value, False, False)
    assert "cannot be promised where negatives were left out" in found.message
    assert "promise" not in plain.message


def test_the_contribution_of_a_row_is_what_the_weighted_average_precision_loses_without_it():
    (y, y_score), _ = scores(60, 12)
    value, found = of_ranking(y, y_score, WEIGHT)["average_precision"]

    def weighted(rows):
        weights = np.where(y[rows] == 1, 1, WEIGHT)
        return average_precision_score(y[rows], y_score[rows], sample_weight=weights)

    assert value == pytest.approx(weighted(np.arange(60)))
    for row in range(60):
        size = (y == y[row]).sum()
        lost = value - weighted(np.delete(np.arange(60), row))
        assert found[row] == pytest.approx(lost * (1 - 1 / size)), row


@pytest.mark.parametrize("metric", ["average_precision", "f1", "neg_log_loss", "neg_brier_score"])
def test_a_study_scores_as_on_every_negative_three_times(metric):
    kept, whole = scores()
    assert tuning.scorer(metric, WEIGHT)(*kept) == pytest.approx(tuning.scorer(metric)(*whole))


def test_the_folds_of_a_recommendation_are_scored_with_the_weight():
    (y, y_score), _ = scores()
    columns = {"y_true": y, "y_score": y_score, "fold": np.arange(len(y)) % 2}
    found = fold_values(columns, "average_precision", WEIGHT)
    for fold in (0, 1):
        rows = columns["fold"] == fold
        weights = np.where(y[rows] == 1, 1, WEIGHT)
        wanted = average_precision_score(y[rows], y_score[rows], sample_weight=weights)
        assert found[fold] == pytest.approx(wanted)


def test_the_error_of_a_recommendation_is_that_of_the_weighted_contributions():
    (y, y_score), _ = scores()
    rng = np.random.default_rng(2)
    other = np.clip(y_score + rng.normal(0, 0.05, y.size), 0, 1)
    row = np.arange(y.size)
    shared = {"row": row, "y_true": y, "fold": row % 2, "train_rows": np.full(y.size, y.size // 2)}
    given = [("base", shared | {"y_score": y_score}), ("arm", shared | {"y_score": other})]
    found = recommend(given, "average_precision", weight=WEIGHT)

    gained = np.zeros(y.size)
    for fold in (0, 1):
        rows = np.flatnonzero(shared["fold"] == fold)
        for sign, score in ((1, other), (-1, y_score)):
            each = of_ranking(y[rows], score[rows], WEIGHT)["average_precision"][1]
            gained[rows] += sign * each / 2
    variance = sum(np.sum(y == label) * gained[y == label].var(ddof=1) for label in (0, 1))
    assert found.cross_validated["arm"].error == pytest.approx(np.sqrt(variance))


def test_probabilities_and_thresholds_of_a_model_are_those_of_all_rows():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60_000, 2)).astype(np.float32)
    p = 1 / (1 + np.exp(5 - 1.5 * X[:, 0]))
    y = (rng.random(len(p)) < p).astype(np.int8)
    train, test = np.arange(40_000), np.arange(40_000, 60_000)
    kept = train[(y[train] == 1) | (rng.random(len(train)) < 0.05)]
    weight = float((y[train] == 0).sum() / (y[kept] == 0).sum())
    table = store.Table(
        X=X[kept], y=y[kept], features=["a", "b"], roles={"negative_weight": weight}
    )
    section = params(learner__name="logistic_regression", learner__params={}, run__engine="thread")
    section = section.for_columns(["a", "b"])
    settings = training.Settings.of(section)
    with pool(section.run) as (executor, number):
        running = fits.Fits(table, executor, workers=number)
        trained = training.train(Treatment(treatment="none"), running, settings)
    model, answers = trained.model, trained.model.predict_proba(X[test])[:, 1]
    # The true probabilities are known: the mean of 20,000 answers is theirs to a tenth.
    assert answers.mean() == pytest.approx(p[test].mean(), rel=0.1)
    assert np.corrcoef(answers, p[test])[0, 1] > 0.99
    assert model.share == pytest.approx(y[train].mean())
    out_of_fold = trained.summary["out_of_fold"]
    assert out_of_fold["prevalence"] == pytest.approx(y[train].mean())
    assert out_of_fold["mean_probability"] == pytest.approx(y[train].mean(), rel=0.1)
    whole = average_precision_score(y[test], answers)
    assert out_of_fold["average_precision"] == pytest.approx(whole, abs=0.04)
    budget = model.thresholds["top_share"]["value"]
    assert (answers >= budget).mean() == pytest.approx(0.002, rel=0.5)
    plain = replace(table, roles={})
    assert plain.share > 10 * table.share
