"""Regret of following the recommendation, against treatments that one could always take.

Every set is split or drawn several times, for several learners: what a treatment does depends on
the learner more than on the rows. On the training part every arm of the race is scored out of
fold, `recommend` picks one of them, and all are fitted on all training
rows and scored on rows that nothing looked at. The regret of a policy is its distance, in average
precision there, from the best arm in hindsight.

This is a light version of the pipeline: boosting of few small trees, and `tuned` asks a few fixed
ratios of random under-sampling where the pipeline lets Optuna ask 30; what it then takes is
`rebalance.tuning.choose`. Corrections of the probabilities are left out: they change no ranking.
"""

from math import floor
from typing import NamedTuple

import numpy as np

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.sets import SETS
from benchmarks.honesty.tables import Table
from rebalance import metrics, splitting, tuning
from rebalance.comparison.intervals import Z
from rebalance.comparison.significance import ALPHA
from rebalance.judging import recommendation
from rebalance.learning import learners, treatments
from rebalance.params import Learner, OutOfFold, Treatment

METRIC = "average_precision"
BASELINE, TUNED, RECOMMENDED = "none", "tuned", "recommended"
FOLDS, SPLITS, FIRST_SEED = 5, 2, 100
RATIOS = (1, 5, 25)
BOOSTING = {"max_iter": 40, "learning_rate": 0.15, "max_leaf_nodes": 8, "max_bins": 63}
LEARNERS = {
    name: Learner(name=learner, params=arguments, seed=42)
    for name, learner, arguments in (
        ("boosting", "hist_gradient_boosting", BOOSTING),
        ("logistic", "logistic_regression", {}),
    )
}
# The race: the default entries of params.yaml, beside the tuned arm.
ENTRIES = {
    BASELINE: Treatment(treatment=treatments.NONE),
    "under-sampling 200:1": Treatment(treatment="random_under", ratio=200.0),
    "over-sampling 1:1": Treatment(treatment="random_over", ratio=1.0),
    "balanced weights": Treatment(treatment="class_weight", weight="balanced"),
    "SMOTE 10:1": Treatment(treatment="smote", ratio=10.0),
}
# What is often done, and not in the race.
HABITS = {
    "SMOTE 1:1": Treatment(treatment="smote", ratio=1.0),
    "under-sampling 1:1": Treatment(treatment="random_under", ratio=1.0),
}


class Outcome(NamedTuple):
    """What one split of one set shows of one learner.

    Attributes
    ----------
    recommended : str
    tested : dict of str to float
        Test score by arm.
    by_rule : dict of str to str
        The arm that each of `RULES` takes from the same folds.
    """

    recommended: str
    tested: dict
    by_rule: dict

    def regrets(self):
        """Return the regret of every policy; that of the best in hindsight is 0."""
        best = max(self.tested.values())
        taken = {RECOMMENDED: self.recommended} | self.by_rule
        scores = {policy: self.tested[arm] for policy, arm in taken.items()} | self.tested
        return {policy: best - score for policy, score in scores.items()}


def _beyond(enough):
    """Return a rule: of the arms whose gain is enough, the one of the largest, else the baseline.

    ``enough`` is a function of a gain, its standard error and the corrected test of the folds.
    """

    def rule(arms):
        gains = {name: arm[0] for name, arm in arms.items() if enough(*arm)}
        return max(gains, key=gains.get, default=BASELINE)

    return rule


def _least_expected_regret(arms):
    """Return the arm of the largest gain to be expected, shrunk by how much gains of arms differ.

    The gains are taken for draws around 0 (empirical Bayes: Efron and Morris 1973).
    """
    if not arms:
        return BASELINE
    gains, errors = (np.array([arm[i] for arm in arms.values()]) for i in (0, 1))
    between = max(1e-9, float(np.mean(gains**2 - errors**2)))
    expected = gains * between / (between + errors**2)
    return list(arms)[expected.argmax()] if expected.max() > 0 else BASELINE


# What could be done in place of one standard error.
RULES = {
    "rule: any gain": _beyond(lambda gain, *_: gain > 0),
    "rule: 2 errors": _beyond(lambda gain, error, _: gain > 2 * error),
    "rule: corrected test": _beyond(lambda gain, _, test: gain > 0 and test.p_value <= ALPHA),
    "rule: margin .01": _beyond(lambda gain, *_: gain > 0.01),
    "rule: expected regret": _least_expected_regret,
}


def outcome(parts, learner, seed, n_folds=FOLDS):
    """Return the `Outcome` of one split.

    Parameters
    ----------
    parts : Parts
    learner : unfitted estimator
    seed : int
        Of the folds.
    n_folds : int
    """
    section = OutOfFold(folds=n_folds, repeats=1, seed=seed)
    X, y, folds = parts.train.X, parts.train.y, splitting.folds(parts.train, section)
    natural = floor(treatments.natural_ratio(y))
    asked = {}

    def out_of_fold(entry):
        key = entry.model_dump_json()
        if key not in asked:
            asked[key] = [
                _scores(entry, learner, X[fold.train], y[fold.train], X[fold.valid])
                for fold in folds
            ]
        return asked[key]

    entries = {name: _below(entry, natural) for name, entry in ENTRIES.items()}
    entries[TUNED] = _tuned(out_of_fold, folds, y, natural)
    scores = {name: _columns(out_of_fold(entry), folds, y) for name, entry in entries.items()}
    found = recommendation.recommend(scores.items(), METRIC)
    arms = {
        name: (each.difference.value, each.error, each.difference)
        for name, each in found.cross_validated.items()
        if each.difference and each.difference.value
    }
    entries |= {name: _below(entry, natural) for name, entry in HABITS.items()}
    fits = {entry.model_dump_json(): entry for entry in entries.values()}
    tested = {key: _test_score(entry, learner, parts) for key, entry in fits.items()}
    return Outcome(
        found.model,
        {name: tested[entry.model_dump_json()] for name, entry in entries.items()},
        {name: rule(arms) for name, rule in RULES.items()},
    )


def _below(entry, natural):
    """Return the entry, or none where its ratio is not below the natural one."""
    return ENTRIES[BASELINE] if (entry.ratio or 0) >= natural else entry


def _tuned(out_of_fold, folds, y, natural):
    """Return the treatment that a small study of the ratio chooses."""
    untreated = tuning.Candidate(treatment=treatments.NONE, ratio=natural)
    ratios = [ratio for ratio in RATIOS if ratio < natural]
    asked = [tuning.Candidate(treatment="random_under", ratio=ratio) for ratio in ratios]
    scored = {}
    for candidate in [*asked, untreated]:
        results = out_of_fold(candidate.entry(natural, 0))
        values = [
            metrics.ranking_metrics(y[fold.valid], raw)[METRIC]
            for fold, raw in zip(folds, results, strict=True)
        ]
        scored[candidate] = tuning.Scored(candidate=candidate, scores=values)
    return tuning.choose(scored, untreated, one_standard_error=True)[1].entry(natural, 0)


def _columns(results, folds, y):
    """Return out-of-fold scores as `evaluation.recommend` takes them."""
    row = np.concatenate([fold.valid for fold in folds])
    return {
        "fold": np.repeat(np.arange(len(folds)), [len(raw) for raw in results]),
        "row": row,
        "train_rows": np.repeat([len(fold.train) for fold in folds], [len(raw) for raw in results]),
        "y_true": y[row],
        "y_score": np.concatenate(results),
    }


def _scores(entry, learner, X, y, X_new):
    return treatments.fit(entry, learner, X, y).estimator.predict_proba(X_new)[:, 1]


def _test_score(entry, learner, parts):
    y_score = _scores(entry, learner, parts.train.X, parts.train.y, parts.X_test)
    return metrics.ranking_metrics(parts.y_test, y_score)[METRIC]


def policy(quick):
    """Return the regret of each policy, by set and by learner."""
    names, splits = (["normal, small 8 %", "digits, 3s 8 %"], 1) if quick else (SETS, SPLITS)
    pairs = [(name, each) for name in names for each in LEARNERS]
    cases = [(*pair, FIRST_SEED + i) for pair in pairs for i in range(splits)]
    regrets = iter(on_every_core(_regrets, cases, quick=quick))
    found = {pair: [next(regrets) for _ in range(splits)] for pair in pairs}
    return summed(found, splits)


def _regrets(name, learner, seed):
    return outcome(SETS[name](seed), learners.make(LEARNERS[learner]), seed).regrets()


def summed(found, splits):
    """Return the table and what it misses.

    Parameters
    ----------
    found : dict of (str, str) to list of dict
        By set and learner, the regrets of each split.
    splits : int
    """
    policies = list(next(iter(found.values()))[0])
    # (sets and learners, policies)
    means = np.array([[np.mean([r[p] for r in each]) for p in policies] for each in found.values()])

    def row(label, chosen):
        return [label, len(chosen), *means[chosen].mean(axis=0).tolist()]

    rows = []
    for place, groups in enumerate(zip(*found, strict=True)):
        rows += [
            row(name, [i for i, pair in enumerate(found) if pair[place] == name])
            for name in dict.fromkeys(groups)
        ]
    rows.append(row("all", list(range(len(found)))))
    more = means[:, 1:] - means[:, :1]
    rows.append(["all, above the recommendation", len(found), 0.0, *more.mean(axis=0).tolist()])
    errors = [metrics.standard_error(column) for column in more.T]
    own = metrics.standard_error(means[:, 0])
    rows.append(["its standard error over pairs", len(found), own, *errors])
    misses = [
        f"the recommendation loses to {name!r} by {-worse:.4f} (standard error {error:.4f})"
        for name, worse, error in zip(policies[1:], more.mean(axis=0), errors, strict=True)
        if worse + Z * error < 0
    ]
    return Table(
        "Regret in test average precision, from the best arm in hindsight; bound: no policy and "
        "no rule is below the\nrecommendation in the 95 % interval of their paired difference",
        ["mean over", "pairs", *policies],
        rows,
        misses,
        f"A pair is a set and a learner, {splits} splits each. Rows: by set, by learner, over "
        "all.\nAn arm whose ratio is not below the natural one is none. Rules take an arm from the "
        "same folds\nin place of one standard error. The recommendation's error is that of its "
        "own regret.",
    )
