"""One verdict an arm: better, worse, equal within the margin, or not decided."""

from dataclasses import dataclass, replace

from rebalance.comparison.significance import ALPHA, detectable, equivalence, holm
from rebalance.metrics import sign

BETTER, WORSE = "better", "worse"
EQUAL, UNDECIDED = "equal within the margin", "not decided"
ALIKE = "no row tells it from the baseline, which says nothing of other rows"
# What a verdict speaks of.
FITTED, TREATMENT = "fitted model", "treatment"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict on one arm against the baseline.

    Attributes
    ----------
    verdict : str
        ``better``, ``worse``, ``equal within the margin`` or ``not decided``. A difference that is
        both detected and surely within the margin is equal: the margin says what matters.
    metric : str
    difference, low, high : float
        Arm minus baseline, with the 95 % interval of this arm alone.
    p_value, p_adjusted : float
        That there is no difference, before and after Holm's correction for the number of arms;
        better and worse rest on the latter.
    p_equal : float
        That the difference is outside the margin, by two one-sided tests, after the same
        correction; equal rests on it. Of a single arm, the 95 % interval is then inside.
    positives : int
        In the rows compared.
    largest_gain : float
        The largest gain of the arm that its interval does not exclude; 0 where it excludes all.
    detectable : float
        The smallest true difference that so many positives detect four times in five, after
        Holm's correction at its strictest.
    doubt : str
        Why the interval may not hold; the arm is then neither better nor worse nor equal.
    about : str
        ``fitted model``, the fit of one seed, or ``treatment``, the mean over fits of several
        seeds, whose spread is in the interval.
    """

    verdict: str
    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    p_equal: float
    positives: int
    largest_gain: float
    detectable: float
    doubt: str
    about: str = FITTED


def verdicts(differences, metric, n_positives, df, margin=0.0, about=FITTED, same=()):
    """Return the `Verdict` on each arm, after Holm's correction for their number.

    Parameters
    ----------
    differences : dict of str to Difference
        By arm, on one metric.
    metric : str
    n_positives : int
    df : dict of str to float
        Degrees of freedom of the standard errors, by arm.
    margin : float
        Differences below it make no difference in practice; with 0 only scores that are the
        baseline's own are equal.
    about : str
        As in `Verdict`.
    same : collection of str
        The arms whose scores are the baseline's own, as far as the metric looks at them. Another
        arm without a difference has none on these rows, which says nothing of others.
    """
    # Scores that are the baseline's own raise no question, and cost the other arms nothing.
    tested = {arm: _of_other_rows(d) for arm, d in differences.items() if arm not in same}
    differences = differences | tested
    adjusted = _holm({arm: d.p_value for arm, d in tested.items()})
    equal = _holm(
        {
            arm: equivalence(d.value, d.standard_error, df[arm], margin)
            if d.value or d.standard_error
            else 1.0
            for arm, d in tested.items()
        }
    )
    answers = {}
    for arm, apart in differences.items():
        gain = sign(metric) * apart.value
        answers[arm] = Verdict(
            verdict=_verdict(adjusted[arm], equal[arm], gain, apart.doubt)
            if arm in tested
            else EQUAL,
            metric=metric,
            difference=apart.value,
            low=apart.low,
            high=apart.high,
            p_value=apart.p_value,
            p_adjusted=adjusted.get(arm, 1.0),
            p_equal=equal.get(arm, 0.0),
            positives=n_positives,
            largest_gain=max(0.0, apart.high if sign(metric) > 0 else -apart.low),
            detectable=detectable(apart.standard_error, len(tested) or 1),
            doubt=apart.doubt,
            about=about,
        )
    return answers


def _of_other_rows(difference):
    """Return a difference with a doubt where these rows show none at all."""
    if difference.value or difference.standard_error or difference.doubt:
        return difference
    return replace(difference, doubt=ALIKE)


def _holm(p_values):
    return dict(zip(p_values, holm(list(p_values.values())).tolist(), strict=True))


def _verdict(p_adjusted, p_equal, gain, doubt):
    if doubt:
        return UNDECIDED
    if p_equal <= ALPHA:
        return EQUAL
    if p_adjusted > ALPHA:
        return UNDECIDED
    return BETTER if gain > 0 else WORSE


def after_looks(verdict, looks):
    """Return the verdict that is left after so many looks at the test rows, and its p-value.

    The p-values are multiplied by the number of looks (Bonferroni; Dunn 1961), as if each look
    had been one more test that was planned.

    Parameters
    ----------
    verdict : dict
        ``verdict``, ``p_adjusted`` and ``p_equal``, as `Verdict` has them.
    looks : int

    >>> after_looks({"verdict": "worse", "p_adjusted": 0.02, "p_equal": 1.0}, 3)
    ('not decided', 0.06)
    """
    p_value, said = min(1.0, looks * verdict["p_adjusted"]), verdict["verdict"]
    lost = {BETTER: p_value, WORSE: p_value, EQUAL: looks * verdict["p_equal"]}
    return UNDECIDED if lost.get(said, 0.0) > ALPHA else said, p_value
