"""Run the checks of a table, of its split, of what is planned and of what came out."""

from dataclasses import dataclass

import numpy as np

from rebalance.checks import registry
from rebalance.checks.column import Column, step
from rebalance.checks.finding import in_order

# Evenly spaced rows of each side that a shift is sought in, and of each class that labels are.
MOST_OF_A_SIDE, MOST_OF_A_CLASS = 50_000, 50_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is going to do: positives of each side, folds, arguments of the learner."""

    positives: dict
    folds: dict
    learner: dict
    searched: list

    @classmethod
    def of(cls, params, split):
        """Return the plan of ``params.yaml`` on the rows that ``metrics/split.json`` counts."""
        return cls(
            positives={side: split[side]["positives"] for side in ("train", "test")},
            folds={
                "out_of_fold.folds": params.out_of_fold.folds,
                "tune.folds": params.tune.folds,
            },
            learner=params.learner.params,
            searched=list(params.tune.learner),
        )


@dataclass(frozen=True, kw_only=True)
class Results:
    """What came out: average precision of each model, the study, the baseline's folds.

    ``folds`` holds the values and the numbers of positives; ``constant`` names models that give
    every test row the same score; ``low`` is the lowest ratio that the study may try.
    """

    average_precision: dict
    study: dict
    low: float
    folds: tuple
    constant: list


class _Columnwise:
    """Checks that look at one column after the other and say one sentence of all of them."""

    def __init__(self, looks_at):
        self.found = {check: {} for check in registry.of(looks_at)}

    def look(self, name, *at):
        """Let every check look at a column."""
        for check, found in self.found.items():
            if (value := check.module.look(*at)) is not None:
                found[name] = value

    def findings(self):
        """Yield the findings."""
        for check, found in self.found.items():
            if found and (sentence := check.module.say(found)):
                yield check.finding(sentence)


def of_table(table, features):
    """Return the findings on the features of a whole table, without its labels.

    Parameters
    ----------
    table : store.Columns or pyarrow.Table
        Read a column at a time.
    features : list of str
    """
    checks = _Columnwise("columns")
    for name in features:
        checks.look(name, Column(name, _chunked(table[name])))
    return in_order(checks.findings())


def of_split(table, features, y, sides, split, *, random):
    """Return the findings on a table that is split.

    Labels are looked at in training rows only.

    Parameters
    ----------
    table : store.Columns or pyarrow.Table
    features : list of str
    y : array of 0 and 1, shape (n_rows,)
    sides : (array of int, array of int)
        Numbers of the training rows and of the test rows.
    split : dict
        The content of ``metrics/split.json``.
    random : bool
        Whether rows were drawn one by one, so that groups and times may be on both sides.
    """
    train, test = (np.sort(side) for side in sides)
    rows, weight = _of_both_classes(y, train)
    few = [side[:: step(len(side), MOST_OF_A_SIDE)] for side in (train, test)]
    classes, shifts, order = map(_Columnwise, ("classes", "sides", "order"))
    for name in table.column_names if random else features:
        column = Column(name, _chunked(table[name]))
        if name in features:
            classes.look(name, column.at(rows), y[rows], weight)
            shifts.look(name, *map(column.at, few))
        if random:
            order.look(name, column.every_row(), (train, test))
    each = (checks.findings() for checks in (classes, shifts, order))
    return in_order([found for findings in each for found in findings] + _find("split", split))


def of_plan(plan):
    """Return the findings on a `Plan`."""
    return in_order(_find("plan", plan))


def of_results(results):
    """Return the findings on `Results`."""
    return in_order(_find("results", results))


def _find(looks_at, subject):
    sentences = ((check, check.module.find(subject)) for check in registry.of(looks_at))
    return [check.finding(sentence) for check, sentence in sentences if sentence]


def _of_both_classes(y, rows):
    """Return evenly spaced rows of each class, in order, and how many rows each stands for."""
    chosen, weights = [], []
    for label in (0, 1):
        own = rows[y[rows] == label]
        every = step(len(own), MOST_OF_A_CLASS)
        chosen.append(own[::every])
        weights.append(np.full(len(chosen[-1]), len(own) / len(chosen[-1])))
    chosen = np.concatenate(chosen)
    order = np.argsort(chosen)
    return chosen[order], np.concatenate(weights)[order]


def _chunked(values):
    import pyarrow as pa

    return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
