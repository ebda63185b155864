"""Write and read text, CSV and JSON; of JSON finite numbers of 6 significant digits."""

import csv
import json
import math
from pathlib import Path

import numpy as np

from rebalance.errors import InputError
from rebalance.store import shapes
from rebalance.store.atomic import replacing


def write_text(path, text):
    """Write ``text``, with a final newline."""
    with replacing(path) as partial:
        partial.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def write_csv(path, rows):
    """Write dictionaries as CSV; a row may lack columns of others."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def rounded(value):
    """Return ``value`` with every float at 6 significant digits; a float that is not finite raises.

    >>> rounded({"a": 0.123456789, "b": [1, 2.0]})
    {'a': 0.123457, 'b': [1, 2.0]}
    """
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [rounded(item) for item in value]
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise ValueError(f"a metric must be finite, got {value}.")
        return float(f"{value:.6g}")
    return value.item() if isinstance(value, np.generic) else value


def write_json(path, content):
    """Write metrics: two spaces, 6 significant digits, finite numbers only."""
    write_text(path, json.dumps(rounded(content), indent=2, allow_nan=False))


def read_json(path):
    """Return the content of a JSON file that a stage wrote.

    Raises `InputError` where it is missing, damaged or of another shape, and later where a key is
    asked for that it lacks.
    """
    try:
        content = json.loads(
            Path(path).read_text(encoding="utf-8"), object_hook=lambda each: _Written(path, each)
        )
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; run 'dvc repro' to make it.") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or one without an end
        raise InputError(f"{path} is not whole; {shapes.mended(path)}.") from error
    shapes.check(path, content)
    return content


class _Written(dict):
    """A mapping of a file that a stage wrote; a key that it lacks is a fault of the file."""

    def __init__(self, path, content):
        super().__init__(content)
        self._path = path

    def __missing__(self, key):
        raise InputError(
            f"{self._path} lacks {key!r}: it is damaged, or of another version; "
            f"{shapes.mended(self._path)}."
        )

    def __reduce__(self):
        return dict, (dict(self),)
