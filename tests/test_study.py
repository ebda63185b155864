"""What a study knows of its candidates, what it chooses, and what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance import metrics, tuning
from rebalance.tuning import Candidate, choose
from tests.strategies import params, treatment
from tests.studies import NATURAL, UNTREATED, Counting, scored, search

values = st.lists(st.integers(0, 20).map(lambda i: i / 20), min_size=4, max_size=4)


@given(values, st.lists(values, min_size=1, max_size=4))
def test_no_resampling_unless_the_best_beats_it_by_a_standard_error(untreated, treated):
    rivals = [scored("random_under", i + 1, scores) for i, scores in enumerate(treated)]
    found = dict([scored("none", NATURAL, untreated), *rivals])
    best, chosen = choose(found, UNTREATED, one_standard_error=True)
    top = max(np.mean(s.scores) for s in found.values())
    assert np.mean(found[best].scores) == top
    gain = np.subtract(found[best].scores, untreated)
    clear = gain.mean() > np.std(gain, ddof=1) / 2
    assert chosen == (best if clear else UNTREATED)
    assert choose(found, UNTREATED, one_standard_error=False) == (best, best)


def test_what_was_pruned_is_never_chosen():
    rivals = [scored("random_under", 2, [1.0], pruned=True), scored("smote", 3, [0.9, 0.8])]
    found = dict([scored("none", NATURAL, [0.1, 0.2]), *rivals])
    assert choose(found, UNTREATED, one_standard_error=True)[1] == rivals[1][0]


def test_a_gain_of_just_a_standard_error_is_not_enough():
    gain = [0.0, 1.0]
    assert np.mean(gain) == metrics.standard_error(gain)
    found = dict([scored("none", NATURAL, [0.0, 0.0]), scored("smote", 3, gain)])
    assert choose(found, UNTREATED, one_standard_error=True)[1] == UNTREATED


def test_equal_scores_are_decided_towards_the_natural_ratio():
    found = dict([scored("random_under", 2, [0.5, 0.5]), scored("none", NATURAL, [0.5, 0.5])])
    assert choose(found, UNTREATED, one_standard_error=False) == (UNTREATED, UNTREATED)


@pytest.mark.parametrize(
    ("name", "choice", "told"),
    [
        ("interaction_cst", "pairwise", {"pairwise": 1}),
        ("max_leaf_nodes", None, {"null": 1}),
        ("early_stopping", False, {"false": 1}),
        ("max_leaf_nodes", 3, 3),
        ("learning_rate", 0.5, 0.5),
    ],
)
def test_a_setting_that_is_chosen_is_told_in_numbers_whatever_it_is(name, choice, told):
    given = params(tune__learner={name: {"choices": [choice]}}, tune__trials=2)
    summary = search(given, Counting(lambda _, settings: 4 * (name in settings))).summary()
    assert summary["chosen"][name] == told
    assert summary["arms"]["none"][name] == told


def test_a_treatment_by_its_weight_means_the_same_ratio():
    entry = Candidate(treatment="class_weight", ratio=3).entry(NATURAL, 0)
    assert entry == treatment("class_weight", weight=3.0)


def test_the_curve_has_every_finished_ratio_and_the_runs_every_question():
    study = search(params(tune__trials=8), Counting(noise=1.5))
    lines = study.curve().splitlines()
    assert lines[0] == "treatment,ratio,score,standard_error"
    finished = sorted(c.ratio for c, s in study.scored.items() if not s.pruned)
    assert [int(line.split(",")[1]) for line in lines[1:] if not line.endswith(",")] == finished
    ratios = [int(line.split(",")[1]) for line in lines[1:]]
    assert ratios == sorted({c.ratio for c in study.scored})
    trials = tuning.trials(study)
    assert [trial["number"] for trial in trials] == list(range(len(study.trials)))
    assert [trial["ratio"] for trial in trials] == [c.ratio for c in study.trials]
    assert [trial["treatment"] for trial in trials] == [c.treatment for c in study.trials]
    assert list(trials[0]) == ["number", "state", "folds", "score", "treatment", "ratio"]
    for trial, candidate in zip(trials, study.trials, strict=True):
        answer = study.scored[candidate]
        assert trial["folds"] == len(answer.scores)
        assert trial["state"] == ("pruned" if answer.pruned else "complete")
        assert trial["score"] == ("" if answer.pruned else f"{answer.mean:.6g}")
    assert {trial["state"] for trial in trials} == {"pruned", "complete"}


def test_the_curve_says_mean_and_standard_error_of_the_best_settings_of_each_ratio():
    """Worked out by hand: two settings of ratio 3, of which the second is better."""
    by_hand = [
        scored("none", NATURAL, [0.5, 0.7, 0.9]),
        scored("random_under", 3, [0.1, 0.2, 0.3]),
        scored("random_under", 1, [0.9], pruned=True),
    ]
    # The best of the settings that were stopped stands for the ratio, wherever it comes.
    worse = tuning.Candidate(treatment="random_under", ratio=1, settings=(("max_iter", 9),))
    by_hand.append((worse, tuning.Scored(candidate=worse, scores=[0.6], pruned=True)))
    better = tuning.Candidate(treatment="random_under", ratio=3, settings=(("max_iter", 9),))
    by_hand.append((better, tuning.Scored(candidate=better, scores=[0.4, 0.6, 0.8])))
    study = tuning.Study(
        scored=dict(by_hand),
        trials=[candidate for candidate, _ in by_hand],
        natural=NATURAL,
        untreated=UNTREATED,
        best=UNTREATED,
        chosen=UNTREATED,
    )
    # A standard deviation of .2 over three folds: .2 / sqrt(3) = .11547.
    assert study.curve().splitlines() == [
        "treatment,ratio,score,standard_error",
        # Stopped after a fold, .4 above no resampling there: .7 + .4.
        "random_under,1,1.1,",
        "random_under,3,0.6,0.11547",
        "random_under,9,0.7,0.11547",
    ]
    summary = study.summary()
    assert (summary["fits"], summary["pruned"], summary["trials"]) == (11, 2, 5)
    assert summary["arms"]["random_under"]["gain_of_treatment"] == pytest.approx(-0.1)


def test_the_numbers_of_a_study_are_those_of_its_candidates():
    """Worked out by hand: tuning the learner alone gains .1, and the treatment .05 on top."""
    settings = (("max_iter", 9),)
    tuned = Candidate(treatment="none", ratio=NATURAL, settings=settings)
    best = Candidate(treatment="smote", ratio=3, settings=settings)
    study = tuning.Study(
        scored={
            UNTREATED: tuning.Scored(candidate=UNTREATED, scores=[0.5, 0.7, 0.9]),
            tuned: tuning.Scored(candidate=tuned, scores=[0.6, 0.8, 1.0]),
            best: tuning.Scored(candidate=best, scores=[0.75, 0.85, 0.95]),
        },
        trials=[UNTREATED, tuned, best],
        natural=NATURAL,
        untreated=UNTREATED,
        best=best,
        chosen=tuned,
    )
    summary = study.summary()
    arms = summary.pop("arms")
    assert summary == {
        "best_ratio": 3,
        "best_score": pytest.approx(0.85),
        "best_score_se": pytest.approx(0.1 / np.sqrt(3)),
        "natural_ratio": NATURAL,
        "natural_score": pytest.approx(0.7),
        "natural_score_se": pytest.approx(0.2 / np.sqrt(3)),
        "chosen_ratio": NATURAL,
        "chosen_score": pytest.approx(0.8),
        "gain_of_tuning": pytest.approx(0.1),
        "gain_of_treatment": pytest.approx(0.05),
        "trials": 3,
        "fits": 9,
        "pruned": 0,
        "chosen": {"none": NATURAL, "max_iter": 9},
    }
    assert arms == {
        "none": {
            "fits": 6, "pruned": 0, "ratio": NATURAL, "score": pytest.approx(0.8),
            "score_se": pytest.approx(0.2 / np.sqrt(3)), "gain_of_treatment": 0.0,
            "gain_of_treatment_se": 0.0, "max_iter": 9,
        },
        "smote": {
            "fits": 3, "pruned": 0, "ratio": 3, "score": pytest.approx(0.85),
            "score_se": pytest.approx(0.1 / np.sqrt(3)),
            # Of the differences .15, .05 and -.05.
            "gain_of_treatment": pytest.approx(0.05),
            "gain_of_treatment_se": pytest.approx(0.1 / np.sqrt(3)), "max_iter": 9,
        },
    }  # fmt: skip
