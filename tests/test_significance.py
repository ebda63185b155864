"""Tests and corrections equal their definition, worked by hand or by scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rebalance import comparison


@pytest.mark.parametrize(
    ("p_value", "said"),
    [(0.000999, "< 0.001"), (0.001, "0.001"), (0.0412, "0.041"), (1.0, "1.000")],
)
def test_a_p_value_is_written_in_three_decimals_down_to_a_thousandth(p_value, said):
    assert comparison.p_text(p_value) == said


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_is_the_binomial_test_of_the_discordant_rows(pairs):
    arm, baseline = np.array(pairs).T
    found = comparison.mcnemar(arm, baseline)
    gained, lost = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    assert (found.only_arm, found.only_baseline) == (gained, lost)
    if gained + lost:
        assert found.p_value == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)
    else:
        assert found.p_value == 1


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]),
        ([0.04, 0.001], [0.04, 0.002]),
        ([0.5, 0.6, 0.9], [1, 1, 1]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm_worked_by_hand(p_values, adjusted):
    assert comparison.holm(p_values) == pytest.approx(adjusted)


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20).filter(lambda d: np.std(d) > 1e-6))
def test_the_corrected_t_test_is_the_plain_one_when_no_row_is_shared(differences):
    found = comparison.corrected_t_test(differences, n_train=10**12, n_test=1)
    plain = stats.ttest_1samp(differences, 0)
    assert found.p_value == pytest.approx(plain.pvalue, rel=1e-6, abs=1e-12)
    ends = plain.confidence_interval()
    assert (found.low, found.high) == (pytest.approx(ends.low), pytest.approx(ends.high))


def test_the_corrected_t_test_worked_by_hand():
    found = comparison.corrected_t_test([0.01, 0.03, 0.02, 0.04, 0.0], n_train=800, n_test=200)
    # Mean .02, variance .00025, times 1/5 + 1/4.
    error = math.sqrt(0.45 * 0.00025)
    assert found.value == pytest.approx(0.02)
    assert found.p_value == pytest.approx(2 * stats.t.sf(0.02 / error, 4))
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, 4) * error)


@pytest.mark.parametrize(("differences", "p"), [([0, 0, 0], 1), ([0.1, 0.1, 0.1], 0)])
def test_the_corrected_t_test_without_spread(differences, p):
    assert comparison.corrected_t_test(differences, 8, 2).p_value == pytest.approx(p)


@pytest.mark.parametrize("n_tests", [1, 5])
def test_a_detectable_difference_is_found_four_times_in_five(n_tests):
    difference = comparison.detectable(0.01, n_tests)
    critical = stats.norm.ppf(1 - 0.025 / n_tests)
    assert stats.norm.sf(critical - difference / 0.01) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("value", [-0.012, -0.004, 0.0, 0.009, 0.03])
def test_equivalence_is_twice_the_greater_of_two_one_sided_tests(value):
    rng = np.random.default_rng(0)
    d = rng.normal(size=40)
    d = value + 0.02 * (d - d.mean()) / d.std(ddof=1)
    above = stats.ttest_1samp(d, -0.01, alternative="greater").pvalue
    below = stats.ttest_1samp(d, 0.01, alternative="less").pvalue
    found = comparison.equivalence(value, 0.02 / math.sqrt(40), 39, 0.01)
    assert found == pytest.approx(min(1, 2 * max(above, below)))


@pytest.mark.parametrize(("value", "p"), [(0.0, 0), (0.009, 0), (-0.01, 1), (0.02, 1)])
def test_equivalence_without_spread_is_whether_it_is_inside(value, p):
    assert comparison.equivalence(value, 0.0, 39, 0.01) == p


def test_a_fold_of_one_row_is_a_fold():
    # The two gains are .1 apart: their variance is .005, and (1/2 + 1) of it the squared error.
    found = comparison.corrected_t_test([0.1, 0.2], n_train=1, n_test=1)
    assert found.high - found.value == pytest.approx(12.7062 * math.sqrt(1.5 * 0.005), rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1], 8, 2), "at least two folds"),
        (([0.1, math.nan], 8, 2), "must be finite"),
        (([0.1, 0.2], 8, 0), "folds must have rows, got n_train=8 and n_test=0"),
        (([0.1, 0.2], 0, 8), "folds must have rows, got n_train=0 and n_test=8"),
    ],
)
def test_bad_folds_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        comparison.corrected_t_test(*arguments)
