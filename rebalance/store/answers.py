"""Answers about another table: they are removed before a new one is read.

A run that is refused half-way would otherwise leave the report of the table before, and nothing in
it says so. DVC removes the outputs of the stage that it runs, not those of later ones.
"""

from pathlib import Path

import yaml

from rebalance import paths
from rebalance.store import shapes
from rebalance.store.fingerprints import md5

JUDGES = "evaluate"


def remove_other_answers():
    """Delete what the stage evaluate wrote, unless dvc.lock says that it is about the same data.

    The same data are the same section ``data`` of params.yaml and, of a file, the same content.
    """
    lock = _content(paths.LOCK).get("stages") or {}
    if _same(lock.get("download") or {}, _content(paths.PARAMS).get("data")):
        return
    stage = (_content(paths.PIPELINE).get("stages") or {}).get(JUDGES) or {}
    for key in ("outs", "metrics", "plots"):
        for out in stage.get(key) or []:
            path = Path(out if isinstance(out, str) else next(iter(out)))
            files = [path] if path.is_file() else [*path.rglob("*")]
            for file in filter(Path.is_file, files):
                file.unlink()


def _content(path):
    """Return what a YAML file holds; an empty dict where it is missing, or of another shape.

    Who needs the file says what is wrong with it.
    """
    try:
        content = yaml.safe_load(path.read_bytes()) if path.exists() else {}
        shapes.check(path, content)
    except (yaml.YAMLError, ValueError):  # an InputError is one
        return {}
    return content if isinstance(content, dict) else {}


def _same(recorded, data):
    """Say whether the record of the stage download is about the section ``data``."""
    params = (recorded.get("params") or {}).get(paths.PARAMS.as_posix()) or {}
    if not data or params.get("data") != data:
        return False
    known = {dep["path"]: dep for dep in recorded.get("deps") or []}.get(str(data.get("path")))
    path = Path(str(data.get("path"))).expanduser()
    if known is None or not path.is_file():
        # A folder is not read only to be compared.
        return data.get("source") != "file"
    return known.get("size") == path.stat().st_size and known.get("md5") == md5(path)
