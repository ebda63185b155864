"""The benchmark of the server: every answer is checked, and what is wrong is counted."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest

from benchmarks import serving
from rebalance import paths, store
from tests import forks, test_scoring

ROOT = Path(__file__).parents[1]
scorer = test_scoring.scorer
pytestmark = pytest.mark.server


@pytest.fixture
def trained(tmp_path, monkeypatch, scorer):
    """A folder with a trained model and its training rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shutil.copyfile(ROOT / "params.yaml", "params.yaml")
    store.write_model(paths.model("baseline"), scorer.model)
    store.write_frame(paths.out_of_fold("baseline"), pd.DataFrame({"fold": [0]}))
    store.write_fingerprint("baseline")
    store.write_json(paths.ANSWER, {"recommended": "baseline"})
    store.write_frame(paths.TRAIN, test_scoring.table(30)[0])


def test_a_server_of_its_own_answers_every_request_rightly(trained, monkeypatch, capsys):
    arguments = ["serving", "--requests", "40", "--clients", "1", "4", "--rows", "2"]
    monkeypatch.setattr("sys.argv", arguments)
    monkeypatch.setattr("sys.executable", forks.python())  # the server's
    assert serving.main() == 0
    heading, _, *rows = capsys.readouterr().out.splitlines()
    assert re.split(r"  +", heading.strip()) == [
        "clients", "requests", "failed", "wrong", "p50, ms", "p99, ms", "a second",
    ]  # fmt: skip
    assert [row.split()[:4] for row in rows] == [["1", "40", "0", "0"], ["4", "40", "0", "0"]]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere no program can send Ctrl-C")
def test_ctrl_c_ends_the_server_without_a_word(trained):
    command = [sys.executable, "-m", "rebalance.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
        while process.poll() is None and not serving.healthy(port):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (0, "")


class Clumsy(BaseHTTPRequestHandler):
    """Of five answers one is an error, one has another probability and one another decision."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        number, self.server.count = self.server.count, self.server.count + 1
        row = {"probability": 0.25, "decision": 0}
        row |= {1: {"probability": 0.250001}, 2: {"decision": 1}}.get(number, {})
        body = json.dumps({"predictions": [row]}).encode()
        self.send_response(500 if number == 0 else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def test_errors_and_wrong_answers_are_counted():
    server = HTTPServer((serving.HOST, 0), Clumsy)
    server.count = 0
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        expected = pd.DataFrame({"probability": np.full(5, 0.25), "decision": np.zeros(5, int)})
        sent = serving.bodies(pd.DataFrame({"x": np.arange(5.0)}), 5, 1)
        found = serving.load(server.server_port, sent, 1, expected)
    finally:
        server.shutdown()
        server.server_close()
    assert [found[key] for key in ("requests", "failed", "wrong")] == [5, 1, 2]
    # Nobody listens any more: each request fails.
    gone = serving.load(server.server_port, sent, 2, expected)
    assert [gone[key] for key in ("requests", "failed", "wrong")] == [5, 5, 0]


def test_the_rows_of_a_request_follow_each_other_and_begin_again():
    frame = pd.DataFrame({"x": np.arange(5.0), "word": list("abcde")})
    sent = serving.bodies(frame, 4, 2)
    assert [list(rows) for _, rows in sent] == [[0, 1], [2, 3], [0, 1], [2, 3]]
    bodies = [json.loads(body)["dataframe_split"] for body, _ in sent]
    assert bodies[1] == {"columns": ["x", "word"], "data": [[2.0, "c"], [3.0, "d"]]}
