"""Rows from files and addresses, and whether they can be learnt from."""

import gzip
import hashlib
import re
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance import sources
from rebalance.errors import InputError
from rebalance.sources import creditcard, download, files
from rebalance.sources.creditcard import CREDITCARD
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


def test_files_of_different_columns_are_refused(tmp_path):
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    FRAME.rename(columns={"a": "z"}).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(InputError, match=r"b\.csv must have the columns of .*a\.csv: a, b, c, d"):
        sources.load(data(path=str(tmp_path)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read as CSV: No columns to parse from file."),
        (b"a,Class\n", "data.target 'Class' must have two classes, got 0."),
        (gzip.compress(CSV)[:200], "cannot be read as CSV: Compressed file ended"),
        (b"PAR1 and no more", "cannot be read as Parquet: "),
        (b"PK and no more", "cannot be read as CSV: File is not a zip file."),
        (b"\xff\xfe\xfa\x00", "cannot be read as CSV: "),
    ],
)
def test_a_broken_file_is_named(tmp_path, content, said):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        sources.load(data(path=str(tmp_path / "a.csv")))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["/x", "a**b/*", ""])
def test_a_pattern_that_is_none_is_one_line(tmp_path, pattern):
    (tmp_path / "a.csv").write_bytes(CSV)
    if not pattern:
        assert len(sources.load(data(path=str(tmp_path), pattern=pattern))) == len(FRAME)
        return
    with pytest.raises(InputError, match=r"data\.p(attern|ath) must"):
        sources.load(data(path=str(tmp_path), pattern=pattern))


@pytest.mark.parametrize("path", ["nothing.csv", "empty"])
def test_a_path_without_a_table_is_named(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=re.escape(f"got {path!r}, where none fits")):
        sources.load(data(path=path))


@pytest.mark.parametrize(
    ("rare", "other", "positive"),
    [
        (1, 0, 1),
        (1, 0, "1"),
        (1, 0, 1.0),
        (1, 0, True),
        (1.0, 0.0, "1"),
        ("1", "0", 1),
        ("1", "0", 1.0),
        (2, 1, 2),
        (True, False, True),
        (True, False, "true"),
        (True, False, 1),
        ("yes", "no", "yes"),
        ("Yes", "No", True),
        ("no", "yes", False),
        ("fraud", "genuine", "fraud"),
        (-1, 1, -1),
    ],
)
def test_the_rare_class_is_found_whatever_its_type(rare, other, positive):
    labels = pd.Series(np.where(FRAME["Class"], rare, other).tolist())
    found = sources.check(FRAME.assign(Class=labels), data(positive=positive))
    np.testing.assert_array_equal(found["Class"], FRAME["Class"])
    assert found["Class"].dtype == np.int8
    categories = sources.check(
        FRAME.assign(Class=labels.astype("category")), data(positive=positive)
    )
    np.testing.assert_array_equal(categories["Class"], FRAME["Class"])


def test_a_column_of_numbers_and_text_is_text_however_long_the_file(tmp_path):
    # Longer than the pieces in which pandas reads a file.
    numbers = [f"{number:07d}" for number in range(400_000)]
    ids = [*numbers, *(f"C{number}" for number in range(100))]
    pd.DataFrame({"id": ids, "a": 0.5, "b": 1.5}).to_csv(tmp_path / "t.csv", index=False)
    found = files.read(tmp_path / "t.csv")
    assert found["id"].tolist() == ids
    assert found.dtypes["a"] == np.float64


def test_a_column_of_numbers_in_one_file_and_text_in_another_is_text(tmp_path):
    (tmp_path / "1.csv").write_text("id,a\n0012,1\n7,2\n,3\n")
    (tmp_path / "2.csv").write_text("id,a\nC5,4\n0012,5\n")
    (found,) = files.together(data(path=str(tmp_path)))
    assert found["id"].tolist()[:2] == ["0012", "7"]
    assert found["id"].tolist()[3:] == ["C5", "0012"]
    assert found["id"].isna().tolist() == [False, False, True, False, False]
    assert found["a"].tolist() == [1, 2, 3, 4, 5]


def few():
    return FRAME.assign(Class=(np.arange(len(FRAME)) < 9).astype(int))


@pytest.mark.parametrize(
    ("content", "changes", "said"),
    [
        (
            FRAME,
            {"target": "Fraud"},
            "data.target 'Fraud' is no column; the columns are a, b, c, d",
        ),
        (FRAME, {"drop": ["e"]}, "data.drop names 'e', which is no column; the columns are a, b"),
        (FRAME.assign(Class=0), {}, "data.target 'Class' must have two classes, got 1: 0."),
        (
            FRAME.assign(Class=FRAME["Class"] + (FRAME.index == 3) * 5),
            {},
            "data.target 'Class' must have two classes, got 3: 0, 1, 5.",
        ),
        (FRAME.assign(Class=FRAME["a"]), {}, "must have two classes, got 120: "),
        (
            FRAME,
            {"positive": 2},
            "data.positive must be one of the labels of 'Class', 0, 1, got 2.",
        ),
        (FRAME, {"positive": "yes"}, "one of the labels of 'Class', 0, 1, got 'yes'."),
        (FRAME, {"positive": 0}, "the label of the rare class, got 0, which 87.5000% of the rows"),
        (few(), {}, "data.target 'Class' must have 10 positives or more, to be split and to be f"),
        (
            FRAME.assign(Class=FRAME["Class"].where(FRAME.index != 3)),
            {},
            "data.target 'Class' must have a label in every row, got 1 rows without.",
        ),
    ],
)
def test_rows_that_cannot_be_learnt_from_are_refused(content, changes, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        sources.check(content, data(**changes))
    assert "\n" not in str(caught.value)


def test_features_are_of_any_type_and_finite_and_there_is_one():
    content = FRAME.assign(e="text", f=pd.Timestamp(0), g=np.inf, h=np.nan)
    with pytest.raises(InputError, match=r"features must be finite; g have infinite values"):
        sources.features(content, "Class", ["e"])
    assert sources.features(content, "Class", ["g"]) == [*FEATURES, "e", "f", "h"]
    with pytest.raises(InputError, match=r"data\.drop leaves no feature: a, b, c, d are dropped"):
        sources.features(FRAME, "Class", FEATURES)


def test_kinds_are_of_columns_of_the_table():
    with pytest.raises(InputError, match=r"data\.columns names 'z', which is no column; the col"):
        sources.check(FRAME, data(columns={"z": "text"}))


def test_missing_values_are_features_all_the_same(tmp_path):
    holes = FRAME.assign(a=FRAME["a"].where(FRAME.index > 3), n=pd.array([1, None] * 60, "Int64"))
    holes["t"] = pd.array([True, None] * 60, "boolean")
    holes.to_parquet(tmp_path / "a.parquet")
    found = sources.load(data(path=str(tmp_path / "a.parquet")))
    assert sources.features(found, "Class", []) == [*FEATURES, "n", "t"]
    assert found[["a", "n", "t"]].isna().sum().tolist() == [4, 60, 60]
    assert {found[name].dtype for name in ("a", "n", "t")} == {np.dtype(float)}


@settings(max_examples=5)
@given(st.integers(200, 400), st.integers(10, 40), st.integers(0, 9))
def test_simulated_rows_are_as_many_as_asked(rows, positives, seed):
    asked = {"simulated.rows": rows, "simulated.positives": positives, "simulated.seed": seed}
    found = sources.load(data("simulated", drop=["Time"], **asked))
    assert (len(found), found["Class"].sum()) == (rows, positives)


# Addresses: a server on loopback, whose paths are what it does.


class Server(BaseHTTPRequestHandler):
    """Answer with the rows, a 404, silence, or half of what was promised."""

    log_message = lambda *_: None  # noqa: E731 quiet

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        if self.path.startswith("/silent"):
            self.server.stopping.wait(5)
            return
        broken = self.path.startswith("/broken") and len(self.server.asked) < 4
        self.send_response(200)
        self.send_header("Content-Length", str(len(CSV)))
        self.end_headers()
        self.wfile.write(CSV[: len(CSV) // 2] if broken else CSV)


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.asked, server.stopping = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("REBALANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as running:
        yield running


def at(server, path, content=CSV):
    """Return the section ``data`` that asks a server for ``path``."""
    url = f"http://127.0.0.1:{server.server_address[1]}/{path}"
    return data("url", url=url, sha256=hashlib.sha256(content).hexdigest())


@pytest.mark.server
@pytest.mark.parametrize("path", ["rows.csv", "download?id=3", "files/17/"])
def test_an_address_is_downloaded_once(server, path):
    same_rows(sources.load(at(server, path)))
    asked = len(server.asked)
    same_rows(sources.load(at(server, path)))
    assert len(server.asked) == asked


@pytest.mark.server
def test_a_sha256_in_capitals_is_the_same(server):
    section = at(server, "rows.csv")
    same_rows(sources.load(section.model_copy(update={"sha256": section.sha256.upper()})))


@pytest.mark.server
def test_a_broken_transfer_is_tried_again(server):
    same_rows(sources.load(at(server, "broken.csv")))


@pytest.mark.server
def test_another_file_than_the_one_asked_for_is_refused_and_not_kept(server, tmp_path):
    with pytest.raises(InputError, match="is not the file that was asked for: its SHA-256 is not"):
        sources.load(at(server, "rows.csv", content=b"other"))
    assert not list((tmp_path / "cache").iterdir())
    assert len(server.asked) == 2  # whether it answers, and the file: it is not asked for again


@pytest.mark.server
@pytest.mark.parametrize(
    ("path", "reason"), [("missing.csv", "it answers 404"), ("silent.csv", "Timeout")]
)
def test_an_address_without_an_answer_is_refused_soon(server, monkeypatch, path, reason):
    monkeypatch.setattr(download, "REACH", 0.3)
    started = time.monotonic()
    with pytest.raises(InputError, match=f"{path} cannot be reached .*{reason}") as caught:
        sources.load(at(server, path))
    assert time.monotonic() - started < 3
    assert "data.source to file" in str(caught.value)
    assert len(server.asked) == 1


def test_an_address_of_many_hosts_that_do_not_answer_has_one_time_out(monkeypatch):
    import requests

    monkeypatch.setattr(download, "REACH", 0.1)

    def slow(*_, **__):
        time.sleep(1)
        raise requests.exceptions.ConnectTimeout

    monkeypatch.setattr(requests, "get", slow)
    started = time.monotonic()
    with pytest.raises(InputError, match=r"http://a\.test/b\.csv cannot be reached \(Timeout\)"):
        sources.load(data("url", url="http://a.test/b.csv", sha256="0" * 64))
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("url", ["http://a..b/c.csv", "http://[::1/c.csv", "http://a:99999/c.csv"])
def test_an_address_that_is_none_is_one_line(url):
    with pytest.raises(InputError, match=re.escape(f"{url} cannot be reached (")) as caught:
        sources.load(data("url", url=url, sha256="0" * 64))
    assert "Timeout" not in str(caught.value)


def test_the_real_rows_offline_fail_at_once_naming_the_address_and_the_other_ways(
    tmp_path, monkeypatch
):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}/creditcard.csv"
    monkeypatch.setenv("REBALANCE_CACHE", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(CREDITCARD, "url", dead)
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        sources.load(data("creditcard"))
    assert time.monotonic() - started < 3
    assert re.match(
        f"{dead} cannot be reached .*data.path for a copy.*simulated", str(caught.value)
    )
    assert "\n" not in str(caught.value)


def test_the_real_rows_are_read_with_their_quoted_labels(tmp_path, monkeypatch):
    import csv as quoting

    content = FRAME.assign(Class=FRAME["Class"].astype(str))
    path = tmp_path / "creditcard.csv"
    content.to_csv(path, index=False, quoting=quoting.QUOTE_NONNUMERIC)
    monkeypatch.setattr(creditcard, "download", lambda *_: path)
    same_rows(sources.load(data("creditcard")))
