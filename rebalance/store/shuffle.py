"""Bring rows that arrive in any order into one order, with a part of them in memory at a time."""

from pathlib import Path

import numpy as np

# Bytes of rows that are sorted at once; no more parts than files may be open.
PART, MOST = 48 << 20, 256


class Shuffle:
    """Rows by a key of 64 bits: put in any order, taken out in that of the key.

    Parameters
    ----------
    folder : path
        For the parts while they are written: as large as the rows.
    schema : pyarrow.Schema
    rows : int
        How many there will be, about. Every number of rows has its own number of parts, so that
        what is taken out does not depend on how it was put in.
    """

    def __init__(self, folder, schema, rows):
        import pyarrow as pa

        self.schema = schema.append(pa.field("", pa.uint64()))
        width = 8 * len(self.schema)
        self.count = int(min(MOST, max(1, -(-rows * width // PART))))
        self.files = [Path(folder) / f"{number}.arrow" for number in range(self.count)]
        self.writers = [pa.ipc.new_file(str(file), self.schema) for file in self.files]

    def put(self, table, key):
        """Add the rows of an arrow table, with an array of their keys."""
        import pyarrow as pa

        table = table.append_column(self.schema.field(len(self.schema) - 1), pa.array(key))
        part = (key >> np.uint64(32)) * np.uint64(self.count) >> np.uint64(32)
        order = np.argsort(part, kind="stable")
        ends = np.searchsorted(part[order], np.arange(self.count + 1, dtype=np.uint64))
        for number, writer in enumerate(self.writers):
            rows = order[ends[number] : ends[number + 1]]
            if len(rows):
                writer.write_table(table.take(rows).combine_chunks())

    def sorted(self):
        """Yield arrow tables: all rows, in the order of their keys."""
        import pyarrow as pa

        for writer in self.writers:
            writer.close()
        last = len(self.schema) - 1
        for file in self.files:
            with pa.OSFile(str(file)) as source:
                table = pa.ipc.open_file(source).read_all()
            file.unlink()
            order = np.argsort(table.column(last).to_numpy(), kind="stable")
            if len(order):
                yield table.remove_column(last).take(order).combine_chunks()
