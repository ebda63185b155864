"""Fetch files: verify them, store them in the user's cache, refuse others in one line."""

import os
from pathlib import Path
from threading import Thread

from rebalance.errors import InputError

OTHER_WAYS = (
    "or set data.source to file with data.path for a copy of your own, or to simulated, which "
    "needs no network"
)
# Seconds until an address that does not answer is out of reach, and tries at a broken transfer.
REACH, TRIES = 8, 3


def download(url, sha256, size=None):
    """Return the local copy of ``url``; `InputError` where it cannot be had or is another file."""
    import pooch

    cache = Path(os.environ.get("REBALANCE_CACHE", pooch.os_cache("rebalance")))
    name = f"{sha256[:16]}-{url.rstrip('/').rpartition('/')[2].partition('?')[0]}"
    path = cache / name
    if not path.exists():
        _reach(url)
    _fetch(cache, name, url, sha256.lower())
    if size and path.stat().st_size != size:
        raise InputError(f"{path} must have {size} bytes, got {path.stat().st_size}; delete it.")
    return path


def _reach(url):
    """Raise `InputError` unless ``url`` answers within `REACH` seconds."""
    import requests

    answer = []

    def ask():
        try:
            with requests.get(url, stream=True, timeout=REACH) as response:
                response.raise_for_status()
        except (requests.exceptions.RequestException, ValueError) as error:
            # An address that is none is a ValueError of urllib3's.
            answer.append(error)
        else:
            answer.append(None)

    # A name can have a dozen addresses, and each of them its own time-out: the thread has one.
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(REACH)
    error = answer[0] if answer else requests.exceptions.Timeout()
    if error is not None:
        raise _unreachable(url, error) from error


def _unreachable(url, error):
    status = getattr(getattr(error, "response", None), "status_code", None)
    reason = f"it answers {status}" if status else type(error).__name__
    return InputError(f"{url} cannot be reached ({reason}); try again on a network, {OTHER_WAYS}.")


def _fetch(cache, name, url, sha256):
    """Download, verify and move a file; repeat a broken transfer, and refuse another file."""
    import pooch
    import requests

    fetcher = pooch.create(cache, base_url="", registry={name: sha256}, urls={name: url})
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=(REACH, 60))
    for attempt in range(1, TRIES + 1):
        try:
            fetcher.fetch(name, downloader=downloader)
            return
        except requests.exceptions.RequestException as error:
            if attempt == TRIES:
                raise _unreachable(url, error) from error
        except ValueError as error:
            raise InputError(
                f"{url} is not the file that was asked for: its SHA-256 is not {sha256}; the "
                "download was deleted."
            ) from error
        except OSError as error:
            raise InputError(f"{cache} cannot take the download of {url}: {error}.") from error
