"""Features that rise, or fall, with the number of the row: the order of the file in disguise."""

import numpy as np

from rebalance.checks.finding import counted, details, per_cent, quoted

FEWEST_VALUES = 20
# Of the steps from a row to the next, the share that goes the same way or stays; and the rank
# correlation with the number of the row, which a column that begins anew again and again lacks.
SHARE, CORRELATION = 0.995, 0.95


def look(column):
    """Return the share of steps that go the same way, where nearly all do."""
    share = steps(column)
    if share < SHARE or column.distinct < FEWEST_VALUES:
        return None
    return share if abs(_correlation(column)) > CORRELATION else None


def _correlation(column):
    """Return Spearman's correlation with the number of the row."""
    import pandas as pd
    from scipy.stats import spearmanr

    here = ~column.missing
    values = column.numbers[here]
    if column.is_text:
        values = pd.factorize(column.data.drop_null().to_numpy(), sort=True)[0]
    return spearmanr(values, np.flatnonzero(here)).statistic


def steps(column):
    """Return the larger of the shares of steps that do not fall, and that do not rise."""
    if column.is_text:
        import pyarrow.compute as pc

        data = column.data.drop_null().combine_chunks()
        if len(data) < 2:
            return 0.0
        up = pc.mean(pc.greater_equal(data[1:], data[:-1])).as_py()
        down = pc.mean(pc.less_equal(data[1:], data[:-1])).as_py()
        return max(up, down)
    change = np.diff(column.numbers[~column.missing])
    return float(max((change >= 0).mean(), (change <= 0).mean())) if change.size else 0.0


def say(shares):
    """Return the sentence on the columns found: {name: share}."""
    each = details(
        f"{quoted(name)} in {per_cent(share)} of the steps" for name, share in shares.items()
    )
    return f"{counted(shares, 'follows', 'follow')} the order of the rows: {each}."
