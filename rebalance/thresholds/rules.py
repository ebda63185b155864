"""Turn scores into decisions: rules that choose a threshold on out-of-fold scores.

A row is flagged when ``y_score >= value``. A chosen value lies half-way between the lowest
score that it flags and the highest that it leaves out, so that a model whose scores differ in
the last digit decides the same; on the scores it was chosen on, it gives exactly the decisions
it was chosen for. A rule that the scores cannot meet gives the nearest threshold, not met, and
says by how much it falls short.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from rebalance.metrics import check, check_probability, curve
from rebalance.thresholds import band, promises
from rebalance.thresholds.costs import Costs, check_costs

FLAG_NONE = float(np.nextafter(1.0, 2.0))  # above every probability, and finite for JSON
FLAG_ALL = 0.0
UNSURE = "cannot be promised where negatives were left out of the training rows"
# Rows of a group are alike: so many hits are no evidence of as many trials, and groups count a
# share of groups, not of rows.
GROUPED = "cannot be promised where rows belong to groups"
OUT_OF_FOLD_ONLY = " The threshold reaches it out of fold only."


def stated(value):
    """Return a threshold as files state it: None where no row is flagged.

    >>> stated(0.25), stated(FLAG_NONE)
    (0.25, None)
    """
    return None if value is not None and value > 1 else value


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The threshold that a rule chose.

    Attributes
    ----------
    name : str
        The rule, as in `RULES`.
    value : float or None
        None when each row has its own threshold: then ``c_admin`` is set.
    met : bool
        Whether the scores that it was chosen on meet the rule.
    shortfall : float
        By how much they do not, in the unit of what was asked for; 0 when met.
    message : str
        What the reader must know, in one sentence; empty when there is nothing.
    c_admin : float or None
        Cost of looking at one row: flag when ``y_score * amount >= c_admin``.
    promise : dict or None
        Of a rule with ``confidence``: the share ``asked`` for, the one reached ``out_of_fold``,
        the ``confidence``, whether it is ``promised``, the ``price`` in the share that the rule
        maximises, the ``positives`` seen, and about how many are needed, ``positives_needed``,
        where it is not promised and more would help.
    """

    name: str
    value: float | None
    met: bool = True
    shortfall: float = 0.0
    message: str = ""
    c_admin: float | None = None
    promise: dict | None = None

    def flag(self, y_score, amounts=None):
        """Return the decisions, an array of bool of shape (n_rows,).

        Raises
        ------
        ValueError
            If the rule looks at amounts or costs and there are none.
        """
        y_score = np.asarray(y_score, dtype=float)
        if self.value is not None:
            return y_score >= self.value
        if self.c_admin is None:
            return _cheaper_flagged(y_score, amounts)
        return y_score * _check_amounts(amounts, y_score) >= self.c_admin


@dataclass(frozen=True, kw_only=True)
class Band(Threshold):
    """Two thresholds: rows from ``block`` on are blocked, those from ``value`` on looked at.

    ``capacity`` is the share of the rows that can be looked at, ``out_of_fold`` the share that was.
    """

    block: float
    capacity: float
    out_of_fold: float

    def bands(self, y_score):
        """Return which rows are blocked, looked at and let pass: three arrays of bool by name."""
        y_score = np.asarray(y_score, dtype=float)
        blocked, flagged = y_score >= self.block, y_score >= self.value
        return {"block": blocked, "look": flagged & ~blocked, "pass": ~flagged & ~blocked}


def restored(content):
    """Return the `Threshold` or `Band` of its fields."""
    return (Band if "block" in content else Threshold)(**content)


def choose(rule, y_true, y_score, *, weight=1.0, grouped=False, **options):
    """Return the `Threshold` that the named rule of `RULES` chooses.

    Parameters
    ----------
    rule : str
    y_true : array-like of shape (n_rows,)
    y_score : array-like of shape (n_rows,)
        Out-of-fold probabilities of training rows, at the natural prevalence.
    weight : float
        How many negatives each one stands for, where others were left out of the training rows.
    grouped : bool
        Whether rows belong together. The tests behind a ``confidence`` take rows as independent,
        so that nothing is promised then.
    **options
        Those of the rule.

    Raises
    ------
    ValueError
        If the rule is unknown, an option is out of range, or a rule that learns from positives
        finds none.

    Examples
    --------
    >>> choose("recall_at_precision", [0, 1, 0, 1], [0.1, 0.4, 0.5, 0.9], precision=0.6).value
    0.25
    """
    if rule not in RULES:
        raise ValueError(f"the threshold rule must be one of {', '.join(RULES)}, got {rule!r}.")
    if grouped and options.get("confidence"):
        options["grouped"] = True
    return RULES[rule](y_true, y_score, weight=weight, **options)


def fixed(y_true, y_score, *, value=0.5, weight=1.0):
    """Return the threshold given, whatever the scores."""
    del weight
    _check_range("value", value, 0, FLAG_NONE)
    return Threshold(name="fixed", value=float(value))


def max_fbeta(y_true, y_score, *, beta=1.0, weight=1.0):
    """Return the highest threshold with the greatest F-beta (van Rijsbergen 1979)."""
    if not 0 < beta < math.inf:
        raise ValueError(f"beta must be above 0, got {beta}.")
    steps = _Steps(y_true, y_score, weight, positives_needed_by="max_fbeta")
    square = beta**2
    f = (1 + square) * steps.tp / (steps.flagged + square * steps.n_positives)
    return Threshold(name="max_fbeta", value=steps.value(int(np.argmax(f[1:])) + 1))


def recall_at_precision(y_true, y_score, *, precision, confidence=0.0, weight=1.0, grouped=False):
    """Return the threshold with the highest recall among those whose precision is enough.

    Where none is, that of the highest precision, with the shortfall in precision. With a
    ``confidence``, enough is what holds on new rows with that confidence; where no precision can
    be promised, the threshold is the one without a promise, and not met.
    """
    _check_range("precision", precision, 0, 1)
    _check_confidence(confidence)
    steps = _Steps(y_true, y_score, weight, positives_needed_by="recall_at_precision")
    reached = steps.precision() >= precision
    # Among equal recalls the first flags the fewest rows.
    plain = int(np.argmax(np.where(reached, steps.tp[1:], -1))) + 1 if reached.any() else None
    if plain is None:
        top = steps.precision().max()
        best = int(np.flatnonzero(steps.precision() == top)[-1]) + 1
        unmet = Threshold(
            name="recall_at_precision",
            value=steps.value(best),
            met=False,
            shortfall=float(precision - top),
            message=f"no threshold reaches precision {precision:g}: the highest is {top:.3g}, "
            f"with recall {steps.tp[best] / steps.n_positives:.3g}.",
        )
        return _unpromised(unmet, steps, best, "precision", precision, confidence, None)
    if not confidence:
        return Threshold(name="recall_at_precision", value=steps.value(plain))
    if grouped:
        threshold = Threshold(name="recall_at_precision", value=steps.value(plain))
        return _unpromised(
            threshold, steps, plain, "precision", precision, confidence, None, GROUPED
        )
    # Of the rows at hand the precision is this where it is ``precision`` of all rows.
    here = precision if weight == 1 else precision / (precision + (1 - precision) / weight)
    counts = steps.tp[1:], steps.seen[1:]
    step = promises.last_precise(*counts, here, confidence)
    if step is None:
        needed = promises.positives_for_precision(*counts, here, confidence)
        threshold = Threshold(name="recall_at_precision", value=steps.value(plain))
        return _unpromised(threshold, steps, plain, "precision", precision, confidence, needed)
    price = steps.recall()[plain - 1] - steps.recall()[step]
    promise = _promise(steps, step + 1, "precision", precision, confidence, price=float(price))
    return Threshold(name="recall_at_precision", value=steps.value(step + 1), promise=promise)


def precision_at_recall(y_true, y_score, *, recall, confidence=0.0, weight=1.0, grouped=False):
    """Return the threshold with the highest precision among those whose recall is enough.

    Without a ``confidence`` it can always be met: flagging every row has recall 1. With one,
    enough is what holds on new rows with that confidence.
    """
    _check_range("recall", recall, 0, 1)
    _check_confidence(confidence)
    steps = _Steps(y_true, y_score, weight, positives_needed_by="precision_at_recall")

    def most_precise(reached):
        top = steps.precision()[reached].max()
        return int(np.flatnonzero(reached & (steps.precision() == top))[-1]) + 1

    plain = most_precise(steps.recall() >= recall)
    threshold = Threshold(name="precision_at_recall", value=steps.value(plain))
    if not confidence:
        return threshold
    if grouped:
        return _unpromised(threshold, steps, plain, "recall", recall, confidence, None, GROUPED)
    step = promises.first_complete(steps.tp[1:], recall, confidence)
    if step is None:
        needed = promises.positives_for_recall(recall, confidence)
        return _unpromised(threshold, steps, plain, "recall", recall, confidence, needed)
    best = most_precise(np.arange(steps.tp.size - 1) >= step)
    price = float(steps.precision()[plain - 1] - steps.precision()[best - 1])
    promise = _promise(steps, best, "recall", recall, confidence, price=price)
    return Threshold(name="precision_at_recall", value=steps.value(best), promise=promise)


def _promise(steps, best, share, asked, confidence, *, price=None, needed=None):
    """Return what is said of a promise, for the threshold after the step ``best``."""
    values = steps.precision() if share == "precision" else steps.recall()
    promise = {
        "share": share,
        "asked": float(asked),
        "out_of_fold": float(values[best - 1]),
        "confidence": float(confidence),
        "promised": price is not None,
        "positives": steps.n_positives,
    }
    if price is not None:
        promise["price"] = price
    if needed is not None:
        promise["positives_needed"] = needed
    return promise


def _unpromised(threshold, steps, best, share, asked, confidence, needed, why=""):
    """Return the threshold as one that does not keep its share with confidence."""
    if not confidence:
        return threshold
    promise = _promise(steps, best, share, asked, confidence, needed=needed)
    if not threshold.met:
        return replace(threshold, promise=promise)
    more = f"; with about {needed:,} it could" if needed else ""
    why = why or (
        f"cannot be promised with {100 * confidence:g} % confidence from the out-of-fold scores of "
        f"{steps.n_positives:,} positives{more}"
    )
    message = f"{share} {asked:g} {why}.{OUT_OF_FOLD_ONLY}"
    return replace(threshold, met=False, message=message, promise=promise)


def alert_budget(
    y_true,
    y_score,
    *,
    share=None,
    alerts=None,
    out_of=None,
    confidence=0.0,
    weight=1.0,
    grouped=False,
):
    """Return the lowest threshold that flags no more than the budget.

    With a ``confidence``, no more than the budget of new rows is flagged with that confidence: of
    the share that lies above a threshold, the ranks of the scores know the distribution.

    Parameters
    ----------
    share : float
        Share of the rows that can be looked at.
    alerts, out_of : int
        In its stead: so many alerts out of so many rows, as 100 a day out of a day's 40,000.

    Notes
    -----
    Rows of equal score are flagged together or not at all, so that the budget holds; when that
    leaves nothing to flag, the rule is not met.
    """
    steps = _Steps(y_true, y_score, weight)
    n_rows, why = round(steps.flagged[-1]), _why_unsure(weight, grouped)
    sure = 0.0 if why else confidence
    asked, budget = _capacity("alert_budget", n_rows, share, alerts, out_of, sure)
    _check_confidence(confidence)
    best = int(np.searchsorted(steps.flagged, budget, side="right")) - 1
    threshold = Threshold(name="alert_budget", value=steps.value(best))
    if best > 0 and confidence:
        promise = {
            "share": "alerts",
            "asked": asked,
            "out_of_fold": float(steps.flagged[best] / n_rows),
            "confidence": float(confidence),
            "promised": not why,
        }
        if not why:
            return replace(threshold, promise=promise)
        return replace(
            threshold,
            met=False,
            message=f"the budget {why}. The threshold keeps it out of fold only.",
            promise=promise,
        )
    if best > 0:
        return threshold
    tied = f"the {steps.seen[1]} highest scores are equal" if budget else "too few rows"
    return Threshold(
        name="alert_budget",
        value=threshold.value,
        met=False,
        shortfall=float(steps.flagged[1] - budget),
        message=f"the budget of {budget:,} alerts among {n_rows:,} rows flags nothing: {tied}.",
    )


def false_alarm_budget(y_true, y_score, *, share, confidence=0.0, weight=1.0, grouped=False):
    """Return the lowest threshold that flags no more than a share of the negatives.

    With a ``confidence``, no more than that of new negatives is flagged with that confidence; it
    holds at any share of positives, and where negatives were left out by chance.
    """
    del weight
    _check_range("share", share, 0, 1)
    _check_confidence(confidence)
    steps = _Steps(y_true, y_score)
    alarms = steps.seen - steps.tp
    n_negatives = int(alarms[-1])
    if n_negatives == 0:
        raise ValueError(
            f"false_alarm_budget must see a negative, got {steps.n_positives} positives: choose "
            "the threshold on more rows."
        )
    sure = bool(confidence) and not grouped
    # 0.29 * 100 is 28.999999999999996.
    budget = (
        promises.rows_within(n_negatives, share, confidence)
        if sure
        else math.floor(round(share * n_negatives, 6))
    )
    best = int(np.searchsorted(alarms, budget, side="right")) - 1
    threshold = Threshold(name="false_alarm_budget", value=steps.value(best))
    if best == 0:
        return replace(
            threshold,
            met=False,
            shortfall=float(alarms[1] - budget),
            message=f"the budget of {budget:,} false alarms among {n_negatives:,} negatives flags "
            f"nothing: the highest score has {alarms[1]:,}.",
        )
    if not confidence:
        return threshold
    promise = {
        "share": "false_alarms",
        "asked": float(share),
        "out_of_fold": float(alarms[best] / n_negatives),
        "confidence": float(confidence),
        "promised": sure,
    }
    if sure:
        return replace(threshold, promise=promise)
    message = f"the budget {GROUPED}. The threshold keeps it out of fold only."
    return replace(threshold, met=False, message=message, promise=promise)


def _why_unsure(weight, grouped):
    """Return why a share of new rows cannot be promised; nothing where it can."""
    return GROUPED if grouped else UNSURE if weight != 1 else ""


def _capacity(rule, n_rows, share, alerts, out_of, confidence):
    """Return the share of the rows that can be looked at, and how many of ``n_rows`` that is.

    With a confidence so many that the share holds on new rows.
    """
    if (share is None) == (alerts is None) or (alerts is None) != (out_of is None):
        raise ValueError(f"{rule} needs either share, or alerts and out_of, not both.")
    if share is None:
        _check_range("out_of", out_of, 1, math.inf)
        _check_range("alerts", alerts, 0, out_of)
        asked, rows = float(alerts / out_of), int(alerts * n_rows // out_of)
    else:
        _check_range("share", share, 0, 1)
        # 0.29 * 100 is 28.999999999999996.
        asked, rows = float(share), math.floor(round(share * n_rows, 6))
    _check_confidence(confidence)
    return asked, promises.rows_within(n_rows, asked, confidence) if confidence else rows


def review_band(
    y_true,
    y_score,
    *,
    share=None,
    alerts=None,
    out_of=None,
    precision=None,
    c_fp=None,
    c_fn=None,
    c_look=0.0,
    confidence=0.0,
    weight=1.0,
    grouped=False,
):
    """Return a `Band`: let pass, look at no more than the capacity, block.

    Parameters
    ----------
    share, alerts, out_of
        The capacity: the rows that can be looked at, as in `alert_budget`.
    precision : float
        Rows are blocked without a look where so many of those blocked are positive; the rows that
        follow are looked at.
    c_fp, c_fn, c_look : float
        In its stead, what a false alarm, a missed positive and a look cost: the rows are looked at
        whose look saves most (see `band.shadow_price`), and of the others those are blocked for
        which that costs less. Needs calibrated scores.
    confidence : float
        How sure it is that the precision and the capacity hold on new rows. The share of new rows
        between two ranks of the scores depends on how many ranks lie between them only.
    """
    if (precision is None) == (c_fp is None or c_fn is None):
        raise ValueError("review_band needs either precision, or c_fp and c_fn, not both.")
    steps = _Steps(y_true, y_score, weight, positives_needed_by="review_band")
    n_rows, why = round(steps.flagged[-1]), _why_unsure(weight, grouped)
    sure = 0.0 if why else confidence
    capacity, most = _capacity("review_band", n_rows, share, alerts, out_of, sure)
    _check_confidence(confidence)
    messages = [f"the capacity {why}"] if sure != confidence else []
    if precision is None:
        low, block = _by_costs(steps, check_costs(Costs(c_fp=c_fp, c_fn=c_fn)), c_look, most)
    else:
        first = recall_at_precision(
            y_true,
            y_score,
            precision=precision,
            confidence=confidence,
            weight=weight,
            grouped=grouped,
        )
        block = first.value if first.met else FLAG_NONE
        above = int(np.searchsorted(-steps.scores, -block, side="right"))
        last = int(np.searchsorted(steps.flagged, steps.flagged[above] + most, side="right")) - 1
        low = min(steps.value(last), block)
        if not first.met:
            # Its threshold is not used, whatever it reaches.
            unmet = first.message.removesuffix(OUT_OF_FOLD_ONLY)
            messages.append(f"no row is blocked without a look: {unmet.rstrip('.')}")
    looked = float(steps.rows()[(steps.scores >= low) & (steps.scores < block)].sum())
    return Band(
        name="review_band",
        value=low,
        block=block,
        capacity=capacity,
        out_of_fold=looked / n_rows,
        met=not messages,
        message="; ".join(messages) + "." * bool(messages),
    )


def _by_costs(steps, costs, c_look, most):
    """Return the lower and the upper threshold of the rows whose look saves most."""
    price = band.shadow_price(steps.scores, steps.rows(), costs.c_fp, costs.c_fn, c_look, most)
    if price is None:
        return (costs.c_fp / (costs.c_fp + costs.c_fn),) * 2
    # A row at the upper end is looked at.
    return price / costs.c_fn, float(np.nextafter(1 - price / costs.c_fp, 2))


def expected_cost(y_true, y_score, *, weight=1.0, **costs):
    """Return the threshold that costs least when the scores are probabilities (Elkan 2001).

    It is the rule because it depends on the costs alone: the empirical minimum of
    `empirical_cost` follows the few positives near it. It needs calibrated scores, and the
    numbers of `Costs` by name.
    """
    del weight
    c_fp, c_fn, c_tp, c_tn = check_costs(Costs(**costs))
    return Threshold(name="expected_cost", value=(c_fp - c_tn) / (c_fp - c_tn + c_fn - c_tp))


def empirical_cost(y_true, y_score, *, weight=1.0, **costs):
    """Return the highest threshold that cost least on these rows; needs no calibration."""
    c_fp, c_fn, c_tp, c_tn = check_costs(Costs(**costs))
    steps = _Steps(y_true, y_score, weight, positives_needed_by="empirical_cost")
    # Against flagging nothing: each hit saves a miss, each false alarm costs its excess.
    excess = (steps.flagged - steps.tp) * (c_fp - c_tn) - steps.tp * (c_fn - c_tp)
    return Threshold(name="empirical_cost", value=steps.value(int(np.argmin(excess))))


def amount_cost(y_true, y_score, *, c_admin, weight=1.0):
    """Return one threshold a row, ``c_admin / amount`` (Bahnsen et al. 2014).

    A flagged row costs ``c_admin``, a missed positive its amount. It needs calibrated scores.
    """
    del weight
    _check_range("c_admin", c_admin, 0, math.inf)
    return Threshold(name="amount_cost", value=None, c_admin=float(c_admin))


def cost_by_row(y_true, y_score, *, weight=1.0):
    """Return one threshold a row, from what each outcome costs there (Elkan 2001).

    A row is flagged when that costs no more in expectation; it needs calibrated scores.
    """
    del weight
    return Threshold(name="cost_by_row", value=None)


RULES = {
    "fixed": fixed,
    "max_fbeta": max_fbeta,
    "recall_at_precision": recall_at_precision,
    "precision_at_recall": precision_at_recall,
    "alert_budget": alert_budget,
    "false_alarm_budget": false_alarm_budget,
    "review_band": review_band,
    "expected_cost": expected_cost,
    "empirical_cost": empirical_cost,
    "amount_cost": amount_cost,
    "cost_by_row": cost_by_row,
}


class _Steps:
    """Counts at each step down the scores: step 0 flags nothing, the last flags all."""

    def __init__(self, y_true, y_score, weight=1.0, positives_needed_by=None):
        y_true, y_score = check(y_true, y_score)
        self.scores, tp, fp = curve(y_true, check_probability(y_score))
        self.tp, self.seen = np.r_[0, tp], np.r_[0, tp + fp]
        # Where negatives were left out, each stands for several that would be flagged.
        self.flagged = self.seen if weight == 1 else np.r_[0, tp + weight * fp]
        self.n_positives = int(tp[-1])
        if positives_needed_by and self.n_positives == 0:
            raise ValueError(
                f"{positives_needed_by} must see a positive, got {y_true.size} negatives: "
                "choose the threshold on more rows."
            )

    def rows(self):
        """Return how many rows have each score."""
        return np.diff(self.flagged)

    def recall(self):
        """Return the recall of each step but the first, which flags nothing."""
        return self.tp[1:] / self.n_positives

    def precision(self):
        """Return the precision of each step but the first, which flags nothing."""
        return self.tp[1:] / self.flagged[1:]

    def value(self, step):
        """Return the threshold that flags the scores of the first ``step`` steps."""
        if step == 0:
            return FLAG_NONE
        if step == self.scores.size:
            return FLAG_ALL
        above, below = self.scores[step - 1], self.scores[step]
        middle = below + (above - below) / 2
        return float(middle if middle > below else above)  # neighbouring floats have no middle


def _check_range(name, value, low, high):
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}, got {value}.")


def _check_confidence(confidence):
    if not 0 <= confidence < 1:
        raise ValueError(f"confidence must be from 0 to below 1, got {confidence}.")


def _cheaper_flagged(y_score, costs):
    """Return which rows cost no more flagged than left alone, in expectation."""
    if not isinstance(costs, Costs) or np.shape(costs.c_fp) != y_score.shape:
        raise ValueError("cost_by_row needs the four costs of each row, as `amounts` returns them.")
    return y_score * (costs.c_fn - costs.c_tp) >= (1 - y_score) * (costs.c_fp - costs.c_tn)


def _check_amounts(amounts, y_score):
    amounts = np.asarray(amounts, dtype=float)
    if amounts.shape != y_score.shape or not np.all(amounts >= 0):
        raise ValueError(
            "amount_cost needs one amount of 0 or more for each row: pass the amount column."
        )
    return amounts
