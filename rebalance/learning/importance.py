"""Permutation importance out of fold: what a ranking loses where one column's values are shuffled.

Each fold's model is asked about validation rows, which it did not see (Breiman, 2001). The rows are
a sample with weights, so that this costs little next to the fit: all negatives would mostly tell
apart what no threshold ever flags.
"""

import numpy as np

from rebalance import columns
from rebalance.learning import learners
from rebalance.model.rows import Rows

# Rows asked for each column: at most half as many answers as the fold has validation rows.
FEWEST, MOST = 200, 1000
# More columns would cost more than the fit, and fill no table that is read.
MOST_COLUMNS = 500
# Numbers in memory at a time.
BATCH = 4_000_000


def places(table):
    """Return {column of the table: its places among the encoded ones}, a list of ints each."""
    if table.encoding is None:
        return {name: [place] for place, name in enumerate(table.features)}
    return columns.places(table.encoding)


def sample(y, raw, size, rng):
    """Return numbers of rows, and their weights, that stand for all rows in a ranking.

    The negatives are half those of the highest scores, which decide a precision, and half others.
    """
    positives, negatives = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    order = negatives[np.argsort(-raw[negatives], kind="stable")]
    top, rest = order[: size // 2], order[size // 2 :]
    parts = [(top, top)] + [
        (of, rng.permutation(of)[:most]) for of, most in ((positives, size), (rest, size // 2))
    ]
    rows = np.concatenate([taken for _, taken in parts])
    weights = np.concatenate(
        [np.full(len(taken), len(of) / max(len(taken), 1)) for of, taken in parts]
    )
    return rows, weights


def losses(estimator, table, fold, raw):
    """Return the average precision that a fold's model loses by each column of the table.

    Parameters
    ----------
    estimator : fitted classifier
        Of the fold's training rows.
    table : store.Table
    fold : splitting.Fold
    raw : array of shape (n_valid,)
        Its answers to the validation rows.

    Returns
    -------
    array of shape (n_columns,)
        In the order of `places`; empty where there are more than `MOST_COLUMNS`.
    """
    from sklearn.metrics import average_precision_score

    moved = list(places(table).values())
    if len(moved) > MOST_COLUMNS:
        return np.array([])
    rng = np.random.default_rng([fold.seed, fold.number])
    valid = fold.valid
    size = int(np.clip(len(valid) // (2 * len(moved)), FEWEST, MOST))
    rows, weights = sample(table.y[valid], raw, size, rng)
    y = table.y[valid[rows]]
    weights[y == 0] *= table.negative_weight
    before = average_precision_score(y, raw[rows], sample_weight=weights)
    X = Rows(X=table.X, index=valid[rows]).array()
    # The values of any validation row: those of the sample are too often a positive's.
    drawn = [valid[rng.integers(len(valid), size=len(rows))] for _ in moved]
    after, at_once = [], max(1, BATCH // X.size)
    for start in range(0, len(moved), at_once):
        batch = range(start, min(start + at_once, len(moved)))
        shuffled = np.tile(X, (len(batch), 1, 1))
        for copy, number in zip(shuffled, batch, strict=True):
            copy[:, moved[number]] = table.X[np.ix_(drawn[number], moved[number])]
        answers = learners.raw_scores(estimator, shuffled.reshape(-1, X.shape[1]))
        after += [
            average_precision_score(y, p, sample_weight=weights)
            for p in answers.reshape(len(batch), len(rows))
        ]
    return before - np.array(after)
