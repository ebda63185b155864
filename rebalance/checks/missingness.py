"""Features whose gaps tell the class."""

import numpy as np

from rebalance.checks.finding import counted, details, per_cent, quoted

# Shares of missing values that differ by this factor, and by so many standard errors; of few gaps,
# whose shares have no normal distribution, with this probability by chance (Fisher's exact test).
FACTOR, ERRORS, CHANCE = 4, 5, 1e-6


def look(column, y, weight):
    """Return the shares of missing values among positives and negatives, where they differ."""
    gaps = column.missing
    if not gaps.any() or gaps.all():
        return None
    sides = [y == 1, y == 0]
    shares = [float(np.average(gaps[side], weights=weight[side])) for side in sides]
    both = gaps[sides[0]].mean() * sides[0].sum() + gaps[sides[1]].mean() * sides[1].sum()
    pooled = both / len(gaps)
    error = np.sqrt(pooled * (1 - pooled) * sum(1 / side.sum() for side in sides))
    low, high = sorted(shares)
    apart = high - low > ERRORS * error
    # Gaps everywhere but in one class tell it as well as gaps in one class alone.
    tells = high > FACTOR * low or 1 - low > FACTOR * (1 - high)
    if not apart or not tells:
        return None
    from scipy.stats import fisher_exact

    counts = [[int(gaps[side].sum()), int((~gaps[side]).sum())] for side in sides]
    return tuple(shares) if fisher_exact(counts).pvalue < CHANCE else None


def say(shares):
    """Return the sentence on the columns found: {name: (share of positives, of negatives)}."""
    each = details(
        f"{quoted(name)} {per_cent(positives)} against {per_cent(negatives)}"
        for name, (positives, negatives) in shares.items()
    )
    return (
        f"{counted(shares, 'tells', 'tell')} the class by its gaps, in positives against negatives "
        f"of the training rows: {each}."
    )
