"""Promised shares: how often they are false on new rows, and what they cost.

Two kinds of samples. Scores of a known distribution, where the number of positives is free as it is
in a table. And learners: the threshold is chosen on out-of-fold scores, as the pipeline does, and
the promise is for the final fit, which is another model than any of the folds'.
"""

import numpy as np
from scipy.special import ndtr, ndtri

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.distributions import SEED
from benchmarks.honesty.tables import Table
from rebalance import thresholds
from rebalance.metrics import curve
from rebalance.thresholds.promises import p_value

CONFIDENCE = 0.95
RULES = {
    "precision .9": ("recall_at_precision", {"precision": 0.9}),
    "precision .5": ("recall_at_precision", {"precision": 0.5}),
    "recall .8": ("precision_at_recall", {"recall": 0.8}),
}
# Prevalence and the distance of the positives from the negatives.
SCORES = ((0.1, 3.2), (0.01, 4.2))
REACH = 2.7  # so far below the positives' mean lie no thresholds: negatives there are left out
POSITIVES = (50, 100, 400)
PRICE_AT_MOST = 0.05  # points of recall given up, with 400 positives
# What a learner's promise may give up beyond the price of testing one threshold alone.
ABOVE_FLOOR = 0.02
TEST_POSITIVES = 2000


def promises(quick):
    """Return how often a promised share is not reached on new rows, and the recall given up."""
    repetitions, fits = (40, 3) if quick else (1_500, 40)
    cases = [
        (_known, (name, n, prevalence, gap, repetitions))
        for name in RULES
        for n in (POSITIVES[:1] if quick else POSITIVES)
        for prevalence, gap in SCORES
    ]
    cases += [
        (_learned, (name, n, learner, fits))
        for name in ("precision .9", "recall .8")
        for n in (100, 400)
        for learner in ("boosting", "logistic")
    ]
    rows, misses, learned = [], [], []
    found = on_every_core(_case, cases, quick=quick, cost=lambda _, case: case[1])
    for (function, case), (made, broken, plain, price, floor) in zip(cases, found, strict=True):
        name, n, *source = case[:-1]
        kind = f"binormal, {source[0]:g}" if function is _known else source[0]
        total = case[-1]
        shares = [count / total for count in (made, broken, plain)]
        rows.append([name, kind, n, total, *shares, price, floor])
        if function is _learned:
            learned.append(shares[1])
        elif shares[1] > 1 - CONFIDENCE:
            misses.append(f"{name}, {kind}, {n} positives: {shares[1]:.1%} false")
        if n == max(POSITIVES) and name == "precision .9":
            most = PRICE_AT_MOST if function is _known else floor + ABOVE_FLOOR
            misses += [f"{name}, {kind}: {price:.3f} of recall"] * (price > most)
    if np.mean(learned) > 1 - CONFIDENCE:
        misses.append(f"learners: {np.mean(learned):.1%} false")
    return Table(
        "Share of samples whose promise is false; bound: at most .05, of learners together; and "
        f"for precision .9 with {max(POSITIVES)} positives at most {PRICE_AT_MOST:g} of recall "
        f"given up, by learners {ABOVE_FLOOR:g} more than the floor",
        [
            "rule",
            "scores",
            "positives",
            "samples",
            "promised",
            "false",
            "without",
            "price",
            "floor",
        ],
        rows,
        misses,
        "Without: how often the rule without a promise falls short. Price: what the promise gives "
        "up on new rows, in\nrecall for a precision and in precision for a recall. Floor: what "
        "the lowest threshold gives up whose own\nbinomial test passes, without a correction for "
        "looking at many.\nLearners: thresholds of out-of-fold scores, for the final fit.",
    )


def _case(function, case):
    return function(*case)


def _known(name, n_positives, prevalence, gap, repetitions):
    """Return how often a promise is made and false, and the mean price; scores of known laws."""
    rng = np.random.default_rng([SEED, n_positives, round(1e4 * prevalence), 5])

    def truth(value):
        cut = np.log(value / (1 - value)) if 0 < value < 1 else np.sign(value - 0.5) * 99
        recall, alarms = ndtr(gap - cut), ndtr(-cut)
        return recall * prevalence / (recall * prevalence + alarms * (1 - prevalence)), recall

    lowest = gap - REACH

    def sample():
        n_rows = round(n_positives / prevalence)
        positives = rng.binomial(n_rows, prevalence)
        negatives = rng.binomial(n_rows - positives, ndtr(-lowest))
        score = np.r_[
            rng.standard_normal(positives) + gap, -ndtri(rng.random(negatives) * ndtr(-lowest))
        ]
        y_true = np.repeat(np.array([1, 0], dtype=np.int8), [positives, negatives])
        return y_true, 1 / (1 + np.exp(-score)), truth

    return _counted(name, sample, repetitions)


def _learned(name, n_positives, learner, repetitions):
    """Return the same of learners' scores; the truth is that of many test rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    rng = np.random.default_rng([SEED, n_positives, len(learner), 6])
    model = {
        "boosting": HistGradientBoostingClassifier(
            max_iter=40, learning_rate=0.15, max_leaf_nodes=8, max_bins=63, random_state=0
        ),
        "logistic": LogisticRegression(max_iter=1000),
    }[learner]

    def rows(positives):
        y_true = (rng.random(10 * positives) < 0.1).astype(np.int8)
        X = rng.normal(size=(y_true.size, 6))
        X[:, :3] += 1.8 * y_true[:, None]
        return X, y_true

    def sample():
        X, y_true = rows(n_positives)
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        score = cross_val_predict(model, X, y_true, cv=folds, method="predict_proba")[:, 1]
        X_test, y_test = rows(TEST_POSITIVES)
        steps = curve(y_test, model.fit(X, y_true).predict_proba(X_test)[:, 1])

        def truth(value):
            flagged = int(np.searchsorted(-steps.threshold, -value, side="right"))
            if flagged == 0:
                return 1.0, 0.0
            tp, fp = steps.tp[flagged - 1], steps.fp[flagged - 1]
            return tp / (tp + fp), tp / steps.tp[-1]

        return y_true, score, truth

    return _counted(name, sample, repetitions)


def _counted(name, sample, repetitions):
    rule, options = RULES[name]
    (asked,) = options.values()
    place = int(rule == "precision_at_recall")  # which of precision and recall is promised
    made, broken, plain, prices, floors = 0, 0, 0, [], []
    for _ in range(repetitions):
        y_true, score, truth = sample()
        without = truth(thresholds.choose(rule, y_true, score, **options).value)
        plain += without[place] < asked
        chosen = thresholds.choose(rule, y_true, score, **options, confidence=CONFIDENCE)
        if chosen.promise["promised"]:
            kept = truth(chosen.value)
            made += 1
            broken += kept[place] < asked
            prices.append(without[1 - place] - kept[1 - place])
            if place == 0:
                floors.append(without[1] - truth(_lowest_alone(y_true, score, asked))[1])
    return (
        made,
        broken,
        plain,
        *(float(np.mean(all_)) if all_ else None for all_ in (prices, floors)),
    )


def _lowest_alone(y_true, score, precision):
    """Return the lowest threshold whose own test of a precision passes."""
    steps = curve(y_true, score)
    passed = p_value(steps.tp, steps.tp + steps.fp, precision) <= 1 - CONFIDENCE
    return float(steps.threshold[np.flatnonzero(passed)[-1]])
