"""Answers of another table are removed before a new one is read, and those of the same are not."""

import hashlib
from pathlib import Path

import pytest
import yaml

from rebalance import store

PIPELINE = {
    "stages": {
        "split": {"metrics": [{"metrics/split.json": {"cache": False}}]},
        "evaluate": {
            "outs": ["metrics/report.md", {"metrics/plots": {"cache": False}}],
            "metrics": [{"metrics/scores.json": {"cache": False}}],
        },
    }
}
ANSWERS = {"metrics/report.md", "metrics/plots/roc.csv", "metrics/scores.json"}
FILE = {"source": "file", "path": "mine.csv", "target": "y"}


def write(path, content):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content if isinstance(content, str) else yaml.safe_dump(content))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder whose answers are about mine.csv, as dvc.lock says."""
    monkeypatch.chdir(tmp_path)
    for path in (*ANSWERS, "metrics/split.json"):
        write(path, "an answer")
    write("mine.csv", "a,y\n1,0\n")
    md5 = hashlib.md5(b"a,y\n1,0\n", usedforsecurity=False).hexdigest()
    recorded = {
        "deps": [{"path": "mine.csv", "md5": md5, "size": 8}, {"path": "rebalance"}],
        "params": {"params.yaml": {"data": FILE}},
    }
    write("dvc.lock", {"stages": {"download": recorded}})
    write("dvc.yaml", PIPELINE)
    write("params.yaml", {"data": FILE, "run": {}})
    return tmp_path


def left():
    return {path for path in ANSWERS if Path(path).exists()}


def test_answers_about_the_same_table_stay(folder):
    store.remove_other_answers()
    assert left() == ANSWERS


@pytest.mark.parametrize(
    "change",
    [
        lambda: write("mine.csv", "a,y\n2,0\n"),
        lambda: write("mine.csv", "a,y\n1,0\n3,0\n"),
        lambda: Path("mine.csv").unlink(),
        lambda: write("params.yaml", {"data": FILE | {"target": "z"}}),
        lambda: write("params.yaml", {"data": FILE | {"path": "other.csv"}}),
        lambda: write("params.yaml", {"data": FILE | {"source": "simulated"}}),
        lambda: Path("dvc.lock").unlink(),
        lambda: write("dvc.lock", ""),
    ],
)
def test_answers_about_another_table_are_removed_and_nothing_else(folder, change):
    change()
    store.remove_other_answers()
    assert left() == set()
    assert Path("metrics/split.json").exists()


def test_a_folder_of_files_counts_as_another_table(folder):
    Path("rows").mkdir()
    data = FILE | {"path": "rows"}
    recorded = {
        "deps": [{"path": "rows", "md5": "0.dir"}],
        "params": {"params.yaml": {"data": data}},
    }
    write("dvc.lock", {"stages": {"download": recorded}})
    write("params.yaml", {"data": data})
    store.remove_other_answers()
    assert left() == set()


def test_rows_of_no_file_are_known_by_their_parameters(folder):
    data = {"source": "simulated", "path": "data/README.md"}
    write("dvc.lock", {"stages": {"download": {"params": {"params.yaml": {"data": data}}}}})
    write("params.yaml", {"data": data})
    store.remove_other_answers()
    assert left() == ANSWERS


@pytest.mark.parametrize("content", ["", "\x00" * 40, "[1]", "a: [", "\ufffd: &a *a"])
@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml", "params.yaml"])
def test_a_file_that_is_damaged_ends_nothing_here(folder, name, content):
    """Who needs it says what is wrong; answers stay only where dvc.lock says so."""
    write(name, content)
    store.remove_other_answers()
    assert left() == (ANSWERS if name == "dvc.yaml" else set())
