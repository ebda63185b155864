"""Files that more than one command reads or writes."""

import errno
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from rebalance import paths
from rebalance.errors import InputError, shown
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


def there(path):
    """Return a path that exists, as DVC must find it; else raise `InputError`."""
    if not path:
        raise InputError(
            "data.path must name something that is there, whatever the source: DVC has no line for "
            "an empty one; write data/README.md."
        )
    if not is_address(seen_by_dvc(path)) and not Path(path).exists():
        raise InputError(
            f"data.path {path[:40]!r} is not there, seen from {paths.PARAMS}; 'rebalance init' "
            "writes the path of a file that is."
        )
    return path


def left_behind(path):
    """Return a line where neither git nor DVC has a file of this repository, else nothing.

    Another clone starts without it, and so does ``dvc exp run --temp``, which copies what git has.
    """
    if is_address(path) or not path or not Path(path).exists():
        return ""
    file = Path(path).absolute()
    if any(Path(f"{each}.dvc").exists() for each in (file, *file.parents)):
        return ""
    command = [shutil.which("git") or "git", "ls-files", "--", str(file)]
    try:
        done = subprocess.run(  # noqa: S603 - the path follows "--", so that it is no option
            command, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    # Git refuses what is outside of a repository; such a file is found from everywhere here.
    if done.returncode or done.stdout:
        return ""
    return (
        f"warning: neither git nor DVC has {path[:60]!r}: another clone and 'dvc exp run --temp' "
        f"start without it; 'dvc add' gives it to both, --copy-paths to the second."
    )


def refuse_output(output, usual):
    """Raise `InputError` where no file of this name can be written; ``usual`` is a name for one."""
    target = Path(output)
    try:
        if target.is_dir():
            raise InputError(
                f"--output must name a file, got the folder {shown(output)}; write "
                f"{shown(str(target / usual))}."
            )
        # The folders that are missing are made with the file.
        above = next(folder for folder in target.absolute().parents if os.path.lexists(folder))
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        advice = {
            errno.ENAMETOOLONG: "choose a shorter name",
            errno.ENOSPC: "make room for it, or name a file on another disk",
        }
        raise InputError(
            f"--output {shown(output)} cannot be written ({os.strerror(error.errno).lower()}); "
            f"{advice.get(error.errno, 'name a file in a folder in which you may write')}."
        ) from error
