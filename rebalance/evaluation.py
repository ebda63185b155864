"""What the training rows recommend, and what the test rows say of it."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rebalance import comparison, errors, metrics, paths
from rebalance.comparison import LOWER_IS_BETTER, Corrected, corrected_t_test, holm
from rebalance.comparison._bootstrap import Strata
from rebalance.comparison._jackknife import contributions, spread
from rebalance.errors import InputError

HALF = 0.5


@dataclass(frozen=True, kw_only=True)
class CrossValidated:
    """A model's out-of-fold score, and its paired difference from the baseline.

    ``difference`` is None for the baseline, and for a model with folds of its own; ``p_adjusted``
    is its p-value after Holm's correction for the arms whose scores are not the baseline's own.
    """

    mean: float
    standard_error: float
    difference: Corrected | None
    p_adjusted: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The model to use, chosen on training rows only."""

    model: str
    cross_validated: dict


def fold_values(scores, metric):
    """Return ``metric`` of every fold, from a model's out-of-fold scores.

    ``scores`` is a dict of columns, as `training.Scores` names them; ``metric`` needs no threshold.
    """
    values = []
    for rows in _folds(scores):
        each = scores["y_true"][rows], scores["y_score"][rows]
        values.append((metrics.ranking(*each) | metrics.probabilistic(*each))[metric])
    return np.array(values)


def _folds(scores):
    return [scores["fold"] == number for number in range(scores["fold"].max() + 1)]


def _folds_a_repeat(scores):
    """Return the number of folds that share no row."""
    repeats = len(scores["row"]) // len(np.unique(scores["row"]))
    return (scores["fold"].max() + 1) // repeats


def recommend(models, metric, *, grouped=False):
    """Return the `Recommendation` of the out-of-fold scores.

    Of the models that beat the baseline by more than one standard error of the paired difference,
    the one of the highest mean is recommended; without any, the baseline is, as the simplest.

    Parameters
    ----------
    models : iterable of (str, dict of columns)
        Name and scores, the baseline's first. They are looked at in turn: no more than those of
        the baseline and of one arm need to be in memory.
    metric : str
    grouped : bool
        Whether rows belong together, so that a row's contribution is not its own.
    """
    sign = -1 if metric in LOWER_IS_BETTER else 1
    models = iter(models)
    baseline, reference = next(models)
    base_values = fold_values(reference, metric)
    found, gains = {baseline: _cross_validated(base_values, reference)}, {}
    for name, columns in models:
        values, difference = fold_values(columns, metric), None
        if same_folds(columns, reference):
            d = values - base_values
            sizes = [(columns["train_rows"][rows][0], rows.sum()) for rows in _folds(columns)]
            difference = corrected_t_test(d, *np.mean(sizes, axis=0))
            if sign * d.mean() > _error(columns, reference, metric, d, grouped):
                gains[name] = sign * d.mean()
        found[name] = _cross_validated(values, columns, difference)
        del columns  # before the next ones are read
    asked = [name for name, each in found.items() if each.difference and each.difference.value]
    adjusted = holm([found[name].difference.p_value for name in asked])
    for name, p_value in zip(asked, adjusted, strict=True):
        found[name] = replace(found[name], p_adjusted=float(p_value))
    best = max(gains, key=gains.get) if gains else baseline
    return Recommendation(model=best, cross_validated=found)


def _cross_validated(values, columns, difference=None):
    return CrossValidated(
        mean=float(values.mean()),
        standard_error=metrics.standard_error(values, _folds_a_repeat(columns)),
        difference=difference,
    )


def _error(arm, baseline, metric, d, grouped):
    """Return the standard error of the mean paired difference, from what each row contributes.

    Five folds know their own spread badly: an arm with a large gain and an unlucky spread would be
    dropped. Metrics without contributions, and rows that belong together, keep it.
    """
    # Of a fold's only positive nobody can tell what the fold is without it.
    few = min(baseline["y_true"][fold].sum() for fold in _folds(baseline)) < 2
    if grouped or few or metric not in {"average_precision", "roc_auc"}:
        return metrics.standard_error(d, _folds_a_repeat(arm))
    rows, unit = np.unique(baseline["row"], return_inverse=True)
    summed, y_true = np.zeros(rows.size), np.zeros(rows.size, dtype=int)
    y_true[unit] = baseline["y_true"]
    for fold in _folds(baseline):
        gained, had = (
            contributions(own["y_true"][fold], own["y_score"][fold], own["y_score"][fold] >= HALF)
            for own in (arm, baseline)
        )
        summed[unit[fold]] += (gained[metric][1] - had[metric][1]) / len(d)
    return spread(summed, Strata.of(y_true))[0]


def same_folds(left, right):
    """Say whether two models were scored on the same rows in the same folds."""
    return all(np.array_equal(left[column], right[column]) for column in ("fold", "row"))


def check_thresholds(models, section):
    """Raise `InputError` where a model was trained with other rules of ``threshold``.

    Parameters
    ----------
    models : dict of str to CorrectedClassifier
    section : params.Threshold
    """
    wanted = {name: rule.rule for name, rule in section.rules.items()}
    for name, model in models.items():
        chosen = {key: found["name"] for key, found in model.thresholds.items()}
        if chosen != wanted or model.threshold != model.thresholds[section.use]["value"]:
            raise InputError(
                f"{paths.model(name)} was trained with another section 'threshold' of params.yaml; "
                "run 'dvc repro' to train it again."
            )


def raw_scores(name, model, table):
    """Return a model's uncorrected probabilities of the rows, shape (n_rows,).

    Raises
    ------
    InputError
        Where it takes no missing values and these rows have some: the training rows had none.
    """
    try:
        return model.raw_scores(table.X)
    except ValueError as error:
        gaps = [key for i, key in enumerate(table.features) if np.isnan(table.X[:, i]).any()]
        if not gaps:
            raise
        raise InputError(
            f"model {name} takes no missing values, and {', '.join(gaps)} have some in the test "
            "rows; fill them, or use hist_gradient_boosting."
        ) from error


def judge(y_true, y_score, threshold, params):
    """Return the metrics of one model on the test rows, for ``metrics/scores.json``.

    Decision metrics are given at the model's threshold, and at .5 under ``at_half``; ``params`` is
    a `params.Evaluate`.
    """
    found = metrics.score(y_true, y_score, threshold, k=params.alerts, precision=params.precision)
    return {
        **found,
        "no_information_rate": metrics.no_information_rate(y_true),
        "threshold": threshold,
        "at_half": metrics.decision(y_true, y_score, HALF),
    }


def compare(y_true, y_scores, flagged_from, baseline, params, groups=None):
    """Return the `comparison.Comparison` of every model with the baseline at .5.

    The baseline with its chosen threshold is a treatment of its own, the cheapest of all.

    Parameters
    ----------
    y_scores, flagged_from : dict of str to array, dict of str to float
        By model.
    params : params.Evaluate
    groups : array of shape (n_rows,) or None
        Rows that belong together are drawn together.
    """
    models = {baseline: (y_scores[baseline], HALF)}
    models[paths.MOVED] = (y_scores[baseline], flagged_from[baseline])
    for name, y_score in y_scores.items():
        if name != baseline:
            models[name] = (y_score, flagged_from[name])
    return comparison.compare(
        y_true,
        models,
        baseline,
        metric=params.metric,
        n_draws=params.bootstrap,
        seed=params.seed,
        groups=groups,
        k=params.alerts,
        precision=params.precision,
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
        found = table.column(name) if name else table.groups
    if found is None:
        return None
    codes, _ = pd.factorize(found)
    with_positive = len(np.unique(codes[table.y == 1]))
    if (codes < 0).any() or with_positive < 2:
        raise InputError(
            f"{name or 'split.column'} must hold a group in every test row, with positives in two "
            f"groups or more, got {int((codes < 0).sum())} rows without and {with_positive} groups "
            "with a positive; name another column."
        )
    return codes


def drawn(y_true, raw, y_score):
    """Return what the figures draw of one model: `curves`, and `reliability` before and after."""
    return {
        "curves": curves(y_true, y_score),
        "raw": reliability(y_true, raw),
        "corrected": reliability(y_true, y_score),
    }


def curves(y_true, y_score, points=200):
    """Return the precision-recall and ROC curves, thinned to about ``points`` steps.

    Returns
    -------
    dict of str to array
        ``recall``, ``precision`` and ``false_positive_rate``, from the highest score down.
    """
    curve = metrics.curve(np.asarray(y_true), np.asarray(y_score))
    positives, negatives = curve.tp[-1], curve.fp[-1]
    # Recall moves in steps of one positive: keep the steps, thin the long tails.
    steps = np.flatnonzero(np.diff(curve.tp, prepend=0))
    steps = steps[:: len(steps) // points + 1]
    tail = np.searchsorted(curve.fp, np.linspace(0, negatives, points))
    keep = np.union1d(steps, np.minimum(tail, len(curve.tp) - 1))
    tp, fp = curve.tp[keep], curve.fp[keep]
    return {
        "recall": tp / positives,
        "precision": tp / (tp + fp),
        "false_positive_rate": fp / negatives,
    }


def reliability(y_true, y_score, bins=10):
    """Return mean probability and share of positives in bins of equal expected positives.

    With a rare class, bins of equal count hold hardly a positive but for the last; here each holds
    the same sum of probabilities.

    Returns
    -------
    dict of str to array
        ``mean_probability``, ``share_of_positives`` and ``rows``.
    """
    order = np.argsort(y_score, kind="stable")
    expected = np.cumsum(y_score[order])
    edges = np.searchsorted(expected, expected[-1] * np.arange(1, bins) / bins)
    parts = [part for part in np.split(order, edges) if len(part)]
    return {
        "mean_probability": np.array([y_score[part].mean() for part in parts]),
        "share_of_positives": np.array([y_true[part].mean() for part in parts]),
        "rows": np.array([len(part) for part in parts]),
    }
