"""Labels and scores that fit together, or a ValueError that says what does not."""

import numpy as np

NO_POSITIVES = "there are no positives"
NO_NEGATIVES = "there are no negatives"


def check_labels(y_true):
    """Return the labels as an array of 0 and 1, or raise ValueError."""
    y_true = np.asarray(y_true)
    if y_true.ndim != 1 or y_true.size == 0:
        raise ValueError(
            f"y_true must have one dimension and at least one row, got shape {y_true.shape}."
        )
    other = y_true[(y_true != 0) & (y_true != 1)]
    if other.size:
        raise ValueError(f"y_true must be 0 or 1, got {other[0]}: mark the rare class with 1.")
    return y_true.astype(np.int8)


def check(y_true, y_score):
    """Return labels and scores as arrays that fit together, or raise ValueError."""
    y_true, y_score = check_labels(y_true), np.asarray(y_score, dtype=float)
    if y_score.shape != y_true.shape:
        raise ValueError(
            f"y_score must have one score a row of y_true, got shape {y_score.shape} for "
            f"{y_true.shape}: pass the column of the positive class."
        )
    wrong = np.flatnonzero(~np.isfinite(y_score))
    if wrong.size:
        raise ValueError(
            f"y_score must be finite, got {y_score[wrong[0]]} in row {wrong[0]}: "
            "look at the model that gave it."
        )
    return y_true, y_score


def check_probability(y_score):
    """Return the scores if all are from 0 to 1, or raise ValueError."""
    for extreme in (y_score.min(), y_score.max()):
        if not 0 <= extreme <= 1:
            raise ValueError(
                f"y_score must be from 0 to 1 to be a probability, got {extreme}: "
                "use predict_proba, not decision_function."
            )
    return y_score
