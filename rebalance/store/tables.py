"""Tables as parquet files, written a frame and read a column at a time."""

import errno
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from rebalance import columns as kinds
from rebalance import paths
from rebalance.errors import InputError
from rebalance.store.atomic import replacing
from rebalance.store.fingerprints import md5

# Rows that are read at once where not all are: a multiple of what a model answers at once, so that
# it answers as it does to all rows.
BLOCK = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows to learn from or to judge on.

    ``X`` has shape (n_rows, n_features), ``y`` holds 0 and 1, ``features`` names the columns of
    ``X``, ``layout`` says which of them are codes, and ``others`` holds the columns that are in
    ``X`` not as they are, by name. ``roles`` is what the table says of itself: target, features,
    what they hold, and the split's method, column and gap. ``rows`` are some rows as the table has
    them, where that is not as ``X`` does. ``path`` is the file that `read_table` read, and
    ``state`` its time, size and number then.
    """

    X: np.ndarray
    y: np.ndarray
    features: list
    others: Mapping = field(default_factory=dict)
    roles: dict = field(default_factory=dict)
    layout: kinds.Layout = kinds.NUMBERS
    rows: object = None
    path: str = field(default="", init=False)
    state: tuple = field(default=(), init=False)
    folder: str = field(default="", init=False)

    @property
    def inputs(self):
        """Return the names of the columns that a model asks for."""
        return self.features if self.rows is None else list(self.rows.columns)

    @property
    def names(self):
        """Return the names of all columns but the target."""
        return list(dict.fromkeys([*self.features, *self.others]))

    @property
    def encoding(self):
        """Return what a model needs to encode rows: `columns.learn`; None where ``X`` is they."""
        return None if self.rows is None else self.roles["columns"]

    @cached_property
    def checksum(self):
        """Return the MD5 of the file that the table was read from, or else of X, y and roles.

        Raises `InputError` where the file is another by now: scores of the rows that were read
        would stand in the cache as those of others.
        """
        if self.path:
            checksum = md5(self.path)
            if _state(self.path) != self.state:
                raise InputError(f"{self.path} changed while it was read; run again.")
            return checksum
        digest = hashlib.md5(json.dumps(self.roles).encode(), usedforsecurity=False)
        for array in (self.X, self.y):
            digest.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
        return digest.hexdigest()

    def __reduce__(self):
        """Go to another process by path and checksum, or whole where there is no file."""
        if self.path:
            return _reopened, (self.path, self.checksum, self.folder)
        content = {name: getattr(self, name) for name in CONTENT}
        if self.folder:
            content |= dict.fromkeys(ARRAYS)
        return _made, (content, self.folder)

    @property
    def example(self):
        """Return the first rows: those of ``X`` as doubles, or a data frame as the table has it."""
        return self.X[:5].astype(float) if self.rows is None else self.rows

    @cached_property
    def gaps(self):
        """Return the names of the features that miss a value."""
        return [name for i, name in enumerate(self.features) if np.isnan(self.X[:, i]).any()]

    @property
    def negative_weight(self):
        """Return how many negatives each one stands for, where the split left some out."""
        return self.roles.get("negative_weight", 1.0)

    @property
    def share(self):
        """Return the positives' share, of the rows that were left out as well."""
        positives = np.count_nonzero(self.y)
        return positives / (positives + self.negative_weight * (len(self.y) - positives))

    @property
    def groups(self):
        """Return the column whose rows belong together, or None."""
        return self.others[self.roles["column"]] if self.roles.get("method") == "group" else None

    def blocks(self, rows=BLOCK):
        """Yield ``X`` of the file that the table was read from, so many rows at a time."""
        import pyarrow as pa

        columns = Columns(self.path)
        learnt, _, precision = _numbers(columns)
        with _whole(self.path):
            for batch in columns.file.iter_batches(rows, columns=kinds.used(learnt)):
                yield kinds.matrix(learnt, pa.Table.from_batches([batch]), precision)

    def column(self, name):
        """Return one column by name, a feature or not; `InputError` where there is none."""
        if name in self.others:
            return self.others[name]
        if name in self.features:
            return self.X[:, self.features.index(name)].astype(float)
        known = ", ".join(self.names)
        raise InputError(f"column {name!r} is not in the table; it has {known}.")


CONTENT = ("X", "y", "features", "others", "roles", "layout", "rows")


ARRAYS = ("X", "y")


@contextmanager
def shared(table):
    """Keep the arrays of a table where other processes of this machine map them, meanwhile.

    They are then in memory once, however many processes read them.
    """
    with temporary_folder() as folder:
        for name in ARRAYS:
            _save(Path(folder) / f"{name}.npy", getattr(table, name))
        object.__setattr__(table, "folder", str(Path(folder).resolve()))
        try:
            yield
        finally:
            object.__setattr__(table, "folder", "")


def _save(path, array):
    """Write an array; numpy says of a full disk how much it wrote, and not why."""
    try:
        np.save(path, array)
    except OSError as error:
        raise OSError(error.errno or errno.ENOSPC, "cannot be written", str(path)) from error


@contextmanager
def temporary_folder():
    """Yield a temporary folder in the repository, or the system's where that cannot be written."""
    import psutil

    parent, here = paths.SHARED, f"{socket.gethostname()}-"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{here}*"):
            # Its process was killed before it could remove it.
            if not psutil.pid_exists(int(left.name.removeprefix(here).partition("-")[0])):
                shutil.rmtree(left, ignore_errors=True)
    except OSError:
        parent = None
    with TemporaryDirectory(dir=parent, prefix=f"{here}{os.getpid()}-") as folder:
        yield folder


def _mapped(folder):
    """Return the arrays of a table that another process shares; none of another machine's."""
    files = {name: Path(folder) / f"{name}.npy" for name in ARRAYS}
    if not folder or not all(file.exists() for file in files.values()):
        return {}
    return {name: np.load(file, mmap_mode="r") for name, file in files.items()}


def _made(content, folder=""):
    return Table(**content | _mapped(folder))


@lru_cache(maxsize=1)
def _reopened(path, checksum, folder=""):
    """Return the table of a file, read once in a process.

    Raises `InputError` where the file is not the one that the table was read from.
    """
    if not Path(path).exists() or md5(path) != checksum:
        raise InputError(
            f"{path} is not the same file here (MD5 {checksum[:12]}…); give the workers the folder "
            "of the repository."
        )
    return read_table(path, **_mapped(folder))


def write_frame(path, frame, roles=None):
    """Write a pandas data frame or an arrow table as parquet, with what it says of itself."""
    write_frames(path, [frame], roles)


def write_frames(path, frames, roles=None):
    """Write the frames that an iterator yields as one parquet file; one at a time is in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Pandas' own notes hold versions; ours hold the roles of the columns.
    notes, writer = {"rebalance": json.dumps(roles or {})}, None
    with replacing(path) as partial, ExitStack() as stack:
        for frame in frames:
            table = frame
            if not isinstance(frame, pa.Table):
                table = pa.Table.from_pandas(frame, preserve_index=False)
            table = table.replace_schema_metadata(notes)
            writer = writer or stack.enter_context(
                pq.ParquetWriter(
                    partial,
                    table.schema,
                    compression="zstd",
                    compression_level=1,
                    # Numbers with fractions hardly repeat: a dictionary of them takes longer than
                    # all the rest.
                    use_dictionary=[
                        field.name for field in table.schema if not pa.types.is_floating(field.type)
                    ],
                    write_page_checksum=True,
                )
            )
            writer.write_table(table)


@contextmanager
def _whole(path):
    """Turn what arrow says of a file that is missing or damaged into an `InputError`."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; run 'dvc repro', which makes it.") from error
    except PermissionError as error:  # arrow's has no name of the file
        raise PermissionError(error.errno, error.strerror, str(path)) from error
    except (ValueError, OSError) as error:  # arrow's own are both
        raise InputError(
            f"{path} is not whole; run 'dvc repro' to make it again, and before it 'rebalance "
            "doctor' where DVC sees no change."
        ) from error


class Columns:
    """A parquet file, or some rows of it, read a column at a time: ``columns["V1"]`` is arrow's.

    ``more`` are columns that are in memory. Raises `InputError` where the file is missing, or not
    whole.
    """

    def __init__(self, path, rows=None, more=None):
        import pyarrow.parquet as pq

        with _whole(path):
            # Buffered ahead, all that was read stays in memory until the last block is.
            self.file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
            self.schema = self.file.schema_arrow
            self.roles = json.loads((self.schema.metadata or {}).get(b"rebalance", b"{}"))
        self.more = more or {}
        self.column_names = [*self.schema.names, *self.more]
        self.path, self.rows = path, rows
        self.num_rows = self.file.metadata.num_rows if rows is None else len(rows)

    def __getitem__(self, name):
        """Return one column, a chunked array of arrow's; of a categorical one the labels."""
        import pyarrow as pa

        if name in self.more:
            column = pa.chunked_array([self.more[name]])
        else:
            with _whole(self.path):
                column = self.file.read([name])[name]
        if pa.types.is_dictionary(column.type):
            # As numpy has it, a row without a label would get the last one.
            column = column.cast(column.type.value_type)
        return column if self.rows is None else column.take(self.rows)

    def pieces(self, name, rows=BLOCK):
        """Yield one column of all rows of the file, an arrow array of so many rows at a time."""
        with _whole(self.path):
            for batch in self.file.iter_batches(rows, columns=[name]):
                yield batch.column(0)

    def take(self, rows):
        """Return `Columns` of some rows of the file, by their numbers."""
        return Columns(self.path, rows, self.more)

    @property
    def decoded(self):
        """Return the schema with the labels of categorical columns for their codes."""
        import pyarrow as pa

        def plain(type_):
            return type_.value_type if pa.types.is_dictionary(type_) else type_

        return pa.schema([(field.name, plain(field.type)) for field in self.schema])

    @property
    def groups(self):
        """Return the bytes of each group of rows, uncompressed."""
        about = self.file.metadata
        return [about.row_group(i).total_byte_size for i in range(about.num_row_groups)]

    def plus(self, name, values):
        """Return `Columns` with one more column, of a value for each row of the file."""
        return Columns(self.path, self.rows, {**self.more, name: values})

    def head(self, names, learnt, count=5):
        """Return the first rows as the table has them, a data frame; numbers are doubles."""
        import pyarrow as pa

        batch = next(self.file.iter_batches(batch_size=count, columns=names), None)
        rows = pa.Table.from_batches([batch]) if batch else self.file.schema_arrow.empty_table()
        frame = rows.select(names).to_pandas()
        numbers = [name for name in names if learnt[name]["kind"] in {"number", "whole"}]
        texts = [name for name in names if frame[name].dtype.name == "category"]
        return frame.astype(dict.fromkeys(numbers, float) | dict.fromkeys(texts, object))

    def table(self):
        """Return all columns, an arrow table."""
        import pyarrow as pa

        return pa.table({name: self[name] for name in self.column_names})


def read_group(path, number):
    """Return one group of rows of a parquet file, an arrow table with labels for their codes.

    It may be called on several threads at once.
    """
    import pyarrow.parquet as pq

    with _whole(path), pq.ParquetFile(path) as file:
        table = file.read_row_group(number, use_threads=False)
    return table.replace_schema_metadata().cast(Columns(path).decoded)


class _Unread(Mapping):
    """Columns of a file by name, each read on first access, those of ``floats`` as doubles."""

    def __init__(self, columns, names, floats=frozenset()):
        self.columns, self.names, self.floats = columns, names, floats

    def __getitem__(self, name):
        if name not in self.names:
            raise KeyError(name)
        values = self.columns[name].to_numpy()
        return values.astype(float) if name in self.floats else values

    def __iter__(self):
        return iter(self.names)

    def __len__(self):
        return len(self.names)


def read_table(path, X=None, y=None):
    """Return the rows of ``data/train.parquet`` or ``data/test.parquet`` as a `Table`.

    ``X`` is in single precision where no column of the file needs more.
    """
    import pyarrow as pa

    state, columns = _state(path), Columns(path)
    learnt, numbers, precision = _numbers(columns)
    if X is None:
        X = kinds.matrix(learnt, columns, precision)
    # Return Arrow's cached buffers to the system.
    pa.default_memory_pool().release_unused()
    others = [n for n in columns.column_names if n not in {*numbers, columns.roles["target"]}]
    return _table(columns, X, y, _Unread(columns, others), state)


def open_table(path):
    """Return the `Table` of a file without its ``X``, whose rows `Table.blocks` reads."""
    state, columns = _state(path), Columns(path)
    _, numbers, _ = _numbers(columns)
    others = [name for name in columns.column_names if name != columns.roles["target"]]
    return _table(columns, None, None, _Unread(columns, others, frozenset(numbers)), state)


def _state(path):
    """Return what tells whether a file was written since; nothing where there is none."""
    with suppress(FileNotFoundError):
        status = Path(path).stat()
        return status.st_mtime_ns, status.st_size, status.st_ino
    return ()


def _numbers(columns):
    """Return what was learnt of the columns, those that are numbers, and the type of them all."""
    features = columns.roles["features"]
    learnt = columns.roles.get("columns") or {name: {"kind": "number"} for name in features}
    numbers = {name for name in features if learnt[name]["kind"] in kinds.NUMERIC}
    precisions = {_precision(columns.schema.field(name).type) for name in numbers}
    return learnt, numbers, np.result_type(np.float32, *precisions)


def _table(columns, X, y, others, state):
    learnt, numbers, _ = _numbers(columns)
    roles, rows = columns.roles, None
    if len(numbers) < len(roles["features"]) or any("read" in each for each in learnt.values()):
        rows = columns.head(roles["features"], learnt)
    table = Table(
        X=X,
        y=columns[roles["target"]].to_numpy().astype(np.int8) if y is None else y,
        features=kinds.encoded(learnt),
        others=others,
        roles=roles,
        layout=kinds.layout(learnt),
        rows=rows,
    )
    # No field of the constructor: a copy with other rows would still name this file.
    object.__setattr__(table, "path", str(Path(columns.path).resolve()))
    object.__setattr__(table, "state", state)
    return table


def _precision(kind):
    """Return the numpy type that holds every value of an arrow type of numbers."""
    import pyarrow as pa

    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    return np.dtype(kind.to_pandas_dtype()) if numbers else np.dtype(float)
