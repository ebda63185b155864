"""Find the row that names the columns, if there is one, by what stands below it."""

import re
from collections import Counter
from itertools import pairwise

from rebalance.errors import InputError
from rebalance.sources import marks

# Rows that may stand above the first row of data, and cells of a row that a message shows.
ABOVE, SHOWN = 30, 5
# Digits of a number that numbers rows or columns.
MOST_DIGITS = 18
# Without a bar at the border, cells of so many dashes are gaps of a row, not a line.
LONGEST_GAP = 2
RULE = re.compile(r":?[-+]+:?|=+")


def find(path, rows, options, target, is_row=None, is_header=None):
    """Return the number of the header, None for none, and of the first row of data.

    ``is_header`` says of the cells of the first row whether they are the names of a model's
    columns; None where they may be.

    ``is_row`` says of (names, cells) whether the cells may be those of a row to score: no such row
    below the header is left out. A line that is drawn below the header is left out in any case.
    """
    first, named = _above_rows(rows), None
    if is_header and options.header is None and not _counts_up(rows[first]):
        named = is_header(rows[first])
    if named is False:
        return None, first
    number, body = _found(path, rows, options, target, first if named else None)
    if is_row and number is not None:
        names = rows[number]
        first = number + 1
        if _ruled(rows[first:]) and (not names[0] or max(map(len, rows[first])) > LONGEST_GAP):
            first += 1
        body = next((i for i in range(first, body) if is_row(names, rows[i])), body)
    return number, body


def _found(path, rows, options, target, named):
    if options.header is False:
        return None, 0
    likely = _likely(rows[:ABOVE], rows, target, named)
    if options.skip is not None or (options.header and not likely):
        # The rows to skip are named: what comes next is the header, or the first row.
        return (0, 1) if options.header or 0 in likely else (None, 0)
    if len(likely) > 1:
        naming = [row for row in likely if target in rows[row]]
        # Below a target that is called as one of its labels, rows of data have it too.
        names = [row for row in naming if not any(map(marks.is_number, rows[row]))]
        if len(names) == 1 < len(naming):
            return names[0], names[0] + 1 + _ruled(rows[names[0] + 1 :])
        if len(naming) != 1 and not options.columns:
            raise InputError(
                f"{path} has {len(likely)} rows that may be the header: "
                f"{' and '.join(shown(rows[row]) for row in likely[:3])}; data.target "
                f"{target!r} is in {'none' if not naming else 'more than one'} of them: write the "
                "number of rows above the header into data.read.skip."
            )
        number = (naming or likely)[-1]
        # Of text alone nothing tells a second header from a row of data.
        last = likely[-1] if any(_numeric(rows)) else number
        return number, last + 1 + _ruled(rows[last + 1 :])
    if likely:
        return likely[0], likely[0] + 1 + _ruled(rows[likely[0] + 1 :])
    if _rising(rows[0]) and not options.columns:
        raise InputError(
            f"{path} can be read in two ways: its first row, {shown(rows[0])}, is a header of "
            "numbers, or a row; write data.read.header: true, or false."
        )
    return None, _above_rows(rows)


def _ruled(rows):
    """Return 1 where the first row is a line, as Markdown and databases draw it, and else 0."""
    cells = [cell for cell in rows[0] if cell] if rows else []
    return int(bool(cells) and all(RULE.fullmatch(cell) for cell in cells))


def _above_rows(rows):
    """Return how many rows above the first are narrower than the table: a title, a comment."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    return next((i for i, row in enumerate(rows[:ABOVE]) if len(row) == width), 0)


def _likely(candidates, rows, target, named):
    """Return the numbers of the rows that look like a header above rows of data.

    ``named`` is the number of a row that has the names of a model's columns, or None.
    """
    columns = _columns(rows)
    width, numeric, n_rows = len(columns), _numeric(rows), len(columns[0])
    values = [set(column) for column in columns]
    likely, short = [], []
    for number, row in enumerate(candidates):
        if len(row) not in {width - 1, width, width + 1}:
            # A title may be one cell; a row of several with the target may be a short header.
            if len(row) > 1 and target in row:
                short.append(number)
            continue
        if (
            number == named
            or len(rows) == 1
            or _names_columns(row, width, numeric, values, n_rows, target)
        ):
            likely.append(number)
    if not any(target in rows[row] for row in likely):
        likely = sorted(likely + short)
    # Rows of data do not stand above a header.
    if likely and likely != list(range(likely[0], likely[-1] + 1)):
        likely = [row for row in likely if target in rows[row]] or likely[:1]
    return likely


def _columns(rows):
    """Return the cells of each column, without those rows that a header may be among."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    body = [row for row in rows[min(len(rows) // 2, ABOVE) :] if len(row) == width]
    return [[row[i] for row in body] for i in range(width)]


def _numeric(rows):
    return list(map(_is_numeric, _columns(rows)))


def _is_numeric(column):
    cells = [cell for cell in column if not marks.is_missing(cell)]
    return bool(cells) and sum(map(marks.is_number, cells)) >= 0.95 * len(cells)


def _names_columns(row, width, numeric, values, n_rows, target):
    """Say whether a row holds names: text above numbers, or what no row below holds."""
    cells = row if len(row) == width else (["", *row] if len(row) < width else row[:width])
    position = target in map(str, range(width))
    if target in cells and not position:
        return True
    if _counts_up(cells):
        return True
    above = [c for c, is_number in zip(cells, numeric, strict=True) if is_number and c]
    text = [
        (cell, seen)
        for cell, is_number, seen in zip(cells, numeric, values, strict=True)
        if not is_number and cell
    ]
    repeated = sum(cell in seen for cell, seen in text if len(seen) < max(2, n_rows / 2))
    words = sum(map(_is_word, above))
    if repeated > len(text) / 3:
        # A column may be called as one of its values is: married.
        return words == len(above) > 1
    if any(numeric):
        # With nothing above the numbers, a row is one of data that has gaps there.
        return bool(above) and words >= len(above) / 2
    return bool(text) and not repeated and len({cell for cell, _ in text}) == len(text)


def _is_word(cell):
    """Say whether a cell may be a name: no number, no mark of a missing value, no signs alone."""
    signs = not any(char.isalnum() for char in cell)
    return not signs and not marks.is_number(cell) and not marks.is_missing(cell)


def _counts_up(cells):
    """Say whether cells are 0, 1, 2, … or 1, 2, 3, …, less a name at either end."""
    numbers = whole_numbers(cells)
    return (
        len(numbers) >= max(3, len(cells) - 2)
        and numbers[0] in {0, 1}
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    )


def _rising(cells):
    """Say whether cells are three or more whole numbers, each above the one before: years."""
    numbers = whole_numbers(cells)
    return len(numbers) == len(cells) >= 3 and all(low < high for low, high in pairwise(numbers))


def whole_numbers(cells):
    """Return the numbers of the cells that hold nothing but digits, and not too many of them.

    >>> whole_numbers(["7", "\u00b2", "1.5", "9" * 5000])
    [7]
    """
    return [int(cell) for cell in cells if cell.isdecimal() and len(cell) <= MOST_DIGITS]


def shown(row):
    """Return a few fields of a row, each cut, for a message."""
    more = ", …" * (len(row) > SHOWN)
    return f"[{', '.join(repr(cell[:12]) for cell in row[:SHOWN])}{more}]"
