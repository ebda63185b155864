"""Coverage of intervals.

The statistics are those of `rebalance.comparison`. Average precision, ROC AUC and recall need no
draws there, which makes thousands of repetitions affordable; the intervals of the bootstrap, shown
beside them, are repeated where samples are small.
"""

import numpy as np
from scipy.special import ndtr, ndtri

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
from rebalance.comparison.bootstrap import Strata, draws
from rebalance.comparison.estimates import RANKED, degrees, doubt_of_difference
from rebalance.comparison.intervals import (
    Z,
    doubt,
    paired_interval,
    percentiles,
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
        (family, population)
        for family, populations in (COVERED | LIMITS | ADDED | BEYOND).items()
        for population in (populations[:1] if quick else populations)
    ]
    repetitions = [
        100 if quick else _repetitions(population.n_negatives) for _, population in cases
    ]
    held = _measured(
        [
            (
                population,
                np.random.default_rng([SEED, case]),
                repetitions[case],
                (20 if quick else 300) if _is_small(family, population) else 0,
            )
            for case, (family, population) in enumerate(cases)
        ],
        quick,
    )
    unsure = [
        case
        for case, (family, _) in enumerate(cases)
        if not quick and _is_near_a_bound(held[case], repetitions[case])
    ]
    fresh = _measured(
        [
            (cases[case][1], np.random.default_rng([SEED, case, 1]), AGAIN * repetitions[case], 0)
            for case in unsure
        ],
        quick,
    )
    for case, found in zip(unsure, fresh, strict=True):
        repetitions[case] *= AGAIN
        held[case] |= {name: share for name, share in found.items() if share is not None}
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
        "models.\nPercentiles and BCa are of 400 bootstrap draws, shown to compare, with no bound. "
        "Doubted: the share of samples\nof which the report itself says that the interval may not "
        f"hold; where it is {OFTEN:g} or more, the bound\nis that at most {UNWARNED_AT_MOST:g} of "
        "all intervals miss the truth without that warning. A row with a share within "
        f"{NEAR} standard\nerror of .93 or .97, on either side, was repeated {AGAIN} times as "
        "often with fresh samples, and shows those.",
    )


def _repetitions(n_negatives):
    """Return how often a population is repeated: large ones, which take longest, less often."""
    return 1_000 if n_negatives > 15_000 else 2_000


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

    def rows(population, rng, repetitions, with_draws):
        del rng
        return (population.n_positives + population.n_negatives) * (repetitions + 400 * with_draws)

    return on_every_core(_coverage, cases, quick=quick, cost=rows)


def _bound(found):
    """Return the shares that have a bound: those of intervals of ours."""
    return {
        name: share
        for name, share in found.items()
        if not name.endswith((*WAYS, DOUBTED, UNWARNED))
    }


def _is_near_a_bound(found, repetitions):
    """Say whether a share may be on the other side of a bound."""
    shares = np.array(list(_bound(found).values()))
    errors = np.sqrt(shares * (1 - shares) / repetitions)
    return bool((np.abs(np.subtract.outer((LOWEST, HIGHEST), shares)) < NEAR * errors).any())


def _is_small(family, population):
    """Say whether a sample has so few rows that the bootstrap can be repeated for each."""
    few = population.n_positives <= 100 and population.prevalence == 0.1
    return few and family in ("binormal", "20 % hidden")


def _coverage(population, rng, repetitions, with_draws):
    """Return the share of repetitions that hold the truth, by interval."""
    threshold = population.threshold
    truths = [population.truth(model) for model in (0, 1)]
    apart = {m: truths[0][m] - truths[1][m] for m in METRICS}
    held = {f"{prefix}{METRICS[m]}": [] for prefix in ("", "d ") for m in METRICS}
    held |= {f"{name} {way}": [] for way in WAYS for name in ("AP", "d AP")}
    warned = [f"{prefix}{METRICS[m]}" for m in RANKED for prefix in ("", "d ")]
    held |= {name + suffix: [] for name in warned for suffix in (DOUBTED, UNWARNED)}
    df = population.n_positives - 1

    def note(name, ends, truth, reason):
        holds = ends[0] <= truth <= ends[1]
        held[name].append(holds)
        if name in warned:
            held[name + DOUBTED].append(bool(reason))
            held[name + UNWARNED].append(not (holds or reason))

    for repetition in range(repetitions):
        y_true, scores = population.sample(rng)
        strata, flagged = Strata.of(y_true), scores >= threshold
        models = [
            of_ranking(y_true, score) | of_decisions(y_true, decided)
            for score, decided in zip(scores, flagged, strict=True)
        ]
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
        if repetition < with_draws:
            first, second = (model["average_precision"] for model in models)
            drawn = _drawn(y_true, scores, strata, rng)
            of_both = {"AP": first, "d AP": [a - b for a, b in zip(first, second, strict=True)]}
            for name, (value, by_row) in of_both.items():
                truth = {"AP": truths[0], "d AP": apart}[name]["average_precision"]
                for way, ends_of in WAYS.items():
                    low, high = ends_of(drawn[name], value, by_row)
                    held[f"{name} {way}"].append(low <= truth <= high)
    return {name: float(np.mean(values)) if values else None for name, values in held.items()}


def _plain(drawn, value, by_row):
    """Return the percentile interval."""
    del value, by_row
    return percentiles(drawn)


def _bca(drawn, value, by_row):
    """Return the interval that corrects percentiles for bias and acceleration (Efron 1987).

    The acceleration is that of the jackknife, which is what each row contributes.
    """
    below = (np.sum(drawn < value) + np.sum(drawn == value) / 2) / drawn.size
    bias = ndtri(np.clip(below, 1 / drawn.size, 1 - 1 / drawn.size))
    acceleration = np.sum(by_row**3) / (6 * np.sum(by_row**2) ** 1.5)
    moved = bias + np.array([-Z, Z])
    return np.quantile(drawn, ndtr(bias + moved / (1 - acceleration * moved)))


# Intervals of the bootstrap that are shown to compare.
WAYS = {"percentile": _plain, "BCa": _bca}


def _drawn(y_true, scores, strata, rng):
    """Return the draws of average precision and of its paired difference."""
    # Scores between 0 and 1 in the same order: the ranks.
    shares = scores.argsort(axis=1).argsort(axis=1) / scores.shape[1]
    drawn = draws(
        y_true,
        dict(enumerate(shares)),
        strata,
        n_draws=400,
        seed=int(rng.integers(2**32)),
        k=1,
        precision=0.9,
    )
    first, second = (drawn[model]["average_precision"] for model in (0, 1))
    return {"AP": first, "d AP": first - second}
