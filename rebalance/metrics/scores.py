"""The metrics of one model, by family or all in one dict; what is undefined says why."""

import numpy as np

from rebalance.metrics import table
from rebalance.metrics.checks import NO_NEGATIVES, NO_POSITIVES, check, check_probability
from rebalance.metrics.decision import Counts
from rebalance.metrics.probability import calibration, ece
from rebalance.metrics.ranking import Steps

SEPARATED = "one value separates the classes, so that no finite slope is the best"
NOTHING_FLAGGED = "nothing is flagged at this threshold"
NEITHER = "there are no positives and nothing is flagged"
ONE_SIDED = "all rows are of one class, or all decisions are"


def ranking_metrics(y_true, y_score, *, k=None, precision=0.9):
    """Return how well the scores order the rows, whatever their scale.

    Parameters
    ----------
    y_true : array-like of shape (n_rows,)
    y_score : array-like of shape (n_rows,)
        Any finite scores; equal scores count as one step of every curve.
    k : int, optional
        Rows that can be looked at, for the three metrics ``..._at_k``: those with the highest
        scores, and the mean over all orders where equal scores straddle the last place.
        Defaults to the number of positives.
    precision : float
        What ``recall_at_..pct_precision`` demands, 0.9 giving ``recall_at_90pct_precision``.
        It is 0 where no threshold reaches it.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        If the arrays do not fit together, or ``k`` or ``precision`` is out of range.
    """
    return defined(ranking_or_reasons(*check(y_true, y_score), k, precision))


def ranking_or_reasons(y_true, y_score, k, precision):
    """Return each ranking metric, or the reason why it is undefined."""
    if k is not None and k < 1:
        raise ValueError(f"k must be 1 or more rows, got {k}.")
    if not 0 < precision <= 1:
        raise ValueError(f"precision must be above 0 and at most 1, got {precision}.")
    n_positives = int(y_true.sum(dtype=np.int64))
    if n_positives == 0:
        return dict.fromkeys(ranking_names(precision), NO_POSITIVES)
    k = n_positives if k is None else k
    steps = Steps.of(y_true, y_score, k=k, precision=precision)
    too_many = f"k is {k} but there are only {y_true.size} rows"
    return {
        name: float(value)
        if np.isfinite(value)
        else (too_many if name.endswith("_at_k") else NO_NEGATIVES)
        for name, (value,) in ranking_of_steps(steps).items()
    }


def ranking_names(precision):
    """Return the names of the ranking metrics, as files have them."""
    at = {table.AT_PRECISION: table.at_precision(precision)}
    return [at.get(name, name) for name, _ in table.of_family(table.RANKING)]


def ranking_of_steps(steps):
    """Return each ranking metric of each draw, lists of shape (n_draws,)."""
    rows = table.of_family(table.RANKING)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = [row.function(steps) for _, row in rows]
    return dict(zip(ranking_names(steps.precision), values, strict=True))


def probability_metrics(y_true, y_score, fitted=None):
    """Return how well the scores serve as probabilities.

    ``brier_skill`` compares with the prevalence as everybody's score. ``calibration_intercept``
    is that of a logistic regression on the log-odds with the slope held at 1, and
    ``calibration_slope`` the slope left free (Van Calster et al. 2019): 0 and 1 when the
    probabilities are right. ``ece`` has bins of about equal count: with a rare class, bins of
    equal width put nearly all rows in one. ``fitted`` is what `calibration` returns, where it is
    known.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        If the arrays do not fit together or a score is outside 0 to 1.
    """
    y_true, y_score = check(y_true, y_score)
    return defined(probability_or_reasons(y_true, check_probability(y_score), fitted))


def probability_or_reasons(y_true, y_score, fitted=None):
    """Return each metric of the probabilities, or the reason why it is undefined."""
    prevalence = float(y_true.mean())
    metrics = {
        name: float(np.mean(row.function(y_true, y_score))) if row.function else None
        for name, row in table.of_family(table.PROBABILITY)
    }
    metrics |= {"ece": ece(y_true, y_score), "prevalence": prevalence}
    if prevalence in (0, 1):
        names = ["brier_skill", "calibration_intercept", "calibration_slope"]
        return metrics | dict.fromkeys(names, NO_NEGATIVES if prevalence else NO_POSITIVES)
    metrics["brier_skill"] = 1 - metrics["brier"] / (prevalence * (1 - prevalence))
    metrics["calibration_intercept"], line = fitted or calibration(y_true, y_score)
    metrics["calibration_slope"] = SEPARATED if line is None else line[1]
    return metrics


def of_all_rows(y_true, y_score, weight):
    """Return metrics of all rows, where one negative in ``weight`` is there and stands for them.

    They are those that ask for no threshold, among them all that ``evaluate.metric`` may name.

    >>> of_all_rows([0, 1], [0.5, 0.5], 3.0)["average_precision"]
    0.25
    """
    y_true, y_score = check(y_true, y_score)
    steps = Steps.of(y_true, y_score, k=1, precision=0.9, weight=weight)
    rows = np.where(y_true == 1, 1.0, weight)
    prevalence = float(np.average(y_true, weights=rows))
    means = {
        name: float(np.average(row.function(y_true, y_score), weights=rows))
        for name, row in table.of_family(table.PROBABILITY)
        if row.function
    }
    ranked = {
        name: float(row.function(steps)[0])
        for name, row in table.of_family(table.RANKING)
        if name != table.AT_PRECISION and not name.endswith("_at_k")
    }
    return {
        **ranked,
        **means,
        "prevalence": prevalence,
        "brier_skill": 1 - means["brier"] / (prevalence * (1 - prevalence)),
    }


def decision_metrics(y_true, y_score, threshold):
    """Return how good the decisions ``y_score >= threshold`` are.

    Returns
    -------
    dict of str to float
        The four counts are int.

    Raises
    ------
    ValueError
        If the arrays do not fit together or the threshold is not a number.
    """
    return defined(decision_or_reasons(*check(y_true, y_score), threshold))


def rates(tp, fp, fn, tn):
    """Return every decision metric from the four counts, NaN where one is undefined."""
    counts = Counts(tp, fp, fn, tn)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: row.function(counts) for name, row in table.of_family(table.DECISION)}


def decision_or_reasons(y_true, y_score, threshold):
    """Return each metric of the decisions, or the reason why it is undefined."""
    if np.isnan(threshold):
        raise ValueError("threshold must be a number, got nan.")
    flagged, positive = y_score >= threshold, y_true == 1
    tp, fp = int(np.sum(flagged & positive)), int(np.sum(flagged & ~positive))
    fn, tn = int(np.sum(positive)) - tp, int(np.sum(~positive)) - fp
    reasons = {"precision": NOTHING_FLAGGED, "f1": NEITHER, "f2": NEITHER, "mcc": ONE_SIDED}
    one_class = NO_POSITIVES if tp + fn == 0 else NO_NEGATIVES
    metrics = {
        name: reasons.get(name, one_class) if np.isnan(value) else float(value)
        for name, value in rates(tp, fp, fn, tn).items()
    }
    counts = {
        "true_positives": tp,
        "false_positives": fp,
        "false_negatives": fn,
        "true_negatives": tn,
    }
    return metrics | counts


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


def defined(metrics):
    """Return the metrics that are numbers, without those that are reasons."""
    return {name: value for name, value in metrics.items() if not isinstance(value, str)}


def _score(y_true, y_score, threshold, k, precision):
    y_true, y_score = check(y_true, y_score)
    return (
        ranking_or_reasons(y_true, y_score, k, precision)
        | probability_or_reasons(y_true, check_probability(y_score))
        | decision_or_reasons(y_true, y_score, threshold)
    )
