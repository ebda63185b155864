"""The default ``dvc repro`` in a fresh clone: cold, then with nothing to do."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from statistics import median

from benchmarks.speed import child
from benchmarks.speed.table import NEARLY_FULL, Row

WHOLE, NOTHING = 45.0, 1.0  # seconds
SHARE = 0.15  # of imports, DVC and MLflow
SPENT = "spent.jsonl"
MADE = ("dvc.lock", "metrics/")  # results of another run
SAME = (".json", ".md")  # of metrics/: whichever way they came about
WORK = ("data", "fits", "comparison")
SECONDS = (
    "SELECT s.value, m.value FROM runs r "
    "JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = 'kind' AND k.value = 'stage' "
    "JOIN tags s ON s.run_uuid = r.run_uuid AND s.key = 'dvc.stage' "
    "JOIN latest_metrics m ON m.run_uuid = r.run_uuid AND m.key = 'seconds' "
    "ORDER BY r.start_time"
)


def clone(folder, rows, positives):
    """Copy the files of the working tree to ``folder``, with so many simulated rows, and commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=child.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in listed:
        source = child.ROOT / name
        if name and not name.startswith(MADE) and source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    params = folder / "params.yaml"
    params.write_text(simulated(params.read_text(encoding="utf-8"), rows, positives), "utf-8")
    child.call(["git", "init", "--quiet"], folder)
    commit(folder)
    return folder


def simulated(text, rows, positives):
    r"""Return params.yaml with another size of the simulated table.

    >>> simulated("  source: file\n    rows: 9\n    positives: 2 # few\n", 50, 7)
    '  source: simulated\n    rows: 50\n    positives: 7 # few\n'
    """
    for key, value in (("source", "simulated"), ("rows", rows), ("positives", positives)):
        text = re.sub(rf"^(\s+{key}:) \S+", rf"\1 {value}", text, count=1, flags=re.MULTILINE)
    return text


def commit(folder):
    """Commit everything that git does not ignore."""
    child.call(["git", "add", "--all"], folder)
    child.call(["git", "commit", "--quiet", "--allow-empty", "--message", "all"], folder)


def rows(folder, size):
    """Return the rows: cold, then nothing to do.

    A second cold run has the stages say where their seconds went.
    """
    # The files of the libraries are in memory for whoever comes first.
    child.call([sys.executable, "-c", "import imblearn.ensemble, mlflow.sklearn, optuna"], folder)
    ours, split = folder / "ours", folder / "split"
    whole, divided = _cold(ours, size), _cold(split, size, says_where=True)
    found = _rows(whole, stages(ours), divided.seconds, where(split / SPENT), size)
    return [*found, *_again(ours, size)]


def _cold(place, size, *, says_where=False):
    place.mkdir()
    clone(place, size.rows, size.positives)
    if says_where:
        say_where(place / "dvc.yaml")
    return child.call(["dvc", "repro"], place)


def say_where(path):
    """Have each stage of this dvc.yaml append where its seconds went to a file beside it."""
    text = path.read_text(encoding="utf-8")
    ours = f"python -m benchmarks.speed.stage {SPENT} stages."
    path.write_text(text.replace("python -m stages.", ours), encoding="utf-8")


def where(path):
    """Return {stage: {kind of work: seconds}}."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {line.pop("stage"): line for line in lines}


def stages(folder):
    """Return {stage: its seconds}, as MLflow recorded them."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as base:
        return dict(base.execute(SECONDS).fetchall())


def _rows(whole, by_stage, divided, spent, size):
    full = size.rows >= NEARLY_FULL
    work = sum(seconds.get(kind, 0.0) for seconds in spent.values() for kind in WORK)
    share = 1 - work / divided
    return [
        Row(
            work="dvc repro, cold",
            ours=whole.seconds,
            peak=whole.peak,
            target=f"{WHOLE:g} s at full size",
            met=whole.seconds <= WHOLE if full else None,
            note=f"{size.rows:,} rows",
        ),
        *(
            Row(
                work=f"  {name}",
                ours=seconds,
                note=", ".join(f"{kind} {each:.2f}" for kind, each in spent[name].items()),
            )
            for name, seconds in by_stage.items()
        ),
        Row(work="  DVC and the rest", ours=whole.seconds - sum(by_stage.values())),
        Row(
            work="  imports, DVC and MLflow together",
            ours=divided - work,
            target=f"at most {SHARE:.0%} of the whole at full size",
            met=share <= SHARE if full else None,
            note=f"{share:.0%} of the {divided:.1f} s of one more run, whose stages say where "
            "their seconds go, as the lines above have it",
        ),
    ]


def _again(folder, size):
    commit(folder)
    for command in (["dvc", "repro"], ["dvc", "metrics", "diff"]):
        done = [child.call(command, folder) for _ in range(size.repeats + 2)]
        seconds = median(run.seconds for run in done)
        timed = command == ["dvc", "repro"]
        yield Row(
            work=f"{' '.join(command)}, nothing to do" if timed else " ".join(command),
            ours=seconds,
            peak=max(run.peak for run in done),
            target=f"{NOTHING:g} s" if timed else "",
            met=seconds <= NOTHING if timed else None,
        )
