"""Show what the corrections make of the probabilities after each treatment.

``python -m benchmarks.calibration`` trains, on the simulated table of params.yaml and on the real
rows where they are, the learner of params.yaml after each treatment, and prints three rows for
each: raw, corrected by formula, and by formula and a sigmoid fitted out of fold. What misses a
target is marked; a set does not always allow them, so that a miss is no failure. ``--quick``
draws fewer simulated rows, ``--data`` names real rows in the format of the public
``creditcard.csv``.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.splits import tables
from rebalance import errors, metrics, splitting
from rebalance.learning import calibration, fits, training, treatments
from rebalance.model.corrected import expit, log_odds
from rebalance.params import Calibrate, Treatment, load
from rebalance.sources.simulated import simulate

SAMPLE = Path(__file__).parents[1].parent / "shared" / "data" / "creditcard_sample.csv"
QUICK = {"rows": 60_000, "positives": 104}
NONE = "none"
TREATMENTS = {NONE: Treatment(treatment=treatments.NONE)}
TREATMENTS |= {
    f"under-sampling {ratio}:1": Treatment(treatment="random_under", ratio=float(ratio))
    for ratio in (200, 50, 10, 2, 1)
}
TREATMENTS |= {
    "balanced weights": Treatment(treatment="class_weight", weight="balanced"),
    "SMOTE 10:1": Treatment(treatment="smote", ratio=10.0),
    "SMOTE 1:1": Treatment(treatment="smote", ratio=1.0),
}
RAW, FORMULA, BOTH = "raw", "formula", "formula + sigmoid"
CORRECTIONS = {
    RAW: Calibrate(prior=False, curve="none"),
    FORMULA: Calibrate(prior=True, curve="none"),
    BOTH: Calibrate(prior=True, curve="sigmoid"),
}
# Targets of the last correction. The Brier score is held against the better of the untreated
# model's raw and corrected ones, where the treatment leaves so many negatives per positive.
MEAN_WITHIN, BRIER_WITHIN, FROM_RATIO = 0.15, 0.15, 10


class Row(NamedTuple):
    """What one correction makes of one treatment's probabilities for the test rows.

    ``same_ranking`` says whether the average precision is that of the raw scores to the last
    digit, ``brier_target`` whether the target on the Brier score is for this treatment, ``floor``
    the Brier score of a sigmoid fitted to the test rows themselves: what these scores allow.
    """

    treatment: str
    correction: str
    brier: float
    log_loss: float
    mean: float
    average_precision: float
    same_ranking: bool
    brier_target: bool
    floor: float


def measure(train, test, params, names=tuple(TREATMENTS)):
    """Return a list of `Row`, three for each treatment that the rows allow.

    Parameters
    ----------
    train, test : store.Table
    params : params.Params
        The sections ``learner``, ``out_of_fold`` and ``run`` are read.
    names : collection of str
        Keys of `TREATMENTS`.
    """
    folds = splitting.folds(train, params.out_of_fold)
    # A higher ratio than the natural one is none.
    entries = {
        name: entry
        for name, entry in TREATMENTS.items()
        if name in names and (entry.ratio or 0) < treatments.natural_ratio(train.y)
    }
    with fits.opened(train, [*entries.values()], params.learner, params.run) as running:
        jobs = {
            name: (
                running.of_all(entry, params.learner),
                [running.of_fold(entry, params.learner, fold) for fold in folds],
            )
            for name, entry in entries.items()
        }
        found = []
        for name, (final, scored) in jobs.items():
            results = [job.result() for job in scored]
            found += corrected(name, folds, results, final.result(), train, test)
    return found


def corrected(name, folds, results, fitted, train, test):
    """Return the rows of one treatment: its fits are shared by the corrections.

    Parameters
    ----------
    name : str
    folds : list of splitting.Fold
    results : list of fits.FoldScores
    fitted : treatments.Fitted
    train, test : store.Table
    """
    scored = training.joined(folds, train, results)
    raw_test = fitted.estimator.predict_proba(test.X)[:, 1]
    before = metrics.ranking_metrics(test.y, raw_test)["average_precision"]
    odds = log_odds(raw_test)
    slope, intercept = calibration.fit_sigmoid(test.y, odds)
    floor = float(np.mean((expit(slope * odds + intercept) - test.y) ** 2))
    found = []
    for label, section in CORRECTIONS.items():
        model, _ = calibration.calibrated(
            fitted.estimator, train.features, scored, fitted.shift, section
        )
        y_score = model.correct(raw_test)
        probable = metrics.probability_metrics(test.y, y_score)
        after = metrics.ranking_metrics(test.y, y_score)["average_precision"]
        found.append(
            Row(
                treatment=name,
                correction=label,
                brier=probable["brier"],
                log_loss=probable["log_loss"],
                mean=probable["mean_probability"],
                average_precision=after,
                same_ranking=after == before,
                brier_target=(TREATMENTS[name].ratio or 0) >= FROM_RATIO,
                floor=floor,
            )
        )
    return found


def misses(rows, prevalence):
    """Return, for each row that misses a target, its place and why, in words."""
    untreated = min((row.brier for row in rows if row.treatment == NONE), default=None)
    found = {}
    for i, row in enumerate(rows):
        reasons = []
        off = row.mean / prevalence - 1
        if row.correction == BOTH and abs(off) > MEAN_WITHIN:
            reasons.append(f"mean {off:+.0%} from the prevalence")
        if row.correction == BOTH and row.brier_target and untreated:
            more = row.brier / untreated - 1
            if more > BRIER_WITHIN:
                allowed = row.floor / untreated - 1
                reasons.append(
                    f"Brier score {more:+.0%} from the untreated model's, where a sigmoid fitted "
                    f"to the test rows themselves leaves {allowed:+.0%}"
                    + (": its order of the rows does not allow less" * (allowed > BRIER_WITHIN))
                )
        if not row.same_ranking:
            reasons.append("average precision changed")
        if reasons:
            found[i] = "; ".join(reasons)
    return found


def text(rows, prevalence):
    """Return the table and the misses below it."""
    missed = misses(rows, prevalence)
    untreated = min((row.brier for row in rows if row.treatment == NONE), default=np.nan)
    lines = [
        f"  {'treatment':21}{'correction':19}{'Brier':>9}{'/ none':>8}{'log loss':>10}"
        f"{'mean p':>9}{'/ prev.':>9}{'av. precision':>15}"
    ]
    for i, row in enumerate(rows):
        same = "" if row.correction == RAW else "  same" if row.same_ranking else "  CHANGED"
        lines.append(
            f"{'*' if i in missed else ' '} {row.treatment:21}{row.correction:19}"
            f"{row.brier:>9.5f}{row.brier / untreated:>8.2f}{row.log_loss:>10.5f}"
            f"{row.mean:>9.5f}{row.mean / prevalence:>9.2f}{row.average_precision:>15.4f}{same}"
        )
    lines += [
        f"* {rows[i].treatment}, {rows[i].correction}: {why}." for i, why in missed.items()
    ] or ["Every target is met."]
    return "\n".join(lines)


def report(title, frame, params):
    """Print the table of one set."""
    # Both sets have the columns of the credit card data.
    data = params.data.model_copy(update={"target": "Class", "drop": ["Time"]})
    split = params.split.model_copy(update={"method": "stratified", "column": ""})
    train, test = tables(frame, data, split)
    prevalence = float(test.y.mean())
    print(
        f"{title}: trained on {len(train.y):,} rows with {int(train.y.sum())} positives, tested "
        f"on {len(test.y):,} with {int(test.y.sum())}, prevalence {prevalence:.5f}"
    )
    natural = treatments.natural_ratio(train.y)
    above = [name for name, entry in TREATMENTS.items() if (entry.ratio or 0) >= natural]
    if above:
        print(f"left out, not below the natural ratio {natural:.4g}:1: {', '.join(above)}")
    rows = measure(train, test, params)
    print(f"\n{text(rows, prevalence)}\n", flush=True)


def main(arguments=None):
    """Print a table for each set."""
    parser = argparse.ArgumentParser(prog="calibration", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer simulated rows")
    parser.add_argument("--data", type=Path, default=SAMPLE, help="real rows, used when present")
    options = parser.parse_args(arguments)
    params = load()
    print(
        f"learner {params.learner.name}; targets of '{BOTH}': mean probability within "
        f"{MEAN_WITHIN:.0%} of the prevalence,\nand, from {FROM_RATIO}:1, Brier score within "
        f"{BRIER_WITHIN:.0%} of the untreated model's (the better of raw and corrected)\n"
    )
    size = params.data.simulated.model_dump() | (QUICK if options.quick else {})
    with threadpool_limits(1):
        report("simulated rows", simulate(**size), params)
        if options.data.exists():
            report("real rows", pd.read_csv(options.data), params)
        else:
            print(f"real rows: skipped, {options.data.name} is not there")


if __name__ == "__main__":
    errors.run(main)
