"""Runs that a killed process left running in MLflow are set to KILLED, and no others are."""

import os
import subprocess

import pytest

from rebalance import tracking
from rebalance.tracking import left, records
from tests import forks
from tests.strategies import ROOT

EXPERIMENT = "rebalance"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty folder to work in, and nothing set that says where runs go."""
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_whose_process_is_gone_is_killed_by_the_next_stage(folder):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking.address())
    experiment = client.create_experiment(EXPERIMENT)
    code = "from rebalance.tracking import left; print(left.mark()['process'])"
    done = subprocess.run(
        [forks.python(), "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    ended = done.stdout.strip()
    here = left.mark()["process"]
    host, number, start = here.split("-")
    marks = {
        "ended": ended,
        "a process before this one, of its number": f"{host}-{number}-{int(start) - 1000}",
        "this process": here,
        "another machine's": f"00000000-{number}-{int(start) - 1000}",
        "none of ours": "",
        "another's word": f"{host}-x-y",
    }
    for name, mark in marks.items():
        client.create_run(experiment, run_name=name, tags={left.TAG: mark} if mark else {})
    made = tracking.Record(
        stage="split", params={}, metrics={}, tags={"kind": "stage"}, outputs={}, started=1.0
    )
    tracking.hand_over(EXPERIMENT, made)
    status = {run.info.run_name: run.info.status for run in client.search_runs([experiment])}
    assert status == {
        "ended": "KILLED",
        "a process before this one, of its number": "KILLED",
        "this process": "RUNNING",
        "another machine's": "RUNNING",
        "none of ours": "RUNNING",
        "another's word": "RUNNING",
        "split": "FINISHED",
    }


@pytest.mark.parametrize("content", ["", "{", "[]", '{"stage": 3}', "\x00" * 50])
def test_a_kept_record_that_is_damaged_costs_a_line(folder, caplog, content):
    made = tracking.Record(stage="split", params={}, metrics={}, tags={}, outputs={}, started=1.0)
    records.keep(made)
    (path,) = [path for path, _ in records.kept()]
    path.with_name("other.json").write_text(content)
    assert [record.stage for _, record in records.kept()] == ["split"]
    assert "is damaged; 'rebalance sync' makes it again" in caplog.text
    assert not path.with_name("other.json").exists()


@pytest.mark.parametrize("place", [".rebalance", ".rebalance/runs"])
def test_a_file_in_the_place_of_kept_records_costs_a_line_and_no_stage(folder, caplog, place):
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_text("a file")
    made = tracking.Record(stage="split", params={}, metrics={}, tags={}, outputs={}, started=1.0)
    assert not records.keep(made)
    assert "note: the run of split cannot be kept in .rebalance/runs (" in caplog.text
    records.note_away("a repro")
    assert not records.is_away("a repro")
    assert records.waiting() == []
    (folder / place).unlink()
    assert records.keep(made)
    assert records.waiting() == ["split"]
