"""Scores of two or more models whose true metrics are known."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr
from scipy.stats import norm

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
    """

    prevalence: float
    n_positives: int
    gaps: tuple
    hidden: float = 0.0
    correlation: float = 0.8

    @property
    def n_negatives(self):
        """Return the negatives of a sample."""
        return round(self.n_positives * (1 - self.prevalence) / self.prevalence)

    def sample(self, rng):
        """Return labels of shape (n_rows,) and scores of shape (n_models, n_rows)."""
        y_true = np.repeat([1, 0], [self.n_positives, self.n_negatives])
        shared = rng.standard_normal(y_true.size) * np.sqrt(self.correlation)
        scores = rng.standard_normal((len(self.gaps), y_true.size))
        scores *= np.sqrt(1 - self.correlation)
        scores += shared
        seen = rng.random(self.n_positives) >= self.hidden
        scores[:, : self.n_positives] += np.outer(self.gaps, seen)
        return y_true, scores

    def truth(self, model, threshold):
        """Return the metrics of one model that a sample tends to as it grows.

        Average precision is the mean, over positives, of the share of positives among all rows
        that score at least as high. That of a small sample is a little higher on average.
        """
        gap, pi = self.gaps[model], self.prevalence

        def recall(x):
            return (1 - self.hidden) * ndtr(gap - x) + self.hidden * ndtr(-x)

        density = (1 - self.hidden) * norm.pdf(GRID - gap) + self.hidden * norm.pdf(GRID)
        hits, alarms = pi * recall(GRID), (1 - pi) * ndtr(-GRID)
        return {
            "average_precision": float(np.trapezoid(density * hits / (hits + alarms), GRID)),
            "roc_auc": float((1 - self.hidden) * ndtr(gap / np.sqrt(2)) + self.hidden / 2),
            "recall": float(recall(threshold)),
        }
