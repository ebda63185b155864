"""Any sampler of imbalanced-learn, by its class."""

from rebalance.errors import InputError
from rebalance.learning.treatments import arguments
from rebalance.learning.treatments.method import Method, Prepared, counts
from rebalance.model.rows import Rows


class Sampler(Method):
    """A sampler of imbalanced-learn, which returns rows of its own making.

    Parameters
    ----------
    name : str
        The class, in imblearn's under_sampling, over_sampling or combine.
    """

    takes = frozenset({"ratio", "params"})

    def __init__(self, name):
        self.name = name

    @property
    def cls(self):
        """Return the class of imbalanced-learn."""
        return sampler_class(self.name)

    def check(self, entry, layout, fewest=None):
        """Raise `InputError` for an unknown argument, or a table that it cannot sample."""
        cls, name = self.cls, entry.treatment
        arguments.check(entry, cls)
        if entry.ratio is not None and cls._sampling_type == "clean-sampling":
            raise InputError(
                f"treatment {name!r} removes the rows that it finds and takes no ratio."
            )
        if layout.categories and self.mixes(entry):
            raise InputError(
                f"treatment {name!r} makes rows between rows, and these have categories, which "
                "have nothing between them: use smote, which copies the neighbours' commonest."
            )
        if cls.__name__ == "SMOTENC" and not layout.categories | entry.params:
            raise InputError(f"treatment {name!r} needs categories, and there are none: use smote.")
        if fewest is not None:
            with arguments.refusing(entry):
                sampler = arguments.seeded(cls, entry)
            fit_neighbours(entry, sampler, fewest)

    def mixes(self, entry):
        """Say whether it makes rows between rows, and knows no way to make them of categories."""
        del entry
        if self.name in {"SMOTENC", "SMOTEN"}:
            return False
        kind = self.cls._sampling_type
        return kind in {"over-sampling", "bypass"} or self.name == "ClusterCentroids"

    def fills_gaps(self, entry, gaps):
        """Say so where there are gaps: it measures distances between rows."""
        del entry
        return bool(gaps)

    def class_for(self, rows, layout):
        """Return the class of imbalanced-learn for these rows and columns."""
        del rows, layout
        return self.cls

    def prepare(self, entry, rows, y, weights, layout):
        """Return the rows of the sampler; at the natural ratio and above, the fold's own."""
        del weights
        negatives, positives = counts(y)
        cls, given = self.class_for(rows, layout), {}
        if cls.__name__ == "SMOTENC" and "categorical_features" not in entry.params:
            given["categorical_features"] = sorted(layout.categories)
        if entry.ratio is not None:
            # The natural ratio means no resampling, whatever the fold's own count.
            if entry.ratio >= negatives / positives:
                return Prepared(rows=rows, y=y)
            given["sampling_strategy"] = self._strategy(entry.ratio, negatives, positives)
        with arguments.refusing(entry):
            sampler = arguments.seeded(cls, entry, **given)
        fit_neighbours(entry, sampler, positives)
        return self.resampled(entry, sampler, rows, y, layout)

    def resampled(self, entry, sampler, rows, y, layout):
        """Return the `Prepared` of what ``sampler`` makes of the rows.

        A ratio of synthetic or chosen rows has no formula for the log-odds: the shift is 0.
        """
        X = rows.array()
        with arguments.refusing(entry):
            try:
                X, y = sampler.fit_resample(X, y)
            except ValueError as error:
                # ADASYN, near the natural ratio: nothing to add is no mistake there.
                if "No samples will be generated" not in str(error):
                    raise
        return Prepared(rows=Rows.of(layout.rounded(X)), y=y)

    def rows_seen(self, entry, negatives, positives, layout):
        """Count an array of all rows, the one returned, and a copy of each."""
        del layout
        rows = self.rows_left(entry, negatives, positives)
        return rows, 2 * (negatives + positives + rows)

    def rows_left(self, entry, negatives, positives):
        """Return how many rows there are after sampling, at most."""
        kind, ratio = self.cls._sampling_type, entry.ratio or 1
        if kind == "under-sampling":
            return positives + arguments.fewer_negatives(ratio, negatives, positives)[0]
        if kind == "over-sampling":
            return negatives + arguments.more_positives(ratio, negatives, positives)[1]
        return negatives + positives

    def _strategy(self, ratio, negatives, positives):
        over = self.cls._sampling_type == "over-sampling"
        strategy = arguments.more_positives if over else arguments.fewer_negatives
        return strategy(ratio, negatives, positives)


def fit_neighbours(entry, sampler, positives):
    """Let a sampler look for no more neighbours than there are.

    Raises `InputError` where the entry asks for more, or where a positive has none.
    """
    neighbours = getattr(sampler, "k_neighbors", 0)
    if not isinstance(neighbours, int) or neighbours < positives:
        return
    if "k_neighbors" in entry.params or positives < 2:
        raise InputError(
            f"treatment {entry.treatment!r}: k_neighbors must be below the positives of every "
            f"training fold, got {neighbours} with {positives} positives."
        )
    sampler.set_params(k_neighbors=positives - 1)


def sampler_class(name):
    """Return a sampler of imbalanced-learn by its class name, or None."""
    from imblearn import combine, over_sampling, under_sampling

    for module in (under_sampling, over_sampling, combine):
        if name in module.__all__:
            return getattr(module, name)
    return None
