"""Weigh each row by a column of the table."""

from math import log

import numpy as np

from rebalance.errors import InputError
from rebalance.learning.treatments.method import Method, Prepared


class SampleWeight(Method):
    """Weights of a column; the prior that the learner sees is that of the weights."""

    takes = frozenset({"column"})
    weighs = True

    def check(self, entry, layout, fewest=None):
        """Raise `InputError` where no column is named."""
        del layout, fewest
        if not entry.column:
            raise InputError("treatment 'sample_weight' needs the column that holds the weights.")

    def prepare(self, entry, rows, y, weights, layout):
        """Return the rows with their weights."""
        del layout
        usable = (np.isfinite(weights) & (weights >= 0)).all()
        if not usable or not all(weights[y == label].any() for label in (0, 1)):
            raise InputError(
                f"column {entry.column!r} must hold weights of 0 or more, some of each class's "
                "above 0."
            )
        shift = log(weights[y == 0].mean()) - log(weights[y == 1].mean())
        return Prepared(rows=rows, y=y, sample_weight=weights, shift=shift)
