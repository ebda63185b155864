"""Every metric of one model in one dict."""

from rebalance.metrics.checks import check, check_probability, defined
from rebalance.metrics.decision import decision_or_reasons
from rebalance.metrics.probability import probability_or_reasons
from rebalance.metrics.ranking import ranking_or_reasons


def score(y_true, y_score, threshold, *, k=None, precision=0.9):
    """Return `ranking_metrics`, `probability_metrics` and `decision_metrics` in one dict.

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
        ranking_or_reasons(y_true, y_score, k, precision)
        | probability_or_reasons(y_true, check_probability(y_score))
        | decision_or_reasons(y_true, y_score, threshold)
    )
