"""Whether a ratio scored on its first folds may still beat no treatment on all of them."""

import numpy as np

# The chance of passing on all folds below which a ratio is stopped. Measured on the sets of
# benchmarks.honesty: see docs/design.md.
RISK = 0.1


def is_futile(gains, n_folds, spread, *, one_standard_error=True, risk=RISK):
    """Say whether a candidate has a smaller chance than ``risk`` to be better on all folds.

    Better is what the study's choice takes for it: a mean gain above its standard error, or above
    0. The mean of all folds, predicted from those so far with nothing known before of the true
    gain, is Student's t about their mean (stochastic curtailment, Lan, Simon and Halperin, 1982).

    Parameters
    ----------
    gains : list of float
        Score less that of the untreated candidate, fold by fold so far.
    n_folds : int
    spread : float
        Standard deviation of the untreated candidate's scores over the folds. One gain says
        nothing of its own spread; a difference on the same folds spreads hardly more than that.
    one_standard_error : bool
    risk : float
    """
    from scipy.special import ndtri, stdtrit

    seen = len(gains)
    if seen == 1:
        quantile = ndtri(1 - risk)
    else:
        spread, quantile = np.std(gains, ddof=1), stdtrit(seen - 1, 1 - risk)
    needed = one_standard_error / np.sqrt(n_folds)
    left = np.sqrt((n_folds - seen) / (seen * n_folds))
    return bool(np.mean(gains) < spread * (needed - quantile * left))
