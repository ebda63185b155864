"""One verdict an arm: better, worse, or no detectable difference."""

from dataclasses import dataclass

from rebalance.comparison.significance import ALPHA, holm, positives_needed
from rebalance.metrics import sign

BETTER, WORSE, UNDETECTED = "better", "worse", "no detectable difference"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the evidence says of one arm against the baseline.

    Attributes
    ----------
    verdict : str
        ``better``, ``worse`` or ``no detectable difference``.
    metric : str
    difference, low, high : float
        Arm minus baseline, with the 95 % interval of this arm alone.
    p_value, p_adjusted : float
        Before and after Holm's correction for the number of arms; the verdict rests on the latter.
    positives : int
        In the rows compared.
    positives_needed : int or None
        In all, to find a difference of this size, were it real, four times in five after Holm's
        correction at its strictest; None when it is 0.
    """

    verdict: str
    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    positives: int
    positives_needed: int | None


def verdicts(differences, metric, n_positives):
    """Return the `Verdict` on each arm, after Holm's correction for their number.

    Parameters
    ----------
    differences : dict of str to Difference
        By arm, on one metric.
    metric : str
    n_positives : int
    """
    # Scores that are the baseline's own raise no question, and cost the other arms nothing.
    asked = [arm for arm, found in differences.items() if found.value or found.standard_error]
    adjusted = dict(zip(asked, holm([differences[arm].p_value for arm in asked]), strict=True))
    return {
        arm: Verdict(
            verdict=_verdict(adjusted.get(arm, 1.0), sign(metric) * found.value),
            metric=metric,
            difference=found.value,
            low=found.low,
            high=found.high,
            p_value=found.p_value,
            p_adjusted=float(adjusted.get(arm, 1.0)),
            positives=n_positives,
            positives_needed=positives_needed(
                found.value, found.standard_error, n_positives, len(asked) or 1
            ),
        )
        for arm, found in differences.items()
    }


def _verdict(p_adjusted, gain):
    if p_adjusted > ALPHA:
        return UNDETECTED
    return BETTER if gain > 0 else WORSE
