"""Treatments of class imbalance, done inside each training fold: a file each, a row in `table`."""

from rebalance.learning.treatments.arguments import fewer_negatives, more_positives
from rebalance.learning.treatments.method import Fitted, Method, Prepared, counts, natural_ratio
from rebalance.learning.treatments.table import NONE, TREATMENTS, check, fit, method, prepare

__all__ = [
    "NONE",
    "TREATMENTS",
    "Fitted",
    "Method",
    "Prepared",
    "check",
    "counts",
    "fewer_negatives",
    "fit",
    "method",
    "more_positives",
    "natural_ratio",
    "prepare",
]
