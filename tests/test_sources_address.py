"""Rows at an address: read where they lie, the same rows as from this machine's files."""

import bz2
import gzip
import hashlib
import re
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebalance import sources
from rebalance.cli.commands import init
from rebalance.errors import InputError
from rebalance.sources import address
from tests.strategies import ROOT, frame, params

FRAME = frame(120, 15)
CSV = FRAME.to_csv(index=False).encode()


def data(path, **changes):
    given = {"drop": [], "source": "file", "path": path} | changes
    return params(**{f"data__{key}": value for key, value in given.items()}).data


def same_rows(found, expected=FRAME):
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.fixture
def memory():
    """A file system in this process."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def zipped(content, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", content)
    return path.read_bytes()


def zstandard(content):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("kind", ["csv", "gz", "bz2", "zst", "zip", "parquet"])
def test_a_file_of_any_format_is_read_at_its_address(memory, tmp_path, kind):
    FRAME.to_parquet(tmp_path / "rows.parquet")
    content = {
        "csv": lambda: CSV,
        "gz": lambda: gzip.compress(CSV),
        "bz2": lambda: bz2.compress(CSV),
        "zst": lambda: zstandard(CSV),
        "zip": lambda: zipped(CSV, tmp_path / "rows.zip"),
        "parquet": (tmp_path / "rows.parquet").read_bytes,
    }[kind]()
    memory.pipe(f"/bucket/rows.{kind}", content)
    same_rows(sources.load(data(f"memory://bucket/rows.{kind}")))


def test_parts_are_read_in_the_order_of_their_numbers_and_folders_are_columns(memory):
    for i in range(12):
        part = FRAME[i * 10 : (i + 1) * 10].to_csv(index=False).encode()
        memory.pipe(f"/bucket/year={2020 + i // 6}/part-{i}.csv", part)
    memory.pipe("/bucket/_SUCCESS", b"")
    memory.pipe("/bucket/year=2020/.part-3.csv.crc", b"crc")
    found = sources.load(data("memory://bucket"))
    same_rows(found.drop(columns="year"))
    assert found["year"].tolist() == [2020] * 60 + [2021] * 60


def test_parts_of_this_machine_have_the_same_order(tmp_path):
    for i in range(12):
        FRAME[i * 10 : (i + 1) * 10].to_csv(tmp_path / f"part-{i}.csv", index=False)
    same_rows(sources.load(data(str(tmp_path))))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("memory://bucket/none.csv", "there is no such file or folder."),
        ("memory://bucket/notes", "where none fits data.pattern '*'; '**/*.csv' looks"),
        ("nosuch://bucket/rows.csv", "nosuch://bucket/rows.csv cannot be read: Protocol not known"),
    ],
)
def test_an_address_without_rows_is_one_line(memory, path, said):
    memory.pipe("/bucket/notes/read.me", b"x")
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        sources.load(data(path))
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    def missing(*_args, **_options):
        raise ImportError("Install gcsfs to access Google Storage")

    monkeypatch.setattr(fsspec, "url_to_fs", missing)
    said = r"gs://bucket/rows cannot be reached: Install gcsfs.*; pip install 'rebalance\[gs\]'\.$"
    with pytest.raises(InputError, match=said):
        sources.load(data("gs://bucket/rows"))


def test_every_extra_of_a_message_is_one_of_the_project():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in set(address.EXTRAS.values()):
        assert re.search(rf"^{extra} = \[", text, re.MULTILINE), extra


def test_a_server_that_fails_while_it_is_read_is_one_line(memory, monkeypatch):
    memory.pipe("/bucket/rows.csv", CSV)

    class File:
        def read(self, size):
            raise ConnectionError("reset by peer\nby the peer")

        def seek(self, *_):
            return 0

        tell = close = seek

    monkeypatch.setattr(type(memory), "open", lambda *_, **__: File())
    said = "bucket/rows.csv cannot be read: reset by peer by the peer; check the address, the netw"
    with pytest.raises(InputError, match=said):
        sources.load(data("memory://bucket/rows.csv"))


class Quiet(SimpleHTTPRequestHandler):
    """Serve the files of a folder."""

    log_message = lambda *_: None  # noqa: E731


@pytest.mark.server
def test_a_file_is_read_over_http_and_its_query_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "rows.csv").write_bytes(CSV)
    (tmp_path / "page.csv").write_text("<html></html>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: Quiet(*given, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        at = f"http://127.0.0.1:{server.server_address[1]}"
        same_rows(sources.load(data(f"{at}/rows.csv?x=secret")))
        with pytest.raises(InputError, match=re.escape(f"{at}/page.csv is a web page")) as caught:
            sources.load(data(f"{at}/page.csv?x=secret"))
        assert "secret" not in str(caught.value)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_data_url_copies_a_file_of_a_bucket_once_and_checks_it(memory, tmp_path, monkeypatch):
    monkeypatch.setenv("REBALANCE_CACHE", str(tmp_path))
    memory.pipe("/bucket/rows.csv", CSV)
    url, right = "memory://bucket/rows.csv", hashlib.sha256(CSV).hexdigest()
    same_rows(sources.load(data("", source="url", url=url, sha256=right)))
    memory.rm("/bucket/rows.csv")
    same_rows(sources.load(data("", source="url", url=url, sha256=right)))
    with pytest.raises(InputError, match=r"is no file; data\.path takes a folder"):
        sources.load(data("", source="url", url=url, sha256="0" * 64))
    memory.pipe("/bucket/rows.csv", CSV)
    with pytest.raises(InputError, match="is not the file that was asked for: its SHA-256"):
        sources.load(data("", source="url", url=url, sha256="0" * 64))
    assert [path.name for path in tmp_path.iterdir()] == [f"{right[:16]}-rows.csv"]


def test_init_writes_an_address_as_it_stands():
    assert init.located("s3://bucket/rows") == "s3://bucket/rows"


@pytest.mark.server
def test_parts_in_a_bucket_are_the_table_of_this_machine(s3, tmp_path):
    for i in range(3):
        part = pa.Table.from_pandas(FRAME[i * 40 : (i + 1) * 40], preserve_index=False)
        pq.write_table(part, tmp_path / f"part-{i}.parquet")
        s3.put(str(tmp_path / f"part-{i}.parquet"), f"bucket/rows/region={i}/part-{i}.parquet")
    found = sources.load(data("s3://bucket/rows"))
    same_rows(found.drop(columns="region"))
    with pytest.raises(InputError, match="s3://elsewhere/rows"):
        sources.load(data("s3://elsewhere/rows"))
