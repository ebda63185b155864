"""Typed, strict, frozen view of params.yaml."""

from rebalance.params.params import Params, load, parse
from rebalance.params.read import Read
from rebalance.params.rules import Rule
from rebalance.params.sections import (
    Calibrate,
    Data,
    Evaluate,
    Learner,
    OutOfFold,
    Run,
    Split,
    Threshold,
    Tracking,
    Treatment,
    Tune,
)

__all__ = [
    "Calibrate", "Data", "Evaluate", "Learner", "OutOfFold", "Params", "Read", "Rule", "Run",
    "Split", "Threshold", "Tracking", "Treatment", "Tune", "load", "parse",
]  # fmt: skip
