"""What a part of the benchmark hands back, and how it is printed."""

from typing import NamedTuple


class Table(NamedTuple):
    """Rows of one part.

    Attributes
    ----------
    title : str
        What was measured and which bound holds.
    headings : list of str
    rows : list of list
        Text and numbers; None where nothing was measured.
    misses : list of str
        Each bound that was missed, in words.
    notes : str
        What the reader needs to know to read the rows.
    """

    title: str
    headings: list
    rows: list
    misses: list
    notes: str = ""


def text(table):
    """Return the table as aligned lines: text left, numbers right."""
    cells = [[_cell(value) for value in row] for row in table.rows]
    columns = list(zip(table.headings, *cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(not isinstance(row[i], str) for row in table.rows) for i in range(len(columns))]
    lines = [
        "  ".join(
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in [table.headings, ["-" * width for width in widths], *cells]
    ]
    return "\n".join([table.title, "", *lines, *(["", table.notes] if table.notes else [])])


def _cell(value):
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
