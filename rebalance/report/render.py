"""The report as Markdown, ``metrics/report.md``."""

from rebalance.report import markdown
from rebalance.report.sections import SECTIONS
from rebalance.report.sentences import sentences

SPLITS = {
    "stratified": "random, stratified split",
    "time": "time-ordered split",
    "group": "split by group",
    "column": "split given by a column",
}


def as_markdown(results):
    """Return the report of the `Results` as Markdown."""
    sections = [section for make in SECTIONS if (section := make(results))]
    return markdown.render(title(results), " ".join(sentences(results)), sections)


def title(results):
    """Return the question that the report answers, and how the test rows were drawn."""
    split = SPLITS[results.params.split.method]
    return f"Does any treatment of class imbalance help? ({split})"
