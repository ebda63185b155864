"""What the README says is what the project does."""

import re
from pathlib import Path

import pytest
import yaml

from rebalance import store
from rebalance.cli.commands import summary

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_table_is_what_the_committed_scores_print():
    shown = re.search(r"<!-- summary -->\n```\n(.*?)```\n<!-- /summary -->", README, re.DOTALL)[1]
    assert shown == summary.table(store.read_json(ROOT / "metrics" / "scores.json"))


def test_its_answer_is_that_of_the_committed_report():
    report = (ROOT / "metrics" / "report.md").read_text(encoding="utf-8")
    answer = report.split("\n\n")[1]
    assert f"> {answer}\n" in README


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z-]+)", README))))
def test_its_targets_are_those_of_the_makefile(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)


@pytest.mark.parametrize("key", sorted(set(re.findall(r"-S ([a-z_0-9.]+)=", README))))
def test_its_keys_are_those_of_the_parameters(key):
    found = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name in key.split("."):
        assert name in found
        found = found[name]


@pytest.mark.parametrize("place", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_it_links_to_is_there(place):
    assert (ROOT / place).exists()
