"""The study of the ratio: reproducible, crash-proof, on any number of workers.

The study asks a batch of ratios, an executor scores those that are new, fold by fold, and the
study is told in the order in which it asked. Every fold's scores are kept on disk as they arrive:
a study that was killed asks the same questions again, and the kept scores answer them.
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
from rebalance.tuning.batch import score_batch
from rebalance.tuning.study import Candidate, Scored, Study, choose

log = logging.getLogger("rebalance")


def scorer(metric):
    """Return a function of ``(y_true, y_score)``, higher is better, by scikit-learn's name.

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

    found = get_scorer(metric)
    return lambda y_true, y_score: float(found(Answers(), y_score, y_true))


def _warn_of_metric(metric, y):
    if metric == "accuracy":
        log.warning(
            "warning: tune.metric accuracy: answering 'negative' for every row scores %.6g (the "
            "no-information rate); average_precision tells treatments apart.",
            1 - np.mean(y),
        )


class Arm:
    """The questions about one treatment: an in-memory Optuna study with its anchors queued."""

    def __init__(self, treatment, tune, natural):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.treatment, self.tune, self.natural = treatment, tune, natural
        self.study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=tune.seed)
        )
        if treatment != treatments.NONE:
            for ratio in sorted({tune.low, *tune.anchors, natural}):
                if tune.low <= ratio <= natural:
                    self.study.enqueue_trial({"ratio": ratio})
        self.asked = 0
        # With nothing to search there is one question: the baseline.
        self.trials = tune.trials if treatment != treatments.NONE or tune.learner else 1

    @property
    def left(self):
        """Return how many questions are left."""
        return self.trials - self.asked

    def ask(self, count):
        """Return the next questions: (trial, candidate)."""
        asked = [self.study.ask() for _ in range(min(count, self.left))]
        self.asked += len(asked)
        return [(trial, self._candidate(trial)) for trial in asked]

    def tell(self, trial, scored):
        """Answer a question; one that was stopped ranks behind all that were not.

        Its mean is of the first folds alone: where those are easy it is above every whole one.
        """
        from optuna.trial import TrialState

        if scored.pruned:
            trial.report(scored.mean, step=len(scored.scores))
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, scored.mean)

    def _candidate(self, trial):
        treatment, ratio = self.treatment, self.natural
        if treatment != treatments.NONE:
            ratio = trial.suggest_int("ratio", self.tune.low, self.natural, log=True)
        # An ensemble of its own trees has no learner whose settings could matter.
        searched = self.tune.learner if treatments.method(treatment).uses_learner else {}
        settings = {
            name: asked.suggest(trial, f"learner.{name}") for name, asked in searched.items()
        }
        if ratio == self.natural:
            treatment = treatments.NONE
        return Candidate(treatment=treatment, ratio=ratio, settings=tuple(sorted(settings.items())))


def _missing(scored, n_folds):
    """Return the questions without any treatment until it has had as many fits as the others.

    As those of the treatment with the most, to within a question: none of these is stopped early.
    """
    fits = Counter()
    for candidate, found in scored.items():
        fits[candidate.treatment] += len(found.scores)
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


def search(fits, tune, settings, progress=lambda: None):
    """Return the finished `Study` of the ratio.

    Parameters
    ----------
    fits : fits.Fits
        Runs the fits, of the training rows that it holds.
    tune : params.Tune
    settings : training.Settings
    progress : callable
        Called after every question.

    Raises
    ------
    InputError
        Where ``tune.low`` or a treatment does not fit the rows, or the learner not its settings.
    """
    check(fits.table, tune, settings)
    table, natural = fits.table, floor(treatments.natural_ratio(fits.table.y))
    untreated = Candidate(treatment=treatments.NONE, ratio=natural)
    arms = [Arm(name, tune, natural) for name in (tune.treatment, *tune.also)]
    _warn_of_metric(tune.metric, table.y)
    folds, score = splitting.folds(table, tune), scorer(tune.metric)

    def submit(candidate, number):
        entry, learner = candidate.entry(natural, tune.seed), candidate.learner(settings.learner)
        return fits.of_fold(entry, learner, folds[number])

    def rate(number, found):
        y_score = expit(log_odds(found.raw) + found.shift) if found.shift else found.raw
        return score(table.y[folds[number].valid], y_score)

    scored, trials = {}, []

    def answer(arm, count):
        asked = arm.ask(count)
        new = dict.fromkeys(c for _, c in asked if c not in scored)
        if not trials:
            new[untreated] = None
        finished = [s for s in scored.values() if not s.pruned] if tune.prune else []
        batch = [Scored(candidate=candidate) for candidate in new]
        score_batch(batch, finished, tune.folds, submit, rate, fits.workers)
        scored.update((s.candidate, s) for s in batch)
        for trial, candidate in asked:
            arm.tell(trial, scored[candidate])
            trials.append(candidate)
            progress()

    while any(arm.left for arm in arms):
        for arm in arms:
            answer(arm, tune.batch)
    if tune.learner:
        rest = Arm(treatments.NONE, tune, natural)
        while rest.left and (count := _missing(scored, tune.folds)):
            answer(rest, min(count, tune.batch))
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
    return training.train(entry, fits, replace(settings, learner=learner))


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
