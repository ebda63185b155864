"""Run stages in forks of a process that has imported all they need.

A fork begins in milliseconds, so that a stage can be ended at each of its calls to the disk. Orders
come as lines of JSON on standard input: folder, stage, and where the disk fails; the answers go to
standard output.
"""

import ctypes
import importlib
import json
import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from rebalance import errors

STAGES = ("download", "split", "train_baseline", "train_resampled", "tune_ratio", "evaluate")
# What stages import late; a fork that imports it spends most of its time on that.
LATE = (
    "matplotlib.backends.backend_agg",
    "mlflow.sklearn",
    "mlflow.store.tracking.sqlalchemy_store",
    "optuna",
    "pandas",
    "pyarrow.parquet",
    "requests",
    "rebalance.figures",
    "rebalance.tracking.runs",
    "scipy.stats",
    "skops.io",
    "sklearn.ensemble",
    "tabulate",
)


def main():
    """Obey orders until standard input ends."""
    disk = ctypes.CDLL(os.environ["LD_PRELOAD"]) if "LD_PRELOAD" in os.environ else None
    for name in (*LATE, *(f"stages.{stage}" for stage in STAGES)):
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints
    for line in sys.stdin:
        order = json.loads(line)
        process = os.fork()
        if process == 0:
            _obey(disk, order)
        _, status = os.waitpid(process, 0)
        answer = {"code": os.waitstatus_to_exitcode(status)}
        if disk is not None:
            disk.faults_calls.restype = ctypes.c_long
            answer["calls"] = disk.faults_calls()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _obey(disk, order):
    """Run the stage of an order in this process, and end it."""
    os.chdir(order["folder"])
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    stage, _, name = order["stage"].partition("@")
    sys.argv = [f"stages/{stage}.py", *filter(None, [name])]
    code = 0
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
    os._exit(code)


@contextmanager
def _unrecorded(_name, _params):
    """Stand in for `tracking.stage` where MLflow is not what fails."""
    yield SimpleNamespace(prepare=int)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
