"""Out-of-fold scores and the final fit of one treatment."""

from dataclasses import asdict, dataclass, replace

import numpy as np

from rebalance import errors, metrics, splitting, thresholds
from rebalance.learning import calibration, importance, learners, treatments
from rebalance.learning.fits import weights
from rebalance.model.corrected import CorrectedClassifier, expit, log_odds, odds_change
from rebalance.params import Calibrate, Learner, OutOfFold, Threshold

SOME_ROWS = 5_000  # whose scores, were they equal, say that a fit does not depend on its seed


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The sections of params.yaml that training reads."""

    learner: Learner
    out_of_fold: OutOfFold
    calibrate: Calibrate
    threshold: Threshold
    seeds: int = 1

    @classmethod
    def of(cls, params):
        """Return those of `params.Params`, and how many seeds a verdict speaks of."""
        sections = [name for name in cls.__dataclass_fields__ if name != "seeds"]
        named = {name: getattr(params, name) for name in sections}
        return cls(**named, seeds=params.evaluate.seeds)

    @property
    def fits(self):
        """Return how many fits a model takes."""
        return self.seeds + self.out_of_fold.folds * self.out_of_fold.repeats


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Out-of-fold scores, one entry for each row that a fold's model did not see.

    ``fold`` numbers the folds over all repeats, ``row`` is the row of the training table, ``raw``
    the model's probability, ``shift`` the change of its log-odds that the treatment made in that
    fold, ``y_score`` the corrected probability, ``train_rows`` the number of rows that the fold's
    model was trained on. All have the shape (n_scores,).
    """

    fold: np.ndarray
    row: np.ndarray
    y_true: np.ndarray
    raw: np.ndarray
    shift: np.ndarray
    y_score: np.ndarray
    train_rows: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model ready to be used, what it was judged by, and its metrics files.

    ``importance`` is what `worth` returns, where it was asked for.
    """

    model: CorrectedClassifier
    scores: Scores
    summary: dict
    importance: dict | None = None


def joined(folds, table, results):
    """Return the columns of `Scores` but the corrected one, from the raw scores of every fold."""
    sizes = [len(result.raw) for result in results]
    row = np.concatenate([fold.valid for fold in folds])
    return {
        # As small as possible: they are large next to the rows of a large table.
        "fold": np.repeat(np.arange(len(folds), dtype=np.int16), sizes),
        "row": row,
        "y_true": table.y[row],
        "raw": np.concatenate([result.raw for result in results]),
        "shift": np.repeat([result.shift for result in results], sizes),
        "train_rows": np.repeat(np.int32([len(fold.train) for fold in folds]), sizes),
    }


def assemble(arrays, table, fitted, settings):
    """Return a `Trained` from the raw scores of every fold and the final fit.

    Parameters
    ----------
    arrays : dict of str to array
        What `joined` returns.
    table : store.Table
        The training rows.
    fitted : treatments.Fitted
    settings : Settings
    """
    model, y_score = calibration.calibrated(
        fitted.estimator, table.inputs, arrays, fitted.shift, settings.calibrate
    )
    model.encoding, model.share = table.encoding, float(table.y.mean())
    weight = table.negative_weight
    if weight > 1:
        # What was left out of the training rows changed the prior, as an under-sampler does.
        change = odds_change(model.share, table.share)
        model, y_score = model.at(table.share), expit(log_odds(y_score) + change)
    scores = Scores(y_score=y_score, **arrays)
    # Each row once: further repeats are for comparing models, not for choosing a threshold.
    first = slice(np.searchsorted(scores.fold, settings.out_of_fold.folds))
    model.thresholds = {
        name: asdict(
            thresholds.choose(
                rule.rule,
                scores.y_true[first],
                y_score[first],
                weight=weight,
                grouped=table.groups is not None,
                **rule.options,
            )
        )
        for name, rule in settings.threshold.rules.items()
    }
    model.threshold = model.thresholds[settings.threshold.use]["value"]
    return Trained(
        model=model,
        scores=scores,
        summary=summary(scores, model, fitted, settings, weight),
    )


def summary(scores, model, fitted, settings, weight=1.0):
    """Return the numbers of training, for the metrics file of the model.

    Each negative stands for ``weight`` of them.
    """
    values = [
        metrics.of_all_rows(scores.y_true[rows], scores.y_score[rows], weight)["average_precision"]
        for rows in (scores.fold == i for i in range(scores.fold[-1] + 1))
    ]
    probable = metrics.of_all_rows(scores.y_true, scores.y_score, weight)
    return {
        "out_of_fold": {
            "average_precision": float(np.mean(values)),
            "average_precision_se": metrics.standard_error(values, settings.out_of_fold.folds),
            **{n: probable[n] for n in ("brier", "log_loss", "mean_probability", "prevalence")},
        },
        "model": {
            "slope": model.slope,
            "intercept": model.intercept,
            "negatives_seen": fitted.negatives,
            "positives_seen": fitted.positives,
        },
        "thresholds": {
            name: threshold["value"]
            for name, threshold in model.thresholds.items()
            if threshold["value"] is not None
        },
    }


def reseeded(entry, fits, settings, estimator):
    """Return the final fit with other seeds, a list of estimators; empty where a seed says nothing.

    Parameters
    ----------
    entry : params.Treatment
    fits : fits.Fits
    settings : Settings
    estimator : fitted estimator
        The final fit itself.
    """

    def fit(number):
        seeds = [
            int(np.random.SeedSequence([section.seed, number]).generate_state(1)[0] >> 1)
            for section in (entry, settings.learner)
        ]
        treatment, learner = (
            section.model_copy(update={"seed": seed})
            for section, seed in zip((entry, settings.learner), seeds, strict=True)
        )
        return fits.of_all(treatment, learner)

    if settings.seeds == 1:
        return []
    second = fit(1).result().estimator
    # Not rows that were learnt: a learner that knows them by heart answers alike with any seed.
    some = fits.table.X[:SOME_ROWS].astype(float)
    np.random.default_rng(0).permuted(some, axis=0, out=some)
    if np.array_equal(*(learners.raw_scores(each, some) for each in (estimator, second))):
        return []
    more = [fit(number) for number in range(2, settings.seeds)]
    return [second, *(each.result().estimator for each in more)]


def worth(table, of_folds, n_folds):
    """Return the mean loss and its standard error by column, the largest first.

    Parameters
    ----------
    table : store.Table
    of_folds : list of array
        `importance.losses` of every fold.
    n_folds : int
        The folds of one repeat.
    """
    lost = np.array(of_folds)
    if not lost.size:
        return {}
    rows = {
        name: {
            "loss": float(loss.mean()),
            "standard_error": metrics.standard_error(loss, n_folds),
        }
        for name, loss in zip(importance.places(table), lost.T, strict=True)
    }
    return dict(sorted(rows.items(), key=lambda item: -item[1]["loss"]))


def check(entry, table, settings, at):
    """Raise `InputError` where the parameters do not fit the rows, before anything is fitted.

    Parameters
    ----------
    entry : params.Treatment
    table : store.Table
        The training rows.
    settings : Settings
    at : str
        Where in params.yaml the treatment stands.
    """
    with errors.at(at):
        fewest = splitting.fewest_positives(table, settings.out_of_fold)
        treatments.check(entry, table.y, table.layout, fewest)
        weights(entry, table)
    calibration.check(settings.calibrate, table.y)
    for name, rule in settings.threshold.rules.items():
        thresholds.amounts(table, name, rule)
    learners.make(settings.learner, table.layout)
    learners.check(settings.learner, table)


def train(entry, fits, settings, *, weighed=True):
    """Return a `Trained`: out-of-fold scores, correction, threshold and the final fit.

    Parameters
    ----------
    entry : params.Treatment
    fits : fits.Fits
        Runs the fits, of the training rows that it holds.
    settings : Settings
    weighed : bool
        Whether to ask the folds' models what each column is worth.

    Raises
    ------
    InputError
        Where the learner or the treatment does not fit the rows: see `check` for most of it.
    """
    folds = splitting.folds(fits.table, settings.out_of_fold)
    # The longest first.
    fitted = fits.of_all(entry, settings.learner)
    futures = [fits.of_fold(entry, settings.learner, fold, weighed=weighed) for fold in folds]
    results = [future.result() for future in futures]
    scores = joined(folds, fits.table, results)
    trained = assemble(scores, fits.table, fitted.result(), settings)
    if others := reseeded(entry, fits, settings, fitted.result().estimator):
        trained.model.others_ = others
    if not weighed:
        return trained
    lost = [result.losses for result in results]
    n_folds = settings.out_of_fold.folds
    return replace(trained, importance=worth(fits.table, lost, n_folds))
