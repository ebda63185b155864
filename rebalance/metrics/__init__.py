"""Measure scores and decisions against the truth, as pure functions of ``(y_true, y_score)``.

``y_true`` is an array of 0 and 1, ``y_score`` the probability of 1, the rare class; a row is
flagged when ``y_score >= threshold``. No function returns NaN or infinity: a metric that the
data leave undefined is absent from the answer, and `absent` says which ones, and why.
"""

from rebalance.metrics.checks import check, check_labels, check_probability
from rebalance.metrics.decision import (
    HALF,
    decision_metrics,
    decision_or_reasons,
    no_information_rate,
    rates,
)
from rebalance.metrics.folds import standard_error
from rebalance.metrics.probability import logistic, probability_metrics, probability_or_reasons
from rebalance.metrics.ranking import (
    FALSE_POSITIVE_RATE,
    Curve,
    curve,
    ranking_metrics,
    ranking_or_reasons,
)
from rebalance.metrics.scores import absent, score

__all__ = [
    "FALSE_POSITIVE_RATE",
    "HALF",
    "Curve",
    "absent",
    "check",
    "check_labels",
    "check_probability",
    "curve",
    "decision_metrics",
    "decision_or_reasons",
    "logistic",
    "no_information_rate",
    "probability_metrics",
    "probability_or_reasons",
    "ranking_metrics",
    "ranking_or_reasons",
    "rates",
    "score",
    "standard_error",
]
