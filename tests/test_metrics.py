"""Every metric equals its obvious definition, and what is undefined is absent, with a reason."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from rebalance import metrics

THRESHOLD = 0.5
# Few distinct scores, so that ties are the rule.
rows = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int8, n, elements=st.integers(0, 1)),
        hnp.arrays(float, n, elements=st.integers(0, 10).map(lambda i: i / 10)),
    )
)
both_classes = rows.filter(lambda data: 0 < data[0].sum() < data[0].size)


def overlapping(n=400, seed=0):
    rng = np.random.default_rng(seed)
    y_true = (rng.random(n) < 0.2).astype(int)
    return y_true, 1 / (1 + np.exp(-rng.normal(2 * y_true - 2)))


@given(both_classes)
def test_ranking_equals_scikit_learn(data):
    found = metrics.ranking_metrics(*data)
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(*data))
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(*data))


@given(both_classes)
def test_recalls_equal_a_search_over_all_thresholds(data):
    y_true, y_score = data
    found = metrics.ranking_metrics(y_true, y_score, precision=0.6)
    at_precision, at_fpr = [0], [0]
    for threshold in np.unique(y_score):
        flagged = y_score >= threshold
        recall = y_true[flagged].sum() / y_true.sum()
        if y_true[flagged].mean() >= 0.6:
            at_precision.append(recall)
        if np.mean(flagged[y_true == 0]) <= 0.01:
            at_fpr.append(recall)
    assert found["recall_at_60pct_precision"] == pytest.approx(max(at_precision))
    assert found["recall_at_1pct_fpr"] == pytest.approx(max(at_fpr))


def test_one_false_alarm_in_a_hundred_negatives_is_allowed_and_a_second_is_not():
    y_true = np.r_[1, 0, 1, 0, 1, np.zeros(98, dtype=int)]
    found = metrics.ranking_metrics(y_true, np.arange(len(y_true), 0.0, -1))
    assert found["recall_at_1pct_fpr"] == pytest.approx(2 / 3)


@given(both_classes, st.integers(1, 40))
def test_at_k_is_the_mean_over_orders_of_equal_scores(data, k):
    y_true, y_score = data
    if k > y_true.size:
        assert "precision_at_k" in metrics.absent(y_true, y_score, THRESHOLD, k=k)
        return
    last = np.sort(y_score)[::-1][k - 1]
    above, tied = y_true[y_score > last], y_true[y_score == last]
    hits = above.sum() + (k - above.size) * tied.mean()
    found = metrics.ranking_metrics(y_true, y_score, k=k)
    assert found["precision_at_k"] == pytest.approx(hits / k)
    assert found["recall_at_k"] == pytest.approx(hits / y_true.sum())
    assert found["lift_at_k"] == pytest.approx(hits / k / y_true.mean())


def test_k_is_the_number_of_positives_unless_told():
    y_true, y_score = overlapping()
    assert metrics.ranking_metrics(y_true, y_score) == metrics.ranking_metrics(
        y_true, y_score, k=y_true.sum()
    )


@given(both_classes)
def test_decision_equals_scikit_learn(data):
    y_true, y_score = data
    found, y_pred = metrics.decision_metrics(y_true, y_score, THRESHOLD), y_score >= THRESHOLD
    expected = {
        "accuracy": sk.accuracy_score(y_true, y_pred),
        "recall": sk.recall_score(y_true, y_pred),
        "f1": sk.f1_score(y_true, y_pred),
        "f2": sk.fbeta_score(y_true, y_pred, beta=2),
        "balanced_accuracy": sk.balanced_accuracy_score(y_true, y_pred),
        "g_mean": math.sqrt(
            sk.recall_score(y_true, y_pred) * sk.recall_score(y_true, y_pred, pos_label=0)
        ),
    }
    if y_pred.any():
        expected["precision"] = sk.precision_score(y_true, y_pred)
    if 0 < y_pred.sum() < y_pred.size:
        expected["mcc"] = sk.matthews_corrcoef(y_true, y_pred)
    tn, fp, fn, tp = sk.confusion_matrix(y_true, y_pred).ravel()
    expected |= {"true_positives": tp, "false_positives": fp}
    expected |= {"false_negatives": fn, "true_negatives": tn}
    assert found == pytest.approx(expected)


@given(both_classes)
def test_probabilistic_equals_scikit_learn(data):
    y_true, y_score = data
    found = metrics.probability_metrics(y_true, y_score)
    prior = np.full(y_true.size, y_true.mean())
    assert found["brier"] == pytest.approx(sk.brier_score_loss(y_true, y_score))
    assert found["log_loss"] == pytest.approx(sk.log_loss(y_true, y_score))
    assert found["brier_skill"] == pytest.approx(
        1 - sk.brier_score_loss(y_true, y_score) / sk.brier_score_loss(y_true, prior)
    )
    assert found["prevalence"] == pytest.approx(y_true.mean())
    assert found["mean_probability"] == pytest.approx(y_score.mean())


def test_calibration_slope_equals_scikit_learns_unpenalised_regression():
    y_true, y_score = overlapping()
    x = np.log(y_score / (1 - y_score))[:, None]
    fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(x, y_true)
    slope = metrics.probability_metrics(y_true, y_score)["calibration_slope"]
    assert slope == pytest.approx(fitted.coef_[0, 0], rel=1e-4)


@given(st.floats(-8, 8), st.floats(0.2, 5))
def test_an_affine_map_of_the_log_odds_moves_intercept_and_slope_as_it_should(shift, stretch):
    y_true, y_score = overlapping()
    before = metrics.probability_metrics(y_true, y_score)
    x = np.log(y_score / (1 - y_score))
    shifted = metrics.probability_metrics(y_true, 1 / (1 + np.exp(-(x + shift))))
    stretched = metrics.probability_metrics(y_true, 1 / (1 + np.exp(-x * stretch)))
    assert shifted["calibration_intercept"] == pytest.approx(
        before["calibration_intercept"] - shift, abs=1e-6
    )
    assert stretched["calibration_slope"] == pytest.approx(
        before["calibration_slope"] / stretch, rel=1e-6
    )


def test_calibration_survives_scores_of_exactly_zero_and_one():
    y_true, y_score = overlapping()
    y_score = np.where(y_score < 0.1, 0, np.where(y_score > 0.9, 1, y_score))
    found = metrics.probability_metrics(y_true, y_score)
    assert 0 < found["calibration_slope"] < 1
    assert math.isfinite(found["calibration_intercept"])


def test_ece_is_zero_for_the_prevalence_and_the_gap_for_a_shifted_one():
    y_true = np.repeat([0, 1], [90, 10])
    assert metrics.probability_metrics(y_true, np.full(100, 0.1))["ece"] == pytest.approx(0)
    assert metrics.probability_metrics(y_true, np.full(100, 0.3))["ece"] == pytest.approx(0.2)


def test_ece_bins_hold_equal_counts():
    y_true, y_score = overlapping(n=200)
    order = np.argsort(y_score)
    by_hand = sum(
        abs(y_score[part].mean() - y_true[part].mean()) * part.size / 200
        for part in np.split(order, 10)
    )
    assert metrics.probability_metrics(y_true, y_score)["ece"] == pytest.approx(by_hand)


@given(rows, st.floats(0, 1))
def test_nothing_is_nan_and_every_metric_is_present_or_absent_with_a_reason(data, threshold):
    found = metrics.score(*data, threshold)
    missing = metrics.absent(*data, threshold)
    everything = metrics.score(*overlapping(), THRESHOLD)
    assert all(math.isfinite(value) for value in found.values())
    assert all(type(value) in (int, float) for value in found.values())
    assert found.keys() | missing.keys() == everything.keys()
    assert not found.keys() & missing.keys()


@given(rows)
def test_score_joins_the_three_families(data):
    families = metrics.ranking_metrics(*data) | metrics.probability_metrics(*data)
    assert metrics.score(*data, THRESHOLD) == families | metrics.decision_metrics(*data, THRESHOLD)


@given(both_classes, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(data, random):
    y_true, y_score = data
    order = list(range(y_true.size))
    random.shuffle(order)
    shuffled = metrics.score(y_true[order], y_score[order], THRESHOLD)
    assert shuffled == pytest.approx(metrics.score(y_true, y_score, THRESHOLD), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("y_true", "y_score", "name", "reason"),
    [
        ([0, 0], [0.1, 0.9], "average_precision", "no positives"),
        ([0, 0], [0.1, 0.9], "recall", "no positives"),
        ([1, 1], [0.1, 0.9], "roc_auc", "no negatives"),
        ([1, 1], [0.1, 0.9], "brier_skill", "no negatives"),
        ([0, 1], [0.1, 0.2], "precision", "nothing is flagged"),
        ([0, 0], [0.1, 0.2], "f1", "no positives and nothing is flagged"),
        ([0, 1], [0.1, 0.2], "mcc", "all decisions"),
        ([0, 1], [0.1, 0.9], "calibration_slope", "separates"),
        ([0, 1], [0.9, 0.1], "calibration_slope", "separates"),
        ([0, 1, 0], [0.3, 0.3, 0.3], "calibration_slope", "separates"),
    ],
)
def test_an_undefined_metric_is_absent_and_says_why(y_true, y_score, name, reason):
    assert name not in metrics.score(y_true, y_score, THRESHOLD)
    assert reason in metrics.absent(y_true, y_score, THRESHOLD)[name]


def test_more_alerts_than_rows_leaves_out_what_depends_on_them():
    assert "precision_at_k" not in metrics.ranking_metrics([0, 1], [0.1, 0.2], k=3)
    assert metrics.absent([0, 1], [0.1, 0.2], 0.5, k=3)["lift_at_k"] == (
        "k is 3 but there are only 2 rows"
    )


def test_the_recall_at_precision_1_ends_with_the_first_false_alarm():
    found = metrics.ranking_metrics([1, 1, 0, 1], [0.9, 0.8, 0.7, 0.6], precision=1)
    assert found["recall_at_100pct_precision"] == pytest.approx(2 / 3)


def test_no_information_rate_is_that_of_the_frequent_class():
    assert metrics.no_information_rate([0] * 98 + [1] * 2) == pytest.approx(0.98)
    assert metrics.no_information_rate([1, 1, 1, 0]) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("y_true", "y_score", "options", "message"),
    [
        ([], [], {}, r"at least one row, got shape \(0,\)"),
        ([[0, 1]], [[0.1, 0.2]], {}, r"one dimension .* got shape \(1, 2\)"),
        ([0, 2], [0.1, 0.2], {}, "y_true must be 0 or 1, got 2"),
        ([0, 1], [0.1], {}, r"one score a row .* got shape \(1,\) for \(2,\)"),
        ([0, 1], [[0.9, 0.1], [0.8, 0.2]], {}, "pass the column of the positive class"),
        ([0, 1], [0.1, math.nan], {}, "must be finite, got nan in row 1"),
        ([0, 1], [math.inf, 0.1], {}, "must be finite, got inf in row 0"),
        ([0, 1], [0.1, 1.5], {}, "from 0 to 1 to be a probability, got 1.5"),
        ([0, 1], [-2, 0.5], {}, "from 0 to 1 to be a probability, got -2"),
        ([0, 1], [0.1, 0.2], {"k": 0}, "k must be 1 or more rows, got 0"),
        ([0, 1], [0.1, 0.2], {"precision": 0}, "above 0 and at most 1, got 0"),
        ([0, 1], [0.1, 0.2], {"precision": 90}, "above 0 and at most 1, got 90"),
        ([0, 1], [0.1, 0.2], {"threshold": math.nan}, "threshold must be a number, got nan"),
    ],
)
def test_bad_input_is_named(y_true, y_score, options, message):
    options = {"threshold": THRESHOLD} | options
    with pytest.raises(ValueError, match=message):
        metrics.score(y_true, y_score, **options)
