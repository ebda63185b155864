"""Intervals equal their slow or published form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from rebalance.comparison import bootstrap, estimates, intervals


@pytest.mark.parametrize(("value", "degrees"), [(0.01, 2), (0.2, 20), (0.49, 49), (0.9, 49)])
def test_an_average_precision_knows_its_error_as_well_as_its_hits(value, degrees):
    strata = bootstrap.Strata.of(np.repeat([1, 0], [50, 500]))
    assert estimates.degrees("average_precision", value, strata) == pytest.approx(degrees)
    assert estimates.degrees("roc_auc", value, strata) == 49


def test_the_interval_of_a_share_of_rows_is_wilsons():
    y_true = np.repeat([1, 0], [40, 100])
    part = np.arange(140) < 30
    strata = bootstrap.Strata.of(y_true)
    low, high = estimates.linear_interval("recall", part, y_true == 1, strata)
    expected = stats.binomtest(30, 40).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx(expected, abs=0.005)
    everything = estimates.linear_interval("recall", y_true == 1, y_true == 1, strata)
    assert everything == pytest.approx(stats.binomtest(40, 40).proportion_ci(method="wilson"))


@pytest.mark.parametrize("grouped", [False, True])
def test_the_interval_of_a_ratio_of_sums_is_that_of_drawing_its_rows_again(grouped):
    rng = np.random.default_rng(0)
    y_true = np.repeat([1, 0], [200, 2000])
    groups = rng.integers(0, 500, y_true.size) if grouped else None
    whole = np.where(rng.random(y_true.size) < 0.3, rng.exponential(3, y_true.size), 0.0)
    part = whole * y_true
    strata = bootstrap.Strata.of(y_true, groups)
    weight = np.concatenate(list(bootstrap.weights(strata, 2000, seed=0)), axis=1)[strata.unit]
    drawn = (part @ weight) / (whole @ weight)

    low, high = estimates.linear_interval("precision", part, whole, strata)

    assert low < part.sum() / whole.sum() < high
    assert high - low == pytest.approx(2 * 1.97 * drawn.std(), rel=0.1)


@given(st.integers(1, 200), st.integers(0, 200))
def test_the_score_interval_is_wilsons_for_a_binomial_share(n, hits):
    share = min(hits, n) / n
    low, high = intervals.score_interval(share, math.sqrt(share * (1 - share) / n), n)
    expected = stats.binomtest(min(hits, n), n).proportion_ci(method="wilson")
    assert (low, high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_ends_of_the_paired_interval_are_just_not_rejected_by_the_score_test():
    def score(gained, lost, n, apart):
        """The likeliest table with that difference by search, and the distance to what was seen."""

        def unlikely(share):
            cells = [(gained, share + apart), (lost, share)]
            cells.append((n - gained - lost, 1 - 2 * share - apart))
            return -sum(seen * math.log(max(p, 1e-300)) for seen, p in cells)

        bounds = max(0.0, -apart), (1 - apart) / 2
        share = optimize.minimize_scalar(unlikely, bounds=bounds, method="bounded",
                                         options={"xatol": 1e-10}).x  # fmt: skip
        return (gained - lost - n * apart) / math.sqrt(n * (2 * share + apart - apart**2))

    for gained, lost, n in ((12, 2, 50), (5, 1, 50), (1, 30, 98), (3, 3, 200), (0, 7, 40)):
        low, high = intervals.paired_interval(gained, lost, n)
        assert score(gained, lost, n, low) == pytest.approx(1.96, abs=1e-3)
        assert score(gained, lost, n, high) == pytest.approx(-1.96, abs=1e-3)


@pytest.mark.parametrize(
    ("gained", "lost", "low", "high"),
    [(0, 0, -0.0713, 0.0713), (50, 0, 0.8573, 1.0), (0, 50, -1.0, -0.8573)],
)
def test_the_paired_interval_where_no_row_or_every_row_differs(gained, lost, low, high):
    # Worked by hand: z squared over (n + z squared), and what is left of 1.
    found = intervals.paired_interval(gained, lost, 50)
    assert found == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


@pytest.mark.parametrize(("up", "down"), [(0.02, 0.0), (0.03, 0.005), (0.05, 0.01), (0.2, 0.2)])
def test_the_paired_interval_holds_the_truth_of_every_possible_table(up, down):
    n, held = 100, 0.0
    for differ in range(n + 1):
        for gained in range(differ + 1):
            chance = stats.multinomial.pmf(
                [gained, differ - gained, n - differ], n, [up, down, 1 - up - down]
            )
            if chance > 1e-7:
                low, high = intervals.paired_interval(gained, differ - gained, n)
                held += chance * (low <= up - down <= high)
    assert held > 0.93


@pytest.mark.parametrize(
    ("name", "value", "low", "high"),
    [
        # t of 10 degrees of freedom: 2.228 errors of .01 to each side.
        ("log_loss", 0.5, 0.47772, 0.52228),
        ("log_loss", 0.01, 0.0, 0.03228),
        ("brier_skill", 0.99, 0.96772, 1.0),
        ("mcc", -0.99, -1.0, -0.96772),
    ],
)
def test_an_interval_ends_where_its_metric_does(name, value, low, high):
    found = intervals.interval(name, value, 0.01, None, 100, 10)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))


def test_one_row_whose_weight_is_not_quite_1_is_one_row():
    strata = bootstrap.Strata.of(np.array([1, 1, 0, 0]))
    flagged = np.array([False, False, True, False])
    ends = {
        weight: estimates.linear_interval("precision", np.zeros(4), flagged * weight, strata)
        for weight in (1.0, 0.9999999999999999)
    }
    assert ends[0.9999999999999999] == pytest.approx(ends[1.0])
    assert 0 <= ends[1.0][0] < 1e-9 < ends[1.0][1]
