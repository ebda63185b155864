"""The cost of decisions, and their savings against flagging none and flagging all."""

from typing import NamedTuple

import numpy as np

from rebalance.errors import InputError, listed
from rebalance.params import expressions


class Costs(NamedTuple):
    """The cost of each outcome of a row: false and true, positive and negative."""

    c_fp: float
    c_fn: float
    c_tp: float = 0.0
    c_tn: float = 0.0


def check_costs(costs):
    """Return the costs if each mistake is dearer than the right answer (Elkan 2001)."""
    for mistake, right in (("c_fp", "c_tn"), ("c_fn", "c_tp")):
        worse, better = getattr(costs, mistake), getattr(costs, right)
        if not worse > better:
            raise ValueError(f"{mistake} must exceed {right}, got {worse} and {better}.")
    return costs


def cost(y_true, flagged, **costs):
    """Return the total cost of decisions, given the numbers of `Costs` by name, or one a row.

    With amounts, ``c_tp = c_fp = c_admin`` and ``c_fn = amounts`` (Bahnsen et al. 2014).
    """
    return float(cost_by_row(y_true, flagged, **costs).sum())


def cost_by_row(y_true, flagged, **costs):
    """Return what each decision costs, an array of shape (n_rows,); see `cost`."""
    c_fp, c_fn, c_tp, c_tn = Costs(**costs)
    positive, flagged = np.asarray(y_true) == 1, np.asarray(flagged, dtype=bool)
    when_flagged = np.where(positive, c_tp, c_fp)
    return np.where(flagged, when_flagged, np.where(positive, c_fn, c_tn))


def savings(y_true, flagged, **costs):
    """Return the cost of decisions, of flagging none and of flagging all.

    Parameters
    ----------
    y_true, flagged : array-like of shape (n_rows,)
    **costs
        As in `cost`.

    Returns
    -------
    dict of str to float
        ``cost``, ``cost_of_none``, ``cost_of_all`` and ``savings``, the share saved of the
        cheaper of the two (Bahnsen et al. 2014): 1 at no cost, negative when the decisions are
        worse than none or all. Absent when the cheaper of the two costs nothing.
    """
    flagged = np.asarray(flagged, dtype=bool)
    totals = {
        "cost": cost(y_true, flagged, **costs),
        "cost_of_none": cost(y_true, np.zeros_like(flagged), **costs),
        "cost_of_all": cost(y_true, np.ones_like(flagged), **costs),
    }
    cheaper = min(totals["cost_of_none"], totals["cost_of_all"])
    return totals | ({"savings": 1 - totals["cost"] / cheaper} if cheaper > 0 else {})


def amounts(table, name, rule):
    """Return what a rule with a threshold for each row looks at, or None.

    Parameters
    ----------
    table : store.Table
    name : str
        The rule's key in ``threshold.rules``.
    rule : params.Rule

    Returns
    -------
    array of shape (n_rows,), Costs of such arrays, or None
        The amounts of ``amount_cost``; the costs of ``cost_by_row``; None for other rules.

    Raises
    ------
    InputError
        Where a column is missing, or holds no amounts or costs.
    """
    if not rule.per_row:
        return None
    if rule.rule == "cost_by_row":
        return _costs(table, name, rule)
    key = f"threshold.rules.{name}.column"
    values = _column(table, rule.column, key, name)
    if not (values >= 0).all():
        raise InputError(
            f"{key} must hold an amount of 0 or more in every row, and {rule.column!r} does not; "
            f"name another column, or remove the rule {name}."
        )
    return values


def _column(table, column, key, name):
    """Return a column of numbers; `InputError` where there is none."""
    if column not in {*table.features, *table.others}:
        raise InputError(
            f"{key} must be a column, got {column!r}; the columns are {listed(table.names)}. Name "
            f"one, or remove the rule {name}."
        )
    values = table.column(column)
    if values.dtype.kind not in "biuf":
        raise InputError(
            f"{key} must hold an amount of 0 or more in every row, and {column!r} does not; "
            f"name another column, or remove the rule {name}."
        )
    return values.astype(float)


def _costs(table, name, rule):
    """Return the `Costs` of every row; `InputError` where one is no number or a mistake pays."""
    cells = {}
    for cell, cost in rule.cells.items():
        key = f"threshold.rules.{name}.{cell}"
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values = (
                expressions.value(
                    cost,
                    lambda column, key=key: _column(table, column, key, name),
                    np.minimum,
                    np.maximum,
                )
                if isinstance(cost, str)
                else cost
            )
        cells[cell] = np.broadcast_to(np.asarray(values, dtype=float), table.y.shape)
        wrong = int(np.count_nonzero(~np.isfinite(cells[cell])))
        if wrong:
            raise InputError(
                f"{key} must be a number in every row, and {cost!r} is none in {wrong:,}; change "
                f"the expression, or remove the rule {name}."
            )
    for mistake, right in (("c_fp", "c_tn"), ("c_fn", "c_tp")):
        wrong = int(np.count_nonzero(cells[mistake] < cells[right]))
        if wrong:
            raise InputError(
                f"threshold.rules.{name}.{mistake} must be at least {right} in every row, and is "
                f"less in {wrong:,}; change one of them, or remove the rule {name}."
            )
    return Costs(**cells)


def of_rule(rule, amounts):
    """Return the costs of a rule's outcomes by name, numbers or arrays; None where it has none.

    ``amounts`` is what `amounts` returns for the rule.
    """
    if rule.rule == "amount_cost":
        return {"c_tp": rule.c_admin, "c_fp": rule.c_admin, "c_fn": amounts}
    if rule.rule == "cost_by_row":
        return amounts._asdict()
    return rule.options if rule.rule in {"expected_cost", "empirical_cost"} else None
