"""What a run holds: numbers, parameters, a model, the rows that it saw, the trials of a study."""

import json
import math
import time
from dataclasses import dataclass
from numbers import Real
from tempfile import TemporaryDirectory

from rebalance import paths, store
from rebalance.params.learners import LEARNERS
from rebalance.tracking import provenance

# What a model needs beside scikit-learn, by the module that it came from.
NEEDS = {"imblearn": ("imbalanced-learn",)} | {
    learner.module: learner.packages for learner in LEARNERS.values() if learner.extra
}
# What MLflow takes in one call.
MAX_METRICS, MAX_PARAMS = 800, 100


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One question of a study: what was tried, what came out, in how many seconds."""

    number: int
    params: dict
    metrics: dict
    state: str = "complete"
    seconds: float = 0.0


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


def log_trial(client, experiment_id, parent, stage, trial, began):
    """Log one trial as a child of the stage's run, a millisecond apart to keep their order."""
    start = provenance.milliseconds(began) + trial.number
    run_id = client.create_run(
        experiment_id,
        start_time=start,
        run_name=f"trial {trial.number}",
        tags={
            "kind": "trial",
            "dvc.stage": stage,
            "trial.number": str(trial.number),
            "trial.state": trial.state.lower(),
            "mlflow.parentRunId": parent,
            "mlflow.user": provenance.user(),
        },
    ).info.run_id
    log(client, run_id, trial.params, trial.metrics | {"seconds": trial.seconds})
    status = "FAILED" if trial.state.lower().startswith("fail") else "FINISHED"
    client.set_terminated(run_id, status, start + provenance.milliseconds(trial.seconds))


def log_model(client, experiment_id, run_id, model, X, name):
    """Log a model that answers with probabilities when it is served, and return its id.

    In the steps of `mlflow.sklearn.log_model`, less the one that serves the example as a trial.
    """
    import pandas as pd
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model, infer_signature
    from mlflow.sklearn import save_model
    from mlflow.utils import requirements_utils
    from threadpoolctl import threadpool_limits

    # MLflow would look into every file of every installed package, 0.4 s, to compare what is
    # installed with requirements that were made from just that.
    if getattr(requirements_utils, "_MODULES_TO_PACKAGES", {}) is None:
        requirements_utils._MODULES_TO_PACKAGES = {}
    columns = list(getattr(X, "columns", model.features))
    example = pd.DataFrame(X, columns=columns).head(5)
    if model.encoding is None:
        example = example.astype(float)
    # Two threads on five rows wait for each other, up to half a second on a busy machine.
    with threadpool_limits(1):
        signature = infer_signature(example, model.predict_proba(example))
    logged = client.create_logged_model(
        experiment_id, name=name, source_run_id=run_id, model_type="classifier"
    )
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    with TemporaryDirectory() as folder:
        save_model(
            model,
            f"{folder}/model",
            mlflow_model=Model(
                artifact_path=logged.artifact_location,
                run_id=run_id,
                model_id=logged.model_id,
                model_uuid=logged.model_id,
            ),
            signature=signature,
            input_example=example,
            pip_requirements=_requirements(model.estimator),
            serialization_format="skops",
            skops_trusted_types=store.TRUSTED,
            pyfunc_predict_fn="predict_proba",
        )
        client.log_model_artifacts(logged.model_id, f"{folder}/model")
    client.finalize_logged_model(logged.model_id, "READY")
    return logged.model_id


def log_input(client, run_id):
    """Name the training rows that the run has seen, by their checksum."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    path = paths.TRAIN.as_posix()
    source = json.dumps({"uri": path})
    rows = Dataset(paths.TRAIN.stem, store.md5(path), source_type="local", source=source)
    client.log_inputs(run_id, [DatasetInput(rows, [InputTag("mlflow.data.context", "training")])])


def _requirements(estimator):
    """Return what a served model needs, in the versions that made it."""
    modules = {type(part).__module__.partition(".")[0] for part in _parts(estimator)}
    # One module may come in several distributions: the one that is installed counts.
    more = [
        next(filter(provenance.version, packages))
        for module, packages in NEEDS.items()
        if module in modules
    ]
    names = ["mlflow", "numpy", "pandas", "scikit-learn", "skops", *more]
    return [f"{name}=={provenance.version(name)}" for name in names]


def _parts(estimator):
    """Yield an estimator and those inside: the steps of a pipeline, the members of an ensemble."""
    yield estimator
    inside = [step for _, step in getattr(estimator, "steps", [])]
    for part in [*inside, *getattr(estimator, "estimators_", [])]:
        yield from _parts(part)
