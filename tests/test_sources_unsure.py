"""What can be read in two ways is refused with both; what is read in a loose way is said."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebalance.errors import InputError
from tests.test_sources_reading import (
    LINES,
    ROWS,
    line_on_text,
    profiled,
    table,
    with_column,
    written,
)

LABELS = [f"{i % 5 == 0:d}" for i in range(60)]


def of_lines(header, rows):
    return "\n".join([header, *rows]) + "\n"


def test_two_separators_that_fit_alike_are_shown_with_what_they_make_of_a_row(tmp_path):
    content = of_lines("Class;b,Class", (f"{label};x,{label}" for label in LABELS))
    with pytest.raises(InputError) as refused:
        table(written(tmp_path, content))
    said = str(refused.value)
    assert "can be read in two ways" in said
    assert "['0;x', '0'] with the separator comma" in said
    assert "['0', 'x,0'] with the separator semicolon" in said
    assert said.endswith("write the right one into data.read.separator.")
    semicolons = table(written(tmp_path, content), read={"separator": ";"})
    assert semicolons.column_names == ["Class", "b,Class"]


def test_of_two_separators_that_fit_alike_the_one_that_names_the_target_is_taken(tmp_path):
    content = of_lines("a,b;Class", (f"{i},x;{label}" for i, label in enumerate(LABELS)))
    assert table(written(tmp_path, content)).column_names == ["a,b", "Class"]


def test_a_file_that_no_separator_cuts_is_no_table(tmp_path):
    with pytest.raises(InputError, match="has one column, 'x': a table needs the target and a"):
        table(written(tmp_path, of_lines("x", ("word" * (i % 3 + 1) for i in range(60)))))
    with pytest.raises(InputError, match=r"no separator .* cuts its rows into the same number"):
        table(written(tmp_path, of_lines("x", ("word " * (i % 3 + 1) for i in range(60)))))


def test_a_header_that_lacks_one_name_is_shown_with_both_readings(tmp_path):
    content = of_lines("a,Class", (f"7,{i % 9},{label}" for i, label in enumerate(LABELS)))
    with pytest.raises(InputError) as refused:
        table(written(tmp_path, content))
    said = str(refused.value)
    assert "its header names 2 columns and its rows have 3 fields" in said
    assert "'a' is '7' in the first row, or '0'" in said
    given = table(written(tmp_path, content), read={"columns": ["k", "a", "Class"]})
    assert given["a"].to_pylist()[:3] == [0, 1, 2]


@pytest.mark.parametrize(
    ("header", "cells", "said"),
    [
        ("a,b,Class", ";", "'a,b,Class', has ',' between names, and its rows have semicolon"),
        ("a;b;Class", ",", "has ';' between names, and its rows have comma between"),
        ("a b Class", "\t", "has ' ' between names, and its rows have tab between"),
        ("a, b, Class", "  ", "'a, b, Class', has ',' between names, and its rows have blanks"),
    ],
)
def test_a_header_between_other_marks_than_the_cells_is_shown(tmp_path, header, cells, said):
    rows = (cells.join(["0.5", f"{i % 9}", label]) for i, label in enumerate(LABELS))
    path = written(tmp_path, of_lines(header, rows))
    with pytest.raises(InputError) as refused:
        table(path)
    assert said in str(refused.value)
    given = table(path, read={"columns": ["a", "b", "Class"], "skip": 1})
    assert given.column_names == ["a", "b", "Class"]
    assert given["b"].to_pylist()[:3] == [0, 1, 2]


def test_a_header_that_lacks_two_names_is_refused(tmp_path):
    content = of_lines("a,Class", (f"7,8,{i},{label}" for i, label in enumerate(LABELS)))
    with pytest.raises(InputError, match="names 2 columns and its rows have 4 fields; mend"):
        table(written(tmp_path, content))


@pytest.mark.parametrize("title", ["Target:,Class", "predict,Class,", "Class,in,May,of,2024,1,9"])
def test_a_title_that_names_the_target_is_no_header(tmp_path, title):
    content = "\n".join([title, *LINES]) + "\n"
    assert table(written(tmp_path, content)).column_names == LINES[0].split(",")


def test_more_rows_to_skip_than_there_are_is_refused(tmp_path):
    path = written(tmp_path, "\n".join(LINES[:5]))
    with pytest.raises(InputError, match=r"has no row below the first 9; see data\.read\.skip"):
        table(path, read={"skip": 9})


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1%", "2%", "3"], "numbers with and without a sign of percentages"),
        (["$1", "€2", "$3"], "numbers with and without a sign of currencies"),
        (['"1,234.5"', '"1.234,5"'], "'1.234,5' and '1,234.5' are numbers in no one way"),
        (
            ["", *[str(2**53 + 1 + i) for i in range(59)]],
            "whole numbers beyond 9,007,199",
        ),
    ],
)
def test_numbers_that_are_none_of_one_kind_stay_text_and_a_line_says_so(tmp_path, cells, said):
    assert said in line_on_text(tmp_path, cells)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2023-01-13 08:00:00+05:30", datetime.datetime(2023, 1, 13, 2, 30)),
        ("2023-01-13 08:00:00-0130", datetime.datetime(2023, 1, 13, 9, 30)),
        ("2 Sept 2023", datetime.datetime(2023, 9, 2)),
    ],
)
def test_a_zone_is_taken_off_and_september_has_two_short_names(tmp_path, cell, moment):
    assert table(written(tmp_path, with_column([cell])))["x"][0].as_py() == moment


@pytest.mark.parametrize(
    ("first", "second", "kind", "values"),
    [
        (pa.int8(), pa.int64(), "int64", [3, 3]),
        (pa.bool_(), pa.int32(), "int64", [1, 3]),
        (pa.int32(), pa.float32(), "double", [3.0, 3.0]),
        (pa.date32(), pa.timestamp("ns"), "timestamp[us]", [datetime.datetime(1970, 1, 4)] * 2),
        (pa.null(), pa.int32(), "int32", [None, 3]),
        (pa.int64(), pa.string(), "string", ["3", "C5"]),
    ],
)
def test_parquet_parts_of_several_types_have_one_type_that_holds_both(
    tmp_path, first, second, kind, values
):
    (tmp_path / "rows").mkdir()
    for name, type_ in (("a", first), ("b", second)):
        cell = "C5" if pa.types.is_string(type_) else 3
        cell = datetime.datetime(1970, 1, 4) if pa.types.is_temporal(type_) else cell
        column = pa.nulls(60) if pa.types.is_null(type_) else pa.array([cell] * 60).cast(type_)
        part = pa.Table.from_pandas(ROWS).append_column("x", column)
        pq.write_table(part, tmp_path / "rows" / f"{name}.parquet")
    found = table(tmp_path / "rows", pattern="*.parquet")["x"]
    assert str(found.type) == kind
    assert [found[0].as_py(), found[-1].as_py()] == values


def test_rows_of_both_parts_are_all_there(tmp_path):
    halves = np.array_split(ROWS.index, 2)
    for name, rows in zip("ab", halves, strict=True):
        whole = ROWS.loc[rows].assign(x=np.float32(0.5) if name == "a" else 2)
        whole.to_parquet(tmp_path / f"{name}.parquet")
    found = table(tmp_path, pattern="*.parquet")
    assert found["a"].to_pylist() == ROWS["a"].tolist()
    assert found["x"].to_pylist() == [0.5] * 30 + [2.0] * 30


def test_a_line_that_names_the_separator_is_no_table(tmp_path):
    with pytest.raises(InputError, match="has no row below the first 1;"):
        table(written(tmp_path, "sep=;\n"))


@pytest.mark.parametrize("title", ["", "Loans of May 2024\n"])
def test_a_target_that_is_called_as_one_of_its_labels_is_found(tmp_path, title):
    content = of_lines("x,y", (f"{i}.5,{'ny'[i % 5 == 0]}" for i in range(60)))
    found = table(written(tmp_path, title + content), target="y", positive="y")
    assert found["x"].to_pylist() == [i + 0.5 for i in range(60)]
    assert found["y"].to_pylist() == [int(i % 5 == 0) for i in range(60)]


def test_among_texts_it_is_asked_about(tmp_path):
    content = of_lines("x,y", (f"{'abc'[i % 3]},{'ny'[i % 5 == 0]}" for i in range(60)))
    with pytest.raises(InputError, match=r"rows that may be the header: \['x', 'y'\] and "):
        table(written(tmp_path, content), target="y", positive="y")
    found = table(written(tmp_path, content), target="y", positive="y", read={"skip": 0})
    assert found.num_rows == 60


def test_a_column_that_is_called_as_one_of_its_values_is_one(tmp_path):
    rows = (f"{i}.5,{i % 7},{('married', 'single')[i % 2]}" for i in range(60))
    path = written(tmp_path, of_lines("age,kids,married", rows))
    found, _ = profiled(path, target="none")
    assert [*found.columns] == ["age", "kids", "married"]
    assert found.rows == 60


def test_days_before_the_first_measurement_are_rows(tmp_path):
    """Each is a text above numbers that no row below holds, as a header is."""
    rows = [
        f"{1 + i % 28:02}/{1 + i // 28:02}/1980,{f'{i}.5,{i % 7}' if i > 11 else ','}"
        for i in range(60)
    ]
    found, _ = profiled(written(tmp_path, of_lines("Date,All workers,Hourly", rows)), target="none")
    assert found.rows == 60
    assert found.columns["Hourly"].missing == 12


@pytest.mark.parametrize("header", ["country,1700,1900,Class", "country,north,south,Class"])
def test_a_first_row_of_gaps_but_for_its_name_is_a_row(tmp_path, header):
    names = [f"land {i}" for i in range(60)]
    rows = [f"{n},{i}.5,{i},{i % 5 == 0:d}" for i, n in enumerate(names)]
    rows[0] = "land 0,,,1"
    found = table(written(tmp_path, of_lines(header, rows)))
    assert found["country"].to_pylist() == names
    rows = [row.rpartition(",")[0] for row in rows]
    read, _ = profiled(written(tmp_path, of_lines(header.removesuffix(",Class"), rows)), target="-")
    assert read.rows == 60 + ("1700" in header)


def test_rows_of_text_alone_are_rows_whatever_stands_below(tmp_path):
    """The rare class stands first, and no row below the first 30 has its label."""
    rows = [f"{'spam' if i < 12 else 'ham'},message {i} of mine,from {i}" for i in range(90)]
    path = written(tmp_path, of_lines("label,text,sender", rows))
    found = table(path, target="label", positive="spam")
    assert found["label"].to_pylist() == [1] * 12 + [0] * 78


def test_signs_alone_above_numbers_are_no_names(tmp_path):
    rows = [f"land {i},{'**' if i < 2 else i},{i % 5 == 0:d}" for i in range(60)]
    path = written(tmp_path, of_lines("area,jobs,Class", rows))
    assert table(path, read={"missing": ["**"]})["jobs"].null_count == 2
    assert table(path, read={"missing": ["**"]}).num_rows == 60
