"""The provenance of a run: its code, libraries, files and names, in words that MLflow allows."""

import getpass
import hashlib
import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from rebalance import paths, store

LIBRARIES = ("dvc", "imbalanced-learn", "mlflow", "numpy", "optuna", "pandas", "scikit-learn")
SMALL = {".csv", ".json", ".md", ".png"}  # what MLflow gets a copy of
# What MLflow allows, in characters.
MAX_NAME, MAX_PARAM, MAX_TAG, MAX_SCHEMA = 250, 6000, 5000, 1_000_000


def flat(nested, prefix=""):
    """Join the names of nested dictionaries by dots.

    >>> flat({"resample": {"smote": {"ratio": 10}}, "seed": 1})
    {'resample.smote.ratio': 10, 'seed': 1}
    """
    result = {}
    for key, value in nested.items():
        if isinstance(value, dict) and value:
            result |= flat(value, f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = value
    return result


def checksum(path):
    """Return the MD5 of an output as dvc.lock has it; of a folder, that of its listing."""
    path = Path(path)
    if not path.is_dir():
        return store.md5(path)
    files = [item for item in path.rglob("*") if item.is_file()]
    listing = [{"md5": store.md5(f), "relpath": f.relative_to(path).as_posix()} for f in files]
    text = json.dumps(sorted(listing, key=lambda entry: entry["relpath"]), sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"


def stage_tags(stage):
    """Return what ran, on which code, in which `dvc repro`."""
    tags = {
        "kind": "stage",
        "dvc.stage": stage,
        "dvc.exp": os.environ.get("DVC_EXP_NAME", ""),
        "mlflow.user": user(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": source(stage),
    }
    return {name: value for name, value in (tags | _git()).items() if value}


def source(stage):
    """Return the file of a stage, relative to the repository.

    >>> source("train_resampled@smote")
    'stages/train_resampled.py'
    """
    return f"stages/{stage.partition('@')[0]}.py"


def versions():
    """Return the versions of Python and of the libraries that decide results."""
    return {"python": sys.version.split()[0]} | {name: version(name) for name in LIBRARIES}


def _git():
    """Return the commit, and whether files differ from it other than those that stages write."""
    ours = [f":(exclude){path.as_posix()}" for path in (paths.LOCK, paths.METRICS)]
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no", "--", "."]
    try:
        done = subprocess.run(  # noqa: S603 - no word of it comes from outside
            [*command, *ours], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = done.stdout.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), "")
    dirty = any(not line.startswith("#") for line in lines)
    return {"mlflow.source.git.commit": commit, "git.dirty": str(dirty).lower()}


def digest(outputs):
    """Return one checksum of {path: checksum} that does not depend on their order."""
    lines = sorted(f"{md5}  {Path(path).as_posix()}" for path, md5 in outputs.items())
    return hashlib.md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()


def small(outputs, folder=""):
    """Return the files that MLflow gets a copy of; the tables and models are DVC's.

    Their paths are those of the outputs, also where the files are in another folder.
    """
    for path in (Path(folder) / output for output in outputs):
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (
            file.relative_to(folder) for file in files if file.is_file() and file.suffix in SMALL
        )


def dataset(path):
    """Return the description of a table as MLflow has it; its rows are not read for it."""
    table = store.Columns(path)
    columns = [{"name": field.name, "type": _kind(field.type)} for field in table.schema]
    profile = {"num_rows": table.num_rows, "num_columns": len(columns)}
    sides = store.read_json(paths.SPLIT) if paths.SPLIT.exists() else {}
    for name in ("positives", "prevalence", "missing_values"):
        if name in sides.get(path.stem, {}):
            profile[name] = sides[path.stem][name]
    return {
        "name": path.stem,
        "digest": store.md5(path),
        "source": json.dumps({"uri": path.as_posix()}),
        "schema": json.dumps({"mlflow_colspec": columns})[:MAX_SCHEMA],
        "profile": json.dumps(profile),
    }


def _kind(type_):
    """Return MLflow's name of an arrow type."""
    import pyarrow as pa

    known = {
        "boolean": pa.types.is_boolean,
        "long": pa.types.is_integer,
        "double": lambda each: pa.types.is_floating(each) or pa.types.is_decimal(each),
        "datetime": pa.types.is_temporal,
    }
    return next((name for name, fits in known.items() if fits(type_)), "string")


def version(name):
    """Return the version of an installed library, nothing where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def user():
    """Return the name of the user, nothing where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return ""


def milliseconds(seconds):
    """Return MLflow's unit of time."""
    return int(1000 * seconds)


def legal(name):
    """Return a name that MLflow takes.

    >>> legal("recall@.5")
    'recall_.5'
    """
    return re.sub(r"[^\w\-. :/]", "_", str(name), flags=re.ASCII)[:MAX_NAME]


def param_texts(params):
    """Return parameters, which may be nested, as MLflow takes them."""
    return {legal(name): str(value)[:MAX_PARAM] for name, value in flat(params).items()}


def tag_texts(tags):
    """Return tags as MLflow takes them."""
    return {legal(name): str(value)[:MAX_TAG] for name, value in tags.items()}
