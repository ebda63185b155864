"""How good the decisions at a threshold are."""

import numpy as np

from rebalance.metrics.checks import NO_NEGATIVES, NO_POSITIVES, check, check_labels, defined

HALF = 0.5  # the default threshold of scikit-learn
NOTHING_FLAGGED = "nothing is flagged at this threshold"


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


def no_information_rate(y_true):
    """Return the accuracy of always answering with the more frequent class.

    >>> no_information_rate([0, 0, 0, 1])
    0.75
    """
    y_true = check_labels(y_true)
    return float(max(y_true.mean(), 1 - y_true.mean()))


def rates(tp, fp, fn, tn):
    """Return every decision metric from the four counts, NaN where one is undefined.

    Scalars or arrays of one shape, so that a bootstrap computes all its draws in one call.
    G-mean: Kubat and Matwin 1997; MCC: Matthews 1975.
    """
    tp, fp, fn, tn = (np.asarray(count, dtype=float) for count in (tp, fp, fn, tn))
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = tp / (tp + fn)
        specificity = tn / (tn + fp)
        sides = np.sqrt((tp + fp) * (tp + fn)) * np.sqrt((tn + fp) * (tn + fn))
        return {
            "accuracy": (tp + tn) / (tp + fp + fn + tn),
            "precision": tp / (tp + fp),
            "recall": recall,
            "f1": 2 * tp / (2 * tp + fp + fn),
            "f2": 5 * tp / (5 * tp + fp + 4 * fn),
            "mcc": (tp * tn - fp * fn) / sides,
            "balanced_accuracy": (recall + specificity) / 2,
            "g_mean": np.sqrt(recall * specificity),
        }


def decision_or_reasons(y_true, y_score, threshold):
    """Return each metric of the decisions, or the reason why it is undefined."""
    if np.isnan(threshold):
        raise ValueError("threshold must be a number, got nan.")
    flagged, positive = y_score >= threshold, y_true == 1
    tp, fp = int(np.sum(flagged & positive)), int(np.sum(flagged & ~positive))
    fn, tn = int(np.sum(positive)) - tp, int(np.sum(~positive)) - fp
    reasons = {
        "precision": NOTHING_FLAGGED,
        "f1": "there are no positives and nothing is flagged",
        "f2": "there are no positives and nothing is flagged",
        "mcc": "all rows are of one class, or all decisions are",
    }
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
