"""Split a table of any size in one pass, by a hash of what each row holds.

The hash of a row depends on its values, the names of its columns and a seed: not on the file that
it lies in, nor on the order of rows, nor on which worker reads it. So the same rows are held out
however a table is cut into parts, a row stays on its side when others come, and of the negatives
that are kept fewer per positive are among those of more.
"""

import hashlib
from collections import deque
from dataclasses import dataclass

import numpy as np

from rebalance import store
from rebalance.errors import InputError, number_of

# The increment and the multipliers of SplitMix64 (Steele, Lea and Flood, 2014).
STEP, FIRST, SECOND = map(np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
# What stands for a missing value.
GAP = np.uint64(0x7FF8000000000000)
# With fewer of the positives different from each other, a hash tells too few rows apart.
DISTINCT = 0.5
# Copies of a group of rows that a worker holds, and test rows that the checks of a split look at.
COPIES, SHOWN = 4, 100_000


def mixed(bits):
    """Return other bits for each 64 bits, the finalizer of SplitMix64.

    >>> [hex(each) for each in mixed(np.array([0, 1], dtype=np.uint64))]
    ['0xe220a8397b1dcdaf', '0x910a2dec89025cc1']
    """
    bits = bits + STEP
    bits ^= bits >> np.uint64(30)
    bits *= FIRST
    bits ^= bits >> np.uint64(27)
    bits *= SECOND
    bits ^= bits >> np.uint64(31)
    return bits


def of_rows(table, names):
    """Return a hash of 64 bits for each row, from the columns ``names`` in any order.

    A number counts by its value: 1 is 1.0, and -0 is 0. A missing value is a value of its own.

    Parameters
    ----------
    table : pyarrow.Table
    names : list of str
    """
    total = np.zeros(table.num_rows, dtype=np.uint64)
    for name in names:
        key = hashlib.blake2b(name.encode(), digest_size=8).digest()
        total += mixed(_bits(table[name]) ^ np.frombuffer(key, dtype="<u8")[0])
    return mixed(total)


def _bits(column):
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_temporal(column.type):
        moments = pc.cast(pc.cast(column, pa.timestamp("us"), safe=False), pa.int64())
        return np.where(
            column.is_null().to_numpy(), GAP, pc.fill_null(moments, 0).to_numpy().view(np.uint64)
        )
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        values = pc.cast(column, pa.float64(), safe=False).to_numpy() + 0.0
        return np.where(np.isnan(values), GAP, values.view(np.uint64))
    coded = column.combine_chunks().dictionary_encode()
    words = [_word(text) for text in coded.dictionary.to_pylist()]
    codes = pc.fill_null(coded.indices, len(words)).to_numpy()
    return np.array([*words, GAP], dtype=np.uint64)[codes]


def _word(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def below(hashes, share):
    """Say which hashes lie below a share of all that there can be."""
    if share >= 1:
        return np.ones(len(hashes), dtype=bool)
    return hashes < np.uint64(int(share * 2.0**64))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which rows go where.

    Attributes
    ----------
    target : str
    names : list of str
        The columns that tell rows apart: all but the target.
    together : list of str
        The columns whose equal values stay on one side; ``names`` where no column is named.
    test, share : float
        The share of the rows that is held out, and of the other negatives that is kept.
    seed : int
    """

    target: str
    names: list
    together: list
    test: float
    share: float
    seed: int

    @classmethod
    def of(cls, schema, roles, y, params):
        """Return the plan of a table.

        Parameters
        ----------
        schema : pyarrow.Schema
        roles : dict
        y : array of shape (n_rows,)
        params : params.Split
        """
        names = [name for name in schema.names if name != roles["target"]]
        if params.column and params.column not in names:
            raise InputError(
                f"split.column {params.column!r} is no column; the columns are {', '.join(names)}."
            )
        wanted, positives = params.train_negatives, np.count_nonzero(y)
        share = 1.0
        if wanted is not None and wanted * positives < len(y) - positives:
            share = wanted * positives / (len(y) - positives)
        return cls(
            target=roles["target"],
            names=names,
            together=[params.column] if params.column else names,
            test=params.test_size,
            share=share,
            seed=params.seed,
        )


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one stretch of a table gives: rows of both sides with their hashes, and counts.

    ``rows`` and ``positives`` count the training rows, with those that were left out.
    """

    train: object
    train_hash: np.ndarray
    test: object
    test_hash: np.ndarray
    rows: int
    positives: int


def piece(table, plan):
    """Return the `Piece` of an arrow table."""
    if plan.together != plan.names and (gaps := table[plan.together[0]].null_count):
        raise InputError(
            f"split.column {plan.together[0]!r} must name a group in every row, got "
            f"{number_of(gaps, 'row')} without."
        )
    seed = mixed(np.array([plan.seed], dtype=np.uint64))
    contents = of_rows(table, plan.names)
    side = contents if plan.together == plan.names else of_rows(table, plan.together)
    held_out = below(mixed(side ^ seed), plan.test)
    # Another number of the same row: what is left out does not depend on the side.
    order = mixed(mixed(contents ^ seed) ^ STEP)
    y = table[plan.target].to_numpy() == 1
    kept = ~held_out & (y | below(order, plan.share))
    train, test = np.flatnonzero(kept), np.flatnonzero(held_out)
    return Piece(
        train=table.take(train),
        train_hash=order[train],
        test=table.take(test),
        test_hash=order[test],
        rows=int((~held_out).sum()),
        positives=int((y & ~held_out).sum()),
    )


def pieces(raw, plan, executor, ahead):
    """Yield the `Piece` of each group of rows of a file, with so many at work ahead.

    Parameters
    ----------
    raw : store.Columns
    plan : Plan
    executor : concurrent.futures.Executor
        On threads.
    ahead : int
    """
    waiting = deque()
    for number in range(len(raw.groups)):
        waiting.append(executor.submit(lambda i=number: piece(store.read_group(raw.path, i), plan)))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The training rows that were kept, in order, and what was number_of on both sides.

    ``rows`` and ``positives`` count the training rows, with those that were left out.
    """

    train: object
    rows: int
    positives: int

    @property
    def weight(self):
        """Return how many negatives of the training rows each one that was kept stands for."""
        return (self.rows - self.positives) / (self.train.num_rows - self.positives)

    @property
    def roles(self):
        """Return what the training rows say of those that were left out."""
        return {"negative_weight": self.weight} if self.weight > 1 else {}

    def with_test(self, test):
        """Return one table of the training rows and of test rows, and the numbers of both."""
        import pyarrow as pa

        first = self.train.num_rows
        numbers = np.arange(first + test.num_rows)
        table = pa.concat_tables([self.train, test.cast(self.train.schema)])
        return table, (numbers[:first], numbers[first:])


def gather(pieces, plan, test):
    """Return the `Sides` of a table, and put its test rows into a `store.Shuffle`.

    Raises `InputError` where a side has one class only, or a hash tells few rows apart.

    Parameters
    ----------
    pieces : iterable of Piece
    plan : Plan
    test : store.Shuffle
    """
    import pyarrow as pa

    kept, hashes, rows, positives, held_out = [], [], 0, 0, np.zeros(2, dtype=np.int64)
    for each in pieces:
        kept.append(each.train)
        hashes.append(each.train_hash)
        rows, positives = rows + each.rows, positives + each.positives
        held_out += [each.test.num_rows, int(each.test[plan.target].to_numpy().sum())]
        test.put(each.test, each.test_hash)
    train, hashes = pa.concat_tables(kept), np.concatenate(hashes)
    del kept
    y = train[plan.target].to_numpy()
    _check(y, hashes, *held_out.tolist())
    train = train.take(_order(hashes, y, plan.share)).combine_chunks()
    return Sides(train=train, rows=rows, positives=positives)


def _order(hashes, y, share):
    """Return the order of the training rows: by their hash, both classes spread alike.

    The negatives that a share keeps have the lowest hashes, and come first among those of a
    larger share.
    """
    spread = hashes.astype(float)
    spread[y == 1] *= share
    return np.lexsort((hashes, spread))


def _check(y, hashes, test_rows, test_positives):
    for side, positives, rows in (
        ("train", int(y.sum()), len(y)),
        ("test", test_positives, test_rows),
    ):
        if not 2 <= positives < rows:
            raise InputError(
                "split.method 'hashed' must leave 2 positives or more and some negatives on each "
                f"side, got {number_of(positives, 'positive')} in {number_of(rows, f'{side} row')}."
            )
    distinct, positives = len(np.unique(hashes[y == 1])), int(y.sum())
    if distinct < DISTINCT * positives:
        raise InputError(
            "split.method 'hashed' tells rows apart by what they hold, and the "
            f"{positives:,} positives of the training rows hold {distinct:,} different rows; use "
            "split.method stratified, or leave a column in the table that differs by row."
        )


def described(metrics, sides):
    """Return ``metrics/split.json`` with the training rows that were left out number_of in."""
    train = metrics["train"]
    negatives = sides.rows - sides.positives
    whole = {
        "rows": sides.rows,
        "positives": sides.positives,
        "prevalence": sides.positives / sides.rows,
        "natural_ratio": negatives / sides.positives,
        "no_information_rate": max(sides.positives, negatives) / sides.rows,
    }
    if sides.weight > 1:
        whole["kept"] = {
            "rows": train["rows"],
            "natural_ratio": train["natural_ratio"],
            "negative_weight": sides.weight,
        }
    return metrics | {"train": train | whole}


def spaced(count):
    """Return the numbers of at most `SHOWN` rows, evenly spaced."""
    return np.arange(0, count, max(1, -(-count // SHOWN)))
