"""How a model decides where it is used: at ``data.prevalence``, where that is set."""

from dataclasses import dataclass

from rebalance.model import corrected
from rebalance.model.corrected import BY_PROBABILITY, expit, log_odds, odds_change
from rebalance.thresholds import Threshold


@dataclass(frozen=True, kw_only=True)
class Decider:
    """A threshold, and the share of positives at which probabilities are written.

    Attributes
    ----------
    name : str
        The rule's key in ``threshold.rules``; empty where it is none of them.
    threshold : Threshold
        As chosen on the training rows.
    share : float or None
        The positives' share of the training rows.
    prevalence : float or None
        Their share where the model is used, where it is another.
    """

    name: str
    threshold: Threshold
    share: float | None
    prevalence: float | None = None

    @property
    def change(self):
        """Return what the restatement adds to the log-odds."""
        return odds_change(self.share, self.prevalence) if self.prevalence else 0.0

    @property
    def decides_anew(self):
        """Return whether the decisions change with the share of positives."""
        return bool(self.prevalence) and self.threshold.name in BY_PROBABILITY

    @property
    def value(self):
        """Return the threshold on the probabilities that are written; None where rows differ."""
        value = self.threshold.value
        if value is None or not self.prevalence:
            return value
        return corrected.restated(value, self.threshold.name, self.change)

    def written(self, p):
        """Return probabilities of the model as they are written."""
        return expit(log_odds(p) + self.change) if self.prevalence else p

    def flag(self, p, amounts=None):
        """Return the decisions on probabilities of the model, an array of bool."""
        return self.threshold.flag(self.written(p) if self.decides_anew else p, amounts)
