"""``metrics/report.md``: the recommendation, and the tables that it rests on."""

from rebalance.comparison import LOWER_IS_BETTER
from rebalance.markdown import table

SPLITS = {
    "stratified": "random, stratified split",
    "time": "time-ordered split",
    "group": "split by group",
    "column": "split given by a column",
}
COLUMNS = {
    "model": "model",
    "average_precision": "average precision",
    "roc_auc": "ROC AUC",
    "mcc": "MCC",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
    "true_positives": "found",
    "false_negatives": "missed",
    "false_positives": "false alarms",
    "threshold": "threshold",
}
CALIBRATION = {
    "model": "model",
    "brier": "Brier",
    "brier_skill": "skill",
    "log_loss": "log loss",
    "calibration_intercept": "intercept",
    "calibration_slope": "slope",
    "ece": "ECE",
    "mean_probability": "mean probability",
}
BUDGET = {
    "model": "model",
    "recall_at_1pct_fpr": "recall at 1 % false alarms",
    "recall_at_90pct_precision": "recall at precision .9",
    "precision_at_k": "precision at k",
    "recall_at_k": "recall at k",
    "lift_at_k": "lift at k",
    "f2": "F2",
    "g_mean": "G-mean",
}
RULES = {
    "name": "name",
    "rule": "rule",
    "threshold": "threshold",
    "precision": "precision",
    "recall": "recall",
    "true_positives": "found",
    "false_positives": "false alarms",
    "cost": "cost",
    "savings": "savings",
}


def write(scores, decisions, compared, recommendation, split, study, params):
    """Return the report.

    Parameters
    ----------
    scores, decisions : dict
        `evaluation.judge` and `evaluation.decisions` of every model.
    compared : comparison.Comparison
    recommendation : evaluation.Recommendation
    split, study : dict
        ``metrics/split.json``, and ``study`` of ``metrics/tune_ratio.json``.
    params : params.Params
    """
    rows = [{"model": name, **values} for name, values in scores.items()]
    half = [{"model": name, **values["at_half"]} for name, values in scores.items()]
    metric = compared.metric.replace("_", " ")
    parts = [
        f"# Does any treatment of class imbalance help? ({SPLITS[params.split.method]})",
        " ".join(sentences(scores, compared, recommendation, params)),
        _rows(split),
        f"## Against the baseline: {metric} on the test rows",
        "Paired differences with 95 % intervals, and p-values after Holm's correction for the arms "
        f"whose scores are not the baseline's own; {compared.draws} draws"
        + (f" of {compared.groups} groups." if compared.groups else "."),
        table(*_verdicts(compared)),
        f"## Out of fold: {metric} on the training rows",
        "What the model to use was chosen by. Differences by the corrected t-test over the folds.",
        table(*_cross_validated(recommendation)),
        f"## At the threshold chosen out of fold ({params.threshold.use})",
        table(rows, COLUMNS),
        "## At .5",
        table(half, {key: title for key, title in COLUMNS.items() if key in half[0]}),
        "## Decisions against the baseline at .5",
        "Positives and negatives that only one of the two flags, with McNemar's exact p-value.",
        table(*_discordant(compared)),
        "## Probabilities",
        table(rows, CALIBRATION),
        "## Alert budgets",
        f"k is the number of positives in the test rows, {split['test']['positives']}.",
        table(rows, BUDGET),
        f"## Rules, for {recommendation.model}",
        table(
            [{"name": name, **values} for name, values in decisions[recommendation.model].items()],
            RULES,
        ),
        *_notes(decisions, compared),
        "## The study of the ratio",
        _study(study),
    ]
    return "\n\n".join(part for part in parts if part)


def sentences(scores, compared, recommendation, params):
    """Return the three sentences: what to use, at which threshold, how sure."""
    name, metric = recommendation.model, compared.metric
    words = metric.replace("_", " ")
    chosen = scores[name]
    untreated = name == compared.baseline
    what = (
        f"Use {name}, with no treatment: on the training rows no treatment beats it by more than "
        f"one standard error in {words}."
        if untreated
        else f"Use {name}: on the training rows it has the best {words} and beats the baseline by "
        "more than one standard error."
    )
    where = (
        f"Flag a row when its probability reaches {chosen['threshold']:.3g} "
        f"({params.threshold.use}, chosen out of fold): on the test rows this finds "
        f"{chosen['true_positives']} of {chosen['true_positives'] + chosen['false_negatives']} "
        f"positives with {chosen['false_positives']} false alarms."
    )
    return [what, where, _how_sure(name, compared, words)]


def _how_sure(name, compared, words):
    interval = compared.intervals[name][compared.metric]
    value = f"{words} is {interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
    if name != compared.baseline:
        verdict = compared.verdicts[name]
        found = (
            f"On the test rows {value}, {_signed(verdict.difference)} "
            f"[{_signed(verdict.low)}, {_signed(verdict.high)}] against the baseline: "
            f"{verdict.verdict}."
        )
        if verdict.verdict == "worse":
            return f"{found} The test rows contradict the choice: prefer the baseline."
        if verdict.verdict == "better" or verdict.positives_needed is None:
            return found
        return (
            f"{found[:-1]}, which {verdict.positives_needed:,} positives would be needed to detect "
            f"({verdict.positives} here)."
        )
    better = [arm for arm, verdict in compared.verdicts.items() if verdict.verdict == "better"]
    worse = [arm for arm, verdict in compared.verdicts.items() if verdict.verdict == "worse"]
    if better:
        return (
            f"On the test rows {value}, and {_list(better)} better: the test rows contradict the "
            "choice, which more rows would have to settle."
        )
    told = f"; {_list(worse)} worse" if worse else ""
    return f"On the test rows {value}{told}, and no treatment is detectably better."


def _list(names):
    *others, last = names
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"{listed} {'are' if others else 'is'}"


def _signed(value):
    return f"{value:+.3f}"


def _rows(split):
    train, test = split["train"], split["test"]
    return (
        f"{train['rows']:,} training rows with {train['positives']} positives, {test['rows']:,} "
        f"test rows with {test['positives']} ({test['prevalence']:.4%}); "
        f"{test['rows_also_in_train']} test rows equal a training row. Answering 'negative' for "
        f"every row has accuracy {test['no_information_rate']:.6g}."
    )


def _verdicts(compared):
    better = "lower" if compared.metric in LOWER_IS_BETTER else "higher"
    rows = [{"model": compared.baseline, "value": _interval(compared, compared.baseline)}]
    for arm, verdict in compared.verdicts.items():
        rows.append(
            {
                "model": arm,
                "value": _interval(compared, arm),
                "difference": f"{_signed(verdict.difference)} "
                f"[{_signed(verdict.low)}, {_signed(verdict.high)}]",
                "p": f"{verdict.p_adjusted:.3f}",
                "verdict": verdict.verdict,
                "needed": f"{verdict.positives_needed:,}" if verdict.positives_needed else None,
            }
        )
    return rows, {
        "model": "model",
        "value": f"{compared.metric.replace('_', ' ')} ({better} is better)",
        "difference": "difference",
        "p": "p",
        "verdict": "verdict",
        "needed": "positives needed to detect it",
    }


def _interval(compared, name):
    found = compared.intervals[name][compared.metric]
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _cross_validated(recommendation):
    rows = []
    for name, found in recommendation.cross_validated.items():
        row = {"model": name, "score": f"{found.mean:.4f} ± {found.standard_error:.4f}"}
        if found.difference:
            d = found.difference
            row["difference"] = f"{d.value:+.4f} [{d.low:+.4f}, {d.high:+.4f}]"
            row["p"] = f"{d.p_value:.3f}"
        row["use"] = "recommended" if name == recommendation.model else None
        rows.append(row)
    return rows, {
        "model": "model",
        "score": "mean over folds ± standard error",
        "difference": "difference",
        "p": "p",
        "use": "",
    }


def _discordant(compared):
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


def _notes(decisions, compared):
    """Return what could not be met, and what has no sure number, as one list."""
    notes = [
        f"- {model}, {rule}: {values['message']}"
        for model, rules in decisions.items()
        for rule, values in rules.items()
        if "message" in values
    ]
    notes += [
        f"- {model}: no {metric.replace('_', ' ')}, because {reason}"
        for model, metrics in compared.absent.items()
        for metric, reason in metrics.items()
        if metric != "prevalence"  # it is no estimate: the draws keep it
    ]
    doubted = {}
    for model, metrics in compared.doubted.items():
        for metric, reason in metrics.items():
            doubted.setdefault((metric.replace("_", " "), reason), []).append(model)
    notes += [
        f"- {', '.join(models)}: the interval of {metric} may not hold, because {reason}."
        for (metric, reason), models in doubted.items()
    ]
    return (
        ["## What could not be met, and what has no sure number", "\n".join(notes)] if notes else []
    )


def _study(study):
    (treatment, ratio), *_ = study["chosen"].items()
    return (
        f"{study['trials']} ratios asked, {study['fits']} fits, {study['pruned']} stopped early. "
        f"Best: {study['best_ratio']} negatives per positive, which scores "
        f"{study['best_score']:.4f} ± {study['best_score_se']:.4f}; no resampling "
        f"({study['natural_ratio']}): {study['natural_score']:.4f} ± "
        f"{study['natural_score_se']:.4f}. Of the gain, {study['gain_of_tuning']:+.4f} is the "
        f"learner's settings and {study['gain_of_treatment']:+.4f} the treatment. "
        f"Taken: {treatment} at {ratio}."
    )
