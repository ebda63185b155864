"""The article's five steps: its own and the workflow's way of tuning, on the same rows."""

import time
from dataclasses import dataclass, replace
from math import floor

import numpy as np
from threadpoolctl import threadpool_limits

from rebalance import metrics, sources, splitting, store, tuning
from rebalance.errors import InputError
from rebalance.learning import fits, learners, training, treatments
from rebalance.params import Split, Treatment

SPLIT = Split(method="stratified", column="", test_size=0.2, gap=0.0, seed=42)
RATIO = 200  # negatives per positive
TRIALS = 10
FOLDS = 3  # of our search: with the pipeline's five, the full size would take hours
SAMPLER_SEED = 0
OPTIMISTIC = "optimistic: chosen on the test rows"
NONE = Treatment(treatment=treatments.NONE)
OVER = Treatment(treatment="random_over", ratio=1.0, seed=SAMPLER_SEED)
CLASS_WEIGHT = Treatment(treatment="class_weight", weight="balanced")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row of the table, and what its sentences are computed from.

    ``y_score`` and ``flagged`` are the learner's own answers for the test rows: no correction, no
    threshold but its own. ``tried`` holds the accuracy of each ratio that a search asked.
    """

    label: str
    y_score: np.ndarray
    flagged: np.ndarray
    accuracy: float
    average_precision: float
    seconds: float
    ratio: int | None = None
    fits: int = 1
    tried: tuple = ()

    @property
    def short(self):
        """Return the label without its remark."""
        return self.label.partition(" (")[0]


def tables(params, rows=None):
    """Return the training and the test rows, as the article splits them.

    ``rows`` takes a stratified sample of about that many rows first.
    """
    frame = sources.load(params.data)
    target = params.data.target
    # Scikit-learn leaves out at least a row of each class.
    if rows is not None and rows <= len(frame) - 2:
        frame = _sampled(frame, target, rows)
    others = [*params.data.drop]
    if params.split.method != "stratified":
        others.append(params.split.column)
    names = [name for name in frame if name not in {target, *others}]
    X, y = frame[names].to_numpy(dtype=float), frame[target].to_numpy()
    sides = splitting.split(y, None, SPLIT)
    return tuple(store.Table(X=X[side], y=y[side], features=names) for side in sides)


def _sampled(frame, target, rows):
    from sklearn.model_selection import train_test_split

    expected = round(rows * frame[target].mean())
    if expected < sources.FEWEST_POSITIVES:
        raise InputError(
            f"--rows must leave {sources.FEWEST_POSITIVES} positives or more, got {rows}, which "
            f"leaves {expected}."
        )
    kept, _ = train_test_split(
        frame, train_size=rows, random_state=SPLIT.seed, stratify=frame[target]
    )
    return kept.sort_index()


def run(train, test, params, *, trials=TRIALS, folds=FOLDS, progress=lambda: None):
    """Return the steps by name, in the article's order.

    Parameters
    ----------
    train, test : store.Table
    params : params.Params
        The seeds of ``learner`` and ``tune`` are read, and the way in which ``tune`` searches.
    trials : int
        Ratios that each of the two searches asks.
    folds : int
        Fits that our search asks of a ratio, at most.
    progress : callable
        Called 4 + 2 x ``trials`` times.

    Raises
    ------
    InputError
        Where the learner or the search cannot take the rows.
    """
    section = params.learner.model_copy(update={"name": "gradient_boosting", "params": {}})
    params = params.model_copy(update={"learner": section})
    learner = learners.make(section)

    def step(label, entry):
        found = _fitted(label, entry, learner, train, test)
        progress()
        return found

    natural = treatments.natural_ratio(train.y)
    fewer, label = under(RATIO), f"random under-sampling, {RATIO} : 1"
    if natural <= RATIO:
        fewer, label = NONE, f"random under-sampling, natural ratio {natural:.4g} : 1"
    with threadpool_limits(1):
        # First, since it checks the rows before it fits anything.
        chosen = tuned(train, test, params, trials, folds, progress)
        return {
            "baseline": step("baseline", NONE),
            "under": step(label, fewer),
            "tuned_on_test": tuned_on_test(train, test, params, trials, progress),
            "tuned": chosen,
            "over": step("random over-sampling, 1 : 1", OVER),
            "class_weight": step("balanced class weights", CLASS_WEIGHT),
        }


def under(ratio):
    """Return the treatment that keeps ``ratio`` negatives per positive."""
    return Treatment(treatment="random_under", ratio=float(ratio), seed=SAMPLER_SEED)


def _fitted(label, entry, learner, train, test):
    """Return the `Step` of one fit on all training rows."""
    start = time.perf_counter()
    estimator = treatments.fit(entry, learner, train.X, train.y).estimator
    flagged = estimator.predict(test.X) == 1
    seconds = time.perf_counter() - start
    y_score = estimator.predict_proba(test.X)[:, 1]
    return Step(
        label=label,
        y_score=y_score,
        flagged=flagged,
        accuracy=float(np.mean(flagged == test.y)),
        average_precision=metrics.ranking_metrics(test.y, y_score)["average_precision"],
        seconds=seconds,
    )


def tuned(train, test, params, trials, folds, progress=lambda: None):
    """Choose the ratio on the training rows, as the workflow does, and fit it."""
    start = time.perf_counter()
    changes = {
        "treatment": "random_under",
        "also": [],
        "learner": {},
        "metric": "average_precision",
        "low": 1,
        "anchors": [RATIO],
        "trials": trials,
        "folds": folds,
    }
    params = params.model_copy(update={"tune": params.tune.model_copy(update=changes)})
    settings, entries = training.Settings.of(params), tuning.largest(params.tune, train.y)
    with fits.opened(train, entries, params.learner, params.run) as running:
        study = tuning.search(running, params.tune, settings)
    progress()
    seconds = time.perf_counter() - start
    chosen = study.chosen.ratio
    what = "no resampling" if study.chosen.treatment == treatments.NONE else f"{chosen} : 1"
    entry = study.chosen.entry(study.natural, params.tune.seed)
    found = _fitted(
        f"tuned ratio, {what} (ours: chosen on the training rows)",
        entry,
        learners.make(params.learner),
        train,
        test,
    )
    return replace(
        found,
        seconds=seconds + found.seconds,
        ratio=chosen,
        fits=study.summary()["fits"] + found.fits,
    )


def tuned_on_test(train, test, params, trials, progress):
    """Choose the ratio as the article does: the number that comes out is too good."""
    import optuna

    learner = learners.make(params.learner)
    natural = max(1, floor(treatments.natural_ratio(train.y)))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=params.tune.seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    found, tried = {}, []
    start = time.perf_counter()
    for _ in range(trials):
        trial = study.ask()
        ratio = trial.suggest_int("ratio", 1, natural)
        if ratio not in found:
            found[ratio] = _fitted("", under(ratio), learner, train, test)
        tried.append((ratio, found[ratio].accuracy))
        study.tell(trial, found[ratio].accuracy)
        progress()
    ratio = study.best_params["ratio"]
    return replace(
        found[ratio],
        label=f"tuned ratio, {ratio} : 1 ({OPTIMISTIC})",
        seconds=time.perf_counter() - start,
        ratio=ratio,
        fits=len(found),
        tried=tuple(tried),
    )
