"""Compare models on the same rows: intervals, paired differences, verdicts.

`compare` answers for a test set, `corrected_t_test` for repeated folds. Every number comes with a
95 % interval or with the reason why it has none, and nothing is NaN or infinite.
"""

from dataclasses import asdict, dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from rebalance import metrics
from rebalance.comparison.bootstrap import Strata, draws
from rebalance.comparison.estimates import (
    Estimates,
    Scored,
    differences_of,
    intervals_of,
    paired_recall,
)
from rebalance.comparison.intervals import doubt
from rebalance.comparison.seeds import over_seeds
from rebalance.comparison.significance import mcnemar
from rebalance.comparison.verdicts import FITTED, TREATMENT, verdicts
from rebalance.errors import number_of
from rebalance.metrics.table import DECISION, RANKING


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that `compare` finds; ``to_dict`` is ready for JSON.

    Attributes
    ----------
    baseline, metric : str
        The metric is that of the verdicts.
    draws : int
    groups : int or None
        Groups drawn, where rows belong to groups.
    intervals : dict of str to dict of str to Interval
        By model and metric.
    differences : dict of str to dict of str to Difference
        By arm and metric.
    mcnemar : dict of str to dict of str to Discordant
        By arm, then ``positives`` and ``negatives``. Empty where rows belong to groups, whose
        rows do not count one by one.
    verdicts : dict of str to Verdict
        By arm.
    absent : dict of str to dict of str to str
        By model and metric, why there is no interval.
    doubted : dict of str to dict of str to str
        By model and metric, why an interval may not hold.
    margin : float
        Differences below it make no difference in practice.
    against_moved : dict of str to dict of str to Difference
        Of decisions, by arm and metric, against the baseline whose threshold was chosen as the
        arms' thresholds were: what the arm adds to moving the threshold.
    """

    baseline: str
    metric: str
    draws: int
    groups: int | None
    intervals: dict
    differences: dict
    mcnemar: dict
    verdicts: dict
    absent: dict
    doubted: dict
    margin: float = 0.0
    against_moved: dict = field(default_factory=dict)

    def to_dict(self):
        """Return plain dicts and numbers."""
        return asdict(self)


# Threads of BLAS wait for each other where other programs run: five times the time, for nothing.
@threadpool_limits.wrap(limits=1, user_api="blas")
def compare(
    y_true,
    models,
    baseline,
    *,
    metric="average_precision",
    n_draws=2000,
    seed=0,
    groups=None,
    k=None,
    precision=0.9,
    margin=0.0,
    moved=None,
    reseeded=None,
    pool=None,
):
    """Return intervals of each metric of each model, and each arm against the baseline.

    Parameters
    ----------
    y_true : array-like of shape (n_rows,)
    models : dict of str to (y_score, threshold)
        Probabilities, and a number to flag from, or an array of bool: the decisions themselves.
    baseline : str
        The model that the others, the arms, are compared with.
    metric : str
        What the verdicts look at.
    n_draws : int
        Draws of the bootstrap, the same for all models.
    seed : int
    groups : array-like of shape (n_rows,), optional
        Draw whole groups of rows: a card, a customer.
    k, precision
        As in `rebalance.metrics.ranking_metrics`.
    margin : float
        Differences of ``metric`` below it make no difference in practice.
    moved : str, optional
        The model whose decisions the others' decisions are compared with as well: the baseline
        at a threshold chosen as theirs were.
    reseeded : dict of str to list of array of shape (n_rows,), optional
        Probabilities that fits of a model with other seeds give, by model; a list is empty where
        no seed changes them. With it verdicts speak of treatments, and without of fitted models.
    pool : (concurrent.futures.Executor, int), optional
        Threads for the draws, and how many; they change no number.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If arrays do not fit together, the baseline or metric is unknown, or there are fewer than
        two positives or negatives, or two groups with a positive.
    """
    y_true, models = _check(y_true, models, baseline, n_draws, margin)
    strata = _strata(y_true, groups)
    n_positives = int(y_true.sum(dtype=np.int64))
    k = n_positives if k is None else k
    again = {
        (name, number): metrics.check_probability(metrics.check(y_true, y_score)[1])
        for name, others in (reseeded or {}).items()
        for number, y_score in enumerate(others)
    }
    decided = models | {key: (y_score, models[key[0]][1]) for key, y_score in again.items()}
    # The baseline stands twice, at two thresholds: what follows from its scores is found once.
    scores = {id(y_score): y_score for y_score, _ in decided.values()}
    drawn = draws(
        y_true, scores, strata, n_draws=n_draws, seed=seed, k=k, precision=precision, pool=pool
    )
    scored = {
        key: Scored.of(y_true, y_score, drawn[key], k, precision) for key, y_score in scores.items()
    }
    known = {
        name: Estimates.of(y_true, scored[id(y_score)], flagged, k)
        for name, (y_score, flagged) in decided.items()
    }
    directed = [name for name in known[baseline].values if metrics.metric(name).better]
    if metric not in directed:
        names = ", ".join(sorted(directed))
        raise ValueError(f"the metric of the verdicts must be one of {names}, got {metric!r}.")
    found = {name: intervals_of(known[name], strata) for name in models}
    intervals, absent = ({name: each[i] for name, each in found.items()} for i in (0, 1))
    arms = [name for name in models if name != baseline]
    differences = {arm: differences_of(known[arm], known[baseline], strata) for arm in arms}
    against_moved = {
        arm: differences_of(known[arm], known[moved], strata, DECISION)
        for arm in arms
        if moved and arm != moved
    }
    pairs = {}
    if groups is None:
        for other, apart in ((baseline, differences), (moved, against_moved)):
            for arm, by_metric in apart.items():
                decisions = models[arm][1], models[other][1]
                pair = {
                    side: mcnemar(*(flagged[y_true == label] for flagged in decisions))
                    for side, label in (("positives", 1), ("negatives", 0))
                }
                by_metric["recall"] = paired_recall(
                    by_metric["recall"], pair["positives"], n_positives
                )
                pairs.setdefault(arm, pair)
    apart = {
        arm: (each[metric], strata.sizes[0] - 1)
        for arm, each in differences.items()
        if metric in each
    }
    if reseeded is not None:
        seeds = {
            name: [known[name], *(known[key] for key in again if key[0] == name)] for name in models
        }
        apart = {arm: over_seeds(metric, seeds[arm], seeds[baseline], strata) for arm in arms}
    return Comparison(
        baseline=baseline,
        metric=metric,
        draws=n_draws,
        groups=None if groups is None else sum(strata.sizes),
        intervals=intervals,
        differences=differences,
        mcnemar=pairs,
        verdicts=verdicts(
            {arm: each for arm, (each, _) in apart.items()},
            metric,
            n_positives,
            {arm: df for arm, (_, df) in apart.items()},
            margin,
            FITTED if reseeded is None else TREATMENT,
            [arm for arm in apart if _same(metric, apart[arm][0], models[arm], models[baseline])],
        ),
        absent=absent,
        doubted={name: _doubts(each, n_positives) for name, each in intervals.items()},
        margin=margin,
        against_moved=against_moved,
    )


def _same(metric, apart, arm, baseline):
    """Say whether a metric sees the baseline's own scores, or decisions, in an arm."""
    if apart.value or apart.standard_error:
        return False
    (y_score, flagged), (own, decided) = arm, baseline
    family = metrics.metric(metric).family
    if family == RANKING:
        y_score, own = (np.unique(each, return_inverse=True)[1] for each in (y_score, own))
    same = np.array_equal(y_score, own)
    return same and (family != DECISION or np.array_equal(flagged, decided))


def _doubts(intervals, n_positives):
    """Return the metrics whose interval may not hold, each with the reason."""
    reasons = {name: doubt(name, each.value, n_positives) for name, each in intervals.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _strata(y_true, groups):
    """Return the strata, or raise ValueError where they are too small to draw from."""
    if groups is not None and np.shape(groups) != y_true.shape:
        raise ValueError(
            f"groups must have one group a row, got shape {np.shape(groups)} for {y_true.shape}."
        )
    strata = Strata.of(y_true, groups)
    counts = np.bincount(y_true, minlength=2)
    if counts.min() < 2 or strata.sizes[0] < 2:
        where = "" if groups is None else f" in {number_of(strata.sizes[0], 'group')}"
        raise ValueError(
            "a comparison needs two positives, not of one group, and two negatives, got "
            f"{number_of(counts[1], 'positive')}{where} and {number_of(counts[0], 'negative')}: "
            "test on more rows."
        )
    return strata


def _check(y_true, models, baseline, n_draws, margin):
    """Return labels, and scores and decisions by model, or raise ValueError."""
    if baseline not in models:
        raise ValueError(f"the baseline must be one of {', '.join(models)}, got {baseline!r}.")
    if not margin >= 0:
        raise ValueError(f"the margin must be 0 or more, got {margin}.")
    if n_draws < 100:
        raise ValueError(f"n_draws must be 100 or more, got {n_draws}: percentiles need draws.")
    checked = {}
    for name, (scores, threshold) in models.items():
        y_true, y_score = metrics.check(y_true, scores)
        metrics.check_probability(y_score)
        flagged = np.asarray(threshold)
        if flagged.ndim == 0:
            flagged = y_score >= flagged
        if flagged.shape != y_score.shape or flagged.dtype != bool:
            raise ValueError(
                f"the decisions of {name} must be a threshold or one bool a row, got "
                f"{flagged.dtype} of shape {flagged.shape} for {y_score.shape}."
            )
        checked[name] = (y_score, flagged)
    return y_true, checked
