"""Sections as Markdown."""

from tabulate import tabulate

from rebalance.report.section import Estimate
from rebalance.report.sentences import digits


def render(title, answer, sections):
    """Return the whole page: the title, the answer, and every section."""
    return "\n\n".join([f"# {title}", answer, *map(section, sections)])


def section(section):
    """Return one section as Markdown."""
    points = "\n".join(f"- {point}" for point in section.points)
    parts = [f"## {section.title}", section.text, points, table(section.rows, section.headings)]
    return "\n\n".join(part for part in parts if part)


def table(rows, headings):
    """Return a Markdown table, or nothing without rows: text left, numbers right.

    >>> print(table([{"model": "a", "f1": 0.123456}], {"model": "model", "f1": "F1"}))
    | model   |     F1 |
    |:--------|-------:|
    | a       | 0.1235 |
    """
    if not rows:
        return ""
    numeric = [
        not any(isinstance(row.get(key), (str, Estimate)) for row in rows) for key in headings
    ]
    return tabulate(
        [[cell(row.get(key)) for key in headings] for row in rows],
        headers=list(headings.values()),
        tablefmt="pipe",
        colalign=["right" if right else "left" for right in numeric],
        disable_numparse=True,
    )


def cell(value):
    """Return a value as text: four digits of a fraction, thousands separated, no bar.

    >>> cell(0.000123456), cell(12345.6), cell(56864), cell(None), cell("a  b")
    ('0.0001235', '12,346', '56,864', '', 'a b')
    """
    if value is None:
        return ""
    if isinstance(value, (str, Estimate)):
        return " ".join(str(value).replace("|", r"\|").split())
    if not isinstance(value, float):
        return f"{value:,}"
    return digits(value) if abs(value) >= 1000 else f"{value:,.4g}"
