"""The results of a run, as the report reads them."""

from dataclasses import dataclass, field

from rebalance.comparison import Comparison
from rebalance.judging.recommendation import Recommendation
from rebalance.params import Params


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that the report shows.

    Attributes
    ----------
    params : params.Params
    split, study : dict
        ``metrics/split.json``, and ``study`` of ``metrics/tune_ratio.json``.
    ratios : list of (treatment, ratio, score, standard error)
        The points of the ratio curve.
    stopped : list of (treatment, ratio, score)
        The ratios that the study stopped, with the score that their first folds suggest.
    learning_curve : dict
        `growth.curve` of the baseline.
    scores, decisions : dict of str to dict
        `evaluation.judge` and `rules.by_rule` of every model.
    comparison : comparison.Comparison
    recommendation : recommendation.Recommendation
    curves : dict of str to dict
        `curves.curves_of` of every model.
    checks : list of dict
        ``code``, ``severity`` and ``sentence`` of every check that spoke.
    reading : dict
        ``metrics/reading.json``: how the table was read.
    importance : dict
        ``model``, whose folds were asked, and ``columns``: by column the ``loss`` and its
        ``standard_error``, the largest first.
    segments, decision_curve : list of dict
        `segments.by_segment` of the recommended model, and `decision_curve.curve` of every model.
    """

    params: Params
    split: dict
    study: dict
    scores: dict
    decisions: dict
    comparison: Comparison
    recommendation: Recommendation
    curves: dict = field(default_factory=dict)
    ratios: list = field(default_factory=list)
    stopped: list = field(default_factory=list)
    learning_curve: dict = field(default_factory=dict)
    checks: list = field(default_factory=list)
    reading: dict = field(default_factory=dict)
    importance: dict = field(default_factory=dict)
    segments: list = field(default_factory=list)
    decision_curve: list = field(default_factory=list)

    @property
    def ratio_trained_at(self):
        """The negatives per positive of the rows that models were trained on."""
        train = self.split["train"]
        return train.get("kept", train)["natural_ratio"]

    @property
    def costs(self):
        """The name and the costs of a rule with a cost for each outcome, or None.

        It is the rule in use, where that has such costs, and else the first that has.
        """
        section = self.params.threshold
        rules = {
            name: {"c_tp": 0.0, "c_tn": 0.0} | rule.options
            for name, rule in section.rules.items()
            if rule.rule in {"expected_cost", "empirical_cost"}
        }
        name = section.use if section.use in rules else next(iter(rules), None)
        return name and (name, rules[name])
