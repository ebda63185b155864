"""Where rows come from: simulated, creditcard, url, file; and whether they can be learnt from."""

import numpy as np

from rebalance.sources import parts, reading, simulated
from rebalance.sources.checks import check
from rebalance.sources.creditcard import creditcard
from rebalance.sources.download import download
from rebalance.sources.files import read, together


def _simulated(data):
    return simulated.windows(**data.simulated.model_dump())


def _url(data):
    yield read(download(data.url, data.sha256))


# Each takes the section ``data`` and yields data frames that belong below each other.
SOURCES = {"simulated": _simulated, "creditcard": creditcard, "url": _url, "file": together}


def profile(data):
    """Return the `reading.Reading` of the files that the section ``data`` names."""
    if data.source == "url":
        found = [parts.Part(path=download(data.url, data.sha256), partition={})]
    else:
        found = parts.matching(data.path, data.pattern)
    return reading.profile(found, data)


def pieces(data):
    """Yield the rows of the section ``data``, checked, the target as 0 and 1.

    Rows come in one data frame, those of a large simulated table in many.

    Raises
    ------
    InputError
        Where the source is out of reach, or `check` refuses the rows.
    """
    return (check(_plain(frame), data) for frame in SOURCES[data.source](data))


def load(data):
    """Return all `pieces` in one data frame."""
    import pandas as pd

    found = list(pieces(data))
    return found[0] if len(found) == 1 else pd.concat(found, ignore_index=True)


def _plain(frame):
    """Return the frame with text for names and, where numbers can be missing, floats for them."""
    frame = frame.rename(columns=str)
    missing = [
        name
        for name, dtype in frame.dtypes.items()
        if not isinstance(dtype, np.dtype) and dtype.kind in "biuf" and frame[name].hasnans
    ]
    return frame.astype(dict.fromkeys(missing, float)) if missing else frame
