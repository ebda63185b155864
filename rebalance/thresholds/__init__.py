"""Turn scores into decisions: rules that choose a threshold on out-of-fold scores."""

from rebalance.thresholds.costs import Costs, amounts, cost, cost_by_row, of_rule, savings
from rebalance.thresholds.rules import RULES, Threshold, choose

__all__ = [
    "RULES",
    "Costs",
    "Threshold",
    "amounts",
    "choose",
    "cost",
    "cost_by_row",
    "of_rule",
    "savings",
]
