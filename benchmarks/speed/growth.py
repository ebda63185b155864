"""Seconds and memory of each stage on ever more rows, one process a stage, without DVC."""

import re
import sys
import tempfile
from math import log
from operator import attrgetter
from pathlib import Path
from signal import SIGKILL

from benchmarks.speed import child, pipeline
from benchmarks.speed.table import MEGA, Row

FIXED = 5_000  # rows whose seconds and memory are those of imports
FEATURES, FLOAT = 29, 4  # what the training table would take in float32
TRAINED = 0.8  # the share of the rows
TABLES, MOST = 3.0, 12_000_000_000  # peak: tables, and bytes
EXPONENT = 1.1
LARGE = 10_000_000  # rows from which imports no longer excuse memory
POSITIVES = 492 / 284_807  # of the credit card data
FEWEST = 20


def rows(folder, sizes, limit):
    """Yield the rows of each size, smallest first; a stage that does not finish ends it.

    Parameters
    ----------
    folder : Path
    sizes : list of int
    limit : float
        Seconds for all stages of one size.
    """
    fixed = dict(measure(folder, FIXED, limit))
    for stage, done in fixed.items():
        if done.code:
            raise child.UnfinishedError(f"{stage} of {FIXED:,} rows:\n{done.said}")
    for size in sorted(sizes):
        finished = []
        for stage, done in measure(folder, size, limit):
            finished.append(done)
            if done.code:
                reason = (
                    f"killed: over {limit:g} s in all, or memory ran out"
                    if done.code == -SIGKILL
                    else done.last
                )
                yield Row(
                    work=f"{size:,} rows: {stage} did not finish",
                    ours=done.seconds,
                    peak=done.peak,
                    target="finishes",
                    met=False,
                    note=f"{reason}; nothing larger tried",
                    size=size,
                )
                return
            yield _row(size, stage, done, fixed)
        yield Row(
            work=f"{size:,} rows: all stages",
            ours=sum(done.seconds for done in finished),
            peak=max(done.peak for done in finished),
            target="finishes",
            met=True,
            note=f"{sum(done.processor for done in finished):.1f} s of processor",
            size=size,
        )


def measure(folder, size, limit):
    """Yield (stage, Done) of each stage in order, up to the first that does not finish."""
    left = limit
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = pipeline.clone(Path(name), size, max(FEWEST, round(size * POSITIVES)))
        for stage, command in stages((place / "params.yaml").read_text(encoding="utf-8")):
            done = child.run([sys.executable, "-m", *command], place, limit=left, memory=MOST)
            yield stage, done
            left = max(1.0, left - done.seconds)
            if done.code:
                return


def stages(params):
    """Return (name, module and arguments) of each stage, in order."""
    section = re.search(r"^resample:.*\n((?:[ #].*\n|\n)+)", params, flags=re.MULTILINE)[1]
    names = re.findall(r"^  (\w+):", section, flags=re.MULTILINE)
    resampled = [(f"train_resampled@{name}", ["stages.train_resampled", name]) for name in names]
    before, after = ("download", "split", "train_baseline"), ("tune_ratio", "evaluate")
    return [
        *((name, [f"stages.{name}"]) for name in before),
        *resampled,
        *((name, [f"stages.{name}"]) for name in after),
    ]


def _table(size):
    return size * TRAINED * FEATURES * FLOAT


def _row(size, stage, done, fixed):
    imports = 0 if size >= LARGE else fixed[stage].peak
    tables = max(0, done.peak - imports) / _table(size)
    return Row(
        work=f"{size:,} rows: {stage}",
        ours=done.seconds,
        peak=done.peak,
        target=f"{TABLES:g} tables in float32, {MOST / 1000 / MEGA:g} GB",
        met=tables <= TABLES and done.peak <= MOST,
        note=f"{tables:.1f} tables"
        + f" beyond {imports / MEGA:.0f} MB" * bool(imports)
        + f"; {done.processor:.1f} s of processor",
        size=size,
        stage=stage,
        wall=done.seconds - fixed[stage].seconds,
        processor=done.processor - fixed[stage].processor,
    )


def exponents(rows):
    """Return a row for each stage measured at two sizes or more, and one for all together.

    The target is of seconds by the clock; those of the processor, beside them, do not change with
    other programs that come or go.

    Parameters
    ----------
    rows : list of Row
        Those without a stage are no rows of growth.
    """
    found = {}
    for row in rows:
        if row.stage and row.wall is not None:
            found.setdefault(row.stage, {})[row.size] = row
    sizes = sorted({size for by_size in found.values() for size in by_size})
    whole = [size for size in sizes if all(size in by_size for by_size in found.values())]
    told = [
        Row(work=f"growth: {stage}", note=_said(by_clock, of_processor))
        for stage, by_size in found.items()
        for by_clock, of_processor in [_exponents([[row] for row in by_size.values()])]
        if by_clock is not None
    ]
    if len(sizes) < 2:
        return told
    by_clock, of_processor = _exponents(
        [[by_size[size] for by_size in found.values()] for size in whole]
    )
    told.append(
        Row(
            work=f"growth: {len(found)} stages together",
            target=f"exponent at most {EXPONENT}",
            met=by_clock is not None and by_clock <= EXPONENT,
            note="no two sizes have every stage"
            if by_clock is None
            else f"{_said(by_clock, of_processor)}, of {', '.join(f'{n:,}' for n in whole)} rows",
        )
    )
    return told


def _exponents(by_size):
    """Return the exponents by the clock and of the processor, of lists of rows of one size each."""

    def fitted(which):
        return exponent([(rows[0].size, sum(map(which, rows))) for rows in by_size])

    return fitted(attrgetter("wall")), fitted(attrgetter("processor"))


def _said(by_clock, of_processor):
    of_processor = "none" if of_processor is None else f"{of_processor:.2f}"
    return (
        f"exponent {by_clock:.2f} of seconds, {of_processor} of those of the processor, beyond "
        f"{FIXED:,} rows"
    )


def exponent(points):
    """Return b of seconds = a x rows ** b, by least squares; None where no time was spent.

    >>> round(exponent([(10, 5.0), (100, 50.0), (1000, 500.0)]), 6)
    1.0
    """
    if len(points) < 2 or any(seconds <= 0 for _, seconds in points):
        return None
    x = [log(rows) for rows, _ in points]
    y = [log(seconds) for _, seconds in points]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True))
    return slope / sum((a - x_mean) ** 2 for a in x)
