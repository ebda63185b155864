"""Features whose values are those of another feature in every row."""

import hashlib

import numpy as np

from rebalance.checks.finding import counted, details, quoted


def look(column):
    """Return a checksum of the values, of all rows; None where the column is constant."""
    if column.is_constant or not (column.is_number or column.is_text):
        return None
    column = column.every_row()
    if column.is_text:
        import pandas as pd

        codes, values = pd.factorize(column.data.to_numpy())
        content = codes.astype(np.int64).tobytes() + "\0".join(values).encode()
    else:
        # The sum makes one zero of 0 and -0, and numbers of any type are the same as doubles.
        content = (column.numbers + 0.0).tobytes()
    return hashlib.blake2b(content, digest_size=16).digest()


def say(copies):
    """Return the sentence on groups of equal columns, from {name: checksum}."""
    groups = {}
    for name, checksum in copies.items():
        groups.setdefault(checksum, []).append(name)
    equal = [names for names in groups.values() if len(names) > 1]
    if not equal:
        return None
    repeats = [name for names in equal for name in names[1:]]
    each = details(
        " = ".join(map(quoted, names[:3])) + " = …" * (len(names) > 3) for names in equal
    )
    return f"{counted(repeats, 'repeats', 'repeat')} another in every row: {each}."
