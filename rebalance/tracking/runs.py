"""Record finished runs in MLflow, which is imported inside functions, last."""

import gc
import os
import time
import warnings
from contextlib import contextmanager

from rebalance import paths
from rebalance.errors import InputError
from rebalance.tracking import contents, places, provenance

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # by default a dead server hangs a call for 4 minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",  # at INFO the first use of a database says 40 lines
}


def record(
    stage,
    *,
    experiment,
    params,
    metrics,
    outputs,
    started=None,
    model=None,
    trials=(),
    series=None,
    tags=None,
):
    """Record one executed stage as one finished run, and return the run's id.

    Parameters
    ----------
    stage : str
        Its name in dvc.yaml, for example ``train_resampled@smote``.
    experiment : str
        The name in the section ``tracking`` of params.yaml.
    params, metrics : dict
        May be nested; names are joined by dots. Of the metrics only finite numbers are kept.
    outputs : list of Path
        What the stage wrote: the checksum of each becomes a tag, small ones become artifacts.
    started : float or None
        `time.time` at the stage's start; None where nobody measured it.
    model : (CorrectedClassifier, X, name) or None
        A fitted model and a few rows that it can score.
    trials : sequence of Trial
        Recorded as children of the run.
    series : dict of {name: [(step, value), ...]} or None
        Metrics with steps.
    tags : dict or None
        More tags.
    """
    places.check(experiment)
    with _in_one_line(experiment):
        client, experiment_id = _open(experiment)
        began = started or time.time()
        run_id = client.create_run(
            experiment_id,
            start_time=provenance.milliseconds(began),
            run_name=stage,
            tags={
                **provenance.stage_tags(stage),
                **provenance.checksums(outputs),
                **provenance.tag_texts(tags or {}),
            },
        ).info.run_id
        with _terminated(client, run_id):
            model_id = contents.log_model(client, experiment_id, run_id, *model) if model else None
            if model and paths.TRAIN.exists():
                contents.log_input(client, run_id)
            numbers = dict(metrics)
            if started:
                numbers["seconds"] = time.time() - began
            contents.log(client, run_id, params, numbers, series=series, model_id=model_id)
            for path in provenance.small(outputs):
                client.log_artifact(run_id, str(path), path.parent.as_posix())
            for trial in trials:
                contents.log_trial(client, experiment_id, run_id, stage, trial, began)
    return run_id


def missing(experiment, stages):
    """Return the names of the stages without a run that wrote what they wrote.

    ``stages`` is {stage: {path of an output: its checksum}}, as dvc.lock has them.
    """
    places.check(experiment)
    with _in_one_line(experiment):
        client, experiment_id = _open(experiment)
        known, token = {}, ""
        while token is not None:
            page = client.search_runs(
                [experiment_id], "tags.kind = 'stage'", max_results=1000, page_token=token or None
            )
            for run in page:
                wrote = provenance.recorded(run.data.tags)
                known.setdefault(run.data.tags.get("dvc.stage"), []).append(wrote)
            token = page.token or None

    def is_known(stage, outputs):
        wanted = {provenance.tag(path): md5 for path, md5 in outputs.items()}
        # A stage may have passed fewer outputs to `record` than dvc.lock lists, or files of a
        # folder that dvc.lock lists as one.
        return any(
            (both := wrote.keys() & wanted.keys())
            and all(wrote[key] == wanted[key] for key in both)
            for wrote in known.get(stage, [])
        )

    return [stage for stage, outputs in stages.items() if not is_known(stage, outputs)]


def _settle():
    """Set what MLflow reads from the environment, most of it when it is imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    # MLflow warns of a type hint of its own, in colour, whenever it saves a model.
    warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType", UserWarning)


def _client(uri):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _open(experiment):
    """Return the client and the id of the experiment, which is created when it is missing."""
    uri = places.address()
    wanted = places.artifact_location(uri, experiment)
    with places.alone(uri):
        client = _client(uri)
        found = client.get_experiment_by_name(experiment)
        if found is None:
            return client, _create(client, experiment, wanted)
        file, location = places.database(uri), found.artifact_location
        inside = "/mlartifacts/" + (wanted or "").rpartition("/")[2]
        if file and location != wanted and location.endswith(inside):
            places.relocate(file, location.removesuffix(inside), wanted.removesuffix(inside))
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
        return client, found.experiment_id


def _create(client, experiment, location):
    from mlflow.exceptions import MlflowException

    try:
        return client.create_experiment(experiment, artifact_location=location)
    except MlflowException:
        # A server has no lock of ours: another process may have been first.
        if found := client.get_experiment_by_name(experiment):
            return found.experiment_id
        raise


@contextmanager
def _uncollected():
    """Collect no garbage: a third of the time of importing MLflow, and there is next to none."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextmanager
def _in_one_line(experiment):
    """Turn what MLflow, a server or the disk refuses into an `InputError`."""
    _settle()
    with _uncollected():
        from mlflow.exceptions import MlflowException
    try:
        with _uncollected():
            yield
    except (MlflowException, ImportError, OSError) as error:
        places.check(experiment)  # says it better where the server is gone
        reason = " ".join(str(error).split())
        raise InputError(f"MLflow at {places.address()} refused the run: {reason}") from error


@contextmanager
def _terminated(client, run_id):
    """End the run, also where recording it fails."""
    try:
        yield
    except BaseException:
        # A server that is gone would only be waited for once more.
        if not places.is_server(places.address()):
            client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
