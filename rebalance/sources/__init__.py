"""Where rows come from: simulated, creditcard, url, file; and whether they can be learnt from."""

from rebalance.sources.checks import FEWEST_POSITIVES, check, features
from rebalance.sources.load import SOURCES, load, pieces, profile

__all__ = ["FEWEST_POSITIVES", "SOURCES", "check", "features", "load", "pieces", "profile"]
