"""Write tables as nobody would: they are read with the rows that they hold, or refused in lines.

A third of the cases are frames of odd types and shapes, a third CSV files of odd forms, a third
files of either kind with bytes changed. Of what is read, rows and positives are compared with what
was written, and a model is trained, saved and used.
"""

import gzip
import io
import random
import traceback
import warnings
from contextlib import chdir
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.faults.tally import Tally
from benchmarks.faults.tiny import content
from rebalance import params as parameters
from rebalance import served, store
from rebalance.errors import InputError
from rebalance.learning import fits, training
from rebalance.params import Treatment
from rebalance.workers import pool
from stages import download, split

LONGEST = 800
NAMES = [
    "V1", "x", "", " ", "Class ", "class", "a,b", 'say "x"', "a\nb", "1", "nan", "ä", "\U0001f600",
    "x" * 1000, "Unnamed: 0", "__index_level_0__", "Amount", "Time", "=1+1", "null", "\x00",
]  # fmt: skip
LABELS = [
    (0, 1), ("no", "yes"), (False, True), (0.0, 1.0), ("0", "1"), (-1, 1), ("", "x"), (1, 2),
    ("legit", "fraud"), (b"n", b"y"), ([0], [1]), ({"a": 0}, {"a": 1}),
    (date(2020, 1, 1), date(2021, 1, 1)), (Decimal("0.0"), Decimal("1.0")),
    (10**17, 10**17 + 1), (None, 1), (float("nan"), 1.0),
]  # fmt: skip


def columns_of(draw, n, plain):
    """Return an arrow array of ``n`` values of a type drawn at random, of the usual ones or all."""
    rng = np.random.default_rng(draw.randrange(2**32))
    gaps = draw.random() < 0.3
    makers = {
        "float": lambda: rng.normal(size=n),
        "half": lambda: rng.normal(size=n).astype(np.float16),
        "huge": lambda: rng.normal(size=n) * 10.0 ** rng.integers(-300, 308, n),
        "special": lambda: rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0], n),
        "int": lambda: rng.integers(-5, 5, n),
        "uint64": lambda: rng.integers(2**63, 2**64 - 1, n, dtype=np.uint64),
        "constant": lambda: np.ones(n),
        "bool": lambda: rng.random(n) < 0.5,
        "text": lambda: rng.choice(["a", "b", "c", "", " ", "NA", "1", "1,5", "2020-01-01"], n),
        "long": lambda: [draw.choice("abc \n\"'\x00\u2028ä") * 300 for _ in range(n)],
        "id": lambda: [f"C{i}" for i in range(n)],
        "date": lambda: [date(1 + draw.randrange(9998), 1, 1) for _ in range(n)],
        "moment": lambda: [
            datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=i) for i in range(n)
        ],
        "ns": lambda: rng.integers(-(2**62), 2**62, n).astype("M8[ns]"),
        "time": lambda: [time(i % 24) for i in range(n)],
        "duration": lambda: rng.integers(0, 10**9, n).astype("m8[us]"),
        "decimal": lambda: [Decimal(i) / 7 for i in range(n)],
        "bytes": lambda: [bytes([i % 256, 0, 255]) for i in range(n)],
        "list": lambda: [[i, i + 1] for i in range(n)],
        "struct": lambda: [{"a": i, "b": "x"} for i in range(n)],
        "null": lambda: [None] * n,
        "labels": lambda: pa.array(rng.choice(["p", "q"], n)).dictionary_encode(),
    }
    kind = draw.choice(["float", "int", "bool", "labels"] if plain else list(makers))
    made = makers[kind]()
    if isinstance(made, pa.Array):
        return made
    values = (
        pa.array(
            list(made) if isinstance(made, list) else made,
            pa.decimal128(20, 5) if kind == "decimal" else None,
            safe=False,
        )
        if kind != "decimal"
        else pa.array([round(v, 5) for v in made], pa.decimal128(20, 5))
    )
    if gaps and n and kind != "null":
        mask = rng.random(n) < 0.3
        values = pa.array(
            [None if m else v for v, m in zip(values.to_pylist(), mask, strict=True)], values.type
        )
    return values


def frame(draw):
    """Return (arrow table, label of the positives or None, positives or None)."""
    n = draw.choice([0, 1, 2, 7, 60, 60, 200, 200])
    labels = draw.choice(LABELS) if draw.random() < 0.5 else LABELS[0]
    share = draw.choice([0.0, 0.1, 0.3, 0.3, 0.5, 1.0])
    which = [draw.random() < share for _ in range(n)]
    target = pa.array([labels[each] for each in which]) if n else pa.array([], pa.int64())
    plain = draw.random() < 0.5  # else hardly any is read
    odd = 0.0 if plain else 0.4
    names = [
        draw.choice(NAMES) if draw.random() < odd else f"c{i}" for i in range(draw.randint(0, 5))
    ]
    arrays = [columns_of(draw, n, plain) for _ in names]
    at = draw.randint(0, len(names))
    names.insert(at, "Class")
    arrays.insert(at, target)
    table = pa.Table.from_arrays(arrays, names=names)
    clean = (
        isinstance(labels[1], int | str | float) and labels[1] != "" and labels[0] not in (None, "")
    )
    return table, labels[1], sum(which) if clean and labels[0] == labels[0] else None


def csv(draw, table):
    """Return the bytes of a CSV file of a table, in an odd form."""
    separator = draw.choice([",", ";", "\t", "|", ",", ","])
    end = draw.choice(["\n", "\n", "\r\n", "\r"])
    quote = draw.random() < 0.5

    def cell(value):
        text = "" if value is None else str(value)
        if quote or separator in text or '"' in text or "\n" in text or "\r" in text:
            return '"' + text.replace('"', '""') + '"'
        return text

    lines = [separator.join(map(cell, table.column_names))]
    lines += [
        separator.join(map(cell, row))
        for row in zip(*(c.to_pylist() for c in table.columns), strict=True)
    ]
    text = end.join(lines) + draw.choice(["", end, end * 3])
    encoding = draw.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"])
    return text.encode(encoding, errors="replace")


def parquet(draw, table):
    """Return the bytes of a parquet file of a table."""
    file = io.BytesIO()
    pq.write_table(table, file, compression=draw.choice(["zstd", "none", "snappy", "gzip"]))
    return file.getvalue()


def damaged(draw, whole):
    """Return bytes with some of them changed."""
    whole = bytearray(whole)
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(whole) + 1)
        kind = draw.random()
        if kind < 0.5 and at < len(whole):
            whole[at] = draw.randrange(256)
        elif kind < 0.7:
            whole[at:at] = draw.randbytes(draw.randint(1, 30))
        elif kind < 0.85:
            del whole[at : at + draw.randint(1, 200)]
        else:
            whole = whole[: max(at, 1)]
    return bytes(whole)


def drawn(case):
    """Return (name of the file, bytes, label of the positives, (rows, positives) or None)."""
    draw = random.Random(case)  # noqa: S311 - drawn again by its number
    table, label, positives = frame(draw)
    form = draw.choice(["csv", "parquet"])
    try:
        whole = csv(draw, table) if form == "csv" else parquet(draw, table)
    except (pa.ArrowException, UnicodeError, ValueError):
        whole, form = draw.randbytes(500), draw.choice(["csv", "parquet"])
        positives = None
    known = None if positives is None else (table.num_rows, positives)
    if case % 3 == 0 or form == "csv":
        # A text does not say what is a missing value, and what is one row.
        known = known if form == "parquet" else None
    if case % 3 == 2 and whole:
        whole, known = damaged(draw, whole), None
    name = f"table.{form}"
    if draw.random() < 0.1:
        whole, name = gzip.compress(whole), f"{name}.gz"
    label = label if isinstance(label, bool | int | float | str) and label != "" else str(label)
    return name, whole, label, known


def one(case):
    """Return (what is wrong, whether it is a wrong answer); nothing where all is right."""
    name, whole, label, known = drawn(case)
    with TemporaryDirectory() as folder, chdir(folder):
        Path(name).write_bytes(whole)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return used(name, label, known), True
        except InputError as error:
            lines = str(error).splitlines()
            if not all(lines) or max(map(len, lines)) > LONGEST:
                return f"a line that is empty or too long: {str(error)[:300]}", False
        except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
            return traceback.format_exc()[-1200:], False
    return "", False


def used(name, label, known):
    """Read, split and train; return how what was read differs from what was written."""
    values = content()
    values["data"] |= {
        "source": "file",
        "path": name,
        "target": "Class",
        "positive": label,
        "drop": [],
    }
    values["learner"] = {
        "name": "logistic_regression",
        "params": {"max_iter": 20, "tol": 0.1},
        "seed": 0,
    }
    params = parameters.parse(values)
    reading, *_ = download.download(params)
    if known is not None and (reading["rows"], reading["positives"]) != known:
        found = (reading["rows"], reading["positives"])
        return f"rows and positives: {known} were written, {found} were read"
    split.split(params)
    table = store.read_table("data/train.parquet")
    params = params.for_columns(table.names)
    settings = training.Settings.of(params)
    entry = Treatment(treatment="none")
    training.check(entry, table, settings, "baseline")
    with pool(params.run) as (executor, _):
        trained = training.train(entry, fits.Fits(table, executor), settings)
    store.write_model(Path("m.skops"), trained.model)
    read = served.Scorer(store.read_model("m.skops"))
    test = store.Columns("data/test.parquet")
    if len(read.probability(test)) != test.num_rows:
        return "not as many probabilities as rows"
    return ""


def tried(number, seed=0):
    """Return the `Tally` of so many cases."""
    tally = Tally("tables of odd bytes, types and shapes")
    for case in range(seed, seed + number):
        tally.tries += 1
        problem, wrong = one(case)
        if problem:
            (tally.wrong if wrong else tally.tracebacks).append(f"case {case}: {problem}")
    return tally
