"""Which ratios a study asks."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance.tuning import Candidate, Scored
from rebalance.tuning.arms import COARSE, FINE, Grid, Optuna, grid
from tests.strategies import params
from tests.studies import NATURAL, PARAMS, Counting, search


@given(st.integers(1, 50), st.integers(0, 3000), st.lists(st.integers(1, 4000), max_size=3))
def test_a_grid_has_its_ends_and_anchors_and_no_wide_gap(low, more, anchors):
    natural = low + more
    found = grid(low, natural, anchors, 60)
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (low, natural)
    assert {a for a in anchors if low <= a <= natural} <= set(found)
    # Rounding to whole numbers may widen a gap by half a number at each end.
    widest = COARSE * FINE  # a point of the grid goes where an anchor is near
    assert all(high - 0.5 <= widest * (low + 0.5) for low, high in pairwise(found))


@pytest.mark.parametrize(
    ("most", "expected"), [(1, [1]), (2, [1, 200]), (3, [1, 200, 577]), (4, [1, 2, 200, 577])]
)
def test_a_grid_of_few_ratios_has_the_lowest_the_anchors_and_the_natural_one(most, expected):
    assert grid(1, 577, [200, 900], most) == expected


def answers(arm, score):
    """Return what is known when each question of an arm is answered by ``score(ratio)``."""
    untreated = Candidate(treatment="none", ratio=577)
    known = {untreated: Scored(candidate=untreated, scores=[score(577)] * 3)}
    while asked := arm.ask(known):
        for candidate in asked:
            if (value := score(candidate.ratio)) is None:
                known[candidate] = Scored(candidate=candidate, scores=[0.0], pruned=True)
            else:
                known[candidate] = Scored(candidate=candidate, scores=[value] * 3)
            arm.tell(candidate, known[candidate])
    return known


def section(**changes):
    return params(**{f"tune__{key}": value for key, value in changes.items()}).tune


# 18 and 155 lie half-way between two ratios of the grid, each more than 1.25 times away.
@pytest.mark.parametrize("peak", [1, 6, 18, 40, 155, 230])
def test_ratios_about_the_best_are_asked_until_they_are_close(peak):
    arm = Grid("random_under", section(trials=60, anchors=[], low=1), 577)
    known = answers(arm, lambda ratio: 0.0 if ratio == 577 else 1 / (1 + abs(ratio - peak)))
    best = max(known.values(), key=lambda s: s.mean).candidate.ratio
    assert max(best / peak, peak / best) <= 1.25
    assert len(known) < 25


def test_nothing_is_refined_where_no_ratio_beats_no_treatment():
    arm = Grid("random_under", section(trials=60, anchors=[], low=1), 577)
    known = answers(arm, lambda ratio: ratio / 577)
    assert sorted(c.ratio for c in known) == grid(1, 577, [], 60)


def test_a_ratio_that_was_stopped_is_not_refined_about():
    arm = Grid("random_under", section(trials=60, anchors=[], low=1), 577)
    known = answers(arm, {577: 0.5}.get)
    assert len(known) == len(grid(1, 577, [], 60))


@pytest.mark.parametrize("trials", [1, 2, 5, 9, 13])
def test_no_more_ratios_are_asked_than_trials(trials):
    arm = Grid("random_under", section(trials=trials, anchors=[], low=1), 577)
    answers(arm, lambda ratio: 1 / ratio)
    assert len(arm.asked) <= trials
    assert len(search(params(tune__trials=trials)).trials) <= trials


def test_the_natural_ratio_is_no_treatment():
    asked = Grid("random_under", PARAMS.tune, NATURAL).ask({})
    assert asked[-1] == Candidate(treatment="none", ratio=NATURAL)
    assert {c.treatment for c in asked[:-1]} == {"random_under"}
    assert Grid("none", PARAMS.tune, NATURAL).ask({}) == asked[-1:]


def test_settings_of_the_learner_are_asked_of_optuna_anchors_first():
    tune = section(learner={"learning_rate": {"low": 0.02, "high": 0.5}}, anchors=[200, 5, 3])
    arm = Optuna("random_under", tune, NATURAL)
    first, second = arm.ask({}), []
    for candidate in first:
        arm.tell(candidate, Scored(candidate=candidate, scores=[0.5]))
    second = arm.ask({})
    asked = [*first, *second]
    assert [(c.treatment, c.ratio) for c in asked] == [
        ("random_under", 1),
        ("random_under", 3),
        ("random_under", 5),
        ("none", NATURAL),
    ]
    assert all(0.02 <= dict(c.settings)["learning_rate"] <= 0.5 for c in asked)


def test_another_seed_asks_other_settings():
    learner = {"learning_rate": {"low": 0.02, "high": 0.5}}
    first, second = (
        search(params(tune__trials=8, tune__seed=seed, tune__learner=learner)) for seed in (1, 2)
    )
    assert first.trials != second.trials


def test_what_was_stopped_ranks_behind_all_that_was_not():
    from optuna.trial import TrialState

    arm = Optuna("random_under", section(learner={"max_iter": {"low": 1, "high": 9}}), NATURAL)
    easy_first_fold, whole = arm.ask({})
    arm.tell(easy_first_fold, Scored(candidate=easy_first_fold, scores=[0.9], pruned=True))
    arm.tell(whole, Scored(candidate=whole, scores=[0.8, 0.5, 0.5]))
    assert [t.state for t in arm.study.trials[:2]] == [TrialState.PRUNED, TrialState.COMPLETE]
    assert arm.study.best_value == pytest.approx(0.6)


def test_no_settings_are_searched_for_an_ensemble_without_a_learner():
    learner = {"learning_rate": {"low": 0.02, "high": 0.5}}
    study = search(params(tune__treatment="rus_boost", tune__learner=learner, tune__trials=4))
    assert not any(c.settings for c in study.trials if c.treatment == "rus_boost")
    assert any(c.settings for c in study.trials if c.treatment == "none")


def test_the_ratio_that_a_study_finds_is_that_of_the_highest_quality():
    quality = Counting(lambda ratio, _: -3 * abs(ratio - 4), noise=1.0)
    study = search(params(tune__trials=30), quality)
    assert study.best.ratio == 4
