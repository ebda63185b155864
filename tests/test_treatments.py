"""What a treatment makes of a training fold, and nothing else."""

import re
import warnings
from math import log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from imblearn import combine, ensemble, over_sampling, under_sampling

from rebalance.errors import InputError
from rebalance.learning import learners, treatments
from rebalance.model.corrected import expit, log_odds
from rebalance.model.rows import Rows
from tests.strategies import ENSEMBLES, labels, learner, seeds, table, treatment

TABLE = table(300, 30)
X, Y = TABLE.X, TABLE.y
NATURAL = treatments.natural_ratio(Y)
QUICK = learners.make(learner())
SAMPLED = ("random_under", "random_over", "smote")
SAMPLERS = [
    *(name for module in (under_sampling, over_sampling, combine) for name in module.__all__)
]
# What they are asked for is a rate of neighbours' labels, or needs more than params can say.
APART = {"SMOTENC", "InstanceHardnessThreshold"}

CLASSES = {
    "balanced_random_forest": "BalancedRandomForestClassifier",
    "balanced_bagging": "BalancedBaggingClassifier",
    "easy_ensemble": "EasyEnsembleClassifier",
    "rus_boost": "RUSBoostClassifier",
}


def few(name):
    """Return arguments that keep an ensemble small."""
    return {"n_estimators": 2} if name in ENSEMBLES else {}


def prepared(name, y=Y, **keys):
    entry = treatment(name, **keys)
    treatments.check(entry, y)
    return treatments.prepare(entry, X[: len(y)], y)


def row_numbers(seen):
    """Return which rows of the table a fold's learner sees."""
    known = {row.tobytes(): i for i, row in enumerate(X)}
    return np.array([known[row.tobytes()] for row in seen.rows.array()])


@given(labels, st.floats(0.5, 40), seeds)
def test_random_under_sampling_keeps_all_positives_and_the_ratio_of_negatives(y, ratio, seed):
    natural = treatments.natural_ratio(y)
    assume(ratio <= natural)
    entry = treatment("random_under", ratio=ratio, seed=seed)
    treatments.check(entry, y)
    seen = treatments.prepare(entry, X[: len(y)], y)
    negatives, positives = treatments.counts(y)
    assert treatments.counts(seen.y) == (
        negatives if ratio >= natural else min(negatives, round(ratio * positives)),
        positives,
    )
    rows = row_numbers(seen)
    assert len(set(rows)) == len(rows)
    np.testing.assert_array_equal(y[rows], seen.y)
    np.testing.assert_array_equal(seen.rows.array(), X[rows])


@given(labels, st.floats(0.5, 8), seeds)
def test_random_over_sampling_keeps_every_row_and_repeats_positives(y, ratio, seed):
    assume(ratio <= treatments.natural_ratio(y))
    seen = treatments.prepare(treatment("random_over", ratio=ratio, seed=seed), X[: len(y)], y)
    negatives, positives = treatments.counts(y)
    assert treatments.counts(seen.y) == (negatives, max(positives, int(negatives / ratio)))
    rows = row_numbers(seen)
    assert set(rows) == set(range(len(y)))
    np.testing.assert_array_equal(y[rows], seen.y)


@pytest.mark.parametrize("name", [*SAMPLED, "NearMiss", "ADASYN", *ENSEMBLES])
def test_the_natural_ratio_is_no_resampling_whatever_the_folds_count(name):
    # A fold whose own ratio is below that of the table: the table's ratio cannot be reached there.
    y = Y.copy()
    y[np.flatnonzero(y == 0)[:3]] = 1
    assert treatments.natural_ratio(y) < NATURAL
    entry = treatment(name, ratio=NATURAL, params=few(name))
    treatments.check(entry, Y)
    if name in ENSEMBLES:
        fitted = treatments.fit(entry, QUICK, X, y)
        assert fitted.estimator.predict_proba(X)[:, 1].mean() < 0.4
        return
    seen = treatments.prepare(entry, X, y)
    np.testing.assert_array_equal(seen.rows.array(), X)
    np.testing.assert_array_equal(seen.y, y)
    assert seen.shift == 0.0


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - APART))
def test_any_sampler_goes_by_its_class_name(name):
    cleans = name in {
        cls for cls in under_sampling.__all__
        if getattr(under_sampling, cls)._sampling_type == "clean-sampling"
    }  # fmt: skip
    if cleans:
        seen = prepared(name)
        assert treatments.counts(seen.y)[0] < treatments.counts(Y)[0]
        with pytest.raises(
            InputError, match=f"{name!r} removes the rows that it finds and takes no"
        ):
            prepared(name, ratio=2)
        return
    seen = prepared(name, ratio=2)
    assert treatments.natural_ratio(seen.y) == pytest.approx(2, rel=0.15)
    again = prepared(name, ratio=2)
    np.testing.assert_array_equal(seen.rows.array(), again.rows.array())


def test_samplers_draw_with_their_seed():
    for name in SAMPLED:
        first, second = (prepared(name, ratio=3, seed=seed) for seed in (0, 1))
        assert not np.array_equal(first.rows.array(), second.rows.array())


@pytest.mark.parametrize("ratio", [NATURAL, 2, 0.5, None])
def test_smote_makes_the_rows_that_it_makes_of_the_whole_table(ratio):
    seen = prepared("smote", ratio=ratio, seed=3, params={"k_neighbors": 4})

    negatives, positives = treatments.counts(Y)
    wanted = max(positives, int(negatives / (ratio or 1)))
    own = over_sampling.SMOTE(sampling_strategy={1: wanted}, random_state=3, k_neighbors=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more positives than negatives
        expected = own.fit_resample(X, Y)
    np.testing.assert_array_equal(seen.rows.array(), expected[0])
    np.testing.assert_array_equal(seen.y, expected[1])


def test_arguments_reach_the_sampler():
    near = prepared("NearMiss", ratio=2, params={"version": 2})
    other = prepared("NearMiss", ratio=2)
    assert not np.array_equal(near.rows.array(), other.rows.array())
    drawn = row_numbers(prepared("random_under", ratio=5, params={"replacement": True}))
    assert len(set(drawn)) < len(drawn)
    smooth = prepared("random_over", ratio=1, params={"shrinkage": 1.0})
    assert len(np.unique(smooth.rows.array(), axis=0)) == len(smooth.y)
    assert smooth.shift == prepared("random_over", ratio=1).shift


@given(labels, st.floats(0.3, 8))
def test_the_shift_undoes_the_change_of_the_prior(y, ratio):
    """Against Bayes' rule, with the prior before and after (Saerens et al., 2002; Elkan, 2001)."""
    natural = treatments.natural_ratio(y)
    assume(ratio <= natural)
    after = np.linspace(0.01, 0.99, 9)
    for name in ("random_under", "random_over"):
        seen = treatments.prepare(treatment(name, ratio=ratio), X[: len(y)], y)
        prior, sampled = y.mean(), seen.y.mean()
        positive, negative = after * prior / sampled, (1 - after) * (1 - prior) / (1 - sampled)
        expected = positive / (positive + negative)
        np.testing.assert_allclose(expit(log_odds(after) + seen.shift), expected, rtol=1e-9)
    for weight in ("balanced", ratio):
        seen = treatments.prepare(treatment("class_weight", weight=weight), X[: len(y)], y)
        w = natural if weight == "balanced" else ratio
        expected = after / (after + (1 - after) * w)
        np.testing.assert_allclose(expit(log_odds(after) + seen.shift), expected, rtol=1e-9)
        assert seen.shift == pytest.approx(-log(w))


def test_a_sampler_with_nothing_to_add_leaves_the_rows_as_they_are():
    entry = treatment("ADASYN", ratio=8.7)
    # One more, of which every positive has too small a share.
    assert treatments.more_positives(entry.ratio, *treatments.counts(Y)) == {1: Y.sum() + 1}
    seen = treatments.prepare(entry, X, Y)
    np.testing.assert_array_equal(seen.rows.array(), X)
    np.testing.assert_array_equal(seen.y, Y)


@pytest.mark.parametrize("name", ["smote", "ADASYN", "NearMiss", "SMOTEENN", "TomekLinks"])
def test_synthetic_and_choosing_samplers_claim_no_formula(name):
    assert prepared(name).shift == 0.0


@pytest.mark.parametrize(
    "name", ["hist_gradient_boosting", "logistic_regression", "random_forest", "lightgbm"]
)
def test_class_weight_equals_scikit_learns_balanced(name):
    ours = treatments.fit(
        treatment("class_weight", weight="balanced"), learners.make(learner(name)), X, Y
    )
    theirs = learners.make(learner(name, class_weight="balanced")).fit(X, Y)
    np.testing.assert_allclose(
        ours.estimator.predict_proba(X), theirs.predict_proba(X), rtol=1e-7, atol=1e-12
    )


def test_a_number_as_class_weight_counts_each_positive_so_often():
    ours = treatments.fit(treatment("class_weight", weight=3), QUICK, X, Y)
    theirs = learners.make(learner(class_weight={0: 1, 1: 3})).fit(X, Y)
    np.testing.assert_array_equal(ours.estimator.predict_proba(X), theirs.predict_proba(X))


def test_sample_weights_are_the_columns():
    weights = np.linspace(0, 2, len(Y))
    entry = treatment("sample_weight", column="w")
    treatments.check(entry, Y)
    ours = treatments.fit(entry, QUICK, X, Y, weights)
    theirs = learners.make(learner()).fit(X, Y, weights)
    np.testing.assert_array_equal(ours.estimator.predict_proba(X), theirs.predict_proba(X))
    seen = [weights[label == Y].sum() for label in (0, 1)]
    assert ours.shift == pytest.approx(np.log(seen[0] / seen[1]) - np.log(270 / 30))
    for wrong in (-weights, weights * np.nan, weights * (Y == 0), weights * (Y == 1)):
        with pytest.raises(InputError, match="'w' must hold weights of 0 or more"):
            treatments.fit(entry, QUICK, X, Y, wrong)


@pytest.mark.parametrize("name", ENSEMBLES)
@pytest.mark.parametrize("ratio", [None, 1, 5])
def test_an_ensemble_answers_as_imbalanced_learns_own(name, ratio):
    entry = treatment(name, ratio=ratio, seed=3, params={"n_estimators": 2})
    treatments.check(entry, Y)
    fitted = treatments.fit(entry, QUICK, X, Y)
    given = {} if ratio is None else {"sampling_strategy": 1 / ratio}
    if name == "balanced_bagging":
        given["estimator"] = QUICK
    cls = getattr(ensemble, CLASSES[name])
    own = cls(n_estimators=2, random_state=3, **given).fit(X, Y)
    np.testing.assert_array_equal(fitted.estimator.predict_proba(X), own.predict_proba(X))
    assert (fitted.shift, fitted.negatives, fitted.positives) == (0.0, 270, 30)


@pytest.mark.parametrize("name", ENSEMBLES)
def test_an_ensemble_takes_a_ratio_that_some_bootstrap_sample_does_not_reach(name):
    entry = treatment(name, ratio=NATURAL - 0.1, params={"n_estimators": 5})
    found = treatments.fit(entry, QUICK, X, Y).estimator.predict_proba(X)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", [*SAMPLED, "SMOTEENN", *ENSEMBLES])
def test_nothing_resamples_after_the_fit(name, monkeypatch):
    from imblearn.base import SamplerMixin

    entry = treatment(name, ratio=4, params=few(name))
    fitted = treatments.fit(entry, QUICK, X, Y)

    def refuse(*_, **__):
        raise AssertionError("resampled at prediction")

    monkeypatch.setattr(SamplerMixin, "fit_resample", refuse)
    fitted.estimator.predict_proba(X)
    assert "imblearn.under_sampling" not in str(vars(fitted.estimator))


def test_what_the_learner_saw_is_counted():
    fitted = treatments.fit(treatment("random_under", ratio=4), QUICK, X, Y)
    assert (fitted.negatives, fitted.positives) == (120, 30)
    fitted = treatments.fit(treatment("none"), QUICK, X, Y)
    assert (fitted.negatives, fitted.positives, fitted.shift) == (270, 30, 0.0)


def test_the_rows_given_are_left_as_they_were():
    before = X.copy(), Y.copy()
    for name in (*SAMPLED, *ENSEMBLES):
        treatments.fit(treatment(name, ratio=3, params=few(name)), QUICK, X, Y)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(Y, before[1])


REFUSED = [
    (
        "Undre",
        {},
        "treatment must be one of none, random_under, random_over, smote, class_weight, ",
    ),
    (
        "random_under",
        {"ratio": 9.5},
        "at most the natural ratio of the training rows, 9 negatives ",
    ),
    (
        "balanced_bagging",
        {"ratio": 10},
        "at most the natural ratio of the training rows, 9 negatives",
    ),
    (
        "smote",
        {"params": {"neighbours": 3}},
        "the unknown argument 'neighbours'; SMOTE knows random_",
    ),
    ("smote", {"params": {"sampling_strategy": 1}}, "the unknown argument 'sampling_strategy'"),
    (
        "rus_boost",
        {"params": {"estimators": 3}},
        "the unknown argument 'estimators'; RUSBoostClassi",
    ),
    (
        "TomekLinks",
        {"ratio": 2},
        "'TomekLinks' removes the rows that it finds and takes no ratio.",
    ),
    ("class_weight", {}, "treatment 'class_weight' needs a weight: 'balanced' or a number."),
    (
        "class_weight",
        {"weight": 2, "ratio": 3},
        "'class_weight' takes no ratio, got 3.0; it takes w",
    ),
    ("sample_weight", {}, "treatment 'sample_weight' needs the column that holds the weights."),
    ("none", {"ratio": 3}, "treatment 'none' takes no ratio, got 3.0; it takes nothing."),
    (
        "smote",
        {"weight": 3},
        "treatment 'smote' takes no weight, got 3.0; it takes params and ratio.",
    ),
    (
        "random_over",
        {"column": "w"},
        "treatment 'random_over' takes no column, got 'w'; it takes par",
    ),
]


@pytest.mark.parametrize(("name", "keys", "said"), REFUSED)
def test_a_treatment_that_cannot_be_is_refused_before_any_fit(name, keys, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        treatments.check(treatment(name, **keys), Y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("smote", {"k_neighbors": 30}, "k_neighbors must be below the positives of every training"),
        ("smote", {"k_neighbors": 0}, "'smote' cannot be done: The 'k_neighbors' parameter"),
        ("random_under", {"replacement": "now"}, "cannot be done: The 'replacement' parameter"),
        ("SMOTENC", {}, "'SMOTENC' cannot be done: SMOTE-NC is not designed to work only with"),
        ("easy_ensemble", {"n_estimators": -1}, "cannot be done: The 'n_estimators' parameter"),
    ],
)
def test_a_sampler_that_cannot_work_on_these_rows_says_so_in_one_line(name, params, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        treatments.fit(treatment(name, params=params), QUICK, X, Y)
    assert "\n" not in str(caught.value)


def test_smote_takes_one_neighbour_less_than_positives():
    seen = prepared("smote", ratio=1, params={"k_neighbors": 29})
    assert treatments.counts(seen.y) == (270, 270)


def test_missing_values_that_a_sampler_cannot_take_are_one_line():
    holes = X.copy()
    holes[np.flatnonzero(Y)[3], 1] = np.nan
    with pytest.raises(InputError, match="'smote' cannot be done: Input X contains NaN"):
        treatments.fit(treatment("smote"), QUICK, holes, Y)
    for name in ("random_under", "random_over"):
        treatments.fit(treatment(name, ratio=2), QUICK, holes, Y)


def test_a_fault_of_ours_in_smote_keeps_its_traceback(monkeypatch):
    def broken(*_):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(Rows, "at", broken)
    with pytest.raises(ValueError, match="a fault of ours") as caught:
        treatments.fit(treatment("smote"), QUICK, X, Y)
    assert not isinstance(caught.value, InputError)


@pytest.mark.parametrize("name", treatments.TREATMENTS)
def test_every_treatment_names_a_file_of_its_own_or_a_class_of_imbalanced_learn(name):
    method = treatments.method(name)
    assert isinstance(method, treatments.Method)
    assert method.takes <= {"ratio", "weight", "column", "params"}


def test_a_class_name_means_the_row_of_the_table_that_has_the_class():
    assert treatments.method("SMOTE") is treatments.method("smote")
    assert treatments.method("RandomUnderSampler") is treatments.method("random_under")


@pytest.mark.parametrize("name", sorted(set(treatments.TREATMENTS) - {"none", "sample_weight"}))
def test_a_treatment_at_a_ratio_is_an_entry_that_can_be_done(name):
    entry = treatments.method(name).at_ratio(name, 3, NATURAL, 7)
    assert (entry.treatment, entry.seed) == (name, 7)
    treatments.check(entry, Y)
    assert (entry.ratio, entry.weight) == (
        (None, NATURAL / 3) if name == "class_weight" else (3, None)
    )


def test_a_column_of_weights_has_no_ratio_to_search():
    with pytest.raises(InputError, match="'sample_weight' has no ratio to search"):
        treatments.method("sample_weight").at_ratio("sample_weight", 3, NATURAL, 0)
