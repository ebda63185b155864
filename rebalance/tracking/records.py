"""The record of a stage, as plain values: of one that ran and of one that DVC restored.

Numbers and sentences come from the files that a stage wrote, so that both are equal.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rebalance import params as parameters
from rebalance import paths, store
from rebalance.params.file import read
from rebalance.tracking import pipeline, provenance, summaries

DIGITS = 12  # of a checksum, in the name of a file


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
    """

    stage: str
    params: dict
    metrics: dict
    tags: dict
    outputs: dict
    note: str = ""
    started: float | None = None
    seconds: float | None = None

    @property
    def model(self):
        """Return the path of the model that the stage trained, or None."""
        return next((Path(path) for path in self.outputs if path.endswith(".skops")), None)


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
        **more,
    )


def _logged(names, params):
    """Return the parameters that dvc.yaml lists for a stage, less those that say nothing."""
    sections = {}
    for name in names:
        value = params
        for part in name.split("."):
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        sections[name] = value.model_dump() if hasattr(value, "model_dump") else _dumped(value)
    flat = provenance.flat(sections)
    return {name: value for name, value in flat.items() if value not in (None, "", [], {})}


def _dumped(value):
    """Return a dictionary of sections as plain values."""
    if isinstance(value, dict):
        return {k: v.model_dump() if hasattr(v, "model_dump") else v for k, v in value.items()}
    return value


def keep(record):
    """Keep a record until a later stage, or ``rebalance sync``, hands it to MLflow.

    A later run of the stage that wrote something else does not replace it.
    """
    path = paths.RUNS / f"{record.stage}.{provenance.digest(record.outputs)[:DIGITS]}.json"
    with store.replacing(path) as beside:
        beside.write_text(json.dumps(asdict(record)), encoding="utf-8")


def kept():
    """Return [(path, Record)] of the records on disk, in the order in which the stages ran."""
    records = [
        (path, Record(**json.loads(path.read_text(encoding="utf-8"))))
        for path in paths.RUNS.glob("*.json")
    ]
    return sorted(records, key=lambda each: each[1].started)


def still_there(record):
    """Return the record without the outputs that a later run replaced or deleted."""
    outputs = {
        path: md5
        for path, md5 in record.outputs.items()
        if Path(path).exists() and provenance.checksum(Path(path)) == md5
    }
    return replace(record, outputs=outputs)


def waiting():
    """Return the names of the stages whose records wait to be handed over."""
    return [record.stage for _, record in kept()]
