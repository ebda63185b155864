"""Run the stages on a table larger than memory: ``python -m benchmarks.large --rows 100000000``.

Writes parts of Parquet, numbers in double precision rounded to three decimals, uncompressed, with
one positive in so many rows, and runs each stage on them in a process of its own, in a clone, with
`split.method: hashed`. A part depends on its number and on the seed only. The disk must hold the
table twice: `data/raw.parquet` is a compressed copy.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from tabulate import tabulate

from benchmarks.speed import child, growth, pipeline

FEATURES = 30
STRETCH = 250_000  # rows that are drawn and written at once
MOVED, SHIFT = 6, 0.8  # features that tell the classes apart, and by how much
GIGA = 1e9


def write(folder, rows, parts, one_in, seed=42):
    """Write the parts, and return the bytes of the numbers.

    Parameters
    ----------
    folder : Path
    rows, parts : int
    one_in : int
        A row in so many is a positive, by chance.
    """
    names = [f"x{i}" for i in range(FEATURES)]
    schema = pa.schema([*((name, pa.float64()) for name in names), ("y", pa.int8())])
    ends = np.linspace(0, rows, parts + 1).astype(int)
    for number, size in enumerate(np.diff(ends)):
        rng = np.random.default_rng([seed, number])
        with pq.ParquetWriter(
            folder / f"part-{number:04}.parquet", schema, compression="none", use_dictionary=False
        ) as writer:
            for start in range(0, size, STRETCH):
                count = min(STRETCH, size - start)
                y = rng.random(count) * one_in < 1
                X = rng.standard_normal((FEATURES, count))
                X[:MOVED] += SHIFT * y
                columns = [*np.round(X, 3), y.astype(np.int8)]
                writer.write_table(pa.table(columns, schema=schema))
    return rows * FEATURES * 8


def set_up(path, folder, test_size, negatives):
    """Write the table's folder and the split by hash into a params.yaml."""
    yaml = YAML()
    params = yaml.load(path)
    params["data"] |= {"source": "file", "path": str(folder), "target": "y", "drop": []}
    params["split"] |= {
        "method": "hashed",
        "test_size": test_size,
        "train_negatives": negatives,
    }
    yaml.dump(params, path)


def main():
    """Print the seconds and the memory of each stage."""
    parser = argparse.ArgumentParser("python -m benchmarks.large", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000_000, 8_000_000])
    parser.add_argument("--parts", type=int, default=16)
    parser.add_argument("--one-in", type=int, default=20_000, metavar="ROWS")
    parser.add_argument("--test-size", type=float, default=0.05)
    parser.add_argument("--negatives", type=int, default=50)
    parser.add_argument("--all-stages", action="store_true", help="train and evaluate, too")
    given = parser.parse_args()
    child.heed()
    lines, found = [], {}
    for size in given.rows:
        with tempfile.TemporaryDirectory() as name:
            parts = Path(name) / "parts"
            parts.mkdir()
            held = write(parts, size, given.parts, given.one_in)
            place = pipeline.clone(Path(name) / "clone", size, growth.FEWEST)
            params = place / "params.yaml"
            stages = growth.stages(params.read_text(encoding="utf-8"))
            set_up(params, parts, given.test_size, given.negatives)
            for stage, command in stages if given.all_stages else stages[:2]:
                done = child.call([sys.executable, "-m", *command], place)
                found.setdefault(stage, []).append((size, done.processor))
                seconds = done.seconds, done.processor
                lines.append((f"{size:,}", held / GIGA, stage, *seconds, done.peak / GIGA))
    heads = ("rows", "GB", "stage", "s", "processor s", "peak GB")
    print(
        tabulate(lines, heads, floatfmt=("", ".1f", "", ".1f", ".1f", ".2f"), disable_numparse=[0])
    )
    for stage, points in found.items():
        if len(points) > 1:
            print(
                f"{stage}: exponent {growth.exponent(points):.2f} of the seconds of the processor"
            )


if __name__ == "__main__":
    main()
