"""Metrics of how well scores order the rows, of all rows or of many draws of them at once."""

from typing import NamedTuple

import numpy as np

FALSE_POSITIVE_RATE = 0.01  # that of recall_at_1pct_fpr


class Curve(NamedTuple):
    """Counts of flagged rows at every distinct score, from the highest score down."""

    threshold: np.ndarray
    tp: np.ndarray
    fp: np.ndarray


def curve(y_true, y_score):
    """Return the counts of flagged positives and negatives at each distinct score."""
    order = np.argsort(-y_score, kind="stable")
    y_score, y_true = y_score[order], y_true[order]
    last = np.r_[np.flatnonzero(np.diff(y_score)), y_score.size - 1]
    tp = np.cumsum(y_true, dtype=np.int64)[last]
    return Curve(y_score[last], tp, last + 1 - tp)


class Order(NamedTuple):
    """The place of each row among the distinct scores of the positives, from the highest down.

    Attributes
    ----------
    n_steps : int
        Distinct scores of positives.
    step : array of shape (n_rows,)
        The first step whose score the row reaches; ``n_steps`` for a row below all.
    tied : array of bool of shape (n_rows,)
        Whether its score is that of its step.
    """

    n_steps: int
    step: np.ndarray
    tied: np.ndarray

    @classmethod
    def of(cls, y_true, y_score):
        """Return the order of rows by their score."""
        steps = np.unique(-y_score[y_true == 1])
        step = np.searchsorted(steps, -y_score, side="left")
        return cls(steps.size, step, np.append(-steps, -np.inf)[step] == y_score)


class Steps:
    """Counts of rows at each distinct score of the positives, of one or of several draws.

    A point estimate is one draw that holds every row once.

    Parameters
    ----------
    above, tied, positives : arrays of shape (n_steps, n_draws)
        Negatives between the last step and this one, negatives at this one, its positives.
    n_positives, n_negatives : arrays of shape (n_draws,)
    k : int
        Rows of the highest scores that are looked at.
    precision : float
        The precision that ``recall_at_precision`` demands.

    Attributes
    ----------
    tp, fp, reached : arrays of shape (n_steps, n_draws)
        Positives and negatives down to each step, and the precision there.
    """

    def __init__(self, above, tied, positives, n_positives, n_negatives, *, k, precision):
        self.tied, self.positives, self.k, self.precision = tied, positives, k, precision
        self.n_positives, self.n_negatives = n_positives, n_negatives
        self.fp, self.tp = np.cumsum(above + tied, axis=0), np.cumsum(positives, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            # A step that a draw leaves empty at the top has no precision, and holds no positive.
            self.reached = np.nan_to_num(self.tp / (self.tp + self.fp))

    @classmethod
    def of(cls, y_true, y_score, *, k, precision, weight=1.0):
        """Return the steps of all rows, as one draw; a negative stands for ``weight`` of them."""
        order, positive = Order.of(y_true, y_score), y_true == 1
        slot = 3 * order.step + order.tied + positive
        counts = np.bincount(slot, minlength=3 * order.n_steps + 1).astype(float)[:-1, None]
        n_positives = float(positive.sum())
        above, tied, positives = (counts[first::3] for first in range(3))
        return cls(
            weight * above,
            weight * tied,
            positives,
            np.array([n_positives]),
            weight * np.array([y_true.size - n_positives]),
            k=k,
            precision=precision,
        )

    @property
    def n_rows(self):
        """Return the rows of each draw."""
        return self.n_positives + self.n_negatives


# Metrics of steps: each returns an array of shape (n_draws,), NaN where a draw leaves it undefined.


def average_precision(steps):
    """Return the mean precision at the positives."""
    return (steps.positives * steps.reached).sum(axis=0) / steps.n_positives


def roc_auc(steps):
    """Return the share of pairs of both classes that the scores order rightly; ties count half."""
    outranked = steps.n_negatives - steps.fp + steps.tied / 2
    return (steps.positives * outranked).sum(axis=0) / (steps.n_positives * steps.n_negatives)


def recall_at_fpr(steps):
    """Return the highest recall while at most 1 % of the negatives are flagged."""
    rate = steps.fp / steps.n_negatives
    recall = np.where(rate <= FALSE_POSITIVE_RATE, steps.tp, 0).max(axis=0) / steps.n_positives
    return np.where(steps.n_negatives > 0, recall, np.nan)


def recall_at_precision(steps):
    """Return the highest recall while the precision demanded is reached; 0 where it never is."""
    enough = steps.reached >= steps.precision
    return np.where(enough, steps.tp, 0).max(axis=0) / steps.n_positives


def precision_at_k(steps):
    """Return the share of positives among the k highest scores."""
    return _hits(steps) / steps.k


def recall_at_k(steps):
    """Return the share of the positives that is among the k highest scores."""
    return _hits(steps) / steps.n_positives


def lift_at_k(steps):
    """Return `precision_at_k` as a multiple of the prevalence."""
    return _hits(steps) / steps.k * steps.n_rows / steps.n_positives


def _hits(steps):
    """Return the positives among the k highest scores: the mean over orders of equal scores."""
    block = steps.positives + steps.tied
    share = np.clip((steps.k - (steps.tp + steps.fp - block)) / block, 0, 1)
    return np.where(steps.k <= steps.n_rows, np.nansum(steps.positives * share, axis=0), np.nan)
