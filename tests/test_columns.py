"""Kinds of columns and their encoding: what is recognised, and what a learner sees of it."""

import itertools
import json
import math
import re
from datetime import date, timedelta
from typing import get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from rebalance import columns, store
from rebalance.errors import InputError
from rebalance.params.sections import Kinds
from tests.strategies import ROOT

N = 40
RNG = np.random.default_rng(0)
LETTERS = [chr(ord("a") + i % 26) for i in range(N)]
DAYS = pd.date_range("2024-02-27", periods=N, freq="D")


def learn(said=None, **given):
    table = pa.table(given)
    return columns.learn(table, table.column_names, said)


def kind(values, said=None, name="x"):
    return learn(said, **{name: values})[name]["kind"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([0.5, *range(N - 1)], "number", id="one fraction makes numbers"),
        pytest.param([float(i % 7) for i in range(N)], "whole", id="floats without fractions"),
        pytest.param([1.0, 3.0, None, *[2.0] * 37], "whole", id="gaps change nothing"),
        pytest.param([math.nan, *[1.5, 2.0] * 20], "number", id="NaN is a gap"),
        pytest.param([0, 1] * 20, "boolean", id="zeros and ones"),
        pytest.param([True, None, False] * 13, "boolean", id="booleans with gaps"),
        pytest.param(["yes", "no"] * 20, "category", id="two texts"),
        pytest.param(LETTERS, "category", id="texts that repeat"),
        pytest.param(pa.array(LETTERS).dictionary_encode(), "category", id="a dictionary"),
        pytest.param([f"C{i}" for i in range(N)], "id", id="texts that do not repeat"),
        pytest.param([f"the {i} th sheep that I count" for i in range(N)], "text", id="prose"),
        pytest.param(["one and the same sentence", "y"] * 20, "category", id="sentences"),
        pytest.param(pa.array(DAYS), "date", id="moments"),
        pytest.param(pa.array(DAYS.date), "date", id="days"),
        pytest.param(list(range(100, 100 + N)), "id", id="a running number"),
        pytest.param([float(i) for i in range(N)][::-1], "id", id="one that runs down, as floats"),
        pytest.param([i * i for i in range(N)], "whole", id="different numbers that do not run"),
        pytest.param([7] * N, "constant", id="one number"),
        pytest.param([2**60 + i % 4 for i in range(N)], "category", id="long numbers that repeat"),
        pytest.param([2**60 + i for i in range(N)], "id", id="long numbers that do not"),
        pytest.param(
            [2**53 - i % 4 for i in range(N)], "whole", id="the longest that doubles hold"
        ),
        pytest.param([2**60] * N, "constant", id="one long number"),
        pytest.param(["x"] * N, "constant", id="one text"),
        pytest.param([7.0, None] * 20, "whole", id="one number or none tells two rows apart"),
        pytest.param([None, math.nan] * 20, "empty", id="no value"),
        pytest.param(pa.nulls(N), "empty", id="no value and no type"),
        pytest.param([[1, 2]] * N, "other", id="lists"),
        pytest.param(list(range(10)), "whole", id="few rows differ by chance"),
    ],
)
def test_a_column_is_recognised(values, expected):
    assert kind(values) == expected


@pytest.mark.parametrize("name", ["customer_id", "CustomerID", "ID", "index", "CLIENTNUM", ""])
def test_different_whole_numbers_are_an_id_where_the_name_says_so(name):
    sparse = [1000 * i * i for i in range(N)]
    assert kind(sparse, name=name) == "id"
    assert kind([i // 2 * 1000 for i in range(N)], name=name) == "whole"


@pytest.mark.parametrize("name", ["paid", "valid", "bid", "Grid", "distance"])
def test_a_name_that_only_ends_like_an_id_is_none(name):
    assert kind([1000 * i * i for i in range(N)], name=name) == "whole"


def test_what_params_say_of_a_column_stands_unless_it_has_no_value():
    said = {"code": "category", "run": "number", "none": "number"}
    learnt = learn(said, code=[3, 1, 3, 2] * 10, run=list(range(N)), none=pa.nulls(N))
    assert [entry["kind"] for entry in learnt.values()] == ["category", "number", "empty"]
    assert [entry.get("said") for entry in learnt.values()] == [True, True, None]
    assert learnt["code"]["values"] == ["3", "1", "2"]


def test_a_table_of_numbers_is_its_own_encoding():
    frame = pd.DataFrame({"a": RNG.normal(size=N), "b": RNG.integers(0, 9, N), "c": [0, 1] * 20})
    learnt = columns.learn(pa.Table.from_pandas(frame), list(frame))
    assert columns.encoded(learnt) == columns.used(learnt) == ["a", "b", "c"]
    np.testing.assert_array_equal(columns.matrix(learnt, frame), frame.to_numpy(float))
    assert columns.layout(learnt) == columns.Layout(categories={}, whole=(1, 2), width=3)


def test_categories_are_numbered_by_their_frequency_and_gaps_stay_gaps():
    learnt = learn(job=["nurse", "cook", "cook", None, "pilot", "cook", "nurse"])
    assert learnt["job"] == {
        "kind": "category",
        "missing": 1,
        "values": ["cook", "nurse", "pilot"],
    }
    rows = pd.DataFrame({"job": ["pilot", "cook", "diver", None]})
    # The number after the last is that of what no training row holds.
    np.testing.assert_array_equal(columns.matrix(learnt, rows), [[2], [0], [3], [math.nan]])
    assert columns.layout(learnt).categories == {0: 3}


def test_of_many_values_those_of_one_row_share_the_code_of_the_unseen():
    values = [f"v{i:03}" for i in range(300) for _ in range(2)] + ["once", "twice", "twice"]
    learnt = learn({"v": "category"}, v=values)
    assert len(learnt["v"]["values"]) == 301
    X = columns.matrix(learnt, pd.DataFrame({"v": ["once", "never", "twice"]}))
    twice = learnt["v"]["values"].index("twice")
    np.testing.assert_array_equal(X, [[301], [301], [twice]])


@pytest.mark.parametrize("of", [[3, 1, 3], [3.0, 1.0, 3.0], ["3", "1", "3"]])
def test_codes_are_the_same_whether_they_were_read_as_whole_numbers_floats_or_text(of):
    learnt = learn({"c": "category"}, c=[3, 3, 1, 2] * 5)
    np.testing.assert_array_equal(columns.matrix(learnt, pd.DataFrame({"c": of})), [[0], [1], [0]])


def test_a_date_becomes_the_parts_that_differ():
    # 2024-02-28 is a Wednesday, and the year a leap year.
    learnt = learn(
        at=[pd.Timestamp("2024-02-28 06:30"), pd.Timestamp("2024-03-01 18:00"), None],
        on=pa.array([0, 1, 2], pa.date32()),
    )
    assert columns.encoded(learnt) == [
        "at month", "at weekday", "at hour", "at days",
        "on weekday", "on days", "on days since at",
    ]  # fmt: skip
    rows = pa.table(
        {
            "at": [pd.Timestamp("2024-03-04 23:59"), None],
            "on": pa.array([3, 0], pa.date32()),
        }
    )
    # From 2024-03-04 23:59 back to 1970-01-04 are 19,783 days and a minute less than one.
    since = -(19_784 - 1 / 1440)
    expected = [[3, 0, 23, 5, 6, 3, since], [*[math.nan] * 4, 3, 0, math.nan]]
    np.testing.assert_array_equal(columns.matrix(learnt, rows), expected)
    assert columns.layout(learnt).whole == (0, 1, 2, 3, 4, 5)


def test_dates_may_come_as_text_and_before_1677():
    learnt = learn(d=pa.array([-200_000, 0, 2_900_000], pa.date32()))
    rows = pd.DataFrame({"d": ["1970-01-02", "9910-01-12"]})
    X = columns.matrix(learnt, rows)
    days = columns.encoded(learnt).index("d days")
    np.testing.assert_array_equal(X[:, days], [200_001, 3_100_036])
    assert date(9910, 1, 12) - date(1970, 1, 1) == timedelta(2_900_036)
    assert X[1, 0] == 9910


def test_moments_with_a_time_zone_are_those_of_utc():
    zoned = pd.Series(pd.to_datetime(["2024-01-01 23:30", "2024-01-02 01:00"])).dt.tz_localize(
        "America/New_York"
    )
    table = pa.table({"t": pa.array(list(zoned), pa.timestamp("us", "America/New_York"))})
    learnt = columns.learn(table, ["t"])
    np.testing.assert_array_equal(columns.matrix(learnt, table), [[4], [6]])
    X = columns.matrix(learnt, pd.DataFrame({"t": zoned}))
    np.testing.assert_array_equal(X, [[4], [6]])


def test_prose_becomes_its_size_and_its_words():
    learnt = learn({"note": "text"}, note=["a bc  déf ", "", None] + ["z"] * 9)
    assert columns.encoded(learnt) == ["note length", "note words", "note: z"]
    X = columns.matrix(learnt, pd.DataFrame({"note": ["a bc  déf ", None]}))
    # Blanks at the end are none of the text, as in a file.
    np.testing.assert_array_equal(X, [[9, 3, 0], [math.nan, math.nan, 0]])


def test_booleans_are_zeros_and_ones_also_with_gaps_and_as_text():
    learnt = learn(b=[True, False, None] * 10)
    rows = pd.DataFrame({"b": ["true", "False", None]})
    expected = [[1], [0], [math.nan]]
    np.testing.assert_array_equal(columns.matrix(learnt, rows), expected)
    rows = pd.DataFrame({"b": [True, False, None]})
    np.testing.assert_array_equal(columns.matrix(learnt, rows), expected)


def test_what_is_left_out_is_in_no_encoding_and_need_not_be_there():
    learnt = learn(a=[1.5, 2.5] * 20, id=list(range(N)), c=[1] * N, e=pa.nulls(N), l=[[1]] * N)
    assert columns.used(learnt) == ["a"]
    assert columns.matrix(learnt, pd.DataFrame({"a": [3.0]})).tolist() == [[3.0]]


def test_what_was_learnt_is_plain_data():
    learnt = learn(
        a=[1.5, 2.5] * 20, b=LETTERS, d=pa.array(DAYS), t=[f"one two three {i}" for i in range(N)]
    )
    assert json.loads(json.dumps(learnt)) == learnt


def test_a_column_that_is_missing_is_named():
    learnt = learn(a=[1.5, 2.5] * 20, b=LETTERS)
    with pytest.raises(InputError, match="needs the column b, which is not in the rows"):
        columns.matrix(learnt, pd.DataFrame({"a": [1.0]}))
    with pytest.raises(InputError, match="needs the columns a, b, which are not in the rows"):
        columns.matrix(learnt, pd.DataFrame({"c": [1.0]}))


@pytest.mark.parametrize(
    ("value", "kept", "said"),
    [
        ("high", "number", "column 'x' must hold numbers, got 'high'"),
        ("soon", "date", "column 'x' must hold dates .*, got 'soon'"),
        ("z" * 60, "number", f"got '{'z' * 40}';"),
    ],
)
def test_a_value_that_does_not_fit_its_kind_is_one_line(value, kept, said):
    values = {"number": [1.5, 2.5] * 20, "date": pa.array(DAYS)}[kept]
    learnt = learn(x=values)
    with pytest.raises(InputError, match=said):
        columns.matrix(learnt, pd.DataFrame({"x": ["12", value] if kept == "number" else [value]}))


def test_a_kind_that_params_give_must_fit_the_values():
    for kind, values in (("number", LETTERS), ("boolean", LETTERS), ("date", LETTERS)):
        with pytest.raises(InputError, match=r"column 'x' must hold .*, got 'a'"):
            learn({"x": kind}, x=values)
    assert learn({"x": "number"}, x=[str(i / 2) for i in range(N)])["x"]["kind"] == "number"


def test_a_date_also_says_the_days_since_the_dates_before_it():
    opened = pa.array([0, 10, 20, None], pa.date32())
    closed = pa.array([5, 10, None, 40], pa.date32())
    learnt = learn(opened=opened, n=[1.5, 2, 3, 4], closed=closed, same=opened)
    assert learnt["closed"]["since"] == {"opened": False}
    assert list(learnt["same"]["since"]) == ["closed"]  # always 0 days after opened
    X = columns.matrix(learnt, pd.DataFrame({
        "opened": ["2024-02-28", "2024-03-01", None],
        "n": [0.5, 0.5, 0.5],
        "closed": ["2024-03-01 12:00", "2024-02-28 00:00", "2024-02-28"],
        "same": ["2024-02-28"] * 3,
    }))  # fmt: skip
    place = columns.encoded(learnt).index("closed days since opened")
    np.testing.assert_array_equal(X[:, place], [2.5, -2, math.nan])  # 2024 is a leap year
    assert place not in columns.layout(learnt).whole
    assert json.loads(json.dumps(learnt)) == learnt


def test_of_many_dates_each_says_the_days_since_the_three_to_its_left():
    dates = {f"d{i}": pa.array([i, 7 * i * i, 3], pa.date32()) for i in range(1, 6)}
    assert list(learn(**dates)["d5"]["since"]) == ["d2", "d3", "d4"]


# The days of a leap year's end of February, twice.
DIGITS = [20240226, 20240227, 20240228, 20240229, 20240301] * 2


@pytest.mark.parametrize("values", [DIGITS, [float(each) for each in DIGITS] + [None]])
def test_whole_numbers_that_are_all_days_are_dates(values):
    learnt = learn(x=values)
    assert learnt["x"]["kind"] == "date"
    X = columns.matrix(learnt, pd.DataFrame({"x": [20240228, 20240302, None]}))
    days = columns.encoded(learnt).index("x days")
    np.testing.assert_array_equal(X[:, days], [2, 5, math.nan])
    X = columns.matrix(learnt, pd.DataFrame({"x": ["20240228", "2024-03-02 06:00", ""]}))
    np.testing.assert_array_equal(X[:, days], [2, 5, math.nan])
    # What params.yaml says counts, and other numbers are no dates in silence.
    assert kind(values, {"x": "number"}) == "number"
    for wrong, rest in itertools.product([20240230, 0, 1700000000, "20240230"], [[], [20240228]]):
        rows = pd.DataFrame({"x": [*rest, wrong]})
        said = f"must hold dates, whole numbers as 20261231, got {wrong}"
        with pytest.raises(InputError, match=said):
            columns.matrix(learnt, rows)


@pytest.mark.parametrize("wrong", [20240230, 20241301, 20240100, 21010101, 18991231, 20240229.5, 0])
def test_whole_numbers_are_no_dates_where_one_is_no_day(wrong):
    assert kind([*DIGITS, wrong]) != "date"


def test_a_date_is_not_made_of_numbers_in_silence():
    assert kind([20240101, 20240102] * 10) == "whole"  # two codes, perhaps
    assert kind([20240101, 20240102] * 10, {"x": "date"}) == "date"
    assert kind([*DIGITS, 99991231], {"x": "date"}) == "date"
    with pytest.raises(InputError, match=r"whole numbers as 20261231, got 20240230; .* missing"):
        learn({"x": "date"}, x=[*DIGITS, 20240230])
    learnt = learn(x=pa.array(DAYS))
    with pytest.raises(InputError, match="must hold dates, got int64"):
        columns.matrix(learnt, pd.DataFrame({"x": [20240101]}))


def test_rows_of_the_table_that_hold_no_day_are_refused_before_any_fit(tmp_path, monkeypatch):
    learnt = learn(x=DIGITS, n=[1.5, 2.5] * 5)

    def whole(*_):
        raise AssertionError("a whole column was read")

    def table(x):
        store.write_frame(tmp_path / "raw.parquet", pa.table({"x": x, "n": [0.5] * len(x)}))
        return store.Columns(tmp_path / "raw.parquet")

    monkeypatch.setattr(store.Columns, "__getitem__", whole)
    columns.refuse_no_dates(learnt, table([*DIGITS, None]))
    with pytest.raises(
        InputError, match=r"column 'x' must hold dates, .*, got 0; .*data\.read\.missing"
    ):
        columns.refuse_no_dates(learnt, table([*DIGITS, 0]))


def test_a_column_of_a_file_is_read_in_pieces(tmp_path):
    table = pa.table({"x": DIGITS, "c": pa.array(["a", None] * 5).dictionary_encode()})
    store.write_frame(tmp_path / "raw.parquet", table)
    raw = store.Columns(tmp_path / "raw.parquet")
    for name in ("x", "c"):
        pieces = [piece.to_pylist() for piece in raw.pieces(name, 4)]
        assert [len(piece) for piece in pieces] == [4, 4, 2]
        assert [*itertools.chain(*pieces)] == table[name].to_pylist()


def test_a_frame_whose_column_mixes_types_is_read_as_text():
    learnt = learn({"c": "category"}, c=["1", "a", "a"] * 10)
    X = columns.matrix(learnt, pd.DataFrame({"c": [1, "a", None]}, dtype=object))
    np.testing.assert_array_equal(X, [[1], [0], [math.nan]])


@pytest.mark.parametrize("dtype", [np.float32, float])
def test_rows_of_a_file_and_of_a_frame_have_the_same_encoding(dtype):
    frame = pd.DataFrame(
        {
            "n": [1.5, None] * 20,
            "c": LETTERS,
            "k": pd.Categorical(["u", "v"] * 20),
            "d": DAYS,
            "b": [True, False] * 20,
        }
    )
    table = pa.Table.from_pandas(frame)
    learnt = columns.learn(table, list(frame))
    X = columns.matrix(learnt, table, dtype)
    assert X.dtype == dtype
    np.testing.assert_array_equal(X, columns.matrix(learnt, frame, dtype))


def test_the_page_on_columns_names_every_kind_and_those_that_params_may_say():
    page = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
    first_cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")][2:]
    assert re.findall(r"`(\w+)`", " ".join(first_cells)) == list(columns.KINDS)
    said = next(line for line in page.splitlines() if line.startswith("A column that is wrongly"))
    assert tuple(re.findall(r"`(\w+)`", said)) == columns.SAYABLE
    assert get_args(get_args(Kinds)[1]) == columns.SAYABLE
