"""Measure speed and memory against the usual ways: ``python -m benchmarks.speed``, ``make bench``.

Prints one table and writes it as JSON under benchmarks/results/. Both sides of a row run in the
same minutes on the same rows, each in a process of its own, with one thread a fit; what counts is
their ratio. At full size the article's script takes most of an hour, and ten million rows more than
one; ``--quick`` takes 40,000 rows and fewer ratios, ``--only`` some of the parts: ``--only study
--workers 16``, ``--only growth --rows 1000000 10000000``.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from benchmarks.speed import child, growth, pipeline, single, table
from rebalance import workers

FULL, QUICK = 284_807, 40_000
GROWTH = (284_807, 1_000_000, 3_000_000, 10_000_000)
# What both sides of a row are written for.
MEASURED = {
    "data.target": "Class",
    "data.positive": 1,
    "learner.name": "hist_gradient_boosting",
    "tune.treatment": "random_under",
    "tune.also": [],
    "tune.learner": {},
    "tune.metric": "average_precision",
    "run.workers": 0,
}


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    rows: int
    cores: int
    trials: int = 30
    short_trials: int = 10
    article_trials: int = 10
    repeats: int = 3
    positives: int = 0


# Each takes the folder with the rows and a `Size`, and returns rows of the table.
PARTS = {
    "article": single.article,
    "repro": pipeline.rows,
    "study": single.study,
    "optuna": single.optuna,
    "neighbour": single.neighbour,
    "bootstrap": single.bootstrap,
    "scoring": single.scoring,
}


def check(params):
    """Raise `SystemExit` where params.yaml says what the rivals could not follow."""
    for key, wanted in MEASURED.items():
        section, name = key.split(".")
        if params[section][name] != wanted:
            raise SystemExit(
                f"error: {key} must be {wanted!r} to be measured, got {params[section][name]!r}: "
                "measure in a clone with the params.yaml of the project."
            )


def sized(options):
    """Return the `Size` that the options ask for."""
    cores = options.workers or workers.cores()
    rows = options.rows[0] if options.rows else QUICK if options.quick else FULL
    if options.quick:
        return Size(rows=rows, cores=cores, trials=12, short_trials=6, article_trials=2, repeats=2)
    return Size(rows=rows, cores=cores)


def parse(arguments):
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} rows, fewer ratios")
    parser.add_argument(
        "--only",
        action="append",
        choices=[*PARTS, "growth"],
        metavar="ROW",
        help=f"one of {', '.join(PARTS)}, growth; may be repeated",
    )
    parser.add_argument("--rows", type=int, nargs="+", help="rows; of growth: its sizes")
    parser.add_argument("--workers", type=int, default=0, help="fits at a time; 0: one a core")
    parser.add_argument("--limit", type=float, default=7200, help="seconds for a size of growth")
    parser.add_argument("--out", type=Path, help="where the JSON goes")
    options = parser.parse_args(arguments)
    name = "speed.quick.json" if options.quick else "speed.json"
    options.out = options.out or child.ROOT / table.RESULTS / name
    return options


def main(arguments=None):
    """Measure, print and write; return 1 where a target was missed."""
    options = parse(arguments)
    check(yaml.safe_load((child.ROOT / "params.yaml").read_text(encoding="utf-8")))
    size = sized(options)
    names = options.only or [*PARTS, *["growth"] * (not options.quick)]
    run = table.surroundings() | {"commit": child.commit(), "cores": size.cores, "parts": names}
    found = []
    with tempfile.TemporaryDirectory(prefix="rebalance-speed-") as name:
        folder = Path(name)
        if set(names) & set(PARTS):
            size = with_rows(folder, size)
        for part in names:
            start = time.perf_counter()
            for row in _measured(part, folder, size, options):
                found.append(replace(row, part=part, size=row.size or size.rows))
                run["load_after"] = os.getloadavg()[0]
                rows = [*found, *growth.exponents(found)]
                # After each row: what is measured stays measured.
                table.write(options.out, rows, run, quick=options.quick)
            print(f"{part}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    print(table.text(rows))
    what = f"{size.rows:,} rows, " if set(names) & set(PARTS) else ""
    print(f"\n{what}{size.cores} cores, load {run['load']:.1f} at the start")
    return int(any(row.met is False for row in rows))


def _measured(part, folder, size, options):
    if part == "growth":
        return growth.rows(folder, options.rows or GROWTH, options.limit)
    return PARTS[part](folder, size)


def with_rows(folder, size):
    """Write the rows that all parts read; return the `Size` with their positives."""
    return replace(size, positives=child.work("prepare", folder, rows=size.rows)["positives"])


if __name__ == "__main__":
    child.heed()
    sys.exit(main())
