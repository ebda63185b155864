"""The tables of the report: rows and headings for `rebalance.report.markdown.table`."""

from typing import NamedTuple

from rebalance import paths
from rebalance.comparison import UNDETECTED
from rebalance.metrics import metric as row_of
from rebalance.params.names import NONE
from rebalance.report.markdown import table
from rebalance.report.sentences import taken, with_ends, words

DECISIONS = {"f1": "F1", "mcc": "MCC", "precision": "precision", "recall": "recall"}
BUDGET = {
    "recall_at_1pct_fpr": "recall at 1 % false alarms",
    "precision_at_k": "precision at k",
    "recall_at_k": "recall at k",
    "lift_at_k": "lift at k",
    "f2": "F2",
    "g_mean": "G-mean",
}


class Ends(NamedTuple):
    """A number and the ends of its interval."""

    value: float
    low: float
    high: float


def verdicts(compared):
    """Return the paired differences of every arm, and the verdict on each."""
    better = row_of(compared.metric).better
    rows = []
    for model, found in compared.intervals.items():
        row = {"model": model, "value": with_ends(found[compared.metric])}
        if verdict := compared.verdicts.get(model):
            more = (verdict.positives_needed or 0) - verdict.positives
            row |= {
                "difference": with_ends(verdict, "difference", sign="+"),
                "p": f"{verdict.p_adjusted:.3f}",
                "verdict": verdict.verdict,
                "more": f"{more:,}" if verdict.verdict == UNDETECTED and more > 0 else None,
            }
        rows.append(row)
    return rows, {
        "model": "model",
        "value": f"{words(compared.metric)} ({better} is better)",
        "difference": "difference",
        "p": "p",
        "verdict": "verdict",
        "more": "more positives needed to detect it",
    }


def with_intervals(scores, compared):
    """Return the scores of every model at its own threshold, with the intervals that they have."""
    rows = []
    for name, values in scores.items():
        # The comparison holds the baseline at .5, and that of its own threshold as an arm.
        found = compared.intervals[paths.MOVED if name == compared.baseline else name]
        ends = {metric: with_ends(each) for metric, each in found.items() if metric in values}
        rows.append({"model": name, **values, **ends})
    return rows


def rules(decided):
    """Return what the rules' decisions of one model are worth, with their intervals."""
    rows = []
    for name, values in decided.items():
        row = {"name": name, **values}
        for key in ("precision", "recall", "savings"):
            if f"{key}_low" in values:
                ends = Ends(values[key], values[f"{key}_low"], values[f"{key}_high"])
                row[key] = with_ends(ends)
        rows.append(row)
    return rows


def decisions(compared):
    """Return the differences of the decisions, which moving the threshold alone may give."""
    rows = [
        {
            "model": arm,
            **{
                metric: with_ends(found[metric], sign="+") if metric in found else "undefined"
                for metric in DECISIONS
            },
        }
        for arm, found in compared.differences.items()
    ]
    return rows, {"model": "model", **DECISIONS}


def budget(precision):
    """Return the headings of what a number of alerts finds."""
    at = f"recall_at_{100 * precision:g}pct_precision"
    return {"model": "model", at: f"recall at precision {precision:g}", **BUDGET}


def cross_validated(recommendation):
    """Return the scores on the training rows that the choice was made by."""
    rows = []
    for name, found in recommendation.cross_validated.items():
        row = {"model": name, "score": f"{found.mean:.4g} ± {found.standard_error:.2g}"}
        if found.difference:
            row["difference"] = with_ends(found.difference, sign="+")
            row["p"] = f"{found.p_adjusted:.3f}"
        row["use"] = "recommended" if name == recommendation.model else None
        rows.append(row)
    return rows, {
        "model": "model",
        "score": "mean over folds ± standard error",
        "difference": "difference",
        "p": "p",
        "use": "",
    }


def discordant(compared):
    """Return the rows that only one of two models flags, with McNemar's test."""
    rows = []
    for arm, found in compared.mcnemar.items():
        row = {"model": arm}
        for kind in ("positives", "negatives"):
            pair = found[kind]
            row[kind] = f"{pair.only_arm} / {pair.only_baseline}"
            row[f"p_{kind}"] = f"{pair.p_value:.3f}"
        rows.append(row)
    return rows, {
        "model": "model",
        "positives": "positives: it / baseline",
        "p_positives": "p",
        "negatives": "negatives: it / baseline",
        "p_negatives": "p",
    }


def notes(decisions, compared):
    """Return what could not be met, and what has no sure number, as one list."""
    notes = [
        f"- {model}, {rule}: {values['message']}"
        for model, rules in decisions.items()
        for rule, values in rules.items()
        if "message" in values
    ]
    notes += [
        f"- {model}: no {words(metric)}, because {reason}"
        for model, metrics in compared.absent.items()
        for metric, reason in metrics.items()
        if metric != "prevalence"  # it is no estimate: the draws keep it
    ]
    doubted = {}
    for model, metrics in compared.doubted.items():
        for metric, reason in metrics.items():
            doubted.setdefault((words(metric), reason), []).append(model)
    notes += [
        f"- {', '.join(models)}: the interval of {metric} may not hold, because {reason}."
        for (metric, reason), models in doubted.items()
    ]
    return (
        ["## What could not be met, and what has no sure number", "\n".join(notes)] if notes else []
    )


def study(study, metric):
    """Return what the study asked and found."""
    rows = []
    for arm, found in study["arms"].items():
        row = {"treatment": arm, "fits": found["fits"], "pruned": found["pruned"]}
        if "score" in found:
            gain, error = found["gain_of_treatment"], found["gain_of_treatment_se"]
            row |= {
                "ratio": found["ratio"],
                "score": f"{found['score']:.4g} ± {found['score_se']:.2g}",
                "gain": None if arm == NONE else f"{gain:+.2g} ± {error:.2g}",
            }
        rows.append(row)
    told = (
        f"{study['trials']} ratios asked, {study['fits']} fits, {study['pruned']} stopped early. "
        f"Without any treatment {words(metric)} is {study['natural_score']:.4g} ± "
        f"{study['natural_score_se']:.2g} at the natural ratio, {study['natural_ratio']}; the "
        f"search of the learner's settings alone gives {study['gain_of_tuning']:+.2g}, and the "
        "treatment what the table says on top. Each row is the best of what its treatment was "
        f"asked, which flatters it. Taken: {taken(study)}."
    )
    headings = {"treatment": "treatment", "ratio": "best ratio", "score": "score",
                "gain": "gain of the treatment", "fits": "fits", "pruned": "stopped"}  # fmt: skip
    return f"{told}\n\n{table(rows, headings)}"
