"""Coverage of intervals.

The statistics are those of `rebalance.comparison`. Average precision, ROC AUC and recall need no
draws there, which makes a thousand repetitions or more affordable.
"""

import numpy as np

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.distributions import (
    GAPS,
    METRICS,
    SEED,
    SHARP,
    Learned,
    Population,
)
from benchmarks.honesty.tables import Table
from rebalance.comparison import mcnemar
from rebalance.comparison.estimates import RANKED, degrees, doubt_of_difference
from rebalance.comparison.intervals import (
    Z,
    doubt,
    paired_interval,
    score_interval,
    t_interval,
    t_quantile,
)
from rebalance.comparison.jackknife import of_decisions, of_ranking, spread

LOWEST, HIGHEST = 0.93, 0.97
# Where intervals are doubted in a quarter of the samples or more, no more than this share of all
# may miss the truth without a warning.
OFTEN, UNWARNED_AT_MOST = 0.25, 0.05
DOUBTED, UNWARNED = " doubted", " unwarned"
# A share within so many standard errors of a bound, on either side, is as likely noise: what stands
# is that of so many times as many fresh repetitions.
NEAR, AGAIN = 1, 2

COVERED = {
    "binormal": [
        *[Population(0.1, n, GAPS[0.1]) for n in (50, 100, 200, 500)],
        *[Population(0.01, n, GAPS[0.01]) for n in (50, 100, 200, 500)],
    ],
    "20 % hidden": [
        *[Population(0.1, n, GAPS[0.1], 0.2) for n in (50, 100, 200, 500)],
        *[Population(0.01, n, GAPS[0.01], 0.2) for n in (50, 100, 200)],
        *[Population(0.0017, n, GAPS[0.0017], 0.2) for n in (50, 100)],
    ],
    "sharp, 10 % hidden": [
        *[Population(0.1, n, SHARP[0.1], 0.1) for n in (100, 200, 500)],
        Population(0.01, 200, SHARP[0.01], 0.1),
    ],
    "four levels": [
        Population(0.1, 50, GAPS[0.1], cuts=(0.0, 1.0, 2.0)),
        Population(0.01, 100, GAPS[0.01], cuts=(1.0, 2.0, 3.0)),
    ],
    # Average precision is hardest at 5 %, a difference of ROC AUCs at 1 %.
    "boosted trees": [
        *[Learned(0.05, n, ("boosted", "weighted")) for n in (100, 200)],
        Learned(0.01, 100, ("boosted", "weighted")),
    ],
    "linear, boosted": [Learned(pi, 100, ("linear", "boosted")) for pi in (0.05, 0.01)],
}
# Where a sample may not hold what an interval needs to know, and the comparison says so.
LIMITS = {
    "limit: AP near 0": [Population(0.01, n, (1.2, 1.0)) for n in (50, 200)],
    "limit: AUC near 1": [
        Population(0.01, 50, (2.5, 2.2)),
        Population(0.0017, 50, GAPS[0.0017]),
        Population(0.01, 50, SHARP[0.01]),
    ],
    "limit: sharp, 10 % hidden": [Population(0.01, 50, SHARP[0.01], 0.1)],
}
# Samples follow from the place in these tables: what is added here leaves those above as they are.
ADDED = {"linear, boosted, more": [Learned(0.05, 200, ("linear", "boosted"))]}
# What no small sample can show: the comparison says that the interval may not hold.
BEYOND = {
    "beyond: 2 % hidden": [Population(0.01, 50, SHARP[0.01], 0.02)],
    "beyond: hardly an AP": [Population(0.01, 50, (0.6, 0.4))],
    "beyond: four levels": [Population(0.01, 50, (3.5, 3.2), cuts=(1.0, 2.0, 3.0))],
    "beyond: boosted trees": [Learned(0.05, 50, ("boosted", "weighted"))],
    # Ordinary tables on which every model makes a handful of errors.
    "near 1: binormal": [Population(0.1, 100, (4.6, 4.3)), Population(0.01, 100, (5.0, 4.0))],
    "near 1: some hidden": [
        Population(0.1, 400, (4.8, 4.6), 0.005),
        Population(0.1, 200, (5.0, 4.8), 0.03),
        Population(0.1, 100, (4.0, 3.0), 0.02),
    ],
    "near 1: four levels": [Population(0.1, 50, (4.5, 4.2), cuts=(1.0, 2.0, 3.0))],
}


def coverage(quick):
    """Return how often 95 % intervals hold the truth."""
    cases = [
        (family, population.known())
        for family, populations in (COVERED | LIMITS | ADDED | BEYOND).items()
        for population in (populations[:1] if quick else populations)
    ]
    repetitions = [
        100 if quick else _repetitions(population.n_negatives) for _, population in cases
    ]
    held = _measured(
        [
            (population, np.random.default_rng([SEED, case]), repetitions[case])
            for case, (_, population) in enumerate(cases)
        ],
        quick,
    )
    unsure = [
        case
        for case in range(len(cases))
        if not quick and _is_near_a_bound(held[case], repetitions[case])
    ]
    fresh = _measured(
        [
            (cases[case][1], np.random.default_rng([SEED, case, 1]), AGAIN * repetitions[case])
            for case in unsure
        ],
        quick,
    )
    for case, found in zip(unsure, fresh, strict=True):
        repetitions[case] *= AGAIN
        held[case] = found
    rows, misses = [], []
    for (family, population), n, found in zip(cases, repetitions, held, strict=True):
        prevalence, n_positives = population.prevalence, population.n_positives
        truth = list(population.truth(0).values())[:2]
        shown = {name: share for name, share in found.items() if not name.endswith(UNWARNED)}
        rows.append([family, prevalence, n_positives, *truth, n, *shown.values()])
        misses += [
            f"{name}, {family}, prevalence {prevalence:g}, {n_positives} positives: {share:.1%}"
            for name, share in _bound(found).items()
            if not _holds(name, share, found, few=family in BEYOND)
        ]
    return Table(
        "Share of 95 % intervals that hold the truth; bound: .93 to .97, or doubted by the report",
        ["scores", "prevalence", "positives", "true AP", "true AUC", "repetitions", *shown],
        rows,
        misses,
        "The truth is what a sample tends to as it grows; 'd' is the paired difference of two "
        "models.\nDoubted: the share of samples of which the report itself says that the interval "
        f"may not hold; where it is\n{OFTEN:g} or more, the bound is that at most "
        f"{UNWARNED_AT_MOST:g} of all intervals miss the truth without that warning.\nA row with "
        f"a share within {NEAR} standard error of .93 or .97, on either side, that no doubt passes "
        f"was repeated\n{AGAIN} times as often with fresh samples, and shows those.",
    )


def _repetitions(n_negatives):
    """Return how often a population is repeated: large ones, which take longest, less often."""
    return 1_000 if n_negatives > 15_000 else 1_500


def _holds(name, share, found, *, few=False):
    """Say whether intervals hold as often as they say, or warn.

    Of recalls that miss a ``few`` positives, or differ by a few, there are a handful of values, and
    of their intervals more may hold.
    """
    if LOWEST <= share <= (1.0 if few and name.endswith("recall") else HIGHEST):
        return True
    doubted = found.get(name + DOUBTED, 0.0)
    return doubted >= OFTEN and found[name + UNWARNED] <= UNWARNED_AT_MOST


def _measured(cases, quick):
    """Return what `_coverage` returns of each case, its arguments."""

    def rows(population, rng, repetitions):
        del rng
        return (population.n_positives + population.n_negatives) * repetitions

    return on_every_core(_coverage, cases, quick=quick, cost=rows)


def _bound(found):
    """Return the shares that have a bound: those of intervals of ours."""
    return {name: share for name, share in found.items() if not name.endswith((DOUBTED, UNWARNED))}


def _is_near_a_bound(found, repetitions):
    """Say whether a share may be on the other side of a bound, and no doubt passes it clearly."""

    def errors(share):
        return NEAR * np.sqrt(share * (1 - share) / repetitions)

    for name, share in _bound(found).items():
        doubted, unwarned = (found.get(name + suffix, 0.0) for suffix in (DOUBTED, UNWARNED))
        passed = doubted - errors(doubted) >= OFTEN
        passed = passed and unwarned + errors(unwarned) <= UNWARNED_AT_MOST
        if not passed and min(abs(share - LOWEST), abs(share - HIGHEST)) < errors(share):
            return True
    return False


def _coverage(population, rng, repetitions):
    """Return the share of repetitions that hold the truth, by interval."""
    threshold = population.threshold
    truths = [population.truth(model) for model in (0, 1)]
    apart = {m: truths[0][m] - truths[1][m] for m in METRICS}
    held = {f"{prefix}{METRICS[m]}": [] for prefix in ("", "d ") for m in METRICS}
    warned = [f"{prefix}{METRICS[m]}" for m in RANKED for prefix in ("", "d ")]
    held |= {name + suffix: [] for name in warned for suffix in (DOUBTED, UNWARNED)}
    df, strata = population.n_positives - 1, population.strata

    def note(name, ends, truth, reason):
        holds = ends[0] <= truth <= ends[1]
        held[name].append(holds)
        if name in warned:
            held[name + DOUBTED].append(bool(reason))
            held[name + UNWARNED].append(not (holds or reason))

    for _ in range(repetitions):
        y_true, scores = population.sample(rng)
        flagged = scores >= threshold
        models = []
        for score, decided in zip(scores, flagged, strict=True):
            found = of_ranking(y_true, score) | of_decisions(y_true, decided)
            models.append({m: found[m] for m in METRICS})
        values = [{m: value for m, (value, _) in model.items()} for model in models]
        for m in METRICS:
            value, by_row = models[0][m]
            quantile = Z if m == "recall" else t_quantile(degrees(m, value, strata))
            ends = score_interval(value, spread(by_row, strata), population.n_positives, quantile)
            note(METRICS[m], ends, truths[0][m], doubt(m, value, population.n_positives))
            difference = by_row - models[1][m][1]
            if m == "recall":
                pair = mcnemar(*flagged[:, : population.n_positives])
                ends = paired_interval(pair.only_arm, pair.only_baseline, population.n_positives)
            else:
                ends = t_interval(value - values[1][m], spread(difference, strata), df)
            reason = doubt_of_difference(m, *values, difference, strata, population.n_positives)
            note(f"d {METRICS[m]}", ends, apart[m], reason)
    return {name: float(np.mean(values)) for name, values in held.items()}
