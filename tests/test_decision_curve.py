"""Net benefit by hand, against resampling, and in pairs."""

import numpy as np
import pytest
from scipy import stats

from rebalance.judging import decision_curve

Y = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
SCORE = np.array([0.9, 0.3, 0.6, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        # One hit; one false alarm that weighs 1.
        (0.5, (1 - 1) / 10),
        # Two hits; two false alarms that weigh a quarter.
        (0.2, (2 - 2 / 4) / 10),
        (0.3, (2 - 3 / 7) / 10),
        (0.95, 0.0),
    ],
)
def test_the_net_benefit_worked_by_hand(threshold, expected):
    assert decision_curve.net_benefit(Y, SCORE, threshold).mean() == pytest.approx(expected)


def rows_of(found, model):
    return [row for row in found if row["model"] == model]


def test_the_policies_stand_beside_the_models():
    found = decision_curve.curve(Y, {"baseline": SCORE}, "baseline")
    thresholds = [row["threshold"] for row in rows_of(found, "baseline")]
    assert thresholds == sorted(thresholds)
    assert 0 < thresholds[0] <= 0.01
    assert thresholds[-1] == pytest.approx(0.99)
    assert all(row["net_benefit"] == row["low"] == 0 for row in rows_of(found, "flag none"))
    for row in rows_of(found, "flag all"):
        odds = row["threshold"] / (1 - row["threshold"])
        assert row["net_benefit"] == pytest.approx(0.2 - 0.8 * odds)
    for row in rows_of(found, "baseline"):
        assert row["difference"] == row["difference_low"] == row["difference_high"] == 0
    apart = zip(rows_of(found, "flag all"), rows_of(found, "baseline"), strict=True)
    assert all(
        a["difference"] == pytest.approx(a["net_benefit"] - b["net_benefit"]) for a, b in apart
    )


@pytest.mark.parametrize("grouped", [False, True])
def test_the_bands_are_those_of_drawing_rows_or_groups_again(grouped):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(500), 4) if grouped else np.arange(2000)
    y_true = (rng.random(groups.max() + 1) < 0.1)[groups].astype(int)
    scores = {
        name: 1 / (1 + np.exp(2 - rng.normal(gap * y_true)))
        for name, gap in (("baseline", 1.5), ("arm", 2.5))
    }
    found = decision_curve.curve(y_true, scores, "baseline", groups if grouped else None)
    row = min(rows_of(found, "arm"), key=lambda row: abs(row["threshold"] - 0.2))
    values = {
        name: decision_curve.net_benefit(y_true, score, row["threshold"])
        for name, score in scores.items()
    }
    units = np.array([np.flatnonzero(groups == g) for g in range(groups.max() + 1)])
    drawn = []
    for _ in range(2000):
        rows = units[rng.integers(0, len(units), len(units))].ravel()
        drawn.append(
            [values["arm"][rows].mean(), (values["arm"] - values["baseline"])[rows].mean()]
        )
    widths = 2 * 1.96 * np.std(drawn, axis=0)
    assert row["high"] - row["low"] == pytest.approx(widths[0], rel=0.08)
    assert row["difference_high"] - row["difference_low"] == pytest.approx(widths[1], rel=0.08)


@pytest.mark.parametrize(
    ("positives", "rows", "lowest"),
    # A tenth of the share of positives, from .0001 to .01.
    [(50, 1000, 0.005), (500, 1000, 0.01), (1, 2000, 0.0001)],
)
def test_a_curve_begins_at_a_tenth_of_the_share_of_positives(positives, rows, lowest):
    at = decision_curve.thresholds(np.arange(rows) < positives)
    assert (at[0], at[-1]) == (pytest.approx(lowest), pytest.approx(0.99))


def test_a_band_of_few_groups_is_that_of_student_with_their_number():
    """Each group's total is a draw; of n of them the sum has n times their variance."""
    groups = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 3])
    for row in rows_of(decision_curve.curve(Y, {"m": SCORE}, "m", groups), "m")[::10]:
        values = decision_curve.net_benefit(Y, SCORE, row["threshold"])
        totals = np.bincount(groups, values - values.mean())
        half = stats.t.ppf(0.975, 3) * np.sqrt(4) * totals.std(ddof=1) / 10
        assert row["high"] - row["net_benefit"] == pytest.approx(half)
    for row in rows_of(decision_curve.curve(Y, {"m": SCORE}, "m"), "m")[::10]:
        values = decision_curve.net_benefit(Y, SCORE, row["threshold"])
        half = stats.t.ppf(0.975, 9) * values.std(ddof=1) / np.sqrt(10)
        assert row["high"] - row["net_benefit"] == pytest.approx(half)
