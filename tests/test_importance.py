"""What each column is worth to the models of the folds, on rows that they did not see."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.inspection import permutation_importance
from sklearn.metrics import average_precision_score

from rebalance import splitting, store, tuning
from rebalance.learning import fits, importance, training
from rebalance.learning.training import Settings
from rebalance.splitting import Fold
from tests import strategies
from tests.strategies import mixed, params, table, treatment


class Sees(ClassifierMixin, BaseEstimator):
    """A fitted classifier that looks at some of the encoded columns."""

    classes_ = np.array([0, 1])

    def __init__(self, places):
        self.places = places

    def fit(self, X, y):
        """Scikit-learn's function asks for it and does not call it."""
        raise NotImplementedError

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-X[:, self.places].sum(axis=1)))
        return np.column_stack([1 - p, p])


def fold_of(rows, seed=0, number=0):
    return Fold(valid=np.arange(rows), total=rows, folds=3, seed=seed, number=number)


def lost(found, model, **which):
    fold = fold_of(len(found.y), **which)
    return importance.losses(model, found, fold, model.predict_proba(found.X)[:, 1])


def test_a_column_that_the_model_does_not_look_at_loses_nothing():
    found = table(150, 20)
    losses = lost(found, Sees([1]))
    assert (losses[[0, 2, 3]] == 0).all()
    assert losses[1] > 0.1


def test_the_losses_are_those_of_scikit_learn_on_average():
    found = table(150, 20)
    model = Sees([0, 0, 1])
    ours = np.array([lost(found, model, number=number) for number in range(300)])
    theirs = permutation_importance(
        model, found.X, found.y, scoring="average_precision", n_repeats=300, random_state=0
    )
    error = np.hypot(ours.std(axis=0), theirs.importances_std) / np.sqrt(300)
    # Scikit-learn shuffles, we draw: with 150 rows that is the same to a few thousandths.
    assert (abs(ours.mean(axis=0) - theirs.importances_mean) <= 4 * error + 0.005).all()


def test_the_sample_stands_for_all_rows():
    rng = np.random.default_rng(0)
    y = (rng.random(50_000) < 0.05).astype(np.int8)
    raw = rng.random(50_000) * 0.5 + 0.3 * y
    sampled = []
    for seed in range(20):
        rows, weights = importance.sample(y, raw, 1000, np.random.default_rng(seed))
        assert len(set(rows.tolist())) == len(rows) == 2000
        assert weights[y[rows] == 1].sum() == pytest.approx(y.sum())
        assert weights[y[rows] == 0].sum() == pytest.approx((y == 0).sum())
        sampled.append(average_precision_score(y[rows], raw[rows], sample_weight=weights))
    whole = average_precision_score(y, raw)
    assert np.mean(sampled) == pytest.approx(whole, abs=0.01)
    # The negatives of the highest scores are all there, as they are.
    top = np.flatnonzero(y == 0)[np.argsort(-raw[y == 0])[:500]]
    assert set(top.tolist()) <= set(rows.tolist())


def test_negatives_that_stand_for_others_count_for_them(monkeypatch):
    found, seen = replace(table(150, 20), roles={"negative_weight": 3.0}), []

    def noted(y, raw, sample_weight):
        seen.append((sample_weight[y == 1].sum(), sample_weight[y == 0].sum()))
        return average_precision_score(y, raw, sample_weight=sample_weight)

    monkeypatch.setattr("sklearn.metrics.average_precision_score", noted)
    lost(found, Sees([0]))
    assert set(seen) == {(20, 3 * 130)}


def test_few_rows_are_all_taken_once():
    y = np.array([1, 0, 0, 1, 0], dtype=np.int8)
    rows, weights = importance.sample(y, np.arange(5) / 5, 200, np.random.default_rng(0))
    assert sorted(rows.tolist()) == [0, 1, 2, 3, 4]
    assert (weights == 1).all()


def test_a_column_of_several_encoded_ones_is_shuffled_as_one():
    found = mixed()
    places = importance.places(found)
    assert list(places) == found.roles["features"]
    assert sorted(place for own in places.values() for place in own) == list(
        range(found.X.shape[1])
    )
    day = places["day"]
    assert len(day) > 1
    assert [found.features[place].split()[0] for place in day] == ["day"] * len(day)
    losses = dict(zip(places, lost(found, Sees(day[:1])), strict=True))
    assert {name for name, loss in losses.items() if loss} <= {"day"}


def test_numbers_are_drawn_by_the_seed_of_the_fold_and_its_number():
    found = table(150, 20)
    first = lost(found, Sees([0, 1]))
    np.testing.assert_array_equal(first, lost(found, Sees([0, 1])))
    assert (first != lost(found, Sees([0, 1]), number=1)).any()
    assert (first != lost(found, Sees([0, 1]), seed=1)).any()


def test_batches_change_nothing(monkeypatch):
    found = table(150, 20)
    whole = lost(found, Sees([0, 1, 2]))
    monkeypatch.setattr(importance, "BATCH", 1)
    np.testing.assert_array_equal(whole, lost(found, Sees([0, 1, 2])))


def test_a_table_of_very_many_columns_has_none(monkeypatch):
    found = table(150, 20)
    monkeypatch.setattr(importance, "MOST_COLUMNS", 3)
    assert lost(found, Sees([0])).size == 0
    assert training.worth(found, [np.array([])] * 3, 3) == {}


def test_the_summary_has_means_and_errors_the_largest_first():
    found = table(150, 20)
    of_folds = [np.array([0.0, 0.3, 0.1, -0.01]), np.array([0.0, 0.5, 0.1, 0.03])]
    rows = training.worth(found, of_folds, 2)
    assert list(rows) == ["b", "c", "d", "a"]
    # The mean of .3 and .5 is .4; half their distance is its error.
    assert rows["b"] == {"loss": pytest.approx(0.4), "standard_error": pytest.approx(0.1)}
    assert rows["a"] == {"loss": 0.0, "standard_error": 0.0}


# In training.


def train(given, cache=None, entry=None):
    found = table(240, 30)
    with strategies.fits(found, cache=cache) as running:
        entry = entry or treatment("random_under", ratio=3)
        return training.train(entry, running, Settings.of(given))


def test_training_asks_the_models_of_the_folds():
    given = params()
    found = table(240, 30)
    summary = train(given).importance
    assert set(summary) == set(found.features)
    by_fold = []
    for fold in splitting.folds(found, given.out_of_fold):
        entry = treatment("random_under", ratio=3)
        scores = fits.fold_scores(entry, given.learner, found, fold, weighed=True)
        by_fold.append(scores.losses)
    for name, own in zip(found.features, np.transpose(by_fold), strict=True):
        assert summary[name]["loss"] == pytest.approx(np.mean(own))
        assert summary[name]["standard_error"] == pytest.approx(np.std(own, ddof=1) / 3**0.5)


def test_the_cache_answers_with_the_losses_and_asks_again_where_it_has_none(tmp_path):
    given, cache = params(), store.ScoreCache(tmp_path)
    with strategies.fits(table(240, 30), cache=cache) as running:
        for fold in splitting.folds(running.table, given.out_of_fold):
            entry = treatment("random_under", ratio=3)
            scores = running.of_fold(entry, given.learner, fold).result()
            assert scores.losses is None
    first, again = train(given, cache), train(given, cache)
    np.testing.assert_array_equal(first.scores.raw, train(given).scores.raw)
    assert first.importance == again.importance == train(given).importance


def test_a_study_has_no_losses_whatever_the_cache_holds(tmp_path):
    given, cache = params(tune__seed=42, out_of_fold__seed=42), store.ScoreCache(tmp_path)
    train(given, cache, treatment("none"))
    with strategies.fits(table(240, 30), cache=cache) as running:
        study = tuning.search(running, given.tune, Settings.of(given))
        assert (
            "importance" not in tuning.train(study, running, given.tune, Settings.of(given)).summary
        )
