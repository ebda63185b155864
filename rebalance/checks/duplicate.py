"""Features whose values are those of another feature, as they stand or in other words."""

import hashlib

import numpy as np

from rebalance.checks.finding import counted, details, quoted

# Values that repeat: with more of them, any two columns of different values are one to one.
MOST_VALUES, HEAD = 255, 1000


def look(column):
    """Return two checksums, of all rows: of the values, and of which rows have the same value.

    The second is None for a column of many values. None where the column is constant.
    """
    if column.is_constant or not (column.is_number or column.is_text):
        return None
    few = len(column.data.slice(0, HEAD).unique()) <= MOST_VALUES
    column = column.every_row()
    recoded = None
    if few and column.distinct <= min(MOST_VALUES, len(column) / 2):
        recoded = _checksum(column.codes.astype(np.int64).tobytes())
    if column.is_text:
        import pandas as pd

        codes, values = pd.factorize(column.data.to_numpy())
        content = codes.astype(np.int64).tobytes() + "\0".join(values).encode()
    else:
        # The sum makes one zero of 0 and -0, and numbers of any type are the same as doubles.
        content = (column.numbers + 0.0).tobytes()
    return _checksum(content), recoded


def _checksum(content):
    return hashlib.blake2b(content, digest_size=16).digest()


def say(copies):
    """Return the sentence on groups of equal columns, from {name: checksums}."""
    equal = _groups({name: values for name, (values, _) in copies.items()})
    repeats = [name for names in equal for name in names[1:]]
    once = {name: codes for name, (_, codes) in copies.items() if name not in repeats and codes}
    recoded = _groups(once)
    sentences = []
    if equal:
        sentences.append(
            f"{counted(repeats, 'repeats', 'repeat')} another in every row: {_each(equal, ' = ')}."
        )
    if recoded:
        others = [name for names in recoded for name in names[1:]]
        sentences.append(
            f"{counted(others, 'says', 'say')} the same as another in other values, one for one: "
            f"{_each(recoded, ' and ')}."
        )
    return " ".join(sentences) or None


def _groups(checksums):
    groups = {}
    for name, checksum in checksums.items():
        groups.setdefault(checksum, []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _each(groups, between):
    more = f"{between}…"
    return details(
        between.join(map(quoted, names[:3])) + more * (len(names) > 3) for names in groups
    )
