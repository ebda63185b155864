"""A study: its candidates, their scores, and the choice among them."""

import json
from dataclasses import dataclass, field

import numpy as np

from rebalance import metrics
from rebalance.learning import treatments


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One question: a treatment, its ratio, and settings of the learner."""

    treatment: str
    ratio: int
    settings: tuple = ()

    def entry(self, natural, seed):
        """Return the treatment as params.yaml would name it."""
        method = treatments.method(self.treatment)
        return method.at_ratio(self.treatment, self.ratio, natural, seed)

    def learner(self, params):
        """Return the section ``learner`` with the candidate's settings in it."""
        return params.model_copy(update={"params": params.params | dict(self.settings)})


@dataclass(kw_only=True)
class Scored:
    """A candidate's scores, one for each fold so far, and whether it was stopped."""

    candidate: Candidate
    scores: list = field(default_factory=list)
    pruned: bool = False

    @property
    def mean(self):
        """Return the mean of the fold scores so far."""
        return float(np.mean(self.scores))

    @property
    def standard_error(self):
        """Return the standard error of that mean."""
        return metrics.standard_error(self.scores)


@dataclass(frozen=True, kw_only=True)
class Study:
    """A finished study.

    ``scored`` holds what is known of every candidate, ``trials`` the candidates in the order
    asked, ``untreated`` the candidate that is the baseline, ``best`` the one of the highest mean
    and ``chosen`` the one that the final model takes.
    """

    scored: dict
    trials: list
    natural: int
    untreated: Candidate
    best: Candidate
    chosen: Candidate

    def best_of(self, treatment):
        """Return the best `Scored` of a treatment, or None."""
        return max(
            (
                s
                for s in self.scored.values()
                if s.candidate.treatment == treatment and not s.pruned
            ),
            key=lambda s: s.mean,
            default=None,
        )

    def summary(self):
        """Return the study's numbers, for the metrics file."""
        best, chosen = self.scored[self.best], self.scored[self.chosen]
        baseline, untreated = self.scored[self.untreated], self.best_of(treatments.NONE)
        arms = dict.fromkeys(candidate.treatment for candidate in self.trials)
        return {
            "best_ratio": self.best.ratio,
            "best_score": best.mean,
            "best_score_se": best.standard_error,
            "natural_ratio": self.natural,
            "natural_score": baseline.mean,
            "natural_score_se": baseline.standard_error,
            "chosen_ratio": self.chosen.ratio,
            "chosen_score": chosen.mean,
            # What the search of settings gives with no treatment, and the treatment on top.
            "gain_of_tuning": untreated.mean - baseline.mean,
            "gain_of_treatment": best.mean - untreated.mean,
            "trials": len(self.trials),
            "fits": sum(len(s.scores) for s in self.scored.values()),
            "pruned": sum(s.pruned for s in self.scored.values()),
            "arms": {arm: self._arm(arm) for arm in arms},
            "chosen": {self.chosen.treatment: self.chosen.ratio} | as_numbers(self.chosen.settings),
        }

    def _arm(self, treatment):
        """Return the numbers of one treatment; of its best where not all of it was stopped."""
        arm = [s for s in self.scored.values() if s.candidate.treatment == treatment]
        row = {"fits": sum(len(s.scores) for s in arm), "pruned": sum(s.pruned for s in arm)}
        best = self.best_of(treatment)
        if best is None:
            return row
        gain = np.subtract(best.scores, self.best_of(treatments.NONE).scores)
        return {
            **row,
            "ratio": best.candidate.ratio,
            "score": best.mean,
            "score_se": best.standard_error,
            # On top of what the search of settings gives with no treatment.
            "gain_of_treatment": float(gain.mean()),
            "gain_of_treatment_se": metrics.standard_error(gain),
            **as_numbers(best.candidate.settings),
        }

    def points(self):
        """Return (treatment, ratio, score, standard error), the best settings of each ratio.

        The natural ratio belongs to every treatment: it is no resampling.
        """
        arms = list(dict.fromkeys(s.candidate.treatment for s in self.scored.values()))
        treated = [arm for arm in arms if arm != treatments.NONE] or arms
        best = {}
        for s in sorted((s for s in self.scored.values() if not s.pruned), key=lambda s: s.mean):
            name = s.candidate.treatment
            for arm in treated if name == treatments.NONE else [name]:
                best[arm, s.candidate.ratio] = s
        return [
            (arm, ratio, best[arm, ratio].mean, best[arm, ratio].standard_error)
            for arm, ratio in sorted(best)
        ]

    def stopped(self):
        """Return (treatment, ratio, score) of every ratio that was stopped and never finished.

        The score is estimated: that of the untreated candidate, and the mean difference from it
        over the folds that were scored. The mean of the first folds alone compares with no other.
        """
        untreated, finished = self.scored[self.untreated], {point[:2] for point in self.points()}
        estimates = {}
        for s in self.scored.values():
            place = s.candidate.treatment, s.candidate.ratio
            if s.pruned and place not in finished:
                gain = np.mean(np.subtract(s.scores, untreated.scores[: len(s.scores)]))
                score = untreated.mean + float(gain)
                estimates[place] = max(score, estimates.get(place, score))
        return [(*place, estimates[place]) for place in sorted(estimates)]

    def curve(self):
        """Return `points` and `stopped` as CSV; what was stopped has no standard error."""
        lines = [(arm, ratio, f"{mean:.6g},{se:.6g}") for arm, ratio, mean, se in self.points()]
        lines += [(arm, ratio, f"{score:.6g},") for arm, ratio, score in self.stopped()]
        rows = [f"{arm},{ratio},{numbers}" for arm, ratio, numbers in sorted(lines)]
        return "\n".join(["treatment,ratio,score,standard_error", *rows])


def as_numbers(settings):
    """Return settings as a metrics file has them: one that is no number is a key.

    >>> as_numbers([("learning_rate", 0.1), ("max_features", "sqrt"), ("early_stopping", True)])
    {'learning_rate': 0.1, 'max_features': {'sqrt': 1}, 'early_stopping': {'true': 1}}
    """
    return {
        name: value if type(value) in {int, float} else {_word(value): 1}
        for name, value in settings
    }


def _word(value):
    return value if isinstance(value, str) else json.dumps(value)


def choose(scored, untreated, one_standard_error):
    """Return the best candidate, and the one to use.

    The best untreated candidate is used unless the best one beats it by more than one standard
    error of the paired difference over the folds (after Breiman et al., 1984: of candidates that
    cannot be told apart, the simplest).

    Parameters
    ----------
    scored : dict of Candidate to Scored
    untreated : Candidate
        The baseline; it is complete.
    one_standard_error : bool
        False takes the best in any case.
    """
    complete = [s for s in scored.values() if not s.pruned]
    best = max(complete, key=lambda s: (s.mean, s.candidate.ratio))
    simple = max(
        (s for s in complete if s.candidate.treatment == untreated.treatment),
        key=lambda s: s.mean,
    )
    if not one_standard_error or best is simple:
        return best.candidate, best.candidate
    gain = np.subtract(best.scores, simple.scores)
    enough = gain.mean() > metrics.standard_error(gain)
    return best.candidate, (best if enough else simple).candidate
