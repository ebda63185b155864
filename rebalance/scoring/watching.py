"""Whether what was promised of a model is still true on new rows with labels."""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from rebalance import columns
from rebalance.columns.values import as_arrow, text
from rebalance.comparison import holm
from rebalance.model.corrected import moved, odds_change

LEVEL = 0.05
# A population stability index from which a column is said to have moved, as is customary.
MOVED = 0.25
BINS = 10
# And so different that chance makes it less often than this.
CHANCE = 0.01
# Kinds of columns whose values are compared; a date moves by its nature.
COMPARED = (*columns.NUMERIC, "category", "text")
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


def promises(
    y,
    p,
    flagged,
    *,
    train,
    test,
    precision=None,
    recall=None,
    alerts=None,
    false_alarms=None,
    prevalence=None,
    shares=(None, None),
):
    """Return the `Promise` of prevalence, calibration and precision, and of shares promised.

    Parameters
    ----------
    y, p, flagged : array of shape (n_rows,)
        Labels 0 and 1, probabilities, decisions.
    train : (int, int) or None
        Positives and rows of the training table; None where they are not known.
    test : (int, int) or None
        True positives and flagged rows among the test rows; None where no count is of these
        decisions, and precision is judged against a promise only.
    precision, recall : float or None
        What the threshold rule promised of either with confidence, at the share of the training
        rows.
    alerts, false_alarms : float or None
        The budget that it promised to keep, of rows or of negatives. That of rows is not tested at
        another ``prevalence``, where another share of rows is flagged.
    prevalence : float or None
        ``data.prevalence``, the share of positives that was said to come, where it was said; the
        probabilities are those at it, and a precision is restated at it.
    shares : (float or None, float or None)
        The positives' share of the training rows and of the test rows, where ``prevalence`` is
        said.

    Notes
    -----
    Where rows of a class look alike at both shares, so do the shares of a class that are flagged:
    a recall stays, and the odds of a right alert change as those of a positive row do.
    """
    y, p, flagged = np.asarray(y), np.asarray(p, dtype=float), np.asarray(flagged, dtype=bool)
    checked = [_calibration(y, p)]
    if prevalence is not None:
        checked.insert(0, _said_prevalence(y, prevalence))
    elif train is not None:
        checked.insert(0, _prevalence(y, *train))
    if flagged.any() and precision is not None:
        change = odds_change(shares[0], prevalence) if prevalence else 0.0
        checked.append(_promised_precision(y[flagged], precision, change))
    elif flagged.any() and test is not None:
        change = odds_change(shares[1], prevalence) if prevalence else 0.0
        checked.append(_precision(y[flagged], *test, change))
    if recall is not None and y.any():
        checked.append(_recall(flagged[y == 1], recall))
    if alerts is not None and prevalence is None:
        checked.append(_budget("alerts", "rows", flagged, alerts))
    if false_alarms is not None and not y.all():
        checked.append(_budget("false alarms", "negatives", flagged[y == 0], false_alarms))
    adjusted = holm([each.p_value for each in checked])
    return [
        Promise(**(vars(each) | {"p_adjusted": float(value)}))
        for each, value in zip(checked, adjusted, strict=True)
    ]


def _share(value, digits=1):
    return f"{100 * value:.{digits}f} %"


def _prevalence(y, positives, rows):
    """Compare the shares of positives by Fisher's exact test."""
    now = int(y.sum())
    table = [[now, len(y) - now], [positives, rows - positives]]
    return Promise(
        name="prevalence",
        promised=f"{_share(positives / rows, 4)} of {rows:,} training rows positive",
        seen=f"{_share(now / len(y), 4)} of {len(y):,}",
        p_value=float(stats.fisher_exact(table).pvalue),
    )


def _said_prevalence(y, prevalence):
    """Test the share of positives against the one that params.yaml says, exactly."""
    now = int(y.sum())
    return Promise(
        name="prevalence",
        promised=f"{_share(prevalence, 4)} by data.prevalence",
        seen=f"{_share(now / len(y), 4)} of {len(y):,}",
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


def _right(y):
    return f"{_share(y.sum() / len(y))} of {len(y):,} alerts right"


def _promised_precision(y, asked, change):
    """Test a promised share of right alerts, whose log-odds have changed by ``change``, exactly."""
    there = float(moved(asked, change))
    also = f" ({_share(asked)} at the share of the training rows)" if change else ""
    return Promise(
        name="precision",
        promised=f"{_share(there)} of the alerts right{also}",
        seen=_right(y),
        p_value=float(stats.binomtest(int(y.sum()), len(y), there, alternative="less").pvalue),
    )


def _precision(y, true_positives, alerts, change):
    """Test whether the share of right alerts fell below that of the test rows, exactly.

    Without a change by Fisher's exact test; with one, by the same test of another ratio of odds
    than 1 (Fisher, 1935).
    """
    now, of_test = int(y.sum()), true_positives / max(alerts, 1)
    if change:
        there = float(moved(of_test, change))
        promised = (
            f"{_share(there)} of the alerts right (on test rows {_share(of_test)} of {alerts:,})"
        )
        p_value = _as_few(now, len(y), true_positives, alerts, change)
    else:
        table = [[now, len(y) - now], [true_positives, alerts - true_positives]]
        p_value = stats.fisher_exact(table, alternative="less").pvalue
        promised = f"{_share(of_test)} of {alerts:,} alerts right on test rows"
    return Promise(name="precision", promised=promised, seen=_right(y), p_value=float(p_value))


def _as_few(now, n, before, n_before, log_ratio):
    """Return how likely ``now`` hits of ``n`` or fewer are, given all hits and a ratio of odds.

    Fisher's noncentral hypergeometric distribution. scipy's takes minutes for millions of trials.
    """
    hits = now + before
    x = np.arange(max(0, hits - n_before), min(n, hits) + 1)
    rest = (n - x, hits - x, n_before - hits + x)
    weight = x * log_ratio - sum(special.gammaln(each + 1.0) for each in (x, *rest))
    return float(np.exp(special.logsumexp(weight[x <= now]) - special.logsumexp(weight)))


def alerts_there(row, share, rows, prevalence):
    """Return (true positives, alerts) among the test rows of a rule at ``data.prevalence``.

    Parameters
    ----------
    row : dict
        ``recall`` and ``alerts`` of the rule, as ``at_prevalence`` in scores.json has them: of
        test rows of which each negative counts as many times as `judging.prevalence.weights` says.
    share : float
        The positives' share of the test rows.
    rows : int
        Test rows.
    prevalence : float
        At which the row holds.

    Examples
    --------
    Of 100 rows 20 are positive; at a tenth, each of the 80 others counts 2.25 times. Of 10 right
    alerts and 8 wrong ones, the share is (10 + 18) / (20 + 180).

    >>> alerts_there({"recall": 0.5, "alerts": 0.14}, 0.2, 100, 0.1)
    (10, 18)
    """
    positives = share * rows
    times = float(np.exp(-odds_change(share, prevalence)))
    right = row["recall"] * positives
    wrong = (row["alerts"] * (positives + times * (rows - positives)) - right) / times
    return round(right), round(right) + round(wrong)


def _recall(flagged, asked):
    """Test a promised share of the positives that are flagged, exactly."""
    now = int(flagged.sum())
    return Promise(
        name="recall",
        promised=f"{_share(asked)} of the positives flagged",
        seen=f"{_share(now / len(flagged))} of {len(flagged):,}",
        p_value=float(stats.binomtest(now, len(flagged), asked, alternative="less").pvalue),
    )


def _budget(name, of, flagged, asked):
    """Test a promise that no more than a share is flagged, exactly."""
    now = int(flagged.sum())
    return Promise(
        name=name,
        promised=f"at most {_share(asked)} of the {of} flagged",
        seen=f"{_share(now / len(flagged))} of {len(flagged):,}",
        p_value=float(stats.binomtest(now, len(flagged), asked, alternative="greater").pvalue),
    )


class Shift:
    """Counts of a column by bins of the training rows, for its population stability index."""

    def __init__(self, column, kind):
        self._kind = kind
        if kind in columns.NUMERIC:
            values = self._numbers(column)
            present = values[~np.isnan(values)]
            self._edges = _edges(present) if len(present) else np.array([])
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
        return self.moved_by(CHANCE)

    def moved_by(self, level):
        """Return whether the column moved by the custom, and more than chance at this level."""
        seen = self.before + self.now > 0
        if self.index < MOVED or seen.sum() < 2:
            return False
        table = np.array([self.before[seen], self.now[seen]])
        return bool(stats.chi2_contingency(table).pvalue < level)

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


class Texts:
    """The `Shift` of what a learner sees of a text: its length, and whether it has each word."""

    def __init__(self, column, entry):
        self._learnt = {"x": entry}
        self._shifts = [Shift(each, "number") for each in self._numbers(column)]

    def look(self, column):
        """Count a piece of the new rows."""
        for shift, each in zip(self._shifts, self._numbers(column), strict=True):
            shift.look(each)

    @property
    def index(self):
        """Return the largest population stability index."""
        return max(shift.index for shift in self._shifts)

    @property
    def moved(self):
        """Return whether any of them moved, by chance less often than one column does."""
        return any(shift.moved_by(CHANCE / len(self._shifts)) for shift in self._shifts)

    def _numbers(self, column):
        import pyarrow as pa

        encoded = columns.matrix(self._learnt, pa.table({"x": column}))
        return [pa.chunked_array([each]) for each in encoded.T]


def _edges(values):
    """Return the edges of bins of equal numbers of values; a frequent value has its own bin.

    >>> _edges(np.arange(11.0))[:3]
    array([1., 2., 3.])
    >>> bins = np.searchsorted(_edges(np.array([0.0] * 95 + [1.0] * 5)), [0.0, 1.0], side="right")
    >>> bool(bins[0] < bins[1])
    True
    """
    edges = np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1])
    frequent = edges[:-1][edges[:-1] == edges[1:]]
    return np.unique([*edges, *np.nextafter(frequent, np.inf)])


def _text(column):
    """Return an arrow column as text, a value the same whatever type the column has."""
    return text(as_arrow(column))


def watch(pieces, target, scorer, decider, training):
    """Return (y, probabilities, decisions, {column: `Shift` or `Texts`}) of labelled rows.

    Probabilities are those that `predict` writes.

    Parameters
    ----------
    pieces : iterable of pandas.DataFrame or arrow table
        New rows, their ``target`` as 0 and 1.
    target : str
    scorer : Scorer
    decider : Decider
    training : store.Columns or None
        The training rows that columns are compared with.
    """
    kinds = {name: scorer.learnt[name]["kind"] for name in scorer.inputs} if training else {}
    shifts = {
        name: _shift(training[name], scorer.learnt[name])
        for name, kind in kinds.items()
        if kind in COMPARED
    }
    ys, ps = [], []
    for piece in pieces:
        ys.append(np.asarray(piece[target]).astype(np.int8))
        ps.append(scorer.probability(piece))
        for name, shift in shifts.items():
            shift.look(_arrow(piece[name]))
    y, p = np.concatenate(ys), np.concatenate(ps)
    return y, decider.written(p), decider.flag(p), shifts


def _shift(column, entry):
    return Texts(column, entry) if entry["kind"] == "text" else Shift(column, entry["kind"])


def _arrow(column):
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        return column
    return pa.chunked_array([pa.array(column, from_pandas=True)])
