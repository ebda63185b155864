"""What it costs to drop negatives: average precision by negatives kept per positive.

The kept rows are those of split.train_negatives, nested by hash; the test rows stay whole, so that
every model answers the same rows. The difference from the model of all negatives has the standard
error of a paired difference, by what each test row contributes.
"""

import argparse
import time

import numpy as np
import pyarrow as pa
from tabulate import tabulate

from rebalance import hashing
from rebalance.comparison import Strata, spread
from rebalance.comparison.jackknife import of_ranking
from rebalance.learning import learners
from rebalance.params import load
from rebalance.sources.simulated import windows

KEPT = (1, 3, 10, 30, 100, 300)


def rows_of(rows, positives, seed):
    """Return features, labels and hashes of a simulated table."""
    frames = [frame.drop(columns="Time") for frame in windows(rows, positives, seed)]
    hashes = [
        hashing.of_rows(pa.table(frame.drop(columns="Class")), list(frame.columns[:-1]))
        for frame in frames
    ]
    X = np.concatenate([frame.iloc[:, :-1].to_numpy(np.float32) for frame in frames])
    y = np.concatenate([frame["Class"].to_numpy(np.int8) for frame in frames])
    return X, y, np.concatenate(hashes)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.negatives", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--positives", type=int, default=1728)
    parser.add_argument("--seed", type=int, default=42)
    given = parser.parse_args()
    X, y, hashes = rows_of(given.rows, given.positives, given.seed)
    held_out = hashing.below(hashing.mixed(hashes), 0.3)
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    positives = int(y[train].sum())
    natural = (len(train) - positives) / positives
    order = hashing.mixed(hashing.mixed(hashes[train]))
    found = {}
    for kept in (natural, *(kept for kept in KEPT[::-1] if kept < natural)):
        chosen = train[(y[train] == 1) | hashing.below(order, kept / natural)]
        started = time.process_time()
        estimator = learners.make(load().learner).fit(X[chosen], y[chosen])
        seconds = time.process_time() - started
        scores = learners.raw_scores(estimator, X[test])
        found[kept] = len(chosen), seconds, of_ranking(y[test], scores)["average_precision"]
    whole, rows = found[natural][2], []
    for kept, (count, seconds, (value, each)) in found.items():
        error = spread(each - whole[1], Strata.of(y[test]))
        rows.append((f"{kept:.4g}", count, seconds, value, value - whole[0], error))
    heads = ("kept per positive", "rows", "fit, s", "average precision", "difference", "its error")
    print(tabulate(rows, heads, floatfmt=("", "", ".1f", ".4f", "+.4f", ".4f")))


if __name__ == "__main__":
    main()
