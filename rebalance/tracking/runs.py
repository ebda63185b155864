"""Record stages in MLflow, which is imported inside functions, late."""

import os
import sys
import time
import warnings
from contextlib import contextmanager

from rebalance import store
from rebalance.errors import InputError
from rebalance.tracking import (
    contents,
    judgements,
    pipeline,
    places,
    provenance,
    records,
    registry,
    view,
)

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # by default a dead server hangs a call for 4 minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",  # at INFO the first use of a database says 40 lines
}


# MLflow takes seconds to import: a shorter stage of a whole `dvc repro` leaves that to a later one.
SHORT = 60  # seconds


class Run:
    """The run of a stage that is at work.

    Attributes
    ----------
    model : CorrectedClassifier or None
        What the stage trained.
    """

    def __init__(self):
        self.model = None


@contextmanager
def stage(name, params):
    """Record what the body does as one run, when it is through.

    Where DVC runs the whole pipeline, a stage of less than a minute leaves its record to the next
    one that takes longer, or to the last: MLflow is imported once.

    Parameters
    ----------
    name : str
        The stage as dvc.yaml calls it, for example ``train_resampled@smote``.
    params : params.Params

    Yields
    ------
    Run

    Raises
    ------
    InputError
        Before the body where runs cannot be recorded; after it where MLflow refuses the run.
    """
    experiment = params.tracking.experiment
    places.check(experiment)
    pipeline.stage(name)
    started, run = time.time(), Run()
    yield run
    record = records.ran(name, params, started, time.time() - started)
    sys.stdout.write(f"{name}: {record.note.partition('. ')[0].removesuffix('.')}.\n")
    if record.seconds < SHORT and pipeline.others_follow(name):
        records.keep(record)
        return
    hand_over(experiment, record, model=run.model)


def hand_over(experiment, record, *, model=None):
    """Record what earlier stages left, then ``record``; return its run's id."""
    with _in_one_line(experiment):
        client, experiment_id = _open(experiment)
        _record_kept(client, experiment_id)
        return _record(client, experiment_id, record, model=model)


def hand_over_kept(experiment):
    """Record what stages left, and return their names."""
    names = records.waiting()
    if names:
        with _in_one_line(experiment):
            _record_kept(*_open(experiment))
    return names


def _record_kept(client, experiment_id):
    for path, earlier in records.kept():
        _record(client, experiment_id, records.still_there(earlier))
        path.unlink()


def _record(client, experiment_id, record, *, model=None):
    began = record.started or time.time()
    run_id = client.create_run(
        experiment_id,
        start_time=provenance.milliseconds(began),
        run_name=record.stage,
        tags=provenance.tag_texts(record.tags | {"mlflow.note.content": record.note}),
    ).info.run_id
    ended = provenance.milliseconds(began + record.seconds) if record.seconds else None
    with _terminated(client, run_id, ended):
        model_id = None
        if record.model:
            model = model or store.read_model(record.model)
            model_id = contents.log_model(client, run_id, model, record.model.stem)
        contents.log_datasets(client, run_id, record)
        seconds = {} if record.seconds is None else {"seconds": record.seconds}
        contents.log(client, run_id, record.params, record.metrics | seconds, model_id=model_id)
        contents.log_files(client, run_id, record)
        contents.log_trials(client, experiment_id, run_id, record)
        if record.stage == "evaluate":
            judgements.publish(client, experiment_id, run_id, record)
    return run_id


def missing(experiment, stages):
    """Return the names of the stages without a run that wrote what they wrote.

    ``stages`` is {stage: {path of an output: its checksum}}, as dvc.lock has them.
    """
    places.check(experiment)
    with _in_one_line(experiment):
        client, experiment_id = _open(experiment)
        known, token = set(), ""
        while token is not None:
            page = client.search_runs(
                [experiment_id], "tags.kind = 'stage'", max_results=1000, page_token=token or None
            )
            known |= {
                (run.data.tags.get("dvc.stage"), run.data.tags.get("outputs"))
                for run in page
                if run.info.status == "FINISHED"
            }
            token = page.token or None
    return [
        name for name, outputs in stages.items() if (name, provenance.digest(outputs)) not in known
    ]


def promote(experiment, wanted):
    """Make a version of the registered model, or its challenger, champion."""
    places.check(experiment)
    with _in_one_line(experiment):
        client, _ = _open(experiment)
        return registry.promote(client, experiment, wanted)


def download(uri):
    """Return a folder that holds a model of MLflow, such as ``models:/rebalance@champion``."""
    _settle()
    places.check("any")
    import mlflow.artifacts
    from mlflow.exceptions import MlflowException

    try:
        return mlflow.artifacts.download_artifacts(uri, tracking_uri=places.address())
    except (MlflowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{uri[:80]} is not in {places.address()}: {reason}") from error


def page(base, experiment):
    """Return the address of the view that shows which model won, on the page at ``base``."""
    places.check(experiment)
    with _in_one_line(experiment):
        _, experiment_id = _open(experiment)
    return view.address(base, experiment_id)


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
    with places.alone(uri):
        client = _client(uri)
        known = client.get_experiment_by_name(experiment)
        if known is None:
            return client, _create(client, experiment, places.artifact_location(uri, experiment))
        if known.lifecycle_stage == "deleted":
            client.restore_experiment(known.experiment_id)
        return client, known.experiment_id


def _create(client, experiment, location):
    from mlflow.exceptions import MlflowException

    try:
        return client.create_experiment(experiment, artifact_location=location)
    except MlflowException:
        # A server has no lock of ours: another process may have been first.
        if known := client.get_experiment_by_name(experiment):
            return known.experiment_id
        raise


@contextmanager
def _in_one_line(experiment):
    """Turn what MLflow, a server or the disk refuses into an `InputError`."""
    _settle()
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, ImportError, OSError) as error:
        places.check(experiment)  # says it better where the server is gone
        reason = " ".join(str(error).split())
        raise InputError(f"MLflow at {places.address()} refused the run: {reason}") from error


@contextmanager
def _terminated(client, run_id, ended=None):
    """End the run, also where recording it fails."""
    try:
        yield
    except BaseException:
        # A server that is gone would only be waited for once more.
        if not places.is_server(places.address()):
            client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED", ended)
