"""A split by a hash of each row: the same rows however they lie, counts of what was left out."""

import hashlib
import itertools
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebalance import hashing, paths, splitting, store
from rebalance.errors import InputError
from rebalance.params import OutOfFold
from stages import download
from stages import split as stage
from tests.strategies import params

ROWS, POSITIVES = 4000, 120
OUTPUTS = (paths.TRAIN, paths.TEST, paths.SPLIT, paths.SPLIT_CHECKS)


def table(rows=ROWS, positives=POSITIVES, seed=0):
    rng = np.random.default_rng(seed)
    y = np.zeros(rows, dtype=np.int8)
    y[rng.permutation(rows)[:positives]] = 1
    frame = pd.DataFrame(
        {"a": rng.normal(y), "b": rng.normal(size=rows), "card": rng.integers(0, 300, rows)}
    )
    frame["word"] = rng.choice(["red", "green", None], rows)
    frame["when"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), "s")
    frame.loc[rng.random(rows) < 0.1, "b"] = np.nan
    return frame.assign(Class=y)


FRAME = table()
ROLES = {"target": "Class", "features": ["a", "b", "card", "word", "when"], "kinds": {}}


def split(folder, monkeypatch, frames, workers=1, **changes):
    """Split the frames, each a group of rows, in a folder; return the section."""
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    paths.DATA.mkdir(exist_ok=True)
    store.write_frames(paths.RAW, iter(frames), ROLES)
    given = {"split__method": "hashed", "split__test_size": 0.25} | {
        f"split__{key}": value for key, value in changes.items()
    }
    section = params(run__workers=workers, **given)
    stage.split(section)
    return section.split


def read(path):
    return store.Columns(path).table().to_pandas()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cut(frame, parts, order=0):
    """Return the rows in parts of uneven size, shuffled as a whole and as parts."""
    rng = np.random.default_rng(order)
    rows = frame.sample(frac=1, random_state=order) if order else frame
    ends = np.sort(rng.choice(np.arange(1, len(rows)), parts - 1, replace=False))
    pieces = np.split(np.arange(len(rows)), ends)
    return [
        rows.iloc[piece]
        for piece in (rng.permutation(np.array(pieces, object)) if order else pieces)
    ]


@pytest.mark.server
def test_both_sides_have_the_same_bytes_from_parts_in_a_bucket_and_a_file_here(
    s3, tmp_path, monkeypatch
):
    rows = pa.Table.from_pandas(FRAME, preserve_index=False)
    pq.write_table(rows, tmp_path / "rows.parquet")
    for i, cut_out in enumerate(cut(FRAME, 7, order=3)):
        part = pa.Table.from_pandas(cut_out, preserve_index=False)
        with s3.open(f"bucket/rows/part-{i}.parquet", "wb") as file:
            pq.write_table(part, file)
    digests = []
    for i, path in enumerate([str(tmp_path / "rows.parquet"), "s3://bucket/rows"]):
        folder = tmp_path / str(i)
        folder.mkdir()
        monkeypatch.chdir(folder)
        section = params(
            data__source="file",
            data__path=path,
            data__drop=[],
            split__method="hashed",
            split__train_negatives=5.0,
        )
        download.download(section)
        stage.split(section)
        digests.append([digest(path) for path in OUTPUTS])
    assert digests[0] == digests[1]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("parts", "order"), [(1, 0), (7, 1), (64, 2)])
def test_both_sides_have_the_same_bytes_in_any_parts_order_and_workers(
    tmp_path, monkeypatch, parts, order, workers
):
    split(tmp_path / "one", monkeypatch, [FRAME], train_negatives=5)
    first = [digest(path) for path in OUTPUTS]
    split(tmp_path / "other", monkeypatch, cut(FRAME, parts, order), workers, train_negatives=5)
    assert first == [
        digest(path) for path in (paths.TRAIN, paths.TEST, paths.SPLIT, paths.SPLIT_CHECKS)
    ]


def test_the_rows_of_fewer_negatives_are_among_those_of_more_and_positives_are_all_kept(
    tmp_path, monkeypatch
):
    kept = {}
    for wanted in (3, 12, None):
        split(tmp_path / str(wanted), monkeypatch, [FRAME], train_negatives=wanted)
        kept[wanted] = read(paths.TRAIN)
    keys = {wanted: set(frame["a"]) for wanted, frame in kept.items()}
    assert keys[3] < keys[12] < keys[None]
    positives = {
        wanted: frame.loc[frame["Class"] == 1, "a"].tolist() for wanted, frame in kept.items()
    }
    assert sorted(positives[3]) == sorted(positives[12]) == sorted(positives[None])
    whole = kept[None]["Class"]
    share = 12 * POSITIVES / (ROWS - POSITIVES)
    negatives = int((kept[12]["Class"] == 0).sum())
    expected = share * (whole == 0).sum()
    assert abs(negatives - expected) < 4 * np.sqrt(expected * (1 - share))


def test_both_sides_hold_every_row_once_and_the_share_that_was_asked_for(tmp_path, monkeypatch):
    split(tmp_path, monkeypatch, [FRAME])
    train, test = read(paths.TRAIN), read(paths.TEST)
    both = pd.concat([train, test]).sort_values("a", ignore_index=True)
    pd.testing.assert_frame_equal(
        both, FRAME.sort_values("a", ignore_index=True), check_dtype=False
    )
    assert abs(len(test) - 0.25 * ROWS) < 4 * np.sqrt(ROWS * 0.25 * 0.75)


def test_what_was_left_out_is_counted(tmp_path, monkeypatch):
    split(tmp_path, monkeypatch, cut(FRAME, 3), train_negatives=5)
    train, test = read(paths.TRAIN), read(paths.TEST)
    described = json.loads(paths.SPLIT.read_text())["train"]
    rows = ROWS - len(test)
    positives = POSITIVES - int(test["Class"].sum())
    weight = (rows - positives) / (len(train) - positives)
    assert described["rows"] == rows
    assert described["positives"] == positives
    assert described["natural_ratio"] == pytest.approx((rows - positives) / positives, rel=1e-5)
    assert described["kept"]["rows"] == len(train)
    assert described["kept"]["negative_weight"] == pytest.approx(weight, rel=1e-5)
    whole = store.read_table(paths.TRAIN)
    assert whole.negative_weight == pytest.approx(weight, rel=1e-5)
    assert whole.share == pytest.approx(positives / rows)
    assert store.open_table(paths.TEST).negative_weight == 1


def test_with_more_negatives_than_there_are_nothing_changes(tmp_path, monkeypatch):
    split(tmp_path / "all", monkeypatch, [FRAME])
    first = [digest(path) for path in (paths.TRAIN, paths.TEST, paths.SPLIT)]
    split(tmp_path / "more", monkeypatch, [FRAME], train_negatives=1000)
    assert first == [digest(path) for path in (paths.TRAIN, paths.TEST, paths.SPLIT)]


def test_equal_values_of_a_column_stay_on_one_side(tmp_path, monkeypatch):
    split(tmp_path, monkeypatch, cut(FRAME, 5), column="card")
    train, test = read(paths.TRAIN), read(paths.TEST)
    assert not set(train["card"]) & set(test["card"])
    made = store.read_table(paths.TRAIN)
    assert made.roles["method"] == "group"
    assert "card" not in made.features
    np.testing.assert_array_equal(made.groups, train["card"])


def test_another_seed_holds_out_other_rows(tmp_path, monkeypatch):
    held_out = []
    for seed in (1, 2):
        split(tmp_path / str(seed), monkeypatch, [FRAME], seed=seed)
        held_out.append(set(read(paths.TEST)["a"]))
    both = len(held_out[0] & held_out[1])
    assert both / len(held_out[0]) == pytest.approx(0.25, abs=0.06)


def test_a_hash_knows_values_and_not_types_order_of_columns_or_sign_of_zero():
    plain = pa.table({"x": [1.0, 0.0, None], "s": ["a", None, ""]})
    other = pa.table(
        {"s": pa.array(["a", None, ""]), "x": pa.array([1.0, -0.0, float("nan")], pa.float32())}
    )
    whole = pa.table({"x": pa.array([1, 0, None]), "s": ["a", None, ""]})
    hashes = hashing.of_rows(plain, ["x", "s"])
    np.testing.assert_array_equal(hashing.of_rows(other, ["s", "x"]), hashes)
    np.testing.assert_array_equal(hashing.of_rows(whole, ["x", "s"]), hashes)
    swapped = hashing.of_rows(pa.table({"x": [1.0, 2.0], "z": [2.0, 1.0]}), ["x", "z"])
    assert len({*hashes.tolist(), *swapped.tolist()}) == 5


def test_hashes_are_spread_evenly():
    hashes = hashing.of_rows(pa.table({"x": np.arange(100_000)}), ["x"])
    counts = np.bincount((hashes >> np.uint64(60)).astype(int), minlength=16)
    # Chi-square with 15 degrees of freedom: .9999 of draws are below 44.3.
    assert ((counts - 6250) ** 2 / 6250).sum() < 44.3


@pytest.mark.parametrize(
    ("frame", "changes", "said"),
    [
        (FRAME.assign(a=0.0, b=0.0, card=1, word="x", when=FRAME["when"][0]), {}, "must leave 2 p"),
        (FRAME.assign(a=FRAME["Class"], b=0.0, card=FRAME.index % 20, word="x",
                      when=FRAME["when"][0]), {}, "tells rows apart by what they hold, and the "),
        (FRAME, {"column": "nope"}, "split.column 'nope' is no column; the columns are a, b, card"),
        (FRAME, {"column": "word"}, "split.column 'word' must name a group in every row, got "),
        (FRAME.assign(Class=(FRAME.index < 3).astype("int8")), {}, "2 positives or more"),
    ],
)  # fmt: skip
def test_a_table_that_no_hash_can_split_is_one_line(tmp_path, monkeypatch, frame, changes, said):
    with pytest.raises(InputError, match=said):
        split(tmp_path, monkeypatch, [frame], **changes)
    assert not paths.SPLIT.exists()


def test_train_negatives_needs_the_method(tmp_path):
    with pytest.raises(InputError, match=r"split\.train_negatives must be null for method strat"):
        params(split__train_negatives=5.0)


def test_folds_have_each_row_once_even_classes_and_are_nested(tmp_path, monkeypatch):
    drawn = {}
    for wanted in (3, 12):
        split(tmp_path / str(wanted), monkeypatch, [FRAME], train_negatives=wanted)
        made, frame = store.read_table(paths.TRAIN), read(paths.TRAIN)
        folds = splitting.folds(made, OutOfFold(folds=4, repeats=2, seed=1))
        assert len(folds) == 8
        for repeat in (folds[:4], folds[4:]):
            valid = np.concatenate([fold.valid for fold in repeat])
            np.testing.assert_array_equal(np.sort(valid), np.arange(len(frame)))
            for label in (0, 1):
                counts = [int((made.y[fold.valid] == label).sum()) for fold in repeat]
                assert max(counts) - min(counts) <= 1
        drawn[wanted] = {a: i for i, fold in enumerate(folds[:4]) for a in frame["a"][fold.valid]}
        other = [set(fold.valid) for fold in folds[4:]]
        assert other != [set(fold.valid) for fold in folds[:4]]
    assert all(drawn[12][a] == fold for a, fold in drawn[3].items())


def test_blocks_are_the_rows_of_the_whole_file_in_stretches_of_one_size(tmp_path):
    frame = pd.DataFrame({"x": np.arange(1000.0), "y": np.arange(1000) % 7, "Class": 0})
    roles = {"target": "Class", "features": ["x", "y"]}
    path, ends = tmp_path / "t.parquet", [0, 130, 137, 700, 1000]
    pieces = (frame[start:end] for start, end in itertools.pairwise(ends))
    store.write_frames(path, pieces, roles)
    blocks = list(store.open_table(path).blocks(rows=256))
    assert [len(block) for block in blocks] == [256, 256, 256, 232]
    np.testing.assert_array_equal(np.concatenate(blocks), store.read_table(path).X)


def test_blocks_that_were_read_leave_the_memory(tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "t.parquet"
    pieces = (
        pd.DataFrame(rng.random((5000, 4)), columns=list("abcd")).assign(Class=0) for _ in range(20)
    )
    store.write_frames(path, pieces, {"target": "Class", "features": list("abcd")})
    table, before = store.open_table(path), pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in table.blocks(rows=2000)]
    assert len(held) == 50
    assert max(held) < path.stat().st_size / 4


def test_an_opened_table_has_the_columns_of_a_read_one(tmp_path):
    frame = pd.DataFrame(
        {"x": pa.array([1.5, 2.5]), "n": [1, 2], "id": ["a", "b"], "Class": [0, 1]}
    )
    roles = {"target": "Class", "features": ["x", "n"]}
    store.write_frame(tmp_path / "t.parquet", frame, roles)
    whole, opened = (
        store.read_table(tmp_path / "t.parquet"),
        store.open_table(tmp_path / "t.parquet"),
    )
    assert opened.names == whole.names
    for name in whole.names:
        np.testing.assert_array_equal(opened.column(name), whole.column(name))
        assert opened.column(name).dtype == whole.column(name).dtype
    np.testing.assert_array_equal(opened.y, whole.y)


def test_a_shuffle_sorts_more_than_one_part(tmp_path, monkeypatch):
    monkeypatch.setattr("rebalance.store.shuffle.PART", 1000)
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 2**64, 500, dtype=np.uint64)
    shuffle = store.Shuffle(tmp_path, pa.schema([("x", pa.int64())]), 500)
    assert shuffle.count == 8
    for rows in np.array_split(np.arange(500), 7):
        shuffle.put(pa.table({"x": rows}), keys[rows])
    found = pa.concat_tables(shuffle.sorted())["x"].to_numpy()
    np.testing.assert_array_equal(found, np.argsort(keys))
    assert not list(tmp_path.iterdir())
