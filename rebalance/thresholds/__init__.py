"""Turn scores into decisions: rules that choose a threshold on out-of-fold scores."""

from rebalance.thresholds.costs import Costs, amounts, cost, cost_by_row, of_rule, savings
from rebalance.thresholds.rules import RULES, Band, Threshold, choose, restored, stated

__all__ = [
    "RULES",
    "Band",
    "Costs",
    "Threshold",
    "amounts",
    "choose",
    "cost",
    "cost_by_row",
    "of_rule",
    "restored",
    "savings",
    "stated",
]
