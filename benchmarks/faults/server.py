"""Run stages in forks of a process that has imported all they need.

A fork begins in milliseconds, so that a stage can be ended at each of its calls to the disk. Orders
come as lines of JSON on standard input: folder, stage, and where the disk fails; the answers go to
standard output.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

from matplotlib.figure import Figure

from rebalance import errors

STAGES = ("download", "split", "train_baseline", "train_resampled", "tune_ratio", "evaluate")
# A fork that imports this spends most of its time on it. What else a stage imports is imported here
# after its first run.
LATE = ("matplotlib.backends.backend_agg", "sklearn.ensemble", "imblearn.ensemble", "skops.io")
# The same where the stage is recorded.
RECORDED = ("mlflow.sklearn", "mlflow.store.tracking.sqlalchemy_store")
# What a figure becomes in a file: nine tenths of evaluate would be matplotlib's drawing of text.
PICTURES = {"png": b"\x89PNG", "svg": b'<svg viewBox="0 0 1 1" width="1pt" height="1pt"></svg>\n'}


def main():
    """Obey orders until standard input ends."""
    disk = ctypes.CDLL(os.environ["LD_PRELOAD"]) if "LD_PRELOAD" in os.environ else None
    for name in (*LATE, *(f"stages.{stage}" for stage in STAGES)):
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints
    for line in sys.stdin:
        order = json.loads(line)
        for name in RECORDED if order["recorded"] else ():
            importlib.import_module(name)
        process = os.fork()
        if process == 0:
            _obey(disk, order)
        if order["after"] is not None:
            time.sleep(order["after"])
            os.kill(process, signal.SIGKILL)  # nothing happens to one that has ended
        _, status = os.waitpid(process, 0)
        _import(order)
        answer = {"code": os.waitstatus_to_exitcode(status)}
        if disk is not None:
            disk.faults_calls.restype = ctypes.c_long
            disk.faults_notes.restype = ctypes.c_char_p
            answer["calls"] = disk.faults_calls()
            answer["notes"] = os.fsdecode(disk.faults_notes()) if order["notes"] else ""
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    os._exit(0)  # taking the libraries apart would cost a second


def _import(order):
    """Import what a stage imported; a module that cannot be alone is left to it."""
    names = Path(f"{order['output']}.imported")
    if names.exists():
        for name in names.read_text(encoding="utf-8").split():
            with suppress(Exception):
                importlib.import_module(name)
        names.unlink()


def _obey(disk, order):
    """Run the stage of an order in this process, and end it."""
    os.chdir(order["folder"])
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    stage, _, name = order["stage"].partition("@")
    before = {*sys.modules}
    sys.argv = [f"stages/{stage}.py", *filter(None, [name])]
    code = 0
    if not order["draws"]:
        Figure.savefig = _saved
    if not order["recorded"]:
        importlib.import_module("rebalance.tracking").stage = _unrecorded
    if disk is not None:
        where, but = (order[name].encode() for name in ("where", "but"))
        disk.faults_arm(where, but, order["at"], order["error"], order["lasting"])
    try:
        errors.run(importlib.import_module(f"stages.{stage}").main)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter would print it
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    names = " ".join(sys.modules.keys() - before)
    Path(f"{order['output']}.imported").write_text(names, encoding="utf-8")
    os._exit(code)


def _saved(_figure, target, *, format, **_):  # noqa: A002 - its name
    """Write a figure without drawing it; our part of it, the marks and words, is done by now."""
    if hasattr(target, "write"):
        target.write(PICTURES[format])
    else:
        Path(target).write_bytes(PICTURES[format])


@contextmanager
def _unrecorded(_name, _params):
    """Stand in for `tracking.stage` where MLflow is not what fails."""
    yield SimpleNamespace(prepare=int)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
