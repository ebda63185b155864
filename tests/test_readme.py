"""What the README and the pages say is what the project does."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from dvc.cli import DvcParserError
from dvc.cli.parser import get_main_parser

from rebalance import params, store
from rebalance.cli import parser
from rebalance.cli.commands import summary
from tests.strategies import changed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_table_is_what_the_committed_scores_print():
    shown = re.search(r"<!-- summary -->\n```\n(.*?)```\n<!-- /summary -->", README, re.DOTALL)[1]
    assert shown == summary.table(store.read_json(ROOT / "metrics" / "scores.json"))


def test_its_answer_is_that_of_the_committed_report():
    report = (ROOT / "metrics" / "report.md").read_text(encoding="utf-8")
    answer = report.split("\n\n")[1]
    assert f"> {answer}\n" in README


PAGES = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")} | {
    "README.md": README
}
TEXT = "\n".join(PAGES.values())


def test_it_is_one_page():
    assert len(README.splitlines()) <= 120


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|^)make ([a-z-]+)", TEXT, re.M))))
def test_the_targets_of_a_page_are_those_of_the_makefile(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)


@pytest.mark.parametrize("key", sorted(set(re.findall(r"-S ([a-z_0-9.]+)=", TEXT))))
def test_the_keys_of_a_page_are_those_of_the_parameters(key):
    found = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name in key.split("."):
        assert name in found
        found = found[name]


@pytest.mark.parametrize("change", sorted(set(re.findall(r"^dvc exp run (.*?) +#", TEXT, re.M))))
def test_the_changes_of_a_page_are_allowed(change):
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    given = dict(pair.split("=") for pair in change.replace("-S ", "").split())
    values = {key: yaml.safe_load(value) for key, value in given.items()}
    assert params.parse(changed(content, values))


def commands(program):
    """Return the commands of a program on all pages: of the blocks, and of code in the text."""
    fences = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", TEXT, re.M | re.S))
    lines = [line.split("  #")[0] for line in fences.replace("\\\n", " ").splitlines()]
    text = re.sub(r"^```.*?^```$", "", TEXT, flags=re.M | re.S)
    parts = [part.strip(" &") for line in lines for part in re.split(r"&&|;|\|", line)]
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return sorted({each for each in parts + spans if each.startswith(f"{program} ")})


# In a sentence a command may stand without its arguments.
INCOMPLETE = re.compile("arguments are required|expected one argument")


@pytest.mark.parametrize("line", commands("rebalance") + commands("dvc"))
def test_the_commands_of_a_page_are_commands(line, capsys, caplog):
    program, *words = shlex.split(line)
    reader = parser.parser() if program == "rebalance" else get_main_parser()
    try:
        reader.parse_args(words)
    except (SystemExit, DvcParserError):
        assert INCOMPLETE.search(capsys.readouterr().err + caplog.text), line


@pytest.mark.parametrize("page", sorted(PAGES))
def test_what_a_page_links_to_is_there(page):
    folder = ROOT if page == "README.md" else ROOT / "docs"
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)|(?:src|srcset)=\"(.*?)\"", PAGES[page])
    for place in filter(None, (name for pair in links for name in pair)):
        assert (folder / place).exists(), place
