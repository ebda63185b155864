"""Every metric: its words, its better side, its kind of number and its function.

Whatever shows, compares or resamples metrics reads them from here. A new metric is one row and
one function. Those that params.yaml may name as ``evaluate.metric`` stand in
`rebalance.params.names` once more, since no section may import this package: the stages that
only fetch and split rows would depend on it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from rebalance.metrics import decision, probability, ranking

RANKING, PROBABILITY, DECISION = "ranking", "probability", "decision"
HIGHER, LOWER = "higher", "lower"
AT_PRECISION = "recall_at_precision"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric's words, direction, range, family and function.

    Attributes
    ----------
    words : str
        Its name in a sentence or above a column.
    better : str or None
        ``higher`` or ``lower``; None where neither side is better.
    family : str
        What it is computed from: ``ranking``, the order of the scores; ``probability``, the scores
        themselves; ``decision``, the rows flagged at a threshold.
    function : callable or None
        ranking: of `ranking.Steps`. decision: of `decision.Counts`. probability: of labels and
        scores, the values whose mean over rows it is; None where it is no such mean.
    share : bool
        A share of something, from 0 to 1, which the score interval fits.
    scorer : str
        Its name as a scorer of scikit-learn, if it has one.
    """

    words: str
    better: str | None
    family: str
    function: Callable | None = None
    share: bool = False
    scorer: str = ""


def _ranking(words, function, *, share=True, scorer=""):
    return Metric(words=words, better=HIGHER, family=RANKING, function=function, share=share,
                  scorer=scorer)  # fmt: skip


def _probability(words, better, function=None, *, scorer=""):
    return Metric(words=words, better=better, family=PROBABILITY, function=function,
                  scorer=scorer)  # fmt: skip


def _decision(words, function, *, share=True, scorer=""):
    return Metric(words=words, better=HIGHER, family=DECISION, function=function, share=share,
                  scorer=scorer)  # fmt: skip


METRICS = {
    "average_precision": _ranking(
        "average precision", ranking.average_precision, scorer="average_precision"
    ),
    # Its name in a file holds the precision; see `at_precision`. 0 where no threshold reaches it,
    # so that it jumps, which no score interval fits.
    AT_PRECISION: _ranking("recall at a precision", ranking.recall_at_precision, share=False),
    "precision_at_k": _ranking("precision at k", ranking.precision_at_k),
    "recall_at_k": _ranking("recall at k", ranking.recall_at_k),
    "lift_at_k": _ranking("lift at k", ranking.lift_at_k, share=False),
    "roc_auc": _ranking("ROC AUC", ranking.roc_auc, scorer="roc_auc"),
    "recall_at_1pct_fpr": _ranking("recall at 1 % false alarms", ranking.recall_at_fpr),
    "brier": _probability(
        "Brier score", LOWER, probability.squared_error, scorer="neg_brier_score"
    ),
    "log_loss": _probability("log loss", LOWER, probability.log_loss, scorer="neg_log_loss"),
    "ece": _probability("ECE", LOWER),
    "mean_probability": _probability("mean probability", None, probability.probability),
    "prevalence": _probability("prevalence", None),
    "brier_skill": _probability("Brier skill", HIGHER),
    "calibration_intercept": _probability("calibration intercept", None),
    "calibration_slope": _probability("calibration slope", None),
    "accuracy": _decision("accuracy", decision.accuracy, scorer="accuracy"),
    "precision": _decision("precision", decision.precision, scorer="precision"),
    "recall": _decision("recall", decision.recall, scorer="recall"),
    "f1": _decision("F1", decision.f1, scorer="f1"),
    "f2": _decision("F2", decision.f2),
    "mcc": _decision("MCC", decision.mcc, share=False, scorer="matthews_corrcoef"),
    "balanced_accuracy": _decision(
        "balanced accuracy", decision.balanced_accuracy, scorer="balanced_accuracy"
    ),
    "g_mean": _decision("G-mean", decision.g_mean),
}
_AT_PRECISION = re.compile(r"recall_at_(.+)pct_precision")


def at_precision(precision):
    """Return the name of the recall at a precision.

    >>> at_precision(0.9)
    'recall_at_90pct_precision'
    """
    return f"recall_at_{100 * precision:g}pct_precision"


def metric(name):
    """Return the `Metric` of a name as files have it.

    >>> metric("recall_at_90pct_precision").family
    'ranking'
    """
    return METRICS[AT_PRECISION if _AT_PRECISION.fullmatch(name) else name]


def words(name):
    """Return the name of a metric, or of a scorer of scikit-learn, as the field writes it.

    >>> words("roc_auc"), words("recall_at_90pct_precision"), words("neg_log_loss")
    ('ROC AUC', 'recall at 90 % precision', 'negative log loss')
    """
    if match := _AT_PRECISION.fullmatch(name):
        return f"recall at {match[1]} % precision"
    if name in METRICS:
        return METRICS[name].words
    by_scorer = {row.scorer: row.words for row in METRICS.values() if row.scorer}
    sign = "negative " if name.startswith("neg_") else ""
    return sign + by_scorer.get(name, name.replace("_", " "))


def sign(name):
    """Return 1 where a higher value of the metric is better, -1 where a lower one is."""
    return {HIGHER: 1, LOWER: -1}[metric(name).better]


def of_family(family):
    """Return the names of a family's metrics and their rows."""
    return [(name, row) for name, row in METRICS.items() if row.family == family]
