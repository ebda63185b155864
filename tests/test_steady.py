"""A stage refuses what changed while it ran, and to run twice at once: dvc.lock would say else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rebalance import params as parameters
from rebalance import tracking
from rebalance.errors import InputError
from rebalance.tracking import pipeline, steady
from tests.strategies import SHIPPED, changed

ROOT = Path(__file__).parents[1]
PIPELINE = {
    "stages": {
        "download": {
            "deps": ["${data.path}${nothing}", "code", "code/single.py"],
            "params": ["data"],
            "outs": ["data/raw.parquet"],
        },
        "split": {"deps": ["code", "big"], "params": ["split", "resample.smote"], "outs": []},
    }
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A repository of two stages, their code, a large table and one of two parts."""
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text(yaml.safe_dump(PIPELINE), encoding="utf-8")
    for name in ("code/single.py", "code/__pycache__/single.pyc", "rows/1.csv", "rows/2.csv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("1\n", encoding="utf-8")
    Path("rows/app.log").write_text("1\n", encoding="utf-8")
    Path("big").write_bytes(bytes(steady.SMALL + 1))
    put({"data.source": "file", "data.path": "rows"})
    return tmp_path


def put(changes):
    text = yaml.safe_dump(changed(SHIPPED, changes), sort_keys=False)
    Path("params.yaml").write_text(text, encoding="utf-8")


def append(name):
    with Path(name).open("a", encoding="utf-8") as file:
        file.write("2\n")


HERE = {"data.source": "file", "data.path": "rows"}
EDITS = [
    ("split", lambda: put(HERE | {"split.seed": 77}), "split.seed of params.yaml"),
    ("split", lambda: Path("params.yaml").write_text("data: {}"), "split.* of params.yaml, "),
    ("split", lambda: append("code/single.py"), "code/single.py changed while split ran"),
    ("split", lambda: append("big"), "big changed while split ran"),
    ("download", lambda: append("rows/2.csv"), "rows/2.csv changed while download ran"),
    ("download", lambda: append("rows/3.csv"), "rows/3.csv changed while download ran"),
    ("download", lambda: Path("rows/1.csv").unlink(), "rows/1.csv changed while download ran"),
    ("download", lambda: put(HERE | {"data.target": "y"}), "data.target of params.yaml"),
]


@pytest.mark.parametrize(("name", "edit", "said"), EDITS, ids=[said for *_, said in EDITS])
def test_what_a_stage_reads_must_not_change_while_it_runs(folder, name, edit, said):
    with (
        pytest.raises(InputError, match=rf"{said}.* run 'dvc repro' again"),
        steady.unchanged(pipeline.stage(name), parameters.load()),
    ):
        edit()


UNREAD = [
    ("split", lambda: put(HERE | {"evaluate.bootstrap": "wrong"})),
    ("split", lambda: put(HERE | {"data.target": "y"})),
    ("split", lambda: append("rows/1.csv")),
    ("split", lambda: Path("code/single.py").write_text("1\n")),  # another time, and no more
    ("split", lambda: append("code/__pycache__/single.pyc")),
    ("split", lambda: append("code/new.py")),
    ("split", lambda: Path("code/single.py").unlink()),  # as evaluate does with removed models
    ("download", lambda: put(HERE | {"split.seed": 77})),
    ("download", lambda: append("big")),
    ("download", lambda: append("rows/app.log")),
    ("download", lambda: append("rows/new.log")),
]


@pytest.mark.parametrize(("name", "edit"), UNREAD)
def test_what_a_stage_does_not_read_may_change(folder, name, edit):
    with steady.unchanged(pipeline.stage(name), parameters.load()):
        edit()


def test_parts_that_the_pattern_leaves_out_may_change_and_new_ones_that_fit_it_may_not(folder):
    put(HERE | {"data.pattern": "2*.csv"})
    stage, params = pipeline.stage("download"), parameters.load()
    with steady.unchanged(stage, params):
        append("rows/1.csv")
        append("rows/3.csv")
    with (
        pytest.raises(InputError, match=r"^rows/20\.csv changed while download ran"),
        steady.unchanged(stage, params),
    ):
        append("rows/20.csv")
    Path("rows/20.csv").unlink()
    with pytest.raises(InputError, match=r"^rows/2\.csv changed"), steady.unchanged(stage, params):
        Path("rows/2.csv").unlink()


@pytest.mark.parametrize("name", ["split", "train_baseline", "train_resampled@one", "tune_ratio"])
def test_only_a_stage_that_fits_is_promised_its_fits(folder, name):
    stage = pipeline.Stage(name=name, params=(), outputs=(), deps=("code",))
    with pytest.raises(InputError) as caught, steady.unchanged(stage, parameters.load()):
        append("code/single.py")
    line = f"code/single.py changed while {name} ran, which began with what was there before; run "
    promise = "" if name == "split" else ": it takes the fits that hold from the score cache"
    assert str(caught.value) == f"{line}'dvc repro' again{promise}."


def test_an_error_of_the_stage_is_not_hidden_by_a_change(folder):
    def fail():
        append("code/single.py")
        raise ZeroDivisionError

    with (
        pytest.raises(ZeroDivisionError),
        steady.unchanged(pipeline.stage("split"), parameters.load()),
    ):
        fail()


def test_a_stage_that_changed_under_its_feet_is_not_recorded(folder, monkeypatch):
    monkeypatch.setattr("rebalance.tracking.runs.reachable", lambda *_: True)
    monkeypatch.setattr("rebalance.tracking.records.ran", lambda *_: pytest.fail("recorded"))
    with (
        pytest.raises(InputError, match=r"single\.py changed while split ran"),
        tracking.stage("split", parameters.load()),
    ):
        append("code/single.py")


HOLDER = """
import sys
from rebalance.tracking import steady
with steady.alone("split"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_stage_does_not_run_twice_at_once_in_a_folder(folder):
    """As where a `dvc repro` was ended and its stage goes on."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, "stages.split"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(InputError) as caught,
            steady.unchanged(pipeline.stage("split"), parameters.load()),
        ):
            pytest.fail("it ran")
        assert str(caught.value) == (
            f"split runs here already, as process {holder.pid}: wait until it has ended, or end "
            "it, and run again."
        )
        with steady.alone("download"):
            pass
        holder.kill()
    with steady.alone("split"):
        pass


def running(*words, cwd):
    """Start a process with words of a stage in a folder, which ends with its standard input."""
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", *words],
        cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_the_process_that_is_named_runs_this_stage_and_model_in_this_folder(folder):
    (folder / "another").mkdir()
    others = [
        running("stages.train_resampled", "one", cwd=folder / "another"),
        running("stages.train_resampled", "two", cwd=folder),
        running("stages.split", cwd=folder),
    ]
    for each in others:
        each.stdout.readline()
    assert steady._holder("train_resampled@one") is None
    with running("stages.train_resampled", "one", cwd=folder) as ours:
        ours.stdout.readline()
        assert steady._holder("train_resampled@one") == ours.pid
        ours.stdin.close()
    for each in others:
        each.communicate()
    # The process that asks is no holder, whatever its words.
    code = "from rebalance.tracking import steady; print(steady._holder('split'))"
    done = subprocess.run(
        [sys.executable, "-c", code, "stages.split"], cwd=folder, capture_output=True, text=True,
        check=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == "None\n"


def test_a_folder_that_takes_no_lock_costs_nothing(folder):
    Path(".rebalance").write_text("a file")
    with steady.alone("split"):
        pass


LOCKED = {
    "schema": "2.0",
    "stages": {
        "train_baseline": {
            "cmd": "x",
            "params": {"params.yaml": {"learner": SHIPPED["learner"], "evaluate.seeds": 1}},
            "outs": [{"path": "models/baseline.skops", "md5": "900150983cd24fb0d6963f7d28e17f72"}],
        },
        "split": {"cmd": "x", "params": {"params.yaml": {"split": SHIPPED["split"]}}},
    },
}


@pytest.fixture
def trained(folder):
    """A repository whose baseline DVC trained."""
    stages = {name: {"params": []} for name in ("train_baseline", "split", "evaluate")}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    Path("dvc.lock").write_text(yaml.safe_dump(LOCKED), encoding="utf-8")
    Path("models").mkdir()
    Path("models/baseline.skops").write_bytes(b"abc")


def test_what_was_edited_since_a_model_was_trained_is_named(trained):
    assert pipeline.edited(["baseline"]) == []
    put({"learner.seed": 77, "split.seed": 78, "evaluate.bootstrap": 300})
    assert pipeline.edited(["baseline"]) == ["learner.seed", "split.seed"]
    assert pipeline.edited(["tuned"]) == []
    assert pipeline.retrained(["baseline", "tuned"]) == []
    Path("models/baseline.skops").write_bytes(b"by hand")
    assert pipeline.edited(["baseline"]) == []
    assert pipeline.retrained(["baseline", "tuned"]) == ["baseline"]
    Path("dvc.lock").write_text("stages: []")
    assert pipeline.edited(["baseline"]) == []
    Path("dvc.lock").unlink()
    assert pipeline.edited(["baseline"]) == []


def test_what_dvc_ran_since_without_training_again_is_no_edit(trained):
    """Of data.prevalence download writes the same rows: DVC runs it, and trains nothing."""
    known = LOCKED["stages"] | {"download": {"cmd": "x", "params": {"params.yaml": at(None)}}}
    stages = {name: {"params": []} for name in ("download", *LOCKED["stages"])}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    Path("dvc.lock").write_text(yaml.safe_dump(LOCKED | {"stages": known}), encoding="utf-8")
    put({"data.prevalence": 0.001})
    assert pipeline.edited(["baseline"]) == ["data.prevalence"]
    known["download"]["params"]["params.yaml"] = at(0.001)
    Path("dvc.lock").write_text(yaml.safe_dump(LOCKED | {"stages": known}), encoding="utf-8")
    assert pipeline.edited(["baseline"]) == []


def at(prevalence):
    """Return what dvc.lock holds of params.yaml for the stage download."""
    return {"data": SHIPPED["data"] | {"prevalence": prevalence}}


def test_an_evaluation_by_hand_says_what_was_edited(trained, monkeypatch, caplog):
    monkeypatch.setattr("rebalance.tracking.runs.reachable", lambda *_: True)
    put({"learner.seed": 77})

    class Judged(Exception):  # noqa: N818
        """The body of the stage."""

    with pytest.raises(Judged), tracking.stage("evaluate", parameters.load()):
        raise Judged
    (line,) = caplog.messages
    assert line.startswith("warning: learner.seed: edited in params.yaml since models were trained")
    caplog.clear()
    # Which parameters a stage had that was started by hand is not known.
    Path("models/baseline.skops").write_bytes(b"by hand")
    with pytest.raises(Judged), tracking.stage("evaluate", parameters.load()):
        raise Judged
    (line,) = caplog.messages
    assert line.startswith(
        "warning: baseline: trained by hand since the last 'dvc repro', perhaps "
    )
    caplog.clear()
    with pytest.raises(Judged), tracking.stage("split", parameters.load()):
        raise Judged
    assert caplog.messages == []
