"""Read CSV a batch at a time, every field as text, every row of the same number of fields."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rebalance.errors import InputError, number_of, one_line
from rebalance.sources import contents, dialect, marks, text, workbook

# Bytes that are parsed at once; a row must fit into them.
BLOCK = 2 << 20
# Ends of lines inside a field; fields that are looked at for them, and rows for their columns.
ENDS, MOST_ENDS, HEAD = ("\n", "\r"), 1000, 20
# Columns of text of which so many alike are no chance.
FEW = 4
# Lines in one field that are all cut as the rows are, of which so many are no chance either, and
# that hold what the columns hold as well.
MANY, SURE = 20, 3
# A column of text whose values repeat so often, and are so few, holds nothing else.
REPEATED, VALUES = 10, 20
NUMBER = "number"
GUESSED = "cp1252"
WITHIN_QUOTES = r'^"((?:[^"]|"")*)" *$'
# A field between tabs that begins with a quote: group 1 follows its last quote, group 2 is there
# where no quote ends it.
IN_QUOTES = re.compile(rb'(?<![^\r\n\t])"(?:[^"]|"")*+(?:" *(?=[\r\n\t]|\Z)|"([^\r\n\t])|(\Z))')


class Ragged(InputError):  # noqa: N818 it says that a reading was wrong
    """Rows with another number of fields than the others."""


def recognise(path, options, target, encoding="", is_row=None, is_header=None, *, quoted=True):
    """Return the `dialect.Dialect` of a CSV file, or raise `InputError` where it is unsure."""
    shown, whole, encoding = _shown(path, options, encoding)
    if workbook.is_workbook(path):
        options = options.model_copy(update={"separator": ","})
    elif options.sheet:
        raise InputError(f"data.read.sheet names {options.sheet!r}, and {path} is no workbook.")
    how = dialect.recognise(
        path, shown, whole, encoding, options, target, is_row, is_header, quoted=quoted
    )
    guessed = encoding == GUESSED and not options.encoding
    return replace(how, notes=[*how.notes, *text.misread(shown, encoding)]) if guessed else how


def alike(path, how, options):
    """Return the `dialect.Dialect` of a file that is written as another one of its table."""
    shown, whole, encoding = _shown(path, options, "")
    return replace(dialect.alike(path, shown, whole, how), encoding=encoding)


def _shown(path, options, encoding):
    """Return the first part of a file's text, whether it is all of it, and its encoding."""
    head, whole = contents.sample(path, options.sheet)
    if workbook.is_workbook(path):
        encoding = "utf-8"
    encoding = encoding or text.encoding(path, head, options.encoding)
    try:
        decoded = text.decoder(encoding).decode(head, final=whole)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not in {encoding}: {error.reason} at byte {error.start}; write its "
            "encoding into data.read.encoding, or leave that out."
        ) from error
    return decoded, whole, encoding


def batches(path, how):
    """Yield the rows of a CSV file as record batches of text; column i is called str(i).

    Raises
    ------
    InputError
        Where a row has another number of fields than the header has names.
    text.NotUtf8
        Where bytes are no UTF-8, beyond the first part of the file.
    """
    import pyarrow as pa
    from pyarrow import csv

    names = [str(number) for number in range(how.fields)]
    wrong = []

    def note(row):
        wrong.append(row)
        return "skip"

    with contents.opened(path, how.sheet) as stream:
        change = _change(path, how)
        decoded = text.Utf8(stream, path, how.encoding, how.start, change=change)
        try:
            reader = csv.open_csv(
                decoded,
                csv.ReadOptions(block_size=BLOCK, column_names=names, use_threads=False),
                csv.ParseOptions(
                    delimiter="\t" if how.separator == dialect.BLANKS else how.separator,
                    newlines_in_values=how.quoted,
                    quote_char='"' if how.quoted else False,
                    invalid_row_handler=note,
                ),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                    check_utf8=False,  # `text.Utf8` did
                ),
            )
            rows = 0
            for batch in _ahead(iter(reader)):
                if how.quoted:
                    _refuse_swallowed(path, batch, how, rows)
                rows += batch.num_rows
                yield _whole(path, batch, how)
        except pa.ArrowInvalid as error:
            if "straddl" in str(error):
                raise _of_quotes(how)(
                    f"{path} has a row of more than {BLOCK >> 20} MB; a quote in it may not be "
                    "closed; mend it, or leave out the field."
                ) from error
            if "Empty CSV file" not in str(error):
                raise InputError(f"{path} cannot be read as CSV: {one_line(error)}.") from error
            rows = 0
    if isinstance(change, _BetweenTabs):
        change.end()
    if wrong:
        raise _ragged(path, wrong, rows, how)


def _change(path, how):
    """Return what is done to whole lines before they are cut, or None."""
    if how.wrapped:
        return text.unwrapped_bytes
    if how.separator == dialect.BLANKS:
        return text.blanks_to_tabs
    if not how.quoted:
        return None
    change = text.PlainQuotes(how.separator)
    return _BetweenTabs(path, change) if how.separator == "\t" else change


class _BetweenTabs:
    """A change of lines with tabs between fields, none of which begins in quotes that end in it."""

    def __init__(self, path, change):
        self.path, self.change, self.inside = path, change, False

    def __call__(self, part):
        """Return changed lines, or raise `dialect.Quotes`."""
        part = self.change(part)
        for match in IN_QUOTES.finditer(b'"' + part if self.inside else part):
            self.inside = match[2] is not None
            if match[1] is not None:
                raise dialect.Quotes(
                    f"{self.path}: a field begins in quotes that end before the field does, and "
                    "others hold separators or ends of lines in quotes; write a quote inside "
                    "quotes twice."
                )
        return part

    def end(self):
        """Raise `dialect.Quotes` where the last quote is open."""
        if self.inside:
            raise dialect.Quotes(
                f"{self.path}: a quote is not closed; close it, or write a quote inside quotes "
                "twice."
            )


def _of_quotes(how):
    """Return the error of rows that quotes made wrong: between tabs they are often no quotes."""
    return dialect.Quotes if how.separator == "\t" and how.quoted else InputError


def _refuse_swallowed(path, batch, how, before):
    """Raise `InputError` where a field holds rows of the table: its quote was never closed."""
    import pyarrow.compute as pc

    if how.separator == dialect.BLANKS:
        return
    for place, column in enumerate(batch.columns):
        # A row has a separator for each field but one, and an end.
        if (pc.max(pc.binary_length(column)).as_py() or 0) < how.fields:
            continue
        end = next((end for end in ENDS if re.search(end.encode(), column.buffers()[2])), None)
        if end is None:
            continue
        ends = pc.count_substring(column, end)
        most = pc.select_k_unstable(ends, min(MOST_ENDS, len(ends)), [("", "descending")])
        kinds = [_kind(other) for other in batch.columns]
        broken = [row for row in most.to_pylist() if ends[row].as_py()]
        alike = {row: _rows_in(column[row].as_py(), place, kinds, how.separator) for row in broken}
        # Of few columns a line of a text may look like a row by chance; not most texts do.
        sure = sum(map(bool, alike.values())) > len(broken) / 2 or len(kinds) > FEW
        for row, lines in alike.items():
            if lines >= SURE or (lines and sure):
                raise _of_quotes(how)(
                    f"{path}: field {place + 1} of row {before + row + 1} holds rows of the table: "
                    "a quote in it is not closed; close it, or write a quote inside quotes twice."
                )


def _kind(column):
    """Return the values of a column that has few, as a set; NUMBER for one of numbers, or None."""
    import pyarrow.compute as pc

    cells = [cell.strip() for cell in column.slice(0, HEAD).to_pylist()]
    there = [cell for cell in cells if not marks.is_missing(cell)]
    if there and sum(map(marks.is_number, there)) > 0.8 * len(there):
        return NUMBER
    values = pc.unique(column)
    if len(values) > VALUES or len(column) < REPEATED * len(values):
        return None
    return {value.strip() for value in values.to_pylist()}


def _rows_in(cell, place, kinds, separator):
    """Return how many lines of a field look like rows, or its ends like those of two rows."""
    others = kinds[:place] + kinds[place + 1 :]
    lines = re.split(r"\r\n|\r|\n", cell)
    first, *rows, last = ([each.strip() for each in line.split(separator)] for line in lines)
    if len(rows) >= MANY and all(len(row) == len(kinds) for row in rows):
        return len(rows)
    if not any(others) and len(kinds) <= FEW:
        return 0
    ends = len(last) == place + 1 and _are(last[:place] + first[1:], others)
    return sum(_are(row, kinds) for row in rows) + ends


def _are(cells, kinds):
    """Say whether cells are as many as columns, each of what its column holds."""
    return len(cells) == len(kinds) and all(map(_is, cells, kinds))


def _is(cell, kind):
    if kind == NUMBER:
        return marks.is_number(cell) or marks.is_missing(cell)
    return kind is None or cell in kind


def _ahead(batches):
    """Yield batches; the next one is parsed while the last is looked at."""
    with ThreadPoolExecutor(1) as executor:
        following = executor.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = executor.submit(next, batches, None)
            yield batch


def _whole(path, batch, how):
    """Return a batch without the empty field at the end of every row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not how.quoted:
        bare = [_without_quotes(column) for column in batch.columns]
        batch = pa.RecordBatch.from_arrays(bare, schema=batch.schema)
    if not how.empty_end:
        return batch
    if pc.any(pc.not_equal(pc.utf8_trim_whitespace(batch.column(how.fields - 1)), "")).as_py():
        raise InputError(
            f"{path} has rows with {how.fields} fields and a header that names {how.fields - 1} "
            "columns; mend the file, or write all names into data.read.columns."
        )
    return batch.select(range(how.fields - 1))


def _without_quotes(column):
    """Return text without the quotes around a cell as a whole, of which one inside stands twice."""
    import pyarrow.compute as pc

    whole = pc.match_substring_regex(column, WITHIN_QUOTES)
    bare = pc.replace_substring_regex(column, WITHIN_QUOTES, r"\1")
    return pc.if_else(whole, pc.replace_substring(bare, '""', '"'), column)


def _ragged(path, wrong, rows, how):
    """Return what to say of rows with another number of fields."""
    first, kind = wrong[0], Ragged if not how.quoted else _of_quotes(how)
    number = first.number
    fields = number_of(first.actual_columns, "field")
    header = "the header names" if how.header else "the others have"
    if len(wrong) == 1 and number is not None and number > rows:
        return kind(
            f"{path} has {fields} in its last row, where {header} {how.fields}: the file was cut "
            "off, or ends with a remark; fetch it again, or delete the row."
        )
    more = f" (and {number_of(len(wrong) - 1, 'more row')} like it)" * (len(wrong) > 1)
    return kind(
        f"{path} has {fields} in row {number}{more}, where {header} {how.fields}: quote the fields "
        "that hold a separator, or mend the rows; a remark among the rows must go."
    )
