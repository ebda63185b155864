"""The answer for programs, ``metrics/answer.json``, and the few numbers that DVC shows."""

from dataclasses import asdict

from rebalance.report.sections import caveats
from rebalance.report.sentences import sentences, treatment
from rebalance.thresholds import stated

VERSION = 1
COUNTS = ("true_positives", "false_negatives", "false_positives", "true_negatives")
SHOWN = ("average_precision", "roc_auc", "recall", "precision", "brier", "threshold")


def answer(results):
    """Return the recommendation, with what it rests on; docs/answer.schema.json describes it."""
    name, compared = results.recommendation.model, results.comparison
    section, scores = results.params.threshold, results.scores[name]
    decided, verdict = results.decisions[name], compared.verdicts.get(name)
    doubts = caveats(results)
    return {
        "version": VERSION,
        "answer": " ".join(sentences(results)),
        "recommended": name,
        "treatment": "none"
        if name == compared.baseline
        else treatment(name, results.study, results.params.at(_natural(results))),
        "metric": compared.metric,
        "value": _ends(compared.intervals[name][compared.metric]),
        "against_baseline": verdict and _verdict(verdict),
        "verdicts": {arm: _verdict(each) for arm, each in compared.verdicts.items()},
        "threshold": {
            "name": section.use,
            "rule": section.rules[section.use].rule,
            "value": stated(scores["threshold"]),
            "met": "message" not in decided[section.use],
        },
        "test_rows": {
            "split": results.params.split.method,
            **{key: scores[key] for key in COUNTS},
            **{
                key: {"value": scores[key]} | _low_high(decided[section.use], key)
                for key in ("precision", "recall")
                if key in scores
            },
        },
        "promises": [
            {"name": rule} | {key: _of_promise(row, key) for key in PROMISE if key in row}
            for rule, row in decided.items()
            if "promised" in row
        ],
        "caveats": doubts.points if doubts else [],
        "checks": results.checks,
    }


# What a rule with a confidence says of its promise.
PROMISE = (
    "rule",
    "threshold",
    "promised",
    "share",
    "asked",
    "confidence",
    "out_of_fold",
    "price",
    "positives",
    "positives_needed",
    "message",
)


def _of_promise(row, key):
    return stated(row[key]) if key == "threshold" else row[key]


def _natural(results):
    return results.ratio_trained_at


def _ends(interval):
    return {key: getattr(interval, key) for key in ("value", "low", "high")}


def _low_high(row, key):
    return {end: row[f"{key}_{end}"] for end in ("low", "high") if f"{key}_{end}" in row}


def _verdict(verdict):
    """Return a verdict's numbers that exist."""
    return {key: value for key, value in asdict(verdict).items() if value is not None}


def summaries(results):
    """Return the few numbers of each model that ``dvc metrics`` shows, by model."""
    return {
        name: {
            key: scores[key]
            for key in SHOWN
            if key in scores and (key != "threshold" or stated(scores[key]) is not None)
        }
        | {"use": int(name == results.recommendation.model)}
        for name, scores in results.scores.items()
    }
