"""Rows from addresses: downloaded once, verified, or refused in one line."""

import hashlib
import re
import socket
import ssl
import struct
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
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
SHA256 = hashlib.sha256(CSV).hexdigest()


def data(source, **changes):
    """Return the section ``data`` about an address."""
    given = {"drop": [], "source": source} | changes
    return params(**{f"data__{key}": value for key, value in given.items()}).data


def same_rows(found):
    pd.testing.assert_frame_equal(found, FRAME, check_dtype=False)


class Server(BaseHTTPRequestHandler):
    """Answer with the rows, or as a path says: ``/reset-50`` breaks off at half of them."""

    log_message = lambda *_: None  # noqa: E731 quiet

    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        kind, _, number = self.path.strip("/").partition("?")[0].partition(".")[0].partition("-")
        getattr(self, f"answer_{kind}", self.answer)(number)

    def answer(self, _, content=CSV, length=None):
        self.send_response(200)
        if length is not False:
            self.send_header("Content-Length", str(length or len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer_missing(self, _):
        self.send_error(404)

    def answer_silent(self, _):
        self.server.stopping.wait(5)

    def answer_drips(self, _):
        """Send one byte after the other, faster than any time-out between two bytes."""
        self.answer(_, b"", len(CSV))
        while not self.server.stopping.wait(0.05):
            self.wfile.write(b"1")

    def answer_broken(self, number):
        """Send a part, and end, until it was asked often enough."""
        enough = len(self.server.asked) > int(number)
        self.answer(number, CSV if enough else CSV[: len(CSV) // 2], len(CSV))

    def answer_busy(self, number):
        if len(self.server.asked) > int(number):
            self.answer(number)
        else:
            self.send_error(503)

    def answer_reset(self, number):
        """Send so many per cent, and reset the connection."""
        self.answer(number, CSV[: len(CSV) * int(number) // 100], len(CSV))
        self.wfile.flush()
        reset = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        self.connection.close()

    def answer_truncated(self, number):
        """Send a part as if it were the whole."""
        self.answer(number, CSV[: len(CSV) // 2], False)

    def answer_page(self, number):
        self.answer(number, b"\n<!DOCTYPE html><html>Please log in</html>")

    def answer_loop(self, number):
        self.send_response(302)
        self.send_header("Location", f"/loop-{int(number) + 1}.csv")
        self.end_headers()

    def answer_moved(self, _):
        self.send_response(301)
        self.send_header("Location", self.server.elsewhere)
        self.end_headers()


@contextmanager
def serving(certificate=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.asked, server.headers, server.stopping = [], [], threading.Event()
    server.elsewhere = "/rows.csv"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
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
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(download, "PAUSE", 0.01)
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
@pytest.mark.parametrize("path", ["broken-2.csv", "busy-2.csv", "moved.csv"])
def test_what_goes_well_at_last_is_a_success(server, path):
    same_rows(sources.load(at(server, path)))


FAILURES = {
    "missing.csv": ("it answers 404", 1),
    "busy-9.csv": ("it answers 503", 3),
    "broken-9.csv": ("ChunkedEncodingError", 3),
    "reset-10.csv": ("ChunkedEncodingError", 3),
    "reset-50.csv": ("ChunkedEncodingError", 3),
    "reset-99.csv": ("ChunkedEncodingError", 3),
    "loop-0.csv": ("it redirects more than 10 times", 11),
}


@pytest.mark.server
@pytest.mark.parametrize("path", FAILURES)
def test_what_fails_to_the_end_is_one_line_and_leaves_nothing(server, path, tmp_path):
    reason, asked = FAILURES[path]
    with pytest.raises(InputError, match=rf"{path} cannot be reached \({reason}\); try") as caught:
        sources.load(at(server, path))
    assert "\n" not in str(caught.value)
    assert "data.source to file" in str(caught.value)
    assert len(server.asked) == asked
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.server
@pytest.mark.parametrize(
    ("path", "what"),
    [("truncated.csv", "another file"), ("page.csv", "a web page, perhaps one to log in")],
)
def test_another_file_under_the_same_address_is_named(server, path, what, tmp_path):
    with pytest.raises(InputError, match=f"its SHA-256 is not [0-9a-f]+, it is {what}; the down"):
        sources.load(at(server, path))
    assert not list((tmp_path / "cache").iterdir())
    assert len(server.asked) == 1


@pytest.mark.server
@pytest.mark.parametrize(
    ("path", "limit", "reason"),
    [
        ("silent.csv", "REACH", "it does not answer within 0.2 s"),
        ("drips.csv", "STALL", "it sends less than 16 kB in 0.2 s"),
    ],
)
def test_a_server_that_is_silent_or_slow_is_given_up(server, monkeypatch, path, limit, reason):
    monkeypatch.setattr(download, limit, 0.2)
    with pytest.raises(InputError, match=rf"{path} cannot be reached \({reason}\)"):
        sources.load(at(server, path))
    assert len(server.asked) == 1


@pytest.mark.server
@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ("http://localhost:{port}/rows.csv", "it redirects from https to http"),
        ("file:///etc/passwd", "it redirects to an address of the kind 'file'"),
        ("ftp://127.0.0.1/rows.csv", "it redirects to an address of the kind 'ftp'"),
    ],
)
def test_no_redirect_leads_to_an_address_that_is_less_safe(
    server, there, reason, certificate, monkeypatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with serving(certificate) as safe:
        safe.elsewhere = there.format(port=server.server_address[1])
        port = safe.server_address[1]
        same_rows(sources.load(data("url", url=f"https://localhost:{port}/a.csv", sha256=SHA256)))
        with pytest.raises(InputError, match=rf"moved\.csv cannot be reached \({reason}"):
            sources.load(data("url", url=f"https://localhost:{port}/moved.csv", sha256="0" * 64))
    assert server.asked == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return a file with a key and a certificate of localhost."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(private + signed.public_bytes(encoding))
    return path


@pytest.mark.server
def test_a_secret_of_an_address_reaches_its_own_host_and_no_message(server, monkeypatch, capfd):
    monkeypatch.setenv("PASS", "a/canary@1")
    monkeypatch.setenv("TICKET", "canary2")
    monkeypatch.setenv("REBALANCE_URL_HEADER", "X-Key: canary3")
    host = f"127.0.0.1:{server.server_address[1]}"
    url = f"http://me:${{PASS}}@{host}/FILE.csv?token=${{TICKET}}"
    same_rows(sources.load(data("url", url=url.replace("FILE", "rows"), sha256=SHA256)))
    assert server.asked == ["/rows.csv?token=canary2"]
    (headers,) = server.headers
    assert headers["Authorization"] == "Basic " + b64encode(b"me:a/canary@1").decode()
    assert headers["X-Key"] == "canary3"

    # Another host, here another name of the same, gets neither.
    server.elsewhere = f"http://localhost:{server.server_address[1]}/rows.csv"
    same_rows(sources.load(data("url", url=url.replace("FILE", "moved"), sha256=SHA256)))
    assert server.headers[1]["X-Key"] == "canary3"
    assert not {"X-Key", "Authorization"} & set(server.headers[2])

    for file in ("missing", "busy-9", "reset-50", "page", "loop-0"):
        with pytest.raises(InputError) as caught:
            sources.load(data("url", url=url.replace("FILE", file), sha256="0" * 64))
        assert "canary" not in str(caught.value)
        assert file in str(caught.value)
    assert "canary" not in "".join(capfd.readouterr())


def test_a_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("TICKET", raising=False)
    with pytest.raises(InputError, match="names the environment variable TICKET, which is not set"):
        sources.load(data("url", url="http://127.0.0.1:9/a.csv?token=${TICKET}", sha256="0" * 64))


def test_a_header_that_is_none_is_refused_and_not_shown(monkeypatch):
    monkeypatch.setenv("REBALANCE_URL_HEADER", "Bearer canary")
    with pytest.raises(InputError, match="REBALANCE_URL_HEADER must be a name, a colon") as caught:
        sources.load(data("url", url="http://127.0.0.1:9/a.csv", sha256="0" * 64))
    assert "canary" not in str(caught.value)


@pytest.mark.server
def test_another_file_than_the_one_asked_for_is_refused_and_not_kept(server, tmp_path):
    with pytest.raises(InputError, match="is not the file that was asked for: its SHA-256 is not"):
        sources.load(at(server, "rows.csv", content=b"other"))
    assert not list((tmp_path / "cache").iterdir())
    assert len(server.asked) == 1


def test_an_address_of_many_hosts_that_do_not_answer_has_one_time_out(monkeypatch):
    import requests

    monkeypatch.setattr(download, "REACH", 0.1)

    asked = []

    def slow(*_, **__):
        asked.append("")
        time.sleep(1)
        raise requests.exceptions.ConnectTimeout

    monkeypatch.setattr(requests, "get", slow)
    with pytest.raises(InputError, match=r"b\.csv cannot be reached \(it does not answer within 0"):
        sources.load(data("url", url="http://a.test/b.csv", sha256="0" * 64))
    assert len(asked) == 1


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
    monkeypatch.setattr(download, "PAUSE", None)  # nothing is tried again
    with pytest.raises(InputError) as caught:
        sources.load(data("creditcard"))
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
