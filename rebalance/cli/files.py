"""Files that more than one command reads."""

from pathlib import Path

from rebalance import paths
from rebalance.errors import InputError
from rebalance.sources.address import is_address


def written(path):
    """Return the text that a stage wrote; `InputError` where there is none."""
    if not path.exists():
        raise InputError(f"{path} is missing; run 'dvc repro' to make it.")
    return path.read_text(encoding="utf-8")


def seen_by_dvc(path, key="data.path"):
    """Return a path as DVC must find it; `InputError` where it would not, or takes it for its own.

    DVC looks for what a stage depends on before the stage runs: its own line would come first.
    """
    if is_address(path) or not path:
        return path
    if path.startswith("~"):
        raise InputError(
            f"{key} must be written in full, as {Path(path).expanduser().as_posix()!r}: DVC, which "
            f"looks for it before any stage runs, knows no ~; got {path!r}."
        )
    folders = (paths.DATA, paths.METRICS, paths.MODELS)
    if any(folder.absolute().is_relative_to(Path(path).absolute()) for folder in folders):
        raise InputError(
            f"{key} must not hold what the pipeline writes, got {path!r}: put your files into a "
            "folder of their own, such as data/mine."
        )
    return path
