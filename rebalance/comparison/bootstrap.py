"""Metrics of ranking of every model in every draw of a class-stratified bootstrap.

A draw is a weight for each unit, a row, a group or a bundle, the same for all models. Nothing is
sorted again: each model's rows are put once into slots between and at the scores of its positives,
one sparse product adds the weights up in the slots, and the metrics follow from the cumulated sums.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from rebalance.metrics import Order, Steps, ranking_of_steps
from rebalance.metrics.probability import ece_bins

CHUNK = 32  # draws at a time: their weights stay in the cache
MOST_UNITS = 200_000  # of a stratum: more rows than that are drawn in bundles


class Strata(NamedTuple):
    """Units that are drawn, each stratum by itself: rows, or whole groups of rows.

    Attributes
    ----------
    sizes : list of int
        Units with a positive, and units without; the units are numbered in this order.
    unit : array of shape (n_rows,)
        The unit of each row.
    """

    sizes: list
    unit: np.ndarray

    @classmethod
    def of(cls, y_true, groups=None):
        """Return the strata of rows, or of groups: those with a positive, and the others."""
        if groups is None:
            codes, n_units = np.arange(y_true.size), y_true.size
        else:
            names, codes = np.unique(np.asarray(groups), return_inverse=True)
            n_units = names.size
        with_positive = np.zeros(n_units, dtype=bool)
        with_positive[codes[y_true == 1]] = True
        number = np.empty(n_units, dtype=np.int64)
        number[np.argsort(~with_positive, kind="stable")] = np.arange(n_units)
        n_with = int(with_positive.sum())
        return cls([n_with, n_units - n_with], number[codes])

    def bundled(self, seed, most=MOST_UNITS):
        """Return strata of at most so many units, each a bundle of units put together by chance.

        Units that are independent are so in bundles, and a draw of bundles spreads as a draw of
        units does; only how many there are to count is less.
        """
        if max(self.sizes) <= most:
            return self
        rng, sizes = np.random.default_rng([seed, most]), [min(size, most) for size in self.sizes]
        bundles = [rng.permutation(old) % new for old, new in zip(self.sizes, sizes, strict=True)]
        return Strata(sizes, np.r_[bundles[0], sizes[0] + bundles[1]][self.unit])


def weights(strata, n_draws, seed):
    """Yield blocks of shape (n_units, draws of the block): how often a draw holds each unit."""
    rng = np.random.default_rng(seed)
    # Sums of counts below 2**24 are exact in single precision, and twice as fast.
    dtype = np.float32 if strata.unit.size < 2**24 else np.float64
    for start in range(0, n_draws, CHUNK):
        block = np.empty((min(CHUNK, n_draws - start), sum(strata.sizes)), dtype)
        first = 0
        for size in filter(None, strata.sizes):
            for counts in block[:, first : first + size]:
                counts[:] = np.bincount(rng.integers(0, size, size), minlength=size)
            first += size
        yield np.ascontiguousarray(block.T)


def draws(y_true, scores, strata, *, n_draws, seed, k, precision, pool=None):
    """Return the metrics of ranking, and the ECE, in each draw.

    Parameters
    ----------
    y_true : array of shape (n_rows,)
    scores : dict of str to array of shape (n_rows,)
        Probabilities by model.
    strata : Strata
    n_draws, seed : int
    k : int
    precision : float
        As in `rebalance.metrics.ranking`.
    pool : (concurrent.futures.Executor, int), optional
        Threads, and how many: blocks of draws are worked on side by side.

    Returns
    -------
    dict of str to dict of str to array of shape (n_draws,)
        NaN where a draw leaves a metric undefined. The bins of ``ece`` are those of all rows.
    """
    strata = strata.bundled(seed)
    slots = {name: _slots(y_true, y_score, strata) for name, y_score in scores.items()}

    def of_block(block):
        by_model = {}
        for name, matrices in slots.items():
            sums, gaps = (
                (matrix.astype(block.dtype, copy=False) @ block).astype(float)
                for matrix in matrices
            )
            above, tied, positives = (sums[i:-1:3] for i in range(3))
            # Sums, not products: threads of BLAS would wait for each other on a busy machine.
            totals = positives.sum(axis=0), (above + tied).sum(axis=0) + sums[-1]
            steps = Steps(above, tied, positives, *totals, k=k, precision=precision)
            gaps = np.abs(gaps).sum(axis=0)
            by_model[name] = ranking_of_steps(steps) | {"ece": gaps / steps.n_rows}
        return by_model

    blocks = list(_side_by_side(of_block, weights(strata, n_draws, seed), pool))
    return {
        name: {
            metric: np.concatenate([block[name][metric] for block in blocks])
            for metric in blocks[0][name]
        }
        for name in scores
    }


def _side_by_side(function, items, pool):
    """Yield what a function returns of each item, in their order; few items are in memory."""
    if pool is None:
        yield from map(function, items)
        return
    (executor, number), waiting = pool, deque()
    for item in items:
        waiting.append(executor.submit(function, item))
        if len(waiting) > number:
            yield waiting.popleft().result()
    for future in waiting:
        yield future.result()


def _slots(y_true, y_score, strata):
    """Return what each unit adds to each slot, two sparse matrices.

    The slots of the first are for each step the negatives above it, those at it, and its positives;
    then all below. Those of the second are the bins of the calibration error.
    """
    order = Order.of(y_true, y_score)
    slot = (3 * order.step + order.tied + (y_true == 1)).astype(np.int32)
    ones = np.ones(y_true.size, np.float32)
    steps = _sums(ones, slot, 3 * order.n_steps + 1, strata)
    del order, slot, ones
    bins = ece_bins(y_score).astype(np.int32)
    gaps = (y_score - y_true).astype(np.float32)
    return steps, _sums(gaps, bins, int(bins.max()) + 1, strata)


def _sums(values, slot, n_slots, strata):
    """Return the sums of values of rows, by slot and unit."""
    from scipy import sparse

    unit = strata.unit.astype(np.int32)
    sums = sparse.csr_array((values, (slot, unit)), shape=(n_slots, sum(strata.sizes)))
    # The array would hold on to the memory of all that was added up.
    return sums.copy()
