"""Looks at the test rows: what one is, that git and MLflow remember them, and the correction."""

import json
import subprocess

import pytest

from rebalance import paths, store
from rebalance.cli import looked
from rebalance.comparison import after_looks
from rebalance.errors import InputError
from rebalance.tracking import looks
from tests.fixed import PARAMS

SCORES = {
    "baseline": {"average_precision": 0.5, "roc_auc": 0.75, "brier": 0.01, "threshold": 0.25},
    "under": {"average_precision": 0.6, "roc_auc": 0.8, "brier": 0.02, "threshold": 0.5},
}


def scores(**changes):
    return SCORES | {"under": SCORES["under"] | changes}


def test_equal_scores_are_one_look_and_others_another():
    same = looks.look(scores(average_precision=0.60000001, recall=0.3))
    assert same == looks.look(SCORES)
    assert looks.look(dict(reversed(SCORES.items()))) == same
    others = [
        scores(average_precision=0.6001),
        scores(roc_auc=0.81),
        scores(brier=0.0201),
        scores(threshold=0.4),
        SCORES | {"over": SCORES["under"]},
    ]
    assert len({same, *map(looks.look, others)}) == 6


def test_another_metric_of_the_verdicts_is_another_look():
    same = looks.look(SCORES)
    assert looks.look(SCORES, "average_precision") == same
    assert len({same, looks.look(SCORES, "roc_auc"), looks.look(SCORES, "brier")}) == 3


def git(*arguments):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
        check=True,
        capture_output=True,
    )


def commit(content, checksum, extra=""):
    """Commit scores of test rows of that checksum."""
    store.write_json(paths.SCORES, content)
    store.write_json(paths.SPLIT, {"test": {"checksum": checksum} if checksum else {}})
    paths.METRICS.joinpath("note.txt").write_text(extra, encoding="utf-8")
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "results")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    return tmp_path


def test_git_knows_each_look_once_in_any_branch(repository):
    commit(SCORES, "a")
    commit(SCORES, "a", extra="words only")
    commit(scores(brier=0.03), "a")
    git("checkout", "-q", "-b", "try")
    commit(scores(brier=0.04), "a")
    git("checkout", "-q", "main")
    commit(scores(brier=0.05), "b")
    wanted = [SCORES, scores(brier=0.03), scores(brier=0.04)]
    assert looks.in_git("a", SCORES) == set(map(looks.look, wanted))
    assert looks.in_git("b", SCORES) == {looks.look(scores(brier=0.05))}


def test_git_knows_a_look_by_another_metric_where_no_score_changed(repository):
    store.write_json(paths.COMPARISON, {"metric": "average_precision"})
    commit(SCORES, "a")
    store.write_json(paths.COMPARISON, {"metric": "brier"})
    commit(SCORES, "a")
    assert looks.in_git("a", SCORES) == {looks.look(SCORES), looks.look(SCORES, "brier")}


def counted(hits, missed, alarms, passed, **changes):
    counts = zip(looks.COUNTS, (hits, missed, alarms, passed), strict=True)
    return {"baseline": SCORES["baseline"] | dict(counts) | changes}


def test_a_commit_without_a_checksum_counts_where_it_has_as_many_rows_and_positives(repository):
    commit(counted(3, 2, 1, 94), "a")
    same = counted(5, 0, 10, 85, brier=0.02)  # 100 rows, 5 positives
    commit(same, None)
    commit(counted(4, 0, 2, 94, brier=0.03), None)  # 4 positives
    commit(counted(3, 2, 1, 95, brier=0.04), None)  # 101 rows
    commit(counted(3, 2, 1, 94, brier=0.05), "b")
    commit(SCORES, None)  # of unknown size
    here = counted(1, 4, 0, 95)
    assert looks.in_git("a", here) == {looks.look(counted(3, 2, 1, 94)), looks.look(same)}
    assert looks.in_git("a", SCORES) == {looks.look(counted(3, 2, 1, 94))}


def test_a_damaged_version_is_no_look(repository):
    commit(SCORES, "a")
    paths.SCORES.write_text("{", encoding="utf-8")
    git("commit", "-q", "-a", "-m", "damaged")
    assert looks.in_git("a", SCORES) == {looks.look(SCORES)}


def test_without_git_there_is_nothing_to_know(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert looks.in_git("a", SCORES) == set()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert looks.in_git("a", SCORES) == set()


def verdict(said, p_adjusted, p_equal=1.0):
    return {"verdict": said, "p_adjusted": p_adjusted, "p_equal": p_equal}


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        (verdict("worse", 0.016), 3, ("worse", 0.048)),
        (verdict("worse", 0.017), 3, ("not decided", 0.051)),
        (verdict("better", 0.049), 1, ("better", 0.049)),
        (verdict("better", 0.4), 5, ("not decided", 1.0)),
        (verdict("equal within the margin", 0.2, 0.02), 2, ("equal within the margin", 0.4)),
        (verdict("equal within the margin", 0.2, 0.02), 3, ("not decided", 0.6)),
        (verdict("not decided", 0.06), 2, ("not decided", 0.12)),
        # Scores that are the baseline's own stay so, however often one looks.
        (verdict("equal within the margin", 1.0, 0.0), 100, ("equal within the margin", 1.0)),
    ],
)
def test_p_values_are_multiplied_by_the_number_of_looks(before, number, after):
    said, p_value = after_looks(before, number)
    assert (said, p_value) == (after[0], pytest.approx(after[1]))


COMPARED = {
    "verdicts": {
        "under": verdict("worse", 0.02),
        "over": verdict("better", 0.01),
        "smote": verdict("not decided", 0.3),
    }
}


def test_one_look_needs_no_correction():
    assert looked.sentences(COMPARED, {"git": {"x"}, "MLflow": {"x"}}, []) == [
        "These test rows were looked at once (1 in git, 1 in MLflow)."
    ]


def test_several_looks_say_which_verdicts_they_take():
    first, second, last = looked.sentences(COMPARED, {"git": {"x", "y"}, "MLflow": {"y", "z"}}, [])
    assert first == (
        "These test rows were looked at 3 times, with other results each (2 in git, 2 in MLflow)."
    )
    assert second == ("Corrected for 3 looks (Bonferroni), under is no longer worse (p 0.060).")
    assert "split.final" in last
    _, second, _ = looked.sentences(COMPARED, {"git": {"x", "y"}}, [])
    assert second == "Corrected for 2 looks (Bonferroni), every verdict stands."


def test_a_store_of_runs_that_is_gone_is_a_sentence(repository, monkeypatch):
    commit(SCORES, "a")
    store.write_json(paths.COMPARISON, COMPARED)

    def gone(experiment, checksum):
        raise InputError("no server.")

    monkeypatch.setattr("rebalance.tracking.recorded_looks", gone)
    assert looked.lines(PARAMS) == [
        "These test rows were looked at once (1 in git, 1 in metrics/).",
        "MLflow could not be asked: no server.",
    ]


def test_a_shallow_clone_says_that_it_lacks_older_looks(repository, tmp_path, monkeypatch):
    monkeypatch.setattr("rebalance.tracking.recorded_looks", lambda *_: set())
    commit(SCORES, "ours")
    commit(scores(roc_auc=0.9), "ours")
    git("clone", "-q", "--depth", "1", tmp_path.as_uri(), str(tmp_path / "clone"))
    store.write_json(paths.COMPARISON, {"verdicts": {}})
    known = "These test rows were looked at 2 times, with other results each (2 in git"
    assert looked.lines(PARAMS)[0].startswith(known)
    monkeypatch.chdir(tmp_path / "clone")
    store.write_json(paths.COMPARISON, {"verdicts": {}})
    said = looked.lines(PARAMS)
    assert said[0].startswith("These test rows were looked at once (1 in git")
    assert said[1].startswith("This clone is shallow: looks in older commits are not counted")


def test_results_that_were_not_committed_are_a_look(repository, monkeypatch):
    commit(SCORES, "a")
    store.write_json(paths.SCORES, scores(brier=0.5))
    store.write_json(paths.COMPARISON, COMPARED)
    asked = []
    monkeypatch.setattr("rebalance.tracking.recorded_looks", lambda *of: asked.append(of) or {"z"})
    first, second, _ = looked.lines(PARAMS)
    assert asked == [("rebalance", "a")]
    assert "looked at 3 times" in first
    assert "under is no longer worse (p 0.060)" in second
    assert json.loads(paths.SPLIT.read_text(encoding="utf-8"))["test"]["checksum"] == "a"
