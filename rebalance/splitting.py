"""Split rows into train and test, and training rows into folds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np

from rebalance.errors import InputError, number_of

# Seconds of a day.
DAY = 24 * 60 * 60
# The longest gap that fits into dates of microseconds, in seconds.
LONGEST = 9e12
# Parts of which a group split takes some: a finer share is not worth more folds.
FINEST = 20
# The name that split.column gives to groups of rows whose features are all equal.
EQUAL_ROWS = "equal_rows"


def _stratified(y, _column, params):
    from sklearn.model_selection import train_test_split

    try:
        # The same call as the article's, so the same rows.
        return train_test_split(
            np.arange(len(y)), test_size=params.test_size, random_state=params.seed, stratify=y
        )
    except ValueError as error:
        raise InputError(
            f"split.test_size must leave rows of both classes on both sides, got "
            f"{params.test_size:g} of {len(y)} rows with {number_of(int(y.sum()), 'positive')}."
        ) from error


def _moments(column, name):
    """Return a column as numbers or dates, or raise `InputError` where a row has neither."""
    if column.dtype.kind == "O":
        column = _dates(column)
    missing = np.isnat if column.dtype.kind == "M" else np.isnan
    if column.dtype.kind not in "iufM" or missing(column).any():
        raise InputError(
            f"split.column {name!r} must hold a number or a date (as 2026-12-31, or a later part "
            "of one) in every row, to order them by time."
        )
    return column


def _dates(column):
    """Return texts as moments in UTC, or an array of nan where one names no day.

    Microseconds have room for the years 1 to 9999; nanoseconds would turn 9999 into 1816.
    """
    try:
        dates = [datetime.fromisoformat(text) for text in column]
    except (TypeError, ValueError):
        return np.full(len(column), np.nan)
    plain = [each.astimezone(UTC).replace(tzinfo=None) if each.tzinfo else each for each in dates]
    return np.array(plain, dtype="datetime64[us]")


def _time(y, column, params):
    column = _moments(column, params.column)
    order = np.argsort(column, kind="stable")
    start = column[order[len(y) - max(1, round(params.test_size * len(y)))]]
    return np.flatnonzero(_before(column, start, params.gap)), np.flatnonzero(column >= start)


def _before(column, start, gap):
    """Say which rows are earlier than ``start`` by more than ``gap`` (seconds, for dates)."""
    if not gap:
        return column < start
    if column.dtype.kind == "M":
        # In microseconds: a finer unit has no room for dates that are far off.
        column, start = (value.astype("datetime64[us]") for value in (column, start))
        return column < start - np.timedelta64(round(min(gap, LONGEST) * 1e6), "us")
    return column < start - gap


def earlier(column, name, rows, others, gap):
    """Say which of ``rows`` are earlier than all of the others by more than ``gap``."""
    column = _moments(column, name)
    return _before(column[rows], column[others].min(), gap)


def _group(y, column, params):
    from sklearn.model_selection import StratifiedGroupKFold

    column = _groups(column, params.column)
    most = min(len(np.unique(column)), int(y.sum()), FINEST)
    if most < 2:
        raise InputError(
            f"split.column {params.column!r} must have at least 2 groups and 2 positives, got "
            f"{number_of(len(np.unique(column)), 'group')} and "
            f"{number_of(int(y.sum()), 'positive')}."
        )
    # A share is the nearest fraction that so many groups allow: two folds of five are .4.
    share = Fraction(params.test_size).limit_denominator(most)
    share = min(max(share, Fraction(1, most)), Fraction(most - 1, most))
    splitter = StratifiedGroupKFold(
        n_splits=share.denominator, shuffle=True, random_state=params.seed
    )
    sides = [test for _, test in splitter.split(np.zeros(len(y)), y, column)]
    test = np.sort(np.concatenate(sides[: share.numerator]))
    return np.setdiff1d(np.arange(len(y)), test), test


def _groups(column, name):
    """Return the number of each row's group, or raise `InputError` where a row has none."""
    import pandas as pd

    codes, _ = pd.factorize(column)
    if (codes < 0).any():
        raise InputError(
            f"split.column {name!r} must name a group in every row, got "
            f"{number_of(int((codes < 0).sum()), 'row')} without."
        )
    return codes


def _column(_y, column, params):
    labels = np.char.lower(column.astype(str))
    unknown = sorted(set(labels.tolist()) - {"train", "test"})
    if unknown:
        raise InputError(
            f"split.column {params.column!r} must say train or test in every row, got "
            f"{unknown[0]!r}."
        )
    return np.flatnonzero(labels == "train"), np.flatnonzero(labels == "test")


METHODS = {"stratified": _stratified, "time": _time, "group": _group, "column": _column}


def split(y, column, params):
    """Return the row numbers of the training and of the test rows.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_rows,)
    column : array of shape (n_rows,) or None
        What ``params.method`` looks at.
    params : params.Split

    Raises
    ------
    InputError
        Where the column does not allow the method, or a side would have one class only.
    """
    train, test = METHODS[params.method](y, column, params)
    held_out = np.zeros(len(y), dtype=bool)
    held_out[test] = True
    if held_out[train].any():
        raise AssertionError(f"rows on both sides of the split: {int(held_out[train].sum())}")
    for side, rows in (("train", train), ("test", test)):
        positives = int(y[rows].sum())
        if not 2 <= positives < len(rows):
            raise InputError(
                f"split.method {params.method!r} must leave 2 positives or more and some negatives "
                f"on each side, got {number_of(positives, 'positive')} in "
                f"{number_of(len(rows), f'{side} row')}."
            )
    return train, test


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """One fold of the training rows.

    Attributes
    ----------
    folds, seed, number : int
        It is the fold ``number`` of ``folds`` that were drawn with ``seed``.
    valid : array of int
        Its validation rows.
    total : int
        The rows of the table.
    before : array of int or None
        Its training rows, where they are not all the others: in time order, or a share of them.
    share : float
        The share of the training rows that ``before`` holds.
    """

    folds: int
    seed: int
    number: int
    valid: np.ndarray
    total: int
    before: np.ndarray | None = None
    share: float = 1.0

    @property
    def train(self):
        """Return the training rows, computed on demand: those of all folds would be large."""
        if self.before is not None:
            return self.before
        train = np.ones(self.total, dtype=bool)
        train[self.valid] = False
        return np.flatnonzero(train).astype(np.int32)


def folds(table, params):
    """Return a list of `Fold`, one for each fold of each repeat.

    Folds respect what the split respects: time-ordered training rows are validated on later rows
    only, and a group is on one side only.

    Parameters
    ----------
    table : store.Table
        Its roles name the split's method, column and gap.
    params : params.OutOfFold or params.Tune

    Raises
    ------
    InputError
        Where there are fewer positives than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    positives = int(table.y.sum())
    if positives < params.folds:
        raise InputError(
            f"{params.key}.folds must be at most the positives of the training rows, got "
            f"{params.folds} folds with {number_of(positives, 'positive')}."
        )
    method, name = table.roles.get("method"), table.roles.get("column")
    if method == "time":
        column = _moments(table.others[name], name)
        return _time_folds(table.y, column, params, table.roles["gap"])
    if method == "hashed":
        return _hashed_folds(table.y, params)
    splitter, groups = StratifiedKFold, None
    if method == "group":
        splitter, groups = StratifiedGroupKFold, _groups(table.others[name], name)
        if (there := len(np.unique(groups))) < params.folds:
            raise InputError(
                f"{params.key}.folds must be at most the groups of the training rows, got "
                f"{params.folds} folds with {number_of(there, 'group')} in {name!r}."
            )
    folds = []
    for repeat in range(getattr(params, "repeats", 1)):
        seed = (params.seed + repeat) % 2**32
        drawn = splitter(n_splits=params.folds, shuffle=True, random_state=seed)
        sides = drawn.split(np.zeros(len(table.y)), table.y, groups)
        folds += [
            Fold(
                folds=params.folds,
                # Repeats draw with the seeds that follow.
                seed=seed,
                number=number,
                valid=valid.astype(np.int32),
                total=len(table.y),
            )
            for number, (_, valid) in enumerate(sides)
        ]
    for fold in folds:
        if any(len(np.unique(table.y[side])) < 2 for side in (fold.train, fold.valid)):
            raise InputError(
                f"{params.key}.folds must leave both classes on each side, got {params.folds} "
                f"folds with {positives} positives, some groups of {name!r} with most of them; use "
                "fewer."
            )
    return folds


def _hashed_folds(y, params):
    folds = []
    for repeat in range(getattr(params, "repeats", 1)):
        seed = (params.seed + repeat) % 2**32
        numbers = fold_numbers(y, params.folds, seed)
        folds += [
            Fold(
                folds=params.folds,
                seed=seed,
                number=number,
                valid=np.flatnonzero(numbers == number).astype(np.int32),
                total=len(y),
            )
            for number in range(params.folds)
        ]
    return folds


def fold_numbers(y, n_folds, seed):
    """Return the fold of each training row, from its place among those of its class.

    Of so many rows of a class that follow each other each fold gets one, by chance: the folds of
    fewer negatives are part of those of more.

    >>> fold_numbers(np.array([0, 0, 0, 1, 1, 1]), 3, seed=0).tolist()
    [2, 1, 0, 1, 2, 0]
    """
    numbers = np.empty(len(y), dtype=np.int32)
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        rng = np.random.default_rng([seed, label])
        blocks = rng.random((-(-len(rows) // n_folds), n_folds)).argsort(axis=1)
        numbers[rows] = blocks.ravel()[: len(rows)]
    return numbers


def fewest_positives(table, params):
    """Return the positives of the training fold that has the fewest."""
    if table.roles.get("method") in {"time", "group"}:
        return min(int(table.y[fold.train].sum()) for fold in folds(table, params))
    # Strata are cut as evenly as they can be.
    positives = int(table.y.sum())
    return positives - -(-positives // params.folds)


def _time_folds(y, column, params, gap):
    """Cut the rows into n + 1 stretches of equal positives; validate on each but the first."""
    n_folds = params.folds
    order = np.argsort(column, kind="stable")
    seen = np.cumsum(y[order])
    cuts = [seen[-1] * (i + 1) / (n_folds + 1) for i in range(n_folds)]
    starts = [column[order[np.searchsorted(seen, cut, side="right")]] for cut in cuts]
    folds = []
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        train = _before(column, start, gap) if gap else column < start
        valid = column >= start if end is None else (column >= start) & (column < end)
        if not (y[train].any() and 0 < y[valid].sum() < valid.sum()):
            raise InputError(
                f"{params.key}.folds must leave both classes on each side in time order, got "
                f"{n_folds} folds with {number_of(int(y.sum()), 'positive')}; use fewer folds "
                "or a smaller gap."
            )
        folds.append(
            Fold(
                folds=n_folds,
                seed=params.seed,
                number=len(folds),
                valid=np.flatnonzero(valid),
                total=len(y),
                before=np.flatnonzero(train),
            )
        )
    return folds


def with_equal_rows(raw, params):
    """Return `store.Columns` with the column `EQUAL_ROWS` where the split asks for it.

    It numbers the rows so that rows with equal features have equal numbers. A column of the table
    that has this name is left as it is; columns whose values never repeat tell no rows apart.
    """
    if params.method != "group" or params.column != EQUAL_ROWS or EQUAL_ROWS in raw.column_names:
        return raw
    import pandas as pd

    names = [name for name in raw.roles["features"] if not _is_key(raw[name])]
    return raw.plus(EQUAL_ROWS, pd.factorize(_row_hashes(raw, names))[0])


def _is_key(column):
    """Say whether whole numbers or texts never repeat."""
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    measured = kinds.is_floating(column.type) or kinds.is_decimal(column.type)
    return not measured and pc.count_distinct(column, mode="all").as_py() == len(column)


def split_column(raw, params):
    """Return the column of an arrow table or `store.Columns` that the split looks at, or None."""
    if params.method == "stratified":
        return None
    if params.column not in raw.column_names:
        raise InputError(
            f"split.column {params.column!r} is no column; the columns are "
            f"{', '.join(raw.column_names)}."
        )
    column = raw[params.column].to_numpy()
    read = raw.roles.get("read", {}).get(params.column, {}) if hasattr(raw, "roles") else {}
    if params.method == "time" and read.get("clock") and np.nanmax(column, initial=0) < DAY:
        raise InputError(
            f"split.column {params.column!r} holds times of day, which begin anew each day; name "
            "a column of dates, or of dates with times."
        )
    return column


def roles_after_split(roles, params):
    """Return the roles of the columns after the split, whose column is not a feature."""
    column = params.column if params.method != "stratified" else ""
    # Equal values of a column on one side are groups, by a hash or not.
    method = "group" if params.method == "hashed" and column else params.method
    features = [name for name in roles["features"] if name != column]
    if not features or column == roles["target"]:
        raise InputError(
            f"split.column must leave a feature and be another column than the target, got "
            f"{column!r}, the {'target itself' if column == roles['target'] else 'only feature'}; "
            "name another column."
        )
    return roles | {
        "features": features,
        "method": method,
        "column": column,
        "gap": params.gap,
    }


def describe(train, test, roles):
    """Return what both sides hold, for ``metrics/split.json``.

    ``train`` and ``test`` are arrow tables or `store.Columns`, which are read a column at a time.
    """
    described = {}
    for name, side in (("train", train), ("test", test)):
        y = side[roles["target"]].to_numpy()
        positives = int(y.sum())
        described[name] = {
            "rows": len(y),
            "positives": positives,
            "prevalence": positives / len(y),
            "natural_ratio": (len(y) - positives) / positives,
            "no_information_rate": max(positives, len(y) - positives) / len(y),
            "missing_values": sum(_missing(side[name]) for name in roles["features"]),
        }
    described["columns"] = {name: entry["kind"] for name, entry in roles["columns"].items()}
    names = [*roles["features"], roles["target"]]
    copies = np.isin(_row_hashes(test, names), _row_hashes(train, names))
    described["test"]["rows_also_in_train"] = int(copies.sum())
    described["test"]["positives_also_in_train"] = int(copies[y == 1].sum())
    return described


def _missing(column):
    import pyarrow.compute as pc

    return pc.sum(pc.is_null(column, nan_is_null=True)).as_py() or 0


def _row_hashes(side, names):
    """Return a number of 64 bits for each row: equal rows have equal ones, and hardly any other."""
    import pandas as pd

    hashes = np.zeros(side.num_rows, dtype=np.uint64)
    for name in names:
        hashes *= np.uint64(1_000_003)
        hashes ^= pd.util.hash_array(side[name].to_numpy())
    return hashes
