"""Mend dvc.lock, which DVC rewrites in place: a process killed then leaves it empty or cut.

Git has it as it was committed. What ran since runs again, with every fit from the score cache.
"""

import json
import subprocess
from pathlib import Path

from rebalance import paths, store
from rebalance.errors import InputError
from rebalance.params.file import parse

# Which process of DVC reads and writes which file; rewritten in place as well.
USERS = Path(".dvc") / "tmp" / "rwlock"


def mend():
    """Restore dvc.lock where it is empty or cut; return a line for each file that was mended."""
    lines = []
    if paths.LOCK.exists() and not whole(_text(paths.LOCK)):
        committed = _committed(paths.LOCK)
        if whole(committed):
            store.write_text(paths.LOCK, committed)
            lines.append(f"mended: {paths.LOCK} was cut; it is as git has it\n")
        else:
            paths.LOCK.unlink()
            lines.append(f"mended: {paths.LOCK} was cut; 'dvc repro' writes it anew\n")
    if USERS.exists() and not _is_json(_text(USERS)):
        USERS.unlink()
        lines.append(f"mended: {USERS} was cut; DVC writes it anew\n")
    return lines


def whole(text):
    """Say whether DVC reads the text of a dvc.lock: one that is cut may still be YAML."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(parse(text))
    except (InputError, Invalid):
        return False
    return True


def _text(path):
    return path.read_bytes().decode("utf-8", errors="replace")


def _is_json(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _committed(path):
    """Return the text of a file as git has it; nothing where it has none."""
    try:
        done = subprocess.run(  # noqa: S603 - no word of it comes from outside
            ["git", "show", f"HEAD:./{path.as_posix()}"],  # noqa: S607 - of the user's own PATH
            capture_output=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", errors="replace")
