"""The interface of a treatment: its keys, the rows that a learner sees, and their number."""

from dataclasses import dataclass

import numpy as np

from rebalance.errors import InputError
from rebalance.learning import learners
from rebalance.model.rows import Rows
from rebalance.params import Treatment


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The input of a learner: rows, labels, weights, and the shift of the log-odds to undo."""

    rows: Rows
    y: np.ndarray
    sample_weight: np.ndarray | None = None
    shift: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fitted estimator, the shift of its log-odds to undo, and the rows that it saw."""

    estimator: object
    shift: float
    negatives: int
    positives: int


def counts(y):
    """Return how many negatives and how many positives ``y`` holds."""
    positives = int(np.count_nonzero(y))
    return len(y) - positives, positives


def natural_ratio(y):
    """Return the negatives per positive of ``y``.

    >>> natural_ratio([0, 0, 0, 1])
    3.0
    """
    negatives, positives = counts(y)
    return negatives / positives


class Method:
    """A treatment of class imbalance. A subclass overrides what differs from doing nothing.

    Attributes
    ----------
    takes : frozenset of str
        The keys of the entry in params.yaml that it reads, without ``treatment`` and ``seed``.
    weighs : bool
        The learner gets a weight for each row.
    wants_array : bool
        It copies the rows of the fold into one array.
    uses_learner : bool
        It fits the section ``learner``, and not estimators of another kind.
    """

    takes = frozenset()
    weighs = False
    wants_array = False
    uses_learner = True

    def check(self, entry, layout, fewest=None):
        """Raise `InputError` where the entry lacks a key, or cannot be done on these columns.

        ``layout`` is a `columns.Layout`, ``fewest`` the positives of the training fold that has
        the fewest, or None.
        """

    def fills_gaps(self, entry, gaps):
        """Say whether every cell must have a value; ``gaps`` says whether some have none."""
        del entry, gaps
        return False

    def prepare(self, entry, rows, y, weights, layout):
        """Return the `Prepared` of a training fold: what the learner sees."""
        raise NotImplementedError

    def fit(self, entry, learner, rows, y, weights, layout):
        """Return the `Fitted` of a training fold. Nothing in it resamples when it predicts."""
        seen = self.prepare(entry, rows, y, weights, layout)
        negatives, positives = counts(seen.y)
        return Fitted(
            estimator=learners.fit(learner, seen.rows, seen.y, seen.sample_weight, layout),
            shift=seen.shift,
            negatives=negatives,
            positives=positives,
        )

    def rows_seen(self, entry, negatives, positives, layout):
        """Return how many rows the learner sees at most, and how many are copied or made for it."""
        del entry, layout
        return negatives + positives, 0

    def at_ratio(self, name, ratio, natural, seed):
        """Return the entry of params.yaml that asks the treatment ``name`` for a ratio."""
        del natural
        if "ratio" not in self.takes:
            raise InputError(f"treatment {name!r} has no ratio to search; name another.")
        return Treatment(treatment=name, ratio=float(ratio), seed=seed)
