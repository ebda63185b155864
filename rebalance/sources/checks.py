"""Whether the rows of a table can be learnt from, and which of its columns are features."""

import numpy as np

from rebalance.errors import InputError
from rebalance.sources import simulated

FEWEST_POSITIVES = simulated.FEWEST_POSITIVES


# YAML reads each of these, unquoted, as true or false.
SAID = {True: {"true", "yes", "on"}, False: {"false", "no", "off"}}


def check(frame, data):
    """Return ``frame`` with the target as 0 and 1, or raise `InputError` naming what is wrong."""
    target = data.target
    columns = ", ".join(frame.columns)
    if target not in frame:
        raise InputError(f"data.target {target!r} is no column; the columns are {columns}.")
    for key, names in (("drop", data.drop), ("columns", data.columns)):
        if unknown := [name for name in names if name not in frame]:
            raise InputError(
                f"data.{key} names {unknown[0]!r}, which is no column; the columns are {columns}."
            )
    labels = frame[target]
    if labels.isna().any():
        raise InputError(
            f"data.target {target!r} must have a label in every row, got "
            f"{int(labels.isna().sum())} rows without."
        )
    y = (labels == _positive(labels, data)).to_numpy().astype(np.int8)
    if y.sum() < FEWEST_POSITIVES:
        raise InputError(
            f"data.target {target!r} must have {FEWEST_POSITIVES} positives or more, to be split "
            f"and to be folded, got {int(y.sum())}."
        )
    if y.mean() > 1 / 2:
        raise InputError(
            f"data.positive must be the label of the rare class, got {data.positive!r}, which "
            f"{y.mean():.4%} of the rows have."
        )
    return frame.assign(**{target: y})


def _positive(labels, data):
    """Return the label of the rare class as the table writes it."""
    values = sorted(labels.unique().tolist(), key=str)
    shown = ", ".join(map(repr, values[:5])) + ", …" * (len(values) > 5)
    if len(values) != 2:
        raise InputError(
            f"data.target {data.target!r} must have two classes, got {len(values)}"
            f"{': ' * bool(values)}{shown}."
        )
    found = [value for value in values if _same(value, data.positive)]
    if len(found) != 1:
        raise InputError(
            f"data.positive must be one of the labels of {data.target!r}, {shown}, got "
            f"{data.positive!r}."
        )
    return found[0]


def _same(label, positive):
    """Say whether a label of the table is the one that params.yaml means."""
    if isinstance(positive, bool) and isinstance(label, str):
        return label.strip().lower() in SAID[positive]
    if isinstance(label, bool) and isinstance(positive, str):
        return positive.lower() in SAID[label]
    return label == positive or _number(label) == _number(positive)


def _number(label):
    try:
        return float(label)
    except (TypeError, ValueError):
        return str(label)


def features(frame, target, others):
    """Return the names of the features, or raise `InputError` for what no learner takes.

    Parameters
    ----------
    frame : pandas.DataFrame
    target : str
    others : collection of str
        Columns that are no features.
    """
    names = [name for name in frame.columns if name != target and name not in others]
    if not names:
        raise InputError(
            f"data.drop leaves no feature: {', '.join(map(str, others))} are dropped or split by."
        )
    numbers = [name for name in names if frame[name].dtype.kind == "f"]
    infinite = [name for name in numbers if np.isinf(frame[name].to_numpy(dtype=float)).any()]
    if infinite:
        raise InputError(
            f"features must be finite; {', '.join(infinite)} have infinite values: mend them, or "
            "name them in data.drop."
        )
    return names
