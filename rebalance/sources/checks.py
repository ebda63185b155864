"""Whether params.yaml names columns of the table, and which columns are features."""

from difflib import get_close_matches

import numpy as np

from rebalance.columns import LARGEST
from rebalance.errors import InputError, shown
from rebalance.sources.layout import listed
from rebalance.sources.reading import named

YEARS = np.array(["0001-01-01", "10000-01-01"], "M8[D]")


def named_columns(reading, data):
    """Raise `InputError` where params.yaml names a column that the table has not."""
    if not reading.rows:
        raise InputError(f"the table of the source {data.source} has no rows, only a header.")
    names = [*reading.columns, *([reading.target] if reading.target else [])]
    lines = []
    if not reading.target:
        near = meant(data.target, names)
        hint = f"; did you mean {near!r}" * bool(near)
        lines.append(
            f"data.target {data.target!r} is no column; the columns are {listed(names)}{hint}."
        )
    missing = data.read.missing if isinstance(data.read.missing, dict) else ()
    by_key = {"drop": data.drop, "columns": data.columns, "read.text": data.read.text}
    for key, said in (by_key | {"read.missing": missing}).items():
        unknown = [name for name in said if named(name, names) is None]
        unknown = [name for name in unknown if name not in reading.unused]
        if unknown:
            are = "are no columns" if len(unknown) > 1 else "is no column"
            lines.append(
                f"data.{key} names {listed(unknown)}, which {are}; the columns are {listed(names)}."
            )
    if lines:
        raise InputError("\n".join(lines))


def meant(name, names):
    """Return the name that is nearest to one that is misspelt; nothing where none is near.

    >>> meant("class", ["a", "Class"]), meant("y", ["a", "b"])
    ('Class', '')
    """
    near = get_close_matches(name.casefold(), {each.casefold(): each for each in names}, n=1)
    return next((each for each in names if each.casefold() in near), "")


def features(reading, data):
    """Return the names of the features, or raise `InputError` for what no learner takes.

    Parameters
    ----------
    reading : reading.Reading
    data : params.Data
    """
    named_columns(reading, data)
    others = {*reading.left_out, *(named(name, reading.columns) for name in data.drop)}
    names = [name for name in reading.columns if name not in others]
    if not names:
        gone = [name for name in reading.columns if name in others]
        raise InputError(f"data.drop leaves no feature: {listed(gone)} are dropped or left out.")
    lines = []
    for name in names:
        column = reading.columns[name]
        extremes = [value for value in (column.low, column.high) if value is not None]
        if column.holds in {"number", "whole number"} and extremes:
            lines += _too_large(name, max(extremes, key=abs))
        if column.holds == "date" and extremes:
            lines += _too_far(name, column.type, extremes)
    if lines:
        more = [f"and {len(lines) - 10} more columns."] * (len(lines) > 10)
        raise InputError("\n".join([*lines[:10], *more]))
    return names


def _too_far(name, type_, extremes):
    unit = "D" if str(type_).startswith("date32") else getattr(type_, "unit", "ms")
    first, last = YEARS.astype(f"M8[{unit}]").astype(int) if unit != "ns" else (-LARGEST, LARGEST)
    if first <= min(extremes) and max(extremes) < last:
        return []
    wrong = max(extremes) if max(extremes) >= last else min(extremes)
    return [
        f"column {shown(name)} must hold dates of the years 1 to 9999, got "
        f"{np.datetime64(int(wrong), unit).astype('M8[Y]')}; name the column in data.drop."
    ]


def _too_large(name, value):
    if abs(value) <= LARGEST:
        return []
    what = "an infinite value" if np.isinf(value) else f"the value {value:.6g}"
    return [
        f"column {shown(name)} must hold numbers up to {LARGEST:.4g}, the largest of single "
        f"precision, got {what}; name it in data.read.missing if it marks a missing value, or the "
        "column in data.drop."
    ]
