"""The learning curve: its parts of the folds, its law, and what the report says of it."""

import re
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import curve_fit
from sklearn.metrics import average_precision_score

from rebalance import growth, splitting
from rebalance.learning.fits import FoldScores, key
from rebalance.report import as_html, sections
from rebalance.report import figures as of_report
from tests import fixed
from tests.strategies import fits, learner, params, table, treatment

OUT_OF_FOLD = params(out_of_fold__folds=3).out_of_fold
NONE = treatment("none")
COUNTS = np.array([10.0, 20.0, 40.0, 80.0])


@given(share=st.floats(0.05, 0.95), seed=st.integers(0, 5))
def test_a_part_of_a_fold_has_the_share_of_each_class(share, seed):
    rows = table(400, 60, seed)
    for fold in splitting.folds(rows, OUT_OF_FOLD):
        part = growth.part(fold, rows, share)
        assert set(part.train) <= set(fold.train)
        assert list(part.valid) == list(fold.valid)
        for label in (0, 1):
            wanted = share * (rows.y[fold.train] == label).sum()
            assert abs((rows.y[part.train] == label).sum() - wanted) <= 0.5


def test_a_smaller_part_lies_inside_a_larger_one_and_every_fold_draws_its_own():
    rows = table(400, 60)
    first, second, _ = splitting.folds(rows, OUT_OF_FOLD)
    small, large = (set(growth.part(first, rows, share).train) for share in (0.25, 0.5))
    assert small < large
    assert small != set(growth.part(second, rows, 0.25).train)
    assert list(growth.part(first, rows, 0.5).train) == list(growth.part(first, rows, 0.5).train)


def test_the_rows_of_a_group_stay_together():
    groups = np.repeat(np.arange(100), 4)
    rows = table(400, 60, others={"card": groups}, method="group", column="card")
    fold = splitting.folds(rows, OUT_OF_FOLD)[0]
    inside = groups[growth.part(fold, rows, 0.3).train]
    everywhere = groups[fold.train]
    for group in np.unique(inside):
        assert (inside == group).sum() == (everywhere == group).sum()
    assert 0 < np.unique(inside).size < np.unique(everywhere).size / 2


def test_parts_in_time_order_are_of_the_earlier_rows():
    rows = table(400, 60, others={"t": np.arange(400.0)}, method="time", column="t", gap=0)
    for fold in splitting.folds(rows, OUT_OF_FOLD):
        part = growth.part(fold, rows, 0.5)
        assert part.train.max() < fold.valid.min()


def test_the_cache_knows_a_part_from_its_fold():
    rows = table()
    fold = splitting.folds(rows, OUT_OF_FOLD)[0]
    each = [fold, growth.part(fold, rows, 0.5), growth.part(fold, rows, 0.25)]
    assert len({key(NONE, learner(), rows, part) for part in each}) == 3


def law(a, b, c, counts=COUNTS):
    return a - b * counts**-c


@given(
    a=st.floats(0.5, 0.95),
    b=st.floats(0.2, 1.0),
    c=st.sampled_from(growth.EXPONENTS.tolist()).filter(lambda c: c > 0.15),
)
def test_an_inverse_power_law_is_continued(a, b, c):
    values = np.tile(law(a, b, c), (5, 1))
    found = growth.twice(COUNTS, values)
    assert found["positives"] == 160
    wanted = law(a, b, c, np.array([80.0, 160.0]))
    assert found["gain"] == pytest.approx(wanted[1] - wanted[0], abs=1e-6)
    assert found["score"] == pytest.approx(wanted[1], abs=1e-6)
    # Folds that agree leave no doubt but for that of the form of the law.
    assert found["low"] == pytest.approx(found["high"], abs=1e-6)


def test_the_fit_is_that_of_weighted_least_squares():
    """Points that follow no such law, so that the weights matter."""
    means = np.array([0.5, 0.55, 0.7, 0.72])
    gains = []
    for sigma in (COUNTS**-0.5, np.ones(4)):
        (_, b, c), _ = curve_fit(
            lambda n, a, b, c: law(a, b, c, n),
            COUNTS,
            means,
            p0=(0.9, 0.9, 0.5),
            sigma=sigma,
            bounds=([0, 0, 0.05], [5, 9, 1]),
        )
        gains.append(b * (80**-c - 160**-c))
    noise = np.array([[1.0], [-1.0], [0.0], [0.0], [0.0]]) * 0.01
    found = growth.twice(COUNTS, means + noise * [1, -1, 1, -1])
    assert found["gain"] == pytest.approx(gains[0], abs=1e-3)  # the exponents lie on a grid
    assert abs(gains[1] - gains[0]) > 0.02
    assert found["low"] < found["gain"] < found["high"]


def test_a_score_that_falls_promises_no_gain_and_none_passes_one():
    falling = np.tile([0.8, 0.7, 0.6, 0.5], (5, 1))
    assert growth.twice(COUNTS, falling)["gain"] == 0
    rising = np.tile([0.7, 0.8, 0.9, 0.99], (5, 1))
    found = growth.twice(COUNTS, rising)
    assert found["score"] == 1
    assert found["gain"] < 0.1


def test_folds_that_disagree_leave_a_wider_interval():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(5, 4))
    noise -= noise.mean(axis=0)
    wide, narrow = (
        growth.twice(COUNTS, law(0.9, 0.9, 0.5) + scale * noise) for scale in (0.02, 0.002)
    )
    assert wide["gain"] == pytest.approx(narrow["gain"])
    assert wide["high"] - wide["low"] > 3 * (narrow["high"] - narrow["low"])


def test_the_interval_allows_for_folds_that_share_training_rows(monkeypatch):
    """The mean of n folds has the variance s² (1/n + 1/(n - 1)) and the tails of Student's t.

    Where the law is the score of the last point itself, the interval of the gain is that of its
    mean.
    """
    monkeypatch.setattr(growth, "_gain", lambda _, means: (means[:, -1], means[:, -1]))
    monkeypatch.setattr(growth, "DRAWS", 40_000)
    last = np.array([0.50, 0.54, 0.56, 0.60])
    values = np.column_stack([last - 0.2, last - 0.1, last])
    found = growth.twice(np.array([25, 50, 100]), values)
    half = stats.t.ppf(0.975, 3) * np.std(last, ddof=1) * np.sqrt(1 / 4 + 1 / 3)
    assert found["gain"] == pytest.approx(0.55)
    assert found["high"] - 0.55 == pytest.approx(half, rel=0.05)
    assert 0.55 - found["low"] == pytest.approx(half, rel=0.05)


def stand_in(rows, fold):
    """Return scores that know a share of the positives: as much as the fold's share."""
    rng = np.random.default_rng(fold.number)
    y = rows.y[fold.valid]
    return rng.random(y.size) + 2 * fold.share * y


class Now:
    """Fits that are done at once, and counted."""

    def __init__(self, rows):
        self.table, self.asked = rows, []

    def of_fold(self, entry, learner, fold):
        self.asked.append((fold.share, fold.number))
        future = Future()
        future.set_result(FoldScores(raw=stand_in(self.table, fold), shift=0.0))
        return future


def of_all_rows(rows):
    """Return the stand-in scores of every fold, as `training.Scores` names them."""
    folds = splitting.folds(rows, OUT_OF_FOLD)
    return SimpleNamespace(
        fold=np.repeat(np.arange(3), [fold.valid.size for fold in folds]),
        y_true=np.concatenate([rows.y[fold.valid] for fold in folds]),
        raw=np.concatenate([stand_in(rows, fold) for fold in folds]),
    )


def test_the_points_are_the_mean_scores_of_the_folds():
    rows = table(600, 90)
    running = Now(rows)
    parts = growth.train(NONE, running, learner(), OUT_OF_FOLD, [0.25, 0.5])
    assert running.asked == [(share, number) for share in (0.25, 0.5) for number in range(3)]
    found = growth.curve(rows, OUT_OF_FOLD, of_all_rows(rows), parts)
    assert [point["share"] for point in found["points"]] == [0.25, 0.5, 1.0]
    assert [point["positives"] for point in found["points"]] == [15, 30, 60]
    for point in found["points"]:
        values = [
            average_precision_score(
                rows.y[fold.valid], stand_in(rows, replace(fold, share=point["share"]))
            )
            for fold in splitting.folds(rows, OUT_OF_FOLD)
        ]
        assert point["score"] == pytest.approx(np.mean(values))
        assert point["standard_error"] == pytest.approx(np.std(values, ddof=1) / 3**0.5)
    assert found["twice"]["positives"] == 120


def test_shares_with_hardly_a_positive_are_not_fitted():
    rows = table(400, 30)  # 20 positives in a training fold
    running = Now(rows)
    parts = growth.train(NONE, running, learner(), OUT_OF_FOLD, [0.125, 0.25, 0.5])
    assert {share for share, _ in running.asked} == {0.5}
    found = growth.curve(rows, OUT_OF_FOLD, of_all_rows(rows), parts)
    assert [point["share"] for point in found["points"]] == [0.5, 1.0]
    assert "twice" not in found
    assert growth.curve(rows, OUT_OF_FOLD, of_all_rows(rows), {}) == {}


def test_a_share_that_leaves_one_fold_hardly_a_positive_is_not_fitted():
    """A group has most positives: the fold that validates it trains on the few others."""
    groups = 1 + np.arange(600) // 10
    groups[np.flatnonzero(table(600, 112).y == 1)[:100]] = 0
    rows = table(600, 112, others={"card": groups}, method="group", column="card")
    counts = [rows.y[growth.part(fold, rows, 0.5).train].sum() for fold in folds_of(rows)]
    assert min(counts) < growth.FEWEST_POSITIVES <= max(counts)
    running = Now(rows)
    assert growth.train(NONE, running, learner(), OUT_OF_FOLD, [0.5]) == {0.5: []}
    assert running.asked == []


def folds_of(rows):
    return splitting.folds(rows, OUT_OF_FOLD)


def test_a_point_has_the_positives_of_its_parts_where_groups_differ_in_size():
    """One of 30 groups holds most rows: a share of the groups is no such share of the rows."""
    groups = np.r_[np.zeros(300, dtype=int), np.repeat(np.arange(1, 51), 6)]
    rows = table(600, 300, others={"card": groups}, method="group", column="card")
    running = Now(rows)
    parts = growth.train(NONE, running, learner(), OUT_OF_FOLD, [0.25, 0.5])
    found = growth.curve(rows, OUT_OF_FOLD, of_all_rows(rows), parts)
    folds = splitting.folds(rows, OUT_OF_FOLD)
    for point in found["points"]:
        if point["share"] < 1:
            trained = [growth.part(fold, rows, point["share"]).train for fold in folds]
            assert point["positives"] == np.mean([rows.y[each].sum() for each in trained])
    whole = np.mean([rows.y[fold.train].sum() for fold in folds])
    assert any(abs(point["positives"] - point["share"] * whole) > 5 for point in found["points"])


def test_real_fits_score_the_rows_that_the_fold_leaves_out():
    rows = table(300, 60)
    with fits(rows) as running:
        parts = growth.train(NONE, running, learner(), OUT_OF_FOLD, [0.5])
        for fold, future in zip(splitting.folds(rows, OUT_OF_FOLD), parts[0.5], strict=True):
            assert future.result().raw.shape == fold.valid.shape


POINTS = fixed.LEARNING_CURVE["points"]


def with_curve(low, gain, high):
    twice = {"positives": 800.0, "score": 0.64, "gain": gain, "low": low, "high": high}
    return replace(fixed.results(), learning_curve={"points": POINTS, "twice": twice})


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.011, 0.03, 0.05), "More positives of the same kind would help: from twice as many"),
        (
            (0.001, 0.03, 0.05),
            "Whether more positives of the same kind would help by more than 0.01 "
            "(evaluate.margin) is open: ",
        ),
        (
            (0.001, 0.003, 0.009),
            "More positives of the same kind would make no difference that matters "
            "(evaluate.margin): ",
        ),
    ],
)
def test_the_report_says_whether_more_positives_would_help(ends, said):
    section = sections.more_positives(with_curve(*ends))
    assert section.text.startswith(said)
    low, gain, high = ends
    found = re.search(r"is expected to gain (\S+) \[(\S+), (\S+)\]\. It is", section.text)
    assert [float(number) for number in found.groups()] == [gain, low, high]
    assert "It is 0.612 out of fold with 400 positives in a training fold, and 0.580 with 200." in (
        section.text
    )
    assert section.short


def test_a_margin_of_another_metric_than_the_curves_says_nothing_of_its_gain():
    """The margin, .01 of ROC AUC, is no margin of average precision."""
    for ends, said in (
        ((0.001, 0.003, 0.009), "More positives of the same kind would help: from twice"),
        ((0.0, 0.003, 0.05), "Whether more positives of the same kind would help is open: from"),
    ):
        found = with_curve(*ends)
        compared = replace(found.comparison, metric="roc_auc")
        assert sections.more_positives(replace(found, comparison=compared)).text.startswith(said)


def test_too_few_positives_are_called_too_few_and_no_curve_is_no_section():
    few = replace(fixed.results(), learning_curve={"points": POINTS[1:]})
    assert sections.more_positives(few).text.startswith("Not known: of the 400 positives")
    assert sections.more_positives(few).figures == ()
    assert sections.more_positives(replace(few, learning_curve={})) is None


def test_the_figure_shows_the_points_and_the_expectation():
    from rebalance import figures

    figure = figures.new_figure()
    of_report.draw_learning_curve(figure, with_curve(0.001, 0.03, 0.05))
    (axis,) = figure.axes
    bars, expected = axis.containers
    assert bars.lines[0].get_xydata().tolist() == [[100, 0.5], [200, 0.58], [400, 0.6123]]
    assert expected.lines[0].get_xydata().tolist() == [[800, 0.64]]
    (ends,) = expected.lines[2]
    low, high = ends.get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((0.64 - 0.029, 0.64 + 0.02))
    assert axis.get_xlabel() == "positives in a training fold"


def test_the_page_draws_the_curve():
    page = as_html(with_curve(0.001, 0.03, 0.05))
    assert "Would more positives help?" in page
    assert 'id="learning_curve-title"' in page
