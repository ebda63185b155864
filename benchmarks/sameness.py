"""Run the same work in other ways, and compare what it writes: ``python -m benchmarks.sameness``.

Metrics, tables and models must be equal in every byte. With the instructions of an older processor,
and with ``--python PATH``, an interpreter with the locked packages, numbers must agree within 1e-9.
Exits with 1 where anything differs.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.faults import tiny
from benchmarks.faults.tiny import STAGES, written

NEAR = 1e-9
# A locale that every system has, and that reads files as ASCII.
ELSEWHERE = {
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "TZ": "Asia/Kathmandu",
    "PYTHONHASHSEED": "7",
}


def outputs(server, folder, changes=None, killed=""):
    """Run all stages in a folder; return {path: bytes} of what they write.

    ``killed`` names a stage that is killed after half of its calls to the disk, and run again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tiny.write_params(folder, changes)
    (folder / "dvc.yaml").write_bytes((tiny.ROOT / "dvc.yaml").read_bytes())
    for stage in STAGES:
        if stage == killed:
            calls = _must(server.run(folder, stage)).calls
            _forget(folder, stage)
            if server.run(folder, stage, at=calls // 2).code >= 0:
                raise RuntimeError(f"{stage} was to be killed")
        _must(server.run(folder, stage))
    return written(folder)


def _must(done):
    if done.code:
        raise RuntimeError(done.text)
    return done


def _forget(folder, _stage):
    """Remove the cached scores, so that a stage works as the first time."""
    for path in (folder / ".rebalance").rglob("*.npz"):
        path.unlink()


def ways(server, folder):
    """Yield (in words, outputs) of each way to do the same work."""
    yield "1 thread, again", outputs(server, folder / "again")
    yield "2 threads", outputs(server, folder / "threads", {"run": {"workers": 2}})
    processes = {"run": {"workers": 2, "engine": "process"}}
    yield "2 processes", outputs(server, folder / "processes", processes)
    yield "from the score cache", outputs(server, folder / "again")
    yield "after a kill", outputs(server, folder / "killed", killed="tune_ratio")
    yield "in another folder", outputs(server, folder / "a folder with ü" / "and more")
    with tiny.Server(folder / "other", draws=True, **ELSEWHERE) as other:
        yield "another locale, time zone and hash seed", outputs(other, folder / "locale")


def older_processor():
    """Return what has numpy and OpenBLAS take the instructions of a processor of 2008."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": " ".join(found)}


# A hash of each row decides its side, so that no order does.
HASHED = {
    "data": {"source": "file", "path": "rows", "drop": []},
    "split": {"method": "hashed", "test_size": 0.25},
}


def orders(server, folder):
    """Yield (in words, outputs) of a table as it is, and with its rows and parts in another order.

    Of all but ``data/raw.parquet``, where the rows lie as they came.
    """
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat([1, 0], [80, 1520]))
    names = [f"V{number}" for number in range(1, 6)]
    table = pd.DataFrame(rng.normal(size=(y.size, 5)) + y[:, None], columns=names)
    table["Class"] = y
    moved = table.sample(frac=1, random_state=1)
    for words, parts in (
        ("a table in a folder", [table]),
        ("its rows and parts in another order", [moved[700:], moved[:90], moved[90:700]]),
    ):
        place = folder / words / "rows"
        place.mkdir(parents=True)
        for number, part in enumerate(parts):
            part.to_csv(place / f"{number}.csv", index=False)
        found = outputs(server, place.parent, HASHED)
        yield words, {path: each for path, each in found.items() if path != "data/raw.parquet"}


def differing(one, other):
    """Return the paths whose bytes differ, or that are on one side only."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def far(one, other):
    """Return the paths in which a number differs by more than `NEAR`, or anything else at all.

    Of the JSON files and the out-of-fold scores: a picture or an archive has bytes of its library.
    """
    names = [
        path
        for path in sorted(one.keys() | other.keys())
        if path.endswith((".json", ".out_of_fold.parquet"))
    ]
    both = one.keys() & other.keys()
    return [
        path
        for path in names
        if path not in both or not _near(_numbers(path, one), _numbers(path, other))
    ]


def _numbers(path, files):
    if path.endswith(".json"):
        return json.loads(files[path])
    import pyarrow as pa

    return pq.read_table(pa.BufferReader(files[path])).to_pydict()


def _near(one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_near, one, other))
    if isinstance(one, float) and isinstance(other, int | float):
        return bool(np.isclose(one, other, rtol=NEAR, atol=NEAR))
    return one == other


def main(arguments=None):
    """Print what is the same in each way; return 1 where anything differs."""
    from tabulate import tabulate

    parser = argparse.ArgumentParser(prog="python -m benchmarks.sameness", description=__doc__)
    parser.add_argument("--python", action="append", default=[], help="may be repeated")
    options = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory(prefix="rebalance-sameness-") as name:
        folder = Path(name).resolve()
        for each in ("server", "other"):
            (folder / each).mkdir()
        with tiny.Server(folder / "server", draws=True) as server:
            wanted = outputs(server, folder / "first")
            for way, found in ways(server, folder):
                _note(rows, way, "equal bytes", wanted, differing(wanted, found))
            (_, first), (way, found) = orders(server, folder)
            _note(rows, way, "equal bytes", first, differing(first, found))
        others = [("an older processor", {"python": sys.executable, **older_processor()})]
        others += [(python, {"python": python}) for python in options.python]
        for number, (way, surroundings) in enumerate(others):
            place = folder / f"other{number}"
            place.mkdir()
            with tiny.Server(place, draws=True, **surroundings) as server:
                found = outputs(server, place / "it")
            _note(rows, way, f"within {NEAR:g}", wanted, far(wanted, found))
    print(tabulate(rows, ["way", "compared", "files", "different"], tablefmt="simple"))
    return int(any(row[-1] for row in rows))


def _note(rows, way, compared, wanted, different):
    rows.append([way, compared, len(wanted), len(different)])
    for path in different:
        print(f"{way}: {path} differs", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
