"""Checksums of files, and those of each model that git keeps."""

import hashlib
from pathlib import Path

from rebalance import paths
from rebalance.errors import InputError
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
    """Write the checksums of a model and its out-of-fold scores, as ``sha256sum`` does."""
    files = (paths.model(name), paths.out_of_fold(name))
    lines = [f"{sha256(path)}  {path.as_posix()}" for path in files]
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
    for path, known in _checksums(name).items():
        if not path.exists():
            raise InputError(f"{path} is missing; run 'dvc repro' to train it again.")
        if (checksum := sha256(path)) != known:
            raise InputError(
                f"{path} is not what its training stage wrote (SHA-256 {known[:12]}…, "
                f"found {checksum[:12]}…); run 'dvc repro' to train it again."
            )


def _checksums(name):
    """Return {path: checksum} of the committed fingerprint of a model."""
    lines = paths.fingerprint(name).read_bytes().decode("utf-8", errors="replace").splitlines()
    known = {Path(path): known for known, _, path in (line.partition("  ") for line in lines)}
    # One that is cut would leave a file unchecked.
    if known.keys() != {paths.model(name), paths.out_of_fold(name)}:
        raise InputError(
            f"{paths.fingerprint(name)} is not whole; run 'dvc repro' to train {name} again."
        )
    return known
