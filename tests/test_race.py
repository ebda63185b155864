"""A candidate is stopped when it cannot beat no treatment any more, and only then."""

from concurrent.futures import Future

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from rebalance.tuning.futility import RISK, is_futile
from rebalance.tuning.race import race
from tests.strategies import params
from tests.studies import UNTREATED, Counting, scored, search

gains = st.lists(st.integers(-50, 50).map(lambda i: i / 100), min_size=1, max_size=4)


def chance(seen, n_folds, spread, one_standard_error):
    """Return the chance that the mean of all folds passes, by scipy's Student t or normal."""
    k, needed = len(seen), one_standard_error * spread / n_folds**0.5
    if k > 1:
        spread = np.std(seen, ddof=1)
        needed = one_standard_error * spread / n_folds**0.5
    scale = spread * (1 / k - 1 / n_folds) ** 0.5  # of the mean of all about that of the first
    law = stats.norm() if k == 1 else stats.t(k - 1)
    return law.sf((needed - np.mean(seen)) / scale)


@given(gains, st.integers(5, 10), st.floats(0.01, 0.5), st.booleans())
def test_what_has_a_smaller_chance_than_the_risk_is_futile(seen, n_folds, spread, error):
    assume(len(seen) == 1 or np.std(seen) > 0)
    expected = chance(seen, n_folds, spread, error)
    assume(abs(expected - RISK) > 1e-9)
    assert is_futile(seen, n_folds, spread, one_standard_error=error) == (expected < RISK)


def test_by_hand():
    # Mean -.02, spread .0141; the mean of five is -.02 with a scale of .0141 sqrt(.3) = .00775.
    # Above one standard error, .00632: t = 3.40 with 1 degree of freedom, a chance of .091.
    assert is_futile([-0.01, -0.03], 5, 1.0)
    # Above 0: t = 2.58, a chance of .118.
    assert not is_futile([-0.01, -0.03], 5, 1.0, one_standard_error=False)
    # One gain, with the spread of the untreated scores: z = (.0447 + .08) / .0894 = 1.39, .082.
    assert is_futile([-0.08], 5, 0.1)
    assert not is_futile([-0.06], 5, 0.1)


def test_equal_scores_so_far_are_futile_only_below():
    assert not is_futile([0.0, 0.0], 5, 1.0)
    assert is_futile([-0.01, -0.01], 5, 1.0)
    assert not is_futile([0.01, 0.01, 0.01, 0.01], 5, 1.0)


def test_hardly_any_candidate_is_stopped_that_all_folds_would_have_passed():
    rng = np.random.default_rng(0)
    passed = stopped = 0
    for mean in rng.uniform(-1, 1.5, 1500):
        drawn = mean + rng.normal(size=5)
        if drawn.mean() > np.std(drawn, ddof=1) / 5**0.5:
            passed += 1
            stopped += any(is_futile(drawn[:k], 5, 1.0) for k in range(1, 5))
    assert passed > 500
    assert stopped / passed < RISK


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("workers", [1, 3])
def test_a_candidate_is_stopped_at_its_first_futile_fold_and_at_no_other(seed, workers):
    given_ = params(tune__trials=16, tune__folds=5, tune__seed=seed)
    study = search(given_, Counting(noise=1.5), workers)
    untreated = study.scored[UNTREATED].scores
    assert len(untreated) == 5
    spread = np.std(untreated, ddof=1)
    for candidate, found in study.scored.items():
        if candidate == UNTREATED:
            continue
        differences = np.subtract(found.scores, untreated[: len(found.scores)])
        futile = [is_futile(differences[:k], 5, spread) for k in range(1, len(differences))]
        assert not any(futile)
        if found.pruned:
            assert is_futile(differences, 5, spread)
        else:
            assert len(differences) == 5
    assert sum(s.pruned for s in study.scored.values()) == study.summary()["pruned"] > 0


@pytest.mark.parametrize(("gain", "stopped"), [(-0.09, False), (-0.1, True)])
def test_one_gain_is_held_against_the_spread_of_a_sample(gain, stopped):
    """Of .3, .5 and .7 it is .2: futile below .2 (1 / sqrt(3) - 1.2816 sqrt(2 / 3)) = -.0938.

    The standard deviation of the three alone, .163, would stop from -.0766 on.
    """
    values = {"none": [0.3, 0.5, 0.7], "smote": [0.3 + gain, 0.9, 0.9]}
    untreated, treated = (scored(name, 3, [])[1] for name in values)

    def submit(candidate, number):
        done = Future()
        done.set_result(values[candidate.treatment][number])
        return done

    tune = params(tune__folds=3).tune
    race([untreated, treated], untreated, tune, submit, lambda _, score: score, 1)
    assert untreated.scores == values["none"]
    assert (treated.pruned, treated.scores) == (stopped, values["smote"][: 1 if stopped else 3])


def test_nothing_is_stopped_where_params_say_so():
    study = search(params(tune__prune=False, tune__folds=5), Counting(noise=1.5))
    assert {len(s.scores) for s in study.scored.values()} == {5}


def test_untreated_candidates_are_never_stopped():
    learning = {"learning_rate": {"low": 0.02, "high": 0.5}}
    study = search(params(tune__learner=learning, tune__trials=8, tune__folds=5), Counting(noise=2))
    untreated = [s for s in study.scored.values() if s.candidate.treatment == "none"]
    assert len(untreated) > 1
    assert {len(s.scores) for s in untreated} == {5}
    arms = study.summary()["arms"]
    assert 0 <= arms["none"]["fits"] - arms["random_under"]["fits"] < 5
    assert arms["random_under"]["pruned"] > 0
