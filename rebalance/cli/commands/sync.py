"""Record the runs that MLflow lacks of the stages that DVC restored from its cache."""

from rebalance import paths, store
from rebalance.cli.files import written


def run():
    """Record what is missing, and return a line for each stage concerned."""
    from rebalance import params, tracking

    experiment = params.load().tracking.experiment
    stages = _locked()
    outputs = {name: {out["path"]: out["md5"] for out in stage["outs"]} for name, stage in stages}
    lines = []
    for name in tracking.missing(experiment, outputs):
        if changed := _changed(outputs[name]):
            lines.append(f"{name}: left out, {changed} is not what dvc.lock says\n")
            continue
        _record(name, dict(stages)[name], experiment)
        lines.append(f"{name}: recorded\n")
    return "".join(lines) or f"all {len(outputs)} stages of dvc.lock have their runs\n"


def _locked():
    """Return the stages of dvc.lock that write something: a list of (name, stage)."""
    import yaml

    lock = yaml.safe_load(written(paths.LOCK)) or {}
    return [(name, stage) for name, stage in lock.get("stages", {}).items() if stage.get("outs")]


def _changed(outputs):
    """Return the first output that is there and differs, or that git should hold and is absent."""
    from pathlib import Path

    from rebalance.tracking import checksum

    for path, md5 in outputs.items():
        absent = not Path(path).exists()
        # Tables and models are absent in a fresh clone; metrics are committed.
        if (absent and paths.METRICS in Path(path).parents) or (
            not absent and checksum(path) != md5
        ):
            return path
    return None


def _record(name, stage, experiment):
    """Record a restored stage as it would have recorded itself, but for its seconds."""
    from pathlib import Path

    from rebalance import tracking

    outputs = {Path(out["path"]): out["md5"] for out in stage["outs"]}
    files = [path for path in outputs if path.suffix == ".json" and path.exists()]
    model = next((path for path in outputs if path.suffix == ".skops" and path.exists()), None)
    tracking.record(
        name,
        experiment=experiment,
        params=stage.get("params", {}).get(paths.PARAMS.as_posix(), {}),
        metrics=store.read_json(files[0])
        if len(files) == 1
        else {path.stem: store.read_json(path) for path in files},
        outputs=list(outputs),
        model=_example(model) if model else None,
        tags={"restored": "true"},
    )


def _example(path):
    """Return a restored model with a few rows that it can score."""
    import numpy as np

    model = store.read_model(path)
    if paths.TRAIN.exists():
        rows = store.read_table(paths.TRAIN).example
    else:
        rows = np.zeros((5, len(model.features)))
    return model, rows, path.stem
