"""Run the checks of a table, of its split, of what is planned and of what came out."""

from dataclasses import dataclass

import numpy as np

from rebalance import columns
from rebalance.checks import groups, registry
from rebalance.checks.column import Column, step
from rebalance.checks.finding import Finding, in_order

# Evenly spaced rows of each side that a shift is sought in, and of each class that labels are.
MOST_OF_A_SIDE, MOST_OF_A_CLASS = 50_000, 50_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a run: positives of each side, folds, arguments of the learner.

    ``share`` is that of the positives in the table, ``prevalence`` that where the model is used,
    if params.yaml has one.
    """

    positives: dict
    folds: dict
    learner: dict
    searched: list
    share: float = 1.0
    prevalence: float | None = None

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
            share=1 / (1 + split["train"].get("kept", split["train"])["natural_ratio"]),
            prevalence=params.data.prevalence,
        )


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of a run: average precision of each model, the study, the baseline's folds.

    ``folds`` holds the values and the numbers of positives; ``constant`` names models that give
    every test row the same score; ``low`` is the lowest ratio that the study may try.
    """

    average_precision: dict
    study: dict
    low: float
    folds: tuple
    constant: list

    @classmethod
    def of(cls, scores, study, params, out_of_fold, constant, weight=1.0):
        """Return the results of a run.

        Parameters
        ----------
        scores : dict
            ``metrics/scores.json``.
        study : dict
            ``study`` of ``metrics/tune_ratio.json``.
        params : params.Params
        out_of_fold : dict of arrays
            Out-of-fold scores of the baseline: fold, y_true, y_score.
        constant : list of str
            Models that give every test row the same score.
        weight : float
            How many negatives of the training rows each one stands for.
        """
        return cls(
            average_precision={
                name: values["average_precision"] for name, values in scores.items()
            },
            study=study,
            low=params.tune.low,
            folds=_by_fold(
                **{key: out_of_fold[key] for key in ("fold", "y_true", "y_score")}, weight=weight
            ),
            constant=constant,
        )


def _by_fold(fold, y_true, y_score, weight):
    """Return the average precision and the number of positives of each fold."""
    from sklearn.metrics import average_precision_score

    rows = [fold == number for number in range(fold.max() + 1)]
    weights = None if weight == 1 else np.where(y_true == 1, 1.0, weight)
    values = [
        float(
            average_precision_score(
                y_true[part],
                y_score[part],
                sample_weight=None if weights is None else weights[part],
            )
        )
        for part in rows
    ]
    return values, [int(y_true[part].sum()) for part in rows]


class _Columnwise:
    """Checks that look at one column after the other and say one sentence of all of them."""

    def __init__(self, looks_at):
        self.values = {check: {} for check in registry.of(looks_at)}

    def look(self, name, *at, used=True):
        """Let every check look at a column that a learner sees or, some of them, at another."""
        for check, values in self.values.items():
            if (used or check.unused) and (value := check.module.look(*at)) is not None:
                values[name] = value

    def findings(self):
        """Yield the findings."""
        for check, values in self.values.items():
            if values and (sentence := check.module.say(values)):
                yield check.finding(sentence)


def of_table(table, features, kinds=None, every=1):
    """Return the findings on the features of a whole table, without its labels.

    Parameters
    ----------
    table : store.Columns or pyarrow.Table
        Read a column at a time.
    features : list of str
        What a learner sees.
    kinds : dict of str to str, optional
        What `rebalance.columns` takes each column for; by default features have no kind.
    every : int
        How many rows each of the table stands for.
    """
    kinds = kinds or dict.fromkeys(features)
    checks = _Columnwise("columns")
    for name, kind in kinds.items():
        column = Column(name, _chunked(table[name]), kind=kind, every=every)
        checks.look(name, column, used=name in features)
    return in_order(checks.findings())


def of_passing(rows, features, said):
    """Return lines on the features of a table whose rows have passed by, before it is split.

    Parameters
    ----------
    rows : `Passing`
    features : list of str
    said : dict of str to str
        ``data.columns`` of params.yaml.
    """
    table, every = rows.table, rows.every
    recognised = columns.recognise(table, features, said, every)
    kinds = {name: entry["kind"] for name, entry in recognised.items()}
    findings = of_table(table, columns.used(recognised), kinds, every)
    seen = f"{table.num_rows:,} evenly spaced rows" if every > 1 else "all rows"
    return [f"features, by {seen} (docs/checks.md):", *map(str, findings)] if findings else []


def of_split(table, roles, sides, split):
    """Return the findings on a table that is split.

    Labels are looked at in training rows only.

    Parameters
    ----------
    table : store.Columns or pyarrow.Table
    roles : dict
        The target, the features and the method of the split.
    sides : (array of int, array of int)
        Numbers of the training rows and of the test rows.
    split : dict
        The content of ``metrics/split.json``.
    """
    y, features = table[roles["target"]].to_numpy(), roles["features"]
    train, test = (np.sort(side) for side in sides)
    stands_for = split["train"].get("kept", {}).get("negative_weight", 1.0)
    rows, weight = _of_both_classes(y, train)
    weight[y[rows] == 0] *= stands_for
    sides_alike = (_at_natural_prevalence(y, train, stands_for), test)
    few = [side[:: step(len(side), MOST_OF_A_SIDE)] for side in sides_alike]
    classes, shifts, order = map(_Columnwise, ("classes", "sides", "order"))
    # Only where rows are drawn one by one may groups and times be on both sides by accident.
    random = roles["method"] in {"stratified", "hashed"}
    for name in table.column_names if random else features:
        if name == roles["target"]:
            continue
        kind = None if name in roles.get("columns", features) else groups.DROPPED
        column = Column(name, _chunked(table[name]), kind=kind)
        if name in features:
            classes.look(name, column.at(rows), y[rows], weight)
            shifts.look(name, *map(column.at, few))
        if random:
            order.look(name, column.every_row(), (train, test))
    each = (checks.findings() for checks in (classes, shifts, order))
    return in_order([finding for findings in each for finding in findings] + _find("split", split))


def of_sides(table, roles, sides, split):
    """Return the findings of `of_table` and of `of_split`."""
    kinds = {name: entry["kind"] for name, entry in roles.get("columns", {}).items()}
    findings = of_table(table, roles["features"], kinds)
    return in_order(findings + of_split(table, roles, sides, split))


def of_plan(plan):
    """Return the findings on a `Plan`."""
    return in_order(_find("plan", plan))


def of_results(results):
    """Return the findings on `Results`."""
    return in_order(_find("results", results))


def together(split_findings, plan, results):
    """Return all findings of a run: those that the stage split wrote, of the plan, of the results.

    ``split_findings`` is the content of ``metrics/checks/split.json``.
    """
    earlier = [Finding(**finding) for finding in split_findings]
    return in_order(earlier + of_plan(plan) + of_results(results))


def _find(looks_at, subject):
    sentences = ((check, check.module.find(subject)) for check in registry.of(looks_at))
    return [check.finding(sentence) for check, sentence in sentences if sentence]


def _at_natural_prevalence(y, rows, stands_for):
    """Return the negatives, and of the positives as many as so many negatives have in the table."""
    positive = y[rows] == 1
    few = rows[positive][:: max(1, round(stands_for))]
    return np.sort(np.concatenate([rows[~positive], few]))


def _of_both_classes(y, rows):
    """Return evenly spaced rows of each class, in order, and how many rows each stands for."""
    chosen, weights = [], []
    for label in (0, 1):
        of_class = rows[y[rows] == label]
        every = step(len(of_class), MOST_OF_A_CLASS)
        chosen.append(of_class[::every])
        weights.append(np.full(len(chosen[-1]), len(of_class) / len(chosen[-1])))
    chosen = np.concatenate(chosen)
    order = np.argsort(chosen)
    return chosen[order], np.concatenate(weights)[order]


def _chunked(values):
    import pyarrow as pa

    return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
