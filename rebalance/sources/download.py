"""Fetch files: verify them, store them in the user's cache, refuse others in one line."""

import os
import re
import shutil
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import sleep
from urllib.parse import quote, urljoin, urlsplit

from rebalance.errors import InputError, redacted
from rebalance.sources import address

OTHER_WAYS = (
    "or set data.source to file with data.path for a copy of your own, or to simulated, which "
    "needs no network"
)
# Seconds until an address that does not answer is out of reach, and until a transfer of less than
# a piece is one that has stopped.
REACH, STALL = 8, 30
# Tries at a broken transfer, and seconds before the second; before the third twice as many.
TRIES, PAUSE = 3, 1.0
PIECE, REDIRECTS = 16 * 1024, 10
# A header for addresses that want one: "Authorization: Bearer ...".
HEADER = "REBALANCE_URL_HEADER"
HTTP = ("http://", "https://")
VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
PAGE = re.compile(rb"\s*(<!doctype html|<html)", re.IGNORECASE)


class _BrokenError(Exception):
    """Say why a transfer broke that may succeed when it is tried again."""


def download(url, sha256, size=None):
    """Return the local copy of ``url``; `InputError` where it cannot be had or is another file.

    A variable of the environment stands for ``${NAME}`` in it. Messages show neither its value,
    nor a user, a password or a query.
    """
    import pooch

    cache = Path(os.environ.get("REBALANCE_CACHE", pooch.os_cache("rebalance")))
    name = f"{sha256[:16]}-{url.rstrip('/').rpartition('/')[2].partition('?')[0]}"
    _fetch(cache, name, url, sha256.lower())
    path = cache / name
    if size and path.stat().st_size != size:
        raise InputError(f"{path} must have {size} bytes, got {path.stat().st_size}; delete it.")
    return path


def _fetch(cache, name, url, sha256):
    """Download, verify and move a file; repeat a broken transfer, and refuse another file."""
    import pooch

    shown, head = redacted(url), b""

    def save(_shown, output, _fetcher):
        nonlocal head
        head = _save(url, output) if url.lower().startswith(HTTP) else _copy(url, output)

    # Pooch prints the address.
    fetcher = pooch.create(cache, base_url="", registry={name: sha256}, urls={name: shown})
    for attempt in range(1, TRIES + 1):
        try:
            fetcher.fetch(name, downloader=save)
            return
        except _BrokenError as error:
            if attempt == TRIES:
                raise _unreachable(url, error) from None
            sleep(attempt * PAUSE)
        except ValueError as error:
            if isinstance(error, InputError):
                raise
            what = "a web page, perhaps one to log in" if PAGE.match(head) else "another file"
            raise InputError(
                f"{shown} is not the file that was asked for: its SHA-256 is not {sha256}, it is "
                f"{what}; the download was deleted."
            ) from None
        except OSError as error:
            raise InputError(
                f"{cache} cannot take the download of {shown}: {error.strerror}."
            ) from error


def _unreachable(url, reason):
    return InputError(
        f"{redacted(url)} cannot be reached ({reason}); try again on a network, {OTHER_WAYS}."
    )


def _copy(url, output):
    """Write the file at any other address, as of a bucket, to a path; return its first bytes."""
    there = address.found(url, "")
    if len(there) != 1:
        raise InputError(f"{url} is no file; data.path takes a folder, with data.source file.")
    with there[0][0].open() as source, Path(output).open("wb") as copy:
        head = source.read(PIECE)
        copy.write(head)
        shutil.copyfileobj(source, copy, 1 << 20)
    return head


def _save(url, output):
    """Write what an address answers to a file, and return its first bytes.

    The transfer runs in a thread: a name may have a dozen addresses with a time-out each, and a
    server that sends a byte now and then meets every other limit.
    """
    pieces, stop, head = Queue(maxsize=8), Event(), b""
    Thread(target=_transfer, args=(url, pieces, stop), daemon=True).start()
    try:
        total = _next(pieces, REACH)
        if total is None:
            raise _unreachable(url, f"it does not answer within {REACH:g} s")
        with open(output, "wb") as file, _bar(total) as bar:  # noqa: PTH123 pooch gives a name
            while piece := _next(pieces, STALL):
                head = head or piece
                file.write(piece)
                bar.update(len(piece))
        if piece is None:
            raise _unreachable(url, f"it sends less than {PIECE // 1024} kB in {STALL:g} s")
    finally:
        stop.set()
    return head


def _bar(total):
    from tqdm import tqdm

    # None: on a terminal only.
    return tqdm(total=total or None, unit="B", unit_scale=True, disable=None)


def _next(pieces, seconds):
    """Return what comes next, None where nothing does; raise it where it is an error."""
    try:
        piece = pieces.get(timeout=seconds)
    except Empty:
        return None
    if isinstance(piece, Exception):
        raise piece
    return piece


def _transfer(url, pieces, stop):
    """Put the length of an answer, its pieces and a last empty one into a queue, or an error."""

    def put(piece):
        while not stop.is_set():
            try:
                pieces.put(piece, timeout=1)
            except Full:
                continue
            return

    try:
        with _answer(url) as response:
            length = response.headers.get("Content-Length", "")
            put(int(length) if length.isdigit() else 0)
            for piece in response.iter_content(PIECE):
                put(piece)
                if stop.is_set():
                    return
            put(b"")
    except Exception as error:  # noqa: BLE001 raised where the pieces are taken
        put(_worded(url, error))


def _worded(url, error):
    """Return an error of the libraries' as one that is ours."""
    from requests import exceptions
    from urllib3.exceptions import MaxRetryError

    if isinstance(error, InputError | _BrokenError):
        return error
    # An address that is none is a ValueError of urllib3's.
    for_good = (
        exceptions.InvalidURL, exceptions.InvalidSchema, exceptions.MissingSchema,
        exceptions.InvalidHeader, exceptions.SSLError,
    )  # fmt: skip
    # Urllib3 raises the last where there was no connection.
    first = error.args[0] if error.args else None
    if isinstance(error, for_good) or isinstance(first, MaxRetryError):
        return _unreachable(url, type(error).__name__)
    if isinstance(error, exceptions.RequestException):
        return _BrokenError(type(error).__name__)
    return _unreachable(url, type(error).__name__) if isinstance(error, ValueError) else error


def _answer(url):
    """Return the answer of an address, or of the one that it redirects to.

    User, password and header go to its own host only, and never from https to http.
    """
    import requests
    from requests.utils import get_auth_from_url

    here = _with_variables(url)
    first, auth = urlsplit(here), get_auth_from_url(here)
    # The file as it is: a checksum is of its bytes.
    plain = {"Accept-Encoding": "identity"}
    own = plain | _header()
    for _ in range(REDIRECTS + 1):
        parts = urlsplit(here)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        same = parts.hostname == first.hostname and parts.port == first.port
        response = requests.get(
            bare,
            stream=True,
            allow_redirects=False,
            timeout=(REACH, STALL),
            headers=own if same else plain,
            auth=auth if same and any(auth) else None,
        )
        if not response.is_redirect:
            return _checked(url, response)
        response.close()
        there = urljoin(bare, response.headers["Location"])
        _check_redirect(url, bare, there)
        here = there
    raise _unreachable(url, f"it redirects more than {REDIRECTS} times")


def _check_redirect(url, here, there):
    scheme = urlsplit(there).scheme.lower()
    if scheme not in {"http", "https"}:
        raise _unreachable(url, f"it redirects to an address of the kind {scheme[:40]!r}")
    if scheme == "http" and urlsplit(here).scheme.lower() == "https":
        raise _unreachable(url, "it redirects from https to http, which anybody can read")


def _checked(url, response):
    """Return an answer that is a file; raise what is none."""
    if response.status_code < 400:
        return response
    response.close()
    if response.status_code >= 500 or response.status_code in {408, 425, 429}:
        raise _BrokenError(f"it answers {response.status_code}")
    raise _unreachable(url, f"it answers {response.status_code}")


def _with_variables(url):
    """Return an address with the variables of the environment in their places."""

    def value(match):
        if match[1] not in os.environ:
            raise InputError(
                f"data.url names the environment variable {match[1]}, which is not set."
            )
        return quote(os.environ[match[1]], safe="")

    return VARIABLE.sub(value, url)


def _header():
    """Return the header that the environment has for addresses, as a dictionary."""
    text = os.environ.get(HEADER, "")
    name, colon, value = text.partition(":")
    if text and not (colon and re.fullmatch(r"[\w-]+", name.strip()) and value.strip()):
        raise InputError(f"{HEADER} must be a name, a colon and a value, on one line.")
    return {name.strip(): value.strip()} if text else {}
