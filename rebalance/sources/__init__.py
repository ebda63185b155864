"""Where rows come from, how they are read, and which columns and labels they have."""

from rebalance.sources.labels import FEWEST_POSITIVES
from rebalance.sources.load import answer, described, features, how_read, load, pieces, profile
from rebalance.sources.unlabelled import NEW, labelled, rows

__all__ = [
    "FEWEST_POSITIVES",
    "NEW",
    "answer",
    "described",
    "features",
    "how_read",
    "labelled",
    "load",
    "pieces",
    "profile",
    "rows",
]
