"""Tables as Markdown."""


def table(rows, headings):
    """Return a Markdown table, or nothing without rows: text left, numbers right.

    >>> print(table([{"model": "a", "f1": 0.123456}], {"model": "model", "f1": "F1"}))
    | model |     F1 |
    | ----- | -----: |
    | a     | 0.1235 |
    """
    if not rows:
        return ""
    cells = [[_cell(row.get(key)) for key in headings] for row in rows]
    numeric = [all(not isinstance(row.get(key), str) for row in rows) for key in headings]
    widths = [
        max(3, len(title), *(len(row[i]) for row in cells))
        for i, title in enumerate(headings.values())
    ]

    def line(texts):
        padded = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(texts, widths, numeric, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * (width - 1) + ":" if right else "-" * width
        for width, right in zip(widths, numeric, strict=True)
    ]
    return "\n".join([line(headings.values()), line(rule), *(line(row) for row in cells)])


def _cell(value):
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
