"""Read and write tables, models and JSON; a file is either whole or absent."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np

from rebalance import paths
from rebalance.errors import InputError
from rebalance.store._atomic import replacing
from rebalance.store._models import TRUSTED, read_model, write_model
from rebalance.store._tables import Columns, Table, read_table, write_frame, write_frames

__all__ = [
    "TRUSTED",
    "Columns",
    "Table",
    "check_fingerprint",
    "forget_others",
    "kept",
    "md5",
    "read_json",
    "read_model",
    "read_scores",
    "read_table",
    "replacing",
    "rounded",
    "sha256",
    "write_fingerprint",
    "write_frame",
    "write_frames",
    "write_json",
    "write_model",
    "write_text",
    "write_trained",
]

# What results of killed stages may take: some, and of large tables a hundred candidates' scores.
KEPT_BYTES, KEPT_BYTES_A_ROW = 1_000_000_000, 800


def write_text(path, text):
    """Write ``text``, with a final newline."""
    with replacing(path) as beside:
        beside.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


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
    """Return the content of a JSON file; `InputError` where there is none."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; run 'dvc repro' to make it.") from error


def sha256(path):
    """Return the SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5(path):
    """Return the MD5 of a file, in hexadecimal: what dvc.lock holds."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def write_trained(name, trained, more=None):
    """Write what a training stage made of the model ``name``; return the files written.

    ``trained`` is a `training.Trained`; ``more`` joins its metrics.
    """
    import pyarrow as pa

    write_model(paths.model(name), trained.model)
    columns = {key: pa.array(column) for key, column in vars(trained.scores).items()}
    write_frame(paths.out_of_fold(name), pa.table(columns))
    write_json(paths.training_metrics(name), trained.summary | (more or {}))
    write_fingerprint(name)
    return [
        paths.model(name),
        paths.out_of_fold(name),
        paths.training_metrics(name),
        paths.fingerprint(name),
    ]


def kept(n_rows):
    """Return the `joblib.Memory` whose results outlive a killed stage.

    Those used longest ago are deleted first: had a study no room for all its results, the next
    would find the ones that it asks for first deleted.
    """
    from joblib import Memory

    memory = Memory(paths.KEPT, verbose=0)
    memory.reduce_size(bytes_limit=max(KEPT_BYTES, KEPT_BYTES_A_ROW * n_rows))
    return memory


def read_scores(name):
    """Return the out-of-fold scores of the model ``name``: a dict of columns."""
    columns = Columns(paths.out_of_fold(name))
    return {column: columns[column].to_numpy() for column in columns.column_names}


def write_fingerprint(name):
    """Write the checksums of a model and its out-of-fold scores, as ``sha256sum`` does."""
    files = (paths.model(name), paths.out_of_fold(name))
    lines = [f"{sha256(path)}  {path.as_posix()}" for path in files]
    write_text(paths.fingerprint(name), "\n".join(lines))


def forget_others(names):
    """Delete what is left in metrics/ of models other than ``names``: entries that were removed.

    A fingerprint left behind would be in what evaluate depends on here, and in no clone.
    """
    for path in paths.FINGERPRINTS.glob("*"):
        if path not in {paths.fingerprint(name) for name in names}:
            path.unlink()
            paths.training_metrics(path.stem).unlink(missing_ok=True)


def check_fingerprint(name):
    """Raise `InputError` where the model ``name`` is not the one that its stage wrote."""
    fingerprint = paths.fingerprint(name)
    if not fingerprint.exists():
        raise InputError(f"{fingerprint} is missing; run 'dvc repro' to train {name}.")
    for line in fingerprint.read_text(encoding="utf-8").splitlines():
        known, path = line.split("  ", 1)
        if not Path(path).exists():
            raise InputError(f"{path} is missing; run 'dvc repro' to train it again.")
        if (found := sha256(path)) != known:
            raise InputError(
                f"{path} is not what its training stage wrote (SHA-256 {known[:12]}…, "
                f"found {found[:12]}…); run 'dvc repro' to train it again."
            )
