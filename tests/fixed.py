"""Twenty test rows of which every number of the report can be worked out by hand.

Rows in order of the scores, P a positive, n a negative; 12 further negatives have the lowest score:

    baseline   .90P .80P .70n .60P .40n .30P .20n .10P            flags from .35, so the first five
    under      .95P .85P .75P .65P .50n .45n .20P .10n            flags from .60, so the first four

Counts:      found  missed  false alarms  left alone
    baseline     3       2             2          13     at .5: 3, 2, 1, 14
    under        4       1             0          15     at .5: 4, 1, 1, 14

Average precision, the mean over positives of the precision at each:
    baseline (1/1 + 2/2 + 3/4 + 4/6 + 5/8) / 5 = 0.80833
    under    (1/1 + 2/2 + 3/3 + 4/4 + 5/7) / 5 = 0.94286
ROC AUC, the share of the 75 pairs in order: 69/75 = 0.92 and 73/75 = 0.97333.
"""

from dataclasses import replace

import numpy as np

from rebalance.comparison import Corrected
from rebalance.judging import decision_curve, evaluation, rules
from rebalance.judging.recommendation import CrossValidated, Recommendation
from rebalance.report import Results, curves
from rebalance.store import Table
from tests.strategies import params

Y = np.array([1] * 5 + [0] * 15, dtype=np.int8)
SCORES = {
    "baseline": np.array([0.9, 0.8, 0.6, 0.3, 0.1, 0.7, 0.4, 0.2] + [0.05] * 12),
    "under": np.array([0.95, 0.85, 0.75, 0.65, 0.2, 0.5, 0.45, 0.1] + [0.02] * 12),
}
# Before correction; they sum to another number than the probabilities, and have the same order.
RAW = {name: np.sqrt(score) for name, score in SCORES.items()}
THRESHOLDS = {"baseline": 0.35, "under": 0.6}
AVERAGE_PRECISION = {
    "baseline": (1 / 1 + 2 / 2 + 3 / 4 + 4 / 6 + 5 / 8) / 5,
    "under": (1 + 1 + 1 + 1 + 5 / 7) / 5,
}
ROC_AUC = {"baseline": 69 / 75, "under": 73 / 75}
COUNTS = {"baseline": (3, 2, 2, 13), "under": (4, 1, 0, 15)}  # found, missed, alarms, left alone
COUNTS_AT_HALF = {"baseline": (3, 2, 1, 14), "under": (4, 1, 1, 14)}
# A missed positive costs 100, a flagged row 5: all flagged cost 20 x 5, none flagged 5 x 100.
COSTS = {"c_fn": 100, "c_fp": 5, "c_tp": 5}
PARAMS = params(
    resample={"under": {"treatment": "random_under", "ratio": 2}},
    evaluate__bootstrap=100,
    evaluate__alerts=4,
    threshold__rules={
        "half": {"rule": "fixed", "value": 0.5},
        "max_f1": {"rule": "max_fbeta"},
        "costs": {"rule": "expected_cost", **COSTS},
    },
)
SPLIT = {
    "train": {"rows": 4000, "positives": 1000, "prevalence": 0.25, "natural_ratio": 3.0},
    "test": {
        "rows": 20,
        "positives": 5,
        "prevalence": 0.25,
        "natural_ratio": 3.0,
        "no_information_rate": 0.75,
        "rows_also_in_train": 7,
    },
    "columns": {"x": "number", "job": "category", "town": "category", "customer": "id"},
}
STUDY = {
    "natural_ratio": 3,
    "natural_score": 0.61,
    "natural_score_se": 0.015,
    "chosen_ratio": 2,
    "chosen_score": 0.65,
    "gain_of_tuning": 0.02,
    "trials": 9,
    "fits": 31,
    "pruned": 4,
    "arms": {
        "random_under": {
            "fits": 26,
            "pruned": 4,
            "ratio": 2,
            "score": 0.65,
            "score_se": 0.025,
            "gain_of_treatment": 0.04,
            "gain_of_treatment_se": 0.011,
        },
        "none": {
            "fits": 5,
            "pruned": 0,
            "ratio": 3,
            "score": 0.61,
            "score_se": 0.015,
            "gain_of_treatment": 0.0,
            "gain_of_treatment_se": 0.0,
        },
    },
    "chosen": {"random_under": 2},
}
RATIOS = [
    ("random_under", 1, 0.63, 0.02),
    ("random_under", 2, 0.65, 0.025),
    ("random_under", 3, 0.61, 0.015),
]
# Of eleven columns, the eleventh is not shown.
IMPORTANCE = {
    "model": "under",
    "columns": {
        "amount": {"loss": 0.25, "standard_error": 0.125},
        **{f"c{i}": {"loss": 0.02 - i / 1000, "standard_error": 0.001} for i in range(9)},
        "last": {"loss": 0.005, "standard_error": 0.001},
    },
}
LEARNING_CURVE = {
    "points": [
        {"share": 0.25, "positives": 100.0, "score": 0.5, "standard_error": 0.02},
        {"share": 0.5, "positives": 200.0, "score": 0.58, "standard_error": 0.015},
        {"share": 1.0, "positives": 400.0, "score": 0.6123, "standard_error": 0.01},
    ],
    "twice": {"positives": 800.0, "score": 0.64, "gain": 0.03, "low": 0.001, "high": 0.05},
}
CROSS_VALIDATED = {
    "baseline": CrossValidated(mean=0.61, standard_error=0.03, difference=None),
    "under": CrossValidated(
        mean=0.65,
        standard_error=0.02,
        difference=Corrected(value=0.04, low=-0.01, high=0.09, p_value=0.11, folds=3),
        p_adjusted=0.22,
    ),
}


def results(recommended="under", section=PARAMS, **changes):
    """Return the `Results` of the table, with other ``changes``."""
    table = Table(X=np.zeros((20, 1)), y=Y, features=["x"])
    judged, decided = {}, {}
    for name, score in SCORES.items():
        chosen = {
            "half": {"name": "fixed", "value": 0.5},
            "max_f1": {"name": "max_fbeta", "value": THRESHOLDS[name]},
            "costs": {"name": "expected_cost", "value": 5 / 100},
        }
        judged[name] = evaluation.judge(Y, score, THRESHOLDS[name], section.evaluate)
        decided[name] = rules.by_rule(table, score, chosen, section.threshold.rules)
    found = Results(
        params=section,
        split=SPLIT,
        study=STUDY,
        ratios=RATIOS,
        learning_curve=LEARNING_CURVE,
        scores=judged,
        decisions=decided,
        comparison=evaluation.compare(Y, SCORES, THRESHOLDS, "baseline", section.evaluate),
        recommendation=Recommendation(model=recommended, cross_validated=CROSS_VALIDATED),
        curves={name: curves.curves_of(Y, RAW[name], score) for name, score in SCORES.items()},
        decision_curve=decision_curve.curve(Y, SCORES, "baseline"),
        importance=IMPORTANCE,
    )
    return replace(found, **changes)


def with_verdict(found, model="under", **changes):
    """Return results in which the verdict on ``model`` is changed."""
    verdict = replace(found.comparison.verdicts[model], **changes)
    verdicts = found.comparison.verdicts | {model: verdict}
    return replace(found, comparison=replace(found.comparison, verdicts=verdicts))
