"""Features that separate the classes by themselves, which hardly any honest feature does."""

import numpy as np

from rebalance.checks.finding import counted, details, quoted
from rebalance.columns import words

HIGHEST = 0.95
# Values, or ranges of values, whose share of positives is compared; half of the ranges hold equal
# numbers of positives, half equal numbers of negatives.
MOST_VALUES, RANGES = 1000, 64
# Where more than this share of the texts differ, a value says little, and a word may say all.
DIFFERENT = 0.5


def look(column, y, weight):
    """Return the average precision of a column by itself, where it is above `HIGHEST`.

    Parameters
    ----------
    column : Column
        Of training rows.
    y, weight : array, shape (len(column),)
        Labels, and the number of rows that each stands for.

    Returns
    -------
    tuple of float and str, or None
        The average precision; the word of the texts that has it, '' where it is that of values.
    """
    positive = y == 1
    if column.is_constant or not (column.is_number or column.is_text):
        return None
    best = by_value(_grouped(column, positive), positive, weight), ""
    if not column.is_text:
        numbers = column.numbers
        orders = ((_by_order(sign * numbers, positive, weight), "") for sign in (1, -1))
        best = max(best, *orders)
    elif column.distinct > DIFFERENT * len(column):
        best = max([best, *_by_word(column.data, positive, weight)])
    return best if best[0] > HIGHEST else None


def _by_word(texts, positive, weight):
    """Yield the average precision of each frequent word, by whether a text has it, and the word."""
    frequent = words.frequent(texts)
    for word, has in zip(frequent, words.held(texts, frequent).T, strict=True):
        yield by_value(has.astype(int), positive, weight), word


def _by_order(numbers, positive, weight):
    """Return the average precision of the numbers as scores; 0 where it cannot be `HIGHEST`."""
    numbers = np.where(np.isnan(numbers), -np.inf, numbers)
    # A positive below its classes' median has at least this many negatives above it.
    above = weight[~positive & (numbers >= np.median(numbers[positive]))].sum()
    had = weight[positive].sum()
    if 0.5 + 0.5 * had / (had + above) <= HIGHEST:
        return 0.0
    lowest = np.finfo(float).min
    return _average_precision(positive, np.maximum(numbers, lowest), weight)


def _grouped(column, positive):
    """Return a whole number for each row: its value, or the range of values that it lies in."""
    if column.is_text or (column.is_whole and column.distinct <= MOST_VALUES):
        return column.codes
    numbers = column.numbers
    shares = np.linspace(0, 1, RANGES // 2 + 1)[1:-1]
    sides = (numbers[side & ~np.isnan(numbers)] for side in (positive, ~positive))
    edges = [np.quantile(side, shares, method="higher") for side in sides if side.size]
    return np.searchsorted(np.unique(np.concatenate(edges)), numbers, side="right")


def by_value(codes, positive, weight):
    """Return the average precision of each value's share of positives among the other rows.

    Every other row of a class is scored by the shares that the rest shows, and the reverse:
    a value that occurs once has no share, and separates nothing.
    """
    half = np.zeros(len(codes), dtype=bool)
    for side in (positive, ~positive):
        half[np.flatnonzero(side)[::2]] = True
    size = int(codes.max(initial=0)) + 2  # the last is that of rows without a value, -1
    labels = np.repeat([True, False], size)
    prior = weight[positive].sum() / weight.sum()
    hits, misses = (
        [np.bincount(codes[own] % size, weight[own], size) for own in (half & side, ~half & side)]
        for side in (positive, ~positive)
    )
    each = []
    for seen, scored in ((0, 1), (1, 0)):
        score = (hits[seen] + prior) / (hits[seen] + misses[seen] + 1)
        counts = np.concatenate([hits[scored], misses[scored]])
        each.append(_average_precision(labels, np.tile(score, 2), counts))
    return float(np.mean(each))


def _average_precision(positive, scores, weight):
    """Return what scikit-learn does; on thousands of columns its checks take most of the time."""
    order = np.argsort(-scores, kind="stable")
    weight, scores = weight[order], scores[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    hits = np.cumsum(weight * positive[order])[last]
    rows = np.cumsum(weight)[last]
    more = np.diff(hits, prepend=0.0)
    there = more > 0
    return float((more[there] * hits[there] / rows[there]).sum() / hits[-1]) if there.any() else 0.0


def say(values):
    """Return the sentence on the columns found: {name: (average precision, word)}."""
    each = details(
        f"{quoted(name)}{f' (the word {quoted(word)})' if word else ''} {value:.3f}"
        for name, (value, word) in values.items()
    )
    return (
        f"{counted(values, 'separates', 'separate')} the classes alone, by average precision on "
        f"the training rows: {each}."
    )
