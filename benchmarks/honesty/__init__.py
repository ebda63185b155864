"""Measure whether intervals, verdicts and recommendations can be trusted."""
