"""False alarms of verdicts, and the differences that they can find."""

import numpy as np
from scipy.special import ndtri

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.distributions import GAPS, METRICS, SEED, Population
from benchmarks.honesty.tables import Table
from rebalance.comparison import equivalence, holm, mcnemar
from rebalance.comparison.bootstrap import Strata
from rebalance.comparison.estimates import RANKED, doubt_of_difference
from rebalance.comparison.intervals import t_interval
from rebalance.comparison.jackknife import of_ranking, spread
from rebalance.comparison.significance import ALPHA, POWER

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
    p_values = np.array([_p_values(population, rng) for _ in range(repetitions)])
    return [
        float(np.mean([min(holm(p)) <= ALPHA for p in column]))
        for column in p_values.transpose(1, 0, 2)
    ]


def _p_values(population, rng):
    """Return the p-value of each arm on each metric, shape (n_metrics, n_arms)."""
    y_true, scores = population.sample(rng)
    strata = Strata.of(y_true)
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
    repetitions = 100 if quick else 2_000
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
    for _ in range(repetitions):
        y_true, scores = population.sample(rng)
        strata = Strata.of(y_true)
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
    """Return how often a copy of a treatment with another seed is called better or worse."""
    repetitions = 2 if quick else 24
    cases = [
        (n_positives, seed)
        for n_positives in ((50,) if quick else (50, 100, 200))
        for seed in range(repetitions)
    ]
    found = dict(zip(cases, on_every_core(_reseeded, cases, quick=quick), strict=True))
    rows = [
        [n, repetitions, float(np.mean([alarm for (m, _), alarm in found.items() if m == n]))]
        for n in dict.fromkeys(n for n, _ in cases)
    ]
    return Table(
        "Share of runs in which one of five copies of a treatment, with other seeds, is called "
        "better or worse",
        ["positives", "runs", "AP"],
        rows,
        [],
        "No bound: a verdict speaks of the fitted model, seed and all, and the report says so. "
        "Under-sampling 5 : 1 of\nboosted trees; the first copy is the baseline.",
    )


def _reseeded(n_positives, seed):
    """Say whether any of five copies of one treatment differs from the first."""
    from imblearn.under_sampling import RandomUnderSampler
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng([SEED, n_positives, seed, 7])

    def rows(positives):
        y_true = np.repeat([1, 0], [positives, 49 * positives])
        X = rng.normal(size=(y_true.size, 6))
        X[:, :4] += 0.9 * y_true[:, None]
        return X, y_true

    X, y_true = rows(200)
    X_test, y_test = rows(n_positives)
    models = []
    for copy in range(6):
        sampled = RandomUnderSampler(sampling_strategy=0.2, random_state=copy).fit_resample(
            X, y_true
        )
        learner = HistGradientBoostingClassifier(
            max_iter=40, learning_rate=0.15, max_leaf_nodes=8, max_bins=63, random_state=0
        )
        score = learner.fit(*sampled).predict_proba(X_test)[:, 1]
        models.append(of_ranking(y_test, score)["average_precision"])
    base, strata = models[0], Strata.of(y_test)
    p_values = [
        t_interval(value - base[0], spread(by_row - base[1], strata), n_positives - 1)[2]
        for value, by_row in models[1:]
    ]
    return min(holm(p_values)) <= ALPHA


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
