"""When the interval of a difference is doubted: each bound at its edge, worked by hand."""

import numpy as np
import pytest

from rebalance.comparison import intervals
from rebalance.comparison.bootstrap import Strata
from rebalance.comparison.estimates import doubt_of_difference

# 64 positives: a share of them is a sum of powers of two, so that no edge is rounded.
POSITIVES, NEGATIVES = 64, 65
Y = np.repeat([1, 0], [POSITIVES, NEGATIVES])
STRATA = Strata.of(Y)


def worth(errors):
    """Return a metric that so many positives' worth of ranking errors leave."""
    return 1 - errors / POSITIVES


def doubt(arm, baseline, apart, name="average_precision", strata=STRATA, roc_auc=(0.5, 0.5)):
    arm = {"average_precision": arm, "roc_auc": roc_auc[0]}
    baseline = {"average_precision": baseline, "roc_auc": roc_auc[1]}
    return doubt_of_difference(name, arm, baseline, apart, strata, POSITIVES)


def even(error):
    """Return contributions of which no row makes much, with a standard error.

    All lie with the negatives, half above and half below: 64 of 65 rows, each of x, have the
    variance 64 x^2 / 64, and 65 of them the squared error 65 x^2.
    """
    x = error / np.sqrt(NEGATIVES)
    return np.r_[np.zeros(POSITIVES), np.tile([x, -x], 32), 0.0]


def test_contributions_have_the_error_that_the_others_rest_on():
    from rebalance.comparison.jackknife import spread

    assert spread(even(0.25), STRATA) == pytest.approx(0.25)


@pytest.mark.parametrize("name", ["average_precision", "roc_auc", "brier", "f1"])
@pytest.mark.parametrize(("arm", "baseline"), [(4.75, 9), (9, 4.75), (4.75, 3)])
def test_one_model_of_hardly_an_error_is_no_reason_alone(name, arm, baseline):
    few = max(arm, baseline) < 5
    apart = even(1e-9) if name in {"average_precision", "roc_auc"} else None
    assert (doubt(worth(arm), worth(baseline), apart, name) == intervals.FEW_ERRORS) == few


def test_the_area_under_the_roc_curve_is_doubted_for_errors_of_its_own():
    few = worth(4.75), worth(3)
    assert doubt(0.5, 0.5, None, "roc_auc", roc_auc=few) == intervals.FEW_ERRORS
    assert doubt(0.5, 0.5, even(1e-9), "average_precision", roc_auc=few) == ""


@pytest.mark.parametrize(("errors_apart", "doubted"), [(3.9, True), (4.1, False)])
@pytest.mark.parametrize("arm", [4, 12])
def test_one_model_of_hardly_an_error_needs_a_difference_of_four_errors(arm, errors_apart, doubted):
    # 4 positives' worth of errors in one model and 12 in the other are 8 / 64 apart.
    apart = even(8 / POSITIVES / errors_apart)
    said = doubt(worth(arm), worth(16 - arm), apart)
    assert said == (intervals.FEW_ERRORS if doubted else "")


def one(share, error):
    """Return contributions of which one row makes a share of the squares, and the error of all."""
    from rebalance.comparison.jackknife import spread

    rest = even(1.0)
    single = np.sqrt(share / (1 - share) * np.sum(rest**2))
    rest[-1] = single
    return rest * error / spread(rest, STRATA)


@pytest.mark.parametrize(("share", "doubted"), [(0.39, False), (0.41, True)])
def test_one_row_may_make_four_tenths_of_the_variance(share, doubted):
    said = doubt(0.5, 0.5, one(share, 0.01))
    assert said == ("one row makes 41 % of the variance of the difference" if doubted else "")


@pytest.mark.parametrize(("errors_apart", "doubted"), [(9.9, True), (10.1, False)])
def test_a_difference_of_ten_errors_is_one_whatever_a_row_makes(errors_apart, doubted):
    assert bool(doubt(0.5, 0.25, one(0.5, 0.25 / errors_apart))) == doubted
    assert bool(doubt(0.25, 0.5, one(0.5, 0.25 / errors_apart))) == doubted


def test_a_group_is_named_where_groups_are_drawn():
    strata = Strata.of(Y, np.r_[np.arange(Y.size - 1), Y.size - 2])
    said = doubt(0.5, 0.5, one(0.5, 0.01), strata=strata)
    assert said.startswith("one group makes")
