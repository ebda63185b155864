"""No treatment: the learner sees the fold as it is."""

from rebalance.learning.treatments.method import Method, Prepared
from rebalance.params import Treatment


class Untreated(Method):
    """The classes as they come."""

    def prepare(self, entry, rows, y, weights, layout):
        """Return the rows themselves."""
        del entry, weights, layout
        return Prepared(rows=rows, y=y)

    def at_ratio(self, name, ratio, natural, seed):
        """Return the entry; the only ratio is the natural one."""
        del ratio, natural, seed
        return Treatment(treatment=name)
