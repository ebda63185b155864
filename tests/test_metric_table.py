"""One row of the table is all that a new metric needs, and every name stands in it."""

import numpy as np
import pytest
from sklearn.metrics import get_scorer_names

from rebalance import comparison, metrics
from rebalance.judging import recommendation
from rebalance.metrics.table import DECISION, LOWER, PROBABILITY, RANKING
from rebalance.params import names
from tests.samples import sample
from tests.test_recommendation import ARM, BASE, out_of_fold


def lost_pairs(steps):
    """Return the share of pairs that the scores order wrongly: lower is better."""
    return 1 - metrics.METRICS["roc_auc"].function(steps)


def absolute_error(y_true, y_score):
    return np.abs(y_true - y_score)


@pytest.mark.parametrize(
    ("name", "family", "function"),
    [("lost_pairs", RANKING, lost_pairs), ("absolute_error", PROBABILITY, absolute_error)],
)
def test_a_new_metric_of_which_less_is_better_turns_the_verdict(
    monkeypatch, name, family, function
):
    row = metrics.Metric(words=name, better=LOWER, family=family, function=function)
    monkeypatch.setitem(metrics.METRICS, name, row)
    y_true, models = sample(200, 2000)
    good, noise = models["baseline"][0], np.random.default_rng(0).random(y_true.size)
    models = {"good": (good, 0.5), "bad": (noise, 0.5)}

    ahead = comparison.compare(y_true, models, "bad", metric=name, n_draws=200)
    behind = comparison.compare(y_true, models, "good", metric=name, n_draws=200)

    assert ahead.verdicts["good"].difference < 0
    assert ahead.verdicts["good"].verdict == "better"
    assert behind.verdicts["bad"].verdict == "worse"
    scores = metrics.score(y_true, good, 0.5)
    expected = 1 - scores["roc_auc"] if family == RANKING else np.abs(y_true - good).mean()
    assert scores[name] == pytest.approx(expected)
    assert ahead.intervals["good"][name].low < scores[name] < ahead.intervals["good"][name].high
    # The choice on training rows turns with it.
    arms = [(BASE, out_of_fold(2.0)), (ARM, out_of_fold(4.0, 1))]
    assert recommendation.recommend(arms, name).model == ARM
    assert recommendation.recommend(arms[::-1], name).model == ARM


def test_every_metric_of_a_model_is_in_the_table_or_a_count():
    y_true, models = sample()
    scores = metrics.score(y_true, *models["arm"])
    counts = {name for name, value in scores.items() if isinstance(value, int)}
    assert counts == {
        f"{truth}_{side}" for truth in ("true", "false") for side in ("positives", "negatives")
    }
    known = {name for name in scores if name not in counts and metrics.metric(name).words}
    assert known == scores.keys() - counts
    assert len(known) == len(metrics.METRICS)


def test_shares_are_those_that_stay_between_0_and_1():
    rng = np.random.default_rng(0)
    seen = {name: [] for name in metrics.METRICS}
    for n_positives in (1, 5, 30):
        y_true = rng.permutation(np.repeat([1, 0], [n_positives, 40]))
        for name, value in metrics.score(y_true, rng.random(y_true.size), 0.4).items():
            if name in seen:
                seen[name].append(value)
    for name, row in metrics.METRICS.items():
        assert not row.share or 0 <= min(seen[name]) <= max(seen[name]) <= 1


def test_params_name_metrics_that_the_table_and_scikit_learn_know():
    for name in names.VERDICT_METRICS:
        assert metrics.METRICS[name].better
        assert metrics.METRICS[name].family != DECISION
    assert set(names.SCORERS) <= set(get_scorer_names())
    scorers = {row.scorer for row in metrics.METRICS.values() if row.scorer}
    assert scorers == set(names.SCORERS) - {"jaccard"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("average_precision", "average precision"),
        ("roc_auc", "ROC AUC"),
        ("mcc", "MCC"),
        ("recall_at_1pct_fpr", "recall at 1 % false alarms"),
        ("recall_at_62.5pct_precision", "recall at 62.5 % precision"),
        ("neg_brier_score", "negative Brier score"),
        ("matthews_corrcoef", "MCC"),
        ("jaccard", "jaccard"),
    ],
)
def test_a_metric_has_the_words_of_the_field(name, words):
    assert metrics.words(name) == words


@pytest.mark.parametrize(
    ("name", "sign"),
    [("average_precision", 1), ("brier_skill", 1), ("brier", -1), ("log_loss", -1), ("ece", -1)],
)
def test_the_better_side_of_a_metric(name, sign):
    assert metrics.sign(name) == sign


def test_some_metrics_have_no_better_side():
    assert [name for name, row in metrics.METRICS.items() if row.better is None] == [
        "mean_probability", "prevalence", "calibration_intercept", "calibration_slope"
    ]  # fmt: skip
