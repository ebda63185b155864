"""Mend what DVC takes for whole: dvc.lock, which it rewrites in place, and damaged outputs.

A process killed then leaves dvc.lock empty or cut; git has it as it was committed. What ran since
runs again, with every fit from the score cache. DVC computes no checksum of a file again whose
time, size and number are as they were, and none of its own cache.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from rebalance import paths, store
from rebalance.errors import InputError, listed
from rebalance.params.file import parse
from rebalance.tracking import pipeline

# Which process of DVC reads and writes which file; rewritten in place as well.
USERS = Path(".dvc") / "tmp" / "rwlock"
# What git writes into a file that two branches changed.
CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)


def mend():
    """Restore what DVC rewrites in place and left empty or cut; return a line for each file."""
    lines = []
    if paths.LOCK.exists() and not whole(text := _text(paths.LOCK)):
        what = "held a merge conflict" if CONFLICT.search(text) else "was cut"
        committed = _committed(paths.LOCK)
        if whole(committed):
            store.write_text(paths.LOCK, committed)
            lines.append(f"mended: {paths.LOCK} {what}; it is as git has it\n")
        else:
            paths.LOCK.unlink()
            lines.append(f"mended: {paths.LOCK} {what}; 'dvc repro' writes it anew\n")
    if USERS.exists() and not _is_json(_text(USERS)):
        USERS.unlink()
        lines.append(f"mended: {USERS} was cut; DVC writes it anew\n")
    return lines


def look_again():
    """Have DVC look again at outputs that it takes for whole and are not; return a line for each.

    Those that DVC sees, as after a merge of two branches, are named in one line.

    A copy in its cache that is damaged is removed: `dvc checkout` would bring it back. Every output
    and its copy are read, which takes as long as their size asks for.
    """
    lines, others = [], []
    outputs = _outputs()
    cache = _cache() if outputs else None
    for path, md5 in outputs.items():
        if not path.exists():  # a link to a copy of another output too, which is removed by now
            path.unlink()
            continue
        copy = cache / md5[:2] / md5[2:]
        damaged = copy.exists() and store.md5(copy) != md5
        differs = store.md5(path) != md5
        linked = damaged and path.is_symlink() and path.samefile(copy)
        if damaged:
            copy.chmod(0o644)  # DVC writes copies read-only, and Windows removes none of those
            copy.unlink()
            what = "it and the link to it are" if linked else "it is"
            lines.append(f"mended: the copy of {path} in DVC's cache was damaged; {what} removed\n")
        if linked:
            path.unlink()
        elif differs:
            others.append(path)
    status = _dvc("status") if others else ""
    seen = [path for path in others if path.as_posix() in status]
    for path in others:
        if path not in seen:
            path.chmod(0o644)
            os.utime(path)
            lines.append(f"mended: {path} is damaged, and DVC sees it now; 'dvc repro' makes it\n")
    if seen:
        are, them = ("is", "it") if len(seen) == 1 else ("are", "them")
        lines.append(
            f"changed: {listed(seen)} {are} not what {paths.LOCK} says; 'dvc repro' makes {them} "
            "again\n"
        )
    return lines


def _outputs():
    """Return {path: checksum} of the files that dvc.lock knows and that are here."""
    try:
        stages = pipeline.locked() if paths.LOCK.exists() else {}
    except InputError:  # whatever is wrong there is said where it is needed
        return {}
    outputs = {path: md5 for _, known in stages.values() for path, md5 in known.items()}
    return {path: md5 for path, md5 in outputs.items() if path.is_file()}


def _cache():
    """Return the folder of DVC's cache."""
    return Path(_dvc("cache", "dir").strip() or ".dvc/cache") / "files" / "md5"


def _dvc(*words):
    """Return what a command of DVC prints."""
    done = subprocess.run(  # noqa: S603 - no word of it comes from outside
        [sys.executable, "-m", "dvc", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


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
