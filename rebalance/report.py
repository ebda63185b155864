"""The table that a person reads."""


def table(rows, headings):
    """Return a Markdown table: text left, numbers right."""
    cells = [[_cell(row.get(key)) for key in headings] for row in rows]
    widths = [
        max(len(str(title)), 3, *(len(row[i]) for row in cells))
        for i, title in enumerate(headings.values())
    ]
    numeric = [not isinstance(rows[0].get(key), str) for key in headings]

    def line(texts):
        padded = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(texts, widths, numeric, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * (width - 1) + ":" if right else "-" * width
        for width, right in zip(widths, numeric, strict=True)
    ]
    return "\n".join([line(headings.values()), line(rule), *(line(row) for row in cells)])


def _cell(value):
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
    "brier": "Brier",
    "log_loss": "log loss",
    "threshold": "threshold",
}
CONFUSION = {
    "model": "model",
    "true_positives": "found",
    "false_negatives": "missed",
    "false_positives": "false alarms",
    "true_negatives": "left alone",
}


def write(scores, split, params):
    """Return ``metrics/report.md``: what every model does on the test rows."""
    test = split["test"]
    rows = [{"model": name, **values} for name, values in scores.items()]
    half = [{"model": name, **values["at_half"]} for name, values in scores.items()]
    decisions = [key for key in COLUMNS if key in half[0]]
    return "\n\n".join(
        [
            "# Does any treatment of class imbalance help?",
            f"Split: {params.split.method}. {test['rows']:,} test rows, {test['positives']} of "
            f"them positive ({test['prevalence']:.4%}). Answering 'negative' for every row has "
            f"accuracy {test['no_information_rate']:.6g}.",
            f"## At the threshold chosen out of fold ({params.threshold.use})",
            table(rows, COLUMNS),
            table(rows, CONFUSION),
            "## At .5",
            table(half, {key: COLUMNS[key] for key in decisions}),
        ]
    )
