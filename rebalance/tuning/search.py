"""The study of the ratio: reproducible, crash-proof, on any number of workers.

Each treatment asks for a batch of ratios, an executor scores those that are new, fold by fold, and
the answers count in the order of the questions. Every fold's scores are cached on disk as they
arrive: a study that was killed asks the same questions again, and the cache answers them.
"""

import logging
from collections import Counter
from dataclasses import replace
from math import ceil, floor

import numpy as np

from rebalance import errors, splitting
from rebalance.errors import InputError
from rebalance.learning import learners, training, treatments
from rebalance.model.corrected import expit, log_odds
from rebalance.tuning import arms as arms_of
from rebalance.tuning.race import race
from rebalance.tuning.study import Candidate, Scored, Study, choose

log = logging.getLogger("rebalance")


def scorer(metric, weight=1.0):
    """Return a function of ``(y_true, y_score)``, higher is better, by scikit-learn's name.

    Each negative stands for ``weight`` of them.

    >>> scorer("accuracy")(np.array([0, 1]), np.array([0.2, 0.4]))
    0.5
    """
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.metrics import get_scorer

    class Answers(ClassifierMixin, BaseEstimator):
        """A fitted classifier whose rows are its answers: scikit-learn's scorers want one."""

        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            return np.column_stack([1 - X, X])

        def predict(self, X):
            return (X >= 0.5).astype(int)

    scikit = get_scorer(metric)
    if weight != 1:
        return lambda y_true, y_score: float(
            scikit(Answers(), y_score, y_true, sample_weight=np.where(y_true == 1, 1.0, weight))
        )
    return lambda y_true, y_score: float(scikit(Answers(), y_score, y_true))


def _warn_of_metric(metric, share):
    if metric == "accuracy":
        log.warning(
            "warning: tune.metric accuracy: answering 'negative' for every row scores %.6g (the "
            "no-information rate); average_precision tells treatments apart.",
            1 - share,
        )


def _missing(scored, n_folds):
    """Return the questions without any treatment until it has had as many fits as the others.

    As those of the treatment with the most, to within a question: none of these is stopped early.
    """
    fits = Counter()
    for candidate, state in scored.items():
        fits[candidate.treatment] += len(state.scores)
    return ceil((max(fits.values()) - fits[treatments.NONE]) / n_folds)


def check(table, tune, settings):
    """Raise `InputError` where the section ``tune`` does not fit the rows; nothing is fitted.

    Parameters
    ----------
    table : store.Table
        The training rows.
    tune : params.Tune
    settings : training.Settings
    """
    natural = floor(treatments.natural_ratio(table.y))
    if tune.low > natural:
        raise InputError(
            f"tune.low must be at most the natural ratio of the training rows, {natural} negatives "
            f"per positive, got {tune.low}."
        )
    fewest = splitting.fewest_positives(table, tune)
    for name in (tune.treatment, *tune.also):
        lowest = Candidate(treatment=name, ratio=tune.low)
        with errors.at(tune.key):
            treatments.check(lowest.entry(natural, tune.seed), table.y, table.layout, fewest)
    untreated = Candidate(treatment=treatments.NONE, ratio=natural)
    training.check(untreated.entry(natural, tune.seed), table, settings, tune.key)
    with errors.at(f"{tune.key}.learner"):
        lowest = {name: asked.lowest for name, asked in tune.learner.items()}
        given = settings.learner.params | lowest
        learners.make(settings.learner.model_copy(update={"params": given}))


def questions(tune):
    """Return how many questions a study has at most."""
    return tune.trials * (1 + len(tune.also) + bool(tune.learner))


def search(fits, tune, settings):
    """Return the finished `Study` of the ratio.

    Parameters
    ----------
    fits : fits.Fits
        Runs the fits, of the training rows that it holds.
    tune : params.Tune
    settings : training.Settings

    Raises
    ------
    InputError
        Where ``tune.low`` or a treatment does not fit the rows, or the learner not its settings.
    """
    check(fits.table, tune, settings)
    table, natural = fits.table, floor(treatments.natural_ratio(fits.table.y))
    untreated = Candidate(treatment=treatments.NONE, ratio=natural)
    arms = [arms_of.arm(name, tune, natural) for name in (tune.treatment, *tune.also)]
    _warn_of_metric(tune.metric, table.share)
    folds, score = splitting.folds(table, tune), scorer(tune.metric, table.negative_weight)
    # Negatives that the split left out changed the prior, as an under-sampler does.
    prior = float(np.log(table.negative_weight))

    def submit(candidate, number):
        entry, learner = candidate.entry(natural, tune.seed), candidate.learner(settings.learner)
        return fits.of_fold(entry, learner, folds[number])

    def rate(number, result):
        shift = result.shift - prior
        y_score = expit(log_odds(result.raw) + shift) if shift else result.raw
        return score(table.y[folds[number].valid], y_score)

    scored, trials = {}, []

    def answer(arm, asked):
        new = dict.fromkeys(
            c for c in [*asked, *([] if trials else [untreated])] if c not in scored
        )
        batch = {candidate: Scored(candidate=candidate) for candidate in new}
        race([*batch.values()], (scored | batch)[untreated], tune, submit, rate, fits.workers)
        scored.update(batch)
        for candidate in asked:
            arm.tell(candidate, scored[candidate])
            trials.append(candidate)
        fits.expect(max(0, questions(tune) - len(trials)) * tune.folds + settings.fits)
        return bool(asked)

    going = arms
    while going:
        going = [arm for arm in going if answer(arm, arm.ask(scored))]
    if tune.learner:
        rest = arms_of.Optuna(treatments.NONE, tune, natural)
        while (count := _missing(scored, tune.folds)) and answer(rest, rest.ask(scored, count)):
            pass
    fits.expect(settings.fits)
    best, chosen = choose(scored, untreated, tune.one_standard_error)
    return Study(
        scored=scored,
        trials=trials,
        natural=natural,
        untreated=untreated,
        best=best,
        chosen=chosen,
    )


def train(study, fits, tune, settings):
    """Return the `training.Trained` of the choice, judged on the folds of every other model.

    They are those of the study, and its scores are in the cache, where ``out_of_fold`` and ``tune``
    name the same folds and seed.
    """
    entry = study.chosen.entry(study.natural, tune.seed)
    learner = study.chosen.learner(settings.learner)
    # The study's fits are not asked what columns are worth: that would fit the choice once more.
    return training.train(entry, fits, replace(settings, learner=learner), weighed=False)


def largest(tune, y):
    """Return the entries of the study that need the most memory."""
    natural = floor(treatments.natural_ratio(y))
    candidates = [Candidate(treatment=treatments.NONE, ratio=natural)]
    candidates += [
        Candidate(treatment=name, ratio=min(tune.low, natural))
        for name in (tune.treatment, *tune.also)
    ]
    with errors.at(tune.key):
        return [candidate.entry(natural, tune.seed) for candidate in candidates]


def trials(study):
    """Return a dict for each question, in the order asked, ready for a CSV file.

    One that was stopped has no score: that of its first folds compares with no other.
    """
    scored = [study.scored[candidate] for candidate in study.trials]
    return [
        {
            "number": number,
            "state": "pruned" if each.pruned else "complete",
            "folds": len(each.scores),
            "score": "" if each.pruned else f"{each.mean:.6g}",
            "treatment": each.candidate.treatment,
            "ratio": each.candidate.ratio,
            **dict(each.candidate.settings),
        }
        for number, each in enumerate(scored)
    ]
