"""Run the same fits on each engine, and compare what they give: ``python -m benchmarks.engines``.

Two hundred fits by default: five folds of forty ratios of under-sampling, without the score cache.
The bound is 1.25 times the processor seconds of the fits over the workers, as many as there are
cores for, and 3 s to start. Exits with 1 where a score differs.
"""

import argparse
import contextlib
import hashlib
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from tabulate import tabulate

from rebalance import params as parameters
from rebalance import splitting, store, workers
from rebalance.learning import fits
from rebalance.params import Run, Treatment
from rebalance.sources.simulated import simulate

RATIOS, FOLDS = 40, 5
OVERHEAD, START = 1.25, 3.0
GIGA, EVERY = 1e9, 0.2  # seconds between two looks at the memory
ASKED = (("thread", 1), ("thread", 2), ("process", 1), ("process", 2), ("process", 8), ("dask", 2))


def table(folder, rows, positives):
    """Write a simulated table, and return it as a stage reads it."""
    frame = simulate(rows, positives, 42)
    features = [name for name in frame if name not in {"Time", "Class"}]
    path = folder / "train.parquet"
    store.write_frame(path, frame, {"target": "Class", "features": features})
    return store.read_table(path)


def entries(count, natural):
    """Return under-sampling at so many ratios, from 1 to the natural one."""
    return [
        Treatment(treatment="random_under", ratio=natural ** ((1 + i) / (1 + count)), seed=42)
        for i in range(count)
    ]


class Memory:
    """The most memory that this process and all that it started hold together."""

    def __init__(self):
        self.peak, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _look(self):
        while not self._ended.wait(EVERY):
            held = 0
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, held)


def measured(rows, asked, params, run):
    """Return seconds, processor seconds of the fits, peak bytes and the checksum of the scores."""
    folds = splitting.folds(rows, params.out_of_fold)
    started = time.perf_counter()
    with (
        Memory() as memory,
        fits.opened(rows, asked, params.learner, run, count=len(asked) * len(folds)) as running,
    ):
        futures = [running.of_fold(each, params.learner, fold) for each in asked for fold in folds]
        results = [future.result() for future in futures]
        seconds = time.perf_counter() - started
    found = hashlib.sha256()
    for result in results:
        found.update(result.raw.tobytes() + repr(result.shift).encode())
    return seconds, sum(result.seconds for result in results), memory.peak, found.hexdigest()


def main():
    """Print the table; return whether every checksum is the first one's."""
    parser = argparse.ArgumentParser("python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--rows", type=int, default=284_807)
    parser.add_argument("--positives", type=int, default=492)
    parser.add_argument("--ratios", type=int, default=RATIOS)
    parser.add_argument(
        "--on", nargs="+", metavar="ENGINE:WORKERS", default=[f"{e}:{n}" for e, n in ASKED]
    )
    given = parser.parse_args()
    params = parameters.load()
    lines, checksums = [], set()
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        rows = table(Path(name), given.rows, given.positives)
        asked = entries(given.ratios, given.rows / given.positives)
        for engine, number in (each.rsplit(":", 1) for each in given.on):
            run = Run(engine=engine, workers=int(number), address="", hours=100)
            seconds, worked, peak, checksum = measured(rows, asked, params, run)
            cores = min(int(number), workers.cores())
            bound = OVERHEAD * worked / cores + START
            met = "met" if seconds <= bound else "MISSED"
            checksums.add(checksum)
            lines.append((engine, number, seconds, worked, bound, met, peak / GIGA, checksum[:12]))
    heads = ("engine", "workers", "s", "fits, s", "at most, s", "", "GB together", "scores")
    print(f"{len(asked) * params.out_of_fold.folds} fits of {given.rows:,} rows")
    print(tabulate(lines, heads, floatfmt=("", "", ".1f", ".1f", ".1f", "", ".2f", "")))
    return len(checksums) == 1


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
