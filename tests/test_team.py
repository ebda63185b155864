"""A team's server, as docs/more-than-one-machine.md has it: four pipelines record on it at once."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml

from rebalance import cli
from rebalance.errors import InputError
from rebalance.tracking import patience
from rebalance.tracking import server as team_server
from tests.strategies import ROOT, SHIPPED, changed

SMALL = {
    "learner.params": {"max_iter": 8, "min_samples_leaf": 5},
    "out_of_fold.folds": 2,
    "tune.trials": 2,
    "tune.folds": 2,
    "tune.anchors": [5],
    "evaluate.bootstrap": 100,
    "run.workers": 1,
}
STAGES = ["download", "split", "train_baseline", "train_resampled under", "tune_ratio", "evaluate"]
START_SECONDS = 120
# The machine may be busy: here nothing is to be given up.
SLOW = {patience.VARIABLE: "300"}

pytestmark = [pytest.mark.slow, pytest.mark.server]


def settings(**changes):
    """Return the text of params.yaml: a quick study, and one resampled model."""
    given = changed(SHIPPED, SMALL | changes)
    given["resample"] = {"under": {"treatment": "random_under", "ratio": 3}}
    return yaml.safe_dump(given, sort_keys=False)


@pytest.fixture(scope="module")
def team():
    """Yield the address of a team's server, as ``make team`` starts it, and its folder."""
    pytest.importorskip("psycopg", reason="rebalance[team] is not installed")
    try:
        team_server.program("initdb")
    except InputError as error:
        pytest.skip(str(error))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    # Not below pytest's own folder, which PostgreSQL's account may not enter.
    with tempfile.TemporaryDirectory(prefix="team-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        words = ["team", "--port", str(port), "--folder", f"{folder}/it"]
        with (Path(folder) / "said").open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "rebalance.cli", *words],
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        address = f"http://127.0.0.1:{port}"
        try:
            assert answers(address, process), (Path(folder) / "said").read_text()
            yield address, Path(folder) / "it"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        assert not list(Path(folder).rglob("postmaster.pid"))


def answers(address, process):
    """Wait until a server answers; return False where its process ends before."""
    for _ in range(10 * START_SECONDS):
        try:
            urlopen(f"{address}/health", timeout=2).close()  # noqa: S310 - started just above
        except (URLError, OSError):
            if process.poll() is not None:
                return False
            time.sleep(0.1)
        else:
            return True
    return False


PIPELINE = f"""
import sys
from importlib import import_module
from rebalance import errors

for stage in {STAGES!r}:
    sys.argv = stage.split()
    errors.run(import_module(f"stages.{{sys.argv[0]}}").main)
"""


def test_four_pipelines_at_once_lose_no_run_and_no_artifact(team, tmp_path):
    from mlflow import MlflowClient

    address, there = team
    started = []
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "dvc.yaml").write_bytes((ROOT / "dvc.yaml").read_bytes())
        simulated = {"rows": 1200, "positives": 60, "seed": number}
        text = settings(**{"data.simulated": simulated, "tracking.experiment": "four"})
        (folder / "params.yaml").write_text(text, encoding="utf-8")
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", PIPELINE],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": address} | SLOW,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for process in started:
        said = process.communicate(timeout=500)[0]
        assert process.returncode == 0, said
        assert "warning: MLFLOW" not in said

    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name("four").experiment_id
    runs = client.search_runs([experiment], "tags.kind = 'stage'")
    wanted = sorted(stage.replace(" ", "@") for stage in STAGES for _ in range(4))
    assert sorted(run.data.tags["dvc.stage"] for run in runs) == wanted
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        artifacts = there / "artifacts" / experiment / run.info.run_id / "artifacts"
        outputs = json.loads((artifacts / "provenance.json").read_text())["outputs"]
        for path, md5 in outputs.items():
            if path.endswith((".json", ".md", ".csv", ".png")):
                assert hashlib.md5((artifacts / path).read_bytes()).hexdigest() == md5  # noqa: S324
        trained = any(path.endswith(".skops") for path in outputs)
        for output in run.outputs.model_outputs:
            (there / "artifacts" / experiment / "models" / output.model_id).exists()
        assert len(run.outputs.model_outputs) == trained
    models = client.search_logged_models([experiment], max_results=100)
    assert len(models) == 12
    for model in models:
        folder = there / "artifacts" / experiment / "models" / model.model_id / "artifacts"
        assert zipfile.is_zipfile(folder / "model.skops")
    # Each evaluation judged the three models of its own pipeline, and registered one.
    assert sum("verdict" in run.data.tags for run in runs) == 12
    assert len(client.search_model_versions("name = 'four'")) == 4
    assert set(client.get_registered_model("four").aliases) == {"champion", "challenger"}


def test_the_server_listens_on_loopback_and_its_database_on_no_network(team):
    import psutil

    address, _ = team
    port = int(address.rpartition(":")[2])
    ours = [each for each in psutil.process_iter(["cmdline"]) if str(port) in each.cmdline()]
    family = {child for each in ours for child in [each, *each.children(recursive=True)]}
    assert len(family) > 1
    listening = {
        (place.laddr.ip, place.laddr.port)
        for each in family
        for place in each.net_connections("inet")
        if place.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", port)}


def test_without_postgresql_one_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(team_server, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no initdb on the path, .* 'apt-get install"):
        cli.main(["team", "--folder", str(tmp_path / "there")])
    assert not (tmp_path / "there").exists()


def test_a_database_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    for name in ("initdb", "pg_ctl"):
        program = tmp_path / name
        program.write_text(
            "#!/bin/sh\necho some\necho 'initdb: error: no room left.' >&2\nexit 1\n"
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(team_server, "ACCOUNTS", ())
    with (
        pytest.raises(InputError, match=r"^initdb failed: initdb: error: no room left\.$"),
        team_server.postgres(tmp_path / "there"),
    ):
        pytest.fail("it started")
