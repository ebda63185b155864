"""``metrics/report.md``: the recommendation, and the tables that it rests on."""

from rebalance import paths
from rebalance.report import sections as tables
from rebalance.report.markdown import table
from rebalance.report.sentences import sentences, words

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


def render(scores, decisions, compared, recommendation, split, study, params):
    """Return the report.

    Parameters
    ----------
    scores, decisions : dict
        `evaluation.judge` and `decisions.by_rule` of every model.
    compared : comparison.Comparison
    recommendation : recommendation.Recommendation
    split, study : dict
        ``metrics/split.json``, and ``study`` of ``metrics/tune_ratio.json``.
    params : params.Params
    """
    rows = tables.with_intervals(scores, compared)
    half = [{"model": name, **values["at_half"]} for name, values in scores.items()]
    metric = words(compared.metric)
    parts = [
        f"# Does any treatment of class imbalance help? ({SPLITS[params.split.method]})",
        " ".join(sentences(scores, decisions, compared, recommendation, study, params)),
        _rows(split),
        f"## Against the baseline: {metric} on the test rows",
        "Paired differences with 95 % intervals, and p-values after Holm's correction for the arms "
        f"whose scores are not the baseline's own; {compared.draws} draws"
        + (f" of {compared.groups} groups." if compared.groups else "."),
        table(*tables.verdicts(compared)),
        "Every metric of every model has its interval and its paired difference in "
        "metrics/comparison.json.",
        f"## Out of fold: {metric} on the training rows",
        "What the model to use was chosen by. Differences by the corrected t-test over the folds, "
        f"p after Holm's correction. {paths.TUNED} was chosen on these rows as the best of several "
        "ratios, which flatters it here and not on the test rows.",
        table(*tables.cross_validated(recommendation)),
        "## Decisions against the baseline at .5",
        f"Each model at its own threshold; {paths.MOVED} is the baseline with a threshold "
        "chosen as theirs, the cheapest treatment of all. Paired differences with 95 % intervals, "
        "each by itself.",
        table(*tables.decisions(compared)),
        f"## At the threshold chosen out of fold ({params.threshold.use})",
        "With 95 % intervals of each by itself, which overlap also where a paired difference is "
        "sure.",
        table(rows, COLUMNS),
        "## At .5",
        "As everybody decides who chooses no threshold; shown to compare, without intervals.",
        table(half, {key: title for key, title in COLUMNS.items() if key in half[0]}),
        "## Rows that only one of the two flags",
        "Positives and negatives, with McNemar's exact p-value of each by itself."
        if compared.mcnemar
        else "McNemar's test counts rows one by one, and here they belong to groups.",
        table(*tables.discordant(compared)),
        "## Probabilities",
        table(rows, CALIBRATION),
        "## Alert budgets",
        f"k is {params.evaluate.alerts} of the test rows, those of the highest scores.",
        table(rows, tables.budget(params.evaluate.precision)),
        f"## Rules, for {recommendation.model}",
        "With 95 % intervals. A cost has none of its own; that of the savings, the share saved of "
        "the cheaper of flagging none and flagging all, is too narrow where amounts differ much "
        "and positives are no more than some hundreds.",
        table(tables.rules(decisions[recommendation.model]), RULES),
        *tables.notes(decisions, compared),
        "## The study of the ratio",
        tables.study(study, params.tune.metric),
    ]
    return "\n\n".join(part for part in parts if part)


def _rows(split):
    train, test = split["train"], split["test"]
    return (
        f"{train['rows']:,} training rows with {train['positives']} positives, {test['rows']:,} "
        f"test rows with {test['positives']} ({test['prevalence']:.4%}); "
        f"{test['rows_also_in_train']} test rows equal a training row. Answering 'negative' for "
        f"every row has accuracy {test['no_information_rate']:.6g}."
    )
