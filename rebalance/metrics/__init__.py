"""Measure scores and decisions against the truth, as pure functions of ``(y_true, y_score)``.

``y_true`` is an array of 0 and 1, ``y_score`` the probability of 1, the rare class; a row is
flagged when ``y_score >= threshold``. No function returns NaN or infinity: a metric that the
data leave undefined is absent from the answer, and `absent` says which ones, and why.
"""

from rebalance.metrics._checks import check, check_labels, check_probability, defined
from rebalance.metrics._decision import decision, every_decision, no_information_rate, rates
from rebalance.metrics._folds import standard_error
from rebalance.metrics._probability import every_probabilistic, probabilistic
from rebalance.metrics._ranking import (
    FALSE_POSITIVE_RATE,
    Curve,
    curve,
    every_ranking,
    ranking,
)

__all__ = [
    "FALSE_POSITIVE_RATE",
    "Curve",
    "absent",
    "check",
    "check_labels",
    "check_probability",
    "curve",
    "decision",
    "no_information_rate",
    "probabilistic",
    "ranking",
    "rates",
    "score",
    "standard_error",
]


def score(y_true, y_score, threshold, *, k=None, precision=0.9):
    """Return `ranking`, `probabilistic` and `decision` in one dict.

    Raises
    ------
    ValueError
        As those three do.
    """
    return defined(_score(y_true, y_score, threshold, k, precision))


def absent(y_true, y_score, threshold, *, k=None, precision=0.9):
    """Return the metrics that `score` leaves out for these data, each with the reason.

    >>> absent([0, 1, 1], [0.2, 0.3, 0.1], 0.5)["precision"]
    'nothing is flagged at this threshold'
    """
    metrics = _score(y_true, y_score, threshold, k, precision)
    return {name: value for name, value in metrics.items() if isinstance(value, str)}


def _score(y_true, y_score, threshold, k, precision):
    y_true, y_score = check(y_true, y_score)
    return (
        every_ranking(y_true, y_score, k, precision)
        | every_probabilistic(y_true, check_probability(y_score))
        | every_decision(y_true, y_score, threshold)
    )
