"""Run a stage and append where its seconds went: ``python -m benchmarks.speed.stage FILE MODULE``.

Of the main thread alone: fits in other threads are what it waits for.
"""

import builtins
import functools
import importlib
import inspect
import json
import os
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

KINDS = {
    "rebalance.store": "data",
    "rebalance.sources": "data",
    "rebalance.splitting": "data",
    "rebalance.tracking.places": "MLflow",
    "rebalance.tracking.records": "MLflow",
    "rebalance.tracking.runs": "MLflow",
}
# What is none of these; any other stage fits.
REST = {"stages.download": "data", "stages.split": "data", "stages.evaluate": "comparison"}


class Clock:
    """Seconds of each kind of work; of one inside another the inner counts."""

    def __init__(self, rest):
        self.seconds = {}
        self._kinds, self._since = [rest], time.perf_counter()

    def turn(self):
        """Add what has passed since the last turn to the kind that goes on."""
        now = time.perf_counter()
        kind = self._kinds[-1]
        self.seconds[kind] = self.seconds.get(kind, 0.0) + now - self._since
        self._since = now

    @contextmanager
    def of(self, kind):
        """Count what is done meanwhile as of this kind."""
        self.turn()
        self._kinds.append(kind)
        try:
            yield
        finally:
            self.turn()
            self._kinds.pop()

    def watch(self, function, kind):
        """Return the function, whose calls in the main thread count as of this kind."""

        @functools.wraps(function)
        def watched(*arguments, **options):
            main = threading.current_thread() is threading.main_thread()
            if not main or self._kinds[-1] == kind:
                return function(*arguments, **options)
            with self.of(kind):
                return function(*arguments, **options)

        return watched


def main(file, module, *arguments):
    """Run the stage as ``python -m module arguments`` does, and append its seconds to the file."""
    clock = Clock(REST.get(module, "fits"))
    builtins.__import__ = clock.watch(builtins.__import__, "imports")
    sys.argv = [module, *arguments]
    with clock.of("imports"):
        stage = importlib.import_module(module)
        errors = importlib.import_module("rebalance.errors")
    for name, kind in KINDS.items():
        for key, function in inspect.getmembers(sys.modules.get(name), inspect.isfunction):
            setattr(sys.modules[name], key, clock.watch(function, kind))
    errors.run(stage.main)
    clock.turn()
    with Path(file).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"stage": os.environ["DVC_STAGE"]} | clock.seconds) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
