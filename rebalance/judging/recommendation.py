"""Recommend a model from out-of-fold scores of the training rows."""

from dataclasses import dataclass, replace

import numpy as np

from rebalance import metrics
from rebalance.comparison import (
    Corrected,
    Strata,
    corrected_t_test,
    holm,
    of_ranking,
    spread,
)


@dataclass(frozen=True, kw_only=True)
class CrossValidated:
    """A model's out-of-fold score, and its paired difference from the baseline.

    Attributes
    ----------
    mean, standard_error : float
        Of the folds' scores.
    difference : comparison.Corrected or None
        None for the baseline, and for a model with folds of its own.
    p_adjusted : float
        The p-value of the difference after Holm's correction for the arms whose scores are not the
        baseline's own.
    error : float or None
        The standard error of the difference that the recommendation rests on.
    """

    mean: float
    standard_error: float
    difference: Corrected | None
    p_adjusted: float = 1.0
    error: float | None = None


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The model to use, chosen on training rows only, and the numbers that chose it.

    Attributes
    ----------
    model : str
    cross_validated : dict of str to CrossValidated
    candidate : str or None
        The arm with the largest gain over the baseline; it is recommended where its gain, or that
        of any arm, exceeds its standard error. None without an arm that can be compared.
    gain, error : float
        Of the recommended arm, else of the candidate.
    chance : float
        How often the best of so many arms that are equal to the baseline gains as many standard
        errors by luck (Sidak 1967).
    arms : int
        Arms whose scores are not the baseline's own.
    """

    model: str
    cross_validated: dict
    candidate: str | None = None
    gain: float = 0.0
    error: float = 0.0
    chance: float = 1.0
    arms: int = 0

    def to_dict(self):
        """Return the numbers of the choice as plain values."""
        return {
            name: getattr(self, name)
            for name in ("model", "candidate", "gain", "error", "chance", "arms")
        }


def fold_values(scores, metric, weight=1.0):
    """Return ``metric`` of every fold, from a model's out-of-fold scores.

    ``scores`` is a dict of columns, as `training.Scores` names them; ``metric`` needs no threshold.
    Each negative stands for ``weight`` of them.
    """
    values = []
    for rows in _folds(scores):
        each = scores["y_true"][rows], scores["y_score"][rows]
        values.append(metrics.of_all_rows(*each, weight)[metric])
    return np.array(values)


def _folds(scores):
    return [scores["fold"] == number for number in range(scores["fold"].max() + 1)]


def _folds_a_repeat(scores):
    """Return the number of folds that share no row."""
    repeats = len(scores["row"]) // len(np.unique(scores["row"]))
    return (scores["fold"].max() + 1) // repeats


def recommend(models, metric, *, grouped=False, weight=1.0):
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
    weight : float
        How many negatives each one stands for, where others were left out of the training rows.
    """
    sign = metrics.sign(metric)
    models = iter(models)
    baseline, reference = next(models)
    base_values = fold_values(reference, metric, weight)
    scored, gains = {baseline: _cross_validated(base_values, reference)}, {}
    for name, columns in models:
        values, difference, error = fold_values(columns, metric, weight), None, None
        if same_folds(columns, reference):
            d = values - base_values
            sizes = [(columns["train_rows"][rows][0], rows.sum()) for rows in _folds(columns)]
            difference = corrected_t_test(d, *np.mean(sizes, axis=0))
            error = _error(columns, reference, metric, d, grouped, weight)
            gains[name] = float(sign * d.mean())
        scored[name] = _cross_validated(values, columns, difference, error)
        del columns  # before the next ones are read
    tested = [name for name, each in scored.items() if each.difference and each.difference.value]
    adjusted = holm([scored[name].difference.p_value for name in tested])
    for name, p_value in zip(tested, adjusted, strict=True):
        scored[name] = replace(scored[name], p_adjusted=float(p_value))
    enough = {name: gain for name, gain in gains.items() if gain > scored[name].error}
    if not gains:
        return Recommendation(model=baseline, cross_validated=scored)
    # An arm whose scores are the baseline's own neither gains nor loses.
    others = {name: gain for name, gain in gains.items() if scored[name].error}
    candidate = max(enough or others or gains, key=gains.get)
    gain, error = gains[candidate], scored[candidate].error
    return Recommendation(
        model=candidate if enough else baseline,
        cross_validated=scored,
        candidate=candidate,
        gain=gain,
        error=error,
        chance=_chance(gain, error, len(tested)),
        arms=len(tested),
    )


def _chance(gain, error, arms):
    """Return how often the best of equal arms gains so many standard errors by luck."""
    from scipy.special import ndtr

    if arms == 0 or error == 0:
        return float(gain <= 0)
    return float(1 - ndtr(gain / error) ** arms)


def _cross_validated(values, columns, difference=None, error=None):
    return CrossValidated(
        mean=float(values.mean()),
        standard_error=metrics.standard_error(values, _folds_a_repeat(columns)),
        difference=difference,
        error=error,
    )


def _error(arm, baseline, metric, d, grouped, weight=1.0):
    """Return the standard error of the mean paired difference, from what each row contributes.

    Five folds know their own spread badly: an arm with a large gain and an unlucky spread would be
    dropped. Metrics without contributions, and rows that belong together, keep it.
    """
    # With one positive in a fold its jackknife is undefined.
    few = min(baseline["y_true"][fold].sum() for fold in _folds(baseline)) < 2
    if grouped or few or metric not in {"average_precision", "roc_auc"}:
        return metrics.standard_error(d, _folds_a_repeat(arm))
    rows, unit = np.unique(baseline["row"], return_inverse=True)
    summed, y_true = np.zeros(rows.size), np.zeros(rows.size, dtype=int)
    y_true[unit] = baseline["y_true"]
    for fold in _folds(baseline):
        gained, had = (
            of_ranking(scores["y_true"][fold], scores["y_score"][fold], weight)
            for scores in (arm, baseline)
        )
        summed[unit[fold]] += (gained[metric][1] - had[metric][1]) / len(d)
    return spread(summed, Strata.of(y_true))


def same_folds(left, right):
    """Say whether two models were scored on the same rows in the same folds."""
    return all(np.array_equal(left[column], right[column]) for column in ("fold", "row"))
