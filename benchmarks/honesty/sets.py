"""Sets of different size, prevalence and difficulty, to try policies on.

Simulated families are drawn anew for every seed, with test rows so many that they are nearly the
truth; so are rows in the shape of real tables. The tables that scikit-learn brings are made
imbalanced and split in halves.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from rebalance import store
from rebalance.sources.simulated import simulate

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


def shaped(rows, positives, rng, *, law, numbers, codes=0, signal, crossed=0.0):
    """Draw rows in the shape of a real table: skewed numbers, codes, effects that bend and cross.

    The effects follow from ``law`` alone, so that rows to train on and rows to judge on have the
    same; the positives are the rows of the highest odds, with noise.

    Parameters
    ----------
    rows, positives : int
    rng : numpy.random.Generator
    law : int
    numbers, codes : int
        Columns of each kind; a third of them matter.
    signal : float
        Spread of the log odds that the columns explain.
    crossed : float
        Share of it that only two columns together tell.
    """
    effects = np.random.default_rng([law, numbers, codes])
    X = np.empty((rows, numbers + codes))
    shared, odds = rng.normal(size=rows), np.zeros(rows)
    for column in range(numbers + codes):
        matters, weight, bend = effects.random() < 1 / 3, effects.normal(), effects.random()
        if column < numbers:
            hidden = np.sqrt(0.8) * rng.normal(size=rows) + np.sqrt(0.2) * shared
            X[:, column] = np.round(np.exp(hidden), 2) if bend < 0.5 else np.round(hidden, 1)
            effect = hidden if bend < 0.5 else np.abs(hidden) - 0.8
        else:
            share = effects.dirichlet(np.ones(effects.integers(2, 12)))
            X[:, column] = rng.choice(share.size, size=rows, p=share)
            effect = effects.normal(size=share.size)[X[:, column].astype(int)]
        odds += (matters or column == 0) * weight * effect
    odds = (1 - crossed) * odds / odds.std()
    if crossed:
        odds += crossed * 2 * (np.log(X[:, 0] + 10) > np.log(10.5)) * (X[:, 1] > 0.5)
    drawn = signal * odds + rng.logistic(size=rows)
    y = np.zeros(rows, dtype=int)
    y[np.argsort(-drawn)[:positives]] = 1
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
}
# Rows, positives, columns of numbers and of codes as in a public table, or in a part of one, and
# about as hard for boosted trees; no row of any is here.
SHAPES = {
    "shape of telco churn 27 %": (2_000, 530, {"numbers": 3, "codes": 16, "signal": 1.8}),
    "shape of bank calls 12 %": (3_000, 345, {"numbers": 6, "codes": 9, "signal": 1.5}),
    "shape of subscriptions .5 %": (6_000, 30, {"numbers": 6, "codes": 8, "signal": 12.0}),
    "shape of strokes 5 %": (3_000, 146, {"numbers": 3, "codes": 7, "signal": 1.5}),
    "shape of machines 3 %": (
        3_000,
        102,
        {"numbers": 5, "codes": 1, "signal": 9.0, "crossed": 0.5},
    ),
    "shape of mammography 2 %": (3_000, 70, {"numbers": 6, "signal": 4.0}),
    "shape of German credit 30 %": (800, 240, {"numbers": 7, "codes": 13, "signal": 1.5}),
    "shape of caravans 6 %": (3_000, 180, {"numbers": 5, "codes": 80, "signal": 1.5}),
    "shape of insurance fraud 6 %": (3_000, 180, {"numbers": 7, "codes": 24, "signal": 1.5}),
    "shape of biopsies 6 %": (680, 44, {"numbers": 8, "codes": 24, "signal": 1.0}),
    "shape of wafers 7 %": (310, 21, {"numbers": 100, "signal": 1.5}),
    "shape of card churn 16 %": (
        2_500,
        400,
        {"numbers": 14, "codes": 5, "signal": 8.0, "crossed": 0.3},
    ),
    "shape of defaults 22 %": (3_000, 660, {"numbers": 20, "codes": 3, "signal": 1.6}),
    "shape of wines 4 %": (3_000, 110, {"numbers": 11, "signal": 7.0, "crossed": 0.5}),
}
SETS |= {
    name: partial(drawn, partial(shaped, law=law, **columns), rows, positives)
    for law, (name, (rows, positives, columns)) in enumerate(SHAPES.items())
}
