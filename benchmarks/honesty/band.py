"""The review band: how often more new rows have to be looked at than the capacity allows."""

import numpy as np
from scipy import stats

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.distributions import SEED
from benchmarks.honesty.tables import Table
from rebalance import thresholds
from rebalance.thresholds import promises

# Calibrated probabilities of a known law; their mean is the prevalence.
LAW = stats.beta(0.05, 0.95)
CAPACITY, CONFIDENCE = 0.02, 0.95
HOW = {"by precision": {"precision": 0.9}, "by costs": {"c_fp": 1.0, "c_fn": 10.0}}
ROWS = (2_000, 10_000, 40_000)


def capacity(quick):
    """Return how often the share of new rows to look at is above the capacity."""
    repetitions = 40 if quick else 600
    cases = [(name, n, repetitions) for name in HOW for n in (ROWS[:1] if quick else ROWS)]
    rows, misses = [], []
    counted = on_every_core(_case, cases, quick=quick)
    for (name, n, total), (above, without, share) in zip(cases, counted, strict=True):
        within = promises.rows_within(n, CAPACITY, CONFIDENCE)
        exact = float(stats.binom.cdf(within, n, CAPACITY))
        rows.append([name, n, total, above / total, exact, without / total, share])
        if above > stats.binom.isf(0.01, total, 1 - CONFIDENCE):
            misses.append(f"{name}, {n} rows: {above / total:.1%} above the capacity")
    return Table(
        "Share of samples whose band holds more new rows than the capacity; bound: no more than a "
        "rate of .05 gives 99 times in 100",
        ["band", "rows", "samples", "above", "exact", "without", "looked at"],
        rows,
        misses,
        f"Capacity {CAPACITY:g}. Exact: the rate that the ranks of so many rows give where the "
        "capacity is used up, whatever the scores.\nWithout: how often a band without confidence "
        "is above it. Looked at: the mean share of new rows.",
    )


def _case(name, n_rows, repetitions):
    rng = np.random.default_rng([SEED, n_rows, len(name), 9])
    above, without, shares = 0, 0, []
    for _ in range(repetitions):
        p = LAW.rvs(n_rows, random_state=rng)
        y = (rng.random(n_rows) < p).astype(np.int8)
        if not y.any():
            continue
        for confidence in (CONFIDENCE, 0.0):
            chosen = thresholds.choose(
                "review_band", y, p, share=CAPACITY, confidence=confidence, **HOW[name]
            )
            share = float(LAW.cdf(min(chosen.block, 1.0)) - LAW.cdf(chosen.value))
            if confidence:
                above += share > CAPACITY
                shares.append(share)
            else:
                without += share > CAPACITY
    return above, without, float(np.mean(shares))
