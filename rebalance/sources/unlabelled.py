"""Rows to score: read as the training rows were, with no column that is a target."""

from rebalance.sources import files, reading

NO_COLUMN = "\0"


def rows(path, data):
    """Return (an iterator of arrow tables, the names of the columns) of a file or a folder.

    Parameters
    ----------
    path : path
    data : params.Data
        ``read`` says how; a column called as the target is one like any other.
    """
    data = data.model_copy(update={"target": NO_COLUMN})
    profile = reading.profile(files.matching(path, data.pattern), data)
    return reading.pieces(profile, None), list(profile.columns)
