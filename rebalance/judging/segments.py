"""How the decisions of one model do in parts of the rows: the values of a column."""

import numpy as np
import pandas as pd

from rebalance import errors
from rebalance.comparison import Strata, spread
from rebalance.comparison.intervals import score_interval
from rebalance.errors import InputError

FEWEST = 10  # positives that a segment needs for a recall worth reading
MOST = 50  # values of a column
LARGEST_WHOLE = 2**53  # above, a float is no count or code that somebody wrote
TOO_FEW = "too few positives"


def by_segment(table, y_score, threshold, names, groups=None):
    """Return how a model decides in each value of each column.

    Parameters
    ----------
    table : store.Table
        The test rows.
    y_score : array of shape (n_rows,)
        Probabilities of the recommended model.
    threshold : float
    names : list of str
        Columns.
    groups : array of shape (n_rows,), optional
        Rows that belong together.

    Returns
    -------
    list of dict
        ``column``, ``value``, ``rows``, ``positives``, ``recall``, ``precision``, ``alert_share``
        and ``calibration``, the positives over those that the probabilities expect. Each number
        has a ``_low`` and a ``_high`` end, at a level that is corrected for the number of segments
        (Bonferroni), so that all hold together 95 times in 100. ``note`` says where a segment has
        too few positives; it then has no recall, precision and calibration.

    Raises
    ------
    InputError
        Where a column is missing or has too many values.
    """
    segments = [(name, value, rows) for name in names for value, rows in values(table, name)]
    quantile = _quantile(len(segments))
    return [
        {"column": name, "value": value}
        | _segment(
            table.y[rows],
            y_score[rows],
            y_score[rows] >= threshold,
            quantile,
            None if groups is None else groups[rows],
        )
        for name, value, rows in segments
    ]


def values(table, name):
    """Yield each value of a column, as text, and its rows."""
    with errors.at("evaluate.segments"):
        column = np.asarray(table.column(name))
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    text = np.array(["" if _missing(each) else _text(each) for each in distinct.tolist()])
    values, place = np.unique(text, return_inverse=True)
    if len(values) > MOST:
        raise InputError(
            f"evaluate.segments may name columns of at most {MOST} values, and {name!r} has "
            f"{len(values)}; name a column of fewer, or make one that groups them."
        )
    place = place[codes]
    for number, value in enumerate(values):
        yield value or "missing", np.flatnonzero(place == number)


def _missing(value):
    return value is None or value != value  # noqa: PLR0124  NaN is not itself


def _text(value):
    # Two values never become one text, as 1000001 and 1000002 do with six digits.
    whole = isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_WHOLE
    return str(int(value) if whole else value)


def _quantile(segments):
    """Return the normal quantile of an interval at a level for so many segments together."""
    from scipy.special import ndtri

    return float(ndtri(1 - 0.025 / max(1, segments)))


def _segment(y_true, y_score, flagged, quantile, groups):
    """Return the numbers of one segment."""
    positive = y_true == 1
    n_positives, n_rows = int(positive.sum()), y_true.size
    row = {"rows": n_rows, "positives": n_positives, "note": ""}
    strata = one_stratum(n_rows, groups)

    def share(name, part, whole):
        total = float(whole.sum())
        if total:
            value = float(part.sum()) / total
            error = spread((part - value * whole) / total, strata)
            low, high = score_interval(value, error, total, quantile)
            row.update({name: value, f"{name}_low": low, f"{name}_high": high})

    share("alert_share", flagged * 1.0, np.ones(n_rows))
    if n_positives < FEWEST:
        return row | {"note": TOO_FEW}
    share("recall", (positive & flagged) * 1.0, positive * 1.0)
    share("precision", (positive & flagged) * 1.0, flagged * 1.0)
    expected = float(y_score.sum())
    if expected > 0:
        ratio = n_positives / expected
        # On a logarithmic scale, where a ratio of counts is about normal.
        error = spread((positive - ratio * y_score) / expected, strata)
        half = quantile * error / ratio
        row |= {
            "calibration": ratio,
            "calibration_low": float(ratio * np.exp(-half)),
            "calibration_high": float(ratio * np.exp(half)),
        }
    return row


def one_stratum(n_rows, groups):
    """Return rows, or groups, as units of a single stratum: a segment's positives are not given."""
    if groups is None:
        return Strata([n_rows, 0], np.arange(n_rows))
    _, unit = np.unique(groups, return_inverse=True)
    return Strata([int(unit.max()) + 1, 0], unit)
