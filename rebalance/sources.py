"""Where rows come from: simulated, creditcard, url, file; and whether they can be learnt from."""

import os
from pathlib import Path

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
    import requests

    cache = Path(os.environ.get("REBALANCE_CACHE", pooch.os_cache("rebalance")))
    name = f"{sha256[:16]}-{url.rstrip('/').rpartition('/')[2].partition('?')[0]}"
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=(5, 60))
    try:
        # Pooch downloads beside, verifies, moves, and tries again after a broken transfer.
        fetcher = pooch.create(
            cache, base_url="", registry={name: sha256}, urls={name: url}, retry_if_failed=2
        )
        path = Path(fetcher.fetch(name, downloader=downloader))
    except requests.exceptions.RequestException as error:
        raise InputError(
            f"{url} cannot be reached ({type(error).__name__}); try again on a network, "
            f"{OTHER_WAYS}."
        ) from error
    except ValueError as error:
        raise InputError(
            f"{url} is not the file that was asked for: its SHA-256 is not {sha256}; the download "
            "was deleted."
        ) from error
    if size and path.stat().st_size != size:
        raise InputError(f"{path} must have {size} bytes, got {path.stat().st_size}; delete it.")
    return path


def _file(data):
    import pandas as pd

    files = matching(data.path, data.pattern)
    if not files:
        raise InputError(
            f"data.path must name a CSV or Parquet file, a folder of them or a glob, got "
            f"{data.path!r}, where none is."
        )
    frames = [_read(path) for path in files]
    columns = list(frames[0].columns)
    for path, frame in zip(files, frames, strict=True):
        if list(frame.columns) != columns:
            raise InputError(f"{path} must have the columns of {files[0]}: {', '.join(columns)}.")
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def matching(path, pattern="*"):
    """Return the CSV and Parquet files that a path, a folder or a glob names, sorted."""
    given = Path(path)
    if given.is_file():
        return [given]
    if given.is_dir():
        found = given.glob(pattern)
    else:
        root = Path(given.anchor) if given.is_absolute() else Path()
        found = root.glob(str(given.relative_to(given.anchor)))
    return sorted(file for file in found if file.is_file() and _kind(file))


def _kind(path):
    suffixes = "".join(path.suffixes).lower()
    if suffixes.endswith((".parquet", ".pq")):
        return "parquet"
    return "csv" if ".csv" in suffixes else ""


def _read(path):
    import pandas as pd

    kind = _kind(path)
    if not kind:
        raise InputError(
            f"{path} must be CSV (.csv, .csv.gz, .csv.zip, …) or Parquet (.parquet), by its name."
        )
    try:
        return pd.read_parquet(path) if kind == "parquet" else pd.read_csv(path)
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as {kind}: {reason}") from error


SOURCES = {"simulated": _simulated, "creditcard": _creditcard, "url": _url, "file": _file}


def load(data):
    """Return the rows of the section ``data``, checked, the target as 0 and 1.

    Raises
    ------
    InputError
        Where the source is out of reach, or `check` refuses the rows.
    """
    return check(SOURCES[data.source](data), data)


def check(frame, data):
    """Return ``frame`` with the target as 0 and 1, or raise `InputError` naming what is wrong."""
    target = data.target
    if target not in frame:
        raise InputError(
            f"data.target {target!r} is no column; the columns are {', '.join(frame.columns)}."
        )
    labels = frame[target]
    if labels.isna().any():
        raise InputError(
            f"data.target {target!r} must have a label in every row, got "
            f"{int(labels.isna().sum())} rows without."
        )
    values = list(labels.unique())
    if len(values) != 2:
        shown = ", ".join(repr(_plain(value)) for value in sorted(values, key=str)[:5])
        raise InputError(
            f"data.target {target!r} must have two classes, got {len(values)}: {shown}"
            f"{', …' if len(values) > 5 else ''}."
        )
    if not any(_same(value, data.positive) for value in values):
        shown = ", ".join(repr(_plain(value)) for value in sorted(values, key=str))
        raise InputError(
            f"data.positive must be one of the labels of {target!r}, {shown}, got "
            f"{data.positive!r}."
        )
    positive = next(value for value in values if _same(value, data.positive))
    y = (labels == positive).to_numpy().astype(np.int8)
    if y.sum() < FEWEST_POSITIVES:
        raise InputError(
            f"data.target {target!r} must have {FEWEST_POSITIVES} positives or more, to be split "
            f"and to be folded, got {int(y.sum())}."
        )
    for name in data.drop:
        if name not in frame:
            raise InputError(
                f"data.drop names {name!r}, which is no column; the columns are "
                f"{', '.join(frame.columns)}."
            )
    return frame.assign(**{target: y})


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value


def _same(label, positive):
    """Say whether a label of the table is the one that params.yaml means."""
    label = _plain(label)
    if isinstance(label, bool) != isinstance(positive, bool):
        return str(label).lower() == str(positive).lower()
    return label == positive or str(label) == str(positive)


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
            "data.drop."
        )
    infinite = [name for name in names if np.isinf(frame[name].to_numpy(dtype=float)).any()]
    if infinite:
        raise InputError(
            f"features must be finite; {', '.join(infinite)} have infinite values: mend them, or "
            "name them in data.drop."
        )
    return names
