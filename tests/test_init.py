"""`rebalance init` points params.yaml at a table; `rebalance check` says what a run would meet."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from rebalance import cli, params, sources, store
from rebalance.cli import setup
from rebalance.errors import InputError
from tests import forks
from tests.strategies import ROOT, SHIPPED, changed

COMMENT = re.compile(r" #.*")


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with the shipped params.yaml, to work in."""
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def rows(n=600, share=0.1, labels=("no", "yes"), seed=0):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(int)
    rng.shuffle(y)
    frame = pd.DataFrame({name: rng.normal(0.5 * y, 1) for name in "abc"})
    return frame.assign(churn=np.array(labels, dtype=object)[y])


def run(*arguments, capsys):
    cli.main([str(argument) for argument in arguments])
    return capsys.readouterr().out


def written():
    return yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))


NAMES = [
    "mine.csv",
    "my table.csv",
    "[a] (1) {b}.csv",
    "höhe ü.csv",
    "it's #1.csv",
    "2024",
    "no.csv",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_found_again(clone, capsys, name):
    rows().to_csv(clone / name, index=False)
    run("init", name, "--target", "churn", capsys=capsys)
    assert written()["data"]["path"] == name
    assert sources.load(params.load().data)["churn"].sum() == 60


def test_a_path_of_the_home_folder_and_a_symbolic_link(clone, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(clone))
    rows().to_csv(clone / "mine.csv", index=False)
    run("init", "~/mine.csv", "--target", "churn", capsys=capsys)
    assert written()["data"]["path"] == f"{clone.as_posix()}/mine.csv"
    (clone / "link.csv").symlink_to(clone / "mine.csv")
    run("init", "link.csv", "--target", "churn", capsys=capsys)
    assert written()["data"]["path"] == "link.csv"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("~/mine.csv", "data.path must be written in full, as '{here}/mine.csv': DVC, which looks"),
        ("data", "data.path must not hold what the pipeline writes, got 'data': put your files in"),
        (".", "data.path must not hold what the pipeline writes, got '.'"),
    ],
)
def test_a_path_that_dvc_would_refuse_is_said_before(clone, capsys, monkeypatch, path, said):
    monkeypatch.setenv("HOME", str(clone))
    (clone / "data").mkdir()
    for place in ("mine.csv", "data/mine.csv", "data/mine/mine.csv"):
        (clone / place).parent.mkdir(exist_ok=True)
        rows().to_csv(clone / place, index=False)
    run("init", "data/mine", "--target", "churn", capsys=capsys)
    content = changed(written(), {"data.path": path, "learner.params": {"no_such": 1}})
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        cli.main(["check"])
    lines = str(refused.value).splitlines()
    assert lines[0].startswith(said.format(here=clone.as_posix()))
    assert lines[1].startswith("learner.params has the unknown argument 'no_such'")
    if path != "~/mine.csv":
        with pytest.raises(InputError, match="the file must not hold what the pipeline writes"):
            cli.main(["init", path, "--target", "churn"])


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("~/mine.csv", "data.path must be written in full, as '{here}/mine.csv'"),
        ("data", "data.path must not hold what the pipeline writes, got 'data'"),
        ("2024", "data.path '2024' is not there"),
    ],
)
def test_make_repro_says_what_dvc_did_not_find(clone, path, said):
    """DVC's own line comes first: it looks for the file before a stage of ours runs."""
    write_pipeline(clone, path)
    done = subprocess.run(
        ["make", "repro"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
        env=environment(HOME=str(clone)),
    )
    assert done.returncode
    assert done.stderr.splitlines()[0].startswith("ERROR: ")
    ours = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(ours) == 1
    assert ours[0].startswith(f"error: {said.format(here=clone.as_posix())}")


@pytest.mark.parametrize(
    ("source", "path", "said"),
    [
        ("simulated", "", "must name something that is there"),
        ("simulated", "none.csv", "is not there, seen"),
        ("file", "none.csv", "is not there, seen"),
    ],
)
def test_dvc_looks_for_the_path_whatever_the_source(clone, source, path, said):
    """Of an empty one DVC says no more than 'unexpected error'."""
    content = changed(SHIPPED, {"data.source": source, "data.path": path})
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        cli.main(["doctor", "--path"])


def write_pipeline(clone, path):
    """Write a repository whose only stage reads data.path, as download does, and writes data/x."""
    content = changed(SHIPPED, {"data.source": "file", "data.path": path})
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    stage = {"cmd": "touch data/x", "deps": ["${data.path}"], "outs": ["data/x"]}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"download": stage}}), encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    repro = re.search(r"^repro:.*?\n\n", makefile, re.MULTILINE | re.DOTALL)[0]
    Path("Makefile").write_text(f".venv/ready:\n\n{repro}", encoding="utf-8")
    for command in (["git", "init", "--quiet"], ["dvc", "init", "--quiet"]):
        subprocess.run(command, env=environment(), check=True)


def environment(**more):
    """Return the environment of commands that are means only."""
    path = f"{forks.programs()}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)} | more


def test_a_file_that_neither_git_nor_dvc_has_is_named(clone, capsys):
    subprocess.run(["git", "init", "--quiet"], check=True)
    (clone / "data").mkdir()
    rows().to_csv("data/mine.csv", index=False)
    run("init", "data/mine.csv", "--target", "churn", capsys=capsys)
    told = run("check", capsys=capsys)
    assert "warning: neither git nor DVC has 'data/mine.csv': another clone and" in told
    (clone / "data" / "mine.csv.dvc").touch()
    assert "neither git" not in run("check", capsys=capsys)
    (clone / "data" / "mine.csv.dvc").unlink()
    subprocess.run(["git", "add", "data/mine.csv"], check=True)
    assert "neither git" not in run("check", capsys=capsys)
    rows().to_csv(clone.parent / "outside.csv", index=False)
    run("init", str(clone.parent / "outside.csv"), "--target", "churn", capsys=capsys)
    assert "neither git" not in run("check", capsys=capsys)


def test_the_sections_data_and_split_are_written_and_nothing_else(clone, capsys):
    rows(n=60_000, share=0.004).assign(Amount=1.0).to_csv("mine.csv", index=False)
    told = run("init", "mine.csv", "--target", "churn", capsys=capsys)
    right = {
        "data.source": "file",
        "data.path": "mine.csv",
        "data.target": "churn",
        "data.positive": "yes",
        "data.drop": [],
    }
    assert written() == changed(SHIPPED, right)
    assert "data.drop: empty now, it was Time" in told
    assert "'no' 59,760; 'yes' 240" in told
    assert "data.positive 'yes': 0.4 % of the rows, 249 negatives per positive; the rarer" in told


def test_comments_and_blank_lines_stay(clone, capsys):
    before = Path("params.yaml").read_text(encoding="utf-8")
    rows(n=60_000, share=0.004).assign(Amount=1.0).to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    after = Path("params.yaml").read_text(encoding="utf-8")
    assert COMMENT.findall(after) == COMMENT.findall(before)
    assert after.count("\n\n") == before.count("\n\n")
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    assert Path("params.yaml").read_text(encoding="utf-8") == after


def test_a_file_that_dvc_wrote_for_an_experiment_is_pointed_at_a_table_too(clone, capsys):
    """DVC writes the items of a list below their key, and takes the comments as they are."""
    from dvc.utils.serialize import modify_yaml

    with modify_yaml("params.yaml") as content:
        content["tune"]["trials"] = 12
    assert "\n  - Time\n" in Path("params.yaml").read_text(encoding="utf-8")
    before = written()
    rows().to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    after = written()
    assert {key: after[key] for key in after if key not in {"data", "split"}} == {
        key: before[key] for key in before if key not in {"data", "split"}
    }
    assert after["data"]["simulated"] == before["data"]["simulated"]
    assert after["data"]["drop"] == []
    assert "drop: []                     # non-feature" in Path("params.yaml").read_text("utf-8")


def test_the_rest_of_the_file_fits_a_table_of_few_negatives_without_amounts(clone, capsys):
    rows(n=800, share=0.3).to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    assert "Nothing stops or misleads a run." in run("check", capsys=capsys)


def test_what_spoke_of_another_table_goes_and_of_this_one_stays(clone, capsys):
    rows().to_csv("mine.csv", index=False)
    of_another = {
        "data.columns": {"z": "number"},
        "data.unlabelled": "drop",
        "split.method": "time",
        "split.column": "z",
    }
    Path("params.yaml").write_text(yaml.safe_dump(changed(SHIPPED, of_another)), encoding="utf-8")
    told = run("init", "mine.csv", "--target", "churn", capsys=capsys)
    assert "data.columns removed: it spoke of another table" in told
    assert written()["data"].get("columns") is None
    assert written()["split"]["method"] == "stratified"
    of_this = {"data.drop": ["a", "gone"], "split.method": "group", "split.column": "b"}
    Path("params.yaml").write_text(yaml.safe_dump(changed(written(), of_this)), encoding="utf-8")
    told = run("init", "mine.csv", "--target", "churn", capsys=capsys)
    assert "data.drop: gone removed, no columns of the table" in told
    assert written()["data"]["drop"] == ["a"]
    assert written()["split"]["method"] == "group"


def test_how_the_file_is_read_can_be_said_before(clone, capsys):
    rows().to_csv("mine.csv", index=False, header=False)
    with pytest.raises(InputError, match="'3', numbered because the file has no header"):
        cli.main(["init", "mine.csv", "--target", "churn"])
    said = {"data.read": {"columns": ["a", "b", "c", "churn"]}}
    Path("params.yaml").write_text(yaml.safe_dump(changed(SHIPPED, said)), encoding="utf-8")
    told = run("init", "mine.csv", "--target", "churn", capsys=capsys)
    assert "data.read: columns as params.yaml has it" in told
    wrong = {"data.read": {"separator": "x", "skip": -1}}
    Path("params.yaml").write_text(yaml.safe_dump(changed(SHIPPED, wrong)), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        cli.main(["init", "mine.csv", "--target", "churn"])
    lines = [line.partition(" ")[0] for line in str(refused.value).splitlines()]
    assert lines == ["data.read.separator", "data.read.skip"]


def test_the_files_of_a_folder_can_be_chosen_before(clone, capsys):
    Path("mine").mkdir()
    rows().to_csv("mine/train.csv", index=False)
    rows().drop(columns="churn").to_csv("mine/test.csv", index=False)
    with pytest.raises(
        InputError, match=r"lacks 'churn': mend it, or choose files by data\.pattern"
    ):
        cli.main(["init", "mine", "--target", "churn"])
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace('pattern: "*"', 'pattern: "train*"'), "utf-8")
    said = run("init", "mine", "--target", "churn", capsys=capsys)
    assert "data.pattern 'train*' as params.yaml has it" in said
    assert written()["data"]["pattern"] == "train*"
    assert sources.load(params.load().data)["churn"].sum() == 60
    run("init", "mine/train.csv", "--target", "churn", capsys=capsys)
    assert written()["data"]["pattern"] == "*"


def test_rows_without_a_label_are_left_out_and_counted(clone, capsys):
    frame = rows()
    frame.loc[[3, 4], "churn"] = None
    frame.to_csv("mine.csv", index=False)
    told = run("init", "mine.csv", "--target", "churn", capsys=capsys)
    assert "data.unlabelled drop: 2 rows without a label" in told
    assert written()["data"]["unlabelled"] == "drop"


def test_labels_are_chosen_to_the_last_digit_and_marks_among_them_are_named(clone, capsys):
    labels = np.where(rows()["churn"] == "yes", 10**17 + 1, 10**17).astype(str).astype(object)
    labels[np.flatnonzero(rows()["churn"] == "no")[:3]] = "?"
    rows().assign(churn=labels).to_csv("mine.csv", index=False)
    told = run("init", "mine.csv", "--target", "churn", "--positive", 10**17 + 1, capsys=capsys)
    assert written()["data"]["positive"] == [str(10**17 + 1)]
    assert "labels '?' are not the rare class; data.unlabelled: drop leaves out their rows" in told


def test_several_labels_are_one_class_against_the_rest(clone, capsys):
    grades = np.random.default_rng(0).choice([5, 6, 7, 8, 9], 600, p=[0.4, 0.3, 0.2, 0.06, 0.04])
    rows().assign(churn=grades).to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", "--positive", "8", "9", capsys=capsys)
    assert written()["data"]["positive"] == [8, 9]
    run("init", "mine.csv", "--target", "churn", "--positive", "9", capsys=capsys)
    assert written()["data"]["positive"] == [9]


def test_times_of_the_table_are_named(clone, capsys):
    days = pd.date_range("2024-01-01", periods=600, freq="D").strftime("%Y-%m-%d")
    rows().assign(day=days).to_csv("mine.csv", index=False)
    told = run("init", "mine.csv", "--target", "churn", capsys=capsys)
    assert "the table has times ('day'), and split.method time tests on the latest rows" in told


@pytest.mark.parametrize(
    ("labels", "said", "label"),
    [
        (("no", "yes"), None, "yes"),
        (("y", "n"), None, "n"),
        ((0, 1), None, 1),
        ((0.0, 1.0), None, 1),
        ((False, True), None, "True"),
        (("on", "off"), "off", "off"),
        ((-1, 1), "1", 1),
        (("2", "10"), "10", 10),
        (("a", "b b"), "B B", "b b"),
        (("0", "01x"), None, "01x"),
    ],
)
def test_the_rare_label_is_written_as_the_table_holds_it(clone, capsys, labels, said, label):
    rows(labels=labels).to_csv("mine.csv", index=False)
    more = [] if said is None else ["--positive", said]
    run("init", "mine.csv", "--target", "churn", *more, capsys=capsys)
    assert written()["data"]["positive"] == label
    assert type(written()["data"]["positive"]) is type(label)
    assert sources.load(params.load().data)["churn"].sum() == 60


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "the file 'nowhere.csv' is not there."),
        (["mine.csv", "--positive", "maybe"], "('no' 540; 'yes' 60), got 'maybe'."),
        (["mine.csv", "--positive", "no"], "must name the rare class, got 'no', which 90 %"),
        (["even.csv"], "has two classes of equal size"),
        (["three.csv"], "has 3 classes (0 200; 1 200; 2 200): name the label or labels"),
        (["many.csv"], "has 600 different values, such as 0: a number to predict, or an id"),
        (["none.csv"], "none.csv has no rows below its first line, 'a', 'b', 'c', 'churn'."),
        (["one.csv"], "must hold two classes or more, got 1: 'no' 600."),
    ],
)
def test_what_cannot_be_written_is_said_in_a_line_and_nothing_is(clone, arguments, said):
    rows().to_csv("mine.csv", index=False)
    rows(share=0.5).to_csv("even.csv", index=False)
    rows().assign(churn=np.arange(600) % 3).to_csv("three.csv", index=False)
    rows().assign(churn="no").to_csv("one.csv", index=False)
    rows().assign(churn=range(600)).to_csv("many.csv", index=False)
    rows()[:0].to_csv("none.csv", index=False)
    before = Path("params.yaml").read_bytes()
    with pytest.raises(InputError) as refused:
        cli.main(["init", arguments[0], "--target", "churn", *arguments[1:]])
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert Path("params.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a"] * 500 + ["b"] * 90 + ["c"] * 10, "as --positive c."),
        (["a"] * 500 + ["b"] * 91 + ["c"] * 9, "as --positive b."),  # too few to be split
        (["a"] * 480 + ["b"] * 90 + ["NA"] * 30, "as --positive b."),  # a mark of a missing label
        (
            ["a"] * 500 + [""] * 100,
            "; 100 rows without a label: if that means the other class, ",
        ),
    ],
)
def test_a_question_that_is_open_is_asked_with_a_label_that_will_do(clone, labels, said):
    rows().assign(churn=labels).to_csv("mine.csv", index=False)
    with pytest.raises(InputError, match=re.escape(said)):
        cli.main(["init", "mine.csv", "--target", "churn"])


@pytest.mark.parametrize(
    ("content", "target", "said"),
    [
        ("a,Class\n1,0\n2,1\n", "class", "the columns are 'a', 'Class'; did you mean 'Class'."),
        ("a,Class\n1,0\n2,1\n", "y", "the columns are 'a', 'Class'."),
        ("a,Class\n", "Class", "mine.csv has no rows below its first line, 'a', 'Class'."),
        ("404: Not Found", "Class", "has no rows below its first line, '404:', 'Not', 'Found'."),
    ],
)
def test_a_target_that_is_not_there_is_answered_by_what_is(clone, content, target, said):
    Path("mine.csv").write_text(content)
    with pytest.raises(InputError, match=re.escape(said)):
        cli.main(["init", "mine.csv", "--target", target])


def test_text_that_yaml_would_read_as_something_else_is_quoted(tmp_path):
    values = ["no", "y", "1", "1e3", "2024-01-01", "a: b", "~", "", "# x", "plain", "data/mine.csv"]
    (tmp_path / "params.yaml").write_text("data:\n  a: 1  # stays\n", encoding="utf-8")
    document = setup.Document(tmp_path / "params.yaml")
    document.put("data", {f"v{i}": value for i, value in enumerate(values)} | {"all": values})
    text = document.text()
    assert list(yaml.safe_load(text)["data"].values()) == [1, *values, values]
    assert "# stays" in text
    assert "v9: plain\n" in text


# rebalance check


def test_a_table_and_parameters_without_fault(clone, capsys):
    rows(n=2000, share=0.2).to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    assert run("check", capsys=capsys) == (
        "1,600 training rows with 320 positives, 400 test rows with 80; 4 negatives per positive\n"
        "Nothing stops or misleads a run.\n"
    )
    assert not [path for path in clone.iterdir() if path.name not in {"mine.csv", "params.yaml"}]


def test_ratios_are_shares_of_the_natural_one_of_the_training_rows(clone, capsys):
    """Of the test rows it is 23, of which smote would take 10: more than the training rows have."""
    frame = rows(n=2000, share=0.2)
    first = frame.groupby("churn").cumcount() < frame["churn"].map({"yes": 380, "no": 1140})
    frame.assign(side=np.where(first, "train", "test")).to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    content = changed(written(), {"split.method": "column", "split.column": "side"})
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    told = run("check", capsys=capsys)
    assert told.startswith(
        "1,520 training rows with 380 positives, 480 test rows with 20; 3 negatives per positive\n"
    )
    assert "Nothing stops or misleads a run." in told


def test_a_warning_of_the_library_is_printed_once(clone, capsys):
    rows(n=4000, share=0.008).to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    content = changed(written(), {"learner.name": "gradient_boosting"})
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    assert run("check", capsys=capsys).count("gradient_boosting overshoots below 1 %") == 1


def test_findings_are_printed_with_their_codes(clone, capsys):
    frame = rows(n=2000, share=0.2)
    frame.assign(leak=frame["churn"] == "yes", one=1).to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    told = run("check", capsys=capsys)
    assert re.search(r"^RB105 warning: 1 feature separates the classes alone.*'leak'", told, re.M)
    assert re.search(r"^RB101 note: .*'one'", told, re.M)
    assert told.index("RB105") < told.index("RB101")
    assert "docs/checks.md" in told


def test_all_that_would_stop_a_run_is_said_at_once(clone, capsys):
    rows().to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    content = changed(
        written(),
        {
            "resample.smote.ratio": 50,
            "resample.over.treatment": "NoSuchSampler",
            "tune.low": 100,
            "learner.params": {"no_such": 1},
            "out_of_fold.folds": 200,
            "evaluate.groups": "nobody",
            "evaluate.segments": ["region"],
            "data.drop": ["nothing"],
            "data.columns": {"neither": "id"},
            "split.method": "time",
            "split.column": "day",
        },
    )
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        cli.main(["check"])
    lines = str(refused.value).splitlines()
    for start in (
        "resample.smote: ",
        "resample.over: ",
        "tune.low ",
        "learner.params",
        "out_of_fold",
        "data.drop names 'nothing', which is no column",
        "data.columns names 'neither', which is no column",
        "split.column 'day' is no column",
        "evaluate.segments: column 'region' is not in the table",
    ):
        assert any(line.startswith(start) for line in lines), (start, lines)
    assert any("evaluate.groups" in line for line in lines)
    assert len(lines) == len(set(lines))


def test_faults_of_the_parameters_come_before_the_table(clone, capsys):
    content = changed(SHIPPED, {"tune.folds": 1, "split.test_size": 2.0})
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        cli.main(["check"])
    assert [line.partition(" ")[0] for line in str(refused.value).splitlines()] == [
        "split.test_size",
        "tune.folds",
    ]


def test_a_table_that_cannot_be_read_is_one_line(clone):
    content = changed(SHIPPED, {"data.source": "file", "data.path": "nowhere.csv"})
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError, match=r"nowhere\.csv") as refused:
        cli.main(["check"])
    assert len(str(refused.value).splitlines()) == 1


def test_it_works_where_the_stages_cannot_be_imported(clone, capsys, monkeypatch):
    rows(n=2000, share=0.2).to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    for name in ("stages", "stages.download", "stages.split"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "Nothing stops or misleads a run." in run("check", capsys=capsys)


def test_the_findings_are_those_of_the_stage(clone, capsys):
    from stages.download import download
    from stages.split import split

    frame = rows(n=2000, share=0.2)
    frame.assign(leak=frame["churn"] == "yes").to_csv("mine.csv", index=False)
    run("init", "mine.csv", "--target", "churn", capsys=capsys)
    told = run("check", capsys=capsys)
    download(params.load())
    split(params.load())
    for finding in store.read_json("metrics/checks/split.json"):
        assert f"{finding['code']} {finding['severity']}: {finding['sentence']}" in told
