"""Scores of two or more models whose true metrics are known."""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr
from scipy.stats import norm

from rebalance.comparison.bootstrap import Strata

GRID = np.linspace(-9, 14, 40_001)
# Of two models, by prevalence.
GAPS = {0.1: (1.5, 1.2), 0.01: (2.2, 1.9), 0.0017: (3.2, 2.9)}
SHARP = {0.1: (3.0, 2.7), 0.01: (4.0, 3.7)}
THRESHOLD_BELOW_GAP = 0.5  # a recall of .69 for the first model, where no positive hides
METRICS = {"average_precision": "AP", "roc_auc": "AUC", "recall": "recall"}
SEED = 20_240_917


class Population(NamedTuple):
    """Normal scores: negatives around 0, positives around ``gap``, but a share of them around 0.

    With no hidden positives this is the binormal model; hidden ones look like negatives to every
    model.

    Attributes
    ----------
    prevalence : float
    n_positives : int
        Of a sample; the negatives follow from the prevalence.
    gaps : tuple of float
        One for each model.
    hidden : float
        Share of positives that look negative.
    correlation : float
        Between the scores of two models for the same row of one class.
    cuts : tuple of float
        Where given, a score is the highest cut that it reaches: models of a few levels.
    """

    prevalence: float
    n_positives: int
    gaps: tuple
    hidden: float = 0.0
    correlation: float = 0.8
    cuts: tuple = ()

    @property
    def threshold(self):
        """Return the score from which rows are flagged: one that some rows reach."""
        return min(self.gaps[0] - THRESHOLD_BELOW_GAP, *self.cuts[-1:], np.inf)

    @property
    def n_negatives(self):
        """Return the negatives of a sample."""
        return round(self.n_positives * (1 - self.prevalence) / self.prevalence)

    @property
    def strata(self):
        """Return the strata of a sample's rows: the classes stand alike in all samples."""
        return Strata.of(np.repeat([1, 0], [self.n_positives, self.n_negatives]))

    def known(self):
        """Return the population with all that `sample` needs, to hand to another process."""
        return self

    def sample(self, rng):
        """Return labels of shape (n_rows,) and scores of shape (n_models, n_rows)."""
        y_true = np.repeat([1, 0], [self.n_positives, self.n_negatives])
        shared = rng.standard_normal(y_true.size) * np.sqrt(self.correlation)
        scores = rng.standard_normal((len(self.gaps), y_true.size))
        scores *= np.sqrt(1 - self.correlation)
        scores += shared
        seen = rng.random(self.n_positives) >= self.hidden
        scores[:, : self.n_positives] += np.outer(self.gaps, seen)
        if self.cuts:
            scores = np.r_[GRID[0], self.cuts][np.digitize(scores, self.cuts)]
        return y_true, scores

    def truth(self, model):
        """Return the metrics of one model that a sample tends to as it grows.

        Average precision is the mean, over positives, of the share of positives among all rows
        that score at least as high. That of a small sample is a little higher on average.
        """
        gap, pi = self.gaps[model], self.prevalence

        def recall(x):
            return (1 - self.hidden) * ndtr(gap - x) + self.hidden * ndtr(-x)

        if self.cuts:
            levels = np.r_[GRID[0], self.cuts]
            return _true_metrics(levels, recall(levels[1:]), ndtr(-levels[1:]), self)
        density = (1 - self.hidden) * norm.pdf(GRID - gap) + self.hidden * norm.pdf(GRID)
        hits, alarms = pi * recall(GRID), (1 - pi) * ndtr(-GRID)
        return {
            "average_precision": float(np.trapezoid(density * hits / (hits + alarms), GRID)),
            "roc_auc": float((1 - self.hidden) * ndtr(gap / np.sqrt(2)) + self.hidden / 2),
            "recall": float(recall(self.threshold)),
        }


class Learned(NamedTuple):
    """Scores of fitted learners for simulated card payments, many times a sample of them.

    Attributes
    ----------
    prevalence, n_positives : float, int
        As in `Population`.
    names : tuple of str
        Of `_scored`.
    sides : tuple of arrays
        The scores of positives and of negatives, shape (n_models, n_rows) each; `known` has them.
    """

    prevalence: float
    n_positives: int
    names: tuple
    threshold: float = 0.5
    sides: tuple = ()

    n_negatives, strata = Population.n_negatives, Population.strata

    def known(self):
        """Return the population with its scores: the learners are fitted once, in this process."""
        return self._replace(sides=_sides(self.names))

    def sample(self, rng):
        """Return labels of shape (n_rows,) and scores of shape (n_models, n_rows)."""
        sizes = self.n_positives, self.n_negatives
        scores = [
            side[:, rng.integers(0, side.shape[1], size)]
            for side, size in zip(self.sides, sizes, strict=True)
        ]
        return np.repeat([1, 0], [self.n_positives, self.n_negatives]), np.hstack(scores)

    def truth(self, model):
        """Return the metrics of one model over all rows, at the prevalence."""
        positives, negatives = (np.sort(side[model]) for side in self.sides)
        levels = np.unique(np.r_[positives, negatives])
        recall, alarms = (
            1 - np.searchsorted(side, levels[1:]) / side.size for side in (positives, negatives)
        )
        return _true_metrics(levels, recall, alarms, self)


def _true_metrics(levels, recall, alarms, population):
    """Return the metrics of scores of known levels.

    ``recall`` and ``alarms`` are the shares of positives and of negatives at each level but the
    lowest, or above.
    """
    recall, alarms = np.r_[1, recall, 0], np.r_[1, alarms, 0]
    here, pi = -np.diff(recall), population.prevalence
    precision = pi * recall[:-1] / (pi * recall[:-1] + (1 - pi) * alarms[:-1])
    reached = np.searchsorted(levels, population.threshold)
    return {
        "average_precision": float(here @ precision),
        "roc_auc": float(here @ (1 - (alarms[:-1] + alarms[1:]) / 2)),
        "recall": float(recall[reached]),
    }


@cache
def _scored():
    """Return labels of many simulated payments, and their scores by each of the learners."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from rebalance.sources import simulated

    def table(rows, positives, seed):
        frame = simulated.simulate(rows, positives, seed)
        return frame.drop(columns=["Class", "Time"]).to_numpy(), frame["Class"].to_numpy()

    def boosted(**more):
        return HistGradientBoostingClassifier(
            max_iter=75, l2_regularization=5.0, early_stopping=False, random_state=0, **more
        )

    X, y = table(40_400, 400, 1)
    X_many, y_many = table(220_000, 20_000, 2)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    learners = {
        "boosted": boosted(),
        "weighted": boosted(class_weight="balanced"),
        "linear": linear,
    }
    scores = {name: each.fit(X, y).predict_proba(X_many)[:, 1] for name, each in learners.items()}
    return y_many, scores


@cache
def _sides(names):
    """Return the scores of positives and of negatives, shape (n_models, n_rows) each."""
    y_true, scores = _scored()
    found = np.array([scores[name] for name in names])
    return found[:, y_true == 1], found[:, y_true == 0]
