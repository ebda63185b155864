"""Room for fits at the same time: what each takes beside the table, and how much there is."""

from contextlib import contextmanager
from threading import Condition

from rebalance import columns
from rebalance.learning import histogram, treatments

# Bytes for each row: while a sampler chooses; and in a fit that bins its rows, where they are label
# twice, score, gradient and hessian, four numbers of the row's place.
CHOOSING, FITTING = 50, 44
DOUBLE = 8


class Room:
    """Room for so much at the same time, shared by threads.

    What alone is larger than the room waits until nobody else is in it.
    """

    def __init__(self, size):
        self.size, self.used, self.changed = size, 0, Condition()

    @contextmanager
    def take(self, amount):
        """Wait until there is room for ``amount``, and keep it meanwhile."""
        with self.changed:
            self.changed.wait_for(lambda: not self.used or self.used + amount <= self.size)
            self.used += amount
        try:
            yield
        finally:
            with self.changed:
                self.used -= amount
                self.changed.notify_all()


# Bytes that fits at the same time may take beside the table: two of six million weighted rows do,
# the folds of ten million; two of sixteen million take turns.
ROOM = Room(1_040_000_000)


def of_fit(entry, estimator, table, share=1.0, steps=columns.NO_STEPS):
    """Return the bytes that a treatment and a fit take beside the table, about.

    Parameters
    ----------
    entry : params.Treatment
    estimator : unfitted classifier
    table : store.Table
    share : float
        Of its rows, those of the fit.
    steps : columns.Steps
        What comes before the treatment: each copies the rows.
    """
    negatives, positives = (round(share * count) for count in treatments.counts(table.y))
    rows, copies = _rows(entry, negatives, positives, steps.layout)
    copies += 2 * len(steps.transformers) * (negatives + positives)
    n_features = table.X.shape[1]
    if entry.treatment not in treatments.ENSEMBLES and histogram.takes_blocks(estimator):
        weighted = entry.treatment in {treatments.CLASS_WEIGHT, treatments.SAMPLE_WEIGHT}
        each = n_features + FITTING + DOUBLE * weighted
    else:
        # An array of its rows, and what a scaler or a sampler inside makes of it.
        each = 2 * DOUBLE * n_features + FITTING
    return max(CHOOSING * (negatives + positives), rows * each) + copies * DOUBLE * n_features


def _rows(entry, negatives, positives, layout=columns.NUMBERS):
    """Return how many rows the learner sees at most, and how many are copied or made for it."""
    name, ratio = entry.treatment, entry.ratio or 1
    rows = there = negatives + positives
    if name in treatments.TAKES or name in treatments.ENSEMBLES:
        return rows, 0
    cls = treatments.sampler_class(treatments.SAMPLERS.get(name, name))
    if cls._sampling_type == "under-sampling":
        rows = positives + treatments.fewer_negatives(ratio, negatives, positives)[0]
    elif cls._sampling_type == "over-sampling":
        rows = negatives + treatments.more_positives(ratio, negatives, positives)[1]
    if treatments.chooses_rows(entry, cls):
        return rows, 0
    if cls.__name__ == "SMOTE" and not layout.categories:
        return rows, rows - there
    # It gets an array of all rows and returns another, and copies each once more.
    return rows, 2 * (there + rows)
