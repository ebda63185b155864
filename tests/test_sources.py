"""Rows of each source, the columns that are features, and what a reading says of itself."""

import gzip
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance import sources
from rebalance.errors import InputError
from tests.strategies import FEATURES, frame, params

FRAME = frame(120, 15)
CSV = FRAME.to_csv(index=False).encode()


def data(source="file", **changes):
    """Return the section ``data`` about tables of the tests."""
    given = {"drop": [], "source": source} | changes
    return params(**{f"data__{key}": value for key, value in given.items()}).data


def same_rows(found):
    pd.testing.assert_frame_equal(found, FRAME, check_dtype=False)


def csv(path):
    path.write_bytes(CSV)


def csv_gz(path):
    path.write_bytes(gzip.compress(CSV))


def parquet(path):
    FRAME.to_parquet(path)


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.csv", csv), ("a.csv.gz", csv_gz), ("a.parquet", parquet), ("no-suffix", csv_gz)],
)
@pytest.mark.parametrize("absolute", [False, True])
def test_a_file_is_read_by_what_it_holds(tmp_path, monkeypatch, name, write, absolute):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / name)
    same_rows(sources.load(data(path=str(tmp_path / name) if absolute else name)))


@pytest.mark.parametrize(
    "name", ["2024", "my table.csv", "[a] (1) {b}.csv", "höhe ü.csv", "no.csv"]
)
def test_a_file_may_have_any_name_and_be_a_link(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    csv(tmp_path / name)
    (tmp_path / "link.csv").symlink_to(name)
    same_rows(sources.load(data(path=int(name) if name.isdigit() else name)))
    same_rows(sources.load(data(path="link.csv")))
    monkeypatch.setenv("HOME", str(tmp_path))
    same_rows(sources.load(data(path=f"~/{name}")))


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "mine"},
        {"path": ".", "pattern": "**/part-*.csv"},
        {"path": "mine", "pattern": "part-*"},
        {"path": "../here/mine"},
    ],
)
def test_the_files_of_a_folder_are_read_in_the_order_of_its_names(tmp_path, monkeypatch, changes):
    (tmp_path / "here" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    for number, rows in enumerate((slice(50), slice(50, None))):
        FRAME[rows].to_csv(f"mine/part-{number}.csv", index=False)
    for other in ("notes.md", "part-0.csv.dvc", ".gitignore"):
        (tmp_path / "here" / "mine" / other).write_text("no table\n")
    same_rows(sources.load(data(**changes)))


@pytest.mark.parametrize("pattern", ["/x", "a**b/*", ""])
def test_a_pattern_that_is_none_is_one_line(tmp_path, pattern):
    (tmp_path / "a.csv").write_bytes(CSV)
    if not pattern:
        assert len(sources.load(data(path=str(tmp_path), pattern=pattern))) == len(FRAME)
        return
    with pytest.raises(InputError, match=r"data\.p(attern|ath) must"):
        sources.load(data(path=str(tmp_path), pattern=pattern))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nothing.csv", "got 'nothing.csv': there is no such file or folder."),
        ("~/nothing.csv", "got '~/nothing.csv': there is no such file or folder."),
        ("empty", "got 'empty', where none fits data.pattern '*'"),
        ("data", "must name rows of yours, got 'data', where the pipeline writes raw.parquet"),
        ("data/raw.parquet", "must name rows of yours, got 'data/raw.parquet', where the pipeline"),
    ],
)
def test_a_path_without_a_table_is_named(tmp_path, monkeypatch, path, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    parquet(tmp_path / "data" / "raw.parquet")
    with pytest.raises(InputError, match=re.escape(said)):
        sources.load(data(path=path))


@settings(max_examples=5)
@given(st.integers(200, 400), st.integers(10, 40), st.integers(0, 9))
def test_simulated_rows_are_as_many_as_asked(rows, positives, seed):
    asked = {"simulated.rows": rows, "simulated.positives": positives, "simulated.seed": seed}
    section = data("simulated", drop=["Time"], **asked)
    found = sources.load(section)
    assert (len(found), found["Class"].sum()) == (rows, positives)
    profile = sources.profile(section)
    said = sources.described(profile, section)
    assert (said["rows"], said["positives"]) == (rows, positives)
    assert [*profile.columns, profile.target] == list(found)


def test_simulated_rows_have_one_target():
    with pytest.raises(
        InputError, match=r"data\.target must be 'Class' for source simulated, got 'V1"
    ):
        sources.profile(data("simulated", target="V1"))


# Columns


def written(tmp_path, rows):
    rows.to_csv(tmp_path / "t.csv", index=False)
    return str(tmp_path / "t.csv")


def features(tmp_path, rows, **changes):
    section = data(path=written(tmp_path, rows), **changes)
    return sources.features(sources.profile(section), section)


def test_text_and_dates_are_features_and_what_is_dropped_or_numbers_rows_is_none(tmp_path):
    rows = FRAME.assign(e="text", f="2023-01-13", g=np.nan)
    rows.insert(0, "Unnamed: 0", range(120))
    assert features(tmp_path, rows) == [*FEATURES, "e", "f", "g"]
    assert features(tmp_path, rows, drop=["e", " a ", "g"]) == ["b", "c", "d", "f"]
    with pytest.raises(InputError, match=r"data\.drop leaves no feature: 'a', 'b', 'c', 'd' are"):
        features(tmp_path, FRAME, drop=FEATURES)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.7976931348623157e308, "got the value 1.79769e+308; name it in data.read.missing"),
        (-1e39, "got the value -1e+39;"),
        (np.inf, "got an infinite value; name it"),
        ("1e999", "got an infinite value; name it"),
    ],
)
def test_numbers_that_single_precision_does_not_hold_are_refused_by_column(tmp_path, value, said):
    rows = FRAME.assign(g=[value, *[1.5] * 119], h=[*[0.5] * 119, value])
    with pytest.raises(InputError) as caught:
        features(tmp_path, rows)
    first, second = str(caught.value).splitlines()
    assert first.startswith("column 'g' must hold numbers up to 3.403e+38, the largest of single")
    assert said in first
    assert second.startswith("column 'h' must hold")
    assert features(tmp_path, rows, drop=["g", "h"]) == FEATURES


def test_names_values_and_labels_that_are_wrong_are_refused_together(tmp_path):
    rows = FRAME.assign(g=[1e39, *[1.5] * 119])
    with pytest.raises(InputError) as caught:
        features(tmp_path, rows, positive="fraud")
    first, second = str(caught.value).splitlines()
    assert first.startswith("column 'g' must hold numbers up to 3.403e+38")
    assert second.startswith("data.positive must be one of the labels of 'Class', ")
    with pytest.raises(InputError) as caught:
        features(tmp_path, rows, positive="fraud", drop=["z"])
    first, second = str(caught.value).splitlines()
    assert first.startswith("data.drop names 'z', which is no column")
    assert second.startswith("data.positive must be one of the labels of 'Class', ")


def test_the_largest_number_of_single_precision_is_a_feature(tmp_path):
    largest = float(np.finfo(np.float32).max)
    assert features(tmp_path, FRAME.assign(g=[largest, *[-largest] * 119])) == [*FEATURES, "g"]


def test_dates_beyond_the_year_9999_are_refused_by_column(tmp_path):
    days = np.arange(120).astype("m8[D]") + np.datetime64("9999-10-01", "D")
    rows = pa.Table.from_pandas(FRAME, preserve_index=False)
    days = pa.array((days - np.datetime64(0, "D")).astype("int32")).cast(pa.date32())
    pq.write_table(rows.append_column("until", days), tmp_path / "t.parquet")
    section = data(path=str(tmp_path / "t.parquet"))
    with pytest.raises(InputError, match="'until' must hold dates of the years 1 to 9999, got 100"):
        sources.features(sources.profile(section), section)
    days = pa.concat_arrays([days[:92], days[:28]])  # up to the last one of 9999
    pq.write_table(rows.append_column("until", days), tmp_path / "t.parquet")
    assert "until" in sources.features(sources.profile(section), section)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"target": "Fraud"},
            "data.target 'Fraud' is no column; the columns are 'a', 'b', 'c', 'd', 'Class'.",
        ),
        (
            {"drop": ["e", "a", "f"]},
            "data.drop names 'e', 'f', which are no columns; the columns are 'a', 'b', 'c', 'd', ",
        ),
        ({"target": "x", "drop": [2023]}, "data.drop names '2023', which is no column;"),
        ({"read": {"text": ["zip"]}}, "data.read.text names 'zip', which is no column;"),
        ({"read": {"missing": {"zip": [0], "a": [1]}}}, "data.read.missing names 'zip', which is"),
    ],
)
def test_names_that_are_no_columns_are_told_together(tmp_path, changes, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        features(tmp_path, FRAME, **changes)
    assert len(str(caught.value).splitlines()) == len(changes)


@pytest.mark.parametrize("end", ["csv", "parquet"])
def test_a_table_without_rows_is_named(tmp_path, end):
    path = tmp_path / f"t.{end}"
    FRAME[:0].to_csv(path, index=False) if end == "csv" else FRAME[:0].to_parquet(path)
    with pytest.raises(InputError, match="source file has no rows, only a header"):
        sources.load(data(path=str(path)))


def test_a_target_that_is_nearly_a_column_is_guessed(tmp_path):
    with pytest.raises(InputError, match="'Class'; did you mean 'Class'"):
        features(tmp_path, FRAME, target="class")


def test_of_many_columns_ten_are_told(tmp_path):
    rows = FRAME.assign(**{f"x{i}": 0.5 for i in range(50)})
    with pytest.raises(InputError, match="'x4' and 45 more") as caught:
        features(tmp_path, rows, target="y")
    assert len(str(caught.value)) < 200


def test_what_was_read_how_is_a_value_for_json(tmp_path):
    rows = FRAME.assign(e=["?", *["5"] * 119], Class=np.where(FRAME["Class"], "yes", "No"))
    section = data(path=written(tmp_path, rows), positive="yes")
    said = sources.described(sources.profile(section), section)
    assert {key: said[key] for key in ("rows", "positives", "target", "positive", "negative")} == {
        "rows": 120,
        "positives": 15,
        "target": "Class",
        "positive": ["yes"],
        "negative": ["No"],
    }
    assert said["columns"]["e"] == {
        "holds": "number",
        "missing": 1,
        "marks": {"?": 1},
        "distinct": 1,
    }
    assert str(tmp_path) not in repr(said)
