"""Sets of different size, prevalence and difficulty, to try policies on.

Simulated families are drawn anew for every seed, with test rows so many that they are nearly the
truth; the tables that scikit-learn brings are made imbalanced and split in halves; the real rows
are a sample of the public credit card data, where it is.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rebalance import store
from rebalance.sources.simulated import simulate

SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "creditcard_sample.csv"
TEST_ROWS = 10_000  # of a simulated set


class Parts(NamedTuple):
    """The rows to train on, and those to judge on."""

    train: store.Table
    X_test: np.ndarray
    y_test: np.ndarray


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

# Too slow for more than one learner.
SLOW = {"cards .4 %", "real sample 1.4 %"}
