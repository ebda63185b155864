"""Measure scores and decisions against the truth, as pure functions of ``(y_true, y_score)``.

``y_true`` is an array of 0 and 1, ``y_score`` the probability of 1, the rare class; a row is
flagged when ``y_score >= threshold``. No function returns NaN or infinity: a metric that the
data leave undefined is absent from the answer, and `absent` says which ones, and why.
"""

from rebalance.metrics.checks import check, check_labels, check_probability
from rebalance.metrics.decision import HALF, no_information_rate
from rebalance.metrics.folds import standard_error
from rebalance.metrics.probability import log_loss, logistic
from rebalance.metrics.ranking import Curve, Order, Steps, curve
from rebalance.metrics.scores import (
    absent,
    decision_metrics,
    decision_or_reasons,
    of_all_rows,
    probability_metrics,
    probability_or_reasons,
    ranking_metrics,
    ranking_of_steps,
    ranking_or_reasons,
    rates,
    score,
)
from rebalance.metrics.table import METRICS, Metric, at_precision, metric, sign, words

__all__ = [
    "HALF",
    "METRICS",
    "Curve",
    "Metric",
    "Order",
    "Steps",
    "absent",
    "at_precision",
    "check",
    "check_labels",
    "check_probability",
    "curve",
    "decision_metrics",
    "decision_or_reasons",
    "log_loss",
    "logistic",
    "metric",
    "no_information_rate",
    "of_all_rows",
    "probability_metrics",
    "probability_or_reasons",
    "ranking_metrics",
    "ranking_of_steps",
    "ranking_or_reasons",
    "rates",
    "score",
    "sign",
    "standard_error",
    "words",
]
