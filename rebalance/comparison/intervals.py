"""Intervals of 95 % that hold with few positives."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from rebalance.metrics import metric

LEVEL = 0.95
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
Z = 1.959963984540054  # the normal quantile of the upper tail
MAX_UNDEFINED = 0.05  # share of draws that may leave a metric undefined
# Positives times 1 - AP or 1 - AUC, and positives times AP, below which intervals may not hold.
FEWEST_ERRORS, FEWEST_HITS = 5, 2
FEWEST_FOR_ECE = 500
# Ends that no value passes, of metrics that are no shares.
LIMITS = {
    "brier": (0.0, 1.0),
    "log_loss": (0.0, np.inf),
    "mean_probability": (0.0, 1.0),
    "brier_skill": (-np.inf, 1.0),
    "mcc": (-1.0, 1.0),
}

FEW_ERRORS = f"the test rows show fewer than {FEWEST_ERRORS} positives' worth of ranking errors"
FEW_HITS = f"positives x average precision is below {FEWEST_HITS}: too few rows decide it"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A number and its 95 % interval.

    Attributes
    ----------
    value, low, high : float
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Difference(Interval):
    """A paired difference, arm minus baseline.

    Attributes
    ----------
    standard_error : float
    p_value : float
        Two-sided, before any correction for several arms.
    doubt : str
        Why the interval may not hold; empty where it does.
    """

    standard_error: float
    p_value: float
    doubt: str = ""


def percentiles(drawn):
    """Return the two percentiles of the draws, or a reason why they say nothing."""
    defined = drawn[np.isfinite(drawn)]
    undefined = 1 - defined.size / drawn.size
    if undefined > MAX_UNDEFINED:
        return f"{100 * undefined:.0f} % of the draws leave it undefined"
    low, high = np.quantile(defined, TAILS)
    return float(low), float(high)


def score_interval(value, error, n, quantile=Z):
    """Return the interval of a share in which shares have their own spread (Wilson 1927).

    The effective number of trials is the one at which a binomial share has this standard error
    (Korn and Graubard 1998), so that the same formula serves recall and average precision.

    Parameters
    ----------
    value, error : float
    n : int
        Trials where the data show no spread: a share of 0 or 1.
    quantile : float
        Of Student's t where the error is itself estimated; that of a recall follows from its value.
    """
    trials = value * (1 - value) / error**2 if error > 0 and 0 < value < 1 else n
    shrink = 1 + quantile**2 / trials
    centre = (value + quantile**2 / trials / 2) / shrink
    half = quantile / shrink * sqrt(value * (1 - value) / trials + (quantile / trials) ** 2 / 4)
    # At a share of 0 or 1 the end is the share itself, but for rounding.
    low = centre - half if value > 0 else 0.0
    return max(0.0, low), min(1.0, centre + half)


def t_interval(value, error, df):
    """Return the interval of Student's t around a value, and the p-value that it is 0."""
    from scipy.special import stdtr

    half = t_quantile(df) * error
    # Without any spread, a difference is one and no difference is none.
    p_value = float(2 * stdtr(df, -abs(value) / error)) if error > 0 else float(value == 0)
    return value - half, value + half, p_value


def t_quantile(df):
    """Return the quantile of Student's t at the upper end of an interval."""
    from scipy.special import stdtrit

    return float(stdtrit(df, TAILS[1]))


def paired_interval(gained, lost, n):
    """Return the score interval of a paired difference of shares (Tango 1998).

    It holds where few rows differ, all of them to one side (Fagerland, Lydersen and Laake 2014).

    Parameters
    ----------
    gained, lost : int
        Rows that only the one, only the other decision gets.
    n : int
        Rows.
    """
    return _lowest_apart(gained, lost, n), -_lowest_apart(lost, gained, n)


def _lowest_apart(gained, lost, n):
    """Return the lower end of `paired_interval`."""
    from scipy.optimize import brentq

    if lost == n:
        return -1.0

    def beyond(apart):
        # The most likely share of rows lost where the shares are so far apart.
        linear = (2 * n - gained + lost) * apart - gained - lost
        root = sqrt(max(0.0, linear**2 + 8 * n * lost * apart * (1 - apart)))
        variance = n * ((root - linear) / (2 * n) + apart * (1 - apart))
        return gained - lost - n * apart - Z * sqrt(max(0.0, variance))

    # Where no row or every row differs, the observed difference is a root too, and not the end.
    return float(brentq(beyond, -1.0, (gained - lost) / n - 1e-9))


def doubt(name, value, n_positives):
    """Return why an interval may not hold; nothing where it does.

    The limits are those below which ``python -m benchmarks.honesty --part coverage`` finds
    populations of which fewer than 93 % of the intervals, or more than 97 %, hold the truth.

    >>> doubt("roc_auc", 0.9, 60), doubt("average_precision", 0.01, 100)[:50]
    ('', 'positives x average precision is below 2: too few ')
    """
    if name in {"average_precision", "roc_auc"} and n_positives * (1 - value) < FEWEST_ERRORS:
        return FEW_ERRORS
    if name == "average_precision" and n_positives * value < FEWEST_HITS:
        return FEW_HITS
    if name == "ece" and n_positives < FEWEST_FOR_ECE:
        return f"below {FEWEST_FOR_ECE} positives most of an ECE is sampling noise"
    return ""


def interval(name, value, error, drawn, n, df):
    """Return the `Interval` of one metric of one model, or the reason why it has none.

    Parameters
    ----------
    name : str
    value : float
    error : float or None
        From contributions; defaults to that of the draws.
    drawn : array of shape (n_draws,) or None
        Of a metric without contributions.
    n : int
        As in `score_interval`.
    df : float
        Degrees of freedom of the error.
    """
    if error is None:
        ends = percentiles(drawn)
        if isinstance(ends, str):
            return ends
        error = float(np.nanstd(drawn, ddof=1))
    else:
        ends = t_interval(value, error, df)[:2]
    if name == "ece":
        # Noise only ever adds to a sum of absolute gaps: put the draws around the value.
        shift = float(np.mean(drawn)) - value
        ends = min(value, max(0.0, ends[0] - shift)), max(value, ends[1] - shift)
    if metric(name).share:
        ends = score_interval(value, error, n, Z if name == "recall" else t_quantile(df))
    least, most = LIMITS.get(name, (-np.inf, np.inf))
    return Interval(value=value, low=max(least, ends[0]), high=min(most, ends[1]))


def difference(name, value, error, drawn, df, reason=""):
    """Return the `Difference` of one metric of an arm, or the reason why it has none."""
    if error is None:
        ends = percentiles(drawn)
        if isinstance(ends, str):
            return ends
        error = float(np.nanstd(drawn, ddof=1))
    low, high, p_value = t_interval(value, error, df)
    if metric(name).share:
        low, high = max(-1.0, low), min(1.0, high)
    return Difference(
        value=value, low=low, high=high, standard_error=error, p_value=p_value, doubt=reason
    )
