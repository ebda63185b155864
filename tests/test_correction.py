"""Corrected probabilities keep every order, and columns go by their names."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from rebalance.errors import InputError
from rebalance.learning import calibration
from rebalance.model.corrected import CorrectedClassifier, expit, log_odds
from tests.strategies import FEATURES, frame, params, table

probabilities = st.floats(0, 1)
slopes, intercepts = st.floats(0.05, 20), st.floats(-30, 30)
TABLE = table(400, 60)


class Answers:
    """A fitted estimator whose first column is its answer."""

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])


def calibrate(**keys):
    return params(**{f"calibrate__{key}": value for key, value in keys.items()}).calibrate


@given(hnp.arrays(float, 8, elements=probabilities))
def test_log_odds_and_probabilities_are_each_others_inverse(p):
    np.testing.assert_allclose(expit(log_odds(p)), p, rtol=1e-12, atol=1e-300)
    assert np.isfinite(log_odds(p)).all()


@given(hnp.arrays(float, 12, elements=probabilities), slopes, intercepts)
def test_a_correction_keeps_every_order(raw, slope, intercept):
    found = CorrectedClassifier(Answers(), slope=slope, intercept=intercept).correct(raw)
    order = np.argsort(raw, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


@given(st.floats(-6, 6), st.integers(0, 2**16))
def test_ranking_metrics_are_the_same_to_the_last_digit_before_and_after(shift, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(60) % 6 == 0
    raw = np.clip(rng.beta(1, 9, 60) + 0.2 * y, 0, 1).round(2)
    after = CorrectedClassifier(Answers(), slope=0.7, intercept=shift).correct(raw)
    assert len(np.unique(after)) == len(np.unique(raw))
    assert average_precision_score(y, after) == average_precision_score(y, raw)
    assert roc_auc_score(y, after) == roc_auc_score(y, raw)


def test_the_sigmoid_is_scikit_learns_unpenalised_logistic_regression():
    rng = np.random.default_rng(0)
    odds = rng.normal(-2, 2, 500)
    y = rng.random(500) < expit(0.6 * odds - 0.5)
    slope, intercept = calibration.fit_sigmoid(y.astype(int), odds)
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[:, None], y)
    assert slope == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
    assert intercept == pytest.approx(theirs.intercept_[0], rel=1e-4)


def scores(seed=0, rows=600, shift=2.0):
    """Return labels, and scores that a treatment has moved by ``shift`` of the log-odds."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-2, 1.5, rows)
    return (rng.random(rows) < expit(odds)).astype(int), expit(odds + shift)


def corrected(y, raw, shift, final_shift, n_folds=5, repeats=1, **section):
    """Return the corrected model and its out-of-fold scores, row i in fold i modulo the folds."""
    row = np.tile(np.arange(len(y)), repeats)
    fold = row % n_folds + n_folds * np.repeat(np.arange(repeats), len(y))
    scored = {"y_true": y[row], "raw": raw[row], "shift": np.full(len(row), shift)}
    return calibration.calibrated(
        Answers(), ["a"], scored | {"fold": fold, "row": row}, final_shift, calibrate(**section)
    )


@pytest.mark.parametrize("curve", ["none", "sigmoid"])
def test_the_model_corrects_as_its_out_of_fold_scores_were_corrected(curve):
    y, raw = scores()
    model, y_score = corrected(y, raw, -2.0, -2.0, curve=curve)
    np.testing.assert_allclose(model.correct(raw), y_score, atol=0 if curve == "none" else 0.05)
    if curve == "none":
        np.testing.assert_allclose(y_score, expit(log_odds(raw) - 2), rtol=1e-12)
    assert log_loss(y, y_score) <= log_loss(y, expit(log_odds(raw) - 2)) < log_loss(y, raw)


def test_the_final_fit_has_its_own_shift():
    y, raw = scores()
    model, _ = corrected(y, raw, -2.0, -2.5, curve="none")
    np.testing.assert_allclose(model.correct(raw), expit(log_odds(raw) - 2.5), rtol=1e-9)


def test_a_curve_that_helps_is_fitted_to_all_rows_and_judged_on_others():
    y, raw = scores(shift=2.0)
    model, y_score = corrected(y, raw, 0.0, 0.0, curve="sigmoid")
    slope, intercept = calibration.fit_sigmoid(y, log_odds(raw))
    assert (model.slope, model.intercept) == pytest.approx((slope, intercept))

    rows = np.arange(len(y)) % 5 == 2
    slope, intercept = calibration.fit_sigmoid(y[~rows], log_odds(raw[~rows]))
    expected = expit(slope * log_odds(raw[rows]) + intercept)
    np.testing.assert_allclose(y_score[rows], expected, rtol=1e-9)


def test_a_repeat_does_not_show_a_curve_the_rows_that_it_is_judged_on():
    y, raw = scores(shift=2.0)
    once, twice = (corrected(y, raw, 0.0, 0.0, repeats=n, curve="sigmoid")[1] for n in (1, 2))
    np.testing.assert_allclose(twice, np.tile(once, 2), rtol=1e-6)


def test_a_curve_that_only_follows_noise_is_dropped():
    kept = 0
    for seed in range(60):
        y, raw = scores(seed, rows=400, shift=0.0)  # as calibrated as can be
        model, y_score = corrected(y, raw, 0.0, 0.0, curve="sigmoid")
        if (model.slope, model.intercept) == (1.0, 0.0):
            np.testing.assert_array_equal(y_score, raw)
        else:
            assert log_loss(y, y_score) < log_loss(y, raw)
            kept += 1
    assert kept < 30


def test_a_curve_that_would_turn_the_order_round_is_dropped():
    y, raw = scores(shift=0.0)
    model, y_score = corrected(1 - y, raw, 0.0, 0.0, curve="sigmoid")
    assert (model.slope, model.intercept) == (1.0, 0.0)
    np.testing.assert_array_equal(y_score, raw)


def test_both_corrections_can_be_switched_off():
    y, raw = scores()
    model, y_score = corrected(y, raw, -2.0, -2.0, prior=False, curve="none")
    np.testing.assert_array_equal(y_score, raw)
    np.testing.assert_array_equal(model.correct(raw), raw)


def test_isotonic_after_a_prior_answers_at_the_log_odds_of_the_final_fit():
    """Against scikit-learn's regression on log-odds whose prior was undone by hand."""
    from sklearn.isotonic import IsotonicRegression

    y, raw = scores(rows=9000)
    # The folds' samples changed the log-odds by 4, that of the final fit by 1.2.
    model, _ = corrected(y, raw, -4.0, -1.2, curve="isotonic")
    assert model.knots is not None
    natural = np.log(raw / (1 - raw)) - 4.0
    by_hand = IsotonicRegression(out_of_bounds="clip").fit(natural, y)
    asked = np.linspace(0.02, 0.98, 25)
    expected = by_hand.predict(np.log(asked / (1 - asked)) - 1.2)
    np.testing.assert_allclose(model.correct(asked), expected, atol=1e-9)
    assert not np.allclose(model.correct(asked), by_hand.predict(np.log(asked / (1 - asked)) - 4.0))


def test_isotonic_is_monotone_and_wants_enough_positives():
    y, raw = scores(rows=9000)
    assert y.sum() > calibration.ISOTONIC_POSITIVES
    model, y_score = corrected(y, raw, -2.0, -2.0, curve="isotonic", prior=False)
    assert (np.diff(model.correct(np.sort(raw))) >= 0).all()
    assert np.abs(model.correct(raw) - y_score).mean() < 0.02
    assert log_loss(y, y_score) < log_loss(y, raw)

    calibration.check(calibrate(curve="isotonic"), y)
    with pytest.raises(InputError, match="isotonic' needs 1000 positives, got"):
        calibration.check(calibrate(curve="isotonic"), y[:900])


def test_a_data_frame_goes_by_names_whatever_the_order_of_its_columns():
    estimator = LogisticRegression().fit(TABLE.X, TABLE.y)
    model = CorrectedClassifier(
        estimator, features=FEATURES, slope=0.9, intercept=-1, threshold=0.2
    )
    rows = frame(400, 60)
    shuffled = rows[["Class", *reversed(FEATURES)]].assign(more="text")
    expected = model.predict_proba(TABLE.X)
    # The sums of a linear model end in other digits where columns lie one after the other.
    np.testing.assert_allclose(model.predict_proba(shuffled), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(shuffled), (expected[:, 1] >= 0.2).astype(int))
    np.testing.assert_allclose(expected.sum(axis=1), 1)
    with pytest.raises((KeyError, InputError), match="b"):
        model.predict_proba(rows.drop(columns="b"))


def test_missing_values_of_a_data_frame_reach_the_estimator():
    seen = []

    class Watching(Answers):
        def predict_proba(self, X):
            seen.append(X)
            return super().predict_proba(np.nan_to_num(X))

    CorrectedClassifier(Watching(), features=["a"]).predict_proba(
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})
    )
    np.testing.assert_array_equal(seen[0], [[1.0], [np.nan]])


def test_a_corrected_model_is_not_fitted_again():
    model = CorrectedClassifier(Answers())
    assert model.classes_.tolist() == [0, 1]
    with pytest.raises(NotImplementedError, match="made fitted"):
        model.fit(TABLE.X, TABLE.y)
