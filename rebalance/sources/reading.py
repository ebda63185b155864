"""Read tables in two passes: what every column holds, then its rows in one type a column.

Memory does not grow with the file: a batch of rows is looked at and forgotten. What fits into
`HELD` bytes is remembered between the passes, so that a small file is parsed once.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace

from rebalance import columns
from rebalance.columns import clock, dates, writing
from rebalance.columns.values import DOUBTFUL
from rebalance.errors import InputError
from rebalance.sources import cells, delimited, dialect, layout, marks, seen, text
from rebalance.sources.cells import Cells
from rebalance.sources.meaning import converted, decide

# Bytes of the first pass that are remembered for the second, and of rows that are written at once.
HELD, WRITTEN, ROWS = 96 << 20, 96 << 20, 1 << 20
# Names of columns that number the rows, where they do; and of those without one.
ROW_NUMBERS = {"rownames", "row.names", "row_names", "rowid", "index", "level_0"}
INDEX = "__index_level_"
NAMELESS = ("Unnamed: ", INDEX)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a table was read: its columns, its labels, and what was taken for granted.

    ``columns`` is a dict of `seen.Column` by name, ``labels`` one of rows by label, ``left_out``
    names columns that number the rows and are non-feature columns, and ``said`` is a list of lines.
    """

    rows: int
    columns: dict
    target: str = ""  # empty where params.yaml names no column of the table
    labels: dict = field(default_factory=dict)
    unlabelled: int = 0
    left_out: tuple = ()
    unused: tuple = ()  # columns of types that no learner takes, which are dropped
    said: tuple = ()
    more_labels: bool = False  # than were counted
    passed_over: tuple = ()  # lines on files of which lines below the header are no rows
    plan: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """The needs of the second pass: the files, and the `Meaning` of each column of text."""

    layout: object
    meanings: dict
    schema: object
    typed: dict  # the `seen.Typed` of each column of a type of its own
    held: list | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """How the training rows of a model were read; the section ``data`` says the rest of new rows.

    What a file leaves open is read so; what it says itself otherwise is refused where a value can
    be read in both ways.
    """

    argument: str = "data.path"  # what names the files, for messages
    target: str = ""  # of the training rows: a number where their table had no header
    learnt: dict = field(default_factory=dict)  # what `columns.learn` returns
    also: tuple = ()  # names of columns that are of use though no feature: of ids, of amounts

    @property
    def naming(self):
        """Return the name of a column that is there, or nothing."""
        return next(iter(columns.used(self.learnt)), "")

    def is_header(self, cells):
        """Say whether the first row of a file names columns of the model: None where it may.

        It does where it names all of them and the training table had a header; it does not where
        that table had none, unless all cells are names of its columns.
        """
        names, position = [*self.learnt], self.target.isdecimal()
        counted = Counter(cells)
        whole = all(counted[name] == 1 for name in columns.used(self.learnt))
        if not names or not position:
            return True if names and whole else None
        if [*names, self.target] != [str(number) for number in range(len(names) + 1)]:
            return None
        distinct = len(counted) == len(cells)
        own = distinct and self.target in cells and {*cells} <= {*names, self.target}
        return None if whole or own else False

    def is_row(self, names, cells):
        """Say whether cells may be those of a row: numbers and dates where training had them."""
        return all(
            _may_be(self.learnt.get(name, {}), cell.strip())
            for name, cell in zip(names, cells, strict=False)
        )

    def is_text(self, name):
        """Say whether a column was text in training: no cell of it is a number or a date now."""
        return name in self.learnt and columns.is_text(self.learnt[name])

    def is_number(self, name):
        """Say whether a column held numbers or dates in training."""
        return self.learnt.get(name, {}).get("kind") in {*columns.NUMERIC, "date"}

    def needs(self, name):
        """Say whether a column is of use: any is where there is no model."""
        features = columns.used({name: self.learnt[name]}) if name in self.learnt else ()
        return not self.learnt or name in features or name in self.also

    def is_category(self, name):
        """Say whether any text is a value of the column, though it may be one of no row before."""
        return self.learnt.get(name, {}).get("kind") == "category"

    def read(self, name):
        """Return how the cells of a column were read, as far as it is of note."""
        return self.learnt.get(name, {}).get("read", {})

    def decimal(self, name):
        """Return the decimal mark of a column in the training rows, if that is a comma."""
        return self.read(name).get("decimal", "")


def _may_be(entry, cell):
    """Say whether a cell may be a value of a column, as far as one cell tells."""
    kind = entry.get("kind")
    if entry.get("read", {}).get("clock") and clock.seconds(cell) is not None:
        return True
    if kind == "date":
        return marks.is_missing(cell) or any(char.isdigit() for char in cell)
    truth = cell.lower() in {"true", "false"}
    return kind not in columns.NUMERIC or truth or marks.is_missing(cell) or marks.is_number(cell)


NOTHING = Known()


def profile(parts, data, known=NOTHING, encoding="", *, quoted=True):
    """Return the `Reading` of a table, or raise `InputError` with what is unsure in it.

    Parameters
    ----------
    parts : list of files.Part
    data : params.Data
        Its target need be no column yet, nor its positive a label.
    known : Known
        What a model knows of the rows.
    encoding : str
        The encoding, where a first reading showed that it is not the one it seemed.
    quoted : bool
        Whether quotes hold fields together, where a first reading showed that they do not.
    """
    try:
        laid = layout.lay_out(parts, data, encoding, known, quoted=quoted)
        return _profile(laid, data, known)
    except dialect.Quotes as error:
        if not quoted:
            raise
        try:
            return profile(parts, data, known, encoding, quoted=False)
        except delimited.Ragged:
            raise error from None
    except text.NotUtf8 as error:
        if data.read.encoding:
            raise InputError(
                f"the files of {known.argument} {str(data.path)!r} are not all in "
                f"data.read.encoding {data.read.encoding!r}; leave it out, or write the right one."
            ) from error
        western = text.western(parts[0].path, error.part)
        found = profile(parts, data, known, western, quoted=quoted)
        said = text.misread(text.decoder(western).decode(error.part), western)
        return replace(
            found, said=(*found.said, *(line for line in said if line not in found.said))
        )


def _profile(laid, data, known):
    """Take the first pass."""
    target = named(data.target, laid.names) or ""
    states = {name: _state(name, laid, data, known) for name in laid.names if name != target}
    labelled, held, size, rows = seen.Labels(), [], 0, 0
    for batch in layout.batches(laid):
        rows += len(batch[laid.names[0]])
        if target:
            labelled.look(batch[target])
        for name, state in states.items():
            looked = state.look(_text(batch[name]) if laid.types[name] is None else batch[name])
            batch[name] = batch[name] if looked is None else looked
        size += sum(column.nbytes for column in batch.values())
        held = None if held is None or size > HELD else [*held, batch]
    meanings, unsure = _meanings(states, laid, data, known)
    _refuse_other_type(laid, known)
    _refuse_headers(laid, states, target, labelled)
    if unsure:
        more = f"; and {len(unsure) - 5} more columns" * (len(unsure) > 5)
        raise InputError(f"{laid.parts[0][0].path}: {'; '.join(unsure[:5])}{more}.")
    found = {
        name: seen.of_cells(state, meanings[name]) if name in meanings else state.column()
        for name, state in states.items()
    }
    left_out, notes = _left_out(found, states, rows)
    return Reading(
        rows=rows,
        columns=found,
        target=target,
        labels=dict(labelled.counted),
        unlabelled=labelled.without,
        left_out=tuple(left_out),
        unused=tuple(laid.unused),
        said=(*laid.notes, *_said(found, meanings), *notes),
        more_labels=labelled.more,
        passed_over=tuple(laid.passed_over),
        plan=_Plan(
            layout=laid,
            meanings=meanings,
            schema=_schema(laid, found, target),
            typed={n: each for n, each in states.items() if isinstance(each, seen.Typed)},
            held=held,
        ),
    )


def named(name, names):
    """Return the column that params.yaml means, blanks around the name or not; None for none."""
    plain = unicodedata.normalize("NFC", name.strip())
    return name if name in names else next((each for each in names if each == plain), None)


def _text(column):
    """Return text without nulls, which Parquet has: an empty text is one as well."""
    import pyarrow.compute as pc

    return pc.fill_null(column, "") if column.null_count else column


def _state(name, laid, data, known):
    """Return what takes account of a column's batches."""
    options, read = data.read, known.read(name)
    named = frozenset([*map(str, options.marks(name)), *read.get("marks", ())])
    sentinels = tuple(number for number in map(_number, named) if number is not None)
    present = frozenset([*options.present, *read.get("present", ())])
    missing = (marks.MISSING | named) - present | {""}
    if laid.types[name] is not None:
        return seen.Typed(type=laid.types[name], sentinels=sentinels, missing=missing)
    return Cells(
        missing=missing,
        more=marks.MISSING_NUMBER - {mark.lower() for mark in present},
        doubtful=frozenset() if known.is_number(name) else DOUBTFUL,
        steady=name.lower() in ROW_NUMBERS or name.startswith(NAMELESS),
        sentinels=sentinels,
        day_first=options.dates == "day_first" if options.dates else read.get("day_first"),
        day_first_before=None if options.dates else read.get("day_first"),
        comma_before="decimal" in read,
    )


def _number(mark):
    try:
        return float(mark)
    except ValueError:
        return None


def _meanings(states, laid, data, known):
    """Return the `Meaning` of every column of text, and what to say of those that are unsure."""
    texts = {name: state for name, state in states.items() if laid.types[name] is None}
    by_mark = Counter(filter(None, (state.evidence() for state in texts.values())))
    decimal = data.read.decimal or (next(iter(by_mark)) if len(by_mark) == 1 else None)
    meanings, unsure = {}, []
    for name, state in texts.items():
        is_text = name in data.read.text or known.is_text(name)
        try:
            meanings[name] = decide(name, state, decimal or known.decimal(name) or None, is_text)
            if meanings[name].clock and known.learnt and not known.read(name).get("clock"):
                # Numbers that were no times in training: the encoder refuses the text.
                meanings[name] = decide(name, state, decimal, as_text=True)
            if meanings[name].kind == cells.DATE and "zone" in known.read(name):
                _refuse_other_zone(name, state, known.read(name))
            if known.is_number(name) and state.signed:
                _refuse_other_sign(name, state, known.read(name))
            if not data.read.decimal and decimal:
                _refuse_other_decimal(name, state, decimal, known.decimal(name))
        except ValueError as error:
            if name in data.drop or known.is_category(name) or not known.needs(name):
                meanings[name] = decide(name, state, decimal, as_text=True)
            else:
                unsure.append(str(error))
    return meanings, unsure


def _refuse_other_decimal(name, state, decimal, before):
    """Raise ValueError where a cell is another number by the decimal mark of the training rows."""
    if before and decimal != before and state.either:
        raise ValueError(
            f"column {name!r} can be read in two ways: by other numbers of the file its decimal "
            f"mark is {decimal!r}, and that of the training rows was {before!r}; write the one of "
            "the file into data.read.decimal"
        )


def _refuse_other_zone(name, state, read):
    """Raise ValueError where dates name a time zone and those of the training rows none, or so."""
    if said := dates.other_zone_of_texts(state.zones, read["zone"]):
        raise ValueError(f"column {name!r}: {said}; write them as the training rows have them")


def _refuse_other_type(laid, known):
    """Raise `InputError` where dates of Parquet name a zone and those of training none, or so."""
    for name, zone in laid.zones.items():
        before = known.read(name).get("zone")
        if before is not None and (said := dates.other_zone({zone: "its type"}, before)):
            raise InputError(
                f"{laid.parts[0][0].path}: column {name!r}: {said}; write them as the training "
                "rows have them."
            )


def _refuse_other_sign(name, state, read):
    """Raise ValueError where numbers have a sign that those of the training rows had not."""
    if said := writing.other_sign(state.signed.values(), read):
        raise ValueError(f"column {name!r}: {said}; write them as the training rows have them")


def _refuse_headers(laid, states, target, labelled):
    """Raise `InputError` where every column whose values are known holds its own name."""
    texts = {name: state for name, state in states.items() if laid.types[name] is None}
    again = {
        name: state.strays[name] or state.values[name]
        for name, state in texts.items()
        if name in state.strays or not state.full or len(state.strays) <= cells.STRAY_VALUES
    }
    again |= {target: labelled.counted[target]} if target else {}
    if len(again) > 1 and all(again.values()):
        raise InputError(
            f"{laid.parts[0][0].path}: the header stands again in {max(again.values())} of the "
            "rows; remove them."
        )


def _left_out(columns, states, rows):
    """Return the columns that number the rows, and what to say of them and of other nameless."""
    left_out, notes = [], []
    for name, column in columns.items():
        nameless = name.startswith(NAMELESS)
        counts = isinstance(states[name], Cells) and states[name].steady and states[name].fast
        numbers = column.holds == "whole number"
        # Tables that were joined may number their rows anew.
        differ = name.startswith(INDEX) or column.distinct is None or column.distinct > rows / 2
        if (nameless and (column.holds == "empty" or (numbers and differ))) or (
            name.lower() in ROW_NUMBERS and counts and numbers
        ):
            left_out.append(name)
        elif nameless:
            notes.append(f"a column without a name is called {name!r}")
    empty = [name for name in left_out if columns[name].holds == "empty"]
    numbers = [name for name in left_out if name not in empty]
    for names, words in (
        (numbers, "the numbers of rows"),
        (empty, "they have neither name nor value"),
    ):
        if names:
            notes.append(f"left out, as {words}: {layout.listed(names)}")
    return left_out, notes


def _said(columns, meanings):
    """Return lines on what was taken for missing, for dates and for numbers."""
    lines = []
    taken = Counter()
    for column in columns.values():
        taken.update(column.marks)
    if taken:
        shown = ", ".join(f"{mark!r} ({rows:,})" for mark, rows in taken.most_common(10))
        lines.append(f"taken for missing: {shown}")
    for first, word in ((True, "day"), (False, "month")):
        names = [
            name
            for name, meaning in meanings.items()
            if meaning.kind == cells.DATE and meaning.shape and meaning.day_first is first
        ]
        if names:
            lines.append(f"dates that begin with the {word}: {layout.listed(names)}")
    commas = [name for name, meaning in meanings.items() if meaning.decimal == ","]
    if commas:
        lines.append(f"numbers with a decimal comma: {layout.listed(commas)}")
    return lines + [meaning.note for meaning in meanings.values() if meaning.note]


def _schema(laid, columns, target):
    """Return the schema of the rows that `pieces` yields: the target as 0 and 1."""
    import pyarrow as pa

    types = {name: column.type for name, column in columns.items()}
    if target:
        types[target] = pa.int8()
    return pa.schema([(name, types[name]) for name in laid.names])


def pieces(reading, answer):
    """Yield the rows of a table as arrow tables, each of which is written at once.

    Parameters
    ----------
    reading : Reading
    answer : labels.Answer or None
        None where the rows have no labels.
    """
    import pyarrow as pa

    waiting, rows, size = [], 0, 0
    for batch in _converted(reading, answer):
        if waiting and (rows + batch.num_rows > ROWS or size + batch.nbytes > WRITTEN):
            yield pa.Table.from_batches(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    yield pa.Table.from_batches(waiting, reading.plan.schema)


def _converted(reading, answer):
    """Yield the labelled rows a batch at a time, in the types of the schema."""
    import pyarrow as pa
    import pyarrow.compute as pc

    plan, target = reading.plan, reading.target
    held = plan.held if _still_good(plan) else None
    for batch in held if held is not None else _again(plan):
        own = batch | {target: answer.y(batch[target])} if target else batch
        columns = [
            _as(own[field.name], field.type, plan.meanings.get(field.name)) for field in plan.schema
        ]
        rows = pa.RecordBatch.from_arrays(columns, schema=plan.schema)
        if target and rows[target].null_count:
            rows = rows.filter(pc.is_valid(rows[target]))
        yield rows


def _again(plan):
    """Yield the batches of the files once more, with the gaps that the first pass saw."""
    for batch in layout.batches(plan.layout):
        for name, state in plan.typed.items():
            batch[name] = state.gaps(batch[name])
        yield batch


def _still_good(plan):
    """Say whether no column was taken for numbers in some batch and for something else at last."""
    import pyarrow as pa

    if plan.held is None:
        return False
    numbers = {cells.INT, cells.FLOAT}
    return not any(
        (meaning.kind not in numbers or meaning.decimal == ",")
        and any(not pa.types.is_string(batch[name].type) for batch in plan.held)
        for name, meaning in plan.meanings.items()
    )


def _as(column, type_, meaning):
    import pyarrow as pa
    import pyarrow.compute as pc

    if meaning is not None and pa.types.is_string(column.type):
        return converted(_text(column), meaning)
    return column if column.type == type_ else pc.cast(column, type_, safe=False)
