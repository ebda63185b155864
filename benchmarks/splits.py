"""Show how far the random and the time-ordered estimate on the same data lie apart.

``python -m benchmarks.splits`` splits the rows of the section ``data`` of params.yaml once at
random, stratified, and once by time, trains the learner of params.yaml without any treatment on
either training part, and prints average precision and ROC AUC on either test part. The parts
differ in prevalence, so that their average precisions are subtracted only after both are put at
that of all rows. The time column is a feature in neither. ``--data`` names another file with the
same target.
"""

import argparse
from math import sqrt
from typing import NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from rebalance import comparison, errors, paths, sources, splitting, store
from rebalance.errors import InputError
from rebalance.learning import fits, treatments
from rebalance.params import Treatment, load

METHODS = {"stratified": "random, stratified", "time": "time-ordered"}
METRICS = ("average_precision", "roc_auc")
APART = "random minus time-ordered"


class Estimate(NamedTuple):
    """What one test part says of the model trained beside it.

    Attributes
    ----------
    sizes : list of int
        Training rows, positives among them, test rows, positives among them.
    prevalence : float
        That of the test part.
    average_precision, roc_auc : comparison.Interval
        The former at the prevalence of the test part.
    at_prevalence : float
        Average precision at the prevalence of all rows.
    doubted : dict of str to str
        By metric of the two, why its interval may not hold.
    """

    sizes: list
    prevalence: float
    average_precision: comparison.Interval
    roc_auc: comparison.Interval
    at_prevalence: float
    doubted: dict


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
    names = [name for name in frame if name not in {data.target, *others}]
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


def at_prevalence(y_true, y_score, prevalence):
    """Return the average precision that the scores would have at another prevalence.

    Negatives are weighted so that the positives are this share of the whole weight.

    Parameters
    ----------
    y_true, y_score : arrays of shape (n_rows,)
    prevalence : float
    """
    positive = y_true == 1
    odds = positive.sum() / (~positive).sum()
    weight = np.where(positive, 1.0, odds * (1 - prevalence) / prevalence)
    return float(average_precision_score(y_true, y_score, sample_weight=weight))


def estimate(train, test, params, prevalence):
    """Return the `Estimate` of the untreated learner.

    Parameters
    ----------
    train, test : store.Table
    params : params.Params
    prevalence : float
        That of all rows.
    """
    fitted = fits.final_fit(Treatment(treatment=treatments.NONE), params.learner, train).estimator
    y_score = fitted.predict_proba(test.X)[:, 1]
    found = comparison.compare(
        test.y,
        {paths.BASELINE: (y_score, 0.5)},
        paths.BASELINE,
        n_draws=params.evaluate.bootstrap,
        seed=params.evaluate.seed,
        groups=test.groups,
    )
    doubted = found.doubted[paths.BASELINE]
    return Estimate(
        sizes=[len(train.y), int(train.y.sum()), len(test.y), int(test.y.sum())],
        prevalence=float(test.y.mean()),
        **{metric: found.intervals[paths.BASELINE][metric] for metric in METRICS},
        at_prevalence=at_prevalence(test.y, y_score, prevalence),
        doubted={metric: doubted[metric] for metric in METRICS if metric in doubted},
    )


def difference(minuend, subtrahend):
    """Return value, low and high of a difference of two estimates as if they were independent.

    The distances of both intervals from their values add up as squares (Zou and Donner, 2008).
    """
    value = minuend.value - subtrahend.value
    below = sqrt((minuend.value - minuend.low) ** 2 + (subtrahend.high - subtrahend.value) ** 2)
    above = sqrt((minuend.high - minuend.value) ** 2 + (subtrahend.value - subtrahend.low) ** 2)
    return value, value - below, value + above


def compare(frame, params, column):
    """Return the `Estimate` of each of the `METHODS`, by its name in words.

    Raises `InputError` where the column does not order the rows.
    """
    if column not in frame:
        raise InputError(
            f"--column must name a column, got {column!r}; the columns are "
            f"{', '.join(frame.columns)}."
        )
    prevalence, found = frame[params.data.target].mean(), {}
    for method, name in METHODS.items():
        split = params.split.model_copy(update={"method": method, "column": column})
        found[name] = estimate(*tables(frame, params.data, split), params, prevalence)
    return found


def text(found, prevalence):
    """Return the table, and below it the intervals that may not hold.

    Parameters
    ----------
    found : dict of str to Estimate
        As `compare` returns it.
    prevalence : float
        That of all rows.
    """
    head = ["split", "train rows", "positives", "test rows", "positives", "prevalence"]
    head += ["average precision [95 %]", f"at {prevalence:.5f}", "ROC AUC [95 %]"]
    rows, doubted = [head], {}
    for name, each in found.items():
        own, auc = (
            f"{metric.value:.4f} [{metric.low:.4f}, {metric.high:.4f}]"
            for metric in (each.average_precision, each.roc_auc)
        )
        sizes = [f"{n:,}" for n in each.sizes]
        rows.append([name, *sizes, f"{each.prevalence:.5f}", own, f"{each.at_prevalence:.4f}", auc])
        for reason in each.doubted.values():
            doubted.setdefault(reason, []).append(name)
    random, ordered = (found[name] for name in METHODS.values())
    value, low, high = difference(random.roc_auc, ordered.roc_auc)
    apart = f"{random.at_prevalence - ordered.at_prevalence:+.4f}"
    rows.append([APART, *[""] * 6, apart, f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])])
        for name, *cells in rows
    ]
    lines += [
        f"\n{'; '.join(names)}: an interval, and that of a difference from it, may not hold:\n"
        f"{reason}."
        for reason, names in doubted.items()
    ]
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
    prevalence = frame[params.data.target].mean()
    with threadpool_limits(1):
        found = compare(frame, params, column)
    print(
        f"data: {options.data or params.data.source}, {len(frame):,} rows, prevalence "
        f"{prevalence:.5f}, ordered by {column}; learner: {params.learner.name}, no treatment\n\n"
        f"{text(found, prevalence)}\n"
    )
    print(
        "The two estimates are not comparable: one asks how well the model does on rows from the "
        "same\nperiod, the other on later rows. Average precision and its interval are for the "
        "prevalence of each\npart: its difference is taken at that of all rows, and has no "
        "interval. ROC AUC does not depend\non the prevalence; the interval of its difference "
        "takes the estimates for independent. What is\nused on rows to come is judged by time."
    )


if __name__ == "__main__":
    errors.run(main)
