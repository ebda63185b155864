"""What each column of a table holds, and how a learner sees it."""

from rebalance.columns.encoding import NUMERIC, Layout, encoded, layout, learn, matrix, used
from rebalance.columns.kinds import KINDS, LEFT_OUT, SAYABLE, recognise

__all__ = [
    "KINDS",
    "LEFT_OUT",
    "NUMERIC",
    "SAYABLE",
    "Layout",
    "encoded",
    "layout",
    "learn",
    "matrix",
    "recognise",
    "used",
]
