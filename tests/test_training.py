"""Out-of-fold scores come from models that did not see the row."""

import re
from dataclasses import asdict

import numpy as np
import pytest

from rebalance import splitting, thresholds
from rebalance.errors import InputError
from rebalance.learning import learners, training, treatments
from tests.strategies import ENSEMBLES, fits, learner, params, table, treatment

TABLE = table(240, 30)
PARAMS = params(threshold__use="half")


def train(entry, found=TABLE, given=PARAMS, workers=1, **more):
    settings = training.Settings.of(given)
    training.check(entry, found, settings, "resample.it")
    with fits(found, workers, **more) as running:
        return training.train(entry, running, settings)


@pytest.mark.parametrize("name", ["none", "random_under", "class_weight", "smote"])
def test_every_row_is_scored_once_a_repeat_by_a_model_that_did_not_see_it(name):
    keys = {"random_under": {"ratio": 3}, "class_weight": {"weight": "balanced"}}.get(name, {})
    entry = treatment(name, **keys)
    given = params(out_of_fold__repeats=2)
    scores = train(entry, given=given).scores
    for repeat in range(2):
        rows = scores.row[scores.fold // 3 == repeat]
        assert sorted(rows.tolist()) == list(range(240))
    np.testing.assert_array_equal(scores.y_true, TABLE.y[scores.row])

    made = learners.make(given.learner)
    for number, fold in enumerate(splitting.folds(TABLE, given.out_of_fold)):
        seen, unseen = fold.train, fold.valid
        assert not set(seen) & set(unseen)
        fitted = treatments.fit(entry, made, TABLE.X[seen], TABLE.y[seen])
        these = scores.fold == number
        np.testing.assert_array_equal(scores.row[these], unseen)
        np.testing.assert_array_equal(
            scores.raw[these], fitted.estimator.predict_proba(TABLE.X[unseen])[:, 1]
        )
        np.testing.assert_array_equal(scores.shift[these], fitted.shift)


def test_a_row_that_only_it_knows_is_not_told_by_its_out_of_fold_score():
    """A learner that remembers its rows scores none of them right out of fold."""
    rng = np.random.default_rng(0)
    noise = table(200, 60)
    noise.X[:] = rng.normal(size=noise.X.shape)
    given = params(
        **{"learner__name": "KNeighborsClassifier", "learner__params": {"n_neighbors": 1}}
    )
    scores = train(treatment("random_over", ratio=1), noise, given).scores
    assert scores.raw[scores.y_true == 1].mean() < 0.6


@pytest.mark.parametrize("name", ["random_under", *ENSEMBLES])
def test_the_answer_is_the_same_on_any_number_of_workers(name):
    quick = {"n_estimators": 2} if name in ENSEMBLES else {}
    entry = treatment(name, ratio=3, seed=1, params=quick)
    first, second = (train(entry, workers=workers) for workers in (1, 4))
    np.testing.assert_array_equal(first.scores.y_score, second.scores.y_score)
    np.testing.assert_array_equal(
        first.model.predict_proba(TABLE.X), second.model.predict_proba(TABLE.X)
    )
    assert first.summary == second.summary


def test_the_final_model_has_seen_every_row_and_corrects_as_out_of_fold():
    trained = train(treatment("random_under", ratio=2), given=params(calibrate__curve="none"))
    seen = trained.summary["model"]
    assert (seen["negatives_seen"], seen["positives_seen"]) == (60, 30)
    # The shift of the final fit is that of each fold here.
    np.testing.assert_allclose(
        trained.model.correct(trained.scores.raw), trained.scores.y_score, rtol=1e-9
    )
    assert trained.scores.shift == pytest.approx(np.log(2) - np.log(210 / 30))
    assert (trained.scores.train_rows == 160).all()


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, "threshold.rules.amounts.column must be a column, got 'Amount'; the columns are a, b"),
        ({"Amount": np.full(240, "5")}, "must hold an amount of 0 or more in every row, and 'Am"),
        ({"Amount": np.full(240, -1.0)}, "must hold an amount of 0 or more in every row"),
        ({"Amount": np.full(240, np.nan)}, "must hold an amount of 0 or more in every row"),
    ],
)
def test_amounts_that_a_rule_cannot_use_are_one_line_before_any_fit(others, said):
    rule = {"rule": "amount_cost", "column": "Amount", "c_admin": 5.0}
    given = params(threshold__rules__amounts=rule)
    with pytest.raises(InputError, match=re.escape(said)):
        training.check(
            treatment("none"),
            table(240, 30, others=others),
            training.Settings.of(given),
            "baseline",
        )


def test_rules_choose_on_out_of_fold_scores_each_row_once():
    given = params(out_of_fold__repeats=2, threshold__use="max_f1")
    trained = train(treatment("none"), given=given)
    first = trained.scores.fold < 3
    y, y_score = trained.scores.y_true[first], trained.scores.y_score[first]

    for name, rule in given.threshold.rules.items():
        chosen = thresholds.choose(rule.rule, y, y_score, **rule.options)
        assert trained.model.thresholds[name] == asdict(chosen)
    assert trained.model.threshold == trained.model.thresholds["max_f1"]["value"]
    assert set(trained.model.thresholds) == set(given.threshold.rules)


def test_rules_promise_nothing_of_training_rows_that_belong_to_groups():
    """Whichever way the split kept groups together, its roles call the method ``group``."""
    given = params(threshold__rules={"recall": {"rule": "precision_at_recall", "recall": 0.5}},
                   threshold__use="recall")  # fmt: skip
    customers = {"customer": np.arange(240) // 4}
    for roles, promised in (({}, True), ({"method": "group", "column": "customer"}, False)):
        rows = table(240, 30, others=customers, **roles)
        chosen = train(treatment("none"), rows, given).model.thresholds["recall"]
        assert (chosen["promise"]["promised"], chosen["met"]) == (promised, promised)
        assert ("belong to groups" in chosen["message"]) == (not promised)


def test_the_summary_is_of_the_folds():
    from sklearn.metrics import average_precision_score, brier_score_loss

    trained = train(treatment("none"))
    scores = trained.scores
    values = [
        average_precision_score(scores.y_true[scores.fold == i], scores.y_score[scores.fold == i])
        for i in range(3)
    ]
    found = trained.summary["out_of_fold"]
    assert found["average_precision"] == pytest.approx(np.mean(values))
    assert found["average_precision_se"] == pytest.approx(np.std(values, ddof=1) / 3**0.5)
    assert found["brier"] == pytest.approx(brier_score_loss(scores.y_true, scores.y_score))
    assert found["prevalence"] == pytest.approx(1 / 8)


def test_time_ordered_folds_leave_the_first_stretch_unscored():
    when = np.random.default_rng(0).permutation(240)
    found = table(240, 30, others={"when": when}, method="time", column="when", gap=2)
    scores = train(treatment("none"), found).scores
    assert len(set(scores.row)) == len(scores.row) < 240
    assert when[scores.row].min() > 2


def test_sample_weights_are_a_column_by_name():
    weighted = table(240, 30, others={"w": np.linspace(1, 2, 240)})
    trained = train(treatment("sample_weight", column="w"), weighted)
    own = learners.make(PARAMS.learner).fit(weighted.X, weighted.y, np.linspace(1, 2, 240))
    np.testing.assert_array_equal(
        trained.model.raw_scores(weighted.X), own.predict_proba(weighted.X)[:, 1]
    )
    with pytest.raises(InputError, match="column 'v' is not in the table; it has a, b, c, d, w"):
        train(treatment("sample_weight", column="v"), weighted)
    texts = table(240, 30, others={"w": np.array(["heavy"] * 240, dtype=object)})
    with pytest.raises(InputError, match="'w' must hold weights"):
        train(treatment("sample_weight", column="w"), texts)


@pytest.mark.parametrize(
    ("entry", "given", "said"),
    [
        (treatment("Undre"), {}, "resample.it: treatment must be one of none, "),
        (
            treatment("random_under", ratio=7.5),
            {},
            "natural ratio of the training rows, 7 negatives",
        ),
        (treatment("smote", params={"k_neighbors": 21}), {}, "got 21 with 20 positives"),
        (
            treatment("none"),
            {"out_of_fold__folds": 31},
            "out_of_fold.folds must be at most the positives of the",
        ),
        (
            treatment("none"),
            {"learner__name": "Nope"},
            "learner.name must be one of hist_gradient_",
        ),
        (
            treatment("none"),
            {"learner__params": {"z": 1}},
            "learner.params has the unknown argument",
        ),
        (treatment("none"), {"calibrate__curve": "isotonic"}, "'isotonic' needs 1000 positives"),
    ],
)
def test_what_does_not_fit_the_rows_is_one_line(entry, given, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        train(entry, given=params(**given))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "logistic_regression"])
def test_every_learner_trains_under_every_kind_of_treatment(name):
    given = params(learner=learner(name).model_dump())
    for entry in (treatment("random_over", ratio=2), treatment("class_weight", weight=2)):
        assert np.isfinite(train(entry, given=given).scores.y_score).all()
