import os
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rebalance import paths, store, tracking
from rebalance.model.corrected import CorrectedClassifier

X = np.random.default_rng(0).normal(size=(60, 2))
START_SECONDS = 90


@pytest.fixture
def server(tmp_path):
    """The address of an MLflow server with a store and artifacts of its own, on loopback."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    where = tmp_path / "server"
    where.mkdir()
    with (where / "log").open("w") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--backend-store-uri", f"sqlite:///{where}/mlflow.db"),
                *("--artifacts-destination", f"{where}/artifacts"),
            ],
            cwd=where,
            env=os.environ
            | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(10 * START_SECONDS):
            try:
                urlopen(f"{address}/health", timeout=2).close()  # noqa: S310 - started just above
                break
            except (URLError, OSError):
                assert process.poll() is None, (where / "log").read_text()
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.server
def test_a_server_receives_a_run_with_its_model_and_artifacts(server, tmp_path, monkeypatch):
    import mlflow
    from mlflow import MlflowClient

    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
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
