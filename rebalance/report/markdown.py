"""Sections as Markdown."""

from tabulate import tabulate

from rebalance.report.section import Estimate
from rebalance.report.sentences import fixed, shared

NOTES = "How the numbers were made"


def render(title, answer, sections):
    """Return the whole page: the title, the answer, every section, and the notes of all."""
    notes = [f"**{each.title}** {each.notes}" for each in sections if each.notes]
    last = [f"## {NOTES}", *notes] if notes else []
    return "\n\n".join([f"# {title}", answer, *map(section, sections), *last])


def section(section):
    """Return one section as Markdown, without its notes."""
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
    columns = [column([row.get(key) for row in rows]) for key in headings]
    return tabulate(
        zip(*columns, strict=True),
        headers=list(headings.values()),
        tablefmt="pipe",
        colalign=["right" if right else "left" for right in numeric],
        disable_numparse=True,
    )


def column(values):
    """Return the values of a column as text: fractions share their decimals, no bar.

    A number that would be 0 then has its own digits.

    >>> column([0.5, 0.02741, "none", 1e-9]), column([56864, None]), column(["a  b"])
    (['0.500000', '0.027410', 'none', '1e-09'], ['56,864', ''], ['a b'])
    >>> column([0.5, 0.0])
    ['0.5000', '0.0000']
    >>> column([Estimate(value=0.5, low=0.4, high=0.6), Estimate(value=0.5, low=0.499, high=0.501)])
    ['0.5000 [0.4000, 0.6000]', '0.5000 [0.4990, 0.5010]']
    """
    estimates = [value for value in values if isinstance(value, Estimate)]
    decimals = (
        Estimate.shared(estimates)
        if estimates
        else shared([value for value in values if isinstance(value, float)])
    )
    return [_cell(value, decimals) for value in values]


def _cell(value, decimals):
    if value is None:
        return ""
    if isinstance(value, str):
        return " ".join(value.replace("|", r"\|").split())
    if isinstance(value, Estimate):
        return value.text(decimals)
    if not isinstance(value, float):
        return f"{value:,}"
    return f"{value:.3g}" if value and not round(value, decimals) else fixed(value, decimals)
