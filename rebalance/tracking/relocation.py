"""Correct the addresses of artifacts after the repository moved, where a person says so."""

import sqlite3
from contextlib import closing
from pathlib import Path

from rebalance.tracking import places

# The columns in which MLflow keeps absolute addresses of artifacts.
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)


def move(experiment):
    """Rewrite the addresses below the old folder; return (old, new), or None where none moved."""
    uri = places.address()
    old = places.moved_from(uri, experiment)
    if not old:
        return None
    file = places.database(uri)
    with places.alone(uri):
        relocate(file, Path(old).as_uri(), file.parent.as_uri())
    return old, str(file.parent)


def relocate(file, old, new):
    """Rewrite in one transaction the addresses below ``old`` to the same below ``new``.

    MLflow keeps them absolute: after the repository moved it would not find the old artifacts,
    and would write new ones where the repository was.
    """
    with closing(sqlite3.connect(file, timeout=20)) as base, base:
        for table, column in ADDRESSES:
            base.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608 - ours
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
            )
