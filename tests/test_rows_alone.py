"""The answer for a row is the same alone, among others, and in every format."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebalance import columns, params, scoring, sources
from rebalance.errors import InputError
from rebalance.scoring import server

N = 40
DAYS = [f"2024-02-{1 + i % 28:02}" for i in range(N)]
REFUSED = "refused"


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return params.load(Path(__file__).parents[1] / "params.yaml").data


def trained(data, values, kind=None, how="csv"):
    """Return what a model knows of a column ``v`` of these training rows, and of a number."""
    frame = pd.DataFrame({"n": [0.5, 1.5] * (N // 2), "v": values, "y": [0, 1] * (N // 2)})
    if how == "csv":
        frame.to_csv("train.csv", index=False)
    else:
        frame.astype({"v": "category"}).to_parquet("train.parquet")
    kinds = {"v": kind} if kind else {}
    here = {"source": "file", "path": f"train.{how}", "target": "y", "drop": [], "columns": kinds}
    here = data.model_copy(update=here)
    profile = sources.profile(here)
    rows = pa.concat_tables(sources.pieces(here, profile))
    read = sources.how_read(profile, here).get("read")
    return columns.learn(rows, ["n", "v"], kinds, read)


def encoded(learnt, data, rows, how):
    """Return the encoded rows of one format, or that they are refused."""
    frame = pd.DataFrame({"n": [7] * len(rows), "v": rows})
    try:
        if how == "json":
            body = json.dumps({"dataframe_records": [{"n": 7, "v": v} for v in rows]}).encode()
            read = server.rows_of(body, "application/json", learnt, data)
        elif how == "request of CSV":
            body = frame.to_csv(index=False).encode()
            read = server.rows_of(body, "text/csv", learnt, data)
        else:
            frame.to_csv("new.csv", index=False)
            frame.to_parquet("new.parquet")
            pieces, _ = sources.rows(f"new.{how}", data, learnt)
            read = pa.concat_tables(pieces)
        return columns.rows(learnt, read)[:, 1:].tolist()
    except (InputError, server.Refused):
        return REFUSED


CODES = ["A1", "1", "02", "B", "1.0", "True", "-"] * 6
DIGITS = [int(day.replace("-", "")) for day in DAYS]
PROSE = [f"some words of row {i}" for i in range(N)]
COMMAS = ["1.234,5", "2,25", "1.234", "7"] * 10
# Training rows, their kind, and rows to come as text, each of which may stand alone.
WRITTEN = {
    "codes": (
        CODES[:N], None,
        ["A1", "1", "01", "02", "2", "1.0", " B ", "?", "", "True", "-", "z"],
    ),
    "whole numbers as categories": (
        [7, 8, 9, 7] * 10, "category", ["7", "07", "7.0", "z", "", "?"],
    ),
    "fractions as categories": (
        [1.5, 2, 3.25, 1.5] * 10, "category", ["1.50", "2", "2.0", "z"],
    ),
    "truths as categories": ([True, False] * 20, "category", ["True", "true", "FALSE", "z"]),
    "truths": ([True, False] * 20, None, ["True", "true", "FALSE", "", "?"]),
    "0 and 1": ([0, 1] * 20, None, ["1", "0", "1.0", ""]),
    "numbers": (
        [1.5, 2.5] * 20, None, ["1", "1.50", "", "-", "Missing", "?", "nan", " 5 ", "+5"],
    ),
    "dates": (
        DAYS, None, ["2024-02-03", "", "2024-02-03T10:00:00", "2024-02-04 11:30", "?"],
    ),
    "dates with a zone": (
        [f"{day}T10:00:00+02:00" for day in DAYS], None,
        ["2024-02-03T10:00:00+02:00", "2024-02-03T08:00:00Z", "", "2024-02-03 03:00:00-0500"],
    ),
    "dates with names of months": (
        [pd.Timestamp(day).strftime("%d-%b-%Y") for day in DAYS], None,
        ["3-Feb-2024", "03-Feb-2024", "", "4 februar 2024"],
    ),
    "dates that begin with the day": (
        [pd.Timestamp(day).strftime("%d/%m/%Y") for day in DAYS], None,
        ["03/02/2024", "", "4/2/2024", "17/02/2024"],
    ),
    "times": (
        [f"{n % 24}:{n:02}" for n in range(N)], None,
        ["14:05", "9:30", "", "14:05:30", "2:05 PM", "3600", "25:00", "-"],
    ),
    "times as categories": (
        ["14:05", "9:30", "9:30", "0:00"] * 10, "category", ["14:05", "9:30:00", "z", "", "0:01"],
    ),
    "months": (["2024-02", "2024-11"] * 20, None, ["2024-03", "", "2023-12"]),
    "percents": (["12%", "8.5%"] * 20, None, ["12%", "7 %", "", "-3.25%"]),
    "money": (["$1,200.50", "$7"] * 20, None, ["$1,300.25", "$ 8", "", "($2.50)"]),
    "days in digits": (DIGITS, None, ["20240203", "", "20240301"]),
    "dates as categories": (
        ["2024-02-03", "2024-02-04"] * 20, "category",
        ["2024-02-04", "2024-02-03 00:00", "2024-02-05", "z", "", "?"],
    ),
    "prose": (PROSE, None, ["one two", "5", "", "2024-01-01"]),
    "decimal commas": (COMMAS, None, ["7", "1234", ""]),
}  # fmt: skip


@pytest.mark.parametrize(("values", "kind", "new"), WRITTEN.values(), ids=WRITTEN)
def test_a_row_of_text_has_one_answer_whatever_stands_next_to_it(data, values, kind, new):
    learnt = trained(data, values, kind)
    formats = ("csv", "request of CSV", "parquet", "json")
    among = {how: encoded(learnt, data, new, how) for how in formats}
    for how in formats:
        alone = [encoded(learnt, data, [value], how) for value in new]
        assert REFUSED not in alone, (how, alone)
        np.testing.assert_array_equal(np.concatenate(alone), among["csv"])
        np.testing.assert_array_equal(among[how], among["csv"])


@pytest.mark.parametrize(
    ("values", "kind", "new"),
    [
        ([7, 8, 9, 7] * 10, "category", [7, 8.0, None, "9", "z", 7.5]),
        ([True, False] * 20, "category", [True, "false", None, False]),
        ([1.5, 2.5] * 20, None, [1, 2.5, True, None, "3", False]),
        ([0, 1] * 20, None, [True, 1, 0.0, None]),
        (["a", "1", "1.5", "b"] * 10, None, [1, 1.0, 1.5, "a", None, "b"]),
        ([2**53 + 1, 2**53 + 3, 2**53 + 5, 2**53 + 1] * 10, None, [2**53 + 3, None, 2**53 + 1]),
        (DIGITS, None, [20240203, "20240204", None, 20240205.0]),
    ],
)  # fmt: skip
def test_a_row_of_json_has_one_answer_whatever_stands_next_to_it(data, values, kind, new):
    learnt = trained(data, values, kind)
    among = encoded(learnt, data, new, "json")
    for value, row in zip(new, among, strict=True):
        np.testing.assert_array_equal(encoded(learnt, data, [value], "json"), [row])


@pytest.mark.parametrize("head", ["", "0,1,2\n"])
def test_one_row_of_a_file_without_a_header_is_a_row(data, head):
    rows = [f"{n}.5,{'ab'[n % 2]},{n % 3 == 0:d}\n" for n in range(N)]
    Path("train.csv").write_text("".join(rows))
    here = data.model_copy(
        update={"path": "train.csv", "source": "file", "target": "2", "drop": []}
    )
    learnt = columns.learn(pa.concat_tables(sources.pieces(here)), ["0", "1"])
    Path("new.csv").write_text(head + rows[7])
    pieces, _ = sources.rows("new.csv", here, learnt)
    assert columns.rows(learnt, pa.concat_tables(pieces)).tolist() == [[7.5, 1.0]]


@pytest.mark.parametrize(
    ("names", "head"),
    [
        (["2019", "2020", "2021"], "2019,2020,2021"),
        (["2019", "2020", "2021"], "2021,2019,2020"),
        (["1", "2"], "1,2,9"),
        (["1", "2"], "2,7,1"),
        (["1", "2"], "1,2,9,,"),
        (["1", "2", "3"], "id,5,1,2,3"),
        (["0", "1"], "1,0"),
        (["0", "1", "2", "3"], "3,2,1,0"),
        (["0", "1", "2", "3"], "0,1,2,3"),
    ],
)
@pytest.mark.parametrize("title", ["", "Rows of May\n"])
def test_numbers_that_name_the_columns_of_training_are_the_header(data, names, head, title):
    cells = {name: [n / 8 + i for n in range(N)] for i, name in enumerate(names)}
    pd.DataFrame({**cells, "y": [0, 1] * (N // 2)}).to_csv("train.csv", index=False)
    here = {"path": "train.csv", "source": "file", "target": "y", "drop": []}
    here = data.model_copy(update=here)
    learnt = columns.learn(pa.concat_tables(sources.pieces(here)), names)
    order = head.split(",")
    row = [f"{names.index(name)}.5" if name in names else "0.9" for name in order]
    Path("new.csv").write_text(title + f"{head}\n" + f"{','.join(row)}\n" * 3)
    pieces, _ = sources.rows("new.csv", here, learnt)
    expected = [[i + 0.5 for i in range(len(names))]] * 3
    assert columns.rows(learnt, pa.concat_tables(pieces)).tolist() == expected


@pytest.mark.parametrize("first", ["1,0", "0,1", "2,1", "1,1", "0.5,2"])
def test_rows_of_small_numbers_are_rows_where_training_had_no_header(data, first):
    Path("train.csv").write_text("".join(f"{n % 3},{n % 4},{n % 2}\n" for n in range(N)))
    here = {"path": "train.csv", "source": "file", "target": "2", "drop": []}
    here = data.model_copy(update=here)
    learnt = columns.learn(pa.concat_tables(sources.pieces(here)), ["0", "1"])
    Path("new.csv").write_text(f"{first}\n0,3\n2,0\n1,1\n")
    pieces, _ = sources.rows("new.csv", here, learnt)
    expected = [[float(cell) for cell in first.split(",")], [0, 3], [2, 0], [1, 1]]
    assert columns.rows(learnt, pa.concat_tables(pieces)).tolist() == expected


def test_one_row_of_names_of_all_columns_is_no_row(data):
    Path("train.csv").write_text("".join(f"{n % 3},{n % 4},{n % 2}\n" for n in range(N)))
    here = {"path": "train.csv", "source": "file", "target": "2", "drop": []}
    here = data.model_copy(update=here)
    learnt = columns.learn(pa.concat_tables(sources.pieces(here)), ["0", "1"])
    Path("new.csv").write_text("1,0\n")
    pieces, names = sources.rows("new.csv", here, learnt)
    assert sum(piece.num_rows for piece in pieces) == 0
    assert names == ["1", "0"]
    model = SimpleNamespace(threshold=0.5, share=0.5, in_use=lambda use: "")
    scorer = SimpleNamespace(learnt=learnt, inputs=["0", "1"], name="m", model=model)
    with pytest.raises(InputError, match=r"if these are a row, write data\.read\.header: false"):
        scoring.score_file("new.csv", "out.csv", scorer, here)
    read = here.read.model_copy(update={"header": False})
    pieces, _ = sources.rows("new.csv", here.model_copy(update={"read": read}), learnt)
    assert columns.rows(learnt, pa.concat_tables(pieces)).tolist() == [[1, 0]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_a_mark_that_no_single_number_equals_is_a_gap_in_any_precision(dtype):
    rows = pa.table({"v": [0.5, 1.5, -999.9, 2.5] * 10})
    learnt = columns.learn(rows, ["v"], read={"v": {"marks": ["-999.9"]}})
    new = pd.DataFrame({"v": np.array([1.5, -999.9, 7], dtype)})
    np.testing.assert_array_equal(columns.rows(learnt, new)[:, 0], [1.5, np.nan, 7])


@pytest.mark.parametrize("wrong", ["12/31/2024", "31 Foo 2024", "soon"])
def test_a_date_of_json_that_is_none_in_the_order_of_training_is_refused(data, wrong):
    learnt = trained(data, [pd.Timestamp(day).strftime("%d/%m/%Y") for day in DAYS])
    assert encoded(learnt, data, ["03/02/2024", wrong], "json") == REFUSED
    learnt = trained(data, DAYS)
    assert encoded(learnt, data, ["2024-02-03", "03/02/2024"], "json") == REFUSED


def test_long_numbers_keep_their_last_digit_next_to_a_gap(data):
    learnt = trained(data, [2**53 + 1, 2**53, 2**53 + 1, 2**53 + 2] * 10)
    assert learnt["v"]["values"][0] == str(2**53 + 1)
    assert encoded(learnt, data, [2**53 + 1, None], "json")[0] == [0]


@pytest.mark.parametrize(
    ("values", "new", "expected"),
    [
        # What no other row says is read as the training rows were.
        (COMMAS, ["1.234"], [[1234]]),
        (COMMAS, ["1.234,5", "1.234"], [[1234.5], [1234]]),
        (COMMAS, ["1.5", "1.234"], REFUSED),
        (["1.234,5", "2,25"] * 20, ["1.234", "7"], [[1234], [7]]),
        ([f"{1 + i % 28:02}/03/2024" for i in range(N)], ["05/03/2024"], [[1, 4]]),
        ([f"{1 + i % 28:02}/03/2024" for i in range(N)], ["03/25/2024"], REFUSED),
        ([f"03/{1 + i % 28:02}/2024" for i in range(N)], ["03/05/2024"], [[1, 4]]),
        ([f"03/{1 + i % 28:02}/2024" for i in range(N)], ["25/03/2024"], REFUSED),
        # Dots stand in dates that begin with the day.
        ([f"03/{1 + i % 28:02}/2024" for i in range(N)], ["05.03.2024"], REFUSED),
        ([f"{1 + i % 28:02}/03/2024" for i in range(N)], ["05.03.2024"], [[1, 4]]),
    ],
)
def test_a_file_is_read_as_the_training_rows_were_or_refused(data, values, new, expected):
    # The fifth of March 2024 is a Tuesday, four days after the first.
    learnt = trained(data, values)
    frame = pd.DataFrame({"n": [7] * len(new), "v": new})
    body = frame.to_csv(index=False, sep=";").encode()
    if expected == REFUSED:
        with pytest.raises(server.Refused, match="column 'v' can be read in two ways: "):
            server.rows_of(body, "text/csv", learnt, data)
        return
    rows = server.rows_of(body, "text/csv", learnt, data)
    assert columns.rows(learnt, rows)[:, 1:].tolist() == expected


@pytest.mark.parametrize(
    ("values", "new", "expected"),
    [
        # 12% may be 0.12 in the training rows, and five euros are not five dollars.
        ([0.5, 1.5] * 20, ["12%"], REFUSED),
        ([0.5, 1.5] * 20, ["12%", "0.5"], REFUSED),
        (["12%", "8.5%"] * 20, ["7%", "3"], [[7], [3]]),
        (["$5", "$7"] * 20, ["\u20ac5"], REFUSED),
        (["$5", "$7"] * 20, ["5", "$7"], [[5], [7]]),
        ([5, 7] * 20, ["\u20ac5"], [[5]]),
    ],
)
@pytest.mark.parametrize("how", ["csv", "json"])
def test_a_sign_that_training_rows_did_not_have_is_refused(data, values, new, expected, how):
    assert encoded(trained(data, values), data, new, how) == expected


@pytest.mark.parametrize(
    ("zone", "new", "refused"),
    [
        ("", "+02:00", True),
        ("", "Z", False),
        ("Z", "+02:00", False),
        ("Z", "", False),
        ("+00:00", "", False),
        ("+02:00", "", True),
        ("+02:00", "Z", False),
        ("-05:00", "+02:00", False),
    ],
)
@pytest.mark.parametrize("how", ["csv", "json"])
def test_dates_are_not_read_hours_off(data, zone, new, refused, how):
    """Without a zone a date may be local time, or that of UTC."""
    learnt = trained(data, [f"2024-02-{1 + n % 28:02}T{n % 24:02}:30:00{zone}" for n in range(N)])
    for rows in (["2024-02-03T10:30:00"], ["2024-02-03T10:30:00", "2024-02-04T11:30:00"]):
        found = encoded(learnt, data, [f"{row}{new}" for row in rows], how)
        assert (found == REFUSED) == refused


def typed(zone, rows):
    """Return a table of dates whose type names a zone, or none."""
    days = pd.to_datetime([f"2024-02-{1 + n % 28:02} {n % 24:02}:30:00" for n in range(rows)])
    frame = pd.DataFrame({"n": [0.5, 1.5] * (rows // 2), "v": days.tz_localize(zone)})
    return frame.assign(y=[0, 1] * (rows // 2))


@pytest.mark.parametrize(
    ("zone", "new", "refused"),
    [
        (
            None,
            "Europe/Berlin",
            "has a time zone, and dates of the training rows have none",
        ),
        (None, "-05:00", "has a time zone, and dates of the training rows have none"),
        (None, "UTC", ""),
        ("UTC", "Europe/Berlin", ""),
        ("UTC", None, ""),
        (
            "Europe/Berlin",
            None,
            "has no time zone, and dates of the training rows have one",
        ),
        ("Europe/Berlin", "UTC", ""),
        ("Europe/Berlin", "Asia/Tokyo", ""),
    ],
)
def test_dates_of_types_are_not_read_hours_off(data, zone, new, refused):
    typed(zone, N).to_parquet("train.parquet")
    here = {"source": "file", "path": "train.parquet", "target": "y", "drop": []}
    here = data.model_copy(update=here)
    profile = sources.profile(here)
    rows = pa.concat_tables(sources.pieces(here, profile))
    read = sources.how_read(profile, here).get("read")
    learnt = columns.learn(rows, ["n", "v"], read=read)
    columns.matrix(learnt, rows)  # what the project itself holds has no zone, and is in UTC
    typed(new, 2).to_parquet("new.parquet")
    said = f"column 'v': its type {refused}; write them as the training rows have them\\.$"
    if refused:
        with pytest.raises(InputError, match=f"^new.parquet: {said}"):
            sources.rows("new.parquet", data, learnt)
    else:
        pieces, _ = sources.rows("new.parquet", data, learnt)
        columns.rows(learnt, pa.concat_tables(pieces))
    if refused and new:
        with pytest.raises(InputError, match=f"^{said}"):
            columns.rows(learnt, typed(new, 2))
        with pytest.raises(InputError, match=f"^{said}"):
            columns.rows(learnt, pq.read_table("new.parquet"))
    else:
        columns.rows(learnt, typed(new, 2))


@pytest.mark.parametrize("others", ["Europe/Berlin", "UTC", None])
def test_files_with_and_without_a_zone_are_no_table(data, tmp_path, others):
    folder = tmp_path / "parts"
    folder.mkdir()
    typed(None, N).to_parquet(folder / "1.parquet")
    typed(others, N).to_parquet(folder / "2.parquet")
    here = data.model_copy(update={"source": "file", "path": "parts", "target": "y", "drop": []})
    if others is None:
        assert sources.profile(here).rows == 2 * N
        return
    with pytest.raises(InputError) as refused:
        sources.profile(here)
    assert str(refused.value) == (
        "parts/2.parquet: the dates of column 'v' have a time zone, those of other files no time "
        "zone; write all files alike."
    )


def test_times_are_none_where_training_rows_had_numbers(data):
    assert encoded(trained(data, [0.5, 1.5] * 20), data, ["14:05", "9:30"], "csv") == REFUSED


def test_training_rows_said_to_be_a_category_or_a_text_have_their_codes_again(data):
    days = ["2024-02-03", "2024-02-04"] * 20
    learnt = trained(data, days, "category")
    assert encoded(learnt, data, days, "csv") == [[0], [1]] * 20
    # As text 1.50 is 1.5, of three characters, and one word; half of the texts have a number of
    # two digits.
    learnt = trained(data, ["1.50", "12.50"] * 20, "text")
    assert encoded(learnt, data, ["1.50", "12.50"], "csv") == [[3, 1, 0], [4, 1, 1]]


def test_days_of_parquet_said_to_be_a_category_are_those_of_csv(data):
    table = pa.table({"v": pa.array(DAYS).cast(pa.date32()), "n": range(N)})
    learnt = columns.learn(table, ["v"], {"v": "category"})
    codes = columns.rows(learnt, table)[:, 0].tolist()
    assert len({*codes}) == 28
    pd.DataFrame({"v": DAYS, "n": range(N)}).to_csv("new.csv", index=False)
    pieces, _ = sources.rows("new.csv", data, learnt)
    assert columns.rows(learnt, pa.concat_tables(pieces))[:, 0].tolist() == codes


@pytest.mark.parametrize("value", ["1.234", "1.5"])
def test_a_text_with_a_point_is_no_number_where_the_comma_is_decimal(data, value):
    learnt = trained(data, ["1.234,5", "2,25"] * 20)
    with pytest.raises(InputError, match=f"got the text '{value}', which is another number where"):
        columns.rows(learnt, pd.DataFrame({"n": [1.5], "v": [value]}))
    assert columns.rows(learnt, pd.DataFrame({"n": [1.5], "v": [1.234]}))[0, 1] == 1.234


def test_a_mark_of_params_is_a_gap_wherever_a_row_comes_from(data):
    read = data.read.model_copy(update={"missing": [-999, "keine"], "present": ["None"]})
    data = data.model_copy(update={"read": read})
    numbers = trained(data, [5, -999, 6, 7.5] * 10)
    words = trained(data, ["a", "keine", "None", "a"] * 10)
    assert words["v"]["values"] == ["a", "None"]
    bare = params.load(Path(__file__).parents[1] / "params.yaml").data
    for how in ("csv", "request of CSV", "parquet", "json"):
        for number in (-999, -999.0):
            found = encoded(numbers, bare, [5, number], how)
            np.testing.assert_array_equal(found, [[5], [np.nan]])
        found = encoded(words, bare, ["None", "keine", "NA", "z"], how)
        np.testing.assert_array_equal(found, [[1], [np.nan], [np.nan], [2]])


@pytest.mark.parametrize("mark", [9, 9.0, "9", "9.0"])
@pytest.mark.parametrize("other", [7, "z"])
def test_a_number_that_marks_a_gap_does_so_in_every_form(data, mark, other):
    read = data.read.model_copy(update={"missing": [mark]})
    learnt = trained(data.model_copy(update={"read": read}), [7, 8, 9, 7] * 10, "category")
    assert learnt["v"]["values"] == ["7", "8"]
    for value in (9, 9.0, "9", "9.0", "09"):
        for how in ("request of CSV", "json"):
            found = encoded(learnt, data, [value, other], how)
            np.testing.assert_array_equal(found, [[np.nan], [0 if other == 7 else 2]])


@pytest.mark.parametrize(
    ("written", "new", "codes"),
    [
        (["1,5", "2,5", "1,5", "1.234,5"], ["1,5", "2,50", "1.234,5", "1,234"], [0, 2, 1, 3]),
        (["1%", "2%", "1%", "3%"], ["1%", "2 %", "3", "4%"], [0, 1, 2, 3]),
        (["$1.50", "$2", "$1.50", "$1,000"], ["1.5", "$2.00", "$1,000.00", "$5"], [0, 2, 1, 3]),
    ],
)
def test_numbers_as_people_write_them_have_one_code(data, written, new, codes):
    learnt = trained(data, written * 10, "category")
    for value, code in zip(new, codes, strict=True):
        for how in ("csv", "request of CSV", "parquet", "json"):
            assert encoded(learnt, data, [value], how) == [[code]]
            assert encoded(learnt, data, [value, "zz"], how) == [[code], [3]]


def test_a_text_that_may_be_a_thousand_is_refused_in_a_category_with_decimal_commas(data):
    learnt = trained(data, ["1,5", "2,5"] * 20, "category")
    assert encoded(learnt, data, ["1.234", "zz"], "csv") == REFUSED
    assert encoded(learnt, data, ["1.5", "zz"], "json") == [[0], [2]]


def test_categories_of_parquet_are_cleaned_as_text_is(data):
    learnt = trained(data, ["a", "a ", "?", "02"] * 10, how="parquet")
    assert learnt["v"]["values"] == ["a", "02"]
    assert learnt["v"]["missing"] == 10
    for how in ("csv", "parquet", "json"):
        found = encoded(learnt, data, ["02", " a", "?", "2"], how)
        np.testing.assert_array_equal(found, [[1], [0], [np.nan], [2]])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (pd.Timestamp("2024-05-01"), "must hold numbers, got dates"),
        ([1], "must hold a single value in each row, got a list"),
        ({"a": 1}, "must hold a single value in each row, got a list"),
        ("2024-05-01", "must hold numbers, got '2024-05-01'"),
    ],
)
def test_what_is_no_number_is_not_made_one(data, value, said):
    learnt = trained(data, [1.5, 2.5] * 20)
    with pytest.raises(InputError, match=said):
        columns.rows(learnt, pd.DataFrame({"n": [1.5], "v": [value]}))


@pytest.mark.parametrize("value", [["east"], {"east": 1}, [["east"]]])
@pytest.mark.parametrize("other", ["east", 5, None])
def test_a_list_is_no_category_whatever_stands_next_to_it(data, value, other):
    learnt = trained(data, ["east", "west"] * 20)
    for new in ([value], [value, other], [other, value]):
        rows = pd.DataFrame({"n": [7] * len(new), "v": pd.Series(new, dtype=object)})
        with pytest.raises(InputError, match="column 'v' must hold a single value in each row"):
            columns.rows(learnt, rows)


@pytest.mark.parametrize("other", ["east", 5])
def test_half_a_character_is_refused_whatever_stands_next_to_it(data, other):
    learnt = trained(data, ["east", "west"] * 20)
    rows = pd.DataFrame({"n": [7, 7], "v": [other, "a\ud800"]}, dtype=object)
    with pytest.raises(InputError, match=r"column 'v' must hold text .*, got '\\ud800', half"):
        columns.rows(learnt, rows)


def test_lengths_of_time_are_seconds_in_a_frame_as_in_a_file(data):
    learnt = trained(data, [1.5, 2.5] * 20)
    frame = pd.DataFrame({"n": [1.5], "v": [pd.Timedelta(minutes=1)]})
    frame.to_parquet("new.parquet")
    pieces, _ = sources.rows("new.parquet", data, learnt)
    for rows in (frame, pa.concat_tables(pieces)):
        assert columns.rows(learnt, rows)[0, 1] == 60


def test_a_first_row_that_looks_like_a_second_header_is_scored(data):
    learnt = trained(data, ["east", "west", "east", "south"] * 10)
    found = encoded(learnt, data, ["north", "east", "west", "east", "west"], "csv")
    assert found == [[3], [0], [2], [0], [2]]
    only = {"v": learnt["v"]}
    Path("new.csv").write_text("v,w\nnorth,up\neast,left\neast,left\neast,left\n")
    pieces, names = sources.rows("new.csv", data, only)
    assert names == ["v", "w"]
    assert columns.rows(only, pa.concat_tables(pieces)).tolist() == [[3], [0], [0], [0]]


@pytest.mark.parametrize("line", ["---", "----", "-", ":---:"])
@pytest.mark.parametrize("values", [[1.5, 2.5] * 20, ["r", "s"] * 20], ids=["numbers", "text"])
def test_a_line_below_the_header_is_no_row(data, values, line):
    learnt = trained(data, values)
    rows = "".join(f"|7|{value}|\n" for value in values[:4])
    Path("new.csv").write_text(f"|n|v|\n|{line}|{line}|\n{rows}")
    pieces, _ = sources.rows("new.csv", data, learnt)
    assert pa.concat_tables(pieces)["v"].to_pylist() == values[:4]


@pytest.mark.parametrize("values", [["r", "s, t"] * 20, [1.5, 2.5] * 20], ids=["text", "numbers"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_a_model_of_one_feature_takes_a_file_of_one_column(data, values, quoting):
    learnt = {"v": trained(data, values)["v"]}
    new = [values[1], None, values[0]]
    pd.DataFrame({"v": new}).to_csv("new.csv", index=False, quoting=quoting)
    pieces, _ = sources.rows("new.csv", data, learnt)
    assert pa.concat_tables(pieces)["v"].to_pylist() == new


def test_a_row_of_units_below_the_header_is_said(data):
    learnt = trained(data, [1.5, 2.5] * 20)
    body = b"n,v\nm,kg\n7,1.5\n7,2.5\n"
    Path("new.csv").write_bytes(body)
    said = []
    pieces, _ = sources.rows("new.csv", data, learnt, said=said)
    assert pa.concat_tables(pieces)["v"].to_pylist() == [1.5, 2.5]
    assert said == ["new.csv: left out 1 row below the header, without values"]
    with pytest.raises(server.Refused, match=r"the body: left out 1 row below the header.*; send"):
        server.rows_of(body, "text/csv", learnt, data)


def test_times_below_the_header_are_rows(data):
    learnt = trained(data, [f"{n % 24}:{n:02}" for n in range(N)])
    Path("new.csv").write_text("v,n\n14:05,7\n9:30,7\n")
    pieces, _ = sources.rows("new.csv", data, {"v": learnt["v"]})
    assert pa.concat_tables(pieces)["v"].to_pylist() == [50_700, 34_200]


@pytest.mark.parametrize("gap", ["-", "--"])
def test_a_first_row_of_gaps_is_a_row(data, gap):
    learnt = trained(data, [1.5, 2.5] * 20)
    Path("new.csv").write_text(f"n,v\n{gap},{gap}\n7,1.5\n7,2.5\n")
    pieces, _ = sources.rows("new.csv", data, learnt)
    assert pa.concat_tables(pieces)["v"].to_pylist() == [None, 1.5, 2.5]


@pytest.mark.parametrize("value", ["03/04/2024", "1,234"])
def test_a_column_that_the_model_does_not_use_stops_nothing(data, value):
    learnt = trained(data, [1.5, 2.5] * 20)
    Path("new.csv").write_text(f"n;v;w\n7;2;{value}\n")
    pieces, _ = sources.rows("new.csv", data, learnt)
    rows = pa.concat_tables(pieces)
    assert columns.rows(learnt, rows)[0, 1] == 2
    assert rows["w"].to_pylist() == [value]
    # It may be the amounts of a rule, or an id to write.
    with pytest.raises(InputError, match="column 'w' can be read in two ways: "):
        sources.rows("new.csv", data, learnt, also=["w"])


def test_a_list_of_parquet_that_the_model_does_not_use_is_passed_over(data):
    learnt = trained(data, [1.5, 2.5] * 20)
    pd.DataFrame({"n": [7], "v": [1.5], "w": [[1]]}).to_parquet("new.parquet")
    pieces, names = sources.rows("new.parquet", data, learnt)
    assert names == ["n", "v"]
    assert columns.rows(learnt, pa.concat_tables(pieces))[0, 1] == 1.5
    pd.DataFrame({"n": [7], "v": [[1.5]]}).to_parquet("new.parquet")
    with pytest.raises(InputError, match="has columns of lists, structures or the like"):
        sources.rows("new.parquet", data, learnt)


@pytest.mark.parametrize("mark", ["nd", "ND", "n/d", "k.A.", "s/d", ":", "*", "\u2013", "\u2014"])
def test_a_doubtful_mark_is_a_gap_in_few_rows_among_many_numbers_only(data, mark):
    many = [mark, *(f"{n}.5" for n in range(1, N))]
    learnt = trained(data, many)
    assert learnt["v"]["kind"] == "number"
    # In rows to score it is one in any share.
    for new in ([mark, "7.5"], ["7.5", mark], [mark]):
        for how in ("csv", "request of CSV", "json"):
            expected = [[np.nan] if value == mark else [7.5] for value in new]
            np.testing.assert_array_equal(encoded(learnt, data, new, how), expected)
    codes = trained(data, [*"12", mark, "3"] * 10)["v"]
    assert codes["kind"] == "category"
    assert set(codes["values"]) == {"1", "2", "3", mark}
    findings = trained(data, [mark if n % 3 == 0 else f"{n}.5" for n in range(N)])["v"]
    assert findings["kind"] == "category"
    assert findings["values"][0] == mark


def test_a_line_says_what_makes_numbers_of_a_column_with_a_doubtful_mark_in_many_rows(data):
    rows = (f"{'nd' if n % 3 == 0 else n},{n % 2}\n" for n in range(90))
    Path("train.csv").write_text("v,y\n" + "".join(rows))
    here = {"source": "file", "path": "train.csv", "target": "y", "drop": []}
    said = sources.profile(data.model_copy(update=here)).said
    assert "column 'v': numbers but for 'nd' in 30 of 90 rows, read as text; " in "".join(said)


@pytest.mark.parametrize("mark", ["n/d", "\u2014"])
def test_a_doubtful_mark_among_dates_is_a_gap_in_few_rows_only(data, mark):
    assert trained(data, [mark, *DAYS[1:]])["v"]["kind"] == "date"
    assert trained(data, [mark, "2024-02-03"] * 20)["v"]["kind"] == "category"


@pytest.mark.parametrize("other", ["May 5, 2021", "5. Mai 2021", "2021-05", "2021-05-05T00"])
def test_a_date_has_one_answer_next_to_one_in_another_form(data, other):
    learnt = trained(data, DAYS)
    first, second = encoded(learnt, data, ["2022-05-03T10", None, other], "json")[::2]
    assert first == encoded(learnt, data, ["2022-05-03T10"], "json")[0]
    assert second == encoded(learnt, data, [other], "json")[0]
    assert first != second


@pytest.mark.parametrize(
    "day",
    ["2013-05", "05/2013", "May-2013", "Fri May 03 10:30:00 2013"],
)
def test_a_line_names_a_column_of_dates_in_a_form_of_which_others_make_text(data, day):
    Path("train.csv").write_text("v,w,y\n" + f"{day},2013-05-03,1\n{day},2013-05-03,0\n" * 40)
    here = {"source": "file", "path": "train.csv", "target": "y", "drop": []}
    said = sources.profile(data.model_copy(update=here)).said
    assert f"column 'v': dates, as '{day}'" in said
    assert not [line for line in said if "'w'" in line]
