"""What git keeps of a file: its versions in every branch."""

import json
import subprocess


def commits(path):
    """Return the commits of any branch that change a file, newest first.

    None where this is no repository of git.
    """
    return _git("log", "--all", "--format=%H", "--", path.as_posix()).decode().split()


def at(commit, path):
    """Return the content of a file in a commit, empty where it has none."""
    return _git("cat-file", "blob", f"{commit}:./{path.as_posix()}")


def json_versions(path):
    """Yield the commit and the content of each version of a JSON file that can be read."""
    for commit in commits(path):
        if content := json_at(commit, path):
            yield commit, content


def json_at(commit, path):
    """Return the content of a JSON file in a commit, {} where it has none that can be read."""
    try:
        return json.loads(at(commit, path) or b"{}")
    except ValueError:
        return {}


def is_cut():
    """Tell whether git has only the newest commits here, as a clone with ``--depth`` has."""
    return _git("rev-parse", "--is-shallow-repository").strip() == b"true"


def _git(*arguments):
    """Return what git prints, nothing where it refuses."""
    try:
        # The git of the user's own PATH, and no word from outside.
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S603, S607
    except OSError:
        return b""
    return done.stdout if done.returncode == 0 else b""
