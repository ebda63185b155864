"""The kind of each column of a table, and its encoding for a learner."""

from rebalance.columns.encoding import (
    MANY,
    NUMBERS,
    NUMERIC,
    Layout,
    encoded,
    layout,
    learn,
    matrix,
    places,
    roles,
    used,
)
from rebalance.columns.kinds import KINDS, SAYABLE
from rebalance.columns.steps import NO_STEPS, Steps, before, filled, one_hot

__all__ = [
    "KINDS",
    "MANY",
    "NO_STEPS",
    "NUMBERS",
    "NUMERIC",
    "SAYABLE",
    "Layout",
    "Steps",
    "before",
    "encoded",
    "filled",
    "layout",
    "learn",
    "matrix",
    "one_hot",
    "places",
    "roles",
    "used",
]
