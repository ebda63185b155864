"""A team's server: it receives runs whole, and costs neither the training nor a run when it fails.

Between the stage and a real server stands a relay that fails at the n-th request.
"""

import http.client
import io
import logging
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, chdir, contextmanager, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
import yaml
from sklearn.linear_model import LogisticRegression

from rebalance import cli, params, paths, store, tracking
from rebalance.cli.commands import sync
from rebalance.errors import InputError
from rebalance.model.corrected import CorrectedClassifier
from rebalance.tracking import patience, provenance, records
from tests import forks, pages
from tests.strategies import ROOT, SHIPPED, changed

X = np.random.default_rng(0).normal(size=(60, 2))
MACHINES = "docs/more-than-one-machine.md"
DATABASE = "postgresql+psycopg://mlflow:PASSWORD@db.example.org/mlflow"
# A request that fails is sent again as often, and with no pause: seconds in each test.
AT_ONCE = {"MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0", "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0"}


@pytest.fixture(scope="module")
def server(tmp_path_factory, migrated, moto_server):
    """The address of an MLflow server, started by the commands of the page, on loopback.

    It is the page's but for the database, which tests/test_team.py has, and for host and port.
    """
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    where = tmp_path_factory.mktemp("server")
    shutil.copyfile(migrated, where / "mlflow.db")
    here = {"mlflow.example.org": "127.0.0.1", "0.0.0.0": "127.0.0.1", "5000": str(port)}  # noqa: S104
    here |= {"BUCKET": "server", DATABASE: f"sqlite:///{where}/mlflow.db"}
    (clients,), commands = (block.commands for block in pages.blocks(MACHINES, "bash")[:2])
    lines = [clients, *commands]
    for old, new in here.items():
        assert any(old in line for line in lines), old
        lines = [line.replace(old, new) for line in lines]
    s3 = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    s3 |= {"AWS_ENDPOINT_URL": moto_server, "AWS_DEFAULT_REGION": "us-east-1"}
    bucket(moto_server).mkdir("server")
    own = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    own |= {"MLFLOW_WORKERS": "1", "PATH": f"{forks.programs()}:{os.environ['PATH']}"}
    with (where / "log").open("w") as log:
        process = subprocess.Popen(
            ["/bin/bash", "-c", "\n".join([*lines[1:-1], f"exec {lines[-1]}"])],
            cwd=where,
            env=os.environ | s3 | own,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = clients_address(lines[0])
    try:
        assert answers(address, process), (where / "log").read_text()
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def answers(address, process):
    """Wait until a server answers; return False where its process ends before."""
    while process.poll() is None:
        try:
            urlopen(f"{address}/health", timeout=10).close()  # noqa: S310 - started by a fixture
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def bucket(endpoint):
    """Return the file system of the server that stands in for S3, as it is now."""
    from s3fs import S3FileSystem

    keys = {"key": "test", "secret": "test"}
    return S3FileSystem(**keys, endpoint_url=endpoint, skip_instance_cache=True)


def clients_address(line):
    """Return the address that the page has people write into their shell."""
    name, address = line.removeprefix("export ").split("=")
    assert name == "MLFLOW_TRACKING_URI"
    return address


@pytest.mark.server
@pytest.mark.usefixtures("hanging")  # those wait, and others run meanwhile
def test_a_server_receives_a_run_with_its_model_and_artifacts(
    server, moto_server, tmp_path, monkeypatch
):
    import mlflow
    from mlflow import MlflowClient

    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv(patience.VARIABLE, "200")
    tracking.check("rebalance")
    store.write_json(paths.SPLIT, {"rows": 3})
    fitted = LogisticRegression().fit(X, X[:, 0] > 0)
    model = CorrectedClassifier(fitted, features=["V1", "V2"])

    store.write_model(paths.model("baseline"), model)
    store.write_text(paths.TRIALS, "number,state,folds,score,ratio\n0,complete,5,0.1,1\n")
    outputs = [paths.SPLIT, paths.model("baseline"), paths.TRIALS]
    run_id = tracking.hand_over(
        "rebalance",
        tracking.Record(
            stage="train_baseline",
            params={"learner.name": "logistic_regression"},
            metrics={"average_precision": 0.5},
            tags={"kind": "stage"},
            outputs={path.as_posix(): tracking.checksum(path) for path in outputs},
        ),
    )

    client = MlflowClient(tracking_uri=server)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"learner.name": "logistic_regression"}
    files = [entry.path for entry in client.list_artifacts(run_id, "metrics")]
    assert files == ["metrics/split.json", "metrics/trials.csv"]
    # Nothing of the client's folder reached the server's addresses, and nothing stayed behind.
    assert run.info.artifact_uri.startswith("mlflow-artifacts:")
    stored = bucket(moto_server).find("server/mlflow")
    assert any(path.endswith(f"{run_id}/artifacts/metrics/split.json") for path in stored)
    assert sorted(path.name for path in work.iterdir()) == ["metrics", "models"]

    (output,) = run.outputs.model_outputs
    loaded = mlflow.pyfunc.load_model(f"models:/{output.model_id}")
    found = loaded.predict(model_frame())["probability"]
    assert found.to_numpy() == pytest.approx(model.predict_proba(X[:5])[:, 1])

    (child,) = client.search_runs([run.info.experiment_id], "tags.kind = 'trial'")
    assert child.data.tags["mlflow.parentRunId"] == run_id


def model_frame():
    import pandas as pd

    return pd.DataFrame(X[:5], columns=["V1", "V2"])


class Relay(BaseHTTPRequestHandler):
    """Pass requests on to a real server, so many; then be dead, silent, or drip."""

    protocol_version = "HTTP/1.1"
    log_message = lambda *_: None  # noqa: E731 quiet

    def answer(self):
        relay = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with relay.lock:
            relay.count += 1
            failing = relay.count > relay.passes
        if failing:
            self.fail()
            return
        there = http.client.HTTPConnection(relay.behind, timeout=60)
        # The server answers to its own name only.
        headers = dict(self.headers) | {"Host": relay.behind}
        there.request(self.command, self.path, body, headers)
        answer = there.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        there.close()

    def fail(self):
        self.close_connection = True
        if self.server.kind == "dying":
            self.server.socket.close()
            threading.Thread(target=self.server.shutdown, daemon=True).start()
        elif self.server.kind == "silent":
            self.server.stopping.wait(60)
        elif self.server.kind == "dripping":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not self.server.stopping.wait(0.05):
                self.wfile.write(b" ")
        else:
            self.send_error(int(self.server.kind))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815


@contextmanager
def relay(address, kind, passes):
    """Yield a relay to a server that fails in a way after so many requests."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    made.daemon_threads, made.handle_error = True, lambda *_: None
    made.behind, made.kind, made.passes = address.removeprefix("http://"), kind, passes
    made.count, made.lock, made.stopping = 0, threading.Lock(), threading.Event()

    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.stopping.set()
        made.shutdown()
        made.server_close()


@pytest.fixture
def repository(tmp_path, monkeypatch, request):
    """A folder with the files that train_baseline writes; the name of an experiment of its own."""
    monkeypatch.chdir(tmp_path)
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    name = request.node.name.replace("[", " ").replace("]", "")
    trained(name)
    return name


OUTSIDE = ("DVC_ROOT", "DVC_EXP_NAME")  # variables of a DVC that runs these tests


def trained(experiment):
    """Write what is in a folder where train_baseline ran."""
    shutil.copyfile(ROOT / "dvc.yaml", "dvc.yaml")
    given = changed(SHIPPED, {"tracking.experiment": experiment})
    Path("params.yaml").write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    Path("dvc.lock").write_text("schema: '2.0'\nstages: {}\n", encoding="utf-8")
    write(0.5)


def write(score):
    """Write what a training stage writes; models differ by the score."""
    out_of_fold = {"average_precision": score, "average_precision_se": 0.1, "brier": 0.01}
    seen = {"positives_seen": 5, "negatives_seen": 55}
    content = {"out_of_fold": out_of_fold, "model": seen, "thresholds": {"max_f1": score}}
    store.write_json(paths.training_metrics("baseline"), content)
    fitted = LogisticRegression().fit(X, X[:, 0] > score)
    model = CorrectedClassifier(fitted, features=["V1", "V2"])
    store.write_model(paths.model("baseline"), model)
    return model


STAGE = """
from rebalance import errors, params, tracking

def main():
    with tracking.stage("train_baseline", params.load()):
        print("trained")

errors.run(main)
"""


HANGING = {"silent": 4, "dripping": 9}


@pytest.fixture(scope="module")
def hanging(server, tmp_path_factory):
    """Stages in processes of their own, by how their server hangs: what hangs must not keep one.

    The limits are 1.2 and 6 s. They are waited out at the same time, and beside other tests.
    """
    clean = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    started = {}
    with ExitStack() as stack:
        for kind, passes in HANGING.items():
            folder = tmp_path_factory.mktemp(kind)
            with chdir(folder):
                trained(kind)
            made = stack.enter_context(relay(server, kind, passes))
            address = f"http://me:canary@127.0.0.1:{made.server_port}"
            more = {"MLFLOW_TRACKING_URI": address, patience.VARIABLE: "4"}
            process = subprocess.Popen(
                [forks.python(), "-c", STAGE],
                cwd=folder,
                env=clean | {"PYTHONPATH": str(ROOT)} | more,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            started[kind] = folder, stack.enter_context(process)
        yield started


def recorded(server, experiment):
    """Return the runs of an experiment on a server, oldest first."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server)
    ours = client.get_experiment_by_name(experiment)
    return client.search_runs([ours.experiment_id], order_by=["attributes.start_time"])


def is_whole(server, run, model):
    """Tell whether a run has its files and its model, and the model answers as it should."""
    import mlflow
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server)
    files = [entry.path for entry in client.list_artifacts(run.info.run_id, "metrics")]
    (output,) = run.outputs.model_outputs
    location = client.get_logged_model(output.model_id).artifact_location
    loaded = mlflow.pyfunc.load_model(location)
    found = loaded.predict(model_frame())["probability"].to_numpy()
    return (
        run.info.status == "FINISHED"
        and files == ["metrics/train_baseline.json"]
        and found == pytest.approx(model.predict_proba(X[:5])[:, 1])
    )


@pytest.mark.server
@pytest.mark.parametrize(("kind", "passes"), [("dying", 6), ("503", 7)])
def test_a_server_that_fails_in_mid_run_costs_no_training_and_no_run(
    server, repository, monkeypatch, caplog, kind, passes
):
    for name, value in ({patience.VARIABLE: "200"} | AT_ONCE).items():
        monkeypatch.setenv(name, value)
    with relay(server, kind, passes) as made, caplog.at_level(logging.WARNING, "rebalance"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:canary@127.0.0.1:{made.server_port}")
        with tracking.stage("train_baseline", params.load()):
            pass
    said = [message for name, _, message in caplog.record_tuples if name == "rebalance"]
    is_kept_and_recorded_later(said, server, repository, monkeypatch)


def printed(lines):
    """Return what each command of the page prints, in this process."""
    said = []
    for line in lines:
        name, *words = line.split()
        assert name == "rebalance"
        with redirect_stdout(io.StringIO()) as text:
            cli.main(words)
        said.append(text.getvalue())
    return said


def is_kept_and_recorded_later(said, server, experiment, monkeypatch):
    """Check what a stage said whose server failed, and what ``rebalance sync`` does then."""
    (warning,) = said
    assert warning.startswith("warning: ")
    assert warning.endswith(" The run is kept: 'rebalance sync' records it later.")
    assert "canary" not in warning
    assert tracking.waiting() == ["train_baseline"]

    # Before anybody synchronises, the stage runs again and writes something else.
    model = write(0.5)
    write(1.5)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv(patience.VARIABLE, "200")
    assert printed(pages.below(MACHINES, "A server that fails")) == [
        "train_baseline: recorded\n", "all 0 stages of dvc.lock have their runs\n",
    ]  # fmt: skip
    (run,) = recorded(server, experiment)
    assert is_whole(server, run, model)
    assert run.data.metrics["threshold"] == 0.5
    assert not [path for path in paths.RUNS.iterdir() if path.name not in {"lock", "away"}]


@pytest.mark.server
def test_a_run_whose_last_answer_was_lost_is_not_recorded_twice(server, repository, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv(patience.VARIABLE, "200")
    section = params.load()
    record = records.ran("train_baseline", section, time.time(), 1.0)
    records.keep(record)
    tracking.hand_over_kept(repository)
    records.keep(record)
    assert sync.run() == "train_baseline: recorded\n"
    assert len(recorded(server, repository)) == 1


def test_a_server_that_is_away_is_asked_once_in_a_repro_and_its_runs_are_kept(
    repository, monkeypatch, caplog
):
    monkeypatch.setenv(patience.VARIABLE, "1")
    monkeypatch.setattr(tracking.pipeline, "repro", lambda: "this repro")
    section = params.load()
    with relay("http://127.0.0.1:9", "dripping", 0) as made, caplog.at_level(logging.WARNING):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:canary@127.0.0.1:{made.server_port}")
        for score in (0.5, 0.6):
            with tracking.stage("train_baseline", section):
                write(score)
        assert made.count == 1
    (message,) = caplog.messages
    assert message == (
        f"warning: MLFLOW_TRACKING_URI: the server http://127.0.0.1:{made.server_port} does not "
        "answer within 0.3 s; start it, or unset MLFLOW_TRACKING_URI to record into mlflow.db. "
        "Until then runs are kept: 'rebalance sync' records them."
    )
    kept = [record for _, record in records.kept()]
    scores = [store.read_json(r.file(paths.training_metrics("baseline"))) for r in kept]
    assert [each["out_of_fold"]["average_precision"] for each in scores] == [0.5, 0.6]
    models = [store.md5(record.file(record.model)) for record in kept]
    assert models == [record.outputs[record.model.as_posix()] for record in kept]


@pytest.mark.parametrize("kind", ["dying", "silent", "dripping", "500"])
def test_where_runs_are_required_a_server_that_is_away_ends_the_stage_before_its_work(
    repository, monkeypatch, kind
):
    monkeypatch.setenv(patience.VARIABLE, "1")
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("required: false", "required: true"))
    with relay("http://127.0.0.1:9", kind, 0) as made:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{made.server_port}")
        with (
            pytest.raises(InputError, match=r"answers? .*; start it, or unset MLFLOW_TRACKING_URI"),
            tracking.stage("train_baseline", params.load()),
        ):
            pytest.fail("the stage went to work")
    assert tracking.waiting() == []


@pytest.mark.server
def test_where_runs_are_required_a_server_that_fails_in_mid_run_ends_the_stage(
    server, repository, monkeypatch
):
    for name, value in ({patience.VARIABLE: "200"} | AT_ONCE).items():
        monkeypatch.setenv(name, value)
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("required: false", "required: true"))
    with relay(server, "dying", 6) as made:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{made.server_port}")
        with (
            pytest.raises(InputError, match=r"^MLFLOW_TRACKING_URI: the server http://127\.0"),
            tracking.stage("train_baseline", params.load()),
        ):
            pass
    assert tracking.waiting() == []


@pytest.mark.server
@pytest.mark.parametrize("kind", HANGING)
def test_a_server_that_hangs_in_mid_run_costs_no_training_and_no_run(
    server, hanging, monkeypatch, kind
):
    folder, process = hanging[kind]
    said, warned = process.communicate()
    assert process.returncode == 0
    assert said.startswith("trained\n")
    assert warned.endswith("\n")
    monkeypatch.chdir(folder)
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    is_kept_and_recorded_later(warned.splitlines(), server, kind, monkeypatch)


def test_the_limits_of_a_server_are_below_20_seconds_together(monkeypatch):
    monkeypatch.delenv(patience.VARIABLE, raising=False)
    assert (patience.of_an_answer(), patience.of_a_run()) == (3, 15)
    monkeypatch.setenv(patience.VARIABLE, "soon")
    with pytest.raises(InputError, match="MLFLOW_HTTP_REQUEST_TIMEOUT must be a number of seconds"):
        patience.of_a_run()


def test_work_in_time_returns_or_raises_as_it_would_alone():
    assert patience.within(60, lambda: 3, "there") == 3
    with pytest.raises(ZeroDivisionError):
        patience.within(60, lambda: 1 / 0, "there")


def test_a_port_that_is_none_is_said_without_the_password(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:canary/canary@host")
    with pytest.raises(InputError, match=r"its port is no number\. In a password write") as caught:
        tracking.check("any")
    assert "canary" not in str(caught.value)


def test_a_kept_record_is_read_as_it_was(repository):
    record = records.ran("train_baseline", params.load(), 1.0, 2.0)
    records.keep(record)
    ((path, kept),) = records.kept()
    assert kept.folder == path.with_suffix("").as_posix()
    assert {**vars(kept), "folder": ""} == vars(record)
    assert kept.versions == provenance.versions()
    records.forget(path)
    assert records.kept() == []
    assert list(paths.RUNS.iterdir()) == []
