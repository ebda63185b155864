"""Weigh the positives: a number, or as much as all the negatives (scikit-learn's 'balanced')."""

from math import log

import numpy as np

from rebalance.errors import InputError
from rebalance.learning.treatments.method import Method, Prepared, natural_ratio
from rebalance.params import Treatment


class ClassWeight(Method):
    """A weight w of the positives adds log(w) to the log-odds (Elkan, 2001)."""

    takes = frozenset({"weight"})
    weighs = True

    def check(self, entry, layout, fewest=None):
        """Raise `InputError` where there is no weight."""
        del layout, fewest
        if entry.weight is None:
            raise InputError("treatment 'class_weight' needs a weight: 'balanced' or a number.")

    def prepare(self, entry, rows, y, weights, layout):
        """Return the rows with a weight for each."""
        from sklearn.utils.class_weight import compute_class_weight

        del weights, layout
        if entry.weight == "balanced":
            negative, positive = compute_class_weight("balanced", classes=np.array([0, 1]), y=y)
            shift = -log(natural_ratio(y))
        else:
            negative, positive = 1.0, float(entry.weight)
            shift = -log(entry.weight)
        return Prepared(
            rows=rows, y=y, sample_weight=np.where(y == 1, positive, negative), shift=shift
        )

    def at_ratio(self, name, ratio, natural, seed):
        """Return the entry whose weight changes the prior as the ratio would."""
        return Treatment(treatment=name, weight=float(natural / ratio), seed=seed)
