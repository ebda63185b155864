"""Checks with codes: what may mislead in a table, its split, a plan and its results."""

from rebalance.checks.finding import Finding
from rebalance.checks.registry import CHECKS
from rebalance.checks.running import Plan, Results, of_plan, of_results, of_split, of_table

__all__ = ["CHECKS", "Finding", "Plan", "Results", "of_plan", "of_results", "of_split", "of_table"]
