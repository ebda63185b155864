"""The fits of a stage: tasks that any executor can run, and the cache that answers them."""

import hashlib
import json
import pickle
import time
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np

import rebalance
from rebalance import columns, store
from rebalance.errors import InputError
from rebalance.learning import device, engines, importance, learners, progress, treatments, work
from rebalance.learning.memory import bytes_needed
from rebalance.model.rows import Rows
from rebalance.params.learners import LEARNERS

# A change of this code or of these versions invalidates cached scores.
CODE = ("columns", "learning", "model", "params/learners.py", "splitting.py", "store/tables.py")
LIBRARIES = sorted(
    {"imbalanced-learn", "numpy", "scikit-learn", "scipy"}.union(
        *(learner.packages for learner in LEARNERS.values())
    )
)


class FoldScores(NamedTuple):
    """Raw scores of a fold's validation rows, the shift of their log-odds, processor seconds.

    ``losses`` is `importance.losses`, where it was asked for.
    """

    raw: np.ndarray
    shift: float
    seconds: float = 0.0
    losses: np.ndarray | None = None


def fold_scores(entry, learner, table, fold, weighed=False):
    """Fit on a fold's training rows; return the `FoldScores` of its validation rows.

    Parameters
    ----------
    entry : params.Treatment
    learner : params.Learner
    table : store.Table
        Between processes it goes by its path: see `store.Table`.
    fold : splitting.Fold
    weighed : bool
        Whether to ask the model what it loses by each column.
    """
    started = time.thread_time()
    train = fold.train
    X, y = Rows(X=table.X, index=train), table.y[train]
    steps = steps_before(entry, learner, table)
    estimator = learners.make(learner, steps.layout)
    fitted = treatments.fit(entry, estimator, X, y, weights(entry, table, train), steps)
    valid = Rows(X=table.X, index=fold.valid)
    raw = learners.raw_scores(fitted.estimator, valid)
    lost = importance.losses(fitted.estimator, table, fold, raw) if weighed else None
    seconds = time.thread_time() - started
    return FoldScores(raw=raw, shift=fitted.shift, seconds=seconds, losses=lost)


def final_fit(entry, learner, table):
    """Return the `treatments.Fitted` of all rows."""
    steps = steps_before(entry, learner, table)
    estimator = learners.make(learner, steps.layout)
    fitted = treatments.fit(entry, estimator, table.X, table.y, weights(entry, table), steps)
    device.leave(fitted.estimator)
    # As from another process: fits of one process share strings and constants, and a model of
    # several would have other bytes there.
    return pickle.loads(pickle.dumps(fitted))  # noqa: S301 of our own, never in a file


def steps_before(entry, learner, table):
    """Return the `columns.Steps` that come before a treatment, in every training fold."""
    method = treatments.method(entry.treatment)
    return columns.before(
        replace(table.layout, gaps=bool(table.gaps)),
        treatments.counts(table.y)[1],
        most=learners.most(learner) if method.uses_learner else columns.MANY,
        fill=method.fills_gaps(entry, table.gaps),
        seed=learner.seed,
    )


def weights(entry, table, rows=slice(None)):
    """Return the weights of rows by the entry's column, or None; `InputError` for no numbers."""
    if not entry.column:
        return None
    column = table.column(entry.column)
    if column.dtype.kind not in "biuf":
        raise InputError(f"column {entry.column!r} must hold weights, got {column[0]!r}.")
    return column[rows].astype(float)


def key(entry, learner, table, fold):
    """Return the name of a fold's scores in the cache: all that decides them."""
    parts = {
        "code": code(),
        "entry": entry.model_dump(mode="json"),
        "fold": [fold.folds, fold.seed, fold.number, fold.share],
        "learner": learner.model_dump(mode="json"),
        "table": table.checksum,
        "versions": {name: installed(name) for name in LIBRARIES},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def code():
    """Return the checksum of the code that decides scores."""
    root = Path(rebalance.__file__).parent
    checksum = hashlib.sha256()
    for place in CODE:
        path = root / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            checksum.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return checksum.hexdigest()


def installed(package):
    """Return the version of a distribution; nothing where it is not installed, as extras may be."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class Fits:
    """Run fits of a table on an executor; the score cache answers those that it knows.

    Parameters
    ----------
    table : store.Table
        The training rows.
    executor : concurrent.futures.Executor
    workers : int
        How many fits it runs at once.
    cache : store.ScoreCache or None
        Read and written in this process only.
    scores : callable
        `fold_scores`, or another function of its arguments.
    bar : progress.Bar or None
        Counts the fits.
    """

    def __init__(self, table, executor, *, workers=1, cache=None, scores=fold_scores, bar=None):
        self.table, self.executor, self.workers = table, executor, workers
        self.cache, self.scores, self.bar = cache, scores, bar

    def of_fold(self, entry, learner, fold, *, weighed=False):
        """Return the future of what `fold_scores` returns."""
        return self._followed(self._of_fold(entry, learner, fold, weighed))

    def of_all(self, entry, learner):
        """Return the future of what `final_fit` returns."""
        return self._followed(self.executor.submit(final_fit, entry, learner, self.table))

    def expect(self, count):
        """Say how many fits are still to come, at most."""
        if self.bar is not None:
            self.bar.expect(count)

    def _followed(self, future):
        return future if self.bar is None else self.bar.follow(future)

    def _of_fold(self, entry, learner, fold, weighed):
        more = [weighed] if weighed else []
        if self.cache is None:
            return self.executor.submit(self.scores, entry, learner, self.table, fold, *more)
        name = key(entry, learner, self.table, fold)
        known = self.cache.get(name)
        if known is not None and ("losses" in known or not weighed):
            future, numbers = Future(), known["numbers"].tolist()
            future.set_result(FoldScores(known["raw"], *numbers, losses=known.get("losses")))
            return future
        fit = self.executor.submit(self.scores, entry, learner, self.table, fold, *more)
        return _Cached(fit, lambda scores: self._keep(name, scores))

    def _keep(self, name, scores):
        lost = {} if scores.losses is None else {"losses": scores.losses}
        numbers = np.array([scores.shift, scores.seconds])
        self.cache.put(name, raw=scores.raw, numbers=numbers, **lost)


class _Cached(Future):
    """The future of a fit that has its result once the cache has it.

    A stage that is killed repeats no fit whose result it has used.
    """

    def __init__(self, fit, keep):
        super().__init__()
        self.fit, self.keep = fit, keep
        fit.add_done_callback(self._take)

    def cancel(self):
        """Cancel the fit, where it has not begun."""
        return self.fit.cancel() and super().cancel()

    def _take(self, fit):
        if fit.cancelled():
            super().cancel()
            return
        try:
            result = fit.result()
            self.keep(result)
        except BaseException as error:  # noqa: BLE001 raised where the result is asked for
            self.set_exception(error)
        else:
            self.set_result(result)


@contextmanager
def opened(table, entries, learner, run, cache=None, count=1):
    """Yield the `Fits` of a stage, as many at once as there are cores and memory for.

    Raises `InputError` where they would take longer than ``run.hours``.

    Parameters
    ----------
    table : store.Table
    entries : list of params.Treatment
        Those that will be fitted; the largest decides.
    learner : params.Learner
    run : params.Run
    cache : store.ScoreCache or None
    count : int
        How many fits there will be, at most.
    """
    needed = seconds = 0
    for entry in entries:
        steps = steps_before(entry, learner, table)
        estimator = learners.make(learner, steps.layout)
        needed = max(needed, bytes_needed(entry, estimator, table, steps))
        seconds = max(seconds, count * work.seconds(entry, estimator, table))
    work.check(seconds, count, run.hours)
    with (
        engines.opened(run, needed, seconds) as (executor, number, one_memory),
        nullcontext() if one_memory else store.shared(table),
        progress.shown(count) as bar,
    ):
        yield Fits(table, executor, workers=number, cache=cache, bar=bar)
