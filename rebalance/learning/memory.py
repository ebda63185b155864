"""Estimate the memory that a fit needs in addition to the table."""

from rebalance import columns
from rebalance.learning import histogram, treatments

# Bytes per row: while a sampler chooses; and in a histogram fit: two labels, score, gradient,
# hessian and four row indices.
CHOOSING, FITTING = 50, 44
DOUBLE = 8


def bytes_needed(entry, estimator, table, steps=columns.NO_STEPS):
    """Return about how many bytes a treatment and a fit of all rows need in addition to the table.

    Parameters
    ----------
    entry : params.Treatment
    estimator : unfitted classifier
    table : store.Table
    steps : columns.Steps
        What comes before the treatment: each copies the rows.
    """
    negatives, positives = treatments.counts(table.y)
    method, n_features = treatments.method(entry.treatment), table.X.shape[1]
    rows, copies = method.rows_seen(entry, negatives, positives, steps.layout)
    copies += 2 * len(steps.transformers) * (negatives + positives)
    if histogram.takes_blocks(estimator) and not method.wants_array:
        per_row = n_features + FITTING + DOUBLE * method.weighs
    else:
        # An array of its rows, and what a scaler or a sampler inside makes of it.
        per_row = 2 * DOUBLE * n_features + FITTING
    return max(CHOOSING * (negatives + positives), rows * per_row) + copies * DOUBLE * n_features
