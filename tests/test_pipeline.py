"""The real thing: a clone, every command of docs/your-table.md, an edit, dvc repro again.

One clone for the whole file: the page is walked in it once, on a small table. The `dvc repro` of
the page starts real processes, as a user's does; other commands are forks, see `tests.forks`.
"""

import csv
import json
import os
import re
import shlex
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from rebalance import tracking
from tests import forks
from tests.strategies import SHIPPED, changed

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "your-table.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
ENTRY = {"treatment": "random_under", "ratio": 3, "seed": 0}
QUICK = {
    "learner.params": {"max_iter": 8},
    "out_of_fold.folds": 2,
    "resample.under_200": ENTRY,
    "resample.over": None,
    "resample.class_weight": None,
    "resample.smote": None,
    "tune.trials": 2,
    "tune.folds": 2,
    "evaluate.bootstrap": 100,
}
STAGES = [
    "download",
    "split",
    "train_baseline",
    "train_resampled@under_200",
    "tune_ratio",
    "evaluate",
]
UP_TO_DATE = "Data and pipelines are up to date."

pytestmark = pytest.mark.slow


def environment(folder, programs=None):
    """Return an environment with nothing of the caller's git, DVC and MLflow in it."""
    ours = ("GIT", "DVC", "MLFLOW", "PYTHONDONTWRITEBYTECODE")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return clean | {
        "PATH": f"{programs or forks.programs()}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "tmp" / "site"),
        "DVC_NO_ANALYTICS": "true",
        **forks.UNDRAWN,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_NAME": "tester" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "tester@example.org" for who in ("AUTHOR", "COMMITTER")},
    }


def attempt(folder, *command):
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )


def call(folder, *command):
    done = attempt(folder, *command)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def ran(output):
    """Return the stages that DVC ran or would run."""
    return re.findall("^Running stage '(.+)':$", output, flags=re.MULTILINE)


def first_stale(folder):
    """Return the first stage that is out of date, or None, without any data."""
    done = attempt(folder, "dvc", "repro", "--dry", "--allow-missing")
    # DVC looks for the data of a stage that it would run, and fails where there are none.
    failed = re.findall("^ERROR: failed to reproduce '(.+)':", done.stderr, flags=re.MULTILINE)
    assert bool(done.returncode) == bool(failed), done.stderr
    return next(iter([*ran(done.stdout), *failed]), None)


def read_params(folder):
    return yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))


def edit(folder, **changes):
    """Change entries of sections of params.yaml."""
    params = read_params(folder)
    for section, entries in changes.items():
        params[section] |= entries
    text = yaml.safe_dump(params, sort_keys=False)
    (folder / "params.yaml").write_text(text, encoding="utf-8")


def runs(folder):
    """Return the stages that MLflow knows of, oldest first, less trials."""
    query = (
        "SELECT s.value FROM runs r JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = 'kind' "
        "JOIN tags s ON s.run_uuid = r.run_uuid AND s.key = 'dvc.stage' "
        "WHERE k.value = 'stage' ORDER BY r.start_time"
    )
    with closing(sqlite3.connect(folder / "mlflow.db")) as base:
        return [stage for (stage,) in base.execute(query)]


def copied_source(source):
    """Copy what git holds or would hold of this folder, without results."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    made = ("dvc.lock", "metrics/", "models/")  # results of the default parameters are not ours
    for name in listed:
        if name and not name.startswith(made) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)


def table():
    rng = np.random.default_rng(0)
    y = rng.random(1500) < 0.2
    frame = pd.DataFrame({name: rng.normal(y, 1) for name in "abc"})
    return frame.assign(churn=np.where(y, "yes", "no"))


@pytest.fixture(scope="module")
def walked(tmp_path_factory, migrated):
    """Return a clone in which the commands of the page were run, and what each printed."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("walked") / "it"
    copied_source(source)
    text = yaml.safe_dump(changed(read_params(source), QUICK), sort_keys=False)
    (source / "params.yaml").write_text(text, encoding="utf-8")
    call(source, "git", "init", "--quiet", "--initial-branch", "main")
    call(source, "git", "add", "--all")
    call(source, "git", "commit", "--quiet", "--message", "the code")
    call(source, "git", "clone", "--quiet", source.as_uri(), str(folder))
    table().to_csv(folder / "data" / "mine.csv", index=False)
    shutil.copyfile(migrated, folder / "mlflow.db")
    # The installed script belongs to another checkout: this one runs the clone's code.
    script = folder.parent / "bin" / "rebalance"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\nexec python -m rebalance.cli "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    printed = {}
    for command in COMMANDS:
        clean = environment(folder, forks.REAL if command == "dvc repro" else None)
        done = subprocess.run(
            shlex.split(command),
            cwd=folder,
            env=clean | {"PATH": f"{script.parent}{os.pathsep}{clean['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        printed[command] = done.stdout
    return folder, printed


@pytest.fixture(scope="module")
def finished(walked):
    """A clone in which everything ran and is committed."""
    return walked[0]


@pytest.fixture
def folder(finished, tmp_path, monkeypatch):
    """A copy of the finished folder: data, models, DVC's cache, runs and all."""
    ignore = shutil.ignore_patterns("site")
    copy = Path(shutil.copytree(finished, tmp_path / "it", symlinks=True, ignore=ignore))
    with monkeypatch.context() as patch:
        patch.chdir(copy)
        for name in ("DVC_ROOT", "MLFLOW_TRACKING_URI"):
            patch.delenv(name, raising=False)
        tracking.move(read_params(copy)["tracking"]["experiment"])
    return copy


@pytest.fixture
def clone(finished, tmp_path):
    """A fresh clone of the committed result: no data, no models, no cache."""
    call(tmp_path, "git", "clone", "--quiet", finished.as_uri(), "clone")
    return tmp_path / "clone"


def test_the_page_has_the_commands_that_matter():
    first = [" ".join(command.split()[:2]) for command in COMMANDS]
    assert first[:4] == ["rebalance init", "rebalance check", "dvc repro", "rebalance summary"]
    assert {"dvc add", "git add", "git commit"} <= set(first)


def test_each_command_does_what_the_page_says(walked):
    folder, printed = walked
    init, check, repro, summary, *_ = printed.values()
    assert "data.positive 'yes'" in init
    # So far neither git nor DVC knows the file: the page gives it to DVC further down.
    assert "Nothing stops a run." in check
    assert check.count("warning: ") == check.count("--copy-paths") == 1
    assert ran(repro) == STAGES
    assert "average precision" in summary
    assert read_params(folder)["data"]["path"] == "data/mine.csv"
    assert json.loads((folder / "metrics" / "checks.json").read_text(encoding="utf-8")) is not None


def test_the_model_of_the_page_on_columns_scores_rows_where_positives_are_rarer(
    finished, monkeypatch
):
    monkeypatch.chdir(finished)
    page = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
    names, rows = {}, table()[list("abc")]
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], names)  # noqa: S102
    here = names["read_model"]("models/tuned.skops").predict_proba(rows)[:, 1]
    assert (names["model"].predict_proba(rows)[:, 1] < here).all()


def test_what_is_done_is_not_done_again(folder):
    assert call(folder, "dvc", "status").strip() == UP_TO_DATE

    edit(folder, tracking={"experiment": "another"}, run={"workers": 1})
    assert call(folder, "dvc", "repro").strip().splitlines()[-1] == UP_TO_DATE
    assert runs(folder) == STAGES


def recorded(database):
    """Return what a database holds of each stage, less what differs between running and restoring.

    MLflow keeps a database open, also one that was deleted: each has a name of its own.
    """
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    experiment = client.get_experiment_by_name("rebalance")
    held = {}
    for run in client.search_runs([experiment.experiment_id]):
        tags = {n: v for n, v in run.data.tags.items() if n not in OF_THE_OCCASION}
        metrics = {n: v for n, v in run.data.metrics.items() if n != "seconds"}
        models = sorted(
            client.get_logged_model(output.model_id).name for output in run.outputs.model_outputs
        )
        inputs = [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs]
        assert run.info.status == "FINISHED"
        name = f"{tags['dvc.stage']} {run.info.run_name}"
        assert name not in held
        held[name] = (run.data.params, metrics, tags, models, inputs)
    return held


# A restored run names the commit whose dvc.lock it is of.
OF_THE_OCCASION = {
    *("dvc.repro", "process", "record", "restored", "mlflow.parentRunId"),
    *("mlflow.source.git.commit", "git.dirty"),
}


def test_a_restored_run_equals_one_that_ran(folder, migrated):
    database = folder / "mlflow.db"
    ran = recorded(database)
    assert len([name for name in ran if "trial" not in name]) == len(STAGES)
    database.unlink()
    shutil.copyfile(migrated, database)
    shutil.rmtree(folder / "mlartifacts")
    call(folder, "python", "-m", "rebalance.cli", "sync")
    assert recorded(database.rename(folder / "restored.db")) == ran


def test_the_stages_of_one_repro_share_a_tag(finished):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{finished}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name = 'rebalance'")
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'stage'")
    assert len(runs) == len(STAGES)
    assert len({run.data.tags["dvc.repro"] for run in runs}) == 1


def test_git_has_the_results_and_dvc_the_rows_and_models(finished):
    committed = call(finished, "git", "ls-files").splitlines()
    lock = yaml.safe_load((finished / "dvc.lock").read_text(encoding="utf-8"))
    outs = {out["path"] for stage in lock["stages"].values() for out in stage["outs"]}

    assert {"params.yaml", "dvc.yaml", "dvc.lock"} <= set(committed)
    held = {path for path in outs if path.startswith(("data/", "models/"))} | {"data/mine.csv"}
    held -= {"models/card.md"}
    folders = {path.rpartition("/")[0] for path in committed}
    assert {"data/mine.csv.dvc", *outs} - held <= {*committed, *folders}
    assert held.isdisjoint(committed)
    assert set(call(finished, "git", "check-ignore", *sorted(held)).splitlines()) == held
    assert call(finished, "git", "status", "--porcelain") == ""
    text = (finished / "dvc.lock").read_text(encoding="utf-8")
    assert not re.search(r"path: (/|\.\.)", text), "a path of one machine"


def test_a_removed_entry_trains_nothing_and_leaves_nothing(folder):
    params = read_params(folder)
    del params["resample"]["under_200"]
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    assert ran(call(folder, "dvc", "repro")) == ["evaluate"]
    assert runs(folder) == [*STAGES, "evaluate"]
    assert call(folder, "dvc", "status").strip() == UP_TO_DATE
    # Nothing is left of the removed entry, in dvc.lock either.
    call(folder, "git", "add", "--all")
    call(folder, "git", "commit", "--quiet", "--message", "without it")
    for place in ("metrics", "models"):
        assert list((folder / place).rglob("*under_200*")) == []
    assert "@under_200" not in (folder / "dvc.lock").read_text(encoding="utf-8")
    assert "under_200" not in (folder / "metrics" / "report.md").read_text(encoding="utf-8")
    scores = json.loads((folder / "metrics" / "scores.json").read_text(encoding="utf-8"))
    assert list(scores) == ["baseline", "tuned"]
    call(folder, "git", "clone", "--quiet", folder.as_uri(), str(folder.parent / "clone"))
    assert first_stale(folder.parent / "clone") is None


def test_a_new_entry_and_a_ratio_concern_their_model_only(folder):
    weights = {"treatment": "class_weight", "weight": "balanced"}
    edit(folder, resample={"under_200": ENTRY | {"ratio": 2}, "weights": weights})
    trained = ["train_resampled@under_200", "train_resampled@weights"]
    assert ran(call(folder, "dvc", "repro", "--dry")) == [*trained, "evaluate"]


def test_a_model_that_was_tampered_with_is_not_judged(folder):
    model = folder / "models" / "tuned.skops"
    model.write_bytes(model.read_bytes() + b"\0")

    done = attempt(folder, "python", "-m", "stages.evaluate")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: models/tuned.skops is not what its training stage wrote")
    # DVC brings the true one back.
    assert "tune_ratio" in call(folder, "dvc", "status")


MEDDLING = """
from pathlib import Path
from rebalance import errors
from stages import split as stage

def split(params, inner=stage.split):
    path = Path("params.yaml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("gap: 0", "gap: 7"), encoding="utf-8")
    inner(params)

stage.split = split
errors.run(stage.main)
"""


def test_parameters_that_are_edited_while_a_stage_runs_do_not_count_as_its_own(folder):
    """DVC reads params.yaml after a stage as well: dvc.lock would hold the edit, for good."""
    before = (folder / "dvc.lock").read_bytes()
    (folder / "stages" / "meddling.py").write_text(MEDDLING, encoding="utf-8")
    path = folder / "dvc.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("python -m stages.split", "python -m stages.meddling"))
    done = attempt(folder, "dvc", "repro", "split")
    assert done.returncode != 0
    assert "error: split.gap of params.yaml changed while split ran" in done.stderr
    path.write_text(text)
    assert (folder / "dvc.lock").read_bytes() == before
    assert re.search(r"params.yaml:\s+modified:\s+split", call(folder, "dvc", "status", "split"))


def test_what_dvc_takes_for_whole_and_is_damaged_is_mended(folder):
    """DVC believes its cache, and a file whose time, size and number are as it left them."""
    path = folder / "models" / "under_200.skops"
    whole, status = path.read_bytes(), path.stat()
    copy = next(
        file
        for file in (folder / ".dvc" / "cache" / "files" / "md5").rglob("*")
        if file.is_file() and file.read_bytes() == whole
    )
    damaged = whole[:-1] + bytes([whole[-1] ^ 1])
    doctor = ("python", "-m", "rebalance.cli", "doctor")
    name = "models/under_200.skops"

    def in_place(file):
        file.chmod(0o644)
        with file.open("r+b") as open_file:
            open_file.write(damaged)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        file.chmod(0o444)  # of others in its cache DVC computes the checksum

    def mended():
        return [line for line in call(folder, *doctor).splitlines() if line.startswith("mended")]

    assert call(folder, "dvc", "status").strip() == UP_TO_DATE
    in_place(path)
    assert call(folder, "dvc", "status").strip() == UP_TO_DATE  # the fault of it
    assert call(folder, *doctor, "--lock") == ""  # `make repro` reads no table because of a typo
    assert mended() == [f"mended: {name} is damaged, and DVC sees it now; 'dvc repro' makes it"]
    assert name in call(folder, "dvc", "status")
    assert mended() == []

    path.unlink()
    in_place(copy)
    call(folder, "dvc", "checkout")
    assert path.read_bytes() == damaged
    assert call(folder, "dvc", "status").strip() == UP_TO_DATE  # the fault of it
    assert mended()[0] == f"mended: the copy of {name} in DVC's cache was damaged; it is removed"
    assert ran(call(folder, "dvc", "repro")) == ["train_resampled@under_200"]
    assert path.read_bytes() == copy.read_bytes() == whole


def test_rows_of_the_file_are_noticed_when_they_change(folder):
    with (folder / "data" / "mine.csv").open("a", encoding="utf-8") as rows:
        rows.write("1.5,2.5,3.5,no\n")
    assert re.search(r"download:\s+changed deps:\s+modified:\s+data/mine.csv", status(folder))


def test_a_file_named_by_a_number_is_one_to_dvc_as_well(folder):
    (folder / "2024").write_text("a,Class\n1,0\n", encoding="utf-8")
    edit(folder, data={"source": "file", "path": 2024, "drop": []})
    assert re.search(r"(new|modified):\s+2024", status(folder))


def status(folder):
    return call(folder, "dvc", "status")


def test_a_fresh_clone_knows_that_nothing_is_to_be_done_and_a_wrong_result(clone):
    assert first_stale(clone) is None

    scores = clone / "metrics" / "scores.json"
    true = scores.read_text(encoding="utf-8")
    edited = re.sub(r'"average_precision": [\d.]+', '"average_precision": 0.123', true, count=1)
    assert edited != true
    scores.write_text(edited, encoding="utf-8")
    assert first_stale(clone) == "evaluate"
    scores.write_text(true, encoding="utf-8")

    edit(clone, resample={"under_200": ENTRY | {"ratio": 2}})
    assert first_stale(clone) == "train_resampled@under_200"


def test_plots_of_a_clone_are_shown_and_compared(clone):
    assert "index.html" in call(clone, "dvc", "plots", "show", "--out", "shown")
    page = (clone / "shown" / "index.html").read_text(encoding="utf-8")
    assert page.count("vegaEmbed('#") == 4
    assert "<DVC_METRIC" not in page
    assert len(list((clone / "shown" / "static").glob("*.png"))) >= 4

    curve = clone / "metrics" / "ratio_curve.csv"
    curve.write_text(curve.read_text(encoding="utf-8") + "7,0.5,0.1\n", encoding="utf-8")
    call(clone, "dvc", "plots", "diff", "HEAD", "--out", "compared")
    page = (clone / "compared" / "index.html").read_text(encoding="utf-8")
    assert '"rev": "HEAD"' in page
    assert '"rev": "workspace"' in page


def test_dvc_shows_the_metrics_of_each_model_on_one_screen(clone):
    shown = call(clone, "dvc", "metrics", "show").splitlines()
    heading, *rows = (line.split() for line in shown)
    wanted = {"average_precision", "roc_auc", "recall", "precision", "brier", "threshold"}
    assert set(heading[1:]) == {*wanted, "use"}
    assert [row[0] for row in rows] == [
        f"metrics/models/{name}.json" for name in ("baseline", "tuned", "under_200")
    ]
    assert max(map(len, shown)) <= 120
    # The longest name of the models of params.yaml.
    longest = max(map(len, SHIPPED["resample"])) - len("under_200")
    assert max(map(len, shown)) + longest <= 120
    changed = [{"average_precision": 0.123456, "use": 0}, {"average_precision": 0.654321, "use": 1}]
    for name, numbers in zip(("baseline", "under_200"), changed, strict=True):
        file = clone / "metrics" / "models" / f"{name}.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | numbers))
    shown = call(clone, "dvc", "metrics", "diff", "HEAD").splitlines()
    assert len(shown) > 3
    assert max(map(len, shown)) + longest <= 100


def test_plots_of_two_revisions_show_each_models_own_counts(clone):
    """A renamed model: rows of the facets are told apart by model and revision together."""
    table = clone / "metrics" / "plots" / "confusion.csv"
    text = table.read_text(encoding="utf-8").replace("under_200", "renamed")
    table.write_text(text.replace("renamed,positive,positive,", "renamed,positive,positive,9"))
    call(clone, "dvc", "plots", "diff", "HEAD", "--out", "compared")
    page = (clone / "compared" / "index.html").read_text(encoding="utf-8")
    (spec,) = (
        json.loads(each)
        for each in re.findall(r"var spec = ({.*?});\n", page, flags=re.DOTALL)
        if '"whose"' in each
    )
    assert spec["facet"]["field"] == "whose"
    assert {"calculate": "datum.model + ' (' + datum.rev + ')'", "as": "whose"} in spec["transform"]
    counts = {
        (row["rev"], row["model"], row["actual"], row["predicted"]): row["rows"]
        for row in spec["data"]["values"]
    }
    with table.open(encoding="utf-8", newline="") as file:
        now = {tuple(row.values()) for row in csv.DictReader(file)}
    assert {(*key[1:], count) for key, count in counts.items() if key[0] == "workspace"} == now
    models = {
        revision: {key[1] for key in counts if key[0] == revision}
        for revision in ("HEAD", "workspace")
    }
    assert models == {
        "HEAD": {"baseline", "under_200", "tuned"},
        "workspace": {"baseline", "renamed", "tuned"},
    }


def test_an_experiment_apart_runs_its_own_code_and_is_recorded_in_the_repository(folder):
    """With a file of DVC: it has to see data/mine.csv.dvc, whose folder is ignored but for that."""
    stage = folder / "stages" / "train_resampled.py"
    text = stage.read_text(encoding="utf-8")
    own = text.replace(
        "store.write_trained", 'store.write_text("own.txt", "")\n    store.write_trained'
    )
    assert own != text
    stage.write_text(own, encoding="utf-8")
    lock = (folder / "dvc.lock").read_bytes()

    call(folder, "dvc", "exp", "run", "--temp", "-S", "resample.under_200.ratio=2")
    assert runs(folder)[len(STAGES) :] == ["train_resampled@under_200", "evaluate"]
    shown = json.loads(call(folder, "dvc", "exp", "show", "--json"))
    assert '"ratio": 2' in json.dumps(shown)
    before = shown[1]["data"]["metrics"]
    ((apart,),) = (made["revs"] for made in shown[1]["experiments"])
    after = apart["data"]["metrics"]
    # A ratio concerns its model only.
    differs = [path for path in before | after if before.get(path) != after.get(path)]
    assert differs == ["metrics/models/under_200.json"]
    only_changed = call(folder, "dvc", "exp", "show", "--only-changed", "--csv")
    columns = only_changed.splitlines()[0].split(",")
    assert "resample.under_200.ratio" in columns
    assert "metrics/models/under_200.json:average_precision" in columns
    assert len(columns) <= 60
    shown = call(folder, "python", "-m", "rebalance.cli", "experiments").splitlines()
    heading, here, _, apart, model = shown
    assert heading.startswith("experiment")
    assert here.startswith("workspace ")
    assert "resample.under_200.ratio=2" in apart
    # The model that it changed, now and before.
    name, now, *_ = model.split()
    was = re.search(r"\] +([\d.]+)", model)[1]
    assert name == "under_200"
    for text, of in ((now, after), (was, before)):
        value = of[differs[0]]["data"]["average_precision"]
        assert float(text) == pytest.approx(value, abs=0.51 * 10 ** -len(text.partition(".")[2]))
    assert now != was
    assert (folder / "dvc.lock").read_bytes() == lock
    assert not (folder / "own.txt").exists()
