"""A split is a partition that keeps its word, and so are the folds inside training."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from rebalance import splitting, store
from rebalance.errors import InputError
from tests.strategies import frame, labels, params, seeds, table

Y = np.tile([0, 0, 0, 1], 30).astype(np.int8)
DAY = 24 * 60 * 60


def split(method="stratified", y=Y, column=None, **changes):
    given = {"method": method, "column": "" if method == "stratified" else "when"} | changes
    section = params(**{f"split__{key}": value for key, value in given.items()}).split
    return splitting.split(y, None if column is None else np.asarray(column), section)


def folds(found, **changes):
    keys = {f"out_of_fold__{key}": value for key, value in changes.items()}
    return splitting.folds(found, params(**keys).out_of_fold)


def assert_partition(parts, rows):
    assert sorted(np.concatenate(parts).tolist()) == list(range(rows))


@given(labels, st.sampled_from([0.2, 0.3, 0.5]), seeds)
def test_a_stratified_split_has_the_rows_of_scikit_learn(y, test_size, seed):
    try:
        expected = train_test_split(
            np.arange(len(y)), test_size=test_size, random_state=seed, stratify=y
        )
    except ValueError:
        with pytest.raises(InputError, match="test_size must leave rows of both classes"):
            split(y=y, test_size=test_size, seed=seed)
        return
    if min(y[side].sum() for side in expected) < 2:
        with pytest.raises(InputError, match="must leave 2 positives or more"):
            split(y=y, test_size=test_size, seed=seed)
        return
    for ours, theirs in zip(split(y=y, test_size=test_size, seed=seed), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(st.lists(st.integers(0, 12), min_size=120, max_size=120), st.sampled_from([0, 1, 3]))
def test_a_time_split_trains_on_what_is_earlier_by_the_gap(times, gap):
    column = np.array(times)
    # The latest 36 rows of 120, and all rows of the same moment as the first of them.
    start = sorted(times)[84]
    earlier = np.flatnonzero(column < start - gap if gap else column < start)
    later = np.flatnonzero(column >= start)
    if any(not 2 <= Y[side].sum() < len(side) for side in (earlier, later)):
        with pytest.raises(InputError, match="must leave 2 positives or more and some negatives"):
            split("time", column=column, gap=gap, test_size=0.3)
        return
    train, test = split("time", column=column, gap=gap, test_size=0.3)
    np.testing.assert_array_equal(test, later)
    np.testing.assert_array_equal(train, earlier)


@pytest.mark.parametrize(
    "kind", ["datetime64[ns]", "datetime64[s]", "datetime64[D]", "text", "zone"]
)
def test_dates_order_rows_and_their_gap_is_in_seconds(kind):
    dates = pd.date_range("2026-01-01", periods=120, freq="D")
    shuffled = np.random.default_rng(0).permutation(120)
    if kind == "text":
        column = dates.strftime("%Y-%m-%dT%H:%M").to_numpy(dtype=object)
    elif kind == "zone":
        column = pa.chunked_array([pa.array(dates).cast(pa.timestamp("us", tz="UTC"))]).to_numpy()
    else:
        column = dates.to_numpy().astype(kind)
    train, test = split("time", column=column[shuffled], gap=2 * DAY, test_size=0.25)
    assert sorted(shuffled[test]) == list(range(90, 120))
    assert sorted(shuffled[train]) == list(range(88))


@pytest.mark.parametrize(
    "column",
    [
        np.where(np.arange(120) == 3, np.nan, np.arange(120.0)),
        np.where(np.arange(120) == 3, np.datetime64("NaT", "D"), np.datetime64("2026-01-01")),
        np.array(["soon"] * 120, dtype=object),
        np.array([None] + ["2026-01-01"] * 119, dtype=object),
        np.array([True] * 120),
    ],
)
def test_a_moment_is_needed_in_every_row(column):
    with pytest.raises(InputError, match="'when' must hold a number or a date"):
        split("time", column=column)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("gap", [0, 86_400.0])
def test_dates_of_any_year_are_in_order(as_text, gap):
    days = np.array("2023-01-01", "datetime64[D]") + np.arange(120)
    open_end = np.full(10, "9999-12-31", "datetime64[D]")
    dates = np.concatenate([days[20:], open_end, days[:10]]).astype("datetime64[us]")
    dates[-1] = np.datetime64("0001-01-01")
    column = np.array([f"{day}" for day in dates], dtype=object) if as_text else dates
    train, test = split("time", column=column, gap=gap)
    assert set(range(100, 110)) <= set(test)
    assert {110, 119} <= set(train)
    assert dates[train].max() + np.timedelta64(int(gap), "s") < dates[test].min() or not gap


@pytest.mark.parametrize("texts", [["1000", "2000"], ["2023", "2024"], ["2023-01", "2023-02"]])
def test_text_that_names_no_day_is_no_date(texts):
    with pytest.raises(InputError, match="'when' must hold a number or a date"):
        split("time", column=np.array(texts * 60, dtype=object))


def test_a_gap_longer_than_all_dates_leaves_no_training_rows():
    dates = pd.date_range("2026-01-01", periods=120, freq="D").to_numpy()
    with pytest.raises(InputError, match="got 0 positives in 0 train rows"):
        split("time", column=dates, gap=1e12)


@given(st.integers(5, 15), st.sampled_from([0.1, 0.2, 0.4, 0.7]), seeds, st.booleans())
def test_no_group_is_on_both_sides(n_groups, test_size, seed, text):
    # Every group has two positives and six negatives or more, so that no split is refused.
    rng, groups = np.random.default_rng(seed), np.empty(len(Y), dtype=int)
    for label in (0, 1):
        rows = np.flatnonzero(label == Y)
        groups[rows] = rng.permutation(len(rows)) % n_groups
    column = np.array([f"card {i}" for i in groups], dtype=object) if text else groups
    train, test = split("group", column=column, test_size=test_size, seed=seed)
    assert_partition((train, test), len(Y))
    assert not set(column[train]) & set(column[test])


@pytest.mark.parametrize("test_size", [0.2, 0.3, 0.4, 0.5, 0.7])
def test_a_group_split_holds_out_about_the_share_that_was_asked(test_size):
    rng = np.random.default_rng(0)
    y, groups = np.tile(Y, 5), rng.integers(0, 200, 600)
    _, test = split("group", y=y, column=groups, test_size=test_size)
    assert len(test) / 600 == pytest.approx(test_size, abs=0.05)
    assert y[test].mean() == pytest.approx(y.mean(), abs=0.05)


def test_groups_are_needed_in_every_row_and_more_than_one():
    missing = np.array([None] + ["card"] * 119, dtype=object)
    with pytest.raises(InputError, match="must name a group in every row, got 1 row without"):
        split("group", column=missing)
    with pytest.raises(InputError, match="at least 2 groups and 2 positives, got 1 group"):
        split("group", column=np.zeros(120))


def test_a_column_says_train_or_test():
    column = np.where(np.arange(120) % 3 == 0, "Test", "train").astype(object)
    train, test = split("column", column=column)
    assert_partition((train, test), 120)
    np.testing.assert_array_equal(test, np.arange(0, 120, 3))
    column[7] = "valid"
    with pytest.raises(InputError, match="must say train or test in every row, got 'valid'"):
        split("column", column=column)
    column[7] = None
    with pytest.raises(InputError, match="must say train or test in every row, got 'none'"):
        split("column", column=column)


def test_both_sides_need_positives():
    y = np.zeros(100, dtype=np.int8)
    y[:20] = 1
    said = "'time' must leave 2 positives or more and some negatives on each side, got 0 positives"
    with pytest.raises(InputError, match=re.escape(said)):
        split("time", y=y, column=np.arange(100))


@given(st.integers(2, 6), st.integers(1, 3), seeds)
def test_every_row_is_validated_once_in_each_repeat(n_folds, repeats, seed):
    drawn = folds(table(), folds=n_folds, repeats=repeats, seed=seed)
    assert len(drawn) == n_folds * repeats
    for repeat in range(repeats):
        these = drawn[repeat * n_folds : (repeat + 1) * n_folds]
        assert_partition([fold.valid for fold in these], 200)
    assert [fold.number for fold in drawn] == [*range(n_folds)] * repeats
    assert [fold.seed for fold in drawn[::n_folds]] == [(seed + i) % 2**32 for i in range(repeats)]
    for fold in drawn:
        train, valid = fold.train, fold.valid
        assert_partition((train, valid), 200)
        assert abs(table().y[valid].sum() - 20 / n_folds) < 1
    if repeats > 1:
        pairs = zip(these, drawn, strict=False)
        assert any(len(np.setdiff1d(a.valid, b.valid)) for a, b in pairs)


@given(seeds)
def test_folds_keep_groups_apart(seed):
    groups = np.random.default_rng(seed).integers(0, 40, 200)
    found = table(others={"card": groups}, method="group", column="card")
    # Forty groups of about five rows: positives of ten groups or more, for four folds.
    drawn = folds(found, folds=4, seed=seed % 100)
    assert_partition([fold.valid for fold in drawn], 200)
    for fold in drawn:
        assert not set(groups[fold.train]) & set(groups[fold.valid])


@given(st.sampled_from([0, 5]), st.integers(2, 5), st.booleans(), st.integers(0, 99))
def test_folds_in_time_validate_on_later_rows_than_the_gap(gap, n_folds, dates, seed):
    seconds = np.random.default_rng(seed).integers(0, 150, 200)
    column = (
        np.datetime64("2026-01-01", "ns") + seconds * np.timedelta64(1, "s") if dates else seconds
    )
    found = table(seed=seed, others={"when": column}, method="time", column="when", gap=gap)
    drawn = folds(found, folds=n_folds)
    assert len(drawn) == n_folds
    last = -1
    for fold in drawn:
        train, valid = fold.train, fold.valid
        assert seconds[train].max() < seconds[valid].min() - gap
        assert last < seconds[valid].min()
        last = seconds[valid].max()
        # Nothing that could be learnt from is left out.
        assert len(train) == (seconds < seconds[valid].min() - gap).sum()
    assert last == seconds.max()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            table(100, 2),
            "folds must be at most the positives of the training rows, got 3 folds with 2",
        ),
        (
            table(others={"card": np.arange(200) % 2}, method="group", column="card"),
            "folds must be at most the groups of the training rows, got 3 folds with 2 groups",
        ),
        (
            table(
                others={"card": table().y + np.arange(200) % 2 * 2}, method="group", column="card"
            ),
            "folds must leave both classes on each side, got 3 folds with 20 positives",
        ),
        (
            table(others={"when": -table().y.astype(int)}, method="time", column="when", gap=0),
            "folds must leave both classes on each side in time order, got 3 folds with 20",
        ),
    ],
)
def test_folds_that_cannot_be_drawn_are_refused(found, said):
    with pytest.raises(InputError, match=re.escape(said)):
        folds(found)


def test_what_the_split_looks_at_is_no_feature():
    roles = {"target": "Class", "features": ["a", "b"]}
    section = params(split__method="time", split__column="b").split
    assert splitting.roles_after_split(roles, section)["features"] == ["a"]
    assert splitting.roles_after_split(roles, params().split)["features"] == ["a", "b"]
    for names, column in ((["b"], "b"), (["a"], "Class")):
        wrong = params(split__method="time", split__column=column).split
        with pytest.raises(InputError, match=r"split\.column must leave a feature and be another"):
            splitting.roles_after_split(roles | {"features": names}, wrong)
    raw = pa.table({"a": [1], "Class": [0]})
    assert splitting.split_column(raw, params().split) is None
    with pytest.raises(InputError, match="'b' is no column; the columns are a, Class"):
        splitting.split_column(raw, section)


@pytest.mark.parametrize(
    ("longest", "read", "refused"),
    [
        (86_340, {"clock": True}, True),
        (90_000, {"clock": True}, False),  # a length of time
        (86_340, {}, False),
    ],
)
def test_times_of_day_order_no_rows(tmp_path, longest, read, refused):
    path = tmp_path / "raw.parquet"
    store.write_frame(path, pa.table({"at": [0, 60, longest]}), {"read": {"at": read}})
    section = params(split__method="time", split__column="at").split
    if not refused:
        assert splitting.split_column(store.Columns(path), section).tolist() == [0, 60, longest]
        return
    with pytest.raises(InputError, match=r"split\.column 'at' holds times of day, which begin"):
        splitting.split_column(store.Columns(path), section)


def test_a_row_on_both_sides_is_a_fault_of_ours(monkeypatch):
    both = np.arange(100), np.arange(99, 120)
    monkeypatch.setitem(splitting.METHODS, "stratified", lambda *_: both)
    with pytest.raises(AssertionError, match="both sides of the split: 1"):
        split()


def equal_rows(folder, content, **more):
    """Return the table with its column of equal rows, and both sides of the split by it."""
    store.write_frame(folder / "raw.parquet", content, {"features": ["a", "b", "name"]} | more)
    section = params(split__method="group", split__column="equal_rows").split
    raw = splitting.with_equal_rows(store.Columns(folder / "raw.parquet"), section)
    y = raw["Class"].to_numpy()
    return raw, splitting.split(y, splitting.split_column(raw, section), section)


def copied(times=5, rows=200):
    one = frame(rows, 40).assign(name=lambda rows: np.where(rows["a"] > 0, "x", "y"))
    return pd.concat([one] * times, ignore_index=True)


def test_equal_rows_stay_on_one_side(tmp_path):
    raw, sides = equal_rows(tmp_path, copied())
    train, test = (set(np.unique(rows % 200).tolist()) for rows in sides)
    assert train | test == set(range(200))
    assert train & test == set()
    assert raw.take(sides[1]).table()["equal_rows"].to_numpy().max() < 200


def test_a_key_does_not_make_equal_rows_different(tmp_path):
    content = copied().assign(
        b=lambda rows: rows["a"], name=lambda rows: [f"k{i}" for i in rows.index]
    )
    _, (train, test) = equal_rows(tmp_path, content)
    assert set((train % 200).tolist()) & set((test % 200).tolist()) == set()


def test_a_column_of_that_name_in_the_table_is_the_one_meant(tmp_path):
    content = copied().assign(equal_rows=lambda rows: rows.index // 100)
    raw, (train, test) = equal_rows(tmp_path, content)
    assert raw["equal_rows"].to_pylist() == [row // 100 for row in range(1000)]
    assert set((train // 100).tolist()) & set((test // 100).tolist()) == set()


def test_both_sides_are_described():
    content = frame(100, 20).assign(b=lambda rows: rows["b"].where(rows.index > 2))
    train, test = content[:80], pd.concat([content[80:], content[:3], content[:1]])
    kinds = {"a": {"kind": "number"}, "i": {"kind": "id"}, "b": {"kind": "number"}}
    roles = {"target": "Class", "features": ["a", "b"], "columns": kinds}
    found = splitting.describe(
        *(pa.Table.from_pandas(side, preserve_index=False) for side in (train, test)), roles
    )
    positives = int(test["Class"].sum())
    assert found["test"] == {
        "rows": 24,
        "positives": positives,
        "prevalence": positives / 24,
        "natural_ratio": (24 - positives) / positives,
        "no_information_rate": 1 - positives / 24,
        "missing_values": 4,
        "rows_also_in_train": 4,
        "positives_also_in_train": int(content["Class"][[0, 1, 2, 0]].sum()),
    }
    assert found["columns"] == {"a": "number", "i": "id", "b": "number"}
    assert found["train"]["rows"] == 80
    assert found["train"]["missing_values"] == 3
