"""Features whose values differ between training and test rows."""

import numpy as np

from rebalance.checks.finding import counted, details, quoted

# The distance that matters, and the chance of a larger one where nothing differs.
LEAST, CHANCE = 0.15, 1e-7
MOST_CATEGORIES = 50


def look(train, test):
    """Return the distance between the values of a column in training and in test rows.

    Of numbers it is Kolmogorov and Smirnov's, of text the largest difference of the shares of any
    set of values (total variation). No label is looked at.
    """
    of_text = train.is_text
    distance, bound = (_of_text if of_text else _of_numbers)(train, test)
    gaps = abs(train.missing.mean() - test.missing.mean())
    distance, bound = max((distance, bound), (float(gaps), _bound(len(train), len(test))))
    return distance if distance > max(LEAST, bound) else None


def _bound(n, m):
    """Return the distance that samples of n and m rows exceed by chance with `CHANCE` at most."""
    return np.sqrt(-np.log(CHANCE / 2) / 2 * (n + m) / (n * m)) if n and m else np.inf


def _of_numbers(train, test):
    left, right = (np.sort(side.numbers[~np.isnan(side.numbers)]) for side in (train, test))
    if not (left.size and right.size):
        return 0.0, np.inf
    at = np.concatenate([left, right])
    shares = (np.searchsorted(side, at, side="right") / side.size for side in (left, right))
    return float(np.abs(np.subtract(*shares)).max()), _bound(left.size, right.size)


def _of_text(train, test):
    import pandas as pd

    sides = [pd.Series(side.data.to_numpy()).value_counts() for side in (train, test)]
    common = (sides[0].add(sides[1], fill_value=0)).nlargest(MOST_CATEGORIES).index
    counts = [side.reindex(common, fill_value=0).to_numpy() for side in sides]
    n, m = (int(side.sum()) for side in sides)
    if not (n and m):
        return 0.0, np.inf
    difference = counts[0] / n - counts[1] / m
    rest = -difference.sum()
    # Chance moves each share by its own error: their sum is the distance that chance alone gives.
    pooled = (counts[0] + counts[1]) / (n + m)
    pooled = np.append(pooled, max(0, 1 - pooled.sum()))
    by_chance = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m) * 2 / np.pi).sum() / 2
    return float((np.abs(difference).sum() + abs(rest)) / 2), by_chance + _bound(n, m)


def say(distances):
    """Return the sentence on the columns found: {name: distance}."""
    largest = sorted(distances.items(), key=lambda item: -item[1])
    each = details(f"{quoted(name)} {distance:.2f}" for name, distance in largest)
    return (
        f"{counted(distances, 'differs', 'differ')} between training and test rows, by the largest "
        f"difference of shares of rows: {each}."
    )
