"""False alarms of verdicts, and the differences that they can find."""

import numpy as np
from scipy.special import ndtri

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.distributions import GAPS, METRICS, SEED, Population
from benchmarks.honesty.tables import Table
from rebalance import metrics
from rebalance.comparison import equivalence, holm, mcnemar
from rebalance.comparison.bootstrap import Strata
from rebalance.comparison.estimates import RANKED, Estimates, doubt_of_difference
from rebalance.comparison.intervals import t_interval
from rebalance.comparison.jackknife import of_ranking, spread
from rebalance.comparison.seeds import over_seeds
from rebalance.comparison.significance import ALPHA, POWER

# Seeds of a treatment, training sets, and test sets of each size.
SEEDS, SEED_SETS, SEED_DRAWS = 3, 24, 3

EQUAL = [
    *[Population(0.1, n, GAPS[0.1][:1] * 6) for n in (50, 100, 200, 500)],
    Population(0.01, 50, GAPS[0.01][:1] * 6),
    # Near an AUC of 1, where ties once made equal arms look apart: .14 and .49 of the runs.
    Population(0.1, 50, (3.0,) * 6, cuts=(1.0, 2.0, 3.0)),
    Population(0.1, 100, (4.0,) * 6, cuts=(2.0, 3.0)),
    Population(0.1, 50, (2.5,) * 6, cuts=(1.0, 2.0, 3.0)),
    Population(0.1, 100, (3.5,) * 6, cuts=(2.0, 3.0)),
]


def false_alarms(quick):
    """Return how often any of five arms equal to the baseline is called better or worse."""
    repetitions = 100 if quick else 1_000
    cases = [
        (i, population._replace(correlation=correlation), repetitions)
        for i, population in enumerate(EQUAL[::5] if quick else EQUAL)
        for correlation in (0.5, 0.9, 0.98)
    ]
    rows, misses = [], []
    found = on_every_core(_alarms, cases, quick=quick)
    for (_, population, _), shares in zip(cases, found, strict=True):
        levels = f"{len(population.cuts) + 1} levels" if population.cuts else "binormal"
        prevalence, n_positives = population.prevalence, population.n_positives
        rows.append([levels, prevalence, n_positives, population.correlation, *shares])
        misses += [
            f"{METRICS[m]}, {levels}, prevalence {prevalence:g}, {n_positives} positives, "
            f"correlation {population.correlation:g}: {share:.1%}"
            for m, share in zip(METRICS, shares, strict=True)
            if share > ALPHA
        ]
    return Table(
        "Share of runs that call any of five equal arms better or worse; bound: at most .05",
        ["scores", "prevalence", "positives", "correlation", *METRICS.values()],
        rows,
        misses,
        "Correlation is that of two models' scores for rows of one class.",
    )


def _alarms(case, population, repetitions):
    """Return the share of repetitions with any false alarm, by metric."""
    rng = np.random.default_rng([SEED, case, round(100 * population.correlation), 1])
    strata = population.strata
    p_values = np.array([_p_values(population, strata, rng) for _ in range(repetitions)])
    return [
        float(np.mean([min(holm(p)) <= ALPHA for p in column]))
        for column in p_values.transpose(1, 0, 2)
    ]


def _p_values(population, strata, rng):
    """Return the p-value of each arm on each metric, shape (n_metrics, n_arms)."""
    y_true, scores = population.sample(rng)
    flagged = scores >= population.threshold
    baseline, *arms = (of_ranking(y_true, score) for score in scores)
    df = population.n_positives - 1
    found = [
        [
            t_interval(
                arm[m][0] - baseline[m][0],
                spread(arm[m][1] - baseline[m][1], strata),
                df,
            )[2]
            for arm in arms
        ]
        for m in ("average_precision", "roc_auc")
    ]
    positives = flagged[:, : population.n_positives]
    return [*found, [mcnemar(arm, positives[0]).p_value for arm in positives[1:]]]


def equal(quick):
    """Return how often an arm that differs by just the margin is called equal to the baseline."""
    repetitions = 100 if quick else 1_300
    cases = [
        (prevalence, n_positives, correlation, repetitions)
        for prevalence in (0.1, 0.01)
        for n_positives in ((50,) if quick else (50, 100, 200, 500))
        for correlation in (0.8, 0.98)
    ]
    rows, misses = [], []
    found = on_every_core(_equal, cases, quick=quick, cost=lambda pi, n, *_: n / pi)
    for case, shares in zip(cases, found, strict=True):
        *where, _ = case
        rows.append([*where, *shares])
        misses += [
            f"{METRICS[m]}, prevalence {where[0]:g}, {where[1]} positives, correlation "
            f"{where[2]:g}: {share:.1%}"
            for m, share in zip(RANKED, shares, strict=True)
            if share > ALPHA
        ]
    return Table(
        "Share of runs that call an arm equal whose true difference is the margin; bound: at most "
        ".05",
        ["prevalence", "positives", "correlation", *(METRICS[m] for m in RANKED)],
        rows,
        misses,
    )


def _equal(prevalence, n_positives, correlation, repetitions):
    """Return the share of repetitions that end with equal, by metric."""
    first, _ = GAPS[prevalence]
    # Differences of .03 to .05 of average precision.
    population = Population(prevalence, n_positives, (first, first + 0.12), correlation=correlation)
    truths = [population.truth(model) for model in (0, 1)]
    rng, called = np.random.default_rng([SEED, n_positives, round(100 * correlation), 4]), []
    strata = population.strata
    for _ in range(repetitions):
        y_true, scores = population.sample(rng)
        base, arm = (of_ranking(y_true, score) for score in scores)
        values = [{m: value for m, (value, _) in model.items()} for model in (base, arm)]
        row = []
        for m in RANKED:
            difference = arm[m][1] - base[m][1]
            p_value = equivalence(
                arm[m][0] - base[m][0],
                spread(difference, strata),
                n_positives - 1,
                truths[1][m] - truths[0][m],
            )
            reason = doubt_of_difference(m, *values, difference, strata, n_positives)
            row.append(p_value <= ALPHA and not reason)
        called.append(row)
    return np.mean(called, axis=0).tolist()


def reseeded(quick):
    """Return how often a copy of a treatment with other seeds is called better or worse."""
    sets, sizes = (2, (50,)) if quick else (SEED_SETS, (50, 100, 200))
    # (sets, sizes, one seed or several)
    alarms = np.array(
        on_every_core(_reseeded, [(number, sizes) for number in range(sets)], quick=quick)
    )
    rows = [[n, sets * SEED_DRAWS, *alarms[:, i].mean(axis=0)] for i, n in enumerate(sizes)]
    each = alarms[:, :, 1].mean(axis=1)
    share, error = float(each.mean()), metrics.standard_error(each)
    rows.append(["all", sets * SEED_DRAWS * len(sizes), alarms[:, :, 0].mean(), share])
    missed = bool(share - ndtri(0.99) * error > ALPHA)
    return Table(
        "Share of runs in which one of five copies of a treatment, with other seeds, is called "
        f"better or worse; bound\nwith {SEEDS} seeds a copy: not above .05 by 2.33 standard errors",
        ["positives", "runs", "one seed", f"{SEEDS} seeds"],
        rows,
        [f"{SEEDS} seeds: {share:.1%}, standard error {error:.1%}"] * missed,
        f"Standard error of the last number: {error:.2g}. With one seed there is no bound: a "
        "verdict speaks of the fitted model,\nand the report says so. Under-sampling 5 : 1 of "
        f"boosted trees, {sets} training sets, {SEED_DRAWS} test sets of each.",
    )


def _reseeded(number, sizes):
    """Return the share of test sets with a copy called apart, by size and with one seed or more."""
    from imblearn.under_sampling import RandomUnderSampler
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng([SEED, number, 7])

    def rows(positives):
        y_true = np.repeat([1, 0], [positives, 49 * positives])
        X = rng.normal(size=(y_true.size, 6))
        X[:, :4] += 0.9 * y_true[:, None]
        return X, y_true

    def fitted(X, y_true, seed):
        sampler = RandomUnderSampler(sampling_strategy=0.2, random_state=seed)
        learner = HistGradientBoostingClassifier(
            max_iter=40, learning_rate=0.15, max_leaf_nodes=8, max_bins=63, random_state=0
        )
        return learner.fit(*sampler.fit_resample(X, y_true))

    X, y_true = rows(200)
    copies = [[fitted(X, y_true, SEEDS * i + j) for j in range(SEEDS)] for i in range(6)]
    found = [
        [_called_apart(copies, *rows(n_positives)) for _ in range(SEED_DRAWS)]
        for n_positives in sizes
    ]
    return np.mean(found, axis=1).tolist()


def _called_apart(copies, X, y_true):
    """Say whether any copy differs from the first, by its first seed alone and by all."""
    strata = Strata.of(y_true)
    known = [[_estimates(y_true, model.predict_proba(X)[:, 1]) for model in own] for own in copies]
    called = []
    for seeds in (1, SEEDS):
        base, *arms = (own[:seeds] for own in known)
        found = [over_seeds("average_precision", arm, base, strata)[0] for arm in arms]
        adjusted = holm([each.p_value for each in found])
        pairs = zip(found, adjusted, strict=True)
        called.append(any(p <= ALPHA and not each.doubt for each, p in pairs))
    return called


def _estimates(y_true, y_score):
    """Return the `Estimates` of average precision and ROC AUC alone."""
    ranked = of_ranking(y_true, y_score)
    return Estimates(
        {name: value for name, (value, _) in ranked.items()},
        ranked,
        {},
        {},
        int(y_true.sum()),
    )


def power(quick):
    """Return the smallest true difference of average precision found four times in five."""
    repetitions = 20 if quick else 100
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
    before = base.truth(0)["average_precision"]
    return [prevalence, n_positives, correlation, before, _smallest(base, rng, repetitions)]


def _smallest(base, rng, repetitions):
    """Return the difference found with `POWER`, from a line through tries near it."""
    gains = np.linspace(0.0, 3.0, 61)
    truths = [
        base._replace(gaps=(base.gaps[0] + gain,)).truth(0)["average_precision"] for gain in gains
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
    first, second = (of_ranking(y_true, score)["average_precision"] for score in scores)
    error = spread(second[1] - first[1], Strata.of(y_true))
    value = second[0] - first[0]
    return value, error, t_interval(value, error, int(y_true.sum()) - 1)[2]
