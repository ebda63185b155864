"""Stand-ins for the fits of a study, and studies of them, for the tests of tuning."""

import numpy as np

from rebalance import tuning
from rebalance.learning.fits import FoldScores
from rebalance.learning.training import Settings
from rebalance.tuning import Candidate, Scored
from tests.strategies import fits, params, table

TABLE = table(300, 30)
NATURAL = 9
PARAMS = params(tune__trials=8)
UNTREATED = Candidate(treatment="none", ratio=NATURAL)


class Counting:
    """A stand-in for the fits: scores at once, from the ratio alone, and counts what it is asked.

    ``quality`` of a ratio is how far its scores set the positives apart.
    """

    def __init__(self, quality=lambda ratio, settings: -abs(ratio - 4), noise=0.5):
        self.quality, self.noise, self.asked = quality, noise, []

    def __call__(self, entry, learner, table, fold):
        ratio = NATURAL if entry.ratio is None else int(entry.ratio)
        if entry.weight is not None:
            ratio = round(NATURAL / entry.weight)
        settings = tuple(sorted(learner.params.items()))
        self.asked.append((entry.treatment, ratio, settings, fold.number))
        y = table.y[fold.valid]
        drawn = np.random.default_rng([fold.number, ratio]).normal(size=len(y))
        odds = y * (2 + self.quality(ratio, learner.params) / 4) + self.noise * drawn
        return FoldScores(raw=1 / (1 + np.exp(3 - odds)), shift=0.0, seconds=0.5)


def search(given=PARAMS, scores=None, workers=1):
    """Return a study of stand-ins for the fits, or of ``scores``."""
    with fits(TABLE, workers, scores=scores or Counting()) as running:
        return tuning.search(running, given.tune, Settings.of(given))


def real(given=PARAMS, workers=1, cache=None):
    """Return a study of real fits."""
    with fits(TABLE, workers, cache=cache) as running:
        return tuning.search(running, given.tune, Settings.of(given))


def trained(study, given, workers=1):
    with fits(TABLE, workers) as running:
        return tuning.train(study, running, given.tune, Settings.of(given))


def told(study):
    """Return all that a study says, to compare two of them."""
    scored = {c: (s.scores, s.pruned) for c, s in study.scored.items()}
    return study.trials, scored, study.best, study.chosen, study.summary(), study.curve()


def scored(treatment, ratio, scores, pruned=False):
    """Return a candidate and what is known of it, to make a study by hand."""
    candidate = Candidate(treatment=treatment, ratio=ratio)
    return candidate, Scored(candidate=candidate, scores=scores, pruned=pruned)
