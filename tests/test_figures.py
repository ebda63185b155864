"""The data, colours and words of every figure and of every CSV behind it."""

import csv
import itertools
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve

from rebalance import figures
from rebalance.errors import InputError
from rebalance.figures.canvas import GREY
from rebalance.report import curves
from rebalance.report import figures as of_report
from tests import fixed
from tests.strategies import params

NAMES = ["baseline", "under"]
COLOURS = {"baseline": "#000000", "under": "#0072B2"}


@pytest.fixture(scope="module")
def results():
    return fixed.results()


@pytest.fixture(scope="module")
def written(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plots")
    return folder, of_report.write_all(results, folder)


def drawn(draw, *arguments):
    figure = figures.new_figure()
    draw(figure, *arguments)
    return figure.axes


def lines_of(axis):
    """Return the lines of the models by the start of their label."""
    return {
        line.get_label().split()[0]: line
        for line in axis.get_lines()
        if line.get_label().split()[0] in NAMES
    }


def rows_of(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = defaultdict(list)
        for row in csv.DictReader(file):
            rows[row["model"]].append(row)
        return rows


def floats(rows, key):
    return np.array([float(row[key]) for row in rows])


def test_each_table_and_figure_is_written_and_named(written):
    folder, files = written
    names = {"precision_recall", "roc", "confusion", "calibration"}
    assert {file.name for file in files} == {f"{n}.{end}" for n in names for end in ("csv", "png")}
    assert sorted(files) == sorted(folder.iterdir())
    for file in folder.glob("*.png"):
        assert file.read_bytes().startswith(b"\x89PNG")
        # Another matplotlib may draw the same bytes, and must not sign them.
        assert b"Software" not in file.read_bytes()


def test_the_same_numbers_give_the_same_bytes(results, written, tmp_path):
    _, files = written
    of_report.write_all(results, tmp_path)
    for file in files:
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


# The tables.


def test_the_confusion_table_tells_misses_from_false_alarms(written):
    rows = rows_of(written[0], "confusion")
    for name, (found, missed, alarms, left) in fixed.COUNTS.items():
        cells = {(row["actual"], row["predicted"]): int(row["rows"]) for row in rows[name]}
        assert cells == {
            ("positive", "positive"): found,
            ("positive", "negative"): missed,
            ("negative", "positive"): alarms,
            ("negative", "negative"): left,
        }


def test_the_precision_recall_table_holds_scikit_learns_points(written):
    rows = rows_of(written[0], "precision_recall")
    for name, score in fixed.SCORES.items():
        precision, recall, _ = precision_recall_curve(fixed.Y, score)
        theirs = {pair for pair in zip(recall.round(5), precision.round(5), strict=True) if pair[0]}
        ours = zip(
            floats(rows[name], "recall").round(5),
            floats(rows[name], "precision").round(5),
            strict=True,
        )
        assert set(ours) == theirs


def test_the_roc_table_holds_scikit_learns_points(written):
    rows = rows_of(written[0], "roc")
    for name, score in fixed.SCORES.items():
        rate, recall, _ = roc_curve(fixed.Y, score, drop_intermediate=False)
        theirs = {pair for pair in zip(rate.round(5), recall.round(5), strict=True) if any(pair)}
        ours = zip(
            floats(rows[name], "false_positive_rate").round(5),
            floats(rows[name], "recall").round(5),
            strict=True,
        )
        assert set(ours) == theirs


def test_the_calibration_table_tells_raw_from_corrected(written):
    """The bins hold every row once: weighted by their rows they add up to the scores."""
    rows = rows_of(written[0], "calibration")
    for name in NAMES:
        for kind, score in (("raw", fixed.RAW[name]), ("corrected", fixed.SCORES[name])):
            bins = [row for row in rows[name] if row["probabilities"] == kind]
            n = floats(bins, "rows")
            assert n.sum() == 20
            assert n @ floats(bins, "mean_probability") == pytest.approx(score.sum(), rel=1e-4)
            assert n @ floats(bins, "share_of_positives") == pytest.approx(5, rel=1e-4)


def test_the_bins_of_the_calibration_hold_equal_sums_of_probabilities():
    """Ten rows of .1, nine of .9 and one of .9: bins that are to hold a tenth of 10 each."""
    score = np.repeat([0.1, 0.9], [10, 10])
    y = np.repeat([0, 1], [10, 10])
    found = curves.reliability(y, score, bins=5)
    # A fifth of the sum is 2: the ten rows of .1 and the first of .9 before it, then two a bin.
    assert list(found["rows"]) == [11, 2, 2, 2, 3]
    assert found["mean_probability"][0] == pytest.approx(1.9 / 11)
    assert found["share_of_positives"][0] == pytest.approx(1 / 11)


def test_flagged_rows_are_counted_from_each_threshold_up():
    found = curves.flagged(fixed.Y, fixed.SCORES["baseline"], np.array([0.05, 0.35, 0.5, 0.7, 1.0]))
    assert list(found["tp"]) == [5, 3, 3, 2, 0]
    assert list(found["fp"]) == [15, 2, 1, 1, 0]


def test_rows_are_counted_at_whole_percents_and_at_small_thresholds():
    percents = [number / 100 for number in range(1, 101)]
    small = [1e-4 * 100 ** (number / 40) for number in range(40)]
    assert list(curves.THRESHOLDS) == pytest.approx([*small, *percents], abs=1e-8)


def test_the_classes_are_spread_over_bins_of_log_odds():
    found = curves.by_class(np.array([1, 1, 0, 0, 0]), np.array([0.5, 1.0, 0.5, 0.0, 1e-7]), bins=2)
    # The middle of the scale is between .5 and the lowest bin: .5 is in the upper one.
    assert list(found["positives"]) == [0, 1]
    assert list(found["negatives"]) == pytest.approx([2 / 3, 1 / 3])


# The figures.


def test_the_precision_recall_curve_encloses_the_average_precision(results):
    (axis,) = drawn(of_report.draw_precision_recall, results)
    lines = lines_of(axis)
    for name in NAMES:
        recall, precision = lines[name].get_data()
        assert lines[name].get_drawstyle() == "steps-pre"
        area = np.sum(np.diff(recall) * np.asarray(precision)[1:])
        assert area == pytest.approx(average_precision_score(fixed.Y, fixed.SCORES[name]))
        # It begins at recall 0 with the precision of the first positive, and not with a cliff.
        assert (recall[0], precision[0]) == (0, precision[1])
        assert lines[name].get_color() == COLOURS[name]
    labels = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    prevalence = labels["prevalence"]
    assert (prevalence.get_color(), list(prevalence.get_ydata())) == (GREY, [0.25, 0.25])
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("recall", "precision")
    assert (axis.get_xlim(), axis.get_ylim()) == ((0, 1), (0, 1.02))
    assert legend(axis) == (
        "average precision",
        ["baseline (0.808)", "under (0.943)", "other rules", "rule in use (max_f1)", "prevalence"],
    )
    # Of the model to use: 4 of 5 found, all alarms right; .5 has a false alarm, .05 flags 8 rows.
    assert points(labels["rule in use (max_f1)"]) == [(0.8, 1.0)]
    assert points(labels["other rules"]) == [(0.8, 0.8), (1.0, 5 / 8)]


def test_the_roc_curve_encloses_the_area(results):
    (axis,) = drawn(of_report.draw_roc, results)
    for name, line in lines_of(axis).items():
        rate, recall = line.get_data()
        assert np.trapezoid(recall, rate) == pytest.approx(fixed.ROC_AUC[name])
        assert line.get_color() == COLOURS[name]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("false positive rate", "recall")
    assert (axis.get_xlim(), axis.get_ylim()) == ((0, 1), (0, 1.02))
    assert legend(axis) == ("ROC AUC", ["baseline (0.920)", "under (0.973)"])
    assert ticks(axis) == {
        0: "0", 1e-4: "0.0001", 1e-3: "0.001", 0.01: "0.01", 0.1: "0.1", 1: "1"
    }  # fmt: skip


def ticks(axis):
    shown = [label.get_text() for label in axis.get_xticklabels()]
    return dict(zip(axis.get_xticks().tolist(), shown, strict=True))


def points(line):
    return [tuple(float(value) for value in point) for point in line.get_xydata()]


def test_the_model_to_use_has_the_wide_line():
    for name in NAMES:
        (axis,) = drawn(of_report.draw_precision_recall, fixed.results(name))
        widths = {other: line.get_linewidth() for other, line in lines_of(axis).items()}
        assert max(widths, key=widths.get) == name
        assert len(set(widths.values())) == 2


def legend(axis):
    shown = axis.get_legend()
    return shown.get_title().get_text(), [text.get_text() for text in shown.get_texts()]


def test_the_confusion_figure_has_each_count_in_its_cell(results):
    axes = drawn(of_report.draw_confusion, results)
    for name, axis in zip(NAMES, axes, strict=True):
        found, missed, alarms, left = fixed.COUNTS[name]
        assert axis.get_title() == f"{name}\nat {fixed.THRESHOLDS[name]:g}"
        assert [label.get_text() for label in axis.get_xticklabels()] == ["left", "flagged"]
        cells = {text.get_position(): text.get_text() for text in axis.texts}
        assert cells == {(0, 0): str(left), (1, 0): str(alarms), (0, 1): str(missed),
                         (1, 1): str(found)}  # fmt: skip
        shares = axis.get_images()[0].get_array().filled()
        assert shares == pytest.approx(
            np.array([[left / 15, alarms / 15], [missed / 5, found / 5]])
        )
    sides = [[label.get_text() for label in axis.get_yticklabels()] for axis in axes]
    assert sides == [["negative", "positive"], ["", ""]]


def test_the_calibration_figure_has_raw_left_and_corrected_right(results, written):
    rows = rows_of(written[0], "calibration")
    axes = drawn(of_report.draw_calibration, results)
    for kind, axis in zip(("raw", "corrected"), axes, strict=True):
        assert axis.get_title() == kind
        assert axis.get_xlabel() == "mean probability"
        assert (axis.get_xlim(), axis.get_ylim()) == ((0, 1), (0, 1))
        for name, line in lines_of(axis).items():
            bins = [row for row in rows[name] if row["probabilities"] == kind]
            x, y = line.get_data()
            assert x == pytest.approx(floats(bins, "mean_probability"), rel=1e-4)
            assert y == pytest.approx(floats(bins, "share_of_positives"), rel=1e-4)
            assert line.get_color() == COLOURS[name]
    assert axes[0].get_ylabel() == "share of positives"
    left, right = (axis.get_position() for axis in axes)
    assert left.x1 < right.x0


def test_the_legend_of_the_ratio_curve_lies_below_the_axes_and_inside_the_picture():
    figure = figures.new_figure()
    stopped = [("random_over", 1, 0.6), ("random_under", 7, 0.62)]
    figures.draw_ratio(figure, fixed.RATIOS, stopped, fixed.STUDY, "average precision")
    figure.canvas.draw()
    (axis,) = figure.axes
    legend, label = axis.get_legend().get_window_extent(), axis.xaxis.label.get_window_extent()
    assert legend.y1 <= label.y0
    assert legend.x0 >= 0
    assert legend.x1 <= figure.bbox.width
    assert legend.y0 >= 0


def test_the_ratio_curve_has_scores_errors_and_the_choice():
    (axis,) = drawn(figures.draw_ratio, fixed.RATIOS, [], fixed.STUDY, "average precision")
    (bars,) = axis.containers
    ratios, scores = bars.lines[0].get_data()
    assert (list(ratios), list(scores)) == ([1, 2, 3], [0.63, 0.65, 0.61])
    (segments,) = bars.lines[2]
    half = [(top[1] - low[1]) / 2 for low, top in segments.get_segments()]
    assert half == pytest.approx([0.02, 0.025, 0.015])
    assert bars.lines[0].get_color() == COLOURS["under"]
    assert bars.lines[0].get_marker() == "o"  # a single ratio has no line
    labels = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    band = labels["no resampling (3) ± standard error"]
    assert (band.get_y(), band.get_height()) == pytest.approx((0.595, 0.03))
    assert [point[0] for point in labels["chosen (2)"].get_data()] == [2, 0.65]
    assert [point[0] for point in labels["smallest as good (1)"].get_data()] == [1, 0.63]
    assert axis.get_xscale() == "log"
    assert axis.get_xlabel() == "negatives per positive"
    assert axis.get_ylabel() == "average precision, out of fold"


def test_no_ring_marks_the_natural_ratio():
    best = [("random_under", 1, 0.5, 0.01), ("random_under", 3, 0.61, 0.015)]
    (axis,) = drawn(figures.draw_ratio, best, [], fixed.STUDY, "F1")
    labels = axis.get_legend_handles_labels()[1]
    assert not [label for label in labels if label.startswith("smallest")]


def test_two_treatments_have_two_lines_of_two_colours():
    points = [*fixed.RATIOS, ("smote", 2, 0.6, 0.01), ("smote", 3, 0.61, 0.015)]
    (axis,) = drawn(figures.draw_ratio, points, [], fixed.STUDY, "F1")
    lines = {bars.get_label(): bars.lines[0] for bars in axis.containers}
    assert {arm: line.get_color() for arm, line in lines.items()} == {
        "random_under": "#0072B2",
        "smote": "#E69F00",
    }
    assert list(lines["random_under"].get_xdata()) == [1, 2, 3]
    assert list(lines["smote"].get_ydata()) == [0.6, 0.61]


def test_ratios_that_were_stopped_are_hollow_points_without_a_bar():
    stopped = [("random_under", 1, 0.4), ("random_under", 2, 0.5)]
    (axis,) = drawn(figures.draw_ratio, fixed.RATIOS, stopped, fixed.STUDY, "F1")
    line = next(line for line in axis.lines if line.get_label() == "random_under, stopped early")
    assert line.get_xydata().tolist() == [[1, 0.4], [2, 0.5]]
    assert line.get_markerfacecolor() == "none"


def test_the_curve_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text("treatment,ratio,score,standard_error\nu,1,0.5,\nu,9,0.75,0.125\n")
    points, stopped = of_report.read_ratios(path)
    assert points == [("u", 9, 0.75, 0.125)]
    assert stopped == [("u", 1, 0.5)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is missing; run 'dvc repro' to make it"),
        ("treatment,ratio,score,standard_error\n", "is not whole"),
        ("treatment,ratio,score,standard_error\nu,1,0.5,\n", "is not whole"),
        ("treatment,ratio,score,standard_error\nu,1,0.5\n", "is not whole"),
        ("treatment,ratio,score,standard_error\nu,1,half,0.1\n", "is not whole"),
        ("treatment,ratio,score\nu,1,0.5\n", "is not whole"),
        ('treatment,ratio,score,standard_error\n"u,1,0.5,0.1\n', "is not whole"),
    ],
)
def test_a_curve_that_is_missing_or_cut_is_a_line(tmp_path, content, said):
    path = tmp_path / "curve.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=rf"curve\.csv {said}"):
        of_report.read_ratios(path)


@pytest.mark.parametrize(
    ("points", "ratio"),
    [
        ([(1, 0.5, 0.1), (9, 0.75, 0.1), (50, 0.8, 0.1)], 9),
        # The error is that of the best ratio.
        ([(1, 0.5, 0.5), (9, 0.75, 0.1), (50, 0.8, 0.04)], 50),
        # The best need not be the largest ratio.
        ([(1, 0.5, 0.1), (9, 0.8, 0.05), (50, 0.6, 0.3)], 9),
        # One standard error below the best is still as good.
        ([(1, 0.75, 0.1), (50, 1.0, 0.25)], 1),
    ],
)
def test_the_smallest_ratio_as_good_is_within_one_standard_error(points, ratio):
    assert figures.smallest_as_good([("under", *point) for point in points])[1] == ratio


# The figures of the page alone.


def labelled(axis):
    return dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))


def test_the_classes_are_drawn_with_the_threshold_of_the_model_to_use(results):
    (axis,) = drawn(of_report.draw_by_class, results)
    shown = labelled(axis)
    assert list(shown) == ["negatives", "positives", "threshold (0.6)"]
    for label in ("negatives", "positives"):
        values, edges, _ = shown[label].get_data()
        assert values == pytest.approx(results.curves["under"]["by_class"][label])
        assert values.sum() == pytest.approx(1)
        assert edges == pytest.approx(results.curves["under"]["by_class"]["edges"])
    assert shown["threshold (0.6)"].get_xdata()[0] == pytest.approx(np.log(0.6 / 0.4))
    assert axis.get_xlabel() == "probability by under (scale of log-odds)"
    ticks = {label.get_text(): place for place, label in
             zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)}  # fmt: skip
    assert list(map(float, ticks)) == [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 0.99, 0.999]
    for text, place in ticks.items():
        assert place == pytest.approx(np.log(float(text) / (1 - float(text))))


def test_the_page_shows_calibration_after_correction_with_wilson_intervals(results):
    (axis,) = drawn(of_report.draw_corrected, results)
    bins = results.curves["under"]["corrected"]
    x, _ = lines_of(axis)["under"].get_data()
    assert list(x) == list(bins["mean_probability"])
    (container,) = axis.containers
    (segments,) = container.lines[2]
    for (low, high), n, share in zip(
        segments.get_segments(), bins["rows"], bins["share_of_positives"], strict=True
    ):
        wanted = proportion(round(share * n), n)
        assert (low[1], high[1]) == pytest.approx(wanted, abs=1e-7)


def proportion(found, n, z=1.959964):
    """Return the interval of Wilson (1927)."""
    p = found / n
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def test_the_net_benefit_weighs_false_alarms_by_the_odds(results):
    """From .45 to .5 under finds 4 with one false alarm; all rows are 5 positives of 20."""
    (axis,) = drawn(of_report.draw_decision_curve, results)
    shown = labelled(axis)
    assert list(shown) == ["baseline", "under", "95 % interval of under", "flag all", "flag none"]
    x = np.asarray(shown["under"].get_xdata())
    at = int(np.flatnonzero((x > 0.45) & (x <= 0.5))[-1])
    odds = x[at] / (1 - x[at])
    assert shown["under"].get_ydata()[at] == pytest.approx(1000 * (4 - odds) / 20)
    assert shown["baseline"].get_ydata()[at] == pytest.approx(1000 * (3 - odds) / 20)
    assert shown["flag all"].get_ydata()[at] == pytest.approx(1000 * (5 - 15 * odds) / 20)
    assert set(shown["flag none"].get_ydata()) == {0}
    # 5 of 20 rows are positive: at most 250 in 1,000. What costs more than it finds goes far below.
    assert axis.get_ylim() == (-50, 312.5)
    assert shown["under"].get_color() == COLOURS["under"]
    (row,) = (
        row
        for row in results.decision_curve
        if row["model"] == "under" and row["threshold"] == x[at]
    )
    corners = shown["95 % interval of under"].get_paths()[0].vertices
    heights = corners[np.isclose(corners[:, 0], x[at]), 1]
    ends = [1000 * row["low"], 1000 * row["high"]]
    assert [min(heights), max(heights)] == pytest.approx(ends)
    assert row["low"] < row["net_benefit"] < row["high"]


def test_the_net_benefit_is_drawn_up_to_a_threshold_of_nine_tenths(results):
    template = results.decision_curve[0]
    points = [
        template | {"model": model, "threshold": at}
        for model in ("baseline", "under", "flag all", "flag none")
        for at in (0.5, 0.9, 0.91)
    ]
    (axis,) = drawn(of_report.draw_decision_curve, replace(results, decision_curve=points))
    assert [line.get_xdata().tolist() for line in axis.get_lines()] == [[0.5, 0.9]] * 4


def test_the_cost_is_that_of_the_rule_by_threshold(results):
    """A missed positive costs 100, each flagged row 5."""
    (axis,) = drawn(of_report.draw_cost, results)
    shown = labelled(axis)
    x, y = shown["under"].get_data()
    # From .6: one missed, four flagged; from .5: one missed, five flagged.
    assert y[list(x).index(0.6)] == 100 + 4 * 5
    assert y[list(x).index(0.5)] == 100 + 5 * 5
    assert shown["flag none"].get_ydata()[0] == 500
    assert shown["flag all"].get_ydata()[0] == 100
    assert points(shown["rule costs"]) == [(0.05, 8 * 5)]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("threshold", "cost on the test rows")
    assert axis.get_xlim() == (1e-4, 1)


def test_the_learning_curve_goes_on_to_twice_the_positives(results):
    (axis,) = drawn(of_report.draw_learning_curve, results)
    assert axis.get_xlabel() == "positives in a training fold"
    assert axis.get_ylabel() == "average precision, out of fold"
    assert ticks(axis) == {100: "100", 200: "200", 400: "400", 800: "800"}
    assert axis.get_legend_handles_labels()[1] == [
        "inverse power law",
        "out of fold ± standard error",
        "twice as many, 95 % interval",
    ]


def test_the_cost_is_drawn_of_the_rule_in_use_and_down_to_what_it_earns(results):
    """A positive that is found earns 50, a negative left alone 1; a missed one costs 100."""
    earns = {"c_fn": 100, "c_fp": 5, "c_tp": -50, "c_tn": -1}
    given = fixed.PARAMS.model_dump()["threshold"]["rules"]
    rules = given | {"earn": {"rule": "expected_cost", **earns}}
    section = params(threshold__rules=rules, threshold__use="earn")
    at = {"threshold": 0.2, "true_positives": 5, "false_positives": 2}
    decided = {"under": results.decisions["under"] | {"earn": at}}
    found = replace(results, params=section, decisions=results.decisions | decided)
    (axis,) = drawn(of_report.draw_cost, found)
    shown = labelled(axis)
    x, y = (list(each) for each in shown["under"].get_data())
    # Found, missed, alarms, left alone: 4, 1, 0, 15 from .6; 4, 1, 1, 14 from .5; 5, 0, 2, 13.
    assert y[x.index(0.6)] == -4 * 50 + 100 - 15
    assert y[x.index(0.5)] == -4 * 50 + 100 + 5 - 14
    assert points(shown["rule earn"]) == [(0.2, -5 * 50 + 2 * 5 - 13)]
    assert shown["flag none"].get_ydata()[0] == 5 * 100 - 15
    assert shown["flag all"].get_ydata()[0] == -5 * 50 + 15 * 5
    low, high = axis.get_ylim()
    assert low < -253
    assert high > 485
    title = of_report.PICTURES["cost"].titled
    assert title(found) == "Cost by threshold (rule earn)"
    assert title(results) == "Cost by threshold (rule costs)"
    assert drawn(of_report.draw_cost, results)[0].get_ylim()[0] == 0


@pytest.mark.parametrize("lowest", [0.0001, 0.01, 0.03, 0.1])
def test_labels_of_thresholds_do_not_overlap(results, lowest):
    template = results.decision_curve[0]
    curve = [
        template | {"model": model, "threshold": at}
        for model in ("baseline", "under", "flag all", "flag none")
        for at in (lowest, 0.9)
    ]
    figure = figures.new_figure(4.0, 3.1)
    of_report.draw_decision_curve(figure, replace(results, decision_curve=curve))
    assert len(labels_apart(figure)) >= 3


@pytest.mark.parametrize("ratios", [(1, 3), (1, 9), (2, 16), (1, 578)])
def test_labels_of_ratios_do_not_overlap(ratios):
    points = [("under", ratio, 0.6, 0.01) for ratio in ratios]
    study = fixed.STUDY | {"natural_ratio": ratios[-1]}
    figure = figures.new_figure(4.0, 3.1)
    figures.draw_ratio(figure, points, [], study, "F1")
    assert len(labels_apart(figure)) >= 2


def labels_apart(figure):
    """Return the labels of the x-axis that can be seen, after checking that none overlap."""
    figure.canvas.draw()
    (axis,) = figure.axes
    left, right = axis.get_xlim()
    ticks = [*axis.xaxis.get_major_ticks(), *axis.xaxis.get_minor_ticks()]
    shown = [
        (tick.label1.get_window_extent(), tick.label1.get_text())
        for tick in ticks
        if tick.label1.get_text() and left <= tick.get_loc() <= right
    ]
    shown.sort(key=lambda pair: pair[0].x0)
    for (one, _), (other, _) in itertools.pairwise(shown):
        assert one.x1 < other.x0
    return [text for _, text in shown]


def test_an_alert_budget_buys_recall(results):
    (axis,) = drawn(of_report.draw_alerts, results)
    shown = labelled(axis)
    alerts, recall = shown["recall"].get_data()
    at, precision = shown["precision"].get_data()
    assert list(at) == list(alerts)
    assert recall[list(alerts).index(4)] == 0.8
    assert precision[list(alerts).index(4)] == 1.0
    assert precision[list(alerts).index(7)] == 5 / 7
    assert shown["4 alerts"].get_xdata()[0] == 4
    assert axis.get_xlabel() == "alerts among 20 rows"
    assert (axis.get_xscale(), axis.get_xlim(), axis.get_ylim()) == ("log", (1, 20), (0, 1.02))
