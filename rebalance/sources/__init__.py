"""Where rows come from, how they are read, and which columns and labels they have."""

from rebalance.sources.checks import features
from rebalance.sources.labels import FEWEST_POSITIVES
from rebalance.sources.load import answer, described, load, pieces, profile
from rebalance.sources.unlabelled import rows

__all__ = [
    "FEWEST_POSITIVES",
    "answer",
    "described",
    "features",
    "load",
    "pieces",
    "profile",
    "rows",
]
