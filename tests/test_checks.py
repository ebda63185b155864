"""Each check finds the fault that is planted, with its number, and none speaks of clean tables."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score

from rebalance import checks, splitting
from rebalance.checks import column, copies, edge, near_one, odd_fold, positives, separating, shift
from rebalance.checks.finding import SEVERITIES
from tests.strategies import params

DOCS = (Path(__file__).parents[1] / "docs" / "checks.md").read_text(encoding="utf-8")
TARGET = "target"


def clean(rows=2000, share=0.1, seed=0, numbers=4):
    """Return a table in which nothing is wrong: numbers, whole numbers, categories, text, gaps."""
    rng = np.random.default_rng(seed)
    y = np.zeros(rows, dtype=int)
    y[: max(100, int(share * rows))] = 1
    rng.shuffle(y)
    frame = pd.DataFrame({f"x{i}": rng.normal(0.7 * y * (i < 2), 1) for i in range(numbers)})
    frame["age"] = rng.integers(18, 90, rows)
    frame["amount"] = np.round(rng.lognormal(3, 1, rows), 2)
    frame["owner"] = rng.random(rows) < 0.3
    frame["city"] = rng.choice(["Bern", "Oslo", "Riga", "Rome"], rows, p=[0.4, 0.3, 0.2, 0.1])
    frame["income"] = np.where(rng.random(rows) < 0.2, np.nan, rng.normal(3000, 500, rows))
    return frame.assign(**{TARGET: y})


def found(frame, *, features=None, method="stratified", sides=None, seed=0, weight=None):
    """Return {code: sentence} of the checks of a table and of its split."""
    y = frame[TARGET].to_numpy()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    features = features or [name for name in frame if name != TARGET]
    if sides is None:
        section = params(split__method="stratified", split__seed=seed).split
        sides = splitting.split(y, None, section)
    kinds = {name: {"kind": "number"} for name in features}
    roles = {"target": TARGET, "features": features, "method": method, "columns": kinds}
    described = splitting.describe(*(table.take(rows) for rows in sides), roles)
    if weight:
        described["train"]["kept"] = {"negative_weight": weight}
    findings = checks.of_table(table, features) + checks.of_split(table, roles, sides, described)
    return {finding.code: finding.sentence for finding in findings}


def test_negatives_stand_for_those_that_the_split_left_out():
    """Of 50 negatives for each positive one in 25 is kept in training, and all in test."""
    rng = np.random.default_rng(3)
    y = np.r_[np.ones(400), np.zeros(20_000)].astype(int)
    frame = pd.DataFrame({"x": rng.normal(3.2 * y), "y": rng.normal(size=y.size), TARGET: y})
    rows = rng.permutation(y.size)
    test, rest = np.sort(rows[:4000]), rows[4000:]
    kept = rest[(y[rest] == 1) | (np.arange(rest.size) % 25 == 0)]
    sides = (np.sort(kept), test)
    without = found(frame, sides=sides, method="hashed")
    assert "RB105" in without
    assert "RB204" in without
    weighted = found(frame, sides=sides, method="hashed", weight=25.0)
    assert "RB105" not in weighted
    assert "RB204" not in weighted


# Nothing is found where nothing is wrong.

SHAPES = [
    {},
    {"rows": 800, "share": 0.3},
    {"rows": 1200, "share": 0.5},
    {"rows": 5000, "share": 0.02},
    {"rows": 20_000, "share": 0.006},
    {"rows": 60_000, "share": 0.002},
    {"rows": 2000, "numbers": 120},
    {"rows": 1000, "numbers": 1},
    {"rows": 3000, "share": 0.05, "numbers": 30},
    {"rows": 260_000, "share": 0.002, "numbers": 2},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_clean_table_has_no_finding(shape):
    assert found(clean(**shape)) == {}


@given(
    rows=st.integers(500, 4000),
    share=st.floats(0.05, 0.5),
    numbers=st.integers(1, 12),
    seed=st.integers(0, 10_000),
)
def test_no_clean_table_has_a_finding(rows, share, numbers, seed):
    assert found(clean(rows, share, seed, numbers), seed=seed) == {}


def test_columns_without_rows_of_one_kind_are_no_fault_of_a_check():
    frame = clean().assign(nothing=None)
    frame["days"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["age"], unit="D")
    frame["price"] = pa.array([None, 1] * 1000, pa.decimal128(8, 2)).to_pandas()
    assert set(found(frame)) == {"RB101", "RB102", "RB203"}  # a day is an age in other values


def test_types_that_no_check_knows_are_left_alone():
    table = pa.Table.from_pandas(clean(), preserve_index=False)
    for name, values in {
        "lists": pa.array([[1, 2]] * 2000),
        "bytes": pa.array([b"a"] * 2000),
        "hour": pa.array([3600] * 2000, pa.time32("s")),
    }.items():
        table = table.append_column(name, values)
    assert checks.of_table(table, [name for name in table.column_names if name != TARGET]) == []


# Columns.


def test_a_constant_feature_and_one_with_hardly_a_value():
    frame = clean().assign(one=1.0, word="same", few=np.nan)
    frame.loc[[3, 70, 800], "few"] = [1.0, 2.0, 3.0]
    assert found(frame) == {
        "RB101": "2 features hold the same value throughout: 'one' and 'word'; of 2,000 rows "
        "hardly any has a value in these features: 'few' 3."
    }


def test_a_constant_with_a_few_gaps_is_constant_and_one_with_many_is_not():
    frame = clean().assign(some=1.0, many=1.0)
    frame.loc[frame.index % 250 == 0, "some"] = np.nan
    frame.loc[frame.index % 20 == 0, "many"] = np.nan
    assert found(frame) == {"RB101": "1 feature holds the same value throughout: 'some'."}


def test_a_value_between_the_rows_looked_at_keeps_a_column_from_being_constant():
    frame = clean(rows=250_000, share=0.002, numbers=1).assign(one=0)
    frame.loc[1:24:2, "one"] = 1  # the rows looked at are the even ones
    assert column.step(len(frame)) == 2
    assert found(frame) == {}


def test_long_whole_numbers_that_differ_in_the_last_digits_are_no_constant():
    frame = clean().assign(card=2**60 + np.arange(2000) % 5)
    assert found(frame) == {}


def test_a_feature_that_repeats_another_as_number_or_text():
    frame = clean()
    frame = frame.assign(years=frame["age"].astype(float), place=frame["city"])
    assert found(frame) == {
        "RB102": "2 features repeat another in every row: 'age' = 'years'; 'city' = 'place'."
    }


def test_one_row_that_differs_makes_two_columns_different():
    frame = clean()
    frame = frame.assign(years=frame["age"].where(frame.index != 7, 5))
    assert found(frame) == {}


def test_features_that_say_the_same_in_other_values():
    frame = clean()
    place = frame["city"].map({city: 7 * n for n, city in enumerate(frame["city"].unique())})
    frame = frame.assign(place=place, age2=frame["age"] * 2, young=frame["age"] < 40)
    frame["old"] = ~frame["young"]
    assert found(frame) == {
        "RB102": "3 features say the same as another in other values, one for one: 'age' and "
        "'age2'; 'city' and 'place'; 'young' and 'old'."
    }
    frame.loc[5, ["place", "age2"]] += 7  # one row tells two columns apart
    frame.loc[9, "old"] = frame.loc[9, "young"]
    assert found(frame) == {}


def test_numbers_that_hardly_repeat_are_not_the_same_in_other_values():
    values = np.random.default_rng(6).choice(10**6, 2000, replace=False)
    frame = clean().assign(one=values, two=np.random.default_rng(7).permutation(values))
    assert found(frame) == {}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("line", np.random.default_rng(1).permutation(2000)),
        ("customerID", np.random.default_rng(1).choice(10**9, 2000, replace=False)),
        ("code", [f"{number:x}-A" for number in np.random.default_rng(1).permutation(2000)]),
        ("id", np.random.default_rng(1).choice(10**9, 2000, replace=False).astype(float)),
    ],
)
def test_an_id_or_index_as_feature(name, values):
    assert found(clean().assign(**{name: values})) == {
        "RB103": f"1 feature tells the rows apart: '{name}' has 2,000 values in 2,000 rows."
    }


def test_an_id_of_two_rows_that_lie_together_is_none():
    """Of long tables evenly spaced rows are looked at, one of each pair."""
    drawn = np.random.default_rng(0).permutation(10**6)
    pairs = pa.table({"account_id": drawn[: column.MOST_ROWS + 1].repeat(2)})
    assert checks.of_table(pairs, ["account_id"]) == []
    each = pa.table({"account_id": drawn[: 2 * column.MOST_ROWS + 2]})
    assert [finding.code for finding in checks.of_table(each, ["account_id"])] == ["RB103"]


# Rows of a table that passes by


@given(
    sizes=st.lists(st.integers(0, 50), min_size=1, max_size=20),
    most=st.integers(1, 60),
    frames=st.booleans(),
)
def test_of_a_table_that_passes_by_evenly_spaced_rows_are_looked_at(sizes, most, frames):
    rows = np.arange(sum(sizes))
    pieces = [pa.table({"a": part}) for part in np.split(rows, np.cumsum(sizes)[:-1])]
    passing = checks.Passing(most)
    passed = list(passing.of(piece.to_pandas() if frames else piece for piece in pieces))
    assert [len(piece) for piece in passed] == sizes
    assert passing.table["a"].to_pylist() == rows[:: passing.every].tolist()
    assert len(passing.table) <= most
    assert passing.every == 1 or len(rows) > most * passing.every / 2


def test_of_long_texts_fewer_rows_are_looked_at():
    table = pa.table({"text": ["x" * 1000] * 500})
    passing = checks.Passing(size=100_000)
    assert sum(map(len, passing.of([table] * 4))) == 2000
    assert (passing.every, len(passing.table)) == (32, 63)


@pytest.mark.parametrize(
    ("rows", "seen"), [(2000, "all rows"), (70_000, "17,500 evenly spaced rows")]
)
def test_rows_that_passed_by_are_checked_before_they_are_split(rows, seen):
    frame = clean(rows)
    number = np.random.default_rng(0).permutation(rows) + 7
    planted = frame.assign(nothing=1, customer=number, again=frame["x1"], zip=9 * number)
    passing = checks.Passing()
    list(passing.of([planted[:1500], planted[1500:]]))
    features = [name for name in planted if name != TARGET]
    lines = checks.of_passing(passing, features, {"zip": "category"})
    assert lines[0] == f"features, by {seen} (docs/checks.md):"
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "RB101 note", "RB102 note", "RB103 note",
    ]  # fmt: skip
    assert "'x1' = 'again'" in lines[2]
    assert lines[3].endswith(
        "'customer' has {0} values in {0} rows and is left out.".format(f"{len(passing.table):,}")
    )


def test_clean_rows_that_passed_by_have_no_line():
    passing = checks.Passing()
    list(passing.of([clean()]))
    assert checks.of_passing(passing, ["x0", "age", "city", "income", "owner"], {}) == []


def test_dates_in_digits_with_a_few_that_are_none():
    days = pd.date_range("2023-01-01", periods=500).strftime("%Y%m%d").astype(int)
    opened = np.random.default_rng(4).permutation(np.tile(days, 4))
    opened[[9, 70]] = 0, 20230230
    assert found(clean().assign(opened=opened)) == {
        "RB107": "1 feature of dates as 20261231 stays a number: 'opened', where 2 of the rows "
        "looked at hold other numbers, as 0."
    }
    opened[:300] = 1_234_567
    assert set(found(clean().assign(opened=opened))) == {"RB108"}


@pytest.mark.parametrize(("mark", "shown"), [(-999, "-999"), (9999.0, "9999"), (-9, "-9")])
def test_a_number_that_may_mark_a_missing_value(mark, shown):
    score = np.random.default_rng(8).integers(0, 9, 2000).astype(float)
    score[:40] = mark
    assert found(clean().assign(score=np.random.default_rng(9).permutation(score))) == {
        "RB108": f"1 feature holds a number in many rows that is far from all others: 'score' "
        f"{shown} in 40 of the rows looked at; where it marks a missing value, data.read.missing "
        "makes it a gap."
    }


@pytest.mark.parametrize(
    ("mark", "rows"),
    [
        (-999, 4),  # too few rows
        (-999, 1100),  # the usual value
        (-7, 40),  # nearer to the others than they are to each other
        (17, 40),
    ],
)
def test_a_low_or_high_number_is_no_mark(mark, rows):
    score = np.random.default_rng(8).permutation(np.arange(2000) % 10).astype(float)
    score[:rows] = mark
    assert found(clean().assign(score=np.random.default_rng(9).permutation(score))) == {}


@pytest.mark.parametrize(("rows", "spoken"), [(4, set()), (5, {"RB108"})])
def test_a_mark_stands_in_five_rows(rows, spoken):
    rng = np.random.default_rng(8)
    score = rng.permutation(np.r_[[-999.0] * rows, np.arange(300 - rows) % 10])
    assert set(found(clean().head(300).assign(score=score))) == spoken


def test_two_values_are_no_scale_with_a_mark():
    rng = np.random.default_rng(8)
    assert found(clean().assign(level=rng.choice([1.0, 2.0, 100.0], 2000))) == {}


@pytest.mark.parametrize("values", [3, 40, 10**6])
def test_the_average_precision_of_a_column_is_that_of_scikit_learn(values):
    rng = np.random.default_rng(values)
    scores, positive = rng.integers(0, values, 500) * 0.1, rng.random(500) < 0.2
    scores[:2] = -np.finfo(float).max, np.finfo(float).max
    for weight in (np.ones(500), rng.integers(0, 4, 500).astype(float)):
        assert separating._average_precision(positive, scores, weight) == pytest.approx(
            average_precision_score(positive, scores, sample_weight=weight), abs=1e-12
        )
    assert separating._average_precision(positive, scores, np.zeros(500)) == 0.0


def test_two_gaps_in_a_rare_class_are_chance():
    """By the normal distribution they are six standard errors; exactly, one in 400."""
    frame = clean(rows=20_000, share=0.05)
    frame["limit"] = np.random.default_rng(5).normal(size=20_000)
    rare = np.flatnonzero(frame[TARGET] == 1)
    frame.loc[rare[:2], "limit"] = np.nan
    assert found(frame) == {}
    frame.loc[rare[:30], "limit"] = np.nan
    assert set(found(frame)) == {"RB106"}


def test_free_text_and_amounts_are_no_ids():
    rng = np.random.default_rng(2)
    said = [f"called {number} times about it" for number in rng.permutation(2000)]
    assert found(clean().assign(said=said, cents=rng.choice(10**9, 2000, replace=False))) == {}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_feature_that_rises_or_falls_with_the_row(sign):
    steps = np.random.default_rng(3).exponential(1, 2000).cumsum()
    assert found(clean().assign(stamp=sign * steps)) == {
        "RB104": "1 feature follows the order of the rows: 'stamp' in 100 % of the steps."
    }


def test_a_feature_that_begins_anew_again_and_again_does_not_rise():
    assert found(clean().assign(day=np.arange(2000) % 250)) == {}


def test_text_can_follow_the_order_of_the_rows_too():
    policy = [f"P{number // 2:05d}" for number in range(2000)]
    assert "'policy' in 100 % of the steps" in found(clean().assign(policy=policy))["RB104"]


# Columns and classes, on training rows.


@pytest.mark.parametrize("make", ["number", "negative", "text", "range", "code"])
def test_a_feature_that_separates_the_classes_alone(make):
    frame, rng = clean(), np.random.default_rng(4)
    y = frame[TARGET]
    leak = {
        "number": y + rng.uniform(-0.45, 0.45, len(y)),
        "negative": -y + rng.uniform(-0.45, 0.45, len(y)),
        "text": np.where(y == 1, rng.choice(["closed", "gone"], len(y)), "open"),
        "range": np.where(y == 1, rng.uniform(4, 5, len(y)), rng.uniform(0, 4, len(y)) * 2.2),
        "code": np.where(y == 1, rng.choice([3, 7], len(y)), rng.choice([1, 5, 9], len(y))),
    }[make]
    if make == "range":  # positives in the middle of the negatives, which leave a gap there
        leak = np.where((y == 0) & (leak > 3.9) & (leak < 5.1), 8.0, leak)
    (code, sentence), *more = found(frame.assign(leak=leak)).items()
    assert (code, more) == ("RB105", [])
    said, value = sentence.removesuffix(".").rsplit(" ", 1)
    assert said == (
        "1 feature separates the classes alone, by average precision on the training rows: 'leak'"
    )
    assert float(value) == (pytest.approx(1, abs=0.03) if make == "range" else 1)


def test_its_number_is_the_average_precision():
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(5)
    y = (rng.random(3000) < 0.1).astype(int)
    score = 4 * y + rng.normal(size=3000)
    right = average_precision_score(y, score)
    assert right > separating.HIGHEST
    data = column.Column("x", pa.chunked_array([pa.array(score)]))
    assert separating.look(data, y, np.ones(3000)) == (pytest.approx(right, abs=0.01), "")


def test_the_labels_of_test_rows_are_not_looked_at():
    frame = clean()
    sides = np.arange(0, 1600), np.arange(1600, 2000)
    y = frame[TARGET].to_numpy()
    leak = y + np.random.default_rng(4).uniform(-0.45, 0.45, len(y))
    frame = frame.assign(leak=np.where(np.arange(2000) < 1600, leak, -leak))
    once = found(frame, sides=sides)
    other = frame.assign(**{TARGET: np.where(np.arange(2000) < 1600, y, 1 - y)})
    assert "'leak' 1.000" in once["RB105"]
    assert {k: v for k, v in once.items() if k != "RB201"} == {
        k: v for k, v in found(other, sides=sides).items() if k != "RB201"
    }


def test_a_text_that_never_repeats_separates_nothing():
    names = [f"name {i} of many" for i in range(2000)]
    assert found(clean().assign(names=names)).get("RB105") is None


def test_a_word_that_texts_of_one_class_alone_have_separates_the_classes():
    frame = clean()
    tail = np.where(frame[TARGET] == 1, "then Closed", "then open")
    tail[::7] = np.where(frame[TARGET] == 1, "then closed", "or not")[::7]
    sentence = found(frame.assign(note=[f"call {i} {t}" for i, t in enumerate(tail)]))["RB105"]
    assert sentence.endswith("training rows: 'note' (the word 'closed') 1.000.")
    tail[::3] = "then left"
    other = found(frame.assign(note=[f"call {i} {t}" for i, t in enumerate(tail)]))
    assert other.get("RB105") is None


def test_gaps_that_tell_the_class():
    frame = clean()
    positive = frame[TARGET] == 1
    late = positive & (np.arange(2000) % 2 == 0)
    early = ~positive & (np.arange(2000) % 50 == 0)
    frame.loc[late | early, "income"] = np.nan
    frame.loc[~(late | early) & frame["income"].isna(), "income"] = 3000.0
    sentence = found(frame)["RB106"]
    numbers = re.search(r"'income' ([\d.]+) % against ([\d.]+) %", sentence).groups()
    assert [float(number) for number in numbers] == pytest.approx([50, 2], abs=4)


def test_gaps_everywhere_but_in_one_class_tell_it_too():
    frame = clean()
    frame["result"] = np.where(frame[TARGET] == 1, 5.0, np.nan)
    frame.loc[frame.index % 9 == 0, "result"] = 3.0
    assert "'result' 0 % against" in found(frame)["RB106"]


# The split.


def test_copies_on_both_sides_are_counted_by_class():
    frame = clean(rows=1000)
    few = frame[frame[TARGET] == 1].head(20)
    frame = pd.concat([frame[frame[TARGET] == 0], *[few] * 5], ignore_index=True)
    assert found(frame)["RB201"].startswith(
        "20 of 20 test positives and 0 of 180 test negatives are copies of training rows "
        "(10 % of the test rows)"
    )


def test_few_copies_are_no_finding():
    counts = {"rows": 100, "positives": 40, "rows_also_in_train": 15, "positives_also_in_train": 4}
    assert copies.find({"test": counts}) is None
    assert "5 of 40" in copies.find({"test": {**counts, "positives_also_in_train": 5}})
    assert "12 of 60" in copies.find({"test": {**counts, "rows_also_in_train": 16}})


def test_groups_on_both_sides_of_a_random_split():
    frame = clean().assign(patient=np.random.default_rng(6).integers(0, 400, 2000))
    sentence = found(frame, features=["x0", "x1"])["RB202"]
    assert re.search(r"'patient' (9\d\.?\d*|100) %;", sentence)
    assert "RB202" not in found(frame, method="group")


@pytest.mark.parametrize("name", ["customer_id", "Card", "policyNo", "group", "user"])
def test_groups_are_recognised_by_their_name(name):
    owners = np.random.default_rng(6).integers(0, 400, 2000)
    assert f"'{name}'" in found(clean().assign(**{name: owners}))["RB202"]


def test_text_that_is_dropped_and_repeats_is_taken_for_names():
    streets = [f"street {number}" for number in np.random.default_rng(6).integers(0, 400, 2000)]
    frame = clean().assign(where=streets)
    kept = [name for name in frame if name not in {TARGET, "where"}]
    assert "'where'" in found(frame, features=kept)["RB202"]
    assert found(frame) == {}


def test_times_on_both_sides_of_a_random_split():
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(range(2000), unit="h")
    frame = clean().assign(day=np.random.default_rng(7).permutation(days))
    assert re.search(r"'day' (8|9)\d\.?\d* %;", found(frame)["RB203"])
    assert "RB203" not in found(frame, method="time")


@pytest.mark.parametrize("name", ["age", "amount", "city", "income", "owner"])
def test_a_column_that_differs_between_the_sides(name):
    frame = clean()
    late = np.arange(2000) >= 1600
    moved = {
        "age": frame["age"] + 30 * late,
        "amount": frame["amount"] * (1 + 2 * late),
        "city": frame["city"].where(~late, "Bern"),
        "income": frame["income"].where(~late),
        "owner": frame["owner"] | late,
    }[name]
    sides = np.flatnonzero(~late), np.flatnonzero(late)
    assert re.fullmatch(
        "1 feature differs between training and test rows, by the largest difference of shares of "
        rf"rows: '{name}' 0\.\d\d\.",
        found(frame.assign(**{name: moved}), method="time", sides=sides)["RB204"],
    )


def test_the_distance_of_numbers_is_that_of_kolmogorov_and_smirnov():
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(8)
    sides = rng.normal(size=900), rng.normal(0.8, size=400)
    columns = [column.Column("x", pa.chunked_array([pa.array(side)])) for side in sides]
    assert shift.look(*columns) == pytest.approx(ks_2samp(*sides).statistic)


def test_the_distance_of_text_is_the_total_variation():
    sides = ["a"] * 700 + ["b"] * 300, ["a"] * 100 + ["b"] * 300 + ["c"] * 100
    columns = [column.Column("x", pa.chunked_array([pa.array(side)])) for side in sides]
    assert shift.look(*columns) == pytest.approx((0.5 + 0.3 + 0.2) / 2)


# The plan.


def plan(**changes):
    given = {
        "positives": {"train": 80, "test": 20},
        "folds": {"out_of_fold.folds": 5, "tune.folds": 5},
        "learner": {},
        "searched": [],
    }
    return checks.Plan(**(given | changes))


def codes(findings):
    return {finding.code: finding.sentence for finding in findings}


def test_a_plan_with_enough_positives_has_no_finding():
    assert checks.of_plan(plan()) == []


def test_too_few_positives_for_folds_and_for_an_interval():
    said = codes(checks.of_plan(plan(positives={"train": 12, "test": 3})))["RB205"]
    assert "12 training positives in out_of_fold.folds 5 leave about 2 to each fold" in said
    assert "with 3 test positives the 95 % interval of a recall of one half is" in said


def test_a_prevalence_in_use_above_that_of_the_table():
    assert checks.of_plan(plan(share=0.1, prevalence=0.002)) == []
    assert codes(checks.of_plan(plan(share=0.1, prevalence=0.4))) == {
        "RB206": "data.prevalence 0.4 says that 40 % of the rows are positive where the model will "
        "be used, more than the 10 % of the table; it is a share, so that one in a hundred is 0.01."
    }


@pytest.mark.parametrize("kept", [False, True])
def test_the_share_of_the_table_is_that_before_negatives_were_left_out(kept):
    train = {"positives": 80, "natural_ratio": 9.0}
    if kept:
        train |= {"natural_ratio": 3.0, "kept": {"natural_ratio": 9.0}}
    given = params(data__prevalence=0.05)
    made = checks.Plan.of(given, {"train": train, "test": {"positives": 20}})
    assert made.share == pytest.approx(0.1)
    assert made.prevalence == 0.05


def test_half_the_width_is_that_of_wilson():
    interval = binomtest(10, 20).proportion_ci(0.95, "wilson")
    assert positives.half_width(20) == pytest.approx((interval.high - interval.low) / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("learner", "named"),
    [
        ({"scale_pos_weight": 50}, "learner.params.scale_pos_weight 50"),
        ({"is_unbalance": True}, "learner.params.is_unbalance True"),
        ({"class_weight": "balanced"}, "learner.params.class_weight 'balanced'"),
        ({"class_weight": {0: 1, 1: 5}}, "learner.params.class_weight {0: 1, 1: 5}"),
        ({"scale_pos_weight": 1, "is_unbalance": False, "class_weight": None}, None),
        ({"max_iter": 5}, None),
    ],
)
def test_a_learner_that_reweights(learner, named):
    said = codes(checks.of_plan(plan(learner=learner)))
    assert said == {} if named is None else named in said["RB301"]


def test_a_weight_that_is_searched_reweights_too():
    said = codes(checks.of_plan(plan(searched=["scale_pos_weight"])))
    assert "tune.learner.scale_pos_weight" in said["RB301"]


def test_the_plan_is_read_from_the_parameters():
    split = {"train": {"positives": 9, "natural_ratio": 4.0}, "test": {"positives": 4}}
    made = checks.Plan.of(
        params(tune__folds=3, learner__params={"class_weight": "balanced"}), split
    )
    assert made.positives == {"train": 9, "test": 4}
    assert made.folds["tune.folds"] == 3
    assert set(codes(checks.of_plan(made))) == {"RB205", "RB301"}


# What came out.


def results(**changes):
    given = {
        "average_precision": {"baseline": 0.8, "tuned": 0.81},
        "study": {"chosen": {"random_under": 40}, "natural_ratio": 500},
        "low": 1,
        "folds": ([0.8, 0.75, 0.82, 0.79, 0.86], [80] * 5),
        "constant": [],
    }
    return checks.Results(**(given | changes))


def test_results_as_they_should_be_have_no_finding():
    assert checks.of_results(results()) == []


def test_an_average_precision_near_1():
    near = results(average_precision={"baseline": 0.9912, "tuned": 0.4})
    assert near_one.find(near).endswith("near 1: baseline 0.9912.")


@pytest.mark.parametrize(
    ("chosen", "natural", "told"),
    [
        ({"random_under": 1}, 500, True),
        ({"random_under": 2}, 500, False),
        ({"none": 500}, 500, False),
        ({"random_under": 1}, 1, False),  # nothing is resampled
    ],
)
def test_a_ratio_at_the_edge_of_the_search(chosen, natural, told):
    said = edge.find(results(study={"chosen": chosen, "natural_ratio": natural}))
    assert (said is not None) is told
    assert not told or "random_under at 1, the lowest ratio" in said


def test_a_fold_unlike_the_others():
    odd = results(folds=([0.8, 0.75, 0.82, 0.3, 0.86], [80] * 5))
    said = codes(checks.of_results(odd))["RB304"]
    assert said == (
        "the baseline's average precision out of fold is 0.300 in fold 4 of 5, and 0.807 in the "
        "others."
    )
    assert odd_fold.find(results(folds=([0.8, 0.75, 0.82, 0.3, 0.86], [6] * 5))) is None


def test_models_that_found_nothing_to_split_on():
    said = codes(checks.of_results(results(constant=["baseline", "over"])))["RB305"]
    assert said.startswith("2 models give every test row the same score")


# The table of checks, and its page.


def test_codes_are_in_order_and_each_has_a_known_severity():
    numbers = [check.code for check in checks.CHECKS]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 12
    assert {check.severity for check in checks.CHECKS} <= set(SEVERITIES)


def test_each_module_of_a_check_is_in_the_table():
    folder = Path(checks.__file__).parent
    of_a_check = {
        path.stem
        for path in folder.glob("*.py")
        if re.search(r"^def (find|look)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert of_a_check == {check.module.__name__.rpartition(".")[2] for check in checks.CHECKS}


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.code)
def test_the_page_has_a_paragraph_for_each_code(check):
    section = re.search(rf"^### {check.code} .*?(?=^##|\Z)", DOCS, re.MULTILINE | re.DOTALL)
    assert section, f"docs/checks.md has no section {check.code}"
    text = section[0]
    assert f"({check.severity})" in text.splitlines()[0]
    assert "**Why.**" in text
    assert "**What to do.**" in text


def test_the_page_has_no_code_that_is_not_in_the_table():
    assert sorted(set(re.findall(r"RB\d+", DOCS))) == [check.code for check in checks.CHECKS]
