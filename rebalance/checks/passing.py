"""Rows of a table that passes by, a piece at a time: as many as fit into some memory."""

import numpy as np

# Rows that are kept, and their bytes; with more, every second one goes.
ROWS, BYTES = 20_000, 32 << 20


class Passing:
    """Evenly spaced rows of a table of which one piece at a time is in memory.

    ``every`` says how many rows each one stands for: 1 where the table is small.

    >>> import pyarrow as pa
    >>> rows = Passing(most=3)
    >>> sum(len(piece) for piece in rows.of(pa.table({"a": range(n, n + 4)}) for n in (0, 4, 8)))
    12
    >>> rows.table["a"].to_pylist(), rows.every
    ([0, 4, 8], 4)
    """

    def __init__(self, most=ROWS, size=BYTES):
        self.most, self.size, self.every = most, size, 1
        self.table, self._seen = None, 0

    def of(self, pieces):
        """Yield the pieces, arrow tables or data frames, and keep some rows of each."""
        for piece in pieces:
            self._keep(piece)
            yield piece

    def _keep(self, piece):
        import pyarrow as pa

        while self._kept + len(rows := self._spaced(len(piece))) > self.most:
            self._thin()
        self._seen += len(piece)
        if isinstance(piece, pa.Table):
            few = piece.take(rows)
        else:
            few = pa.Table.from_pandas(piece.iloc[rows], preserve_index=False)
        self.table = few if self.table is None else pa.concat_tables([self.table, few])
        while self.table.nbytes > self.size and self._kept > 1:
            self._thin()

    def _spaced(self, rows):
        """Return the numbers of the next so many rows that go on with those that are kept."""
        return np.arange(-self._seen % self.every, rows, self.every)

    @property
    def _kept(self):
        return 0 if self.table is None else self.table.num_rows

    def _thin(self):
        """Keep every second row."""
        self.every *= 2
        if self.table is not None:
            self.table = self.table.take(np.arange(0, self.table.num_rows, 2))
