"""Where rows come from: simulated, creditcard, url, file; and whether they can be learnt from."""

import lzma
import os
import re
import zipfile
import zlib
from pathlib import Path
from threading import Thread

import numpy as np

from rebalance import simulation
from rebalance.errors import InputError

# The public file of the article's data: Dal Pozzolo et al., 2015, licence DbCL 1.0.
CREDITCARD = {
    "url": "https://storage.googleapis.com/download.tensorflow.org/data/creditcard.csv",
    "sha256": "76274b691b16a6c49d3f159c883398e03ccd6d1ee12d9d8ee38f4b4b98551a89",
    "bytes": 150_828_752,
}
OTHER_WAYS = (
    "or set data.source to file with data.path for a copy of your own, or to simulated, which "
    "needs no network"
)
FEWEST_POSITIVES = 10
# Seconds until an address that does not answer is out of reach, and tries at a broken transfer.
REACH, TRIES = 8, 3

TABLE = re.compile(r"\.(parquet|pq|csv(\.(gz|bz2|xz|zip))?)", re.IGNORECASE)
COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZ": "bz2",
    b"\xfd7": "xz",
    b"PK": "zip",
}
# YAML reads each of these, unquoted, as true or false.
SAID = {True: {"true", "yes", "on"}, False: {"false", "no", "off"}}


def _simulated(data):
    return simulation.simulate(**data.simulated.model_dump())


def _creditcard(_data):
    frame = _read(_download(CREDITCARD["url"], CREDITCARD["sha256"], CREDITCARD["bytes"]))
    # The public file quotes its labels.
    return frame.astype({"Class": int})


def _url(data):
    return _read(_download(data.url, data.sha256))


def _download(url, sha256, size=None):
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
    """Download beside, verify and move; a broken transfer is tried again, another file is not."""
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


def _file(data):
    import pandas as pd

    files = matching(data.path, data.pattern)
    if not files:
        raise InputError(
            f"data.path must name a CSV or Parquet file or a folder of them, got {data.path!r}, "
            f"where none fits data.pattern {data.pattern!r}; '**/*.csv' looks into folders below."
        )
    frames = [_read(path) for path in files]
    columns = list(frames[0].columns)
    for path, frame in zip(files, frames, strict=True):
        if list(frame.columns) != columns:
            raise InputError(f"{path} must have the columns of {files[0]}: {', '.join(columns)}.")
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def matching(path, pattern="*"):
    """Return the file at ``path``, or the CSV and Parquet files of a folder, sorted.

    Raises `InputError` where ``pattern`` is no glob.
    """
    given = Path(path).expanduser()
    if given.is_file():
        return [given]
    try:
        return sorted(f for f in given.glob(pattern or "*") if f.is_file() and _is_table(f))
    except (NotImplementedError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise InputError(
            f"data.pattern must be a glob below data.path, got {pattern!r}: {reason}."
        ) from error


def _is_table(path):
    return TABLE.fullmatch("".join(path.suffixes[-2:])) or TABLE.fullmatch(path.suffix)


def _read(path):
    """Return the table in a file, by its first bytes: an address need not end in .csv."""
    import pandas as pd

    head = b""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == b"PAR1":
            return pd.read_parquet(path)
        return pd.read_csv(path, compression=COMPRESSIONS.get(head[:2]))
    except (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        kind = "Parquet" if head == b"PAR1" else "CSV"
        raise InputError(f"{path} cannot be read as {kind}: {reason}.") from error


SOURCES = {"simulated": _simulated, "creditcard": _creditcard, "url": _url, "file": _file}


def load(data):
    """Return the rows of the section ``data``, checked, the target as 0 and 1.

    Raises
    ------
    InputError
        Where the source is out of reach, or `check` refuses the rows.
    """
    return check(_plain(SOURCES[data.source](data)), data)


def _plain(frame):
    """Return the frame with text for names and, where numbers can be missing, floats for them."""
    frame = frame.rename(columns=str)
    missing = [
        name
        for name, dtype in frame.dtypes.items()
        if not isinstance(dtype, np.dtype) and dtype.kind in "biuf" and frame[name].hasnans
    ]
    return frame.astype(dict.fromkeys(missing, float)) if missing else frame


def check(frame, data):
    """Return ``frame`` with the target as 0 and 1, or raise `InputError` naming what is wrong."""
    target = data.target
    columns = ", ".join(frame.columns)
    if target not in frame:
        raise InputError(f"data.target {target!r} is no column; the columns are {columns}.")
    if unknown := [name for name in data.drop if name not in frame]:
        raise InputError(
            f"data.drop names {unknown[0]!r}, which is no column; the columns are {columns}."
        )
    labels = frame[target]
    if labels.isna().any():
        raise InputError(
            f"data.target {target!r} must have a label in every row, got "
            f"{int(labels.isna().sum())} rows without."
        )
    y = (labels == _positive(labels, data)).to_numpy().astype(np.int8)
    if y.sum() < FEWEST_POSITIVES:
        raise InputError(
            f"data.target {target!r} must have {FEWEST_POSITIVES} positives or more, to be split "
            f"and to be folded, got {int(y.sum())}."
        )
    if y.mean() > 1 / 2:
        raise InputError(
            f"data.positive must be the label of the rare class, got {data.positive!r}, which "
            f"{y.mean():.4%} of the rows have."
        )
    return frame.assign(**{target: y})


def _positive(labels, data):
    """Return the label of the rare class as the table writes it."""
    values = sorted(labels.unique().tolist(), key=str)
    shown = ", ".join(map(repr, values[:5])) + ", …" * (len(values) > 5)
    if len(values) != 2:
        raise InputError(
            f"data.target {data.target!r} must have two classes, got {len(values)}"
            f"{': ' * bool(values)}{shown}."
        )
    found = [value for value in values if _same(value, data.positive)]
    if len(found) != 1:
        raise InputError(
            f"data.positive must be one of the labels of {data.target!r}, {shown}, got "
            f"{data.positive!r}."
        )
    return found[0]


def _same(label, positive):
    """Say whether a label of the table is the one that params.yaml means."""
    if isinstance(positive, bool) and isinstance(label, str):
        return label.strip().lower() in SAID[positive]
    if isinstance(label, bool) and isinstance(positive, str):
        return positive.lower() in SAID[label]
    return label == positive or _number(label) == _number(positive)


def _number(label):
    try:
        return float(label)
    except (TypeError, ValueError):
        return str(label)


def features(frame, target, others):
    """Return the names of the features, or raise `InputError` for what no learner takes.

    Parameters
    ----------
    frame : pandas.DataFrame
    target : str
    others : collection of str
        Columns that are no features.
    """
    names = [name for name in frame.columns if name != target and name not in others]
    if not names:
        raise InputError(
            f"data.drop leaves no feature: {', '.join(map(str, others))} are dropped or split by."
        )
    wrong = [name for name in names if frame[name].dtype.kind not in "biuf"]
    if wrong:
        raise InputError(
            f"features must be numeric; {', '.join(wrong)} are not: encode them, or name them in "
            "data.drop (split.column may name a dropped one)."
        )
    if empty := [name for name in names if frame[name].isna().all()]:
        raise InputError(
            f"features must have values; {', '.join(empty)} have none: name them in data.drop."
        )
    infinite = [name for name in names if np.isinf(frame[name].to_numpy(dtype=float)).any()]
    if infinite:
        raise InputError(
            f"features must be finite; {', '.join(infinite)} have infinite values: mend them, or "
            "name them in data.drop."
        )
    return names
