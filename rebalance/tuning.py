"""The study of the ratio: reproducible, crash-proof, on any number of workers.

The study asks a batch of ratios, an executor scores those that are new, fold by fold, and the
study is told in the order in which it asked. Every fold's result is kept on disk as it arrives:
a study that was killed asks the same questions again, and the kept results answer them.
"""

import hashlib
import json
import logging
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from importlib.metadata import version
from math import floor
from pathlib import Path

import numpy as np

from rebalance import learners, splitting, training, treatments
from rebalance.correction import expit, log_odds
from rebalance.errors import InputError
from rebalance.params import Treatment

log = logging.getLogger("rebalance")


@dataclass(kw_only=True)
class Ratio:
    """What is known of one ratio: a score for each fold so far, and how it was reached."""

    ratio: int
    scores: list = field(default_factory=list)
    results: list = field(default_factory=list)
    pruned: bool = False

    @property
    def mean(self):
        """Return the mean of the fold scores so far."""
        return float(np.mean(self.scores))

    @property
    def standard_error(self):
        """Return the standard error of that mean."""
        return training.standard_error(self.scores)


@dataclass(frozen=True, kw_only=True)
class Study:
    """A finished study: every ratio by number, the trials in the order asked, and the choice.

    ``best`` is the ratio of the highest mean, ``chosen`` the one that the final model takes.
    """

    ratios: dict
    trials: list
    natural: int
    best: int
    chosen: int

    @property
    def fits(self):
        """Return the number of fits whose scores the study used."""
        return sum(len(ratio.scores) for ratio in self.ratios.values())

    @property
    def pruned(self):
        """Return the number of ratios that were stopped early."""
        return sum(ratio.pruned for ratio in self.ratios.values())

    @property
    def complete(self):
        """Return the ratios with a score for every fold, lowest first."""
        return sorted(
            (ratio for ratio in self.ratios.values() if not ratio.pruned), key=lambda r: r.ratio
        )


def entry(tune, ratio, natural):
    """Return the treatment that the study means by ``ratio``; the natural one is none at all."""
    if ratio >= natural:
        return Treatment(treatment=treatments.NONE, seed=tune.seed)
    return Treatment(treatment=tune.treatment, ratio=ratio, seed=tune.seed)


def warn_of_metric(metric, y):
    """Warn where the metric of the study rewards finding nothing."""
    if metric == "accuracy":
        rate = 1 - np.mean(y)
        log.warning(
            "warning: tune.metric accuracy: answering 'negative' for every row scores %.6g (the "
            "no-information rate); average_precision tells treatments apart.",
            rate,
        )


def scorer(metric):
    """Return a function of ``(y_true, y_score)``, higher is better, by scikit-learn's name."""
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.metrics import get_scorer, get_scorer_names

    class Answers(ClassifierMixin, BaseEstimator):
        """A fitted classifier whose rows are its answers: scikit-learn's scorers want one."""

        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            return np.column_stack([1 - X, X])

        def predict(self, X):
            return (X >= 0.5).astype(int)

    if metric not in get_scorer_names():
        raise InputError(
            f"tune.metric must be a scorer's name of scikit-learn such as average_precision, got "
            f"{metric!r}."
        )
    found = get_scorer(metric)
    return lambda y_true, y_score: float(found(Answers(), y_score, y_true))


def suggestions(tune, natural):
    """Return an in-memory study with its anchors in the queue."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=tune.seed)
    )
    anchors = {tune.low, *tune.anchors, natural}
    for ratio in sorted(r for r in anchors if tune.low <= r <= natural):
        study.enqueue_trial({"ratio": ratio})
    return study


def below_median(scores, finished):
    """Say whether the mean of ``scores`` is below the median of finished ratios' at that fold."""
    others = [np.mean(ratio.scores[: len(scores)]) for ratio in finished]
    return bool(others) and np.mean(scores) < np.median(others)


def score_batch(batch, finished, folds, fit_and_score, executor, prune):
    """Score the new ratios of a batch, fold by fold, and prune those below the median.

    A ratio is compared with those of earlier batches only, so the result depends neither on the
    number of workers nor on who finishes first. Where there is nothing to compare with, all folds
    run at once.
    """
    pending = {}

    def submit(ratio, number):
        pending[executor.submit(fit_and_score, ratio.ratio, number)] = (ratio, number)

    chained = prune and finished
    for ratio in sorted(batch, key=lambda r: -r.ratio):
        ratio.scores, ratio.results = [None] * len(folds), [None] * len(folds)
        for number in range(1 if chained else len(folds)):
            submit(ratio, number)
    while pending:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            ratio, number = pending.pop(future)
            ratio.scores[number], ratio.results[number] = future.result()
            if chained and number + 1 < len(folds):
                if below_median(ratio.scores[: number + 1], finished):
                    ratio.pruned = True
                    del ratio.scores[number + 1 :], ratio.results[number + 1 :]
                else:
                    submit(ratio, number + 1)


def choose(ratios, natural, one_standard_error):
    """Return the best ratio, and the one to use.

    No resampling is used unless the best ratio beats it by more than one standard error of the
    paired difference over the folds (the rule of Breiman et al., 1984, towards the simplest).
    """
    complete = [ratio for ratio in ratios.values() if not ratio.pruned]
    best = max(complete, key=lambda ratio: (ratio.mean, ratio.ratio))
    if not one_standard_error or best.ratio == natural:
        return best.ratio, best.ratio
    gain = np.subtract(best.scores, ratios[natural].scores)
    enough = gain.mean() > training.standard_error(gain)
    return best.ratio, best.ratio if enough else natural


def scored_fold(key, ratio, fold, entry, learner, table, rows):
    """Return the raw scores of one fold and the shift; ``key`` names all that decides them."""
    del key, ratio, fold
    return training.fold_scores(entry, learner, table, rows)


def search(table, params, executor, kept, key, progress=lambda: None):
    """Return the finished `Study` of the ratio.

    Parameters
    ----------
    table : store.Table
        The training rows.
    params : params.Params
        The sections ``learner`` and ``tune`` are read.
    executor : concurrent.futures.Executor
        Runs the fits.
    kept : joblib.Memory
        Where results outlive a killed process.
    key : str
        Names the rows, the parameters and the code, for the kept results.
    progress : callable
        Called after every ratio asked.

    Raises
    ------
    InputError
        Where the metric or the treatment is unknown, or the rows do not allow the study.
    """
    tune = params.tune
    natural = max(tune.low, floor(treatments.natural_ratio(table.y)))
    treatments.check(entry(tune, tune.low, natural + 1), table.y)
    learners.check(params.learner, table)
    learner = learners.make(params.learner)
    folds = splitting.folds(table, tune)
    score = scorer(tune.metric)

    remembered = kept.cache(scored_fold, ignore=["entry", "learner", "table", "rows"])

    def fit_and_score(ratio, number):
        raw, shift = remembered(
            key, ratio, number, entry(tune, ratio, natural), learner, table, folds[number]
        )
        y_score = expit(log_odds(raw) + shift) if shift else raw
        return score(table.y[folds[number][1]], y_score), (raw, shift)

    study = suggestions(tune, natural)
    ratios, trials = {}, []
    while len(trials) < tune.trials:
        asked = [study.ask() for _ in range(min(tune.batch, tune.trials - len(trials)))]
        numbers = [trial.suggest_int("ratio", tune.low, natural, log=True) for trial in asked]
        finished = [ratio for ratio in ratios.values() if not ratio.pruned]
        new = {number: Ratio(ratio=number) for number in numbers if number not in ratios}
        score_batch(new.values(), finished, folds, fit_and_score, executor, tune.prune)
        ratios |= new
        for trial, number in zip(asked, numbers, strict=True):
            study.tell(trial, ratios[number].mean)
            trials.append(number)
            progress()
    best, chosen = choose(ratios, natural, tune.one_standard_error)
    return Study(ratios=ratios, trials=trials, natural=natural, best=best, chosen=chosen)


def train(study, table, params, executor):
    """Return the `training.Trained` of the chosen ratio; its out-of-fold scores are the study's."""
    chosen = entry(params.tune, study.chosen, study.natural)
    learner = learners.make(params.learner)
    fitted = executor.submit(training.final_fit, chosen, learner, table).result()
    folds = splitting.folds(table, params.tune)
    return training.assemble(folds, table, study.ratios[study.chosen].results, fitted, params)


def key(data, params):
    """Return what names the rows, the parameters and the code of a study, for kept results.

    ``data`` is the checksum of the training table.
    """
    modules = (learners, splitting, training, treatments)
    code = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in modules)
    decisive = {
        "data": data,
        "code": code,
        "learner": params.learner.model_dump(),
        "treatment": params.tune.treatment,
        "folds": params.tune.folds,
        "seed": params.tune.seed,
        "versions": [version(name) for name in ("imbalanced-learn", "numpy", "scikit-learn")],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def summary(study):
    """Return the study's numbers, for the metrics file."""
    best, natural = study.ratios[study.best], study.ratios[study.natural]
    return {
        "study": {
            "best_ratio": study.best,
            "best_score": best.mean,
            "best_score_se": best.standard_error,
            "natural_ratio": study.natural,
            "natural_score": natural.mean,
            "natural_score_se": natural.standard_error,
            "chosen_ratio": study.chosen,
            "trials": len(study.trials),
            "ratios": len(study.ratios),
            "fits": study.fits,
            "pruned": study.pruned,
        }
    }


def curve(study):
    """Return the ratio curve as CSV: the mean and the standard error of every complete ratio."""
    lines = ["ratio,score,standard_error"]
    lines += [f"{r.ratio},{r.mean:.6g},{r.standard_error:.6g}" for r in study.complete]
    return "\n".join(lines)


def series(study):
    """Return (number, score) of each ratio asked, for one picture of the study."""
    return [(number, study.ratios[ratio].mean) for number, ratio in enumerate(study.trials)]


def trials(study):
    """Return a `tracking.Trial` for each ratio asked."""
    from rebalance.tracking import Trial

    return [
        Trial(
            number=number,
            params={"ratio": ratio},
            metrics={"score": study.ratios[ratio].mean, "folds": len(study.ratios[ratio].scores)},
            state="pruned" if study.ratios[ratio].pruned else "complete",
        )
        for number, ratio in enumerate(study.trials)
    ]
