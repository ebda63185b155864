"""What decisions cost on the test rows, with intervals, and what flagging none and all costs."""

import numpy as np

from rebalance import thresholds
from rebalance.comparison.skewed import skewed_interval, units_worth

# Below so many mistakes of equal cost, and above such a standard deviation of the logarithm of
# the costs, intervals cover less than 92 %: see `python -m benchmarks.honesty --part costs`. Two
# models often differ in a handful of positives: their difference needs more. The same number of
# rows of one kind is the least where so many of them would make the interval wider than it is.
FEWEST_MISTAKES, MOST_UNEQUAL, FEWEST_POSITIVES = 5, 1.25, 50

CUT = "it was cut at 1, the most that can be saved"


def of_decisions(y_true, flagged, costs, groups=None):
    """Return `thresholds.savings` with 95 % intervals, and why they may not hold.

    The numbers of positives and negatives are free, as they are in the next sample: what is
    spent depends on how many positives come.

    Parameters
    ----------
    y_true : array of shape (n_rows,)
    flagged : array of bool of shape (n_rows,)
    costs : dict of str to float or array
        Those of `thresholds.Costs` by name.
    groups : array of shape (n_rows,), optional
        Rows that belong together.

    Returns
    -------
    dict
        ``cost``, ``cost_of_none``, ``cost_of_all`` and ``savings`` as `thresholds.savings` has
        them, ``cost_low``, ``cost_high``, ``savings_low``, ``savings_high``, ``cost_doubt`` and
        ``savings_doubt``, where the upper end is the most that can be saved and says nothing.
    """
    numbers = thresholds.savings(y_true, flagged, **costs)
    spent = thresholds.cost_by_row(y_true, flagged, **costs)
    low, high = skewed_interval(numbers["cost"], _by_unit(spent, groups))
    numbers |= {"cost_low": max(low, _least(y_true, costs)), "cost_high": high}
    if "savings" in numbers:
        everything = np.full(flagged.shape, numbers["cost_of_all"] < numbers["cost_of_none"])
        otherwise = thresholds.cost_by_row(y_true, everything, **costs)
        share = numbers["savings"]
        saved = ((1 - share) * otherwise - spent) / otherwise.sum()
        low, high = skewed_interval(share, _by_unit(saved, groups))
        # No decision saves more than everything.
        numbers |= {"savings_low": low, "savings_high": min(high, 1.0)}
        if high > 1:
            numbers["savings_doubt"] = CUT
    if reason := doubt(y_true, flagged, costs, groups):
        numbers["cost_doubt"] = reason
    return numbers


def difference(y_true, flagged, other, costs, groups=None):
    """Return how much more decisions cost than other decisions on the same rows, and its ends."""
    apart = thresholds.cost_by_row(y_true, flagged, **costs)
    apart = apart - thresholds.cost_by_row(y_true, other, **costs)
    total = float(apart.sum())
    low, high = skewed_interval(total, _by_unit(apart, groups))
    numbers = {"cost_difference": total, "cost_difference_low": low, "cost_difference_high": high}
    unlike = flagged != other
    reason = unequal(y_true, flagged | other, costs) or _rare(
        y_true, unlike, costs, apart, groups, "the decisions on fewer than {} {}s differ"
    )
    if np.count_nonzero(y_true) < FEWEST_POSITIVES:
        reason = f"the test rows have fewer than {FEWEST_POSITIVES} positives"
    return numbers | ({"cost_difference_doubt": reason} if reason and low < high else {})


def doubt(y_true, flagged, costs, groups=None):
    """Return why the intervals of costs may not hold; nothing where they do."""
    cells = thresholds.Costs(**costs)
    excess = thresholds.cost_by_row(y_true, flagged, **costs) - np.minimum(cells.c_tn, cells.c_tp)
    if units_worth(_by_unit(excess, groups)) < FEWEST_MISTAKES:
        return f"the costs are those of fewer than {FEWEST_MISTAKES} mistakes of equal size"
    if (reason := unequal(y_true, flagged, costs)) or flagged.all() or not flagged.any():
        return reason  # a policy that flags all or none makes the same mistakes in other rows
    spent = thresholds.cost_by_row(y_true, flagged, **costs)
    wrong = flagged != (y_true == 1)
    return _rare(
        y_true, wrong, costs, spent, groups, "the decisions on fewer than {} {}s are wrong"
    )


def _rare(y_true, rows, costs, parts, groups, said):
    """Return which rows are too few for what one of them costs; nothing where none are.

    An interval knows only what it has seen: where no positive is missed and one would cost as much
    as a hundred alarms, the next sample may cost far more.

    Parameters
    ----------
    rows : array of bool of shape (n_rows,)
        The mistakes, or the rows on which two decisions differ.
    parts : array of shape (n_rows,)
        What each row adds to the number.
    said : str
        The reason, with places for the least number of rows and the name of a class.
    """
    cells, positive = thresholds.Costs(**costs), y_true == 1
    each = _by_unit(parts, groups)
    variance = each.size * float(each.var())
    for name, dearer, of in (
        ("positive", np.subtract(cells.c_fn, cells.c_tp), positive),
        ("negative", np.subtract(cells.c_fp, cells.c_tn), ~positive),
    ):
        here = rows & of
        seen = here.sum() if groups is None else np.unique(groups[here]).size
        sizes = np.broadcast_to(dearer, y_true.shape)
        size = float(sizes[here].sum() / seen if seen else sizes[of].mean())
        if seen < FEWEST_MISTAKES and FEWEST_MISTAKES * size**2 > variance > 0:
            return said.format(FEWEST_MISTAKES, name) + ", and a few more would outweigh the rest"
    return ""


def unequal(y_true, flagged, costs):
    """Return which costs are too unequal for an interval; nothing where none is."""
    cells, positive = thresholds.Costs(**costs), y_true == 1
    for name, cost, rows in (
        ("a missed positive", cells.c_fn, positive),
        ("a false alarm", cells.c_fp, ~positive & flagged),
    ):
        each = np.broadcast_to(cost, y_true.shape)[rows]
        each = each[each > 0]
        if each.size > 1 and np.log(each).std(ddof=1) > MOST_UNEQUAL:
            return f"the costs of {name} are very unequal"
    return ""


def _least(y_true, costs):
    """Return what the best decision of every row costs: nothing can cost less."""
    best = thresholds.Costs(**costs)
    return float(np.where(y_true == 1, best.c_tp, best.c_tn).min()) * y_true.size


def _by_unit(values, groups):
    """Return the sums of rows over their groups, where they belong to groups."""
    return values if groups is None else np.bincount(groups, weights=values)
