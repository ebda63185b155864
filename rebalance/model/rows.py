"""Rows of a table, chosen by number and not copied: a fold, a sample, and rows made from them.

A fold of a large table would be most of the table once more, for every fit that runs. Its rows are
copied a block at a time, on access.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# A multiple of what fits into a processor's cache, and little next to a large table.
BLOCK = 1 << 17


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """The rows ``index`` of ``X``, then those of ``made``, as doubles of shape (n, n_features).

    Attributes
    ----------
    X : array of shape (n_table_rows, n_features)
        Of any kind of number that a double holds exactly.
    index : array of int of shape (n_chosen,) or None
        None are all rows.
    made : array of shape (n_made, n_features) or None
        Rows that are in no table: those of SMOTE.
    """

    X: np.ndarray
    index: np.ndarray | None = None
    made: np.ndarray | None = None

    @classmethod
    def of(cls, X):
        """Return ``X`` where it is rows already, else all rows of the array."""
        return X if isinstance(X, cls) else cls(X=np.asarray(X))

    @cached_property
    def chosen(self):
        """Return how many rows are the table's."""
        return len(self.X) if self.index is None else len(self.index)

    @property
    def shape(self):
        """Return (rows, features)."""
        return len(self), self.X.shape[1]

    def __len__(self):
        """Return how many rows there are."""
        return self.chosen + (0 if self.made is None else len(self.made))

    def array(self):
        """Return all rows in one array."""
        return self._between(0, len(self))

    def at(self, numbers):
        """Return an array of some of the rows, by their numbers among these."""
        if self.made is None:
            return self.choose(numbers).array()
        rows = np.empty((len(numbers), self.X.shape[1]))
        ours = numbers < self.chosen
        rows[ours] = self.choose(numbers[ours]).array()
        rows[~ours] = self.made[numbers[~ours] - self.chosen]
        return rows

    def blocks(self):
        """Yield (number of the first row, array) of one stretch of rows after another."""
        for start in range(0, len(self), BLOCK):
            yield start, self._between(start, min(start + BLOCK, len(self)))

    def choose(self, numbers):
        """Return some of the rows, by their numbers among these; no row of ``made``."""
        # Half the memory of the numbers as samplers give them.
        index = numbers.astype(np.int32) if self.index is None else self.index[numbers]
        return Rows(X=self.X, index=index)

    def _between(self, start, stop):
        stretch = slice(start, min(stop, self.chosen))
        rows = self.X[stretch if self.index is None else self.index[stretch]]
        rows = rows.astype(float, copy=False)
        if stop <= self.chosen:
            return rows
        made = self.made[max(0, start - self.chosen) : stop - self.chosen]
        return np.concatenate([rows, made])


def probabilities(estimator, X):
    """Return a fitted estimator's answers to `Rows` or an array, block by block.

    Returns
    -------
    array of shape (n_rows, n_classes)
    """
    rows = Rows.of(X)
    if len(rows) <= BLOCK:
        return estimator.predict_proba(rows.array())
    return np.concatenate([estimator.predict_proba(block) for _, block in rows.blocks()])
