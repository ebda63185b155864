"""Rows to score that are unlike the training rows: values that no model knows, columns of gaps."""

from collections import Counter

import numpy as np

from rebalance import columns
from rebalance.errors import shown

# Of the rows with a value, the share from which values of no training row are said.
SHARE = 0.5
# Values of the training rows that a line shows.
SHOWN = 3


class Unlike:
    """Counts of new rows by column: those with a value, and those whose value is a new category.

    A model answers to such rows as if the column told nothing: it does so without a word where a
    file writes M and F, and the training rows male and female.

    Parameters
    ----------
    learnt : dict
        What the model knows of its columns, as `columns.learn` returns it.
    """

    def __init__(self, learnt):
        self._learnt = {name: learnt[name] for name in columns.used(learnt)}
        # Of many values, those of a single training row are unknown as well.
        self._values = {
            name: entry["values"]
            for name, entry in self._learnt.items()
            if entry["kind"] == "category" and len(entry["values"]) <= columns.MANY
        }
        self._rows, self._there, self._new, self._such = 0, Counter(), Counter(), {}

    def look(self, piece):
        """Take an arrow table of rows into account."""
        self._rows += piece.num_rows
        for name, entry in self._learnt.items():
            values = self._values.get(name)
            if values is None:
                self._there[name] += piece.num_rows - piece[name].null_count
                continue
            codes = columns.matrix({name: entry}, piece)[:, 0]
            new = np.flatnonzero(codes == len(values))
            self._there[name] += np.count_nonzero(~np.isnan(codes))
            self._new[name] += len(new)
            if len(new):
                self._such.setdefault(name, piece[name][int(new[0])].as_py())

    def lines(self):
        """Return a line on each column of which most values are new, or in which there is none."""
        lines = [
            f"column {shown(name)}: no row has a value, and every training row has one"
            for name, entry in self._learnt.items()
            if not self._there[name] and not entry.get("missing", 0)
        ]
        for name, new in self._new.items():
            if new > SHARE * self._there[name]:
                known = ", ".join(map(shown, self._values[name][:SHOWN]))
                lines.append(
                    f"column {shown(name)}: {new:,} of {self._rows:,} rows hold a value that no "
                    f"training row has, as {shown(self._such[name])}; these have {known}"
                    + ", …"
                    * (len(self._values[name]) > SHOWN)
                )
        return lines
