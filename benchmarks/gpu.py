"""Time XGBoost on a device, and compare its scores with the CPU: ``python -m benchmarks.gpu``.

Rows of numbers in single precision, as the training table has them; the first fit sends them to the
device, those after it choose rows by number there. ``--device cpu`` shows what the host takes.
"""

import argparse
import time

import numpy as np
from sklearn.metrics import average_precision_score
from tabulate import tabulate

from rebalance.learning import device, learners
from rebalance.model.rows import Rows
from rebalance.params import Learner

FEATURES, MOVED, SHIFT = 29, 5, 0.8
FOLDS = 5


def drawn(rows, one_in, seed=42):
    """Return features and labels, one positive in so many rows by chance."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, FEATURES), dtype=np.float32)
    y = (rng.random(rows) * one_in < 1).astype(np.int8)
    X[y == 1, :MOVED] += SHIFT
    return X, y


def fold_fits(X, y, named):
    """Return the seconds of each fold's fit and answers, and all answers out of fold."""
    estimator = learners.make(Learner(name="xgboost", params={"device": named}, seed=0))
    number, scores, seconds = np.arange(len(y)) % FOLDS, np.empty(len(y)), []
    for fold in range(FOLDS):
        started = time.perf_counter()
        train, valid = np.flatnonzero(number != fold), np.flatnonzero(number == fold)
        fitted = learners.fit(estimator, Rows(X=X, index=train), y[train])
        scores[valid] = learners.raw_scores(fitted, Rows(X=X, index=valid))
        seconds.append(time.perf_counter() - started)
    return seconds, scores


def main():
    """Print the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[228_000, 8_000_000])
    parser.add_argument("--one-in", type=int, default=500, metavar="ROWS")
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args()
    print("CuPy holds the rows on the device" if device.arrays() else "no CuPy: rows are sent anew")
    lines = []
    for size in given.rows:
        X, y = drawn(size, given.one_in)
        (first, *others), scores = fold_fits(X, y, given.device)
        _, of_host = fold_fits(X, y, "cpu")
        ours, host = (average_precision_score(y, each) for each in (scores, of_host))
        apart = np.abs(scores - of_host).max()
        lines.append((f"{size:,}", first, np.mean(others), first + sum(others), ours, host, apart))
    heads = ("rows", "first fold, s", "others, s", "five folds, s", "AP", "AP of the CPU", "apart")
    formats = ("", ".2f", ".2f", ".2f", ".4f", ".4f", ".1e")
    print(tabulate(lines, heads, floatfmt=formats, disable_numparse=[0]))


if __name__ == "__main__":
    main()
