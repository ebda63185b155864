"""The report of a run: its sections, sentences and figures."""

from rebalance.report.answer import answer, summaries
from rebalance.report.files import write
from rebalance.report.render import as_html, as_markdown, facts
from rebalance.report.results import Results
from rebalance.report.section import Section

__all__ = [
    "Results",
    "Section",
    "answer",
    "as_html",
    "as_markdown",
    "facts",
    "summaries",
    "write",
]
