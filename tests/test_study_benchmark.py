"""The benchmark of the study compares its choice with that of a study that stops no ratio."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmarks import study
from rebalance.tuning import search
from tests.studies import NATURAL, PARAMS, TABLE, UNTREATED, Counting


@pytest.fixture
def given(monkeypatch):
    """One set, whose fits are stand-ins of half a second each; a ratio of 4 is the best."""
    monkeypatch.setitem(study.SETS, "mine", lambda seed: SimpleNamespace(train=TABLE))
    monkeypatch.setattr(study, "load", lambda: PARAMS)
    counting = Counting(noise=1.0)
    monkeypatch.setattr(study.fits, "fold_scores", counting)
    return counting


def test_the_same_choice_is_alike_and_costs_are_counted_in_untreated_folds(given):
    found = study.compared("mine", 0)
    assert (found["same"], found["alike"], found["loss"]) == (True, True, 0)
    assert (found["same_dense"], found["alike_dense"], found["loss_dense"]) == (True, True, 0)
    assert found["chosen"] == (4, 4, 4, NATURAL)
    # All whole ratios from 1 to 9, and each of them as many folds as the floor.
    assert found["dense"] == NATURAL
    folds = PARAMS.tune.folds
    assert len(given.asked) == len(set(given.asked)) == NATURAL * folds
    # The full study asks for some of these ratios, and finishes each of them.
    assert found["full"] == int(found["full"])
    assert 1 < found["cost"] < found["full"] <= NATURAL


def test_a_choice_that_is_worse_by_more_than_a_standard_error_is_not_alike(given, monkeypatch):
    def mistaken(running, tune, settings):
        found = search(running, tune, settings)
        return replace(found, chosen=UNTREATED) if tune.prune else found

    monkeypatch.setattr(study.tuning, "search", mistaken)
    found = study.compared("mine", 0)
    assert (found["same"], found["alike"]) == (False, False)
    assert (found["same_dense"], found["alike_dense"]) == (False, False)
    assert found["loss"] == found["loss_dense"] > 0
    assert found["chosen"] == (NATURAL, 4, 4, NATURAL)


def test_a_choice_that_only_the_dense_study_beats_is_alike_to_the_full_one(given, monkeypatch):
    monkeypatch.setattr(
        study.tuning, "search", lambda *asked: replace(search(*asked), chosen=UNTREATED)
    )
    found = study.compared("mine", 0)
    assert (found["same"], found["alike"], found["loss"]) == (True, True, 0)
    assert (found["same_dense"], found["alike_dense"]) == (False, False)


def test_the_last_row_is_of_all_draws():
    rows = [
        {"set": name, "same": same, "alike": True, "loss": loss, "cost": cost, "full": 5.0}
        | {"same_dense": False, "alike_dense": same, "loss_dense": 2 * loss, "dense": 9.0}
        for name, same, loss, cost in (("a", True, 0.0, 2.0), ("a", False, 0.1, 3.0),
                                       ("b", True, 0.2, 7.0))
    ]  # fmt: skip
    lines = study.table(pd.DataFrame(rows)).splitlines()
    assert " ".join(lines[2].split()) == "a 1 2 0.0500 2.5 5.0 0 1 0.1000 9.0"
    assert " ".join(lines[-1].split()) == "all 3 draws 2 3 0.1000 4.0 5.0 0 2 0.2000 9.0"
