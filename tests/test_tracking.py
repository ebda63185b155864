import importlib.metadata
import json
import logging
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import chdir, closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from rebalance import cli, paths, scoring, store, tracking
from rebalance import params as parameters
from rebalance.cli.commands import sync
from rebalance.errors import InputError
from rebalance.model.corrected import CorrectedClassifier
from rebalance.tracking import (
    patience,
    pipeline,
    places,
    provenance,
    records,
    relocation,
    summaries,
)
from tests import forks

REPOSITORY = Path(__file__).parents[1]
EXPERIMENT = "rebalance"
OUTSIDE = ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_EXP_NAME")  # of who runs these tests
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = (X[:, 0] > 1).astype(int)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty folder to work in, and nothing set that says where runs go."""
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def warm(root, migrated):
    """A folder with a database that is ready."""
    shutil.copyfile(migrated, root / "mlflow.db")
    return root


@pytest.fixture(scope="session")
def model():
    fitted = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(X, Y)
    return CorrectedClassifier(fitted, features=["V1", "V2", "Amount"], intercept=-1.0)


def record(stage="train_baseline", *, outputs=(), model=None, tags=None, **more):
    """Record a stage as `tracking.stage` does when its body is through; return the run's id."""
    made = tracking.Record(
        stage=stage,
        **records.seen(stage, outputs),
        outputs={path.as_posix(): tracking.checksum(path) for path in outputs},
        tags={"kind": "stage", "dvc.stage": stage} | (tags or {}),
        **({"params": {}, "metrics": {}} | more),
    )
    return tracking.hand_over(EXPERIMENT, made, model=model)


def client():
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking.address())


def runs(kind="stage"):
    ours = client().get_experiment_by_name(EXPERIMENT)
    return client().search_runs([ours.experiment_id], f"tags.kind = '{kind}'")


def python(code, folder, program=None):
    return subprocess.Popen(
        [program or forks.python(), "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_importing_tracking_imports_nothing_heavy(root):
    code = "import sys, rebalance.tracking; print({'mlflow', 'pandas', 'sklearn'} & {*sys.modules})"
    out, _ = python(code, root, sys.executable).communicate()
    assert out.strip() == "set()"


def test_a_stage_is_one_finished_run_with_all_that_is_known_of_it(warm):
    store.write_json(paths.SPLIT, {"rows": 3})
    paths.DATA.mkdir()
    paths.TRAIN.write_bytes(b"rows")

    record(
        "split",
        params={"split.seed": 42, "split.long": "x" * 9000},
        metrics={"train_rows": 2, "train_prevalence": 0.5},
        outputs=[paths.SPLIT, paths.TRAIN],
        note="2 training rows.",
        started=time.time() - 5,
        seconds=4.5,
    )

    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "split"
    assert run.data.params["split.seed"] == "42"
    assert len(run.data.params["split.long"]) == 6000
    assert run.data.metrics == {"train_rows": 2, "train_prevalence": 0.5, "seconds": 4.5}
    assert run.info.end_time - run.info.start_time == 4500
    assert run.data.tags["dvc.stage"] == "split"
    assert run.data.tags["mlflow.note.content"] == "2 training rows."

    artifacts = client().list_artifacts(run.info.run_id, "metrics")
    assert [entry.path for entry in artifacts] == ["metrics/split.json"]
    assert client().list_artifacts(run.info.run_id, "data") == []
    origin = json.loads(artifact(run, "provenance.json").read_text())
    assert origin["outputs"]["data/train.parquet"] == store.md5(paths.TRAIN)
    assert origin["versions"]["mlflow"].startswith("3.")


def artifact(run, name):
    return Path(run.info.artifact_uri.removeprefix("file://")) / name


def test_more_than_mlflow_takes_in_one_call_is_logged_in_several(warm):
    params = {f"p{i}": i for i in range(250)}
    metrics = {f"m{i}": i for i in range(1700)}
    run_id = record(params=params, metrics=metrics)
    data = client().get_run(run_id).data
    assert len(data.params) == 250
    assert len(data.metrics) == 1700


def test_a_commit_and_what_differs_from_it_are_named(warm):
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org"]
    store.write_json(paths.SPLIT, {"rows": 3})
    paths.PARAMS.write_text("seed: 1\n")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "params.yaml", "metrics"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)

    # What stages write differs all the time; it says nothing about the code.
    store.write_json(paths.SPLIT, {"rows": 4})
    clean = provenance.stage_tags("split")
    paths.PARAMS.write_text("seed: 2\n")
    dirty = provenance.stage_tags("split")

    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assert clean["mlflow.source.git.commit"] == head.stdout.strip()
    assert (clean["git.dirty"], dirty["git.dirty"]) == ("false", "true")


@pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # inside DVC
def test_a_folder_has_the_checksum_that_dvc_gives_it(root):
    from dvc.repo import Repo

    (root / "plots").mkdir()
    for name in ("b.csv", "a.csv"):
        (root / "plots" / name).write_text(name)
    with Repo.init(no_scm=True) as repo:
        (stage,) = repo.add("plots")
    assert tracking.checksum("plots") == stage.outs[0].hash_info.value


TRIALS = """number,state,folds,score,treatment,ratio
0,complete,5,0.1,random_under,1
1,pruned,2,,random_under,9
2,complete,5,0.3,none,577
"""


def test_trials_are_children_and_nothing_else_is(warm):
    store.write_text(paths.TRIALS, TRIALS)
    run_id = record("tune_ratio", outputs=[paths.TRIALS], started=5.0)

    assert [run.info.run_id for run in runs("stage")] == [run_id]
    children = sorted(runs("trial"), key=lambda run: run.data.tags["trial.number"])
    # MLflow sorts by the start: the trials of a study stand in its order.
    assert [run.info.start_time for run in children] == [5000, 5001, 5002]
    assert [run.info.run_name for run in children] == ["trial 0", "trial 1", "trial 2"]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {run_id}
    assert [run.data.params for run in children] == [
        {"treatment": "random_under", "ratio": "1"},
        {"treatment": "random_under", "ratio": "9"},
        {"treatment": "none", "ratio": "577"},
    ]
    assert [run.data.tags["trial.state"] for run in children] == ["complete", "pruned", "complete"]
    assert [run.data.metrics for run in children] == [
        {"folds": 5, "score": 0.1},
        {"folds": 2},
        {"folds": 5, "score": 0.3},
    ]
    history = client().get_metric_history(run_id, "score")
    assert [(point.step, point.value) for point in history] == [(0, 0.1), (2, 0.3)]


def test_nothing_is_recorded_in_default(warm):
    record()
    assert client().search_runs(["0"]) == []


@pytest.mark.parametrize("name", ["Default", "", "  "])
def test_an_experiment_without_a_name_of_its_own_is_refused(root, name):
    with pytest.raises(InputError, match=r"tracking\.experiment must name an experiment"):
        tracking.check(name)


def test_a_deleted_experiment_comes_back_with_the_next_run(warm):
    record()
    client().delete_experiment(client().get_experiment_by_name(EXPERIMENT).experiment_id)
    record()
    assert client().get_experiment_by_name(EXPERIMENT).lifecycle_stage == "active"


def test_a_run_that_cannot_be_completed_is_recorded_as_failed(warm, monkeypatch):
    from rebalance.tracking import contents

    def refuse(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(contents, "log", refuse)
    with pytest.raises(InputError, match="refused the run: disk full"):
        record()
    assert [run.info.status for run in runs()] == ["FAILED"]


FULL = """
import atexit, resource
from rebalance import errors, tracking

def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # 'make coverage' writes what it saw at the end.
    atexit.register(resource.setrlimit, resource.RLIMIT_FSIZE, (soft, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, hard))
    record = tracking.Record(stage="split", params={}, metrics={}, tags={}, outputs={})
    tracking.hand_over("rebalance", record)

errors.run(main)
"""


def test_a_disk_that_is_full_costs_a_line_and_no_traceback_of_mlflow(warm):
    done = python(FULL, warm)
    said, _ = done.communicate()
    assert done.returncode == 1
    assert said.startswith("error: MLflow at sqlite:///")
    assert "refused the run: " in said
    assert said.count("\n") == 1, said


def test_a_database_whose_writer_was_killed_is_taken_back_and_used(warm, tmp_path):
    """SQLite has to write for that: who only looks is refused."""
    there = tmp_path / "killed"
    there.mkdir()
    with closing(sqlite3.connect(warm / "mlflow.db", isolation_level=None)) as base:
        base.execute("PRAGMA cache_size = 1")
        base.execute("BEGIN IMMEDIATE")
        base.execute("CREATE TABLE unfinished (x)")
        base.executemany("INSERT INTO unfinished VALUES (?)", [("x" * 1000,)] * 500)
        # As the files are where a process is killed now.
        for name in ("mlflow.db", "mlflow.db-journal"):
            shutil.copyfile(warm / name, there / name)
        base.execute("ROLLBACK")
    uri = f"file:{there}/mlflow.db?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True)) as base,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        base.execute("SELECT * FROM experiments").fetchall()
    places._check_database(there / "mlflow.db")
    with closing(sqlite3.connect(there / "mlflow.db")) as base:
        tables = {name for (name,) in base.execute("SELECT name FROM sqlite_master")}
    assert "experiments" in tables
    assert "unfinished" not in tables


def test_two_stages_may_create_the_database_at_once(root):
    code = """
from rebalance import tracking
record = tracking.Record(stage="s", params={}, metrics={}, outputs={}, tags={"kind": "stage"})
tracking.hand_over("rebalance", record)
"""
    started = [python(code, root) for _ in range(2)]
    said = [process.communicate()[0] for process in started]
    # MLflow speaks of each of its migrations; nobody asked.
    assert said == [""] * 2
    assert [process.returncode for process in started] == [0] * 2
    assert len(runs()) == 2
    ours = [".rebalance", "mlartifacts", "mlflow.db", "mlflow.db.lock"]
    assert sorted(path.name for path in root.iterdir()) == ours
    assert not [path for path in (root / ".rebalance").rglob("*") if path.is_file()]


def test_a_temporary_copy_records_into_the_repository(warm, monkeypatch):
    copy = warm / "tmp" / "copy"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DVC_ROOT", str(warm))
    monkeypatch.setenv("DVC_EXP_NAME", "merry-pike")
    store.write_json(paths.SPLIT, {"rows": 3})

    record("split", outputs=[paths.SPLIT])

    assert sorted(path.name for path in copy.iterdir()) == ["metrics"]
    assert list((warm / "mlartifacts").rglob("split.json"))
    assert provenance.stage_tags("split")["dvc.exp"] == "merry-pike"


def test_an_address_in_the_environment_wins(warm, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere/runs.db")
    assert tracking.address() == f"sqlite:///{warm}/elsewhere/runs.db"
    assert places.artifact_location(tracking.address(), "a b").endswith(
        "/elsewhere/mlartifacts/a%20b"
    )


def test_a_moved_repository_is_said_and_mended_when_somebody_says_so(
    root, migrated, model, monkeypatch, capsys
):
    old, new = root / "old place", root / "new"
    old.mkdir()
    shutil.copyfile(migrated, old / "mlflow.db")
    monkeypatch.chdir(old)
    shutil.copyfile(REPOSITORY / "params.yaml", "params.yaml")
    store.write_json(paths.SPLIT, {"rows": 3})
    before = record("split", outputs=[paths.SPLIT, written(model)])

    old.rename(new)
    monkeypatch.chdir(new)
    with pytest.raises(InputError) as caught:
        tracking.check(EXPERIMENT)
    assert f"lie below {old}, and they lie below {new}" in str(caught.value)
    assert "rebalance doctor --move" in str(caught.value)
    cli.main(["doctor", "--move"])
    assert f"{old} is now {new}" in capsys.readouterr().out

    after = record("split", outputs=[paths.SPLIT])
    assert not old.exists()
    for run_id in (before, after):
        assert client().get_run(run_id).info.artifact_uri.startswith(new.as_uri())
        assert client().list_artifacts(run_id, "metrics")[0].path == "metrics/split.json"
    assert list(load(before).predict(frame())) == ["probability", "decision"]


def test_only_addresses_below_the_old_place_are_rewritten(tmp_path):
    file = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(file)) as base, base:
        for table, column in relocation.ADDRESSES:
            base.execute(f"CREATE TABLE {table} ({column} TEXT)")
            for value in ("file:///a/b", "file:///a2/b", None):
                base.execute(f"INSERT INTO {table} VALUES (?)", (value,))  # noqa: S608

    relocation.relocate(file, "file:///a", "file:///new%20place")

    with closing(sqlite3.connect(file)) as base:
        for table, column in relocation.ADDRESSES:
            found = base.execute(f"SELECT {column} FROM {table}")  # noqa: S608
            assert [*found] == [("file:///new%20place/b",), ("file:///a2/b",), (None,)]


def test_a_plain_search_in_the_repository_finds_the_runs(warm):
    record()
    code = f"""
import mlflow
print(mlflow.search_runs(experiment_names=["{EXPERIMENT}"], output_format="list")[0].info.run_name)
"""
    out, _ = python(code, warm).communicate()
    assert out.splitlines()[-1] == "train_baseline"


def test_a_database_of_a_newer_mlflow_is_said_before_any_work(warm):
    with closing(sqlite3.connect("mlflow.db")) as base, base:
        base.execute("UPDATE alembic_version SET version_num = 'feedfeedfeed'")
    with pytest.raises(InputError, match=r"upgraded by a newer MLflow \(schema feedfeedfeed\)"):
        tracking.check(EXPERIMENT)


def test_a_file_that_is_no_database_is_said_before_any_work(root):
    (root / "mlflow.db").write_text("hello " * 100)
    with pytest.raises(InputError, match="cannot be read as MLflow's database"):
        tracking.check(EXPERIMENT)


def test_a_database_with_damaged_names_is_one_line(root):
    with closing(sqlite3.connect("mlflow.db")) as base:
        base.execute("CREATE TABLE experiments (name, artifact_location)")
    content = Path("mlflow.db").read_bytes()
    # Bytes that are no UTF-8, in the name of a table; and a page that is none.
    names = content.replace(b"experiments", b"exp\xe9riment\n")
    for damaged in (names, content[:2000] + b"x" * 9000):
        Path("mlflow.db").write_bytes(damaged)
        with pytest.raises(InputError, match="cannot be read as MLflow's database") as caught:
            tracking.check(EXPERIMENT)
        assert not isinstance(caught.value, tracking.AwayError)
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("code", "error"), [(sqlite3.SQLITE_BUSY_SNAPSHOT, tracking.AwayError), (None, InputError)]
)
def test_a_database_is_held_by_any_kind_of_busy(root, monkeypatch, code, error):
    def refused(*_, **__):
        fault = sqlite3.OperationalError("no")
        if code is not None:
            fault.sqlite_errorcode = code
        raise fault

    Path("mlflow.db").write_text("-", encoding="utf-8")
    monkeypatch.setattr(places.sqlite3, "connect", refused)
    with pytest.raises(InputError) as caught:
        tracking.check(EXPERIMENT)
    assert type(caught.value) is error


def test_a_database_that_another_program_holds_costs_a_line_and_no_training(
    root, monkeypatch, caplog
):
    monkeypatch.setattr(places, "LOCKED_SECONDS", 0.1)
    with closing(sqlite3.connect("mlflow.db", isolation_level=None)) as base:
        base.execute("CREATE TABLE experiments (name, artifact_location)")
        base.execute("BEGIN EXCLUSIVE")
        with pytest.raises(tracking.AwayError, match="is held by another program"):
            tracking.check(EXPERIMENT)
        assert not tracking.reachable(SimpleNamespace(experiment=EXPERIMENT, required=False))
    assert "Until then runs are kept" in caplog.text
    assert tracking.check(EXPERIMENT) is None


def test_a_folder_as_address_is_refused(root, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    with pytest.raises(InputError, match=r"is the folder './mlruns'"):
        tracking.check(EXPERIMENT)


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def test_a_dead_server_is_one_line_before_any_work(root, monkeypatch):
    address = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address.replace("//", "//someone:secret@"))
    with pytest.raises(InputError) as caught:
        tracking.check(EXPERIMENT)
    said = str(caught.value)
    assert address in said
    assert "unset MLFLOW_TRACKING_URI" in said
    assert "secret" not in said
    assert "\n" not in said


def test_a_silent_server_is_one_line_before_any_work(root, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv(patience.VARIABLE, "1")
        with pytest.raises(InputError, match="does not answer"):
            tracking.check(EXPERIMENT)


def test_a_server_that_dies_in_the_middle_is_one_line(root, monkeypatch):
    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Healthy)

    def answer_once():
        server.handle_request()
        server.server_close()

    dying = threading.Thread(target=answer_once)
    dying.start()
    # The request is sent again as often, and with no pause.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
    with pytest.raises(InputError, match="does not answer") as caught:
        record()
    dying.join()
    assert "\n" not in str(caught.value)


def frame():
    import pandas as pd

    return pd.DataFrame(X[:5], columns=["V1", "V2", "Amount"])


def written(model):
    """Return the path of the model, which is written as a stage does."""
    store.write_model(paths.model("baseline"), model)
    return paths.model("baseline")


def model_folder(run_id):
    (output,) = client().get_run(run_id).outputs.model_outputs
    location = client().get_logged_model(output.model_id).artifact_location
    return Path(location.removeprefix("file://").replace("%20", " "))


def load(run_id):
    import mlflow

    return mlflow.pyfunc.load_model(model_folder(run_id).as_posix())


def test_a_model_is_logged_with_what_it_takes_and_answers_and_no_pickle(warm, model):
    run_id = record(metrics={"average_precision": 0.5}, outputs=[written(model)], model=model)
    folder = model_folder(run_id)

    loaded = load(run_id)
    assert loaded.predict(frame()).equals(answers(model))
    columns = dict.fromkeys(["V1", "V2", "Amount"], "number")
    assert loaded.metadata.metadata == {"columns": columns}
    assert loaded.metadata.get_output_schema().input_names() == ["probability", "decision"]
    assert "scikit-learn==" in (folder / "requirements.txt").read_text()

    files = [path for path in folder.rglob("*") if path.is_file()]
    # 128 begins every pickle since protocol 2; skops is a zip archive.
    assert [path for path in files if path.read_bytes()[:1] == b"\x80"] == []
    assert (folder / "model.skops").read_bytes()[:2] == b"PK"

    logged = client().search_logged_models(
        [client().get_experiment_by_name(EXPERIMENT).experiment_id]
    )
    assert [entry.name for entry in logged] == ["baseline"]
    assert str(logged[0].status) == "READY"
    # Not where it is on this machine: a team's server would show it to everybody.
    assert logged[0].tags["mlflow.source.name"] == "stages/train_baseline.py"
    assert [metric.key for metric in logged[0].metrics] == ["average_precision"]


def test_a_model_is_logged_without_a_warning_where_pip_is_not_installed(
    warm, model, monkeypatch, caplog
):
    version = importlib.metadata.version

    def without_pip(name):
        if name == "pip":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    logger = logging.getLogger("mlflow.utils.environment")
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    monkeypatch.setattr(importlib.metadata, "version", without_pip)
    run_id = record(outputs=[written(model)], model=model)
    assert caplog.messages == []
    text = (model_folder(run_id) / "conda.yaml").read_text()
    assert "\n- pip\n" in text
    assert f"  - scikit-learn=={version('scikit-learn')}\n" in text


def test_the_training_rows_are_named_by_their_checksum(warm, model):
    store.write_frame(paths.TRAIN, frame())
    run = client().get_run(record(outputs=[written(model)], model=model))
    (rows,) = run.inputs.dataset_inputs
    assert rows.dataset.digest == store.md5(paths.TRAIN)
    assert json.loads(rows.dataset.profile)["num_rows"] == len(frame())
    assert [(tag.key, tag.value) for tag in rows.tags] == [("mlflow.data.context", "training")]


def test_a_table_is_described_by_its_own_counts_and_kinds(root):
    import pandas as pd

    rows = pd.DataFrame(
        {
            "paid": [0.5, 1.5, 2.5],
            "count": [1, 2, 3],
            "new": [True, False, True],
            "shop": ["a", "b", "c"],
            "day": pd.to_datetime(["2024-01-01"] * 3),
        }
    )
    store.write_frame(paths.TEST, rows)
    side = {"rows": 3, "positives": 1, "prevalence": 0.3333}
    store.write_json(paths.SPLIT, {"train": SIDE | {"missing_values": 7}, "test": side})
    found = provenance.dataset(paths.TEST)
    assert (found["name"], found["digest"]) == ("test", store.md5(paths.TEST))
    assert json.loads(found["source"]) == {"uri": "data/test.parquet"}
    assert json.loads(found["profile"]) == {
        "num_rows": 3, "num_columns": 5, "positives": 1, "prevalence": 0.3333
    }  # fmt: skip
    kinds = {each["name"]: each["type"] for each in json.loads(found["schema"])["mlflow_colspec"]}
    assert kinds == {
        "paid": "double", "count": "long", "new": "boolean", "shop": "string", "day": "datetime"
    }  # fmt: skip


def test_a_logged_model_answers_where_this_package_is_not_installed(warm, model):
    folder = model_folder(record(outputs=[written(model)], model=model))
    assert (folder / "code/rebalance/served.py").exists()
    code = f"""
import sys
sys.path = [path for path in sys.path if path] + [{str(Path(np.__file__).parents[1])!r}]
import importlib.util
assert importlib.util.find_spec("rebalance") is None
import mlflow.pyfunc, pandas
loaded = mlflow.pyfunc.load_model({str(folder)!r})
rows = pandas.DataFrame({{"Amount": [1, 2], "V1": [None, 0.5], "more": ["x", "y"], "V2": [3, 4]}})
print(loaded.predict(rows).round(6).to_json(orient="records"))
"""
    done = subprocess.run(  # -S: without the packages of an editable installation
        [sys.executable, "-S", "-c", code],
        cwd=folder.parent,
        env={n: v for n, v in os.environ.items() if n != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = np.array([[np.nan, 3, 1], [0.5, 4, 2]])
    expected = answers(model, rows).round(6).to_json(orient="records")
    assert done.stdout.splitlines()[-1] == expected


def answers(model, rows=X[:5]):
    """Return probability and decision by the model's own methods."""
    import pandas as pd

    return pd.DataFrame(
        {"probability": model.predict_proba(rows)[:, 1], "decision": model.predict(rows)}
    )


LOCK = """
schema: '2.0'
stages:
  split:
    cmd: python -m stages.split
    params:
      params.yaml:
        split:
          method: stratified
          column: ''
          test_size: 0.3
          gap: 0
          seed: 1
    outs:
    - path: metrics/split.json
      hash: md5
      md5: {split}
  train_resampled@gone:
    cmd: python -m stages.train_resampled gone
    outs:
    - path: models/gone.skops
      hash: md5
      md5: abc
  train_baseline:
    cmd: python -m stages.train_baseline
    outs:
    - path: metrics/train_baseline.json
      hash: md5
      md5: {metrics}
    - path: models/baseline.skops
      hash: md5
      md5: {model}
"""
SIDE = {"rows": 30, "positives": 3, "prevalence": 0.1}
TRAINED = {
    "out_of_fold": {"average_precision": 0.5, "average_precision_se": 0.1, "brier": 0.01},
    "model": {"positives_seen": 3, "negatives_seen": 27},
    "thresholds": {"max_f1": 0.25, "half": 0.5},
}


@pytest.fixture
def restored(warm, model):
    """A repository in which DVC restored two stages of which MLflow knows nothing."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(REPOSITORY / name, name)
    store.write_json(paths.SPLIT, {"train": SIDE, "test": SIDE})
    store.write_json(paths.training_metrics("baseline"), TRAINED)
    store.write_model(paths.model("baseline"), model)
    Path("dvc.lock").write_text(
        LOCK.format(
            split=store.md5(paths.SPLIT),
            metrics=store.md5(paths.training_metrics("baseline")),
            model=store.md5(paths.model("baseline")),
        )
    )
    return warm


def test_sync_records_what_is_missing_and_nothing_twice(restored):
    assert sync.run() == "split: recorded\ntrain_baseline: recorded\n"
    assert sync.run() == "all 2 stages of dvc.lock have their runs\n"

    split, baseline = sorted(runs(), key=lambda run: run.info.run_name)
    assert baseline.data.tags["restored"] == "true"
    assert baseline.data.tags["dvc.repro"] == split.data.tags["dvc.repro"]
    assert baseline.data.metrics == {
        "out_of_fold_average_precision": 0.5,
        "out_of_fold_average_precision_se": 0.1,
        "out_of_fold_brier": 0.01,
        "threshold": 0.25,
    }
    assert load(baseline.info.run_id).predict(frame()).shape == (5, 2)

    client().set_terminated(split.info.run_id, "FAILED")
    assert sync.run() == "split: recorded\n"


def test_a_restored_stage_has_the_parameters_that_it_ran_with(restored):
    sync.run()
    (split,) = (run for run in runs() if run.info.run_name == "split")
    # params.yaml holds out a fifth of the rows; dvc.lock says that the stage held out more.
    assert split.data.params["split.test_size"] == "0.3"
    assert split.data.params["split.seed"] == "1"
    assert "split.column" not in split.data.params


def test_sync_leaves_out_a_stage_that_ran_with_keys_of_another_version(restored):
    lock = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(lock.replace("test_size: 0.3", "share_of_test: 0.3"))
    said = sync.run().splitlines()
    assert said[0].startswith("split: left out, dvc.lock is of another version: split")
    assert "share_of_test" in said[0]
    assert said[1] == "train_baseline: recorded"


def test_sync_hands_over_what_short_stages_left(restored):
    left = tracking.Record(
        stage="download", params={}, metrics={"rows": 3}, tags={"kind": "stage"}, outputs={},
        started=1.0, seconds=2.0,
    )  # fmt: skip
    records.keep(left)
    assert tracking.waiting() == ["download"]
    assert sync.run().startswith("download: recorded\n")
    assert tracking.waiting() == []
    (run,) = (run for run in runs() if run.info.run_name == "download")
    assert run.info.start_time == 1000
    assert run.data.metrics == {"rows": 3, "seconds": 2}


def test_two_runs_of_a_stage_are_both_handed_over_each_with_its_own_files(restored):
    def left(rows, started):
        store.write_json(paths.SPLIT, {"rows": rows})
        outputs = {paths.SPLIT.as_posix(): store.md5(paths.SPLIT)}
        return tracking.Record(
            stage="split", params={}, metrics={"rows": rows}, tags={"kind": "stage"},
            outputs=outputs, started=started,
        )  # fmt: skip

    records.keep(left(30, 1.0))
    records.keep(left(31, 2.0))
    assert tracking.hand_over_kept("rebalance") == ["split", "split"]

    both = sorted(runs(), key=lambda run: run.info.start_time)
    assert [run.data.metrics["rows"] for run in both] == [30, 31]
    assert [store.read_json(artifact(run, paths.SPLIT))["rows"] for run in both] == [30, 31]


def test_records_are_handed_over_in_the_order_in_which_their_stages_ran(root):
    for stage, started, key in (("c", 3.0, "1"), ("a", 1.0, "2"), ("b", 2.0, "0")):
        given = {"params": {}, "metrics": {}, "tags": {}, "outputs": {}}
        records.keep(tracking.Record(stage=stage, started=started, key=key, **given))
    assert tracking.waiting() == ["a", "b", "c"]


def test_what_a_failed_try_left_is_recorded_again_and_what_is_known_is_not(warm):
    left = tracking.Record(
        stage="split", params={}, metrics={"rows": 3}, tags={"kind": "stage"}, outputs={}
    )

    def handed_over():
        records.keep(left)
        assert tracking.hand_over_kept(EXPERIMENT) == ["split"]
        (run,) = runs()
        return run.info

    first = handed_over()
    assert handed_over().run_id == first.run_id
    client().set_terminated(first.run_id, "FAILED")
    again = handed_over()
    assert again.run_id != first.run_id
    assert again.status == "FINISHED"


def test_sync_records_a_stage_again_when_it_wrote_something_else(restored):
    sync.run()
    lock = Path("dvc.lock").read_text()
    old = store.md5(paths.SPLIT)
    store.write_json(paths.SPLIT, {"train": SIDE, "test": SIDE | {"rows": 31}})
    assert sync.run() == "all 2 stages of dvc.lock have their runs\n"

    Path("dvc.lock").write_text(lock.replace(old, store.md5(paths.SPLIT)))
    assert sync.run() == "split: recorded\n"


@pytest.mark.parametrize("required", [False, True])
def test_make_repro_ends_well_where_the_server_is_away_unless_it_must_not(
    restored, monkeypatch, required
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:canary@127.0.0.1:9")
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("required: false", f"required: {required}"))
    away = "the server http://127.0.0.1:9 does not answer"
    with pytest.raises(tracking.AwayError, match=away):
        sync.run()
    if required:
        with pytest.raises(tracking.AwayError, match=away):
            sync.run(optional=True)
        return
    said = sync.run(optional=True)
    assert said.startswith(f"warning: MLFLOW_TRACKING_URI: {away}")
    assert said.endswith("Runs are kept: 'rebalance sync' records them.\n")
    assert said.count("\n") == 1
    assert "sync --optional\n" in (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def test_sync_leaves_out_what_is_not_as_dvc_lock_says(restored):
    store.write_json(paths.SPLIT, {"rows": 5})
    assert "split: left out, metrics/split.json is not what dvc.lock says" in sync.run()


def test_sync_leaves_out_a_stage_whose_files_are_not_here_yet(restored):
    paths.model("baseline").rename("elsewhere")
    assert "train_baseline: left out, models/baseline.skops is not here; 'dvc repro'" in sync.run()
    Path("elsewhere").rename(paths.model("baseline"))
    assert sync.run() == "train_baseline: recorded\n"


JUDGED = {
    "metric": "average_precision",
    "baseline": "baseline",
    "intervals": {
        "baseline": {"average_precision": {"value": 0.5, "low": 0.4, "high": 0.6}},
        "over": {"average_precision": {"value": 0.7, "low": 0.6, "high": 0.8}},
    },
    "verdicts": {"over": {"verdict": "better", "difference": 0.2, "low": 0.1, "high": 0.3}},
}
SCORES = {
    "baseline": {"average_precision": 0.5, "recall": 0.8, "mcc": 0.1, "threshold": 0.25},
    "over": {"average_precision": 0.7, "recall": 0.9, "mcc": 0.2, "threshold": 0.3},
}


def test_what_the_test_rows_say_of_a_model_is_numbers_tags_and_a_sentence():
    over = summaries.judged("over", "over", SCORES, JUDGED)
    assert over.metrics == {
        "average_precision": 0.7,
        "average_precision_low": 0.6,
        "average_precision_high": 0.8,
        "difference": 0.2,
        "difference_low": 0.1,
        "difference_high": 0.3,
        "recall": 0.9,
    }
    assert over.tags == {"verdict": "better", "recommended": "true"}
    assert over.note == (
        "On the test rows: average precision 0.700 [0.600, 0.800], +0.200 [+0.100, +0.300] "
        "against baseline (better, this fitted model); recommended."
    )
    baseline = summaries.judged("baseline", "over", SCORES, JUDGED)
    assert baseline.tags == {"verdict": "baseline", "recommended": "false"}
    assert "difference" not in baseline.metrics
    shown = {
        "average_precision": 0.7,
        "roc_auc": 0.9,
        "recall": 0.8,
        "precision": 0.6,
        "brier": 0.1,
    }
    scores = SCORES | {"baseline": shown | {"mcc": 0.2, "threshold": 0.3}}
    interval = {"average_precision_low": 0.4, "average_precision_high": 0.6}
    assert summaries.judged("baseline", "over", scores, JUDGED).metrics == shown | interval


def summary(stage):
    """Return the `Summary` of a stage by the shipped parameters."""
    shutil.copyfile(REPOSITORY / "params.yaml", "params.yaml")
    return summaries.of(stage, parameters.load())


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"random_under": 20, "max_iter": 9}, "chose random_under at 20"),
        ({"none": 577}, "chose no treatment"),
    ],
)
def test_the_note_of_the_study_says_how_many_trials_chose_what(root, chosen, said):
    numbers = {"trials": 41, "fits": 187, "pruned": 6, "chosen_ratio": 20, "natural_ratio": 577}
    study = numbers | {"chosen": chosen, "best_score": 0.6}
    store.write_json(paths.training_metrics(paths.TUNED), TRAINED | {"study": study})
    found = summary("tune_ratio")
    assert found.note == (
        f"The study of 41 trials {said}, trained on 3 positives and 27 negatives: average "
        "precision 0.500 out of fold (standard error 0.100)."
    )
    assert found.metrics == {
        "out_of_fold_average_precision": 0.5,
        "out_of_fold_average_precision_se": 0.1,
        "out_of_fold_brier": 0.01,
        "threshold": 0.25,
        **numbers,
    }
    assert found.tags == {"model": "tuned"}


def test_the_notes_of_the_other_stages_say_what_they_did(root):
    import pandas as pd

    rows = pd.DataFrame({"Amount": [1.0] * 5, "Class": [0, 1, 0, 0, 1]})
    store.write_frame(paths.RAW, rows, {"target": "Class", "features": ["Amount"]})
    assert summary("download").note == "5 rows from the source simulated, 2 of them positive."
    other = {"rows": 16, "positives": 2, "prevalence": 0.125}
    store.write_json(paths.SPLIT, {"train": SIDE, "test": other})
    found = summary("split")
    assert found.note == (
        "Split stratified: 30 training rows with 3 positives, 16 test rows with 2."
    )
    assert found.metrics == {
        "train_rows": 30, "train_positives": 3, "train_prevalence": 0.1,
        "test_rows": 16, "test_positives": 2, "test_prevalence": 0.125,
    }  # fmt: skip
    for name in ("baseline", "smote"):
        store.write_json(paths.training_metrics(name), TRAINED)
    said = ", trained on 3 positives and 27 negatives: average precision 0.500 out of fold"
    assert summary("train_baseline").note.startswith(f"No treatment{said}")
    found = summary("train_resampled@smote")
    assert found.note.startswith(f"Treatment smote{said}")
    assert found.tags == {"model": "smote"}


def test_a_registry_in_trouble_is_not_one_without_a_champion():
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, TEMPORARILY_UNAVAILABLE

    from rebalance.tracking import registry

    made = []

    def client(code):
        def by_alias(name, alias):
            raise MlflowException("the database is locked", code)

        logged = SimpleNamespace(artifact_location="here")
        return SimpleNamespace(
            get_experiment=lambda _: SimpleNamespace(name="it"),
            search_model_versions=lambda _: [SimpleNamespace(source="here", version="7")],
            get_logged_model=lambda _: logged,
            get_model_version_by_alias=by_alias,
            set_registered_model_alias=lambda _, alias, version: made.append((alias, version)),
        )

    with pytest.raises(MlflowException, match="locked"):
        registry.challenge(client(TEMPORARILY_UNAVAILABLE), "1", "m-1", None)
    with pytest.raises(MlflowException, match="locked"):
        registry.promote(client(TEMPORARILY_UNAVAILABLE), "it", "challenger")
    assert made == [("challenger", "7")]
    registry.challenge(client(INVALID_PARAMETER_VALUE), "1", "m-1", None)
    assert made[1:] == [("challenger", "7"), ("champion", "7")]


@pytest.fixture
def rivals(root, monkeypatch):
    """Return a call that says whether a model that ranks the test rows beats one that guesses.

    It takes parameters, and names what the comparison was asked for in ``rivals.asked``.
    """
    import pandas as pd
    from skops.io import dump

    from rebalance import comparison
    from rebalance.served import Scorer
    from rebalance.tracking import registry

    names = ["V1", "V2", "Amount"]
    rows = pd.DataFrame(X, columns=names).assign(Class=Y, side=np.arange(len(Y)) % 2)
    store.write_frame(paths.TEST, rows, {"target": "Class", "features": names})
    versions = []
    for name, learnt in (("over", Y), ("baseline", np.roll(Y, 1))):
        fitted = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(X, learnt)
        Path(name).mkdir()
        dump(Scorer(CorrectedClassifier(fitted, features=names), name), f"{name}/model.skops")
        versions.append(SimpleNamespace(version=name, source=str(root / name)))
    seen = [{"digest": store.md5(paths.TEST)}]
    asked, compare = {}, comparison.compare

    def noted(*given, **options):
        asked.update(options)
        return compare(*given, **options)

    monkeypatch.setattr(comparison, "compare", noted)

    def better(versions=versions, **params):
        given = {"metric": "average_precision", "bootstrap": 100, "seed": 1} | params
        of = {f"evaluate.{key}": value for key, value in given.items()}
        return registry._is_better(None, *versions, SimpleNamespace(datasets=seen, params=of))

    better.asked, better.versions = asked, versions
    return better


def test_a_champion_is_judged_as_evaluate_judges(rivals):
    assert rivals(groups="side")
    assert rivals.asked["groups"].tolist() == [0, 1] * (len(Y) // 2)
    # A metric whose name holds the precision has a value at that precision only.
    given = {"metric": "recall_at_60pct_precision", "precision": 0.6, "alerts": 7}
    assert rivals(**given, margin=0.01, seed=5, bootstrap=120)
    assert rivals.asked == {
        "groups": None, "metric": "recall_at_60pct_precision", "n_draws": 120, "seed": 5,
        "k": 7, "precision": 0.6, "margin": 0.01,
    }  # fmt: skip


def test_only_a_person_makes_a_champion_of_a_model_that_the_test_rows_cannot_compare(rivals):
    new, champion = rivals.versions
    assert not rivals(versions=[champion, new])
    assert not rivals(versions=[new, new])
    rows = paths.TEST.read_bytes()
    paths.TEST.write_bytes(rows + b"!")  # others than those that the run has seen
    assert not rivals()
    paths.TEST.unlink()
    assert not rivals()


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory, migrated):
    """The folder that each test of `evaluated` has a copy of."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copyfile(migrated, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        for name in OUTSIDE:
            patch.delenv(name, raising=False)
        patch.chdir(folder)
        record_two()
    return folder


@pytest.fixture
def evaluated(root, trained_once):
    """Two trained and recorded models, of which one ranks the test rows and one guesses."""
    shutil.copytree(trained_once, root, dirs_exist_ok=True)
    tracking.move(EXPERIMENT)
    return root


def record_two():
    """Write two trained models here, and record their runs."""
    import pandas as pd

    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(REPOSITORY / name, name)
    rows = pd.DataFrame(X, columns=["V1", "V2", "Amount"]).assign(Class=Y)
    for path in (paths.TRAIN, paths.TEST):
        store.write_frame(path, rows, {"target": "Class", "features": ["V1", "V2", "Amount"]})
    store.write_json(paths.SPLIT, {"train": SIDE, "test": SIDE | {"prevalence": 0.5}})
    store.write_json(paths.SCORES, SCORES)
    store.write_json(paths.COMPARISON, JUDGED)
    store.write_json(paths.ANSWER, {"recommended": "baseline", "answer": "Use baseline."})
    for name, learnt in (("baseline", np.roll(Y, 1)), ("over", Y)):
        fitted = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(X, learnt)
        model = CorrectedClassifier(fitted, features=["V1", "V2", "Amount"])
        store.write_model(paths.model(name), model)
        stage = pipeline.stage(pipeline.trains(name))
        written = [path for path in stage.outputs if path.exists()]
        record(stage.name, outputs=written, tags={"model": name})
        tag = provenance.digest({path: tracking.checksum(path) for path in written})
        (run,) = (run for run in runs() if run.data.tags.get("model") == name)
        client().set_tag(run.info.run_id, "outputs", tag)


def evaluate(recommended="baseline", margin=0.01):
    store.write_json(paths.ANSWER, {"recommended": recommended, "answer": f"Use {recommended}."})
    asked = {"threshold.use": "max_f1", "evaluate.metric": "average_precision"}
    asked |= {"evaluate.bootstrap": 100, "evaluate.seed": 1, "evaluate.margin": margin}
    return record("evaluate", outputs=[paths.SCORES], params=asked)


def aliases():
    found = client().get_registered_model(EXPERIMENT).aliases
    return {alias: int(version) for alias, version in found.items()}


def test_the_answer_stands_on_the_experiment_the_models_and_their_runs(evaluated):
    run_id = evaluate()
    ours = client().get_experiment_by_name(EXPERIMENT)
    assert ours.tags["mlflow.note.content"] == "Use baseline."
    # The view that 'rebalance ui' opens: the recommended model's run first, with its verdict.
    view = json.loads(ours.tags["mlflow.sharedViewState.rebalance"])
    # By the name of the model, which may come after "true", evaluate's own run would stand first.
    assert view["orderByKey"].split("`")[1] not in summaries.of("evaluate", parameters.load()).tags
    order = f"{view['orderByKey']} {'ASC' if view['orderByAsc'] else 'DESC'}"
    assert view["searchFilter"] == "tags.kind = 'stage'"  # no run that only holds others
    seen = client().search_runs([ours.experiment_id], view["searchFilter"], order_by=[order])
    assert seen[0].data.tags["model"] == "baseline"
    ui = f"http://here/#/experiments/{ours.experiment_id}/runs?"
    asked = "viewStateShareKey=rebalance&workflowType=machine_learning"
    assert tracking.page("http://here", EXPERIMENT) == ui + asked
    assert view["selectedColumns"] == [
        "tags.`recommended`", "tags.`verdict`", "metrics.`average_precision`",
        "metrics.`average_precision_low`", "metrics.`average_precision_high`",
        "metrics.`difference`", "metrics.`difference_low`", "metrics.`difference_high`",
    ]  # fmt: skip
    held = {run.data.tags["model"]: run.data for run in runs() if "model" in run.data.tags}
    assert held["over"].metrics["average_precision_low"] == 0.6
    assert held["over"].metrics["difference_low"] == JUDGED["verdicts"]["over"]["low"]
    assert held["over"].metrics["difference_high"] == JUDGED["verdicts"]["over"]["high"]
    assert held["over"].metrics["difference"] == 0.2
    assert held["over"].tags["verdict"] == "better"
    assert held["over"].tags["recommended"] == "false"
    assert held["baseline"].tags["recommended"] == "true"
    note = held["over"].tags["mlflow.note.content"]
    assert note.endswith("against baseline (better, this fitted model).")

    models = {m.name: m for m in client().search_logged_models([ours.experiment_id])}
    (score,) = (m for m in models["over"].metrics if m.key == "average_precision")
    assert (score.value, score.dataset_name) == (0.7, "test")
    assert models["over"].tags["verdict"] == "better"
    run = client().get_run(run_id)
    assert {each.model_id for each in run.inputs.model_inputs} == {
        model.model_id for model in models.values()
    }
    (rows,) = run.inputs.dataset_inputs
    assert rows.dataset.name == "test"
    assert [tag.value for tag in rows.tags] == ["testing"]
    assert json.loads(rows.dataset.profile)["num_rows"] == 300
    assert json.loads(rows.dataset.schema)["mlflow_colspec"][0] == {"name": "V1", "type": "double"}


def test_the_page_of_mlflow_knows_what_its_address_asks_for():
    import mlflow

    built = Path(mlflow.__file__).parent / "server/js/build/static/js"
    scripts = [path.read_text(encoding="utf-8") for path in built.glob("*.js")]
    for word in ("viewStateShareKey", "workflowType", '"machine_learning"'):
        assert any(word in script for script in scripts), word


def test_a_second_evaluation_repeats_no_sentence_and_makes_no_second_version(evaluated):
    evaluate()
    evaluate()
    (over,) = (run for run in runs() if run.data.tags.get("model") == "over")
    assert over.data.tags["mlflow.note.content"].count("On the test rows") == 1
    assert len(client().search_model_versions(f"name = '{EXPERIMENT}'")) == 1


def test_the_first_model_recommended_is_champion_and_a_better_one_takes_its_place(evaluated):
    evaluate("baseline")
    assert aliases() == {"challenger": 1, "champion": 1}
    (first,) = client().search_model_versions(f"name = '{EXPERIMENT}'")
    assert first.tags == {
        "model": "baseline",
        "threshold": "0.25",
        "rule": "max_f1",
        "prior": "0.1",
        "data": store.md5(paths.TRAIN),
    }
    assert first.description.startswith(
        "Its probabilities and its threshold, 0.25, hold where 10 % of the rows are positive, "
    )
    # The model of over ranks the rows, that of baseline guesses.
    evaluate("over")
    assert aliases() == {"challenger": 2, "champion": 2}


def test_a_model_that_is_better_within_the_margin_stays_challenger(evaluated):
    evaluate("baseline")
    evaluate("over", margin=2.0)
    assert aliases() == {"challenger": 2, "champion": 1}


def test_a_model_that_is_no_better_stays_challenger_until_somebody_promotes_it(evaluated, capsys):
    evaluate("over")
    evaluate("baseline")
    assert aliases() == {"challenger": 2, "champion": 1}
    cli.main(["promote"])
    assert aliases() == {"challenger": 2, "champion": 2}
    cli.main(["promote", "1"])
    out = capsys.readouterr().out
    assert "models:/rebalance@champion is version 2; it was 1" in out
    assert "models:/rebalance@champion is version 1; it was 2" in out
    with pytest.raises(InputError, match="'rebalance' has no version or alias '7'"):
        cli.main(["promote", "7"])


def test_the_champion_scores_by_its_address(evaluated):
    evaluate("over")
    scorer = scoring.find("models:/rebalance@champion")
    assert scorer.name == "over"
    assert list(scorer.predict(frame())) == ["probability", "decision"]
    with pytest.raises(InputError, match="models:/other@champion is not in sqlite"):
        scoring.find("models:/other@champion")


def test_the_summary_is_the_answer_and_one_row_a_model(warm, capsys):
    shutil.copyfile(REPOSITORY / "params.yaml", "params.yaml")
    store.write_json(paths.SPLIT, {"test": {"checksum": "a"}})
    store.write_json(paths.COMPARISON, {"verdicts": {}})
    record("evaluate_like", tags={"test_rows": "a", "look": "1"})
    scores = {
        "baseline": {"average_precision": 0.71, "accuracy": 0.9994, "no_information_rate": 0.9983},
        "under_200": {"average_precision": 0.75, "accuracy": 0.9995, "threshold": 0.31},
    }
    store.write_json(paths.SCORES, scores)
    with pytest.raises(InputError, match=r"metrics/report\.md is missing; run 'dvc repro'"):
        cli.main(["summary"])
    store.write_text(paths.REPORT, "# Does it help?\n\nUse baseline.\n\n## Tables")
    cli.main(["summary"])
    answer, empty, *lines = capsys.readouterr().out.splitlines()
    assert (answer, empty) == ("Use baseline.", "")
    assert lines[0].split("  ")[0] == "model"
    assert lines[1].split() == ["baseline", "0.7100", "0.99940", "0.99830", "-"]
    assert lines[2].split() == ["under_200", "0.7500", "0.99950", "-", "0.3100"]
    assert lines[4].startswith("These test rows were looked at 2 times, ")
    assert lines[4].endswith(" (0 in git, 1 in MLflow, 1 in metrics/).")
    assert not [line for line in lines if "sealed rows were opened" in line]
    assert "metrics/report.md" in lines[-2]
    assert "make ui" in lines[-1]
    store.write_json(paths.OPENED, {"recommended": "under_200"})
    cli.main(["summary"])
    opened = "The sealed rows were opened for under_200: metrics/final.json.\n"
    assert opened in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "message"),
    [("summary", r"metrics/scores\.json is missing"), ("sync", r"dvc\.lock is missing")],
)
def test_what_is_missing_is_said_in_one_line(root, command, message):
    shutil.copyfile(REPOSITORY / "params.yaml", "params.yaml")
    with pytest.raises(InputError, match=message):
        cli.main([command])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["python", "/bin/dvc", "repro"], True),
        (["python", "/bin/dvc", "repro", "--force"], True),
        (["python", "/bin/dvc", "exp", "run"], True),
        (["python", "/bin/dvc", "repro", "split"], False),
        (["python", "/bin/dvc", "repro", "-s", "split"], False),
        (["python", "/bin/dvc", "exp", "run", "-S", "split.seed=1"], True),
        (["python", "/bin/dvc", "exp", "run", "--set-param=split.seed=1"], True),
        (["python", "/bin/dvc", "exp", "run", "-S", "split.seed=1", "split"], False),
        (["python", "/bin/dvc", "exp", "run", "--temp", "-n", "try", "-m", "why"], True),
        (["python", "/bin/dvc", "exp", "run", "--name", "try", "--message", "why"], True),
        (["python", "/bin/dvc", "repro", "-P", "-f", "-q", "-v"], True),
        (["python", "/bin/dvc", "repro", "--all-pipelines", "--quiet", "--verbose"], True),
        (["python", "/bin/dvc", "status"], False),
    ],
)
def test_a_short_stage_waits_for_others_only_where_the_whole_pipeline_runs(
    monkeypatch, words, expected
):
    parent = SimpleNamespace(cmdline=lambda: words, create_time=lambda: 0.0)
    monkeypatch.setattr(psutil.Process, "parents", lambda _: [parent])
    monkeypatch.chdir(REPOSITORY)
    assert pipeline.others_follow("split") is expected
    assert pipeline.others_follow("evaluate") is False
    assert pipeline.repro() == "1970-01-01 00:00:00 UTC"


def test_without_dvc_a_stage_records_itself(monkeypatch):
    shell = SimpleNamespace(cmdline=lambda: ["bash"], create_time=lambda: 0.0)
    monkeypatch.setattr(psutil.Process, "parents", lambda _: [shell])
    assert pipeline.others_follow("split") is False
    assert pipeline.repro() == ""


NOTE = "2 rows, average precision 0.5 out of fold."
ANSWER = "Use over (ratio 1.5): it is best. Flag a row at 0.5."


@pytest.mark.parametrize(("note", "line"), [(NOTE, NOTE), (ANSWER, ANSWER[:33])])
def test_a_stage_that_is_through_says_so_in_one_line(monkeypatch, capsys, note, line):
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr(records, "ran", lambda *_: SimpleNamespace(note=note, seconds=0))
    monkeypatch.setattr(pipeline, "others_follow", lambda _: True)
    kept = []
    monkeypatch.setattr(records, "keep", lambda record: kept.append(record) or True)
    with tracking.stage("split", parameters.load()):
        assert capsys.readouterr().out == ""
    assert capsys.readouterr().out == f"split: {line}\n"
    assert len(kept) == 1


def test_a_clock_that_is_set_back_makes_no_stage_end_before_it_began(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    clock = SimpleNamespace(time=iter([500.0]).__next__, monotonic=iter([5.0, 7.5]).__next__)
    monkeypatch.setattr("rebalance.tracking.runs.time", clock)
    monkeypatch.setattr("rebalance.tracking.runs.reachable", lambda *_: True)
    monkeypatch.setattr(pipeline, "others_follow", lambda _: True)
    monkeypatch.setattr(records, "keep", lambda _: True)
    took = []
    done = SimpleNamespace(note="", seconds=0)
    monkeypatch.setattr(records, "ran", lambda *rest: took.append(rest[2:]) or done)
    with tracking.stage("split", parameters.load()):
        pass
    assert took == [(500.0, 2.5)]


def test_the_looks_at_the_same_test_rows_are_counted(warm):
    for rows, look in (("a", "1"), ("a", "2"), ("a", "2"), ("b", "3")):
        record("evaluate_like", tags={"test_rows": rows, "look": look})
    record("train_baseline")
    assert tracking.recorded_looks(EXPERIMENT, "a") == {"1", "2"}
    assert tracking.recorded_looks(EXPERIMENT, "b") == {"3"}
    assert tracking.recorded_looks(EXPERIMENT, "c") == set()


def test_the_verdict_stands_with_what_the_looks_leave_of_it(evaluated):
    judged = {"over": JUDGED["verdicts"]["over"] | {"p_adjusted": 0.03, "p_equal": 1.0}}
    store.write_json(paths.COMPARISON, JUDGED | {"verdicts": judged})
    asked = {"threshold.use": "max_f1", "evaluate.bootstrap": 100, "evaluate.seed": 1}

    def look(name):
        tags = {"test_rows": "a", "look": name}
        run_id = record("evaluate", outputs=[paths.SCORES], params=asked, tags=tags)
        held = {run.data.tags["model"]: run.data for run in runs() if "model" in run.data.tags}
        return client().get_run(run_id).data.tags["looks"], held["over"].tags

    looked, over = look("1")
    assert looked == "1"
    assert "verdict_after_looks" not in over
    assert look("1")[0] == "1"
    looked, over = look("2")
    assert looked == over["looks"] == "2"
    # .03 x 2 = .06
    assert (over["verdict"], over["verdict_after_looks"]) == ("better", "not decided")


def test_stages_that_dvc_yaml_no_longer_has_leave_dvc_lock_and_nothing_else_moves(tmp_path):
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(REPOSITORY / name, tmp_path / name)
    lock = (REPOSITORY / "dvc.lock").read_text(encoding="utf-8")
    gone = (
        "  train_resampled@gone:\n    cmd: python -m stages.train_resampled gone\n    outs:\n"
        "    - path: models/gone.skops\n      md5: 0\n"
    )
    place = lock.index("  tune_ratio:\n")
    with chdir(tmp_path):
        pipeline.forget_removed()
        assert not Path("dvc.lock").exists()
        for text in (lock[:place] + gone + lock[place:], lock + gone, lock):
            Path("dvc.lock").write_text(text, encoding="utf-8")
            pipeline.forget_removed()
            assert Path("dvc.lock").read_text(encoding="utf-8") == lock


def test_a_question_about_looks_makes_no_database(root):
    assert tracking.recorded_looks(EXPERIMENT, "a") == set()
    assert not (root / "mlflow.db").exists()
