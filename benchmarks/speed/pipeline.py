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
from benchmarks.speed.table import Row

WHOLE, NOTHING = 45.0, 1.0  # seconds
BESIDE = 0.5  # the share of imports, DVC and MLflow
FIRST = "data/raw.parquet"
SPENT = "spent.jsonl"
MADE = ("dvc.lock", "metrics/")  # results of another run
RUNS = (
    "SELECT r.run_uuid, s.value, r.start_time / 1000.0, r.end_time / 1000.0, m.value FROM runs r "
    "JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = 'kind' AND k.value = 'stage' "
    "JOIN tags s ON s.run_uuid = r.run_uuid AND s.key = 'dvc.stage' "
    "JOIN latest_metrics m ON m.run_uuid = r.run_uuid AND m.key = 'seconds' "
    "ORDER BY r.start_time"
)
OUTPUTS = "SELECT substr(key, 9) FROM tags WHERE run_uuid = ? AND key LIKE 'dvc.out.metrics/%'"


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
    """Return the rows: cold with the warm process and without, then nothing to do."""
    # The files of the libraries are in memory for whoever comes first.
    child.call([sys.executable, "-c", "import imblearn.ensemble, mlflow.sklearn, optuna"], folder)
    cold = {}
    for who, variables in (("ours", {}), ("rival", {"REBALANCE_WARM": "0"})):
        place = folder / f"clone-{who}"
        place.mkdir()
        clone(place, size.rows, size.positives)
        if who == "rival":
            _say_where(place / "dvc.yaml")
        with child.watching(place, FIRST) as watched:
            done = child.call(["dvc", "repro"], place, **variables)
        cold[who] = {
            "seconds": done.seconds,
            "peak": watched.peak,
            "stages": stages(place, watched.appeared),
        }
    spent = where(folder / "clone-rival" / SPENT)
    return [*_cold(cold["ours"], cold["rival"], spent, size), *_again(folder / "clone-ours", size)]


def _say_where(path):
    """Have each stage of dvc.yaml append where its seconds went."""
    text = path.read_text(encoding="utf-8")
    ours = f"python -m benchmarks.speed.stage {SPENT} stages."
    path.write_text(text.replace("python -m stages.", ours), encoding="utf-8")


def where(path):
    """Return {stage: {kind of work: seconds}}."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {line.pop("stage"): line for line in lines}


def stages(folder, first):
    """Return what MLflow recorded of each stage: its seconds, and those until its last output.

    What comes after the last output is MLflow's. The first stage writes no metrics, which DVC
    would leave as they are: ``first`` is when its output was there.
    """
    with closing(sqlite3.connect(folder / "mlflow.db")) as base:
        found = {}
        for run, stage, start, end, seconds in base.execute(RUNS).fetchall():
            names = [name for (name,) in base.execute(OUTPUTS, (run,))]
            written = max(((folder / name).stat().st_mtime for name in names), default=first)
            work = end - start if written is None else min(written, end) - start
            found[stage] = {"seconds": seconds, "work": work, "all": end - start}
    return found


def _cold(ours, rival, spent, size):
    found = [
        Row(
            work="dvc repro, cold",
            ours=ours["seconds"],
            rival=rival["seconds"],
            peak=ours["peak"],
            target=f"{WHOLE:g} s",
            met=ours["seconds"] <= WHOLE,
            note=f"{size.rows:,} rows; rival: REBALANCE_WARM=0, every stage with its own imports",
        )
    ]
    found += [
        Row(
            work=f"  {name}",
            ours=stage["seconds"],
            rival=rival["stages"][name]["seconds"],
            note=f"MLflow {stage['all'] - stage['work']:.2f} s of it; rival: {_said(spent[name])}",
        )
        for name, stage in ours["stages"].items()
    ]
    rest = {
        who: side["seconds"] - sum(stage["all"] for stage in side["stages"].values())
        for who, side in (("ours", ours), ("rival", rival))
    }
    found.append(Row(work="  DVC, imports and the rest", **rest))
    beside = ours["seconds"] - sum(stage["work"] for stage in ours["stages"].values())
    share = beside / ours["seconds"]
    found.append(
        Row(
            work="  imports, DVC and MLflow together",
            ours=beside,
            target=f"under {BESIDE:.0%} of the whole",
            met=share < BESIDE,
            note=f"{share:.0%}; what a stage imports after its start counts as its work",
        )
    )
    return found


def _said(seconds):
    return ", ".join(f"{kind} {spent:.2f}" for kind, spent in seconds.items())


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
