"""Recognise how a CSV file is written: its separator, its header, what stands above it.

Csv.Sniffer and clevercsv find the separator of every table that this was tried on, but take the
apostrophes of labels for quotes, never doubt, and mistake numbers in a header for rows; clevercsv
would be one more dependency. Here Python's csv module cuts the rows, the separator that cuts them
all alike wins, and what two readings fit is refused with both.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, pairwise

from rebalance.columns.kinds import NAMES_OF_IDS
from rebalance.columns.values import BLANKS as UNSEEN
from rebalance.errors import InputError
from rebalance.sources import marks
from rebalance.sources.header import ABOVE, find, shown, whole_numbers
from rebalance.sources.text import unescaped, unquoted, unwrapped

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
BLANKS = "blanks"
BOM = "\ufeff"
NAMELESS = "the header has no name for the first column"
# Lines of the sample that are looked at as they stand.
LINES = 200
# Rows of the sample that are looked at.
ROWS = 1000


class Quotes(InputError):  # noqa: N818 it ends a reading, to begin another
    """Rows that are wrong if quotes hold fields together, of a file that may do without."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a file is written, and what its columns are called."""

    encoding: str
    separator: str
    header: bool
    names: list
    skipped: int = 0  # rows above the header, or the first row of data
    below: int = 0  # rows between the header and the first of data
    start: int = 0  # bytes of UTF-8 before the first row
    empty_end: bool = False  # every row ends in a separator of its own
    quoted: bool = True  # whether a quote begins a field that may hold separators and line ends
    wrapped: bool = False  # every row stands in quotes as a whole
    sheet: str = ""  # of a workbook, where it is not the first
    notes: list = field(default_factory=list)

    @property
    def called(self):
        """Return the names of the columns, those without one called as pandas calls them."""
        names = [unicodedata.normalize("NFC", name).strip(UNSEEN) for name in self.names]
        own = [f"Unnamed: {number}" for number in range(len(names))]
        # A table that was written with its index again has a column of that name, too.
        own = [_free(name, names) for name in own]
        return [name or nameless for name, nameless in zip(names, own, strict=True)]

    @property
    def fields(self):
        """Return the number of fields of a row."""
        return len(self.names) + self.empty_end


def _free(name, names):
    """Return a name that is none of ``names``, as pandas numbers them.

    >>> _free("Unnamed: 0", ["", "Unnamed: 0.1", "Unnamed: 0"])
    'Unnamed: 0.2'
    """
    numbered = (f"{name}.{number}" for number in count(1))
    return name if name not in names else next(each for each in numbered if each not in names)


def recognise(
    path, text, whole, encoding, options, target, is_row=None, is_header=None, *, quoted=True
):
    """Return the `Dialect` of a file by the first part of its text.

    Parameters
    ----------
    path : pathlib.Path
        For messages.
    text : str
        ``whole`` says whether it is all of the file.
    options : params.Read
        What params.yaml says of it.
    target : str
        A row that names it is the header.
    is_row, is_header
        See `header.find`.
    quoted : bool
        Whether a quote begins a field that may hold separators and line ends.
    """
    # What Excel writes for Excel.
    sep, notes = re.match(r"\ufeff*sep=(.)\r?\n", text), []
    skipped = max(options.skip or 0, 1 if sep else 0)
    if skipped and not _cut(text, BLANKS, whole)[0][skipped:]:
        raise InputError(
            f"{path} has no row below the first {skipped}; see data.read.skip in params.yaml."
        )
    wrapped = quoted and is_wrapped(text, whole)
    if wrapped:
        notes.append("every row stands in quotes as a whole, which are taken off")
    if not quoted:
        notes.append("quotes are characters like others: a row ends where its line does")
    cut = partial(_cut, whole=whole, quoted=quoted, wrapped=wrapped)
    separator = options.separator or (
        sep[1] if sep else _separator(path, text, cut, skipped, target, new=bool(is_row))
    )
    if quoted and not wrapped and unescaped(text, separator) != text:
        notes.append("a backslash before a quote stands for a quote in a field")
    rows, ends = cut(text, separator)
    rows, first = rows[skipped:], skipped
    header, body = find(path, rows, options, target, is_row, is_header)
    if not options.columns and 0 < body < len(rows):
        _refuse_other_marks(path, rows[body - 1], len(rows[body]), separator, target)
    names, empty_end, more = _names(path, rows, header, body, options)
    if NAMELESS in more:
        _refuse_cut_text(path, text, separator, names, [row[:2] for row in rows[body:]])
    last = first + body
    return Dialect(
        encoding=encoding,
        separator=separator,
        header=header is not None,
        names=names,
        skipped=first + (body if header is None else header),
        below=0 if header is None else body - header - 1,
        start=ends[last - 1] if last else 0,
        empty_end=empty_end,
        quoted=quoted,
        wrapped=wrapped,
        sheet=options.sheet,
        notes=[*notes, *more],
    )


def alike(path, text, whole, how):
    """Return the `Dialect` of another file of a table whose first file is written as ``how``.

    Its columns may be in another order.
    """
    rows, ends = _cut(text, how.separator, whole, quoted=how.quoted, wrapped=how.wrapped)
    rows, ends = rows[how.skipped :], [0, *ends][how.skipped :]
    if not how.header:
        return replace(how, start=ends[0] if how.skipped else 0)
    names = rows[0] if rows else []
    names = names[:-1] if len(names) == len(how.names) + 1 and not names[-1] else names
    if sorted(names) != sorted(how.names):
        raise InputError(f"{path} {differs(names, how.names)}")
    body = min(1 + how.below, len(rows))
    return replace(how, names=names, start=ends[body] if body else 0)


def differs(names, expected):
    """Say in which columns a file differs from the others of its table."""
    lacks = [name for name in expected if name not in names]
    more = [name for name in names if name not in expected]
    said = [f"lacks {', '.join(map(repr, lacks[:10]))}"] * bool(lacks)
    said += [f"has {', '.join(repr(name[:40]) for name in more[:10])}"] * bool(more)
    return (
        f"must have the columns of the other files; it {' and '.join(said) or 'has some twice'}: "
        "mend it, or choose files by data.pattern."
    )


def is_wrapped(text, whole):
    """Say whether every row stands in quotes as a whole, the header perhaps not."""
    lines = re.split(r"\r\n|\r|\n", text.lstrip(BOM))
    lines = [line for line in lines if line.strip()][:ROWS]
    lines = lines if whole or len(lines) < 2 else lines[:-1]
    if len(lines) < 2 or any(unwrapped(line) == line for line in lines[1:]):
        return False
    bare = "\n".join(map(unwrapped, lines))
    return any(_alike(_cut(bare, separator, whole=True)[0], separator) for separator in SEPARATORS)


def _cut(text, separator, whole, most=ROWS, *, quoted=True, wrapped=False):
    """Return the rows of a text as lists of fields, and the byte of UTF-8 at which each ends.

    Empty lines are no rows; the last row of a part of a file may be cut, and is left out.
    """
    blanks = separator == BLANKS
    if quoted and not wrapped:
        text = unescaped(text, separator)
    lines = io.StringIO(text, newline="")
    seen = 0

    def counted():
        nonlocal seen
        for number, line in enumerate(lines):
            seen += len(line.encode())
            here = line.lstrip(BOM) if number == 0 else line
            here = unwrapped(here) if wrapped else here
            yield re.sub(r"[ \t]+", "\t", here.strip()) if blanks else here

    rows, ends = [], []
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(
        counted(),
        delimiter="\t" if blanks else separator,
        quoting=quoting,
        skipinitialspace=quoted,
    )
    try:
        for row in reader:
            if row:
                cells = (cell.strip() for cell in row)
                rows.append(list(cells if quoted else map(unquoted, cells)))
                ends.append(seen)
            elif ends:
                ends[-1] = seen
            if len(rows) == most:
                return rows, ends
    except csv.Error:
        # A field longer than the module takes: arrow's parser has its own limits.
        pass
    return (rows, ends) if whole or len(rows) < 2 else (rows[:-1], ends[:-1])


def _separator(path, text, cut, skipped, target, *, new):
    """Return the separator that cuts the rows alike into cells that can be read.

    Of several that do, it is the one that makes the target a name. ``new`` rows may have one
    column, where no mark cuts anything.
    """
    fitting = []
    for separator in SEPARATORS:
        rows = cut(text, separator)[0][skipped:]
        if score := _alike(rows, separator):
            fitting.append((score, separator, rows))
    if not fitting:
        ways = [cut(text, separator)[0][skipped:] for separator in SEPARATORS if new]
        if ways and ways[0][:1] == [[target]] and all(len(row) == 1 for way in ways for row in way):
            return next(iter(SEPARATORS))
        rows = cut(text, BLANKS)[0][skipped:]
        if _alike(rows, BLANKS):
            return BLANKS
        problem = _no_separator(path, rows)
        if _alike(cut(text, "\t", quoted=False)[0][skipped:], "\t"):
            raise Quotes(str(problem))
        raise problem
    fitting.sort(reverse=True)
    naming = [each for each in fitting if any(target in row for row in each[2][:ABOVE])]
    if len(naming) == 1 and not target.isdecimal():
        fitting = naming
    (best, separator, rows), *others = fitting
    if others and others[0][0] > best * 0.9:
        _, other, other_rows = others[0]
        raise InputError(
            f"{path} can be read in two ways: {shown(rows[-1])} with the separator "
            f"{SEPARATORS[separator]}, {shown(other_rows[-1])} with the separator "
            f"{SEPARATORS[other]}; write the right one into data.read.separator."
        )
    return separator


def _no_separator(path, rows):
    """Return what to say of a text that no separator cuts into rows; ``rows`` are cut by blanks."""
    bare = (len(row) == 1 and not any(mark in row[0] for mark in SEPARATORS) for row in rows)
    if len(rows) > 1 and all(bare):
        lines = [row[0] for row in rows]
        return InputError(
            f"{path} has one column, {lines[0][:40]!r}: a table needs the target and a feature, "
            f"with a separator between them{_perhaps(lines)}."
        )
    return InputError(
        f"{path} cannot be read as CSV: no separator (comma, semicolon, tab, bar, blanks) cuts "
        "its rows into the same number of fields; if it is a table, write its separator into "
        "data.read.separator."
    )


def _perhaps(lines):
    """Return what to say of a mark that stands in every line, and in each equally often.

    >>> _perhaps(["a^b", "1.5^2"])[:35], _perhaps(["a.b", "c_d"])
    ("; if '^' is one, write the file ane", '')
    """
    marks = [char for char in lines[0] if not char.isalnum() and char not in " _-+.'\"/()%$"]
    counts = {char: {line.count(char) for line in lines} for char in dict.fromkeys(marks)}
    mark = next((char for char, different in counts.items() if len(different) == 1), "")
    if not mark:
        return ""
    shown = f"'\\{ord(mark):03o}'" if mark < " " else f"'{mark}'"
    return (
        f"; if {mark!r} is one, write the file anew with another, as \"tr {shown} '\\t' < old.csv "
        '> new.csv" does'
    )


def _alike(rows, separator):
    """Return how well a separator cuts rows: 0 where it does not, at most 1."""
    if not rows:
        return 0
    (width, count), *_ = Counter(map(len, rows)).most_common(1)
    if width < 2 or count < len(rows) * 0.8:
        return 0
    # What ends every row, and stands nowhere else, is no separator.
    if not any(cell for row in rows for cell in row[1:]):
        return 0
    others = [mark for mark in SEPARATORS if mark != separator]
    cells = [cell for row in rows[:200] if len(row) == width for cell in row]
    # A cell with another separator in it, which is no decimal comma, is rather two.
    clean = sum(marks.is_number(cell) or not any(mark in cell for mark in others) for cell in cells)
    return count / len(rows) * clean / len(cells)


def _names(path, rows, header, body, options):
    """Return the names of the columns, whether rows end in a separator, and what to say of them."""
    widths = Counter(map(len, rows[body:])) or Counter([len(rows[header])])
    width = widths.most_common(1)[0][0]
    below = [row for row in rows[body:] if len(row) == width]
    ending = bool(below) and width > 1 and all(not row[-1] for row in below)
    names = [str(number) for number in range(width)] if header is None else list(rows[header])
    if options.columns:
        return _asked_names(path, options.columns, width, ending), width > len(options.columns), []
    if header is None:
        return names, False, []
    if len(names) > width and not names[-1]:
        names = names[:-1]
    if len(names) == width and ending and not names[-1]:
        return names[:-1], True, ["a separator ends every row, and no column comes after it"]
    if len(names) == width:
        return names, False, []
    if cut := _cut_in_quotes(below):
        raise InputError(
            f"{path}: its header names {len(names)} columns and its rows have {width} fields, of "
            f"which {cut[:40]!r} begins in a quote that holds nothing together; write fields with "
            'a separator in double quotes ("), or choose another separator.'
        )
    if len(names) == width - 1:
        if ending:
            return names, True, ["a separator ends every row, and no column comes after it"]
        if _row_names([row[0] for row in below]):
            return ["", *names], False, [NAMELESS]
        raise _one_more(path, names, below[0])
    raise InputError(
        f"{path}: its header names {len(names)} columns and its rows have {width} fields; mend "
        "the file, or write all names into data.read.columns."
    )


def _refuse_other_marks(path, above, width, separator, target):
    """Raise `InputError` where the row above the first of data names the target between others.

    Its names then stand between other marks than the cells of the rows do.
    """
    if target in above and separator != BLANKS:
        return
    line = (" " if separator == BLANKS else separator).join(above)
    for mark in {*SEPARATORS, " "} - {separator}:
        if separator == BLANKS and mark == " ":
            continue
        names = [name.strip("\"' ") for name in line.split(mark)]
        if target in names and len(names) == width > 1:
            raise InputError(
                f"{path}: its header, {line[:60]!r}, has {mark!r} between names, and its rows have "
                f"{SEPARATORS.get(separator, separator)} between cells; write all names into "
                "data.read.columns and the number of rows above the cells into data.read.skip."
            )


def _cut_in_quotes(rows):
    """Return a field that begins in a quote of another kind, where most rows have one; or nothing.

    >>> _cut_in_quotes([["1", "'one", "two'"]])
    "'one"
    """
    pairs = {
        "'": "'",
        "\u2018": "\u2019",
        "\u201c": "\u201d",
        "\u201e": "\u201c",
        "\u00ab": "\u00bb",
    }
    found = [
        first
        for row in rows
        for first, last in pairwise(row)
        if first[:1] in pairs
        and not first.endswith(pairs[first[0]])
        and last.endswith(pairs[first[0]])
        and last[:1] not in pairs
    ]
    return found[0] if len(found) > len(rows) / 2 else ""


def _one_more(path, names, row):
    """Return what to say of rows that have one field more than the header has names."""
    return InputError(
        f"{path} can be read in two ways: its header names {len(names)} columns and its rows have "
        f"{len(names) + 1} fields; {names[0]!r} is {row[0][:40]!r} in the first row, or "
        f"{row[1][:40]!r}; write all names into data.read.columns."
    )


def _refuse_cut_text(path, text, separator, names, rows):
    """Raise `InputError` where a text that holds the separator may be the field too many.

    A blank follows it in a text, and no other separator of the row; or the first name is that of an
    id, and what would stand below it repeats.
    """
    lines = [re.sub('"[^"]*"', "", line) for line in re.split(r"[\r\n]+", text)[-LINES - 1 : -1]]
    mark = re.compile(rf"{re.escape(separator)} (?! )")
    in_text = [0 < len(mark.findall(line)) < line.count(separator) for line in lines]
    ids = [row[1] for row in rows if len(row) > 1]
    named = NAMES_OF_IDS.search(names[1].strip()) and len(set(ids)) < len(ids)
    if named or sum(in_text) > len(lines) / 2:
        raise _one_more(path, names[1:], rows[0])


def _row_names(column):
    """Say whether a column is one of row names, as R writes it: all different, numbers in order."""
    if len(set(column)) < len(column) or len(column) < 2:
        return False
    if len(numbers := whole_numbers(column)) == len(column):
        return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return not any(map(marks.is_number, column))


def _asked_names(path, columns, width, ending):
    if len(columns) == width or (ending and len(columns) == width - 1):
        return list(columns)
    raise InputError(
        f"data.read.columns must name every column of {path}, {width}, got {len(columns)} names."
    )
