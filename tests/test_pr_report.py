"""The pull-request report, on a repository with two branches."""

import copy
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rebalance.cli.commands import changes
from tests import forks

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".github" / "pr-report.sh"

pytestmark = pytest.mark.slow

# Two stages as the pipeline has them: a model in DVC's cache, metrics in git.
PIPELINE = """
stages:
  train:
    cmd: python make.py train
    deps:
      - make.py
    params:
      - resample
    outs:
      - models/under.txt
    metrics:
      - metrics/train.json:
          cache: false
  evaluate:
    cmd: python make.py evaluate
    deps:
      - make.py
      - metrics/train.json
      - models/under.txt
    params:
      - wide
    metrics:
      - metrics/scores.json:
          cache: false
"""
MAKE = """
import json, pathlib, sys
import yaml

params = yaml.safe_load(open("params.yaml"))
ratio = params["resample"]["under"]["ratio"]
for folder in ("models", "metrics"):
    pathlib.Path(folder).mkdir(exist_ok=True)
if sys.argv[1] == "train":
    pathlib.Path("models/under.txt").write_text(f"{ratio}\\n")
    pathlib.Path("metrics/train.json").write_text(json.dumps({"seen": ratio}) + "\\n")
else:
    under = {"average_precision": 1 / ratio, "rules": {"half": {"mcc": 2 / ratio}}}
    under |= {"a_number_with_a_long_name_%d" % i: i / ratio for i in range(params["wide"])}
    scores = {"baseline": {"average_precision": 0.75}, "under": under}
    pathlib.Path("metrics/scores.json").write_text(json.dumps(scores, indent=2) + "\\n")
"""
PARAMS = "resample:\n  under:\n    ratio: {ratio}\nwide: {wide}\ntracking:\n  experiment: ours\n"
CHANGED = """## What this changes, against `main`

The committed results are those of this code and these parameters.

### Parameters

| Path | Param | base | workspace |
|-|-|-|-|
| params.yaml | resample.under.ratio | 4 | 8 |

### Metrics

<details><summary>Numbers that changed: 3</summary>

| Path | Metric | base | workspace | Change |
|-|-|-|-|-|
| metrics/scores.json | under.average_precision | 0.25 | 0.125 | -0.125 |
| metrics/scores.json | under.rules.half.mcc | 0.5 | 0.25 | -0.25 |
| metrics/train.json | seen | 4 | 8 | 4 |

</details>
"""
UNCHANGED = "No parameter changed.\n\n### Metrics\n\nNo metric changed.\n"
FRESH = "The committed results are those of this code and these parameters."
STALE = "**The committed results are out of date**"


def environment(folder, **more):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GIT", "DVC"))}
    return clean | {
        "PATH": f"{forks.programs()}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "tmp" / "site"),
        "DVC_NO_ANALYTICS": "true",
        "PYTHONPATH": str(ROOT),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_NAME": "tester" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "tester@example.org" for who in ("AUTHOR", "COMMITTER")},
        **more,
    }


def call(folder, *command):
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def report(folder, base="main", **more):
    """Run the script; return its exit code, its report without padding, and its errors."""
    done = subprocess.run(
        ["bash", SCRIPT, base],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, single(done.stdout), done.stderr


def single(text):
    """Return Markdown without the padding of its tables."""
    return re.sub("-{2,}", "-", re.sub(" +", " ", text))


def write_params(folder, ratio=4, wide=0):
    (folder / "params.yaml").write_text(PARAMS.format(ratio=ratio, wide=wide), encoding="utf-8")


def model_of_another_revision(folder):
    (folder / "models").mkdir()
    (folder / "models" / "under.txt").write_text("8\n", encoding="utf-8")


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A repository whose branch ``change`` has another ratio than ``main``, both reproduced."""
    folder = tmp_path_factory.mktemp("origin")
    (folder / ".dvc").mkdir()
    for name in ("config", ".gitignore"):
        shutil.copyfile(ROOT / ".dvc" / name, folder / ".dvc" / name)
    (folder / ".gitignore").write_text("/models/\n", encoding="utf-8")
    (folder / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (folder / "make.py").write_text(MAKE, encoding="utf-8")
    call(folder, "git", "init", "--quiet", "--initial-branch", "main")
    for branch, ratio in (("main", 4), ("change", 8)):
        call(folder, "git", "checkout", "--quiet", "-B", branch)
        write_params(folder, ratio)
        call(folder, "dvc", "repro", "--quiet")
        call(folder, "git", "add", "--all")
        call(folder, "git", "commit", "--quiet", "--message", branch)
    return folder


@pytest.fixture
def clone(origin, tmp_path):
    """Return a function that clones a branch: no model, no cache."""

    def clone(branch, *options):
        folder = tmp_path / "clone"
        url = origin.as_uri()
        call(tmp_path, "git", "clone", "--quiet", "--branch", branch, *options, url, "clone")
        return folder

    return clone


def test_a_shallow_checkout_tells_exactly_what_changed(clone):
    folder = clone("change", "--depth", "1")

    assert report(folder, GITHUB_ACTIONS="true")[:2] == (0, CHANGED)
    assert not (folder / "models").exists()


def test_by_hand_the_local_base_counts_and_what_is_not_committed_too(clone):
    folder = clone("main")
    code, text, _ = report(folder)
    assert (code, text.partition("### Parameters\n\n")[2]) == (0, UNCHANGED)
    assert FRESH in text

    write_params(folder, ratio=8)
    model_of_another_revision(folder)
    code, text, _ = report(folder)
    assert code == 1
    assert STALE in text
    assert "First stage that would run: `train`." in text
    assert "dvc checkout" not in text
    assert "| params.yaml | resample.under.ratio | 4 | 8 |" in text
    assert "No metric changed." in text


def test_a_metric_edited_by_hand_is_caught(clone):
    folder = clone("main")
    scores = folder / "metrics" / "scores.json"
    scores.write_text(scores.read_text(encoding="utf-8").replace("0.75", "0.99"), encoding="utf-8")

    code, text, _ = report(folder)
    assert code == 1
    assert "evaluate" in text.partition("### Parameters")[0]
    assert "| metrics/scores.json | baseline.average_precision | 0.75 | 0.99 | 0.24 |" in text


# Git allows all of these in a branch's name; a space it does not.
@pytest.mark.parametrize("ci", ["", "true"])
def test_a_branch_name_is_only_a_name(origin, clone, ci):
    name = "a`touch${IFS}one`$(touch${IFS}two);touch${IFS}three&'\"|<b>"
    call(origin, "git", "branch", "--force", name, "main")
    folder = clone("change")
    before = sorted(path.name for path in folder.iterdir())

    code, text, _ = report(folder, name, GITHUB_ACTIONS=ci)
    assert code == 0
    assert text.splitlines()[1:] == CHANGED.splitlines()[1:]
    assert text.splitlines()[0].count("`") == 2
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize("base", ["nowhere", "--help", "$(touch two)"])
def test_an_unknown_base_is_one_line(clone, base):
    code, text, errors = report(clone("main"), base)

    assert (code, text) == (2, "")
    assert errors == f"error: {base} is no branch or revision of this repository.\n"


def test_a_comment_can_hold_the_report_of_a_change_of_everything(clone):
    folder = clone("main")
    write_params(folder, ratio=3, wide=1500)
    call(folder, "dvc", "repro", "--quiet")

    done = subprocess.run(
        ["bash", SCRIPT], cwd=folder, env=environment(folder), capture_output=True, check=False
    )
    assert done.returncode == 0
    assert len(done.stdout) < 65_536
    assert re.search("… and 1303 more.", done.stdout.decode())


ANSWER = {
    "answer": "Use baseline, without treatment: none beats it.",
    "metric": "average_precision",
}
INTERVALS = {
    "intervals": {
        "baseline": {"average_precision": {"value": 0.87654321, "low": 0.8, "high": 0.93}},
        "under": {"average_precision": {"value": 0.79, "low": 0.7, "high": 0.87}},
        "gone": {"average_precision": {"value": 0.5, "low": 0.4, "high": 0.6}},
    },
    "verdicts": {"under": {"verdict": "worse"}, "gone": {"verdict": "worse"}},
}


def judged(folder, answer, compared):
    for name, content in (("answer", answer), ("comparison", compared)):
        file = folder / "metrics" / f"{name}.json"
        file.write_text(json.dumps(content), encoding="utf-8")


def test_the_answer_is_judged_before_and_after(clone, monkeypatch):
    folder = clone("main")
    monkeypatch.chdir(folder)
    judged(folder, ANSWER, INTERVALS)
    text = changes.run("main")
    assert "Before:\n\n> none\n" in text
    assert "| baseline | none | 0.8765 [0.8000, 0.9300] | |" in single(text)
    call(folder, "git", "add", "--all")
    call(folder, "git", "commit", "--quiet", "--message", "judged")
    assert changes.run("HEAD") == (
        "The answer is the same.\n\n> Use baseline, without treatment: none beats it.\n\n"
        "No model's value, interval or verdict changes.\n"
    )

    after = copy.deepcopy(INTERVALS)
    after["intervals"]["under"]["average_precision"]["value"] = 0.912345
    after["verdicts"]["under"]["verdict"] = "better"
    for part in after.values():
        part["new"] = part.pop("gone")
    judged(folder, ANSWER | {"answer": "Use under (random_under, ratio 4): best."}, after)
    code, text, errors = report(folder)
    assert (code, errors) == (0, "")
    assert (
        "### The answer\n\n**The answer changes.**\n\n"
        "Before:\n\n> Use baseline, without treatment: none beats it.\n"
        "\nAfter:\n\n> Use under (random_under, ratio 4): best.\n" in text
    )
    rows = [line for line in text.splitlines() if "→" in line or line.startswith("| model")]
    assert rows == [
        "| model | average precision before | after | verdict |",
        "| under | 0.7900 [0.7000, 0.8700] | 0.9123 [0.7000, 0.8700] | worse → **better** |",
        "| new | none | 0.5000 [0.4000, 0.6000] | none → **worse** |",
        "| gone | 0.5000 [0.4000, 0.6000] | none | worse → **none** |",
    ]


def test_files_of_another_revision_call_for_a_checkout(clone):
    folder = clone("main")
    model_of_another_revision(folder)
    code, text, _ = report(folder)
    assert code == 1
    assert "`dvc checkout` may be all it takes" in text


def test_verdicts_on_two_metrics_say_which():
    """After an edit of evaluate.metric an arrow between two bare verdicts would join two scales."""
    interval = {"value": 0.5, "low": 0.4, "high": 0.6}
    both = {name: {"average_precision": interval, "roc_auc": interval} for name in ("a", "b")}
    before, after = (
        {
            "intervals": both,
            "verdicts": {
                "a": {"verdict": verdict, "metric": metric},
                "b": {"verdict": "worse", "metric": metric},
            },
        }
        for verdict, metric in (("better", "average_precision"), ("worse", "roc_auc"))
    )
    first, second = changes.rows_of("roc_auc", before, after)
    assert first["verdict"] == "better in average precision → **worse**"
    assert second["verdict"] == "worse in average precision → **worse**"
    same = after["verdicts"]["b"] | {"verdict": "better"}
    (row,) = changes.rows_of(
        "roc_auc", after, after | {"verdicts": after["verdicts"] | {"b": same}}
    )
    assert (row["model"], row["verdict"]) == ("b", "worse → **better**")
