"""Show how far the random and the time-ordered estimate on the same data lie apart.

``python -m benchmarks.splits`` splits the rows of the section ``data`` of params.yaml once at
random, stratified, and once by time, trains the learner of params.yaml without any treatment on
either training part, and prints the average precision on either test part. The time column is a
feature in neither. ``--data`` names another file with the same target.
"""

import argparse
from math import sqrt

from threadpoolctl import threadpool_limits

from rebalance import comparison, errors, paths, sources, splitting, store, training, treatments
from rebalance.errors import InputError
from rebalance.params import Treatment, load

METHODS = {"stratified": "random, stratified", "time": "time-ordered"}
METRIC = "average_precision"


def tables(frame, data, split):
    """Return the training and the test rows of a frame as `store.Table`.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `sources.load` returns it.
    data : params.Data
    split : params.Split
        Its column is no feature, whatever the method.
    """
    others = {*data.drop, split.column} - {""}
    names = sources.features(frame, data.target, others)
    column = None
    if split.method != "stratified":
        column = frame[split.column].to_numpy()
    X, y = frame[names].to_numpy(dtype=float), frame[data.target].to_numpy()
    roles = {"method": split.method, "column": split.column, "gap": split.gap}
    return tuple(
        store.Table(
            X=X[side],
            y=y[side],
            features=names,
            others={} if column is None else {split.column: column[side]},
            roles=roles,
        )
        for side in splitting.split(y, column, split)
    )


def estimate(train, test, params):
    """Return the `comparison.Interval` of the untreated learner's average precision."""
    fitted = training.final_fit(
        Treatment(treatment=treatments.NONE), params.learner, train
    ).estimator
    found = comparison.compare(
        test.y,
        {paths.BASELINE: (fitted.predict_proba(test.X)[:, 1], 0.5)},
        paths.BASELINE,
        metric=METRIC,
        n_draws=params.evaluate.bootstrap,
        seed=params.evaluate.seed,
        groups=test.groups,
    )
    return found.intervals[paths.BASELINE][METRIC]


def difference(minuend, subtrahend):
    """Return value, low and high of a difference of two estimates as if they were independent.

    The distances of both intervals from their values add up as squares (Zou and Donner, 2008).
    """
    value = minuend.value - subtrahend.value
    below = sqrt((minuend.value - minuend.low) ** 2 + (subtrahend.high - subtrahend.value) ** 2)
    above = sqrt((minuend.high - minuend.value) ** 2 + (subtrahend.value - subtrahend.low) ** 2)
    return value, value - below, value + above


def compare(frame, params, column):
    """Return the rows of the table: what, training rows, test rows and positives, the estimate.

    Raises `InputError` where the column does not order the rows.
    """
    if column not in frame:
        raise InputError(
            f"--column must name a column, got {column!r}; the columns are "
            f"{', '.join(frame.columns)}."
        )
    rows, found = [], {}
    for method, name in METHODS.items():
        split = params.split.model_copy(update={"method": method, "column": column})
        train, test = tables(frame, params.data, split)
        found[method] = each = estimate(train, test, params)
        sizes = [len(train.y), int(train.y.sum()), len(test.y), int(test.y.sum())]
        rows.append([name, *sizes, each.value, each.low, each.high])
    apart = difference(found["stratified"], found["time"])
    return [*rows, ["random minus time-ordered", *[None] * 4, *apart]]


def text(rows):
    """Return the table as lines."""
    head = ["split", "train rows", "positives", "test rows", "positives"]
    lines = [f"{head[0]:27}" + "".join(f"{cell:>12}" for cell in head[1:])]
    lines[0] += "   average precision [95 % interval]"
    for name, *counts, value, low, high in rows:
        cells = "".join(f"{'' if n is None else format(n, ','):>12}" for n in counts)
        sign = "+" if counts[0] is None else ""
        numbers = f"{value:{sign}.4f} [{low:{sign}.4f}, {high:{sign}.4f}]"
        lines.append(f"{name:27}{cells}   {numbers}")
    return "\n".join(lines)


def main(arguments=None):
    """Print the table and what it does not say."""
    parser = argparse.ArgumentParser(prog="splits", description=__doc__.splitlines()[0])
    parser.add_argument("--column", help="the time column; that of the section split, or Time")
    parser.add_argument("--data", help="a file of rows; those of the section data")
    options = parser.parse_args(arguments)
    params = load()
    if options.data:
        data = params.data.model_copy(update={"source": "file", "path": options.data})
        params = params.model_copy(update={"data": data})
    own = params.split.column if params.split.method == "time" else ""
    column = options.column or own or "Time"
    frame = sources.load(params.data)
    with threadpool_limits(1):
        rows = compare(frame, params, column)
    print(
        f"data: {options.data or params.data.source}, {len(frame):,} rows, ordered by {column}; "
        f"learner: {params.learner.name}, no treatment\n\n{text(rows)}\n"
    )
    print(
        "The two estimates are not comparable: one asks how well the model does on rows from the "
        "same\nperiod, the other on later rows, and each has its own test rows. The interval of "
        "the difference\ntakes them for independent. What is used on rows to come is judged by "
        "time."
    )


if __name__ == "__main__":
    errors.run(main)
