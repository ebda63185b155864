"""Record runs in MLflow: the only package that imports it, and only inside functions."""

from rebalance.tracking.lock import look_again, mend
from rebalance.tracking.patience import AwayError
from rebalance.tracking.pipeline import edited, locked, moment, retrained
from rebalance.tracking.places import address, check, is_server, shown, without_password
from rebalance.tracking.provenance import checksum
from rebalance.tracking.records import Record, restored, waiting
from rebalance.tracking.relocation import move
from rebalance.tracking.runs import (
    download,
    hand_over,
    hand_over_kept,
    missing,
    page,
    promote,
    reachable,
    recorded_looks,
    stage,
)

__all__ = [
    "AwayError",
    "Record",
    "address",
    "check",
    "checksum",
    "download",
    "edited",
    "hand_over",
    "hand_over_kept",
    "is_server",
    "locked",
    "look_again",
    "mend",
    "missing",
    "moment",
    "move",
    "page",
    "promote",
    "reachable",
    "recorded_looks",
    "restored",
    "retrained",
    "shown",
    "stage",
    "waiting",
    "without_password",
]
