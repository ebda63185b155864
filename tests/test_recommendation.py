"""The recommendation rests on out-of-fold scores, and its rule holds at its edge."""

import weakref

import numpy as np
import pytest

from rebalance import comparison, metrics
from rebalance.judging import recommendation

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


@pytest.mark.parametrize(("share_of_gain", "chosen"), [(0.999, ARM), (1.0, BASE), (1.001, BASE)])
@pytest.mark.parametrize("metric", ["average_precision", "brier"])
def test_a_gain_must_exceed_one_standard_error(monkeypatch, metric, share_of_gain, chosen):
    gain = abs(recommend({ARM: out_of_fold(2.5, 1)}, metric).cross_validated[ARM].difference.value)
    monkeypatch.setattr(recommendation, "_error", lambda *_: share_of_gain * gain)
    assert recommend({ARM: out_of_fold(2.5, 1)}, metric).model == chosen
    # A loss of the same size is none.
    worse = recommendation.recommend([(BASE, out_of_fold(2.5, 1)), (ARM, out_of_fold(2.0))], metric)
    assert worse.model == BASE


def plain_average_precision(y_true, y_score):
    hits = y_true[np.argsort(-y_score)]
    return np.mean((np.cumsum(hits) / np.arange(1, hits.size + 1))[hits == 1])


def plain_roc_auc(y_true, y_score):
    negatives = np.sort(y_score[y_true == 0])
    return np.mean(np.searchsorted(negatives, y_score[y_true == 1]) / negatives.size)


@pytest.mark.parametrize("shift", [2.02, 3.0])
@pytest.mark.parametrize(
    ("metric", "slow"),
    [("average_precision", plain_average_precision), ("roc_auc", plain_roc_auc)],
)
def test_the_standard_error_of_a_gain_is_that_of_leaving_out_every_row(metric, slow, shift):
    arm, base = out_of_fold(shift, 1), out_of_fold(2.0)

    def gains(left_out=None):
        kept = np.arange(N_ROWS) != left_out
        folds = [(base["fold"] == i) & kept for i in range(FOLDS)]
        scores = [
            [slow(rows["y_true"][fold], rows["y_score"][fold]) for fold in folds]
            for rows in (arm, base)
        ]
        return np.subtract(*scores)

    whole, losses = gains().mean(), {0: [], 1: []}
    for row in range(N_ROWS):
        label = base["y_true"][row]
        n = np.sum(base["y_true"][base["fold"] == base["fold"][row]] == label)
        losses[label].append((whole - gains(row).mean()) * (n - 1) / n)
    variance = sum(
        len(part) * np.var(part) * len(part) / (len(part) - 1) for part in losses.values()
    )

    error = recommendation._error(arm, base, metric, gains(), False)

    assert error == pytest.approx(np.sqrt(variance))


def test_p_values_of_several_arms_are_corrected_by_holm():
    arms = {f"arm {i}": out_of_fold(2.0 + 0.3 * i, i) for i in (1, 2, 3)}
    arms["twin"] = out_of_fold(2.0)
    found = recommend(arms).cross_validated
    raw = sorted((found[name].difference.p_value, name) for name in list(arms)[:3])
    adjusted, highest = {}, 0.0
    # The twin of the baseline raises no question and is not counted.
    for count, (p, name) in zip((3, 2, 1), raw, strict=True):
        highest = adjusted[name] = max(highest, min(1.0, count * p))
    assert {name: found[name].p_adjusted for name in adjusted} == pytest.approx(adjusted)
    assert found["twin"].p_adjusted == 1.0
    assert adjusted[raw[0][1]] == pytest.approx(3 * raw[0][0])


def test_differences_are_arm_minus_baseline():
    found = recommend({ARM: out_of_fold(4.0, 1)}).cross_validated
    assert found[ARM].difference.value == pytest.approx(found[ARM].mean - found[BASE].mean)
    assert found[ARM].difference.value > 0


def test_the_numbers_of_the_choice_are_those_that_made_it():
    arms = {"good": out_of_fold(3.0, 1), "best": out_of_fold(5.0, 2), "twin": out_of_fold(2.0)}
    found = recommend(arms)
    chosen = found.cross_validated["best"]
    assert (found.model, found.candidate, found.arms) == ("best", "best", 2)
    assert found.gain == pytest.approx(chosen.difference.value)
    assert found.error == chosen.error
    assert found.chance < 1e-6
    assert found.to_dict() == {
        "model": "best", "candidate": "best", "gain": found.gain, "error": found.error,
        "chance": found.chance, "arms": 2,
    }  # fmt: skip
    assert found.cross_validated[BASE].error is None


def test_a_gain_of_less_is_better_is_positive():
    found = recommend({ARM: out_of_fold(4.0, 1)}, "brier")
    assert found.gain == pytest.approx(-found.cross_validated[ARM].difference.value)
    assert found.gain > 0


def test_the_baseline_is_recommended_with_the_largest_gain_that_was_not_enough(monkeypatch):
    monkeypatch.setattr(recommendation, "_error", lambda *_: 1.0)
    found = recommend({"less": out_of_fold(2.2, 1), "more": out_of_fold(2.8, 2)})
    assert (found.model, found.candidate) == (BASE, "more")
    assert found.gain == pytest.approx(found.cross_validated["more"].difference.value)
    assert found.error == 1.0
    alone = recommend({})
    assert (alone.model, alone.candidate, alone.chance) == (BASE, None, 1.0)


def test_an_arm_that_is_the_baseline_again_is_no_candidate():
    """Its gain of 0 would stand above every loss, and hide which arm comes nearest."""
    found = recommend({"again": out_of_fold(2.0), "worse": out_of_fold(0.2, 1)})
    assert (found.model, found.candidate, found.arms) == (BASE, "worse", 1)
    assert found.gain < 0 < found.error


@pytest.mark.parametrize("arms", [1, 5])
def test_the_chance_is_that_of_the_best_of_equal_arms(arms):
    luck = np.random.default_rng(0).normal(size=(200_000, arms)).max(axis=1)
    found = recommendation._chance(0.03, 0.02, arms)
    assert found == pytest.approx(np.mean(luck >= 1.5), abs=0.003)


def test_an_arm_that_is_clearly_ahead_is_preferred_to_one_whose_gain_is_unsure(monkeypatch):
    errors = iter([0.0, 1.0])
    monkeypatch.setattr(recommendation, "_error", lambda *_: next(errors))
    found = recommend({"sure": out_of_fold(3.0, 1), "unsure": out_of_fold(5.0, 2)})
    assert (found.model, found.candidate) == ("sure", "sure")


def test_where_rows_belong_together_the_folds_give_the_error():
    d = np.subtract(
        *(
            recommendation.fold_values(rows, "roc_auc")
            for rows in (out_of_fold(2.5, 1), out_of_fold(2.0))
        )
    )
    errors = [
        recommend({ARM: out_of_fold(2.5, 1)}, "roc_auc", grouped=grouped).cross_validated[ARM].error
        for grouped in (True, False)
    ]
    assert errors[0] == pytest.approx(np.std(d, ddof=1) / np.sqrt(FOLDS))
    assert errors[1] != pytest.approx(errors[0], rel=0.01)


def test_repeats_do_not_make_the_error_of_a_gain_smaller():
    """Four times the same folds: 12 differences that are worth 3."""
    arms = {BASE: out_of_fold(2.0), ARM: out_of_fold(2.6, 1)}
    d = np.subtract(*(recommendation.fold_values(arms[name], "brier") for name in (ARM, BASE)))
    number = np.repeat(np.arange(4), N_ROWS)
    repeated = {
        name: {
            key: np.tile(column, 4) + (FOLDS * number if key == "fold" else 0)
            for key, column in rows.items()
        }
        for name, rows in arms.items()
    }
    found = recommendation.recommend(repeated.items(), "brier")
    expected = np.std(np.tile(d, 4), ddof=1) / np.sqrt(FOLDS)
    assert found.cross_validated[ARM].error == pytest.approx(expected)


@pytest.mark.parametrize(("gain", "chance"), [(0.01, 0.0), (0.0, 1.0), (-0.01, 1.0)])
def test_without_an_error_a_gain_is_no_luck(gain, chance):
    assert recommendation._chance(gain, 0.0, 3) == chance
