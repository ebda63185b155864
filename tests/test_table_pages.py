"""What docs/reading.md, columns.md and checks.md show is run, and what they name is there."""

import datetime
import re
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from rebalance import columns, sources
from rebalance.params import Params, Read, parse
from tests.strategies import ROOT, SHIPPED, changed, frame
from tests.test_sources_reading import data, written
from tests.test_sources_workbook import book

PAGES = {
    name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("reading", "columns", "checks")
}


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


READ = [yaml.safe_load(block)["data"]["read"] for block in blocks("reading", "yaml")]
COLUMNS = [yaml.safe_load(block)["data"] for block in blocks("columns", "yaml")]


def test_every_block_is_of_a_language_whose_blocks_are_run():
    shown = {
        (name, language) for name in PAGES for language in re.findall(r"```(\w+)", PAGES[name])
    }
    assert shown == {("reading", "yaml"), ("columns", "yaml"), ("columns", "python")}


def test_the_section_on_reading_has_every_key():
    assert {key for shown in READ for key in shown} == set(Read.model_fields)


def test_a_file_is_read_as_the_section_says(tmp_path):
    lines = ["Kunden", "Stand 2023", "1.041,5;0123;Bäcker;01/02/2023;1", "?;0124;None;02/02/2023;0"]
    lines += ["-999;0125;Koch;03/02/2023;0"] * 40 + ["7,25;0126;Koch;04/02/2023;1"] * 12
    path = written(tmp_path, "\n".join(lines).encode("cp1252"))
    section = data(path, read=READ[0], target="y")
    found = pa.concat_tables(sources.pieces(section)).to_pylist()
    assert found[0] == {
        "age": 1041.5,
        "zip": "0123",
        "job": "Bäcker",
        "since": datetime.datetime(2023, 2, 1),
        "y": 1,
    }
    assert (found[1]["age"], found[1]["job"], found[2]["age"]) == (None, "None", None)
    by_column = re.search(r"or by column: (\{.*\})", PAGES["reading"])[1]
    assert Read(missing=yaml.safe_load(by_column)).marks("pdays") == [-1]


def test_the_sheet_of_the_section_is_read(tmp_path):
    rows = frame(60, 12).round(3)
    cells = [list(rows), *([float(each) for each in row] for row in rows.to_numpy())]
    path = book(tmp_path, {"notes": [["x"]], READ[1]["sheet"]: cells})
    assert sources.profile(data(path, read=READ[1])).rows == 60


def test_kinds_of_columns_are_those_of_the_section():
    said = COLUMNS[0]["columns"]
    table = pa.table({"postcode": [10115, 80331] * 20, "policy_number": [*range(40)]})
    assert {n: each["kind"] for n, each in columns.learn(table, list(said), said).items()} == said
    without = columns.learn(table, list(said))
    assert [each["kind"] for each in without.values()] == ["whole", "id"]


def test_the_share_elsewhere_is_a_key():
    assert parse(changed(SHIPPED, {"data.prevalence": COLUMNS[1]["prevalence"]})).data.prevalence


def keys(model, start=""):
    """Yield the dotted keys of params.yaml."""
    for name, field in model.model_fields.items():
        yield f"{start}{name}"
        if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
            yield from keys(field.annotation, f"{start}{name}.")


@pytest.mark.parametrize("page", PAGES)
def test_keys_files_and_commands_that_a_page_names_are_there(page):
    known = set(keys(Params))
    for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", PAGES[page]):
        word, *rest = (code.rstrip(":") or code).split()
        if re.fullmatch(r"(data|split|learner|out_of_fold|tune|evaluate)(\.\w+)+:?", word):
            assert word.rstrip(":") in known, code
        elif word == "rebalance":
            assert (ROOT / "rebalance" / "cli" / "commands" / f"{rest[0]}.py").exists(), code
        elif code.startswith("python -m "):
            assert (ROOT / Path(*rest[1].split("."))).with_suffix(".py").exists(), code
        elif word.startswith("metrics/"):
            assert word in (ROOT / "dvc.yaml").read_text(encoding="utf-8"), code
