"""The kind of each column of a table, and its encoding for a learner."""

from rebalance.columns.encoding import (
    LARGEST,
    MANY,
    NUMBERS,
    NUMERIC,
    Layout,
    encoded,
    is_text,
    layout,
    learn,
    matrix,
    places,
    refuse_no_dates,
    roles,
    rows,
    used,
)
from rebalance.columns.kinds import KINDS, SAYABLE, recognise
from rebalance.columns.steps import NO_STEPS, Steps, before, filled, one_hot

__all__ = [
    "KINDS",
    "LARGEST",
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
    "is_text",
    "layout",
    "learn",
    "matrix",
    "one_hot",
    "places",
    "recognise",
    "refuse_no_dates",
    "roles",
    "rows",
    "used",
]
