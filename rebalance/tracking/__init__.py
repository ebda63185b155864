"""Record runs in MLflow: the only package that imports it, and only inside functions."""

from rebalance.tracking.contents import Trial
from rebalance.tracking.places import address, check
from rebalance.tracking.provenance import checksum
from rebalance.tracking.runs import missing, record

__all__ = ["Trial", "address", "check", "checksum", "missing", "record"]
