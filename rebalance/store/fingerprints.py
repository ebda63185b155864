"""Checksums of files, and those of each model that git keeps."""

import hashlib
from pathlib import Path

import numpy as np

from rebalance import paths
from rebalance.errors import InputError, listed
from rebalance.store.json import write_text


def sha256(path):
    """Return the SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5(path):
    """Return the MD5 of a file, in hexadecimal: what dvc.lock holds."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def write_fingerprint(name):
    """Write the checksums of a model, its rows and scores, as ``sha256sum`` does."""
    # The rows first: a file that is cut lacks one of the others, which are always checked.
    files = (paths.TRAIN, paths.model(name), paths.out_of_fold(name))
    lines = [f"{sha256(path)}  {path.as_posix()}" for path in files if path.exists()]
    write_text(paths.fingerprint(name), "\n".join(lines))


def delete_removed_models(names):
    """Delete what is left of models other than ``names``: entries that were removed.

    A file left behind would be in what evaluate depends on here, and in no clone.
    """
    for path in paths.FINGERPRINTS.glob("*"):
        if path.stem not in names:
            for left in files_of(path.stem):
                left.unlink(missing_ok=True)


def files_of(name):
    """Return every file that the stage which trains ``name`` may write."""
    return [
        paths.model(name),
        paths.out_of_fold(name),
        paths.training_metrics(name),
        paths.importance(name),
        paths.fingerprint(name),
    ]


def check_fingerprint(name):
    """Raise `InputError` where the model ``name`` is not the one that its stage wrote."""
    fingerprint = paths.fingerprint(name)
    if not fingerprint.exists():
        raise InputError(f"{fingerprint} is missing; run 'dvc repro' to train {name}.")
    for path, known, checksum in _written(name):
        if checksum is None:
            raise InputError(f"{path} is missing; run 'dvc repro' to train it again.")
        if checksum != known:
            raise InputError(
                f"{path} is not what its training stage wrote (SHA-256 {known[:12]}…, "
                f"found {checksum[:12]}…); run 'dvc repro' to train it again, and before it "
                "'rebalance doctor' where DVC sees no change."
            )


def is_damaged(name):
    """Say whether files of a model have other bytes than its fingerprint says.

    Without a fingerprint that is whole nobody knows.
    """
    try:
        return any(checksum not in {None, known} for _, known, checksum in _written(name))
    except (FileNotFoundError, InputError):
        return False


def _written(name):
    """Yield the path, the checksum in the fingerprint and that of the file, or None, of a model.

    Its training rows are left out: who uses a model need not have them.
    """
    for path, known in _checksums(name).items():
        if path != paths.TRAIN:
            yield path, known, sha256(path) if path.exists() else None


def check_models(names, split):
    """Raise `InputError` where models are not what their stages wrote, of the rows of a split.

    A stage that is started by hand could judge a model on rows that it was trained on.

    Parameters
    ----------
    names : list of str
    split : dict
        ``metrics/split.json``.
    """
    for name in names:
        check_fingerprint(name)
    rows = {name: _checksums(name).get(paths.TRAIN) for name in names}
    if unknown := [name for name in names if rows[name] is None]:
        raise InputError(
            f"{listed(unknown)}: trained by an earlier version, which did not note on which rows; "
            "test rows may be among them, so run 'dvc repro' to train again."
        )
    if others := [name for name in names if rows[name] != split["train"]["sha256"]]:
        raise InputError(
            f"{listed(others)}: trained on other rows than the last split left, which may be test "
            "rows now; run 'dvc repro' to train again."
        )


def identify(split, y_test):
    """Put what tells the training rows and the test rows from others into a description of both."""
    split["train"]["sha256"] = sha256(paths.TRAIN)
    split["test"]["checksum"] = labels_checksum(y_test)


def check_labels(path, y, known):
    """Raise `InputError` where a table has not the labels whose checksum metrics/split.json has."""
    if labels_checksum(y) != known:
        raise InputError(
            f"{path} does not hold the rows of {paths.SPLIT}; run 'dvc repro' to write both."
        )


def labels_checksum(y):
    """Return what tells rows apart, however many columns are read with them: their labels in order.

    >>> labels_checksum([0, 1]) == labels_checksum([0, 1]), labels_checksum([0]) == "x"
    (True, False)
    """
    labels = np.asarray(y).astype(np.int8).tobytes()
    return hashlib.sha256(labels).hexdigest()[:16]


def _checksums(name):
    """Return {path: checksum} of the committed fingerprint of a model."""
    lines = paths.fingerprint(name).read_bytes().decode("utf-8", errors="replace").splitlines()
    known = {Path(path): known for known, _, path in (line.partition("  ") for line in lines)}
    # One that is cut would leave a file unchecked.
    if known.keys() - {paths.TRAIN} != {paths.model(name), paths.out_of_fold(name)}:
        raise InputError(
            f"{paths.fingerprint(name)} is not whole; run 'dvc repro' to train {name} again."
        )
    return known
