"""Record stages in MLflow, which is imported inside functions, late."""

import logging
import os
import time
import warnings
from contextlib import contextmanager, suppress

from rebalance import paths, store
from rebalance.errors import InputError, listed, one_line, redacted, say
from rebalance.tracking import (
    contents,
    judgements,
    left,
    looks,
    migrations,
    patience,
    pipeline,
    places,
    provenance,
    records,
    registry,
    steady,
    view,
)

log = logging.getLogger("rebalance")

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # by default a dead server hangs a call for 4 minutes
    patience.VARIABLE: str(patience.REQUEST),
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",  # at INFO the first use of a database says 40 lines
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # with the password, and a request more
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
    one that takes longer, or to the last: MLflow is imported once. Where MLflow does not answer, or
    refuses the run, its record is kept for ``rebalance sync``.

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
        Before the body where no run could ever be recorded, or another process runs the stage here;
        after it where an input of the stage has changed. Where ``tracking.required``, before
        or after it, also where MLflow does not take the run now.
    """
    tracking, repro = params.tracking, pipeline.repro()
    with steady.unchanged(pipeline.stage(name), params):
        if name == "evaluate":
            _warn_of_edits([paths.BASELINE, *params.resample, paths.TUNED])
        away = not reachable(tracking, repro)
        # A clock that is set while a stage runs would make it end before it began.
        started, began, run = time.time(), time.monotonic(), Run()
        yield run
    record = records.ran(name, params, started, time.monotonic() - began)
    if name == "evaluate":
        pipeline.forget_removed()
    say(f"{name}: {record.note.partition('. ')[0].removesuffix('.')}.\n")
    short = record.seconds < SHORT and pipeline.others_follow(name)
    if (away or short) and (records.keep(record) or away):
        return
    try:
        hand_over(tracking.experiment, record, model=run.model)
    except InputError as error:
        if tracking.required:
            raise
        kept = records.keep(record)
        if isinstance(error, patience.AwayError):
            records.note_away(repro)
        how = "The run is kept: 'rebalance sync' records it later" if kept else "No run is recorded"
        log.warning("warning: %s %s.", error, how)


def _warn_of_edits(models):
    """Say which parameters were edited since models were trained, and which were trained by hand.

    DVC would train them again; a stage that is started by hand would describe them wrongly.
    """
    if keys := pipeline.edited(models):
        log.warning(
            "warning: %s: edited in params.yaml since models were trained that are judged now; "
            "the report says what params.yaml says, so run 'dvc repro'.",
            listed(keys),
        )
    if names := pipeline.retrained(models):
        log.warning(
            "warning: %s: trained by hand since the last 'dvc repro', perhaps with others than the "
            "parameters of params.yaml, which the report names; run 'dvc repro'.",
            listed(names),
        )


def reachable(tracking, repro=""):
    """Return whether runs can be recorded now; warn where they cannot.

    Parameters
    ----------
    tracking : params.Tracking
    repro : str
        The ``dvc repro`` in which this is asked: once for all its stages where the answer is no.

    Raises
    ------
    InputError
        Where runs could never be recorded, or ``tracking.required`` and not now.
    """
    if not tracking.required and records.is_away(repro):
        return False
    try:
        places.check(tracking.experiment)
    except patience.AwayError as error:
        if tracking.required:
            raise
        records.note_away(repro)
        log.warning("warning: %s Until then runs are kept: 'rebalance sync' records them.", error)
        return False
    return True


def hand_over(experiment, record, *, model=None, seconds=None):
    """Record what earlier stages left, then ``record``; return its run's id.

    Raises `InputError` where MLflow does not take it; a server has ``seconds``, by default
    `patience.of_a_run`.
    """

    def work(client, experiment_id):
        left.end(client, experiment_id)
        _record_kept(client, experiment_id)
        return _record(client, experiment_id, record, model=model)

    return _limited(experiment, work, seconds)


def hand_over_kept(experiment, seconds=None):
    """Record what stages left, and return their names."""
    names = []
    if records.waiting():
        _limited(experiment, lambda *there: _record_kept(*there, names), seconds)
    return names


def _record_kept(client, experiment_id, names=None):
    """Record what waits, and add the names of its stages to a list."""
    if not records.waiting():
        return
    with records.alone():
        for path, earlier in records.kept():
            if not _known(client, experiment_id, earlier):
                _record(client, experiment_id, earlier)
            records.forget(path)
            if names is not None:
                names.append(earlier.stage)


def _known(client, experiment_id, record):
    """Tell whether MLflow has a record, and delete what is left of earlier tries."""
    known = False
    for run in client.search_runs([experiment_id], f"tags.record = '{record.key}'"):
        if run.info.status == "FINISHED":
            known = True
            continue
        parts = client.search_runs(
            [experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'", max_results=50_000
        )
        models = client.search_logged_models(
            [experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'"
        )
        for model in models:
            client.delete_logged_model(model.model_id)
        for part in [*parts, run]:
            client.delete_run(part.info.run_id)
    return known


def _record(client, experiment_id, record, *, model=None):
    began = record.started or time.time()
    tags = {"mlflow.note.content": record.note, "record": record.key, **left.mark()}
    run_id = client.create_run(
        experiment_id,
        start_time=provenance.milliseconds(began),
        run_name=record.stage,
        tags=provenance.tag_texts(record.tags | tags),
    ).info.run_id
    ended = provenance.milliseconds(began + record.seconds) if record.seconds else None
    with _terminated(client, run_id, ended):
        model_id = None
        if record.model:
            model = model or store.read_model(record.file(record.model))
            source = provenance.source(record.stage)
            model_id = contents.log_model(client, run_id, model, record.model.stem, source)
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

    def work(client, experiment_id):
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
        return known

    known = _limited(experiment, work)
    return [
        name for name, outputs in stages.items() if (name, provenance.digest(outputs)) not in known
    ]


def recorded_looks(experiment, checksum):
    """Return the looks at the test rows of that checksum, as runs of evaluate are tagged.

    A database that is not there yet knows none, and is not made for the question.
    """
    places.check(experiment)
    file = places.database(places.address())
    if file and not file.exists():
        return set()
    with _in_one_line(experiment):
        client, experiment_id = _open(experiment)
        return looks.in_runs(client, experiment_id, checksum)


def promote(experiment, wanted):
    """Make a version of the registered model, or its challenger, champion."""
    places.check(experiment)
    return _limited(experiment, lambda client, _: registry.promote(client, experiment, wanted))


def download(uri):
    """Return a folder that holds a model of MLflow, such as ``models:/rebalance@champion``."""
    _settle()
    places.check("any")
    import mlflow.artifacts
    from mlflow.exceptions import MlflowException

    try:
        with places.alone(places.address()):
            migrations.complete(places.address())
        return mlflow.artifacts.download_artifacts(uri, tracking_uri=places.address())
    except (MlflowException, OSError) as error:
        reason = redacted(one_line(error))
        raise InputError(f"{uri[:80]} is not in {places.shown()}: {reason}.") from error


def page(base, experiment):
    """Return the address of the view that shows which model won, on the page at ``base``."""
    places.check(experiment)
    return _limited(experiment, lambda _, experiment_id: view.address(base, experiment_id))


def _settle():
    """Set what MLflow reads from the environment, most of it when it is imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    # It logs the traceback of an error of a database that it raises as well.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # MLflow warns of a type hint of its own, in colour, whenever it saves a model.
    warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType", UserWarning)


def _client(uri):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _open(experiment):
    """Return the client and the id of the experiment, which is created when it is missing."""
    uri = places.address()
    with places.alone(uri):
        migrations.complete(uri)
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


def _limited(experiment, work, seconds=None):
    """Return what ``work`` of the client and the experiment's id returns.

    Raises `InputError` where MLflow refuses it, or a server takes longer.
    """
    _settle()
    # Not on the server's time: on a busy machine the import takes long.
    import mlflow.tracking  # noqa: F401

    def opened():
        with _in_one_line(experiment):
            return work(*_open(experiment))

    limit = None if places.database(places.address()) else seconds or patience.of_a_run()
    return patience.within(limit, opened, places.shown())


@contextmanager
def _in_one_line(experiment):
    """Turn what MLflow, its database, a server or the disk refuses into an `InputError`."""
    from mlflow.exceptions import MlflowException

    refused = (MlflowException, ImportError, OSError)
    if not places.is_server(places.address()):
        from sqlalchemy.exc import SQLAlchemyError  # most of it MLflow words itself

        refused += (SQLAlchemyError,)
    try:
        yield
    except InputError:
        raise
    except refused as error:
        places.check(experiment)  # says it better where the server is gone
        reason = redacted(one_line(getattr(error, "orig", None) or error))
        raise InputError(f"MLflow at {places.shown()} refused the run: {reason}.") from error


@contextmanager
def _terminated(client, run_id, ended=None):
    """End the run, also where recording it fails."""
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the first error tells more than that the server is gone
            client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED", ended)
