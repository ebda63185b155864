"""What is measured, each in a process of its own: ``python -m benchmarks.speed.work NAME JSON``.

Every function takes the folder that `prepare` filled, prints nothing and returns what JSON can
hold. Reading the rows is on nobody's clock.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import article_script, article_steps, bootstrap_speed
from benchmarks.speed.growth import POSITIVES
from rebalance import metrics, store, tuning
from rebalance.learning import fits, learners, training, treatments
from rebalance.params import load
from rebalance.sources import simulated

ROWS = "rows.parquet"
MODEL = "model.skops"
FEWEST = 12  # positives with which every step still finds some in every fold


def positives(rows):
    """Return how many of so many rows are positive."""
    return max(FEWEST, round(rows * POSITIVES))


def prepare(folder, rows):
    """Write the rows that everything below reads."""
    frame = simulated.simulate(rows=rows, positives=positives(rows), seed=42)
    frame.to_parquet(Path(folder) / ROWS)
    return {"positives": int(frame["Class"].sum())}


def _params(folder, **tune):
    """Return params.yaml, with the rows of ``folder`` and changes of ``tune``."""
    params = load()
    data = {"source": "file", "path": str(Path(folder) / ROWS), "drop": ["Time"]}
    return params.model_copy(
        update={
            "data": params.data.model_copy(update=data),
            "tune": params.tune.model_copy(update=tune),
        }
    )


def article_theirs(folder, trials):
    """Run the article's script."""
    import pandas as pd

    params = load()
    frame = pd.read_parquet(Path(folder) / ROWS)
    found = article_script.run(frame, params.learner.seed, params.tune.seed, trials=trials)
    return {
        "seconds": sum(step["seconds"] for step in found.values()),
        "steps": {name: step["average_precision"] for name, step in found.items()},
    }


def article_ours(folder, trials):
    """Run the same five steps with our learner, and our way to tune on training rows."""
    params = _params(folder, trials=trials)
    train, test = article_steps.tables(params)
    entries = {
        "over": article_steps.OVER,
        "baseline": article_steps.NONE,
        "class_weight": article_steps.CLASS_WEIGHT,
        "under": article_steps.under(article_steps.RATIO),
    }
    learner = learners.make(params.learner)
    _import()

    def step(entry):
        fitted = treatments.fit(entry, learner, train.X, train.y)
        y_score = fitted.estimator.predict_proba(test.X)[:, 1]
        return metrics.ranking_metrics(test.y, y_score)["average_precision"]

    start = time.perf_counter()
    settings, largest = training.Settings.of(params), tuning.largest(params.tune, train.y)
    with fits.opened(train, largest, params.learner, params.run) as running:
        executor = running.executor
        # The longest first, as everywhere.
        steps = {name: executor.submit(step, entry) for name, entry in entries.items()}
        study = tuning.search(running, params.tune, settings)
        steps["tuned"] = executor.submit(step, study.chosen.entry(study.natural, params.tune.seed))
        steps = {name: future.result() for name, future in steps.items()}
    seconds = time.perf_counter() - start
    return {
        "learner": f"{type(learner).__name__} of {learner.get_params()['max_iter']} trees",
        "seconds": seconds,
        "steps": steps,
        "test_positives": int(test.y.sum()),
    }


def study(folder, trials, prune=True, kept=False, workers=0):
    """Search the ratio, with or without the score cache, on so many workers."""
    params = _params(folder, trials=trials, prune=prune)
    run = params.run.model_copy(update={"workers": workers})
    train, _ = article_steps.tables(params)
    cache = store.ScoreCache(Path(folder) / f"kept-{time.monotonic_ns()}") if kept else None
    spent = {}

    _import()
    start, processor = time.perf_counter(), time.process_time()
    settings, largest = training.Settings.of(params), tuning.largest(params.tune, train.y)
    count = trials * params.tune.folds
    with fits.opened(train, largest, params.learner, run, cache, count) as running:
        submit = running.of_fold

        def noted(entry, learner, fold):
            future = submit(entry, learner, fold)
            spent[entry.model_dump_json(), fold.number] = future
            return future

        running.of_fold = noted
        found = tuning.search(running, params.tune, settings)
        engine = type(running.executor).__name__
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    # The others were begun for candidates that were then stopped: idle workers do.
    counted = [
        spent[candidate.entry(found.natural, params.tune.seed).model_dump_json(), number]
        .result()
        .seconds
        for candidate, scored in found.scored.items()
        for number in range(len(scored.scores))
    ]
    return {
        "seconds": seconds,
        "processor_seconds": processor,
        "engine": engine,
        "untreated_seconds": sum(
            spent[found.untreated.entry(found.natural, 0).model_dump_json(), number]
            .result()
            .seconds
            for number in range(params.tune.folds)
        ),
        "fits": len(counted),
        "fit_seconds": sum(counted),
        "forgotten": len(spent) - len(counted),
        "asked": [candidate.ratio for candidate in found.trials],
        "natural": found.natural,
        "best": found.best.ratio,
        "scores": {str(c.ratio): s.scores for c, s in found.scored.items() if not s.pruned},
    }


def optuna(folder, asked, natural, jobs, trials=0):
    """Search the ratio as most people would, one thread a fit, ``jobs`` fits at a time.

    The ratios ``asked`` come first, then those that Optuna asks itself, up to ``trials``.
    """
    import optuna
    from imblearn.pipeline import Pipeline
    from imblearn.under_sampling import RandomUnderSampler
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    _import()
    params = _params(folder)
    train, _ = article_steps.tables(params)
    tune = params.tune
    # Made by hand: `learners.make` would give scikit-learn's own our way to find bins.
    arguments = learners.LEARNERS[params.learner.name].defaults | params.learner.params
    learner = HistGradientBoostingClassifier(random_state=params.learner.seed, **arguments)
    folds = StratifiedKFold(tune.folds, shuffle=True, random_state=tune.seed)
    scores, trial_seconds = {}, []

    def scored(ratio):
        model = learner
        if ratio < natural:
            # A float such as 1 / 200 loses a row to rounding now and then.
            sampler = RandomUnderSampler(sampling_strategy=_Kept(ratio), random_state=tune.seed)
            model = Pipeline([("sampler", sampler), ("learner", learner)])
        return cross_val_score(
            model, train.X, train.y, cv=folds, scoring="average_precision", n_jobs=jobs
        )

    def objective(trial):
        start = time.perf_counter()
        ratio = trial.suggest_int("ratio", 1, natural)
        found = scored(ratio)
        scores[str(ratio)] = found.tolist()
        trial_seconds.append(time.perf_counter() - start)
        return found.mean()

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=tune.seed)
    found = optuna.create_study(direction="maximize", sampler=sampler)
    for ratio in asked:
        found.enqueue_trial({"ratio": ratio})
    scored(1)  # what processes of its own import is on nobody's clock either
    start, processor = time.perf_counter(), time.process_time()
    with threadpool_limits(1):
        found.optimize(objective, n_trials=max(trials, len(asked)))
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
        "trial_seconds": trial_seconds,
        "best": found.best_params["ratio"],
        "scores": scores,
    }


def _import():
    """Import what either side needs: imports are on nobody's clock, as rows are not."""
    for name in ("imblearn.combine", "imblearn.pipeline", "optuna", "sklearn.model_selection"):
        importlib.import_module(name)


class _Kept:
    """How many negatives a ratio keeps, for imbalanced-learn; a class, for other processes."""

    def __init__(self, ratio):
        self.ratio = ratio

    def __call__(self, y):
        negatives, positive = treatments.counts(y)
        return {0: min(negatives, round(self.ratio * positive))}


def bootstrap(folder, draws, rival_draws):
    """Compare six models, every metric; the rival computes one metric, draw by draw."""
    del folder
    from sklearn.metrics import average_precision_score

    y_true, models = bootstrap_speed.rows(98)
    sides = np.flatnonzero(y_true == 1), np.flatnonzero(y_true == 0)
    rng = np.random.default_rng(0)
    with threadpool_limits(1):
        start, spent = time.perf_counter(), time.process_time()
        bootstrap_speed.compare(y_true, models, "model 0", n_draws=draws)
        seconds, spent = time.perf_counter() - start, time.process_time() - spent
        start = time.perf_counter()
        for _ in range(rival_draws):
            drawn = np.concatenate([rng.choice(side, len(side)) for side in sides])
            for y_score, _ in models.values():
                average_precision_score(y_true[drawn], y_score[drawn])
        rival = (time.perf_counter() - start) * draws / rival_draws
    return {"seconds": seconds, "processor_seconds": spent, "rival": rival}


def save_model(folder):
    """Train a model on the rows, and save it."""
    params = _params(folder)
    train, _ = article_steps.tables(params)
    entry, settings = article_steps.NONE, training.Settings.of(params)
    with fits.opened(train, [entry], params.learner, params.run) as running:
        trained = training.train(entry, running, settings)
    store.write_model(Path(folder) / MODEL, trained.model)
    return {}


def scoring(folder, rows):
    """Score many rows with the saved model; the rival is the estimator inside, by itself."""
    import pandas as pd

    model = store.read_model(Path(folder) / MODEL)
    frame = pd.read_parquet(Path(folder) / ROWS)[model.features]
    X = frame.to_numpy(dtype=float)[np.arange(rows) % len(frame)]
    with threadpool_limits(1):
        start = time.perf_counter()
        model.predict_proba(X)
        middle = time.perf_counter()
        model.estimator.predict_proba(X)
        end = time.perf_counter()
    return {"seconds": middle - start, "rival": end - middle}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
