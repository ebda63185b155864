"""Read Parquet a batch at a time, in the types that the project works with."""

import json

from rebalance.columns import dates
from rebalance.columns.values import seconds
from rebalance.errors import InputError, one_line, shown

ROWS = 65_536


def schema(path):
    """Return the schema of a Parquet file: names as people know them, types as `plain` has them.

    Returns
    -------
    names : list of (str, str)
        The name of each column in the file, and the one that it gets: of several levels that
        pandas wrote the last, where that is enough to tell the columns apart.
    types : list of pyarrow.DataType
        None for a column of a type that no learner takes.
    zones : list of (str or None)
        Of dates with a time, which zone their type names: none, UTC or another.
    ranges : list of str
        The names of an index that the file has no column of.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            schema = pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {one_line(error)}.") from error
    notes = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    indices = (each for each in notes.get("index_columns", []) if isinstance(each, dict))
    return (
        list(zip(schema.names, _flat(schema, notes), strict=True)),
        [plain(field.type) for field in schema],
        [_zone(field.type) for field in schema],
        [each["name"] for each in indices if each.get("name")],
    )


def _zone(type_):
    import pyarrow as pa

    return dates.zone_of_type(type_.tz) if pa.types.is_timestamp(type_) else None


def _flat(schema, notes):
    """Return the names of columns, of several levels in one."""
    if len(notes.get("column_indexes", [])) < 2:
        return [name.strip() for name in schema.names]
    import ast

    levels = []
    for name in schema.names:
        try:
            parts = ast.literal_eval(name)
        except (ValueError, SyntaxError):
            parts = name
        parts = parts if isinstance(parts, tuple) else (parts,)
        levels.append([str(part).strip() for part in parts if str(part).strip()])
    last = [parts[-1] if parts else "" for parts in levels]
    return last if len(set(last)) == len(last) else [".".join(parts) for parts in levels]


def plain(type_):
    """Return the type in which a column of an arrow type is written; None for one of no use."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_dictionary(type_):
        inside = plain(type_.value_type)
        return pa.dictionary(pa.int32(), inside) if inside == pa.string() else inside
    if is_.is_timestamp(type_):
        return pa.timestamp(type_.unit)
    if is_.is_decimal(type_):
        return pa.int64() if type_.scale == 0 and type_.precision <= 18 else pa.float64()
    as_it_is = (is_.is_boolean, is_.is_date, is_.is_integer, is_.is_floating, is_.is_null)
    text = (is_.is_string, is_.is_large_string, is_.is_string_view)
    raw = (is_.is_binary, is_.is_large_binary, is_.is_binary_view)
    kinds = (
        ((is_.is_float16,), pa.float32()),
        (as_it_is, type_),
        ((is_.is_time, is_.is_duration), pa.float64()),
        ((*text, *raw), pa.string()),
    )
    return next((kind for checks, kind in kinds if any(check(type_) for check in checks)), None)


def common(types):
    """Return the type of a column that has several in several files; text where nothing else is."""
    import pyarrow as pa

    is_ = pa.types
    types = {type_ for type_ in types if not is_.is_null(type_)}
    if len(types) <= 1:
        return next(iter(types), pa.float64())
    if all(is_.is_integer(type_) or is_.is_boolean(type_) for type_ in types):
        return pa.int64()
    if all(is_.is_integer(t) or is_.is_boolean(t) or is_.is_floating(t) for t in types):
        return pa.float64()
    if all(is_.is_timestamp(type_) or is_.is_date(type_) for type_ in types):
        return pa.timestamp("us")
    return pa.string()


def batches(path, names):
    """Yield the columns ``names`` of a Parquet file, as they stand in it, in record batches."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # A group of rows at a time, a page at a time: otherwise arrow reads all columns of a group
        # at once, which may be the whole file, and keeps them until the iterator ends.
        with (
            path.open("rb") as opened,
            pq.ParquetFile(opened, buffer_size=1 << 20, pre_buffer=False) as file,
        ):
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(
                    ROWS, row_groups=[group], columns=names, use_threads=False
                ):
                    yield batch.select(names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} cannot be read as Parquet: {one_line(error)}; it is damaged: fetch it again."
        ) from error


def cast(path, name, column, type_):
    """Return a column in the type that `plain` gave it; `InputError` where a value is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_ = pa.types
    try:
        if is_.is_duration(column.type) or is_.is_time(column.type):
            return seconds(column)
        if is_.is_dictionary(column.type) and not is_.is_dictionary(type_):
            column = column.cast(column.type.value_type)
        if is_.is_decimal(column.type) and is_.is_floating(type_):
            # Digits that a double has no room for are rounded.
            return pc.cast(column, type_, safe=False)
        if is_.is_timestamp(type_) and is_.is_timestamp(column.type):
            # What is finer than the type has room for is cut.
            return pc.cast(column, type_, safe=False)
        return pc.cast(column, type_)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{path} has values in column {shown(name)} that are no {type_}: "
            f"{one_line(error)[:80]}; mend them, or name the column in data.drop."
        ) from error
