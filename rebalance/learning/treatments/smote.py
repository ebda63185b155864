"""SMOTE (Chawla et al., 2002) without copies of the rows that it does not look at."""

import numpy as np

from rebalance.learning.treatments import arguments
from rebalance.learning.treatments.method import Prepared, counts
from rebalance.learning.treatments.sampler import Sampler, sampler_class
from rebalance.model.rows import Rows


class Smote(Sampler):
    """SMOTE, shown the positives and one negative: the others do not change what it makes.

    Between two categories there is none: SMOTENC and SMOTEN stand in for it (Chawla et al., 2002,
    section 6), and look at all rows.
    """

    def mixes(self, entry):
        """Say that it knows what to do with categories."""
        del entry
        return False

    def class_for(self, rows, layout):
        """Return SMOTE, or the variant for the categories of the columns."""
        if not layout.categories:
            return self.cls
        return sampler_class("SMOTEN" if len(layout.categories) == rows.shape[1] else "SMOTENC")

    def resampled(self, entry, sampler, rows, y, layout):
        """Return the fold's rows, and the made ones after them."""
        if layout.categories:
            return super().resampled(entry, sampler, rows, y, layout)
        negatives, positives = counts(y)
        wanted = sampler.sampling_strategy
        wanted = wanted[1] if isinstance(wanted, dict) else negatives
        if wanted <= positives:
            return Prepared(rows=rows, y=y)
        sampler.set_params(sampling_strategy={1: wanted})
        shown = np.append(np.flatnonzero(y), np.flatnonzero(y == 0)[:1])
        X = rows.at(shown)
        with arguments.refusing(entry):
            made = sampler.fit_resample(X, y[shown])[0][len(shown) :]
        labels = np.append(y, np.ones(len(made), dtype=y.dtype))
        return Prepared(rows=Rows(X=rows.X, index=rows.index, made=layout.rounded(made)), y=labels)

    def rows_seen(self, entry, negatives, positives, layout):
        """Count the made rows only, where there are no categories."""
        if layout.categories:
            return super().rows_seen(entry, negatives, positives, layout)
        rows = self.rows_left(entry, negatives, positives)
        return rows, rows - negatives - positives
