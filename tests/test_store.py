"""Files are whole or absent, the same bytes each time, and execute nothing when they are read."""

import io
import json
import math
import os
import pickle
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier
from skops.io import dump

from rebalance import paths, served, store
from rebalance.errors import InputError
from rebalance.learning import learners, treatments
from rebalance.model import corrected
from tests.strategies import (
    ENSEMBLES,
    FEATURES,
    QUICK,
    ROOT,
    frame,
    learner,
    mixed,
    model,
    table,
    treatment,
)

TABLE, MIXED = table(), mixed()
fitted = cache(lambda name, encoded=False: model(name, MIXED if encoded else TABLE))
MODELS = (*QUICK, *ENSEMBLES)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_the_same_bit_for_bit_after_a_round_trip(name, tmp_path):
    store.write_model(tmp_path / "m.skops", fitted(name))
    read = store.read_model(tmp_path / "m.skops")
    np.testing.assert_array_equal(read.predict_proba(TABLE.X), fitted(name).predict_proba(TABLE.X))
    np.testing.assert_array_equal(read.predict(TABLE.X), fitted(name).predict(TABLE.X))
    own = {key: value for key, value in vars(read).items() if key not in {"estimator", "knots"}}
    assert own == {key: vars(fitted(name))[key] for key in own}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_same_bytes_whenever_it_is_written(name, tmp_path):
    for path, own in (("a", fitted(name)), ("b", fitted(name)), ("c", model(name))):
        store.write_model(tmp_path / path, own)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() == (tmp_path / "c").read_bytes()


def test_a_model_has_the_same_bytes_in_another_process(tmp_path):
    code = (
        "from rebalance import store\n"
        "from tests.strategies import model\n"
        f"for name in {MODELS}: store.write_model(name, model(name))"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)
    for name in MODELS:
        store.write_model(tmp_path / "here", fitted(name))
        assert (tmp_path / name).read_bytes() == (tmp_path / "here").read_bytes(), name


def test_the_list_of_trusted_types_is_what_the_models_need_and_no_more(tmp_path):
    from skops.io import get_untrusted_types

    needed = set()
    for name in MODELS:
        for encoded in (False, True):
            store.write_model(tmp_path / name, fitted(name, encoded))
            needed |= set(get_untrusted_types(file=tmp_path / name))
    store.write_model(tmp_path / "served", served.Scorer(fitted("logistic_regression", False)))
    needed |= set(get_untrusted_types(file=tmp_path / "served"))
    assert needed == set(store.TRUSTED)
    assert sorted(store.TRUSTED) == store.TRUSTED


@pytest.mark.parametrize("name", ENSEMBLES)
def test_an_ensemble_with_a_ratio_can_be_written(name, tmp_path):
    entry = treatment(name, ratio=3, params={"n_estimators": 2})
    made = learners.make(learner())
    estimator = treatments.fit(entry, made, TABLE.X, TABLE.y).estimator
    own = corrected.CorrectedClassifier(estimator, features=FEATURES)
    store.write_model(tmp_path / "m.skops", own)
    read = store.read_model(tmp_path / "m.skops")
    np.testing.assert_array_equal(read.predict_proba(TABLE.X), own.predict_proba(TABLE.X))


def test_what_a_removed_entry_left_is_deleted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("baseline", "kept", "removed"):
        for write in (paths.fingerprint, paths.training_metrics, paths.importance, paths.model):
            store.write_text(write(name), "{}")
        store.write_text(paths.out_of_fold(name), "")
    store.delete_removed_models(["baseline", "kept"])
    left = [path for folder in (paths.METRICS, paths.MODELS) for path in folder.rglob("*.*")]
    assert sorted(path.as_posix() for path in left) == [
        "metrics/fingerprints/baseline.sha256",
        "metrics/fingerprints/kept.sha256",
        "metrics/importance/baseline.json",
        "metrics/importance/kept.json",
        "metrics/train_baseline.json",
        "metrics/train_resampled/kept.json",
        "models/baseline.out_of_fold.parquet",
        "models/baseline.skops",
        "models/kept.out_of_fold.parquet",
        "models/kept.skops",
    ]


@dataclass
class Foreign:
    """A type that no model of ours has."""

    value: int = 3


def test_a_model_with_a_foreign_type_is_refused_in_one_line(tmp_path):
    wrong = corrected.CorrectedClassifier(Foreign(), features=FEATURES)
    with pytest.raises(InputError, match=r"cannot hold .*Foreign: a model file has only types"):
        store.write_model(tmp_path / "m.skops", wrong)
    assert not (tmp_path / "m.skops").exists()

    dump(wrong, tmp_path / "m.skops")
    with pytest.raises(
        InputError, match=r"holds types that no model of ours has.*Foreign"
    ) as caught:
        store.read_model(tmp_path / "m.skops")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 half of one"])
def test_a_model_file_that_is_not_whole_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "m.skops").write_bytes(content)
    with pytest.raises(InputError, match=r"m\.skops") as caught:
        store.read_model(tmp_path / "m.skops")
    assert "\n" not in str(caught.value)


def test_a_model_file_that_is_missing_says_what_makes_it(tmp_path):
    with pytest.raises(InputError, match="dvc repro"):
        store.read_model(tmp_path / "m.skops")


def test_a_model_file_holds_no_pickle_and_no_date(tmp_path):
    store.write_model(tmp_path / "m.skops", DecisionTreeClassifier().fit(TABLE.X, TABLE.y))
    with zipfile.ZipFile(tmp_path / "m.skops") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.filename.rpartition(".")[2] for info in archive.infolist()} <= {"json", "npy"}


def write_half(path):
    with store.replacing(path) as beside:
        beside.write_text("half")
        raise KeyboardInterrupt


@pytest.mark.parametrize("before", [None, "whole"])
def test_a_writer_that_fails_leaves_what_was_there(tmp_path, before):
    path = tmp_path / "new" / "a.json"
    if before:
        path.parent.mkdir()
        path.write_text(before)
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    with pytest.raises(ValueError, match="finite"):
        store.write_json(path, {"a": math.nan})
    assert [file.read_text() for file in path.parent.iterdir()] == ([before] if before else [])


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127])
def test_a_name_may_be_as_long_as_the_file_system_takes(name, tmp_path):
    store.write_text(tmp_path / name, "whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with pytest.raises(InputError, match=r"^'.{38}… cannot be written: the name is longer than"):
        store.write_text(tmp_path / f"{name}{name}", "")


def test_what_a_killed_process_left_of_a_long_name_is_removed(tmp_path, monkeypatch):
    name = "n" * 255
    with store.replacing(tmp_path / name) as partial:
        left = partial.with_name(partial.name.replace(f"-{os.getpid()}-", "-999999999-"))
        left.write_text("of a process that is gone")
    store.write_text(tmp_path / name, "whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9)
contents = st.dictionaries(st.text("abc", min_size=1), numbers | st.lists(numbers), max_size=4)


@given(contents, contents)
def test_metrics_are_json_of_six_significant_digits(tmp_path_factory, content, nested):
    path = tmp_path_factory.mktemp("metrics") / "m.json"
    store.write_json(path, content | {"nested": nested})
    text = path.read_text()
    assert text.endswith("}\n")
    read = json.loads(text, parse_constant=pytest.fail)
    assert list(read) == [*content, *{"nested": 0}.keys() - content.keys()]
    flat = [(read, content | {"nested": nested}), (read["nested"], nested)]
    for found, given_ in flat:
        for key, value in given_.items():
            if isinstance(value, float):
                assert found[key] == pytest.approx(value, rel=5e-6, abs=0)
                assert float(f"{found[key]:.6g}") == found[key]
            if isinstance(value, int):
                assert found[key] == value


def test_a_metric_that_is_not_finite_is_an_error_of_ours():
    for value in (math.nan, math.inf, np.float32("nan")):
        with pytest.raises(ValueError, match="a metric must be finite"):
            store.rounded({"a": [value]})


def test_a_table_keeps_rows_roles_and_the_order_of_its_columns(tmp_path):
    content = frame().assign(Time=np.arange(200), name=["x"] * 200)
    content.loc[3, "a"] = np.nan
    roles = {"target": "Class", "features": ["d", "a"], "method": "time", "column": "Time"}
    store.write_frame(tmp_path / "t.parquet", content, roles)
    read = store.read_table(tmp_path / "t.parquet")
    np.testing.assert_array_equal(read.X, content[["d", "a"]])
    np.testing.assert_array_equal(read.y, content["Class"])
    assert read.roles == roles
    assert set(read.others) == {"b", "c", "Time", "name"}
    np.testing.assert_array_equal(read.column("Time"), content["Time"])
    np.testing.assert_array_equal(read.column("a"), content["a"])
    with pytest.raises(InputError, match="column 'z' is not in the table; it has d, a, b, c"):
        read.column("z")


def test_a_table_has_the_same_bytes_from_pandas_and_from_arrow(tmp_path):
    store.write_frame(tmp_path / "a.parquet", frame(), {"target": "Class"})
    again = pa.Table.from_pandas(frame(), preserve_index=False)
    store.write_frame(tmp_path / "b.parquet", again, {"target": "Class"})
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert set(pq.read_schema(tmp_path / "a.parquet").metadata) == {b"rebalance"}


def test_a_table_that_is_missing_or_half_is_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match="is missing; run 'dvc repro'"):
        store.read_table(tmp_path / "t.parquet")
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="is not whole; run 'dvc repro'"):
        store.read_table(tmp_path / "t.parquet")


def test_a_fingerprint_is_what_sha256sum_writes_and_tells_another_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (paths.model("over"), paths.out_of_fold("over")):
        store.write_text(path, path.name)
    store.write_fingerprint("over")
    lines = paths.fingerprint("over").read_text().splitlines()
    assert lines[0] == f"{sha256(b'over.skops' + bytes([10])).hexdigest()}  models/over.skops"
    store.check_fingerprint("over")
    assert not store.is_damaged("over")

    store.write_text(paths.out_of_fold("over"), "other scores")
    assert store.is_damaged("over")
    with pytest.raises(InputError, match=r"over\.out_of_fold\.parquet is not what its training"):
        store.check_fingerprint("over")
    paths.model("over").unlink()
    with pytest.raises(InputError, match=r"models/over\.skops is missing; run 'dvc repro'"):
        store.check_fingerprint("over")
    paths.fingerprint("over").write_text("cut", encoding="utf-8")
    assert not store.is_damaged("over")
    paths.fingerprint("over").unlink()
    assert not store.is_damaged("over")
    with pytest.raises(InputError, match="dvc repro"):
        store.check_fingerprint("over")


@pytest.fixture
def trained_rows(tmp_path, monkeypatch):
    """A split, and two models that were trained on its rows."""
    monkeypatch.chdir(tmp_path)
    store.write_frame(paths.TRAIN, frame())
    for name in ("baseline", "over"):
        for path in (paths.model(name), paths.out_of_fold(name)):
            store.write_text(path, name)
        store.write_fingerprint(name)
    split = {"train": {"rows": 9}, "test": {"rows": 3}}
    store.identify(split, [0, 1, 1])
    return split


def test_models_are_judged_on_the_rows_of_their_own_split_only(trained_rows):
    """Rows of a later split may have been trained on: a stage by hand would praise the model."""
    assert trained_rows["train"]["rows"] == 9
    store.check_models(["baseline", "over"], trained_rows)

    store.write_frame(paths.TRAIN, frame().iloc[::-1])
    store.write_fingerprint("over")  # trained again, and the baseline was not
    later = {"train": {"sha256": store.sha256(paths.TRAIN)}}
    with pytest.raises(InputError, match=r"^baseline: trained on other rows than the last split "):
        store.check_models(["baseline", "over"], later)
    paths.TRAIN.unlink()
    store.check_models(["baseline"], trained_rows)  # a clone need not have the training rows
    store.write_text(paths.model("baseline"), "another")
    with pytest.raises(InputError, match=r"baseline\.skops is not what its training stage wrote"):
        store.check_models(["baseline"], trained_rows)


def test_other_labels_than_those_of_the_split_are_refused(trained_rows):
    known = trained_rows["test"]["checksum"]
    store.check_labels(paths.TEST, np.array([0.0, 1.0, 1.0]), known)
    with pytest.raises(InputError, match=r"^data/test\.parquet does not hold the rows of metr"):
        store.check_labels(paths.TEST, [1, 0, 1], known)


def test_a_fingerprint_of_an_earlier_version_still_checks_its_model(trained_rows):
    lines = paths.fingerprint("over").read_text().splitlines()
    store.write_text(paths.fingerprint("over"), "\n".join(lines[1:]))
    store.check_fingerprint("over")
    with pytest.raises(InputError) as caught:
        store.check_models(["baseline", "over"], trained_rows)
    assert str(caught.value) == (
        "over: trained by an earlier version, which did not note on which rows; test rows may be "
        "among them, so run 'dvc repro' to train again."
    )


def test_a_table_that_is_written_while_it_is_read_has_no_checksum(tmp_path):
    """Scores of the rows that were read would stand in the cache as those of the others."""
    path = tmp_path / "t.parquet"
    store.write_frame(path, frame(), {"features": FEATURES, "target": "Class"})
    read = store.read_table(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")  # in place, of the same size
    os.utime(path, ns=(1, 1))
    with pytest.raises(InputError, match=r"t\.parquet changed while it was read; run again\.$"):
        read.checksum  # noqa: B018
    store.write_frame(path, frame(), {"features": FEATURES, "target": "Class"})
    assert store.read_table(path).checksum == store.md5(path)


def test_a_model_of_another_scikit_learn_costs_one_line(tmp_path, caplog):
    from sklearn import __version__ as here

    store.write_model(tmp_path / "m.skops", fitted("hist_gradient_boosting"))
    with (
        zipfile.ZipFile(tmp_path / "m.skops") as whole,
        zipfile.ZipFile(tmp_path / "old.skops", "w", zipfile.ZIP_DEFLATED) as old,
    ):
        for name in whole.namelist():
            content = whole.read(name)
            if name == "schema.json":
                assert here.encode() in content
                content = content.replace(here.encode(), b"1.2.3")
            old.writestr(name, content)
    read = store.read_model(tmp_path / "old.skops")
    np.testing.assert_array_equal(
        read.predict_proba(TABLE.X), fitted("hist_gradient_boosting").predict_proba(TABLE.X)
    )
    (line,) = caplog.messages
    assert line.startswith(
        f"warning: {tmp_path}/old.skops was trained with scikit-learn 1.2.3, and "
    )
    assert f"and {here} is installed: its answers may be others" in line


def test_checksums_are_those_of_the_tools(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert store.md5(tmp_path / "a") == "900150983cd24fb0d6963f7d28e17f72"
    assert store.sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")


def test_frames_are_written_below_each_other(tmp_path):
    parts = [frame(), frame()[::-1]]
    store.write_frames(tmp_path / "t.parquet", iter(parts), {"target": "Class"})
    columns = store.Columns(tmp_path / "t.parquet")
    assert columns.roles == {"target": "Class"}
    assert columns.num_rows == 2 * len(frame())
    whole = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(columns.table().to_pandas(), whole)


def test_frames_that_fail_on_the_way_leave_no_file(tmp_path):
    def parts():
        yield frame()
        raise InputError("the second cannot be had")

    with pytest.raises(InputError, match="the second"):
        store.write_frames(tmp_path / "t.parquet", parts())
    assert list(tmp_path.iterdir()) == []


def test_some_rows_of_a_file_are_taken_in_their_order(tmp_path):
    store.write_frame(tmp_path / "t.parquet", frame())
    rows = np.array([3, 0, 3])
    some = store.Columns(tmp_path / "t.parquet").take(rows)
    assert some.num_rows == 3
    expected = frame().iloc[rows].reset_index(drop=True)
    pd.testing.assert_frame_equal(some.table().to_pandas(), expected)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"a": "float32", "b": "float32"}, np.float32),
        ({"a": "float32", "b": "int16"}, np.float32),
        ({"a": "float32", "b": "bool"}, np.float32),
        ({"a": "float32", "b": "float64"}, np.float64),
        ({"a": "int64", "b": "float32"}, np.float64),
    ],
)
def test_a_table_is_in_single_precision_where_no_column_needs_more(tmp_path, kinds, expected):
    content = (
        pd.DataFrame({name: [0, 1, 0] for name in kinds}).astype(kinds).assign(Class=[0, 1, 0])
    )
    roles = {"target": "Class", "features": list(kinds)}
    store.write_frame(tmp_path / "t.parquet", content, roles)
    read = store.read_table(tmp_path / "t.parquet")
    assert read.X.dtype == expected
    np.testing.assert_array_equal(read.X, content[list(kinds)].astype(float))
    assert read.example.dtype == read.column("a").dtype == np.float64


def test_a_categorical_column_has_its_labels_and_its_gaps(tmp_path):
    cards = pd.Series(["x", None, "y", None], dtype="category")
    content = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "card": cards, "Class": [0, 1, 0, 1]})
    store.write_frame(tmp_path / "t.parquet", content, {"target": "Class", "features": ["a"]})
    assert store.read_table(tmp_path / "t.parquet").column("card").tolist() == [
        "x",
        None,
        "y",
        None,
    ]
    some = store.Columns(tmp_path / "t.parquet").take(np.array([1, 2]))
    assert some["card"].to_numpy().tolist() == [None, "y"]


def test_columns_that_are_no_features_are_read_when_asked_for(tmp_path):
    content = pd.DataFrame({"a": [1.0, 2.0], "card": ["x", "y"], "Class": [0, 1]})
    store.write_frame(tmp_path / "t.parquet", content, {"target": "Class", "features": ["a"]})
    read = store.read_table(tmp_path / "t.parquet")
    assert list(read.others) == ["card"]
    assert "Class" not in read.others
    assert read.column("card").tolist() == ["x", "y"]


def test_a_file_that_is_damaged_inside_is_told_in_one_line(tmp_path):
    path = tmp_path / "t.parquet"
    store.write_frame(path, frame(), {"target": "Class", "features": ["a"]})
    content = bytearray(path.read_bytes())
    content[4:400] = np.random.default_rng(0).bytes(396)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"t\.parquet is not whole; run 'dvc repro'"):
        store.read_table(path)


def archive(entries, compression=zipfile.ZIP_STORED):
    """Return a zip archive of names and contents."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as file:
        for name, text in entries.items():
            file.writestr(name, text)
    return content.getvalue()


@pytest.fixture(scope="module")
def model_entries(tmp_path_factory):
    """Return the entries of a model file."""
    path = tmp_path_factory.mktemp("model") / "m.skops"
    store.write_model(path, fitted("hist_gradient_boosting"))
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def malformed(entries):
    """Yield archives that are no model."""
    schema = json.loads(entries["schema.json"])
    yield b""
    yield b"PK"
    yield archive({})
    yield archive({"schema.json": "no json"})
    yield archive({"schema.json": "[]"})
    yield archive({"schema.json": "{}"})
    yield archive({"schema.json": json.dumps(schema)})  # no arrays
    yield archive(entries | {"schema.json": json.dumps(schema | {"__loader__": "Nope"})})
    yield archive(entries | {"schema.json": json.dumps(schema | {"protocol": "x"})})
    yield archive(entries | {"schema.json": json.dumps(schema | {"content": 3})})
    for name in list(entries)[:3]:
        yield archive(entries | {name: b""})
        yield archive(entries | {name: entries[name][: len(entries[name]) // 2]})


def test_a_malformed_model_file_is_one_line(model_entries, tmp_path):
    path = tmp_path / "m.skops"
    number = 0
    for content in malformed(model_entries):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"m\.skops (is not whole|holds types)") as caught:
            store.read_model(path)
        assert "\n" not in str(caught.value)
        number += 1
    assert number > 10


def test_an_archive_that_would_fill_the_memory_is_refused_before_it_is_unpacked(
    model_entries, tmp_path
):
    path = tmp_path / "m.skops"
    path.write_bytes(archive(model_entries | {"z.npy": bytes(200_000_000)}, zipfile.ZIP_DEFLATED))
    assert path.stat().st_size < 5_000_000
    with pytest.raises(InputError, match=r"m\.skops would unpack to 200,"):
        store.read_model(path)


@pytest.mark.parametrize("content", [b"", b'{"train": ', b"\xc3\x28", b"\x00" * 9, b"nothing"])
def test_a_json_file_that_is_damaged_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "split.json").write_bytes(content)
    with pytest.raises(InputError, match=r"split\.json is not whole; run 'dvc repro'") as caught:
        store.read_json(tmp_path / "split.json")
    assert "\n" not in str(caught.value)


def test_a_key_that_a_json_file_lacks_is_a_fault_of_the_file(tmp_path):
    store.write_json(tmp_path / "split.json", {"train": {"rows": 3}, "list": [{}]})
    read = store.read_json(tmp_path / "split.json")
    assert read == {"train": {"rows": 3}, "list": [{}]}
    assert read["train"].get("positives") is None
    for place in (read, read["train"], read["list"][0]):
        with pytest.raises(InputError, match=r"split\.json lacks 'positives': it is damaged, or o"):
            place["positives"]
    assert type(pickle.loads(pickle.dumps(read))) is dict  # noqa: S301 - ours


@pytest.mark.parametrize("left", [0, 1])
def test_a_fingerprint_that_is_cut_checks_nothing_and_is_refused(tmp_path, monkeypatch, left):
    monkeypatch.chdir(tmp_path)
    for path in (paths.model("baseline"), paths.out_of_fold("baseline")):
        store.write_text(path, "content")
    store.write_fingerprint("baseline")
    store.check_fingerprint("baseline")
    lines = paths.fingerprint("baseline").read_text().splitlines()
    for content in ("\n".join(lines[:left]), "\n".join(lines[:left]) + "\ufffd", "other  words"):
        paths.fingerprint("baseline").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=r"baseline\.sha256 is not whole; run 'dvc repro'"):
            store.check_fingerprint("baseline")
    paths.fingerprint("baseline").write_bytes(b"\xc3\x28")
    with pytest.raises(InputError, match="is not whole"):
        store.check_fingerprint("baseline")


def test_a_table_that_may_not_be_opened_is_named(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Failed to open local file")  # arrow's has no name of the file

    monkeypatch.setattr(pq, "ParquetFile", refused)
    with pytest.raises(PermissionError) as caught:
        store.read_table(tmp_path / "a.parquet")
    assert caught.value.filename == str(tmp_path / "a.parquet")
