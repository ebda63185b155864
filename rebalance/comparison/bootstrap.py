"""Every metric of every model in every draw of a class-stratified bootstrap.

A draw is a weight for each unit, a row, a group or a bundle, the same for all models. Nothing is
sorted again: each model's rows are put once into slots between and at the scores of its positives,
one sparse product adds the weights up in the slots, and ranking metrics follow from the cumulated
sums; metrics that are means of rows are one dense product.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from rebalance.metrics import METRICS, Order, Steps, ranking_of_steps, rates
from rebalance.metrics.probability import calibration, ece_bins, log_odds
from rebalance.metrics.table import PROBABILITY

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
        bundles, sizes, first = [], [], 0
        rng = np.random.default_rng([seed, most])
        for size in self.sizes:
            bundles.append(first + rng.permutation(size) % min(size, most))
            sizes.append(min(size, most))
            first += sizes[-1]
        if sizes == self.sizes:
            return self
        return Strata(sizes, np.concatenate(bundles)[self.unit])


def weights(strata, n_draws, seed):
    """Yield blocks of shape (n_units, draws of the block): how often a draw holds each unit."""
    rng = np.random.default_rng(seed)
    # Sums of counts below 2**24 are exact in single precision, and twice as fast.
    dtype = np.float32 if strata.unit.size < 2**24 else np.float64
    for start in range(0, n_draws, CHUNK):
        block = np.empty((min(CHUNK, n_draws - start), sum(strata.sizes)), dtype)
        first = 0
        for size in strata.sizes:
            _count(rng, block[:, first : first + size])
            first += size
        yield np.ascontiguousarray(block.T)


def _count(rng, counts):
    """Fill in how often each unit is drawn, shape (n_draws, n_units of one stratum)."""
    size = counts.shape[1]
    at_once = max(1, 2**15 // max(size, 1))  # small strata together, large ones within the cache
    for first in range(0, len(counts) if size else 0, at_once):
        part = counts[first : first + at_once]
        drawn = rng.integers(0, size, part.shape)
        if len(part) > 1:
            drawn += size * np.arange(len(part))[:, None]
        part[:] = np.bincount(drawn.ravel(), minlength=part.size).reshape(part.shape)


def draws(y_true, models, strata, *, n_draws, seed, k, precision):
    """Return each metric in each draw.

    Parameters
    ----------
    y_true : array of shape (n_rows,)
    models : dict of str to (y_score, flagged)
        Probabilities and decisions, arrays of shape (n_rows,).
    strata : Strata
    n_draws, seed : int
    k : int
    precision : float
        As in `rebalance.metrics.ranking`.

    Returns
    -------
    dict of str to dict of str to array of shape (n_draws,)
        NaN where a draw leaves a metric undefined. The bins of ``ece`` are those of all rows,
        and the calibration is one Newton step from that of all rows.
    """
    from scipy import sparse

    strata = strata.bundled(seed)
    plans = {name: _Plan(y_true, *model, strata) for name, model in models.items()}
    slots = sparse.vstack([plan.slots for plan in plans.values()], format="csr")
    classes = summed(strata, [y_true == 1, y_true == 0])
    columns = np.column_stack([classes, *(plan.columns for plan in plans.values())])
    blocks = []
    for block in weights(strata, n_draws, seed):
        in_slots = (slots.astype(block.dtype, copy=False) @ block).astype(float)
        sums = (block.T @ columns.astype(block.dtype, copy=False)).T.astype(float)
        totals = (sums[0], sums[1])
        first_slot, first_sum, by_model = 0, 2, {}
        for name, plan in plans.items():
            n_slots, n_sums = plan.slots.shape[0], plan.columns.shape[1]
            by_model[name] = plan.metrics(
                in_slots[first_slot : first_slot + n_slots],
                sums[first_sum : first_sum + n_sums],
                totals,
                k,
                precision,
            )
            first_slot, first_sum = first_slot + n_slots, first_sum + n_sums
        blocks.append(by_model)
    return {
        name: {
            metric: np.concatenate([block[name][metric] for block in blocks])
            for metric in blocks[0][name]
        }
        for name in models
    }


def summed(strata, columns):
    """Return columns of shape (n_rows,) summed over the rows of each unit, in single precision."""
    n_units = sum(strata.sizes)
    if n_units == strata.unit.size:
        order = np.argsort(strata.unit)
        return np.column_stack([column[order] for column in columns]).astype(np.float32)
    sums = [np.bincount(strata.unit, weights=column, minlength=n_units) for column in columns]
    return np.column_stack(sums).astype(np.float32)


class _Plan:
    """What is computed once for a model: slots of its units, and columns to be summed."""

    def __init__(self, y_true, y_score, flagged, strata):
        from scipy import sparse

        order = Order.of(y_true, y_score)
        n_rows, self.n_steps = y_true.size, order.n_steps
        bins, unit = ece_bins(y_score), strata.unit.astype(np.int32)
        self.n_bins = int(bins.max()) + 1
        # Slots: for each step the negatives above it, those at it, and its positives; below all;
        # then the bins of the calibration error.
        slot = 3 * order.step + order.tied + (y_true == 1)
        first_bin = 3 * self.n_steps + 1
        self.slots = sparse.csr_array(
            (
                np.r_[np.ones(n_rows), y_score - y_true].astype(np.float32),
                (np.r_[slot, first_bin + bins].astype(np.int32), np.tile(unit, 2)),
            ),
            shape=(first_bin + self.n_bins, sum(strata.sizes)),
        )
        self.means = [name for name, row in METRICS.items() if _is_mean(row)]
        columns = [flagged & (y_true == 1), flagged & (y_true == 0)]
        columns += [METRICS[name].function(y_true, y_score) for name in self.means]
        x = log_odds(y_score)
        self.intercept, self.line = calibration(y_true, y_score)
        columns += _derivatives(y_true, x, self.intercept, 1)[:3:2]
        if self.line:
            columns += _derivatives(y_true, x, *self.line)
        self.columns = summed(strata, columns)

    def metrics(self, in_slots, sums, totals, k, precision):
        """Return each metric in the draws of a block, from the sums over their rows."""
        n_positives, n_negatives = totals
        n_rows = n_positives + n_negatives
        steps, bins = in_slots[: 3 * self.n_steps], in_slots[3 * self.n_steps + 1 :]
        (tp, fp), (means, derivatives) = sums[:2], np.split(sums[2:], [len(self.means)])
        prevalence = n_positives / n_rows
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = ranking_of_steps(
                Steps(steps[0::3], steps[1::3], steps[2::3], *totals, k=k, precision=precision)
            )
            drawn |= dict(zip(self.means, means / n_rows, strict=True))
            drawn |= {
                "brier_skill": 1 - drawn["brier"] / (prevalence * (1 - prevalence)),
                "ece": np.abs(bins).sum(axis=0) / n_rows,
                "prevalence": prevalence,
            }
            drawn |= self._calibrated(derivatives)
        return drawn | rates(tp, fp, n_positives - tp, n_negatives - fp)

    def _calibrated(self, sums):
        """Return intercept and slope after one Newton step."""
        gradient, curvature = sums[:2]
        drawn = {"calibration_intercept": self.intercept + gradient / curvature}
        if self.line:
            g, gx, h, hx, hxx = sums[2:]
            step = (h * gx - hx * g) / (h * hxx - hx**2)
            drawn["calibration_slope"] = self.line[1] + step
        return drawn


def _is_mean(metric):
    """Say whether a metric is the mean of its function over rows."""
    return metric.family == PROBABILITY and metric.function is not None


def _derivatives(y_true, x, intercept, slope):
    """Return each row's part of the gradient and the curvature of a logistic regression."""
    p = expit(intercept + slope * x)
    g, h = y_true - p, p * (1 - p)
    return [g, g * x, h, h * x, h * x**2]
