"""Compare the study with two that stop no ratio: ``python -m benchmarks.study``.

On draws of the sets of `benchmarks.honesty`, the full study asks as the study does, and scores all
folds of each ratio; the dense one scores all folds of `RATIOS` ratios. All choose by the same rule.
Two choices are alike where they are one ratio, or where the study's is at most one standard error
of the paired fold scores below the other's. The cost of a study is the processor time of its fits
over that of the folds without treatment.
"""

import argparse
from concurrent.futures import Future
from math import floor

import numpy as np
import pandas as pd
from tabulate import tabulate
from threadpoolctl import threadpool_limits

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.policy import LEARNERS
from benchmarks.honesty.sets import SETS
from rebalance import metrics, splitting, tuning
from rebalance.learning import fits, training, treatments
from rebalance.params import load
from rebalance.tuning.search import scorer

RATIOS = 28
DRAWS, FIRST_SEED = 4, 300
HEADINGS = {
    "set": "set",
    "same": "as the full",
    "alike": "alike",
    "loss": "loss",
    "cost": "cost",
    "full": "of the full",
    "same_dense": "as the dense",
    "alike_dense": "alike",
    "loss_dense": "loss",
    "dense": "of the dense",
}


class Remembered:
    """The fits of one table, each done once: what `tuning.search` asks of `fits.Fits`."""

    workers = 1

    def __init__(self, table, learner):
        self.table, self.learner = table, learner
        self.natural = floor(treatments.natural_ratio(table.y))
        self.known, self.asked = {}, set()

    def of_fold(self, entry, learner, fold):
        """Return a finished future of the `fits.FoldScores` of a fold."""
        key = entry.model_dump_json(), fold.number
        if key not in self.known:
            self.known[key] = fits.fold_scores(entry, learner, self.table, fold)
        self.asked.add(key)
        future = Future()
        future.set_result(self.known[key])
        return future

    def expect(self, count):
        """Take the number of fits to come: nobody watches a bar here."""

    def seconds(self):
        """Return the processor seconds of the fits that were asked for since the last call."""
        asked, self.asked = self.asked, set()
        return sum(self.known[key].seconds for key in asked)

    def whole(self, ratio, tune):
        """Return the `tuning.Scored` of all folds of a ratio; the natural one is no treatment."""
        treatment = treatments.NONE if ratio == self.natural else tune.treatment
        candidate = tuning.Candidate(treatment=treatment, ratio=ratio)
        entry, score = candidate.entry(self.natural, tune.seed), scorer(tune.metric)
        scores = [
            score(self.table.y[fold.valid], self.of_fold(entry, self.learner, fold).result().raw)
            for fold in splitting.folds(self.table, tune)
        ]
        return tuning.Scored(candidate=candidate, scores=scores)


def compared(name, draw):
    """Return what one draw of a set shows, as a dictionary with the keys of `HEADINGS`."""
    table, learner = SETS[name](seed=FIRST_SEED + draw).train, LEARNERS["boosting"]
    params = load().for_columns(table.features).model_copy(update={"learner": learner})
    tune, running = params.tune, Remembered(table, learner)
    study = tuning.search(running, tune, training.Settings.of(params))
    cost = running.seconds()
    running.whole(study.natural, tune)
    least = running.seconds()
    unstopped = tune.model_copy(update={"prune": False})
    full = tuning.search(running, unstopped, training.Settings.of(params))
    most = running.seconds()
    ratios = {*np.geomspace(tune.low, study.natural, RATIOS).round().astype(int).tolist()}
    ratios |= {ratio for ratio in tune.anchors if ratio <= study.natural}
    scored = {each.candidate: each for each in (running.whole(r, tune) for r in sorted(ratios))}
    dense = running.seconds()
    chosen = tuning.choose(scored, study.untreated, tune.one_standard_error)[1]
    ours = running.whole(study.chosen.ratio, tune)
    loss = np.subtract(full.scored[full.chosen].scores, ours.scores)
    loss_dense = np.subtract(scored[chosen].scores, ours.scores)
    return {
        "set": name,
        "same": study.chosen == full.chosen,
        "alike": _is_small(loss),
        "loss": float(loss.mean()),
        "cost": cost / least,
        "full": most / least,
        "same_dense": study.chosen == chosen,
        "alike_dense": _is_small(loss_dense),
        "loss_dense": float(loss_dense.mean()),
        "dense": dense / least,
        "chosen": (study.chosen.ratio, full.chosen.ratio, chosen.ratio, study.natural),
    }


def _is_small(loss):
    return bool(loss.mean() <= metrics.standard_error(loss))


def main():
    """Print a row for each set, and the sum of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help="of each set")
    arguments = parser.parse_args()
    cases = [(name, draw) for name in SETS for draw in range(arguments.draws)]
    with threadpool_limits(1):
        found = pd.DataFrame(on_every_core(compared, cases, quick=False))
    print(table(found))


def table(found):
    """Return the outcomes as a table: a row for each set, and one of all draws."""
    how = {"same": "sum", "alike": "sum", "loss": "mean"}
    kinds = how | {"cost": "mean", "full": "mean"}
    kinds |= {f"{key}_dense": each for key, each in how.items()} | {"dense": "mean"}
    rows = found.groupby("set", sort=False).agg(kinds).reset_index()
    total = found.agg(kinds).to_frame().T.assign(set=f"all {len(found)} draws")
    both = pd.concat([rows, total])[list(HEADINGS)]
    formats = ("", ".0f", ".0f", ".4f", ".1f", ".1f", ".0f", ".0f", ".4f", ".1f")
    return tabulate(both, list(HEADINGS.values()), showindex=False, floatfmt=formats)


if __name__ == "__main__":
    main()
