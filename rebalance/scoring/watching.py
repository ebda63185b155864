"""Whether what was promised of a model is still true on new rows with labels."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from rebalance import columns
from rebalance.columns.values import as_arrow, text
from rebalance.comparison import holm

LEVEL = 0.05
# A population stability index from which a column is said to have moved, as is customary.
MOVED = 0.25
BINS = 10
# Kinds of columns whose values are compared; a date moves by its nature.
COMPARED = (*columns.NUMERIC, "category")
# Rows up to which the distribution of a sum of unequal coins is computed.
EXACT_ROWS = 20_000


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A promise, its share on the new rows, and the p-value of that share.

    ``p_adjusted`` is after Holm's correction for the promises that were tested.
    """

    name: str
    promised: str
    seen: str
    p_value: float
    p_adjusted: float = 1.0

    @property
    def broken(self):
        """Return whether the new rows contradict the promise."""
        return self.p_adjusted < LEVEL


def promises(y, p, flagged, *, train, test, precision=None, recall=None, prevalence=None):
    """Return the `Promise` of prevalence, calibration, precision, and recall where it is promised.

    Parameters
    ----------
    y, p, flagged : array of shape (n_rows,)
        Labels 0 and 1, probabilities, decisions.
    train : (int, int)
        Positives and rows of the training table.
    test : (int, int)
        True positives and flagged rows among the test rows.
    precision, recall : float or None
        What the threshold rule promised of either with confidence.
    prevalence : float or None
        ``data.prevalence``, the share of positives that was said to come, where it was said; the
        probabilities are those at it.
    """
    y, p, flagged = np.asarray(y), np.asarray(p, dtype=float), np.asarray(flagged, dtype=bool)
    share = _prevalence(y, *train) if prevalence is None else _said_prevalence(y, prevalence)
    checked = [share, _calibration(y, p)]
    if flagged.any():
        checked.append(_precision(y[flagged], *test, precision))
    if recall is not None and y.any():
        checked.append(_recall(flagged[y == 1], recall))
    adjusted = holm([each.p_value for each in checked])
    return [
        Promise(**(vars(each) | {"p_adjusted": float(value)}))
        for each, value in zip(checked, adjusted, strict=True)
    ]


def _prevalence(y, positives, rows):
    """Compare the shares of positives by Fisher's exact test."""
    now = int(y.sum())
    table = [[now, len(y) - now], [positives, rows - positives]]
    return Promise(
        name="prevalence",
        promised=f"{positives / rows:.4%} of {rows:,} training rows positive",
        seen=f"{now / len(y):.4%} of {len(y):,}",
        p_value=float(stats.fisher_exact(table).pvalue),
    )


def _said_prevalence(y, prevalence):
    """Test the share of positives against the one that params.yaml says, exactly."""
    now = int(y.sum())
    return Promise(
        name="prevalence",
        promised=f"{prevalence:.4%} by data.prevalence",
        seen=f"{now / len(y):.4%} of {len(y):,}",
        p_value=float(stats.binomtest(now, len(y), prevalence).pvalue),
    )


def _calibration(y, p):
    """Compare the positives with the sum of the probabilities, by its exact distribution.

    Beyond `EXACT_ROWS` by that of Poisson, which is wider: the test then errs to the safe side.
    """
    now, expected = int(y.sum()), float(p.sum())
    law = stats.poisson_binom(p) if len(p) <= EXACT_ROWS else stats.poisson(expected)
    tail = min(float(law.cdf(now)), float(law.sf(now - 1)))
    return Promise(
        name="calibration",
        promised=f"{expected:.1f} positives by the probabilities",
        seen=f"{now:,} positives",
        p_value=min(1.0, 2 * tail),
    )


def _precision(y, true_positives, alerts, asked):
    """Test whether the share of right alerts fell: exactly, against a promise or the test rows."""
    now = int(y.sum())
    seen = f"{now / len(y):.1%} of {len(y):,} alerts right"
    if asked is not None:
        p_value = stats.binomtest(now, len(y), asked, alternative="less").pvalue
        promised = f"{asked:.1%} of the alerts right"
    else:
        table = [[now, len(y) - now], [true_positives, alerts - true_positives]]
        p_value = stats.fisher_exact(table, alternative="less").pvalue
        promised = f"{true_positives / max(alerts, 1):.1%} of {alerts:,} alerts right on test rows"
    return Promise(name="precision", promised=promised, seen=seen, p_value=float(p_value))


def _recall(flagged, asked):
    """Test a promised share of the positives that are flagged, exactly."""
    now = int(flagged.sum())
    return Promise(
        name="recall",
        promised=f"{asked:.1%} of the positives flagged",
        seen=f"{now / len(flagged):.1%} of {len(flagged):,}",
        p_value=float(stats.binomtest(now, len(flagged), asked, alternative="less").pvalue),
    )


class Shift:
    """Counts of a column by bins of the training rows, for its population stability index."""

    def __init__(self, column, kind):
        self._kind = kind
        if kind in columns.NUMERIC:
            values = self._numbers(column)
            present = values[~np.isnan(values)]
            shares = np.linspace(0, 1, BINS + 1)[1:-1]
            self._edges = np.unique(np.quantile(present, shares)) if len(present) else np.array([])
            self._size = len(self._edges) + 2
        else:
            import pyarrow.compute as pc

            counted = pc.value_counts(_text(column).drop_null()).to_pylist()
            counted.sort(key=lambda each: (-each["counts"], each["values"]))
            self._values = [each["values"] for each in counted[:BINS]]
            self._size = len(self._values) + 2
        self.before = self._counts(column)
        self.now = np.zeros_like(self.before)

    def look(self, column):
        """Count a piece of the new rows."""
        self.now += self._counts(column)

    @property
    def index(self):
        """Return the population stability index; half a row is added to every bin."""
        before, now = ((each + 0.5) / (each + 0.5).sum() for each in (self.before, self.now))
        return float(np.sum((now - before) * np.log(now / before)))

    @property
    def moved(self):
        """Return whether the column moved: by the custom, and more than chance would."""
        seen = self.before + self.now > 0
        if self.index < MOVED or seen.sum() < 2:
            return False
        table = np.array([self.before[seen], self.now[seen]])
        return bool(stats.chi2_contingency(table).pvalue < 0.01)

    def _counts(self, column):
        if self._kind in columns.NUMERIC:
            values = self._numbers(column)
            bins = np.searchsorted(self._edges, values, side="right")
            bins[np.isnan(values)] = self._size - 1
            return np.bincount(bins, minlength=self._size)
        import pyarrow as pa
        import pyarrow.compute as pc

        labels = _text(column)
        place = pc.index_in(labels, value_set=pa.array(self._values, pa.string()))
        bins = pc.fill_null(place, len(self._values)).to_numpy().astype(int)
        bins[pc.is_null(labels).to_numpy()] = self._size - 1
        return np.bincount(bins, minlength=self._size)

    def _numbers(self, column):
        import pyarrow as pa

        return columns.matrix({"x": {"kind": self._kind}}, pa.table({"x": column}))[:, 0]


def _text(column):
    """Return an arrow column as text, a value the same whatever type the column has."""
    return text(as_arrow(column))


def watch(pieces, target, scorer, threshold, training):
    """Return (y, probabilities, decisions, {column: `Shift`}) of labelled rows.

    Parameters
    ----------
    pieces : iterable of pandas.DataFrame or arrow table
        New rows, their ``target`` as 0 and 1.
    target : str
    scorer : Scorer
    threshold : thresholds.Threshold
    training : store.Columns or None
        The training rows that columns are compared with.
    """
    kinds = {name: scorer.learnt[name]["kind"] for name in scorer.inputs} if training else {}
    shifts = {name: Shift(training[name], kind) for name, kind in kinds.items() if kind in COMPARED}
    ys, ps = [], []
    for piece in pieces:
        ys.append(np.asarray(piece[target]).astype(np.int8))
        ps.append(scorer.probability(piece))
        for name, shift in shifts.items():
            shift.look(_arrow(piece[name]))
    y, p = np.concatenate(ys), np.concatenate(ps)
    return y, p, threshold.flag(p), shifts


def _arrow(column):
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        return column
    return pa.chunked_array([pa.array(column, from_pandas=True)])
