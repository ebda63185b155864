"""Every command of docs/your-table.md, in the order of the page, in a clone with a small table."""

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.strategies import changed
from tests.test_pipeline import call, copied_source, environment

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "your-table.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
QUICK = {
    "learner.params": {"max_iter": 8},
    "out_of_fold.folds": 2,
    "resample.over": None,
    "resample.class_weight": None,
    "resample.smote": None,
    "tune.trials": 2,
    "tune.folds": 2,
    "evaluate.bootstrap": 100,
}

pytestmark = pytest.mark.slow


def table():
    rng = np.random.default_rng(0)
    y = rng.random(1500) < 0.2
    frame = pd.DataFrame({name: rng.normal(y, 1) for name in "abc"})
    return frame.assign(churn=np.where(y, "yes", "no"))


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """Return the clone in which the commands were run, and what each printed."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("walked") / "it"
    copied_source(source)
    params = yaml.safe_load((source / "params.yaml").read_text(encoding="utf-8"))
    text = yaml.safe_dump(changed(params, QUICK), sort_keys=False)
    (source / "params.yaml").write_text(text, encoding="utf-8")
    call(source, "git", "init", "--quiet", "--initial-branch", "main")
    call(source, "git", "add", "--all")
    call(source, "git", "commit", "--quiet", "--message", "the code")
    call(source, "git", "clone", "--quiet", source.as_uri(), str(folder))
    table().to_csv(folder / "data" / "mine.csv", index=False)
    # The installed script belongs to another checkout: this one runs the clone's code.
    script = folder.parent / "bin" / "rebalance"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rebalance.cli "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    printed = {}
    for command in COMMANDS:
        clean = environment(folder)
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


def test_the_page_has_the_commands_that_matter():
    first = [" ".join(command.split()[:2]) for command in COMMANDS]
    assert first[:4] == ["rebalance init", "rebalance check", "dvc repro", "rebalance summary"]
    assert {"dvc add", "git add", "git commit"} <= set(first)


def test_each_command_does_what_the_page_says(walked):
    folder, printed = walked
    init, check, repro, summary, *_ = printed.values()
    assert "data.positive 'yes'" in init
    assert "Nothing stops or misleads a run." in check
    assert "Running stage 'evaluate'" in repro
    assert "average precision" in summary
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    assert params["data"]["path"] == "data/mine.csv"


def test_its_findings_are_written(walked):
    folder, _ = walked
    found = json.loads((folder / "metrics" / "checks.json").read_text(encoding="utf-8"))
    assert isinstance(found, list)


def test_git_keeps_the_question_and_no_row(walked):
    folder, _ = walked
    kept = call(folder, "git", "ls-files").splitlines()
    assert {"data/mine.csv.dvc", "metrics/report.md", "metrics/checks.json"} <= set(kept)
    assert not [name for name in kept if name.endswith(("mine.csv", ".parquet"))]
