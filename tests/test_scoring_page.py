"""Every command of docs/scoring.md, in the order of the page, beside a small trained model."""

import contextlib
import io
import json
import os
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest

from rebalance import cli, paths, store, tracking
from rebalance.tracking import pipeline, provenance, records
from tests import pages, test_scoring
from tests.test_scoring import table

ROOT = Path(__file__).parents[1]
COMMANDS = pages.commands("docs/scoring.md")
((_, PYTHON, _),) = pages.blocks("docs/scoring.md", "python")

scorer = test_scoring.scorer
pytestmark = pytest.mark.slow


@pytest.fixture
def trained(tmp_path, monkeypatch, scorer, migrated):
    """A folder in which a model was trained, judged and registered."""
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("target: Class", "target: bad"), encoding="utf-8")
    shutil.copyfile(ROOT / "dvc.yaml", "dvc.yaml")
    shutil.copyfile(migrated, "mlflow.db")
    frame, y = table()
    store.write_frame(paths.TRAIN, frame.assign(bad=y))
    store.write_model(paths.model("baseline"), scorer.model)
    store.write_frame(paths.out_of_fold("baseline"), pd.DataFrame({"fold": [0]}))
    store.write_fingerprint("baseline")
    side = {"rows": len(y), "positives": int(y.sum()), "prevalence": float(y.mean())}
    store.write_json(paths.SPLIT, {"train": side, "test": side})
    store.write_json(paths.READING, {"positive": ["1"], "negative": ["0"]})
    score = {"average_precision": 0.9, "threshold": 0.3}
    score |= {"true_positives": 19, "false_positives": 1}
    store.write_json(paths.SCORES, {"baseline": score})
    ends = {"average_precision": {"value": 0.9, "low": 0.8, "high": 1.0}}
    interval = {"baseline": ends, "moved_threshold": ends}
    compared = {"metric": "average_precision", "baseline": "baseline", "verdicts": {}}
    store.write_json(paths.COMPARISON, compared | {"intervals": interval})
    store.write_json(paths.ANSWER, {"recommended": "baseline", "answer": "Use baseline."})
    stages = {"train_baseline": {"model": "baseline"}, "evaluate": {}}
    for name, tags in stages.items():
        written = [path for path in pipeline.stage(name).outputs if path.exists()]
        outputs = {path.as_posix(): tracking.checksum(path) for path in written}
        tags |= {"kind": "stage", "outputs": provenance.digest(outputs)}
        seen = records.seen(name, outputs)
        about = {"params": {}, "metrics": {}, "tags": tags, "outputs": outputs}
        record = tracking.Record(stage=name, **about, **seen)
        tracking.hand_over("rebalance", record)
    new, labels = table(60)
    new.to_csv("new.csv", index=False)
    new.assign(bad=labels).to_csv("labelled.csv", index=False)
    rng = np.random.default_rng(0)
    scores = {"y": labels, "old": rng.random(60), "new": 0.5 * labels + 0.5 * rng.random(60)}
    pd.DataFrame(scores).to_csv("scores.csv", index=False)
    return tmp_path


def test_every_command_of_the_page_works(trained, monkeypatch, capsys):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained}/mlflow.db")
    environment = pages.with_command(trained / "bin", os.environ)
    said, started = {}, []
    try:
        for line in COMMANDS:
            command = line.replace(":8000", f":{port}")
            if command.endswith("&"):
                started.append(serving(f"exec {command[:-1]} --port {port}", environment, port))
                continue
            # Our own commands run here: each process would import the libraries anew.
            if command.startswith("rebalance "):
                capsys.readouterr()
                code = ended(command)
                said[line], errors = capsys.readouterr()
            else:
                done = pages.run(command, trained, environment)
                code, said[line], errors = done.returncode, done.stdout, done.stderr
            # The toy model is not calibrated, and watch says so by its exit code.
            allowed = {0, 1} if line.startswith("rebalance watch") else {0}
            assert code in allowed, f"{line}\n{said[line]}{errors}"
    finally:
        for process in started:
            process.terminate()
            process.wait(timeout=20)

    one, other = pd.read_csv("scored.csv"), pd.read_parquet("scored.parquet")
    assert list(one["probability"]) == pytest.approx(list(other["probability"]))
    assert set(other) == {"card", "probability", "decision", "model"}
    csv, records = (json.loads(out)["predictions"] for line, out in said.items() if "-H" in line)
    predicted = json.loads(Path("predictions.json").read_text())["predictions"]
    for rows in (csv, predicted):
        assert [row["probability"] for row in rows] == pytest.approx(list(one["probability"]))
        assert [row["decision"] for row in rows] == list(one["decision"])
    assert len(records) == 1
    assert "models:/rebalance@champion is version 1" in said["rebalance promote"]
    assert said["rebalance watch labelled.csv"].startswith("baseline on 60 new rows: ")
    assert said["rebalance compare scores.csv"].splitlines()[2].startswith("new ")


def ended(command):
    """Run a line of ours as its script does, in this process, and return its exit code."""
    try:
        cli.main(shlex.split(command)[1:])
    except SystemExit as end:
        return end.code or 0
    return 0


def serving(command, environment, port):
    """Start a server, and return it when it answers."""
    process = subprocess.Popen(command, shell=True, env=environment)  # noqa: S602
    for _ in range(900):
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return process
        except OSError:
            assert process.poll() is None
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def test_the_python_of_the_page_runs_and_says_what_it_should():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(PYTHON, "docs/scoring.md", "exec"), {})  # noqa: S102 - the page is ours
    verdict, threshold = out.getvalue().splitlines()
    assert verdict == "better"
    assert 0 < float(threshold) < 1
