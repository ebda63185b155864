"""Rows from addresses: downloaded once, verified, or refused in one line."""

import hashlib
import re
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from rebalance import sources
from rebalance.errors import InputError
from rebalance.sources import creditcard, download
from rebalance.sources.creditcard import CREDITCARD
from tests.strategies import frame, params

FRAME = frame(120, 15)
CSV = FRAME.to_csv(index=False).encode()


def data(source, **changes):
    """Return the section ``data`` about an address."""
    given = {"drop": [], "source": source} | changes
    return params(**{f"data__{key}": value for key, value in given.items()}).data


def same_rows(found):
    pd.testing.assert_frame_equal(found, FRAME, check_dtype=False)


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
