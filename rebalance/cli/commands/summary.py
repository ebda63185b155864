"""Print the answer of the report, and the scores of every model on the test rows."""

from rebalance import paths, store
from rebalance.cli.files import written

# The columns of the summary: name in metrics/scores.json, heading, decimals.
COLUMNS = (
    ("average_precision", "average precision", 4),
    ("roc_auc", "ROC AUC", 4),
    ("mcc", "MCC", 4),
    ("f1", "F1", 4),
    ("precision", "precision", 4),
    ("recall", "recall", 4),
    ("accuracy", "accuracy", 5),
    ("no_information_rate", "no information", 5),
    ("brier", "Brier", 6),
    ("threshold", "threshold", 4),
)
COUNTS = {"true_positives", "true_negatives", "false_positives", "false_negatives"}
NEXT = """
The report: metrics/report.html, in short metrics/report.md
Every run, its parameters and its plots: make ui
"""


def run():
    """Return the report's answer, the scores of every model, and where to look next."""
    from rebalance import params
    from rebalance.cli import looked

    scores = table(store.read_json(paths.SCORES))
    _, answer, *_ = written(paths.REPORT).split("\n\n")
    looks = "\n".join(looked.lines(params.load()))
    opened = ""
    if paths.OPENED.exists():
        record = store.read_json(paths.OPENED)
        opened = f"The sealed rows were opened for {record['recommended']}: {paths.OPENED}.\n"
    return f"{answer}\n\n{scores}\n{looks}\n{opened}{NEXT}"


def table(scores):
    """Return the scores of each model as lines of text, one a model.

    >>> print(table({"baseline": {"mcc": 0.5}, "tuned": {"mcc": 0.75, "recall": 1.0}}), end="")
    model        MCC  recall
    baseline  0.5000       -
    tuned     0.7500  1.0000
    """
    from tabulate import tabulate

    shown = [column for column in COLUMNS if any(column[0] in values for values in scores.values())]
    rows = [["model", *(heading for _, heading, _ in shown)]]
    for name, values in scores.items():
        exact = values | _accuracy(values)
        cells = (f"{exact[key]:.{digits}f}" if key in exact else "-" for key, _, digits in shown)
        rows.append([name, *cells])
    # The headings are a row: tabulate would make their columns wider.
    align = ["left", *("right" for _ in shown)]
    return tabulate(rows, tablefmt="plain", colalign=align, disable_numparse=True) + "\n"


def _accuracy(values):
    """Return the accuracy from the counts: its six digits in the file do not round to five.

    >>> counts = {"true_positives": 1, "true_negatives": 2, "false_positives": 0}
    >>> _accuracy(counts | {"false_negatives": 1}), _accuracy(counts)
    ({'accuracy': 0.75}, {})
    """
    if not set(values) >= COUNTS:
        return {}
    right = values["true_positives"] + values["true_negatives"]
    return {"accuracy": right / sum(values[key] for key in COUNTS)}
