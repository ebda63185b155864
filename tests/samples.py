"""Labels and scores that tests of metrics and comparisons share."""

import numpy as np
from scipy import stats

THRESHOLD = 0.5


def sample(n_positives=30, n_negatives=200, seed=0, decimals=3, gap=1.5):
    """Return labels and two correlated models with ties."""
    rng = np.random.default_rng(seed)
    y_true = rng.permutation(np.repeat([1, 0], [n_positives, n_negatives]))
    signal = rng.normal(gap * y_true)
    models = {
        name: (
            np.round(
                stats.norm.cdf(signal + rng.normal(scale=0.5, size=signal.size) - 1), decimals
            ),
            THRESHOLD,
        )
        for name in ("baseline", "arm")
    }
    return y_true, models
