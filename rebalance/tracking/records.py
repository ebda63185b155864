"""The record of a stage, as plain values: of one that ran and of one that DVC restored.

Numbers and sentences come from the files that a stage wrote, so that both are equal.
"""

import json
import logging
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from rebalance import params as parameters
from rebalance import paths, store
from rebalance.errors import InputError
from rebalance.params.file import read
from rebalance.tracking import pipeline, places, provenance, summaries

log = logging.getLogger("rebalance")

# Holds the `dvc repro` in which the server was found away: its later stages do not ask again.
AWAY = "away"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run to be.

    Attributes
    ----------
    stage : str
        The name in dvc.yaml, for example ``train_resampled@smote``.
    params, metrics, tags : dict
        As MLflow takes them: names with dots, no None.
    note : str
        The description of the run.
    outputs : dict of str to str
        Path and checksum of every file that the stage wrote.
    started : float or None
        Seconds since 1970; None where DVC restored the outputs.
    seconds : float or None
        How long the stage ran.
    datasets : list of dict
        The tables that the stage has seen, as `provenance.dataset` describes them.
    trained : dict of str to str
        Of ``evaluate``: the models judged, and the checksum of what each of their stages wrote.
    versions : dict of str to str
        Those of Python and of the libraries.
    key : str
        Tells whether MLflow has this record already.
    folder : str
        Where the outputs are; of a record that waits, where its copies are.
    """

    stage: str
    params: dict
    metrics: dict
    tags: dict
    outputs: dict
    note: str = ""
    started: float | None = None
    seconds: float | None = None
    datasets: list = field(default_factory=list)
    trained: dict = field(default_factory=dict)
    versions: dict = field(default_factory=provenance.versions)
    key: str = field(default_factory=lambda: uuid4().hex)
    folder: str = ""

    @property
    def model(self):
        """Return the path of the model that the stage trained, or None."""
        return next((Path(path) for path in self.outputs if path.endswith(".skops")), None)

    def file(self, path):
        """Return where a file of the stage is."""
        return Path(self.folder) / path


def ran(name, params, started, seconds):
    """Return the `Record` of a stage that ran just now with these `params.Params`."""
    stage = pipeline.stage(name)
    outputs = {path: provenance.checksum(path) for path in stage.outputs if path.exists()}
    tags = {"dvc.repro": pipeline.repro()}
    return _record(stage, params, outputs, tags, started=started, seconds=seconds)


def restored(name, sections, outputs, moment):
    """Return the `Record` of a stage whose outputs DVC restored.

    Parameters
    ----------
    name : str
    sections : dict
        What dvc.lock says of params.yaml; names may have dots.
    outputs : dict of Path to str
        The outputs and their checksums, as dvc.lock has them.
    moment : str
        What the runs restored together share, as those of one ``dvc repro`` share its start.

    Raises
    ------
    InputError
        Where the parameters of dvc.lock are those of another version of this package.
    """
    content = read(paths.PARAMS)
    for key, value in sections.items():
        *above, last = key.split(".")
        place = content
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    tags = {"dvc.repro": moment, "restored": "true"}
    return _record(pipeline.stage(name), parameters.parse(content), outputs, tags)


def _record(stage, params, outputs, tags, **more):
    summary = summaries.of(stage.name, params)
    return Record(
        stage=stage.name,
        params=_logged(stage.params, params),
        metrics=summary.metrics,
        tags={
            **provenance.stage_tags(stage.name),
            **{name: value for name, value in tags.items() if value},
            **summary.tags,
            "outputs": provenance.digest(outputs),
        },
        note=summary.note,
        outputs={path.as_posix(): md5 for path, md5 in outputs.items()},
        **seen(stage.name, outputs),
        **more,
    )


def seen(stage, outputs):
    """Return ``datasets`` and ``trained`` of the `Record` of a stage that wrote ``outputs``."""
    tables = {}
    if any(Path(path).suffix == ".skops" for path in outputs):
        tables = {"training": paths.TRAIN}
    if stage == "evaluate":
        tables = {"testing": paths.TEST}
    datasets = [
        provenance.dataset(path) | {"context": context}
        for context, path in tables.items()
        if path.exists()
    ]
    return {"datasets": datasets, "trained": _judged() if stage == "evaluate" else {}}


def _judged():
    """Return {model: checksum of what its stage wrote} of the models in the last evaluation."""
    trained = {}
    for name in store.read_json(paths.SCORES):
        outputs = pipeline.stage(pipeline.trains(name)).outputs
        here = {path: provenance.checksum(path) for path in outputs if path.exists()}
        trained[name] = provenance.digest(here)
    return trained


def _logged(names, params):
    """Return the parameters that dvc.yaml lists for a stage, less those that say nothing."""
    flat = provenance.flat(_sections(names, params))
    return {name: value for name, value in flat.items() if value not in (None, "", [], {})}


def _sections(names, params):
    """Return {name: plain values} of sections of `params.Params`, whose names may have dots."""
    found = {}
    for name in names:
        value = params
        for part in name.split("."):
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        found[name] = _plain(value)
    return found


def _plain(value):
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _folder():
    """Return where records wait: `dvc exp run --temp` works in a clone that is deleted."""
    return Path(os.environ.get("DVC_ROOT", "")) / paths.RUNS


def keep(record):
    """Keep a record until a later stage, or ``rebalance sync``, hands it to MLflow.

    The files that MLflow gets are kept with it: a later run of the stage replaces the others.
    Return whether it is kept: a disk that takes no record costs a line, and never the stage.
    """
    try:
        _write(record)
    except OSError as error:
        forget(_folder() / f"{record.key}.json")
        reason = (error.__cause__ or error).strerror or error
        log.warning(
            "note: the run of %s cannot be kept in %s (%s).", record.stage, _folder(), reason
        )
        return False
    return True


def _write(record):
    folder = _folder() / record.key
    # What the judgement of evaluate is read from.
    more = [paths.SPLIT] if record.stage == "evaluate" and paths.SPLIT.exists() else []
    for path in [*provenance.small(record.outputs), *more]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path)
    if record.model:
        _link(record.model, folder / record.model)
    with store.replacing(_folder() / f"{record.key}.json") as partial:
        kept = asdict(replace(record, folder=folder.as_posix()))
        partial.write_text(json.dumps(kept), encoding="utf-8")


def _link(path, there):
    """Keep a model, which may be large: its writers replace the file, so a link keeps this one."""
    there.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, there)
    except OSError:  # a file system without links
        shutil.copyfile(path, there)


def kept():
    """Return [(path, Record)] of the records on disk, in the order in which the stages ran.

    One that is damaged is deleted: ``rebalance sync`` makes it again from dvc.lock.
    """
    records = []
    for path in _folder().glob("*.json"):
        try:
            record = Record(**json.loads(path.read_text(encoding="utf-8")))
            records.append((float(record.started or 0), path, record))
        except (ValueError, TypeError):
            log.warning("note: the record %s is damaged; 'rebalance sync' makes it again.", path)
            forget(path)
    return [(path, record) for _, path, record in sorted(records, key=lambda each: each[:2])]


def forget(path):
    """Delete a record that MLflow has."""
    with suppress(OSError):
        path.unlink()
    shutil.rmtree(path.with_suffix(""), ignore_errors=True)


def waiting():
    """Return the names of the stages whose records wait to be handed over."""
    return [record.stage for _, record in kept()]


@contextmanager
def alone():
    """Let one process at a time hand over what waits: two would record it twice."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(_folder() / "lock", timeout=places.LOCK_SECONDS):
            yield
    except Timeout as error:
        raise InputError(f"{_folder() / 'lock'} is held by another process.") from error


def note_away(repro):
    """Note that the server does not answer this ``dvc repro``, if it is one."""
    if repro:
        with suppress(OSError):  # it is asked once more
            store.write_text(_folder() / AWAY, repro)


def is_away(repro):
    """Return whether an earlier stage of this ``dvc repro`` found the server away."""
    path = _folder() / AWAY
    return bool(repro) and path.exists() and path.read_text(encoding="utf-8").strip() == repro
