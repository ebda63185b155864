"""Look at a table before it is known what its labels mean."""

from dataclasses import dataclass

from rebalance.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a table holds.

    ``labels`` counts the values of the target, ``times`` names the columns of dates and times,
    ``said`` are lines on how the file was read.
    """

    columns: list
    labels: dict
    times: list
    said: list


def profile(path, target):
    """Return the `Profile` of the table at ``path``."""
    import pandas as pd

    from rebalance import sources
    from rebalance.params import Data

    data = Data.model_construct(source="file", path=path, pattern="*", target=target)
    frame = pd.concat(list(sources.SOURCES["file"](data)))
    if target not in frame:
        raise InputError(f"--target {target!r} is no column; the columns are {list(frame)}.")
    return Profile(
        columns=list(frame),
        labels=frame[target].value_counts().to_dict(),
        times=[name for name in frame if frame[name].dtype.kind == "M"],
        said=[],
    )
