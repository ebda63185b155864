"""params.yaml is read as DVC reads it, and no text makes the reader hang or fill the memory."""

import re

import pytest
from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
from hypothesis import given
from hypothesis import strategies as st

from rebalance.cli.setup import editing
from rebalance.errors import InputError
from rebalance.params import file
from tests.strategies import ROOT

# Where YAML 1.1 and YAML 1.2 differ, and where libraries do.
SCALARS = [
    "012", "0100", "0o14", "0x1F", "0b11", "1:40", "1_000", "off", "on", "yes", "no", "y", "~",
    "null", "true", "True", "1e-3", "1E5", "1.0e-3", "1.", ".5", "+5", "-0", "08", "2020-01-01",
    "'012'", '"off"', ".inf", "=", "<<", "0.1.2", "12e03", "''",
]  # fmt: skip


def as_dvc_does(text):
    """Read the text both ways: the same values, or both refuse it."""
    try:
        expected = parse_yaml(text, "params.yaml")
    except (YAMLFileCorruptedError, ValueError):
        with pytest.raises(InputError, match=r"^.*\.$"):
            file.parse(text)
    else:
        assert repr(file.parse(text) or {}) == repr(expected)


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_value_is_what_dvc_takes_it_for(scalar):
    as_dvc_does(f"a: {scalar}\n")
    as_dvc_does(f"- [{scalar}]\n")


def test_yaml_is_of_version_1_2():
    found = file.parse("a: 012\nb: 0100\nc: 1:40\nd: off\ne: 1e-3\n")
    assert found == {"a": 12, "b": 100, "c": "1:40", "d": "off", "e": 0.001}


def test_the_shipped_file_is_what_dvc_takes_it_for():
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert file.read(ROOT / "params.yaml") == parse_yaml(text, "params.yaml")


@given(st.text(alphabet="a1 :-[]{}&*!|>'\"#,\n\t%@`~.?_0xoe", max_size=40))
def test_any_text_is_read_as_dvc_reads_it_or_refused_in_one_line(text):
    as_dvc_does(text)


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [*x]\n", "line 1: the anchor 'x' holds itself."),
        ("a: &x {b: [1, *x]}\n", "line 1: the anchor 'x' holds itself."),
        (f"a: {'[' * 25}{']' * 25}\n", "line 1: lists and mappings stand more than 20 deep."),
        (f"a: {'{b: ' * 25}1{'}' * 25}\n", "lists and mappings stand more than 20 deep."),
        (LAUGHS, "it holds more than 100,000 values."),
        (f"a: {'9' * 5000}\n", "a value cannot be read: Exceeds the limit"),
        ("a: 2026-13-45\n", "a value cannot be read: month must be in 1..12."),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4, column 3: the key 'c' stands here twice."),
    ],
)
def test_a_text_that_would_fill_the_memory_or_recurse_is_refused_in_one_line(text, said, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        file.read(path)
    assert str(caught.value).startswith(f"{path} is not YAML: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 140


@pytest.mark.parametrize("reader", [file.read, editing.Document])
def test_a_merge_conflict_is_called_one_and_the_line_is_named(reader, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> other\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        reader(path)
    assert str(caught.value) == (
        f"{path} holds a merge conflict, from line 2 on; keep one of the two texts, and remove "
        "the lines that begin with <<<<<<<, ======= and >>>>>>>."
    )
    # Inside a text the marks are its own.
    path.write_text("a: |\n <<<<<<< HEAD\nb: [\n", encoding="utf-8")
    with pytest.raises(InputError, match="is not YAML"):
        reader(path)


def test_aliases_that_stay_small_are_read():
    assert file.parse("a: &x [1, 2]\nb: *x\nc: [*x, *x]\n")["c"] == [[1, 2], [1, 2]]


def test_a_file_of_megabytes_is_not_read(tmp_path):
    path = tmp_path / "params.yaml"
    with path.open("wb") as content:
        content.truncate(3_000_000_000)  # zeros that take no room
    with pytest.raises(InputError, match="must have at most 1,000,000 bytes, got 3,000,000,000"):
        file.read(path)
