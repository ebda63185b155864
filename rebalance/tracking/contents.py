"""The contents of a run: numbers, parameters, a model, the rows that it saw, files, trials."""

import csv
import math
import os
import platform
import shutil
import time
from contextlib import contextmanager
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory

from rebalance import paths, store
from rebalance.params.learners import LEARNERS
from rebalance.tracking import left, places, provenance

# Packages that a model needs in addition to scikit-learn, by the module of its class.
NEEDS = {"imblearn": ("imbalanced-learn",)} | {
    learner.module: learner.packages for learner in LEARNERS.values() if learner.extra
}
# What MLflow takes in one call.
MAX_METRICS, MAX_PARAMS = 800, 100
# The part of this package that a logged model needs.
TRAVELS = ("__init__.py", "errors.py", "served.py", "starting.py", "columns", "model")
PROVENANCE = "provenance.json"


def log(client, run_id, params, metrics, *, series=None, model_id=None):
    """Log parameters and numbers in as few calls as MLflow allows."""
    from mlflow.entities import Metric, Param

    now = provenance.milliseconds(time.time())
    steps = [(name, 0, value) for name, value in provenance.flat(metrics).items()]
    steps += [(name, *point) for name, points in (series or {}).items() for point in points]
    numbers = [
        Metric(provenance.legal(name), float(value), now, int(step), model_id=model_id)
        for name, step, value in steps
        if isinstance(value, Real) and not isinstance(value, bool)
        if math.isfinite(value)
    ]
    texts = [Param(name, value) for name, value in provenance.param_texts(params).items()]
    for i in range(0, max(len(numbers), 8 * len(texts), 1), MAX_METRICS):
        j = i // MAX_METRICS * MAX_PARAMS
        client.log_batch(
            run_id, metrics=numbers[i : i + MAX_METRICS], params=texts[j : j + MAX_PARAMS]
        )


def log_trials(client, experiment_id, parent, record):
    """Log the trials of a study as children of its run, and their scores as one series."""
    if paths.TRIALS.as_posix() not in record.outputs:
        return
    with record.file(paths.TRIALS).open(encoding="utf-8", newline="") as file:
        trials = list(csv.DictReader(file))
    scores = [(int(trial["number"]), float(trial["score"])) for trial in trials if trial["score"]]
    log(client, parent, {}, {}, series={"score": scores})
    for trial in trials:
        _log_trial(client, experiment_id, parent, record, trial)


def _log_trial(client, experiment_id, parent, record, trial):
    """Log one trial, a millisecond after the one before, to keep their order."""
    trial = dict(trial)
    number, state, folds, score = map(trial.pop, ("number", "state", "folds", "score"))
    start = provenance.milliseconds(record.started or time.time()) + int(number)
    run_id = client.create_run(
        experiment_id,
        start_time=start,
        run_name=f"trial {number}",
        tags={
            "kind": "trial",
            "dvc.stage": record.stage,
            "trial.number": number,
            "trial.state": state,
            "mlflow.parentRunId": parent,
            "mlflow.user": provenance.user(),
            **left.mark(),
        },
    ).info.run_id
    metrics = {"folds": int(folds)} | ({"score": float(score)} if score else {})
    log(client, run_id, {name: value for name, value in trial.items() if value}, metrics)
    client.set_terminated(run_id, "FINISHED", start)


def log_model(client, run_id, model, name, source):
    """Log a model that answers with probability and decision, and return its id.

    The part of this package that a model needs travels with it: it answers where the package is
    not installed. ``source`` is the file of the stage: MLflow would log its place on this machine.
    """
    import mlflow.sklearn

    from rebalance.served import Scorer

    scorer = Scorer(model, name)
    with _fluent(run_id), TemporaryDirectory() as folder:
        logged = mlflow.sklearn.log_model(
            scorer,
            name=name,
            model_type="classifier",
            tags={"mlflow.source.name": source},
            signature=_signature(),
            metadata={"columns": {name: scorer.learnt[name]["kind"] for name in scorer.inputs}},
            conda_env=_environment(_requirements(model.estimator)),
            code_paths=[_code(folder)],
            serialization_format="skops",
            skops_trusted_types=store.TRUSTED,
            pyfunc_predict_fn="predict",
        )
    return logged.model_id


def _code(folder):
    """Copy the part of this package that a model needs into ``folder``, and return its place."""
    here, there = Path(paths.__file__).parent, Path(folder) / "rebalance"
    for part in TRAVELS:
        if (here / part).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(here / part, there / part, ignore=ignore)
        else:
            there.mkdir(exist_ok=True)
            shutil.copyfile(here / part, there / part)
    return str(there)


@contextmanager
def _fluent(run_id):
    """Make a run the active one of MLflow's functions, and undo what that sets."""
    import mlflow

    name = "MLFLOW_TRACKING_URI"
    before = os.environ.get(name)
    mlflow.set_tracking_uri(places.address())
    try:
        mlflow.start_run(run_id=run_id)
        yield
    finally:
        mlflow.end_run("RUNNING")
        mlflow.set_tracking_uri(None)
        if before is not None:
            os.environ[name] = before


def _signature():
    """Return what a model answers; what it takes it says itself, and in its metadata.

    MLflow's types refuse what the table had: numbers refuse whole numbers in JSON, and its type for
    anything refuses CSV. The model knows its columns, and names one that is missing or wrong.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    outputs = Schema([ColSpec("double", "probability"), ColSpec("long", "decision")])
    return ModelSignature(outputs=outputs)


def log_datasets(client, run_id, record):
    """Name the rows that the stage has seen: their checksum, schema and profile."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = []
    for described in record.datasets:
        values = dict(described)
        context = InputTag("mlflow.data.context", values.pop("context"))
        inputs.append(DatasetInput(Dataset(source_type="local", **values), [context]))
    if inputs:
        client.log_inputs(run_id, inputs)


def log_files(client, run_id, record):
    """Log the small files that the stage wrote, and where the run came from."""
    for path in provenance.small(record.outputs, record.folder):
        client.log_artifact(run_id, str(record.file(path)), path.parent.as_posix())
    client.log_dict(run_id, {"outputs": record.outputs, "versions": record.versions}, PROVENANCE)


def _requirements(estimator):
    """Return what a served model needs, in the versions that made it."""
    modules = {type(part).__module__.partition(".")[0] for part in _parts(estimator)}
    # One module may come in several distributions: the one that is installed counts.
    more = [
        next(filter(provenance.version, packages))
        for module, packages in NEEDS.items()
        if module in modules
    ]
    names = ["mlflow", "numpy", "pandas", "pyarrow", "scikit-learn", "skops", *more]
    return [f"{name}=={provenance.version(name)}" for name in names]


def _environment(requirements):
    """Return the environment of a served model, as conda.yaml has it.

    MLflow writes the same from the requirements alone, with a warning where pip is not installed:
    uv makes environments without it.
    """
    return {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={platform.python_version()}", "pip", {"pip": requirements}],
    }


def _parts(estimator):
    """Yield an estimator and those inside: the steps of a pipeline, the members of an ensemble."""
    yield estimator
    inside = [step for _, step in getattr(estimator, "steps", [])]
    for part in [*inside, *getattr(estimator, "estimators_", [])]:
        yield from _parts(part)
