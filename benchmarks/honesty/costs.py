"""Intervals of costs and savings: how often they hold what decisions cost in the long run.

Scores of a known law decide about rows whose costs are constant, or amounts of a lognormal law.
The numbers of positives and negatives are free, as they are in a table.
"""

import numpy as np
from scipy.special import expit

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.distributions import SEED
from benchmarks.honesty.tables import Table
from rebalance import thresholds
from rebalance.judging import costs

LOW, HIGH = 0.92, 0.99
POSITIVES = (50, 100, 400)
# Standard deviation of the logarithm of the amounts; or what a miss costs, an alarm 5.
DEAR = "a miss costs 2,000"
KINDS = ("constant", 0.5, 1.0, 1.5, DEAR)
MISS = {"constant": 100.0, DEAR: 2000.0}
PREVALENCE, GAP = 0.02, 2.5
ADMIN = 0.2  # what a flagged row costs, in medians of the amounts
DOUBTED_FROM = 1.5
# Few misses, and dear ones: where many samples are doubted, so many of all may miss unwarned.
UNWARNED_AT_MOST = 0.05
LONG_RUN = 2_000_000


def intervals_of_costs(quick):
    """Return the share of samples whose intervals hold the cost, the savings and a difference."""
    repetitions = 40 if quick else 600
    cases = [
        (kind, n, repetitions) for kind in KINDS for n in (POSITIVES[:1] if quick else POSITIVES)
    ]
    rows, misses = [], []
    for (kind, n, total), found in zip(
        cases, on_every_core(_case, cases, quick=quick), strict=True
    ):
        held, doubted, apart_doubted, unwarned = found
        name = kind if kind in MISS else f"amounts, {kind:g}"
        rows.append([name, n, total, *held.values(), doubted, apart_doubted])
        slack = 2.6 * np.sqrt(LOW * (1 - LOW) / total)
        if kind == DOUBTED_FROM:
            misses += [f"{name}, {n} positives: only {doubted:.0%} doubted"] * (doubted < 0.9)
            continue
        if kind == DEAR:
            misses += [
                f"{name}, {n} positives: {what} {share:.3f} unwarned"
                for what, share in unwarned.items()
                if share > UNWARNED_AT_MOST
            ]
            continue
        misses += [
            f"{name}, {n} positives: {what} {share:.3f}"
            for what, share in held.items()
            if not LOW - slack <= share <= HIGH + slack
        ]
    return Table(
        f"Share of 95 % intervals that hold the truth; bound: from {LOW} to {HIGH}, and amounts "
        f"of {DOUBTED_FROM:g} are doubted 9 times in 10;\nwhere {DEAR}, at most "
        f"{UNWARNED_AT_MOST:g} of all miss the truth without a doubt",
        ["costs", "positives", "samples", "cost", "savings", "difference", "doubted", "its"],
        rows,
        misses,
        "Amounts: standard deviation of their logarithm. Difference: of the costs of two models. "
        "Shares are of the samples\nwithout a doubt of that number, and of all where few are. Its: "
        "doubts of the difference.",
    )


def _sample(rng, kind, rows):
    """Return labels, the scores of two models, and the costs of each row."""
    y_true = (rng.random(rows) < PREVALENCE).astype(np.int8)
    signal = rng.standard_normal(rows) + GAP * y_true
    # The log-odds of the positive class at this score, and a second model that sees it blurred.
    odds = GAP * signal - GAP**2 / 2 + np.log(PREVALENCE / (1 - PREVALENCE))
    other = expit(0.8 * (odds + rng.standard_normal(rows)))
    if kind in MISS:
        amounts = {"c_fn": MISS[kind], "c_fp": 5.0, "c_tp": 5.0}
    else:
        amounts = {"c_fn": np.exp(kind * rng.standard_normal(rows)), "c_fp": ADMIN, "c_tp": ADMIN}
    return y_true, expit(odds), other, amounts


def _flagged(y_score, own):
    each = thresholds.Costs(**own)
    return y_score * (each.c_fn - each.c_tp) >= (1 - y_score) * (each.c_fp - each.c_tn)


def _case(kind, n_positives, repetitions):
    """Return how often each interval holds the truth, and how often it is doubted."""
    number = 0 if kind in MISS else round(10 * kind)
    rng = np.random.default_rng([SEED, n_positives, number, 7])
    rows = round(n_positives / PREVALENCE)
    truth = _truth(kind)
    held, doubts = {name: [] for name in truth}, {"cost": [], "cost_difference": []}
    for _ in range(repetitions):
        y_true, first, second, own = _sample(rng, kind, rows)
        flagged, other = _flagged(first, own), _flagged(second, own)
        found = costs.of_decisions(y_true, flagged, own)
        found |= costs.difference(y_true, other, flagged, own)
        for name, own_doubts in doubts.items():
            own_doubts.append(f"{name}_doubt" in found)
        for name, value in truth.items():
            here = value * (1 if name == "savings" else rows)
            held[name].append(found[f"{name}_low"] <= here <= found[f"{name}_high"])
    shares = {
        name: float(np.mean(_sure(own, doubts.get(name, doubts["cost"]))))
        for name, own in held.items()
    }
    unwarned = {
        name: float(np.mean(~np.array(own) & ~np.array(doubts.get(name, doubts["cost"]))))
        for name, own in held.items()
    }
    return shares, *(float(np.mean(own)) for own in doubts.values()), unwarned


def _sure(held, doubted):
    """Return what the samples without a doubt hold, or all where nearly all are doubted."""
    held, sure = np.array(held), ~np.array(doubted)
    return held[sure] if sure.mean() >= 0.1 else held


def _truth(kind):
    """Return what a row costs on average, the savings, and the difference of the two models."""
    rng = np.random.default_rng([SEED, 8])
    sums = {"cost": 0.0, "none": 0.0, "all": 0.0, "cost_difference": 0.0}
    for _ in range(8):
        y_true, first, second, own = _sample(rng, kind, LONG_RUN // 8)
        flagged, other = _flagged(first, own), _flagged(second, own)
        spent = thresholds.savings(y_true, flagged, **own)
        sums["cost"] += spent["cost"]
        sums["none"] += spent["cost_of_none"]
        sums["all"] += spent["cost_of_all"]
        sums["cost_difference"] += thresholds.cost(y_true, other, **own) - spent["cost"]
    return {
        "cost": sums["cost"] / LONG_RUN,
        "savings": 1 - sums["cost"] / min(sums["none"], sums["all"]),
        "cost_difference": sums["cost_difference"] / LONG_RUN,
    }
