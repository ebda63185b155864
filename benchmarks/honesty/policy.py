"""Regret of following the recommendation, against treatments that one could always take.

Every set is split or drawn several times. On each training part every arm of the race is scored
out of fold, `rebalance.evaluation.recommend` recommends one of them, and all are fitted on all
training rows and scored on rows that nothing looked at. The regret of a policy is its distance,
in average precision there, from the best arm in hindsight.

This is a light version of the pipeline: boosting of few small trees, and `tuned` asks a few fixed
ratios of random under-sampling where the pipeline lets Optuna ask 30; what it then takes is
`rebalance.tuning.choose`. Corrections of the probabilities are left out: they change no ranking.
"""

from functools import partial
from math import floor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.honesty.tables import Table
from rebalance import evaluation, metrics, parallel, splitting, store, training, treatments, tuning
from rebalance.params import Learner, OutOfFold, Run, Treatment
from rebalance.simulation import simulate

SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "creditcard_sample.csv"
METRIC = "average_precision"
BASELINE, TUNED = "none", "tuned"
FOLDS, SPLITS = 5, 5
RATIOS = (1, 4, 16, 64)
TEST_ROWS = 20_000  # of a simulated set: a truth nearly without noise
LEARNER = Learner(
    name="hist_gradient_boosting",
    params={"max_iter": 40, "learning_rate": 0.15, "max_leaf_nodes": 8, "max_bins": 63},
    seed=42,
)
# The race: the default entries of params.yaml, beside the tuned arm.
ENTRIES = {
    BASELINE: Treatment(treatment=treatments.NONE),
    "under-sampling 200:1": Treatment(treatment="random_under", ratio=200.0),
    "over-sampling 1:1": Treatment(treatment="random_over", ratio=1.0),
    "balanced weights": Treatment(treatment=treatments.CLASS_WEIGHT, weight="balanced"),
    "SMOTE 10:1": Treatment(treatment="smote", ratio=10.0),
}
# What is often done, and not in the race.
HABITS = {
    "SMOTE 1:1": Treatment(treatment="smote", ratio=1.0),
    "under-sampling 1:1": Treatment(treatment="random_under", ratio=1.0),
}


class Parts(NamedTuple):
    """The rows to train on, and those to judge on."""

    train: store.Table
    X_test: np.ndarray
    y_test: np.ndarray


class Outcome(NamedTuple):
    """What one split of one set shows: out-of-fold scores of the race, test scores of all."""

    scores: dict
    recommended: str
    tested: dict


def table(X, y):
    """Return the rows as a `store.Table`."""
    return store.Table(X=X, y=y.astype(np.int8), features=[f"x{i}" for i in range(X.shape[1])])


def drawn(draw, rows, positives, seed):
    """Return `Parts` of a simulated family: the test rows are many and of the same prevalence."""
    hits = round(TEST_ROWS * positives / rows)
    X, y = draw(rows, positives, np.random.default_rng([seed, 0]))
    return Parts(table(X, y), *draw(TEST_ROWS, hits, np.random.default_rng([seed, 1])))


def cards(rows, positives, rng):
    """Draw card transactions, as the default data of the pipeline."""
    frame = simulate(rows, positives, int(rng.integers(2**32)))
    return frame.drop(columns=["Time", "Class"]).to_numpy(), frame["Class"].to_numpy()


def normal(rows, positives, rng, *, columns, shift):
    """Draw normal columns whose mean differs between the classes, ever less so."""
    y = rng.permutation(np.repeat([1, 0], [positives, rows - positives]))
    return rng.normal(size=(rows, columns)) + np.outer(y, shift / np.arange(1, columns + 1)), y


def clusters(rows, positives, rng, *, spread):
    """Draw positives from a few tight groups amid the negatives."""
    X, y = normal(rows, positives, rng, columns=6, shift=0.0)
    centres = np.random.default_rng(0).normal(scale=1.2, size=(4, 6))
    X[y == 1] = centres[rng.integers(0, 4, positives)] + spread * X[y == 1]
    return X, y


def crossed(rows, positives, rng):
    """Draw positives that only the signs of two columns together tell."""
    X, y = normal(rows, positives, rng, columns=6, shift=0.0)
    X[y == 1, 0] = np.abs(X[y == 1, 0]) * np.sign(X[y == 1, 1]) + 0.3
    return X, y


def hidden(rows, positives, rng):
    """Draw positives of which a third looks negative, and some negatives that look positive."""
    X, y = normal(rows, positives, rng, columns=8, shift=2.5)
    swapped = np.flatnonzero(y == 1)[: positives // 3]
    X[swapped] = rng.normal(size=(len(swapped), 8))
    liars = np.flatnonzero(y == 0)[: positives // 3]
    X[liars] += 2.5 / np.arange(1, 9)
    return X, y


def bundled(name, seed):
    """Return `Parts` of a table that scikit-learn brings, made imbalanced, and split in halves."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name.split()[0]}")(return_X_y=True)
    positive, prevalence = {
        "breast_cancer": (y == 0, 0.06),
        "digits 8": (y == 8, 0.04),
        "digits 3": (y == 3, 0.08),
        "diabetes": (y > np.quantile(y, 0.85), 0.1),
    }[name]
    negatives = np.flatnonzero(~positive)
    rng = np.random.default_rng(seed)
    count = round(len(negatives) * prevalence / (1 - prevalence))
    kept = np.r_[negatives, rng.permutation(np.flatnonzero(positive))[:count]]
    return halves(X[kept], positive[kept], 0.5, seed)


def real(seed):
    """Return `Parts` of the real sample: a quarter to train on, the rest to judge on."""
    import pandas as pd

    frame = pd.read_csv(SAMPLE)
    X, y = frame.drop(columns=["Time", "Class"]).to_numpy(), frame["Class"].to_numpy()
    return halves(X, y, 0.75, seed)


def halves(X, y, test_size, seed):
    """Return the stratified `Parts` of rows."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(
        np.arange(len(y)), test_size=test_size, random_state=seed, stratify=y
    )
    return Parts(table(X[train], y[train]), X[test], y[test].astype(np.int8))


SETS = {
    "cards .4 %": partial(drawn, cards, 12_000, 48),
    "cards 1 %": partial(drawn, cards, 6_000, 60),
    "cards 4 %": partial(drawn, cards, 3_000, 120),
    "normal, hard 2 %": partial(drawn, partial(normal, columns=10, shift=1.2), 3_000, 60),
    "normal, easy 1 %": partial(drawn, partial(normal, columns=5, shift=2.5), 5_000, 50),
    "normal, small 8 %": partial(drawn, partial(normal, columns=8, shift=1.5), 500, 40),
    "clusters 2 %": partial(drawn, partial(clusters, spread=0.4), 4_000, 80),
    "crossed signs 5 %": partial(drawn, crossed, 3_000, 150),
    "hidden third 5 %": partial(drawn, hidden, 2_000, 100),
    "breast cancer 6 %": partial(bundled, "breast_cancer"),
    "digits, 8s 4 %": partial(bundled, "digits 8"),
    "digits, 3s 8 %": partial(bundled, "digits 3"),
    "diabetes 10 %": partial(bundled, "diabetes"),
    "real sample 1.4 %": real,
}


def outcome(parts, seed, n_folds=FOLDS):
    """Return the `Outcome` of one split."""
    section = OutOfFold(folds=n_folds, repeats=1, seed=seed)
    folds = training.numbered(splitting.folds(parts.train, section), section)
    natural = floor(treatments.natural_ratio(parts.train.y))
    seen = {}

    def race(entry):
        # At the natural ratio and above it there is nothing to do.
        if entry.ratio is not None and entry.ratio >= natural:
            entry = ENTRIES[BASELINE]
        key = entry.model_dump_json()
        if key not in seen:
            seen[key] = [training.fold_scores(entry, LEARNER, parts.train, f) for f in folds]
        return seen[key]

    entries = dict(ENTRIES)
    entries[TUNED] = _tuned(race, folds, parts.train.y, natural)
    scores = {name: _columns(race(entry), folds, parts.train.y) for name, entry in entries.items()}
    chosen = evaluation.recommend(scores, BASELINE, METRIC, len(parts.train.y)).model
    return Outcome(scores, chosen, _tested(entries | HABITS, parts, natural))


def _tuned(race, folds, y, natural):
    """Return the treatment that a small study of the ratio chooses."""
    untreated = tuning.Candidate(treatment=treatments.NONE, ratio=natural)
    asked = [tuning.Candidate(treatment="random_under", ratio=r) for r in RATIOS if r < natural] + [
        untreated
    ]
    scored = {c: tuning.Scored(candidate=c) for c in asked}
    for candidate, found in scored.items():
        results = race(candidate.entry(natural, 0))
        found.scores = [
            metrics.ranking(y[fold.rows[1]], raw)[METRIC]
            for fold, (raw, _) in zip(folds, results, strict=True)
        ]
    return tuning.choose(scored, untreated, True)[1].entry(natural, 0)


def _columns(results, folds, y):
    """Return out-of-fold scores as `evaluation.recommend` takes them."""
    row = np.concatenate([fold.rows[1] for fold in folds])
    return {
        "fold": np.repeat(np.arange(len(folds)), [len(raw) for raw, _ in results]),
        "row": row,
        "y_true": y[row],
        "y_score": np.concatenate([raw for raw, _ in results]),
    }


def _tested(entries, parts, natural):
    """Return the test score of each arm, fitted on all training rows; equal arms are fitted once."""
    found, tested = {}, {}
    for name, entry in entries.items():
        real_entry = entry
        if entry.ratio is not None and entry.ratio >= natural:
            real_entry = ENTRIES[BASELINE]
        key = real_entry.model_dump_json()
        if key not in found:
            fitted = training.final_fit(real_entry, LEARNER, parts.train)
            raw = fitted.estimator.predict_proba(parts.X_test)[:, 1]
            found[key] = metrics.ranking(parts.y_test, raw)[METRIC]
        tested[name] = found[key]
    return tested
