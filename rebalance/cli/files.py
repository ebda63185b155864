"""Files that more than one command reads."""

from rebalance.errors import InputError


def written(path):
    """Return the text that a stage wrote; `InputError` where there is none."""
    if not path.exists():
        raise InputError(f"{path} is missing; run 'dvc repro' to make it.")
    return path.read_text(encoding="utf-8")
