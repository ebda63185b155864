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
    assert found["chosen"] == (4, 4, NATURAL)
    # All whole ratios from 1 to 9, and each of them as many folds as the floor.
    assert found["dense"] == NATURAL
    folds = PARAMS.tune.folds
    assert len(given.asked) == len(set(given.asked)) == NATURAL * folds
    assert 1 < found["cost"] <= NATURAL


def test_a_choice_that_is_worse_by_more_than_a_standard_error_is_not_alike(given, monkeypatch):
    monkeypatch.setattr(
        study.tuning, "search", lambda *asked: replace(search(*asked), chosen=UNTREATED)
    )
    found = study.compared("mine", 0)
    assert (found["same"], found["alike"]) == (False, False)
    assert found["loss"] > 0
    assert found["chosen"] == (NATURAL, 4, NATURAL)


def test_the_last_row_is_of_all_draws():
    rows = [
        {"set": name, "same": same, "alike": True, "loss": loss, "cost": cost, "dense": 9.0}
        for name, same, loss, cost in (("a", True, 0.0, 2.0), ("a", False, 0.1, 3.0),
                                       ("b", True, 0.2, 7.0))
    ]  # fmt: skip
    lines = study.table(pd.DataFrame(rows)).splitlines()
    assert lines[2].split() == ["a", "1", "2", "0.0500", "2.5", "9.0"]
    assert lines[-1].split() == ["all", "3", "draws", "2", "3", "0.1000", "4.0", "9.0"]
