"""MLflow's own server scores with a logged model where this checkout is nowhere on the path."""

import json
import os
import shutil
import socket
import subprocess
import time
import venv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

from rebalance import paths, store, tracking
from tests import test_scoring
from tests.test_scoring import table

scorer = test_scoring.scorer
pytestmark = [pytest.mark.slow, pytest.mark.server]

# A number, a whole number and none, a label that training saw, one that it did not, and none.
RECORDS = [
    {"amount": 1.5, "age": 40, "shop": "east", "card": "x"},
    {"amount": 2, "age": None, "shop": "north", "card": "y"},
    {"amount": -1, "age": 30.5, "shop": "moon", "card": None},
    {"amount": 0, "age": 18, "shop": None, "card": "z"},
]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, migrated, scorer):
    """Return a Python that has the packages and not this one, a logged model, and a folder."""
    here = tmp_path_factory.mktemp("here")
    shutil.copyfile(migrated, here / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        patch.delenv("DVC_ROOT", raising=False)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{here}/mlflow.db")
        frame, y = table()
        store.write_frame(paths.TRAIN, frame.assign(bad=y))
        store.write_model(paths.model("baseline"), scorer.model)
        outputs = {paths.model("baseline").as_posix(): "0"}
        record = tracking.Record(
            stage="train_baseline",
            params={},
            metrics={},
            tags={"kind": "stage", "dvc.stage": "train_baseline"},
            outputs=outputs,
        )
        tracking.hand_over("rebalance", record)
    (model,) = here.glob("mlartifacts/**/MLmodel")
    # A line of a .pth file is one more folder, whose own .pth files, as that of an editable
    # installation, are not looked at.
    away = tmp_path_factory.mktemp("away")
    venv.create(away / "env", with_pip=False)
    python = next(path for path in (away / "env").glob("*/python*") if path.stem == "python")
    (site,) = (away / "env").rglob("site-packages")
    (site / "packages.pth").write_text(f"{Path(np.__file__).parents[1]}\n")
    clean = {n: v for n, v in os.environ.items() if n not in {"PYTHONPATH", "MLFLOW_TRACKING_URI"}}
    clean["PATH"] = f"{python.parent}{os.pathsep}{clean['PATH']}"
    return str(python), str(model.parent), away, clean


def ran(elsewhere, *words):
    python, _, folder, environment = elsewhere
    return subprocess.run(
        [python, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def expected(scorer):
    return scorer.predict(pd.DataFrame(RECORDS))


def same(predictions, expected):
    assert [row["probability"] for row in predictions] == pytest.approx(list(expected.probability))
    assert [row["decision"] for row in predictions] == list(expected.decision)


def test_this_package_is_not_there(elsewhere):
    code = (
        "from importlib.util import find_spec as find; print(find('mlflow') and find('rebalance'))"
    )
    assert ran(elsewhere, "-c", code).stdout == "None\n"


@pytest.fixture(scope="module")
def address(elsewhere):
    """Start the server, on another port where somebody was faster, and return its address."""
    python, model, folder, environment = elsewhere
    for _ in range(5):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            port = listening.getsockname()[1]
        process = subprocess.Popen(
            [
                *(python, "-m", "mlflow", "models", "serve", "--env-manager", "local"),
                *("-m", model, "--port", str(port), "--workers", "1"),
            ],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            if answers(process, f"http://127.0.0.1:{port}/ping"):
                yield f"http://127.0.0.1:{port}/invocations"
                return
        finally:
            os.killpg(process.pid, 15)
            process.wait(timeout=60)
    raise AssertionError("the server did not start")


def answers(process, ping):
    """Say whether a server answers before its process ends."""
    while process.poll() is None:
        try:
            return requests.get(ping, timeout=5).ok
        except requests.RequestException:
            time.sleep(0.1)
    return False


def asked(address, body, kind):
    answer = requests.post(address, body, headers={"Content-Type": kind}, timeout=60)
    assert answer.ok, answer.text
    return answer.json()["predictions"]


def test_serve_takes_json_as_records_and_split_and_csv(address, expected):
    columns = list(RECORDS[0])
    split = {"columns": columns, "data": [[row[name] for name in columns] for row in RECORDS]}
    same(asked(address, json.dumps({"dataframe_records": RECORDS}), "application/json"), expected)
    same(asked(address, json.dumps({"dataframe_split": split}), "application/json"), expected)
    same(asked(address, pd.DataFrame(RECORDS).to_csv(index=False), "text/csv"), expected)


def test_serve_names_a_column_that_a_row_lacks(address):
    body = json.dumps({"dataframe_records": [{"amount": 1}]})
    answer = requests.post(address, body, headers={"Content-Type": "application/json"}, timeout=60)
    assert answer.status_code == 400
    assert "the model needs the columns age, shop" in answer.text
