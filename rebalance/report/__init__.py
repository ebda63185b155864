"""The report of a run: its sections, sentences and figures."""

from rebalance.report.render import render

__all__ = ["render"]
