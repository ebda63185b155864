"""Verdicts on treatments: fits with several seeds, and their spread in the error."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from rebalance import comparison, store
from rebalance.errors import InputError
from rebalance.judging import evaluation
from rebalance.learning import training
from tests.strategies import fits, params, table, treatment

TABLE = table(240, 30)
Y = np.repeat([1, 0], [12, 60])


def noisy(count, shift, seed=0, spread=0.6):
    """Return scores of several seeds of one treatment: they share most of what they know."""
    rng = np.random.default_rng(seed)
    shared = np.random.default_rng(99).normal(size=Y.size) + shift * Y
    return [1 / (1 + np.exp(1 - shared - spread * rng.normal(size=Y.size))) for _ in range(count)]


def compared(base, arm, metric="average_precision", **more):
    models = {"baseline": (base[0], 0.5), "arm": (arm[0], 0.5)}
    again = {"baseline": base[1:], "arm": arm[1:]}
    return comparison.compare(
        Y, models, "baseline", metric=metric, n_draws=200, reseeded=again, **more
    )


def left_out(score):
    """Return the average precision without each row, one by one."""
    rows = np.arange(Y.size)
    return np.array([average_precision_score(Y[rows != i], score[rows != i]) for i in rows])


def test_the_error_of_a_treatment_has_the_rows_and_the_seeds_in_it():
    """The variance is the jackknife's of the mean over seeds, and s^2 / m of each treatment."""
    base, arm = noisy(3, 1.0), noisy(5, 1.6, seed=1)
    found = compared(base, arm).verdicts["arm"]
    means, losses, by_seeds = [], [], []
    for scores in (base, arm):
        values = [average_precision_score(Y, score) for score in scores]
        means.append(np.mean(values))
        by_seeds.append(np.var(values, ddof=1) / len(values))
        losses.append(np.mean(values) - np.mean([left_out(score) for score in scores], axis=0))
    apart, by_rows = losses[1] - losses[0], 0.0
    for label in (0, 1):
        n = np.sum(label == Y)
        by_rows += n * np.var((1 - 1 / n) * apart[label == Y], ddof=1)
    parts = np.array([by_rows, *by_seeds])
    df = parts.sum() ** 2 / np.sum(parts**2 / [11, 2, 4])
    half = stats.t.ppf(0.975, df) * np.sqrt(parts.sum())
    assert found.difference == pytest.approx(means[1] - means[0])
    assert (found.low, found.high) == pytest.approx(
        (found.difference - half, found.difference + half)
    )
    t = found.difference / np.sqrt(parts.sum())
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), df))
    assert found.about == "treatment"


def test_a_drawn_metric_has_the_spread_of_draws_and_of_seeds():
    base, arm = noisy(3, 1.0), noisy(3, 1.6, seed=1)
    metric = "recall_at_1pct_fpr"
    alone = comparison.compare(
        Y,
        {"baseline": (base[0], 0.5), "arm": (arm[0], 0.5)},
        "baseline",
        metric=metric,
        n_draws=200,
    )
    same = compared([base[0]], [arm[0]], metric).verdicts["arm"]
    assert same.difference == alone.verdicts["arm"].difference
    assert (same.low, same.high) == pytest.approx(
        (alone.verdicts["arm"].low, alone.verdicts["arm"].high)
    )
    many = compared(base, arm, metric).verdicts["arm"]
    assert many.high > many.difference > many.low


def test_without_chance_a_treatment_is_its_fitted_model():
    base, arm = noisy(1, 1.0), noisy(1, 1.6, seed=1)
    models = {"baseline": (base[0], 0.5), "arm": (arm[0], 0.5)}
    fitted = comparison.compare(Y, models, "baseline", n_draws=200)
    treated = compared(base, arm)
    assert fitted.verdicts["arm"].about == "fitted model"
    for name in ("difference", "low", "high", "p_value", "verdict"):
        assert getattr(treated.verdicts["arm"], name) == pytest.approx(
            getattr(fitted.verdicts["arm"], name)
        )
    assert treated.differences == fitted.differences


def test_scores_that_are_the_baselines_own_are_equal_with_any_seeds():
    base = noisy(3, 1.0)
    found = compared(base, base, margin=0.0).verdicts["arm"]
    assert (found.verdict, found.difference, found.detectable) == ("equal within the margin", 0, 0)


def test_all_but_the_verdicts_is_that_of_the_fitted_models():
    base, arm = noisy(3, 1.0), noisy(3, 1.6, seed=1)
    one, many = compared(base[:1], arm[:1]), compared(base, arm)
    assert one.intervals == many.intervals
    assert one.differences == many.differences
    assert one.verdicts != many.verdicts


def trained(entry, seeds, **more):
    given = params(evaluate__seeds=seeds, threshold__use="half", **more)
    with fits(TABLE, 2) as running:
        return training.train(entry, running, training.Settings.of(given))


@pytest.mark.parametrize(
    ("entry", "seeds", "others"),
    [
        (treatment("random_under", ratio=2), 1, 0),
        (treatment("random_under", ratio=2), 4, 3),
        (treatment("class_weight", weight="balanced"), 4, 0),  # no seed changes it
        (treatment("none"), 3, 0),
    ],
)
def test_a_treatment_with_chance_is_fitted_with_so_many_seeds(entry, seeds, others):
    model = trained(entry, seeds).model
    scores = [each.predict_proba(TABLE.X)[:, 1] for each in [model, *model.reseeded()]]
    assert len(scores) == 1 + others
    assert len({score.tobytes() for score in scores}) == 1 + others


def test_a_learner_with_chance_is_fitted_with_other_seeds_too():
    forest = {"learner__name": "random_forest", "learner__params": {"n_estimators": 5}}
    assert len(trained(treatment("none"), 3, **forest).model.reseeded()) == 2


def test_a_learner_that_knows_its_rows_by_heart_is_asked_about_others():
    trees = {"learner__name": "ExtraTreesClassifier", "learner__params": {"n_estimators": 5}}
    assert len(trained(treatment("none"), 3, **trees).model.reseeded()) == 2


def test_a_model_file_keeps_the_fits_of_other_seeds_and_scores_as_before(tmp_path):
    entry = treatment("random_under", ratio=2)
    model, alone = trained(entry, 3).model, trained(entry, 1).model
    store.write_model(tmp_path / "model.skops", model)
    again = store.read_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(model.predict_proba(TABLE.X), alone.predict_proba(TABLE.X))
    for ours, theirs in zip(model.reseeded(), again.reseeded(), strict=True):
        np.testing.assert_array_equal(ours.predict_proba(TABLE.X), theirs.predict_proba(TABLE.X))


def test_scores_of_other_seeds_are_corrected_as_the_model_is():
    model = trained(treatment("random_under", ratio=2), 3).model
    plain = trained(treatment("class_weight", weight="balanced"), 3).model
    table = SimpleNamespace(y=TABLE.y, blocks=lambda: iter([TABLE.X[:100], TABLE.X[100:]]))
    with ThreadPoolExecutor(2) as executor:
        found = evaluation.reseeded_scores({"under": model, "weight": plain}, 3, table, executor)
        assert evaluation.reseeded_scores({"weight": plain}, 1, None, executor) is None
    assert found["weight"] == []
    for scores, other in zip(found["under"], model.others_, strict=True):
        np.testing.assert_array_equal(scores, model.correct(other.predict_proba(TABLE.X)[:, 1]))


def test_two_seeds_are_refused():
    with pytest.raises(InputError, match=r"evaluate\.seeds must be 1, or 3 and more"):
        params(evaluate__seeds=2)
