"""The questions about one treatment: ratios along a grid, or of Optuna with the settings."""

from itertools import pairwise
from math import ceil, log, sqrt

import numpy as np

from rebalance import metrics
from rebalance.learning import treatments
from rebalance.tuning.study import Candidate

# Factors between neighbours: at most the first on the grid, at most the second next to ratios that
# may be the best. Measured on the sets of benchmarks.honesty: see docs/design.md.
COARSE, FINE = 1.7, 1.25


def grid(low, natural, anchors, most):
    """Return at most ``most`` ratios from ``low`` to ``natural``, evenly spaced on a log scale.

    ``low``, the anchors between and ``natural`` are among them, and come first where ``most`` is
    less.

    >>> grid(1, 50, [20], 30)
    [1, 2, 3, 4, 7, 12, 20, 31, 50]
    """
    first = dict.fromkeys([low, *sorted(a for a in anchors if low <= a <= natural), natural])
    steps = ceil(log(natural / low, COARSE)) + 1
    between = [
        ratio
        for ratio in np.geomspace(low, natural, steps).round().astype(int).tolist()
        if not any(1 / FINE < ratio / there < FINE for there in first)
    ]
    return sorted(list(dict.fromkeys([*first, *between]))[:most])


class Grid:
    """A grid of ratios, then ratios next to those that beat no treatment and may be the best."""

    def __init__(self, treatment, tune, natural):
        self.treatment, self.tune, self.natural = treatment, tune, natural
        self.asked = []

    def ask(self, scored):
        """Return the next candidates, none when the questions are over."""
        if not self.asked:
            ratios = [self.natural]
            if self.treatment != treatments.NONE:
                ratios = grid(self.tune.low, self.natural, self.tune.anchors, self.tune.trials)
        else:
            ratios = self._between(scored)[: self.tune.trials - len(self.asked)]
        candidates = [self._candidate(ratio) for ratio in ratios]
        self.asked += candidates
        return candidates

    def tell(self, candidate, scored):
        """Take an answer: `ask` reads them all."""

    def _between(self, scored):
        """Return ratios half-way from those that may be the best to their neighbours."""
        whole = [scored[c] for c in self.asked if not scored[c].pruned]
        untreated = scored[Candidate(treatment=treatments.NONE, ratio=self.natural)]
        better = [s for s in whole if s.mean > untreated.mean]
        best = max(better, key=lambda s: s.mean, default=None)
        ratios = sorted({c.ratio for c in self.asked} | {self.natural})
        close = {s.candidate.ratio for s in better if not _is_below(s, best)}
        far = [
            (low, high)
            for low, high in pairwise(ratios)
            if high / low > FINE and not close.isdisjoint({low, high})
        ]
        middles = dict.fromkeys(round(sqrt(low * high)) for low, high in far)
        return [ratio for ratio in middles if ratio not in ratios]

    def _candidate(self, ratio):
        treatment = treatments.NONE if ratio == self.natural else self.treatment
        return Candidate(treatment=treatment, ratio=ratio)


def _is_below(scored, best):
    """Say whether a candidate is below the best by more than one standard error of the folds."""
    gain = np.subtract(best.scores, scored.scores)
    return gain.mean() > metrics.standard_error(gain)


class Optuna:
    """Ratios and settings of the learner together, asked of an in-memory Optuna study."""

    def __init__(self, treatment, tune, natural):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.treatment, self.tune, self.natural = treatment, tune, natural
        self.study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=tune.seed)
        )
        if treatment != treatments.NONE:
            for ratio in sorted({tune.low, *tune.anchors, natural}):
                if tune.low <= ratio <= natural:
                    self.study.enqueue_trial({"ratio": ratio})
        self.open, self.asked = [], 0

    def ask(self, scored, most=None):
        """Return the next candidates, none when the questions are over."""
        del scored
        count = min(self.tune.batch, self.tune.trials - self.asked)
        self.open = [self.study.ask() for _ in range(min(count, count if most is None else most))]
        self.asked += len(self.open)
        return [self._candidate(trial) for trial in self.open]

    def tell(self, candidate, scored):
        """Answer the first open question; one that was stopped ranks behind all that were not.

        Its mean is of the first folds alone: where those are easy it is above every whole one.
        """
        from optuna.trial import TrialState

        del candidate
        trial = self.open.pop(0)
        if scored.pruned:
            trial.report(scored.mean, step=len(scored.scores))
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, scored.mean)

    def _candidate(self, trial):
        treatment, ratio = self.treatment, self.natural
        if treatment != treatments.NONE:
            ratio = trial.suggest_int("ratio", self.tune.low, self.natural, log=True)
        # An ensemble of its own trees has no learner whose settings could matter.
        searched = self.tune.learner if treatments.method(treatment).uses_learner else {}
        settings = {
            name: values.suggest(trial, f"learner.{name}") for name, values in searched.items()
        }
        if ratio == self.natural:
            treatment = treatments.NONE
        return Candidate(treatment=treatment, ratio=ratio, settings=tuple(sorted(settings.items())))


def arm(treatment, tune, natural):
    """Return what asks about a treatment."""
    kind = Optuna if tune.learner else Grid
    return kind(treatment, tune, natural)
