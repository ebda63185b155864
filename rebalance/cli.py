"""What is no stage: ``python -m rebalance.cli summary`` and ``python -m rebalance.cli sync``."""

import argparse
import sys

from rebalance import errors, paths, store

# The columns of the summary: name in metrics/scores.json, heading, decimals.
COLUMNS = (
    ("average_precision", "average precision", 4),
    ("roc_auc", "ROC AUC", 4),
    ("mcc", "MCC", 4),
    ("f1", "F1", 4),
    ("precision", "precision", 4),
    ("recall", "recall", 4),
    ("accuracy", "accuracy", 5),
    ("no_information_rate", "no information", 5),
    ("brier", "Brier", 6),
    ("threshold", "threshold", 4),
)
NEXT = """
The report, with what each column means: metrics/report.md
Every run, its parameters and its plots: make ui
"""


def main(arguments=None):
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m rebalance.cli", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in (summary, sync):
        said = command.__doc__.splitlines()[0]
        commands.add_parser(command.__name__, help=said, description=said).set_defaults(run=command)
    sys.stdout.write(parser.parse_args(arguments).run())


def summary():
    """Print the report's answer, and the scores of every model on the test rows."""
    scores = table(store.read_json(paths.SCORES))
    _, answer, *_ = _written(paths.REPORT).split("\n\n")
    return f"{answer}\n\n{scores}{NEXT}"


def _written(path):
    """Return the text that a stage wrote; `InputError` where there is none."""
    if not path.exists():
        raise errors.InputError(f"{path} is missing; run 'dvc repro' to make it.")
    return path.read_text(encoding="utf-8")


def table(scores):
    """Return the scores of each model as lines of text, one a model.

    >>> print(table({"baseline": {"mcc": 0.5}, "tuned": {"mcc": 0.75, "recall": 1.0}}), end="")
    model        MCC  recall
    baseline  0.5000       -
    tuned     0.7500  1.0000
    """
    shown = [column for column in COLUMNS if any(column[0] in own for own in scores.values())]
    rows = [["model", *(heading for _, heading, _ in shown)]]
    for name, own in scores.items():
        cells = (f"{own[key]:.{digits}f}" if key in own else "-" for key, _, digits in shown)
        rows.append([name, *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def sync():
    """Record the runs that MLflow lacks of the stages that DVC restored from its cache."""
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

    lock = yaml.safe_load(_written(paths.LOCK)) or {}
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


if __name__ == "__main__":
    errors.run(main)
