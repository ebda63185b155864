"""Checks with codes: what may mislead in a table, its split, a plan and its results."""

from rebalance.checks.finding import Finding, in_order
from rebalance.checks.passing import Passing
from rebalance.checks.registry import CHECKS
from rebalance.checks.running import (
    Plan,
    Results,
    of_passing,
    of_plan,
    of_results,
    of_sides,
    of_split,
    of_table,
    together,
)

__all__ = [
    "CHECKS",
    "Finding",
    "Passing",
    "Plan",
    "Results",
    "in_order",
    "of_passing",
    "of_plan",
    "of_results",
    "of_sides",
    "of_split",
    "of_table",
    "together",
]
