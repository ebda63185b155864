"""Fit HistGradientBoosting without copying its rows, and find bin edges faster.

The learner reads its rows once, to put each value into a bin of one byte. Rows are handed to it in
blocks, so that a fit needs a byte a value instead of the 16 of two arrays of doubles.

scikit-learn 1.9 finds each weighted percentile of a column by sorting the column again, 254 times;
here it is sorted once. https://github.com/scikit-learn/scikit-learn/pull/34248 does the same for
scikit-learn 1.10: `bin_edges`, `weighted_percentiles` and `patch_sklearn` go then.

Every bit of a fit is the same as without this module: see ``tests/test_histogram.py``.
"""

import threading
from contextlib import contextmanager
from functools import partial

import numpy as np

# scikit-learn seeks edges in parallel tasks, each of which sets the filters of warnings anew. Up to
# Python 3.13 all threads share them: two fits at once each restore what the other had set, and
# print warnings of missing filters (of 2,000 fits by two threads, under stress, 8,775; now none).
_EDGES = threading.Lock()


def weighted_percentiles(values, weights, ranks):
    """Return the weighted percentiles, averaged where a rank falls between two values.

    The averaged inverse of the distribution function of Hyndman and Fan (1996), in the steps of
    scikit-learn, so that every digit is the same.

    Parameters
    ----------
    values, weights : arrays of float of shape (n_rows,)
        The weights are above 0.
    ranks : array of shape (n_ranks,)
        Above 0, at most 100.
    """
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    wanted = ranks / 100 * reached[-1]
    here = np.minimum(np.searchsorted(reached, wanted), values.size - 1)
    above = np.minimum(here + 1, values.size - 1)
    inside = reached[here] - wanted > np.finfo(float).eps
    percentiles = values[order[here]]
    return np.where(inside, percentiles, (percentiles + values[order[above]]) / 2)


def bin_edges(col_data, max_bins, sample_weight=None):
    """Return the upper edges of the bins of a column; scikit-learn's function of these arguments.

    Parameters
    ----------
    col_data : array of float of shape (n_rows,)
        NaN where a value is missing.
    max_bins : int
    sample_weight : array of float of shape (n_rows,) or None
    """
    from sklearn.ensemble._hist_gradient_boosting.binning import ALMOST_INF

    seen = ~np.isnan(col_data)
    if sample_weight is None:
        values = np.sort(col_data[seen])
    else:
        seen &= sample_weight != 0
        order = np.argsort(col_data[seen])
        values, weights = col_data[seen][order], sample_weight[seen][order]
    distinct = values[np.concatenate([values[:1] == values[:1], values[1:] != values[:-1]])]
    ranks = np.linspace(0, 100, num=max_bins + 1)[1:-1]
    if len(distinct) <= max_bins:
        edges = (distinct[:-1] + distinct[1:]) / 2
    elif sample_weight is None:
        edges = np.percentile(values, ranks, method="averaged_inverted_cdf")
    else:
        edges = weighted_percentiles(values, weights, ranks)
    return np.clip(np.unique(edges), a_min=None, a_max=ALMOST_INF)


def patch_sklearn():
    """Give scikit-learn's HistGradientBoosting the faster `bin_edges`."""
    from sklearn.ensemble._hist_gradient_boosting import binning

    binning._find_binning_thresholds = bin_edges


def takes_blocks(estimator):
    """Say whether `fit` can fit this estimator: one that reads its rows once, to bin them."""
    return (
        type(estimator).__name__ == "HistGradientBoostingClassifier"
        and estimator.early_stopping is False
        and not estimator.warm_start
    )


def fit(estimator, rows, y, sample_weight=None):
    """Fit a HistGradientBoostingClassifier to `Rows` without an array of them; return it.

    Parameters
    ----------
    estimator : HistGradientBoostingClassifier
        One that `takes_blocks`.
    rows : model.rows.Rows
    y : array of shape (n_rows,)
    sample_weight : array of shape (n_rows,) or None
    """
    preprocess = estimator._preprocess_X

    def look(rows, *, reset):
        # It learns from the rows themselves how many columns they have, and categories.
        with _ours():
            few = _every_category(estimator, rows)
        _, categories = preprocess(few, reset=reset)
        return rows, categories

    def bins(rows, weights, is_training_data):
        del is_training_data  # there are no others without early stopping
        # It puts its own numbers for categories first.
        order = estimator.is_categorical_ is not None
        prepare = partial(preprocess, reset=False) if order else np.asarray
        with _ours():
            return binned(estimator._bin_mapper, rows, weights, prepare)

    estimator._preprocess_X, estimator._bin_data = look, bins
    try:
        return estimator.fit(rows, y, sample_weight=sample_weight)
    finally:
        del estimator._preprocess_X, estimator._bin_data


@contextmanager
def _ours():
    """Let a ValueError of this module pass as the fault that it is, not as one of the rows."""
    try:
        yield
    except ValueError as error:
        raise RuntimeError(f"rows could not be binned: {error}") from error


def _every_category(estimator, rows):
    """Return a few rows that hold every category of the columns of categories."""
    named = estimator.categorical_features
    if named is None or isinstance(named, str):
        return rows.at(np.array([0]))
    columns = np.arange(rows.shape[1])[np.asarray(named)]
    categories = [np.empty(0)] * len(columns)
    for _, block in rows.blocks():
        categories = [
            np.union1d(values, block[:, column])
            for values, column in zip(categories, columns, strict=True)
        ]
    few = np.zeros((max(map(len, categories), default=1), rows.shape[1]))
    for values, column in zip(categories, columns, strict=True):
        few[:, column] = values[0]
        few[: len(values), column] = values
    return few


def _drawn(mapper, n_rows, weights):
    """Return the rows that the mapper would draw, and all that it would look at."""
    chances = None if weights is None else weights / np.sum(weights)
    rng = np.random.RandomState(mapper.random_state)
    return rng.choice(n_rows, mapper.subsample, p=chances, replace=True)


def binned(mapper, rows, weights=None, prepare=np.asarray):
    """Return the bins of `Rows`, shape (n_rows, n_features), from a mapper fitted to them here.

    ``prepare`` is done to every block first.
    """
    if len(rows) > mapper.subsample:
        sample, weights = prepare(rows.at(_drawn(mapper, len(rows), weights))), None
    else:
        sample = prepare(rows.array())
    with _EDGES:
        mapper.fit(sample, sample_weight=weights)
    del sample
    bins = np.empty(rows.shape, dtype=np.uint8, order="F")
    for start, block in rows.blocks():
        bins[start : start + len(block)] = mapper.transform(prepare(block))
    return bins
