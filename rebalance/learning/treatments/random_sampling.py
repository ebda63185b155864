"""Random under- and over-sampling: rows are chosen by number, and not copied."""

from math import log

import numpy as np

from rebalance.learning.treatments import arguments
from rebalance.learning.treatments.method import Prepared, natural_ratio
from rebalance.learning.treatments.sampler import Sampler


class RandomSampling(Sampler):
    """Chooses rows at random within each class, so that only the prior changes.

    Under-sampling to a share beta adds log(1 / beta) to the log-odds (Dal Pozzolo et al., 2015).
    """

    def mixes(self, entry):
        """Say so where the repeated rows are smoothed."""
        return smooth(entry)

    def fills_gaps(self, entry, gaps):
        """Say so where the repeated rows are smoothed and there are gaps."""
        return smooth(entry) and bool(gaps)

    def resampled(self, entry, sampler, rows, y, layout):
        """Return the chosen rows and the shift that undoes the change of the prior."""
        natural = natural_ratio(y)
        if smooth(entry):
            seen = super().resampled(entry, sampler, rows, y, layout)
            rows, y = seen.rows, seen.y
        else:
            with arguments.refusing(entry):
                # The sampler looks at labels only.
                sampler.fit_resample(np.zeros((len(y), 1), dtype=np.int8), y)
            rows, y = rows.choose(sampler.sample_indices_), y[sampler.sample_indices_]
        return Prepared(rows=rows, y=y, shift=log(natural_ratio(y)) - log(natural))

    def rows_seen(self, entry, negatives, positives, layout):
        """Count no copy, but where the repeated rows are smoothed."""
        if smooth(entry):
            return super().rows_seen(entry, negatives, positives, layout)
        return self.rows_left(entry, negatives, positives), 0


def smooth(entry):
    """Say whether repeated rows get noise of their own, which makes them new rows."""
    return bool(entry.params.get("shrinkage"))
