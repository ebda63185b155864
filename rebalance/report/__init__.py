"""The report of a run: its sections, sentences and figures."""

from rebalance.report.render import as_html, as_markdown, facts
from rebalance.report.results import Results
from rebalance.report.section import Section

__all__ = ["Results", "Section", "as_html", "as_markdown", "facts"]
