"""How a table lies in its files: their columns, and their rows as batches of one set of names."""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count

from rebalance import errors
from rebalance.errors import InputError, number_of
from rebalance.sources import contents, delimited, dialect, parquet, workbook

# Names that a message lists, and characters of each.
SHOWN, LONGEST = 10, 40
RANGES = "left out, as pandas writes an index of consecutive numbers by its ends only"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The files of a table."""

    parts: list  # (Part, Dialect), or for Parquet (Part, [(name in the file, name)])
    names: list  # of the columns, in the order of the first file
    types: dict  # arrow's type by name; None for text, which can stand for anything
    notes: list  # what was taken for granted
    unused: list = field(default_factory=list)  # columns of types that no learner takes
    zones: dict = field(default_factory=dict)  # of Parquet's dates with a time: which they name

    @property
    def passed_over(self):
        """Return a line on each file of which lines below the header are taken for no rows."""
        return [
            f"{part.path}: left out {number_of(how.below, 'row')} below the header, without values"
            for part, how in self.parts
            if isinstance(how, dialect.Dialect) and how.below
        ]


def lay_out(parts, data, encoding, known, *, quoted=True):
    """Return the `Layout` of a table as far as the heads of its files tell.

    Parameters
    ----------
    parts : list of files.Part
    data : params.Data
    encoding : str
        The encoding, where it is known better than by the first part of a file; or nothing.
    known : reading.Known
        What a model knows of the rows.
    quoted : bool
        Whether a quote in CSV begins a field that may hold separators and line ends.
    """
    kinds = {contents.is_parquet(part.path) for part in parts}
    if len(kinds) > 1:
        raise InputError(
            f"{known.argument} {str(data.path)!r} must hold CSV or Parquet files, got both; choose "
            "by data.pattern, such as '*.csv'."
        )
    if kinds == {True}:
        layout = _parquet(parts, data, known)
    else:
        layout = _csv(parts, data, encoding, known, quoted=quoted)
    partition = list(parts[0].partition)
    for part in parts:
        if list(part.partition) != partition or set(partition) & set(layout.names):
            raise InputError(
                f"{part.path} must lie in folders that name the same columns as those of the other "
                f"files, none of them a column of the file: {listed(part.partition or partition)}."
            )
    if partition:
        layout = replace(
            layout,
            names=[*layout.names, *partition],
            types=layout.types | dict.fromkeys(partition),
            notes=[*layout.notes, f"columns from the names of folders: {listed(partition)}"],
        )
    _refuse_twice(parts[0].path, layout.names, given=kinds == {False})
    return layout


def _csv(parts, data, encoding, known, *, quoted):
    largest = max(parts, key=lambda part: part.size or 0)
    ways = (known.is_row, known.is_header) if known.learnt else (None, None)
    how = delimited.recognise(
        largest.path, data.read, known.naming or data.target, encoding, *ways, quoted=quoted
    )
    layouts = []
    for part in parts:
        other = how if part is largest else delimited.alike(part.path, how, data.read)
        layouts.append((part, replace(other, encoding=encoding or other.encoding)))
    names = list(layouts[0][1].called)
    header = f"header in row {how.skipped + 1}" if how.header else "no header"
    if how.below:
        header += f", the {number_of(how.below, 'row')} below it left out"
    separator = dialect.SEPARATORS.get(how.separator, how.separator)
    format_ = f"CSV: {how.encoding}, separator {separator}"
    if workbook.is_workbook(largest.path):
        format_ = workbook.described(largest.path, how.sheet)
    return Layout(
        parts=layouts,
        names=names,
        types=dict.fromkeys(names),
        notes=[f"{format_}, {header}", *how.notes],
    )


def _parquet(parts, data, known):
    import pyarrow as pa

    files, types, first, unused, ranges, zones = [], {}, None, [], [], {}
    for part in parts:
        names, kinds, zoned, ranged = parquet.schema(part.path)
        ranges += [name for name in ranged if name not in ranges]
        types_here = {new: kind for (_, new), kind in zip(names, kinds, strict=True)}
        no_use = [name for name, kind in types_here.items() if kind is None]
        if wrong := [name for name in no_use if name not in data.drop and known.needs(name)]:
            raise InputError(
                f"{part.path} has columns of lists, structures or the like, which no learner "
                f"takes: {listed(wrong)}; name them in data.drop."
            )
        unused += [name for name in no_use if name not in unused]
        used = [(old, new) for old, new in names if new not in no_use]
        kept = [new for _, new in used]
        first = first or kept
        if sorted(kept) != sorted(first):
            raise InputError(f"{part.path} {dialect.differs(kept, first)}")
        for name in kept:
            types.setdefault(name, set()).add(types_here[name])
        files.append((part, used))
        for (_, name), zone in zip(names, zoned, strict=True):
            if zone is not None and name in kept:
                _refuse_other_zone(part.path, name, zone, zones.get(name, zone))
                zones[name] = max(zone, zones.get(name, zone))  # another one than UTC tells
    common = {name: parquet.common(types[name]) for name in first}
    return Layout(
        parts=files,
        names=list(first),
        types={name: None if kind == pa.string() else kind for name, kind in common.items()},
        notes=["Parquet", *([f"{RANGES}: {listed(ranges)}"] if ranges else [])],
        unused=unused,
        zones=zones,
    )


def _refuse_other_zone(path, name, zone, before):
    """Raise `InputError` where some files have dates with a time zone, and others without."""
    if (zone == "") != (before == ""):
        has = ("no time zone", "a time zone")
        raise InputError(
            f"{path}: the dates of column {errors.shown(name)} have {has[zone != '']}, those of "
            f"other files {has[before != '']}; write all files alike."
        )


def _refuse_twice(path, names, *, given):
    """Raise `InputError` where columns share a name; ``given``: params.yaml can give others."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [i + 1 for i, name in enumerate(names) if name == twice[0]]
        where = errors.listed(places, SHOWN)
        own = ""
        if len(names) <= SHOWN and max(map(len, names)) <= LONGEST:
            own = f", as [{', '.join(map(repr, _once(names)))}]"
        advice = f"write names of your own for all columns into data.read.columns{own}"
        if not given:
            advice = "write the Parquet file anew, with a name of its own for each"
        raise InputError(
            f"{path} must name each column once, got {listed(twice)} in columns {where}; {advice}."
        )


def _once(names):
    """Return names of which the repeated ones have a free number behind them: of their column.

    >>> _once(["a", "b", "a"])
    ['a', 'b', 'a 3']
    >>> _once(["a", "a 3", "a"])
    ['a', 'a 3', 'a 4']
    """
    own = []
    for column, name in enumerate(names, 1):
        free = (f"{name} {number}" for number in count(column))
        again = name in names[: column - 1]
        own.append(next(new for new in free if new not in {*names, *own}) if again else name)
    return own


def listed(names):
    """Return names in quotes, ten at most."""
    names = list(names)
    more = f" and {len(names) - SHOWN} more" * (len(names) > SHOWN)
    return ", ".join(repr(str(name)[:LONGEST]) for name in names[:SHOWN]) + more


def batches(layout):
    """Yield the rows of every file as {name: array of arrow's}: text, or the layout's type."""
    import pyarrow as pa

    for part, how in layout.parts:
        rows = (
            _csv_batches(part.path, how)
            if isinstance(how, dialect.Dialect)
            else _parquet_batches(part.path, how, layout.types)
        )
        for batch in rows:
            count = len(next(iter(batch.values())))
            for name, value in part.partition.items():
                batch[name] = pa.repeat(pa.scalar(value, pa.string()), count)
            yield batch


def _csv_batches(path, how):
    for batch in delimited.batches(path, how):
        yield dict(zip(how.called, batch.columns, strict=True))


def _parquet_batches(path, names, types):
    import pyarrow as pa

    for batch in parquet.batches(path, [old for old, _ in names]):
        yield {
            new: parquet.cast(path, new, column, types[new] or pa.string())
            for (_, new), column in zip(names, batch.columns, strict=True)
        }
