"""Coverage of intervals, false alarms of verdicts, and the differences they can find.

The statistics are those of `rebalance.comparison`. Average precision, ROC AUC and recall need no
draws there, which makes thousands of repetitions affordable; the plain percentile intervals of
the bootstrap, shown beside them, are repeated where samples are small.
"""

import numpy as np
from scipy.special import ndtri

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.distributions import Population
from benchmarks.honesty.tables import Table
from rebalance.comparison import holm, mcnemar
from rebalance.comparison._bootstrap import Strata, draws
from rebalance.comparison._evidence import error_of, error_of_difference
from rebalance.comparison._intervals import (
    adjusted_interval,
    doubt,
    percentiles,
    share_interval,
    t_interval,
)
from rebalance.comparison._jackknife import contributions, spread
from rebalance.comparison._tests import ALPHA, POWER

METRICS = ("average_precision", "roc_auc", "recall")
SHORT = {"average_precision": "AP", "roc_auc": "AUC", "recall": "recall"}
LOWEST, HIGHEST = 0.93, 0.97
DOUBTED = " doubted"
SEED = 20_240_917

GAPS = {0.1: (1.5, 1.2), 0.01: (2.2, 1.9), 0.0017: (3.2, 2.9)}
SHARP = {0.1: (3.0, 2.7), 0.01: (4.0, 3.7)}
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
# What no small sample can show: the comparison says that the interval may not hold.
BEYOND = {
    "beyond: 2 % hidden": [Population(0.01, 50, SHARP[0.01], 0.02)],
    "beyond: hardly an AP": [Population(0.01, 50, (0.6, 0.4))],
}
EQUAL = [(0.1, 50), (0.1, 100), (0.1, 200), (0.1, 500), (0.01, 50)]  # prevalence, positives
THRESHOLD_BELOW_GAP = 0.5  # a recall of .69 for the first model, where no positive hides


def coverage(quick):
    """Return how often 95 % intervals hold the truth."""
    cases = [
        (family, population)
        for family, populations in (COVERED | LIMITS | BEYOND).items()
        for population in (populations[:1] if quick else populations)
    ]
    rows, misses, doubted = [], [], []
    held = on_every_core(
        _coverage,
        [
            (
                population,
                np.random.default_rng([SEED, case]),
                100 if quick else 1_000 if population.n_negatives > 15_000 else 2_000,
                (20 if quick else 1_000) if _is_small(family, population) else 0,
            )
            for case, (family, population) in enumerate(cases)
        ],
        quick=quick,
    )
    for (family, population), found in zip(cases, held, strict=True):
        prevalence, n_positives = population.prevalence, population.n_positives
        truth = population.truth(0, 0.0)
        rows.append([family, prevalence, n_positives, *list(truth.values())[:2], *found.values()])
        for name, share in found.items():
            if family in BEYOND or share is None or name.endswith(("percentile", DOUBTED)):
                continue
            if not LOWEST <= share <= HIGHEST:
                in_doubt = found.get(name.removeprefix("d ") + DOUBTED, 0.0) > 1 / 2
                (doubted if in_doubt else misses).append(
                    f"{name}, {family}, prevalence {prevalence:g}, {n_positives} positives: "
                    f"{share:.1%}"
                )
    return Table(
        "Share of 95 % intervals that hold the truth; bound: .93 to .97",
        ["scores", "prevalence", "positives", "true AP", "true AUC", *found],
        rows,
        misses,
        "The truth is what a sample tends to as it grows; 'd' is the paired difference of two "
        "models.\nPlain percentiles are shown to compare and have no bound, and so are populations "
        "beyond what a sample\nof their size can show. Doubted: the share of samples of which the "
        "report itself says that the interval\nmay not hold.",
        doubted,
    )


def _is_small(family, population):
    """Say whether a sample has so few rows that the bootstrap can be repeated for each."""
    few = population.n_positives <= 100 and population.prevalence == 0.1
    return few and "sharp" not in family


def _coverage(population, rng, repetitions, with_draws):
    """Return the share of repetitions that hold the truth, by interval."""
    threshold = population.gaps[0] - THRESHOLD_BELOW_GAP
    truths = [population.truth(model, threshold) for model in (0, 1)]
    apart = {m: truths[0][m] - truths[1][m] for m in METRICS}
    held = {f"{prefix}{SHORT[m]}": [] for prefix in ("", "d ") for m in METRICS}
    held |= {"AP percentile": [], "d AP percentile": []}
    held |= {f"{SHORT[m]}{DOUBTED}": [] for m in ("average_precision", "roc_auc")}
    df = population.n_positives - 1
    for repetition in range(repetitions):
        y_true, scores = population.sample(rng)
        strata, flagged = Strata.of(y_true), scores >= threshold
        models = [contributions(y_true, *model) for model in zip(scores, flagged, strict=True)]
        for m in METRICS:
            value, by_row = models[0][m]
            error, known, most = error_of(m, value, by_row, strata)
            ends = share_interval(m, value, error, population.n_positives, known, most)
            held[SHORT[m]].append(ends[0] <= truths[0][m] <= ends[1])
            if f"{SHORT[m]}{DOUBTED}" in held:
                doubted = doubt(m, value, population.n_positives)
                held[f"{SHORT[m]}{DOUBTED}"].append(bool(doubted))
            if m == "recall":
                pair = mcnemar(*flagged[:, : population.n_positives])
                ends = adjusted_interval(pair.only_arm, pair.only_baseline, population.n_positives)
            else:
                error = error_of_difference(m, models[0][m], models[1][m], strata)
                ends = t_interval(value - models[1][m][0], error, df)
            held[f"d {SHORT[m]}"].append(ends[0] <= apart[m] <= ends[1])
        if repetition < with_draws:
            ends = _percentiles(y_true, scores, strata, rng)
            held["AP percentile"].append(ends[0][0] <= truths[0]["average_precision"] <= ends[0][1])
            held["d AP percentile"].append(ends[1][0] <= apart["average_precision"] <= ends[1][1])
    return {name: float(np.mean(values)) if values else None for name, values in held.items()}


def _percentiles(y_true, scores, strata, rng):
    """Return the percentile intervals of average precision and of its paired difference."""
    # Scores between 0 and 1 in the same order: the ranks.
    shares = scores.argsort(axis=1).argsort(axis=1) / scores.shape[1]
    drawn = draws(
        y_true,
        {model: (share, share > 0.5) for model, share in enumerate(shares)},
        strata,
        n_draws=400,
        seed=int(rng.integers(2**32)),
        k=1,
        precision=0.9,
    )
    first, second = (drawn[model]["average_precision"] for model in (0, 1))
    return percentiles(first), percentiles(first - second)


def false_alarms(quick):
    """Return how often any of five arms equal to the baseline is called better or worse."""
    repetitions = 100 if quick else 2_000
    cases = [
        (i, prevalence, n_positives, correlation, repetitions)
        for i, (prevalence, n_positives) in enumerate(EQUAL[:2] if quick else EQUAL)
        for correlation in (0.5, 0.9, 0.98)
    ]
    rows, misses = [], []
    found = on_every_core(_alarms, cases, quick=quick)
    for (_, prevalence, n_positives, correlation, _), shares in zip(cases, found, strict=True):
        rows.append([prevalence, n_positives, correlation, *shares])
        misses += [
            f"{SHORT[m]}, prevalence {prevalence:g}, {n_positives} positives, "
            f"correlation {correlation:g}: {share:.1%}"
            for m, share in zip(METRICS, shares, strict=True)
            if share > ALPHA
        ]
    return Table(
        "Share of runs that call any of five equal arms better or worse; bound: at most .05",
        ["prevalence", "positives", "correlation", *SHORT.values()],
        rows,
        misses,
        "Correlation is that of two models' scores for rows of one class.",
    )


def _alarms(case, prevalence, n_positives, correlation, repetitions):
    """Return the share of repetitions with any false alarm, by metric."""
    gaps = GAPS[prevalence][:1] * 6
    population = Population(prevalence, n_positives, gaps, correlation=correlation)
    rng = np.random.default_rng([SEED, case, round(100 * correlation), 1])
    p_values = np.array([_p_values(population, rng) for _ in range(repetitions)])
    return [
        float(np.mean([min(holm(p)) <= ALPHA for p in column]))
        for column in p_values.transpose(1, 0, 2)
    ]


def _p_values(population, rng):
    """Return the p-value of each arm on each metric, shape (n_metrics, n_arms)."""
    y_true, scores = population.sample(rng)
    strata = Strata.of(y_true)
    flagged = scores >= population.gaps[0] - THRESHOLD_BELOW_GAP
    baseline, *arms = (contributions(y_true, *model) for model in zip(scores, flagged, strict=True))
    df = population.n_positives - 1
    found = [
        [
            t_interval(
                arm[m][0] - baseline[m][0],
                error_of_difference(m, arm[m], baseline[m], strata),
                df,
            )[2]
            for arm in arms
        ]
        for m in ("average_precision", "roc_auc")
    ]
    positives = flagged[:, : population.n_positives]
    return [*found, [mcnemar(arm, positives[0]).p_value for arm in positives[1:]]]


def power(quick):
    """Return the smallest true difference of average precision found four times in five."""
    repetitions = 20 if quick else 200
    cases = [
        (prevalence, n_positives, correlation, repetitions)
        for prevalence in (0.1, 0.01)
        for n_positives in ((50, 100) if quick else (50, 100, 200, 500))
        for correlation in (0.8, 0.95)
    ]
    rows = on_every_core(_found, cases, quick=quick)
    return Table(
        "Smallest true difference in average precision found in 80 % of runs, for one arm",
        ["prevalence", "positives", "correlation", "baseline AP", "difference"],
        rows,
        [],
        "No bound: it says what a test set can show.",
    )


def _found(prevalence, n_positives, correlation, repetitions):
    """Return one row of `power`."""
    rng = np.random.default_rng([SEED, n_positives, round(100 * correlation), 2])
    base = Population(prevalence, n_positives, GAPS[prevalence][:1] * 2, correlation=correlation)
    before = base.truth(0, 0.0)["average_precision"]
    return [prevalence, n_positives, correlation, before, _smallest(base, rng, repetitions)]


def _smallest(base, rng, repetitions):
    """Return the difference found with `POWER`, from a line through tries near it."""
    gains = np.linspace(0.0, 3.0, 61)
    truths = [
        base._replace(gaps=(base.gaps[0] + gain,)).truth(0, 0.0)["average_precision"]
        for gain in gains
    ]
    apart = np.array(truths) - truths[0]
    error = np.mean([_difference(*base.sample(rng))[1] for _ in range(10)])
    tries = np.array([0.7, 0.85, 1.0, 1.15]) * (ndtri(1 - ALPHA / 2) + ndtri(POWER)) * error
    shares = []
    for gain in np.interp(tries, apart, gains):
        population = base._replace(gaps=(base.gaps[0], base.gaps[0] + gain))
        found = [_difference(*population.sample(rng))[2] <= ALPHA for _ in range(repetitions)]
        shares.append((sum(found) + 0.5) / (repetitions + 1))
    slope, intercept = np.polyfit(tries, ndtri(shares), 1)
    return float((ndtri(POWER) - intercept) / slope)


def _difference(y_true, scores):
    """Return the paired difference of average precision, its standard error and its p-value."""
    first, second = (
        contributions(y_true, score, score > 0)["average_precision"] for score in scores
    )
    error, _ = spread(second[1] - first[1], Strata.of(y_true))
    value = second[0] - first[0]
    return value, error, t_interval(value, error, int(y_true.sum()) - 1)[2]
