"""Judge every model on the test rows."""

import numpy as np
import pandas as pd

from rebalance import comparison, errors, metrics, paths
from rebalance.errors import InputError, number_of
from rebalance.judging.prevalence import restated
from rebalance.judging.rules import by_rule
from rebalance.metrics.table import RANKING


def raw_scores(models, table, executor):
    """Return the uncorrected probabilities of every model, of rows that are read in blocks.

    Parameters
    ----------
    models : dict of str to CorrectedClassifier
    table : store.Table
    executor : concurrent.futures.Executor
        On threads: the models answer side by side.

    Returns
    -------
    dict of str to array
    """
    raw, start = {name: np.empty(table.y.size) for name in models}, 0
    for block in table.blocks():
        answers = executor.map(lambda model, X=block: model.raw_scores(X), models.values())
        for scores, answer in zip(raw.values(), answers, strict=True):
            scores[start : start + len(block)] = answer
        start += len(block)
    return raw


def reseeded_scores(models, seeds, table, executor):
    """Return the probabilities that every model's fits with other seeds give, lists by name.

    None where verdicts speak of fitted models, ``seeds`` being 1.

    Parameters
    ----------
    models : dict of str to CorrectedClassifier
    seeds : int
        ``evaluate.seeds``.
    table : store.Table
        Not read where no model has such fits.
    executor : concurrent.futures.Executor
    """
    if seeds == 1:
        return None
    others = {
        (name, number): other
        for name, model in models.items()
        for number, other in enumerate(model.reseeded())
    }
    raw = raw_scores(others, table, executor) if others else {}
    found = {name: [] for name in models}
    for (name, number), other in others.items():
        found[name].append(other.correct(raw.pop((name, number))))
    return found


def constant(raw):
    """Return the names of the models that give every row the same score."""
    return [name for name, scores in raw.items() if np.ptp(scores) == 0]


def check_thresholds(models, section):
    """Raise `InputError` where a model was trained with other rules of ``threshold``.

    Parameters
    ----------
    models : dict of str to CorrectedClassifier
    section : params.Threshold
    """
    wanted = {name: rule.rule for name, rule in section.rules.items()}
    for name, model in models.items():
        chosen = {key: threshold["name"] for key, threshold in model.thresholds.items()}
        if chosen != wanted or model.threshold != model.thresholds[section.use]["value"]:
            raise InputError(
                f"{paths.model(name)} was trained with another section 'threshold' of params.yaml; "
                "run 'dvc repro' to train it again."
            )


def judge(y_true, y_score, threshold, params):
    """Return the metrics of one model on the test rows, for ``metrics/scores.json``.

    Decision metrics are given at the model's threshold, and at .5 under ``at_half``; ``params`` is
    a `params.Evaluate`.
    """
    scores = metrics.score(y_true, y_score, threshold, k=params.alerts, precision=params.precision)
    return {
        **scores,
        "no_information_rate": metrics.no_information_rate(y_true),
        "threshold": threshold,
        "at_half": metrics.decision_metrics(y_true, y_score, metrics.HALF),
    }


def judge_all(models, table, y_scores, rules, params, groups=None):
    """Return the metrics of every model, and what every rule's decisions are worth.

    Parameters
    ----------
    models : dict of str to CorrectedClassifier
        The baseline's first: the costs of the others are compared with its costs.
    table : store.Table
        The test rows.
    y_scores : dict of str to array of shape (n_rows,)
    rules : dict of str to params.Rule
    params : params.Params
    groups : array of shape (n_rows,) or None

    Returns
    -------
    scores, decisions : dict of str to dict
        `judge`, with the metrics at ``data.prevalence`` where it is given, and `by_rule`.
    """
    scores, decisions, first = {}, {}, None
    for name, model in models.items():
        y_score, chosen = y_scores[name], model.thresholds
        scores[name] = judge(table.y, y_score, model.threshold, params.evaluate)
        decisions[name] = by_rule(table, y_score, chosen, rules, groups, baseline=first)
        first = first or (y_score, chosen)
        if share := params.data.prevalence:
            scores[name]["at_prevalence"] = restated(
                table, y_score, chosen, rules, model.share, share, groups
            )
    return scores, decisions


def compare(
    y_true, y_scores, flagged_from, baseline, params, groups=None, reseeded=None, pool=None
):
    """Return the `comparison.Comparison` of every model with the baseline at .5.

    The baseline with its chosen threshold is a treatment of its own, the cheapest of all, and the
    decisions of every arm are compared with its decisions too.

    Parameters
    ----------
    y_scores, flagged_from : dict of str to array, dict of str to float
        By model.
    params : params.Evaluate
    groups : array of shape (n_rows,) or None
        Rows that belong together are drawn together.
    reseeded : dict of str to list of array, optional
        What `reseeded_scores` returns, where verdicts are to speak of treatments.
    pool : (concurrent.futures.Executor, int), optional
        Threads, and how many.
    """
    models = {baseline: (y_scores[baseline], metrics.HALF)}
    models[paths.MOVED] = (y_scores[baseline], flagged_from[baseline])
    for name, y_score in y_scores.items():
        if name != baseline:
            models[name] = (y_score, flagged_from[name])
    _check_margin(y_true, y_scores[baseline], params)
    return comparison.compare(
        y_true,
        models,
        baseline,
        metric=params.metric,
        margin=params.margin,
        moved=paths.MOVED,
        reseeded=reseeded and reseeded | {paths.MOVED: reseeded[baseline]},
        n_draws=params.bootstrap,
        seed=params.seed,
        groups=groups,
        k=params.alerts,
        precision=params.precision,
        pool=pool,
    )


def seed_of(name, params):
    """Return the seed of the one fit that a verdict on a model speaks of.

    Other seeds of the same treatment give other scores, and a test of rows does not know how far
    apart they are.
    """
    if name == paths.TUNED:
        return params.tune.seed
    return params.resample[name].seed if name in params.resample else params.learner.seed


def _check_margin(y_true, y_score, params):
    """Raise `InputError` where a margin reaches from the baseline's value to 0.

    Where higher is better, no loss could leave it, and where lower is better, no gain.
    """
    metric = metrics.metric(params.metric)
    if params.margin and (metric.share or metric.better == "lower"):
        ranking = metric.family == RANKING
        of = metrics.ranking_metrics if ranking else metrics.probability_metrics
        value = of(y_true, y_score)[params.metric]
        if params.margin >= value:
            raise InputError(
                f"evaluate.margin must be below the baseline's {metrics.words(params.metric)}, "
                f"{value:.3g}, got {params.margin:g}; give the difference that matters to you, or "
                "0 to call no models equal."
            )


def groups(table, name):
    """Return the groups that are drawn together, or None; `InputError` where they are too few.

    Parameters
    ----------
    table : store.Table
        The test rows.
    name : str
        ``evaluate.groups``; empty for those of the split, if it has any.
    """
    with errors.at("evaluate.groups"):
        column = table.column(name) if name else table.groups
    if column is None:
        return None
    codes, _ = pd.factorize(column)
    with_positive = len(np.unique(codes[table.y == 1]))
    if (codes < 0).any() or with_positive < 2:
        raise InputError(
            f"{name or 'split.column'} must hold a group in every test row, with positives in two "
            f"groups or more, got {number_of(int((codes < 0).sum()), 'row')} without and "
            f"{number_of(with_positive, 'group')} with a positive; name another column."
        )
    return codes
