"""Decisions and calibration in each value of a column, with intervals that hold together."""

import numpy as np
import pytest
from scipy import stats

from rebalance.errors import InputError
from rebalance.judging import segments
from rebalance.store import Table


def table(region, y, **others):
    others = {"region": np.array(region, dtype=object)} | others
    return Table(X=np.arange(len(y) * 1.0)[:, None], y=np.array(y), features=["x"], others=others)


def test_the_numbers_of_a_segment_worked_by_hand():
    # North: 12 positives of 20, 9 of them flagged, and 3 of 8 negatives. South: 2 positives of 10.
    y = [1] * 12 + [0] * 8 + [1] * 2 + [0] * 8
    score = [0.9] * 9 + [0.2] * 3 + [0.6] * 3 + [0.1] * 5 + [0.9] + [0.1] * 9
    rows = table(["north"] * 20 + ["south"] * 10, y)

    north, south = segments.by_segment(rows, np.array(score), 0.5, ["region"])

    assert (north["column"], north["value"]) == ("region", "north")
    assert (north["rows"], north["positives"], north["note"]) == (20, 12, "")
    assert north["recall"] == pytest.approx(9 / 12)
    assert north["precision"] == pytest.approx(9 / 12)
    assert north["alert_share"] == pytest.approx(12 / 20)
    assert north["calibration"] == pytest.approx(12 / (9 * 0.9 + 3 * 0.2 + 3 * 0.6 + 5 * 0.1))
    for name in ("recall", "precision", "alert_share", "calibration"):
        assert north[f"{name}_low"] < north[name] < north[f"{name}_high"]
    assert (south["positives"], south["note"]) == (2, "too few positives")
    assert south["alert_share"] == pytest.approx(1 / 10)
    assert not {"recall", "precision", "calibration"} & south.keys()


def test_two_values_are_never_one_segment():
    # A code that is missing in one row is a float in all.
    codes = np.array([1000001.0, 1000002.0, np.nan, 20260101.0, 20260102.0, 0.1, 0.1000001, -3.0])
    rows = Table(X=np.zeros((8, 1)), y=np.zeros(8), features=["x"], others={"shop": codes})
    found = {value: place.tolist() for value, place in segments.values(rows, "shop")}
    assert found == {
        "1000001": [0],
        "1000002": [1],
        "missing": [2],
        "20260101": [3],
        "20260102": [4],
        "0.1": [5],
        "0.1000001": [6],
        "-3": [7],
    }


@pytest.mark.parametrize(("positives", "enough"), [(9, False), (10, True)])
def test_a_segment_needs_ten_positives(positives, enough):
    y = np.repeat([1, 0], [positives, 20])
    (found,) = segments.by_segment(table(["a"] * y.size, y), y * 0.8, 0.5, ["region"])
    assert (found["note"] == "", "recall" in found, "calibration" in found) == (enough,) * 3


@pytest.mark.parametrize("count", [1, 4])
def test_intervals_are_corrected_for_the_number_of_segments(count):
    y, flagged = np.tile([1] * 40 + [0] * 60, count), np.tile(np.arange(100) < 30, count)
    region = np.repeat([f"r{i}" for i in range(count)], 100)
    found = segments.by_segment(table(region, y), flagged * 1.0, 0.5, ["region"])
    assert len(found) == count
    level = 1 - 0.05 / count
    expected = stats.binomtest(30, 100).proportion_ci(level, method="wilson")
    ends = found[0]["alert_share_low"], found[0]["alert_share_high"]
    assert ends == pytest.approx(tuple(expected), abs=0.004)


def test_intervals_of_groups_are_those_of_the_groups():
    rng = np.random.default_rng(0)
    y, score = (rng.random(300) < 0.3).astype(int), rng.random(300)
    once = segments.by_segment(table(["a"] * 300, y), score, 0.5, ["region"])[0]
    thrice = segments.by_segment(
        table(["a"] * 900, np.repeat(y, 3)), np.repeat(score, 3), 0.5, ["region"],
        np.repeat(np.arange(300), 3),
    )[0]  # fmt: skip
    for name in ("recall", "precision", "alert_share", "calibration"):
        assert thrice[f"{name}_low"] == pytest.approx(once[f"{name}_low"], rel=1e-6)


def test_the_calibration_of_right_probabilities_holds_1():
    held, rng = 0, np.random.default_rng(0)
    for _ in range(300):
        score = rng.beta(1, 8, 400)
        y = (rng.random(400) < score).astype(int)
        (found,) = segments.by_segment(table(["a"] * 400, y), score, 0.5, ["region"])
        held += found["calibration_low"] <= 1 <= found["calibration_high"]
    assert 270 <= held <= 297


def test_values_are_text_and_gaps_are_missing():
    rows = table(["b", None, "a", float("nan")], [0, 1, 0, 1], code=np.array([2.0, 1.0, 2.0, 1.0]))
    found = segments.by_segment(rows, np.full(4, 0.3), 0.5, ["region", "code"])
    assert [(each["column"], each["value"], each["rows"]) for each in found] == [
        ("region", "missing", 2), ("region", "a", 1), ("region", "b", 1),
        ("code", "1", 2), ("code", "2", 2),
    ]  # fmt: skip


def test_columns_that_are_no_segments_are_one_line():
    rows = table(["a"] * 60, [0, 1] * 30)
    with pytest.raises(InputError, match=r"evaluate\.segments: column 'city' is not in the table"):
        segments.by_segment(rows, np.full(60, 0.3), 0.5, ["city"])
    with pytest.raises(InputError, match="columns of at most 50 values, and 'x' has 60"):
        segments.by_segment(rows, np.full(60, 0.3), 0.5, ["x"])
    assert segments.by_segment(rows, np.full(60, 0.3), 0.5, []) == []


def test_the_ends_of_a_calibration_worked_by_hand():
    """Of 20 positives 10 are expected: twice as many, each row adding (y - 2 p) / 10."""
    y = np.repeat([1, 0], [20, 30])
    score = np.where(y == 1, 0.3, 4 / 30)
    (found,) = segments.by_segment(table(["a"] * 50, y), score, 0.5, ["region"])
    assert found["calibration"] == pytest.approx(2)
    error = np.sqrt(50 / 49 * (20 * 0.04**2 + 30 * (8 / 300) ** 2))
    half = stats.norm.ppf(0.975) * error / 2
    assert found["calibration_low"] == pytest.approx(2 * np.exp(-half))
    assert found["calibration_high"] == pytest.approx(2 * np.exp(half))
