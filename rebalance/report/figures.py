"""Figures of the test rows for people, and the tables behind them for ``dvc plots``."""

import csv
import io

from rebalance import figures, store
from rebalance.figures.canvas import GREY, axis_of


def write_all(results, folder):
    """Write every table and figure of the test rows into ``folder``; return the files."""
    files = []
    for name, rows in TABLES.items():
        text = io.StringIO()
        content = rows(results)
        writer = csv.DictWriter(text, fieldnames=list(content[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(content)
        files.append(folder / f"{name}.csv")
        store.write_text(files[-1], text.getvalue())
    for name, (draw, width, height) in FIGURES.items():
        columns = len(results.scores) if name == "confusion" else 1
        figure = figures.new_figure(width * columns, height)
        draw(figure, results)
        files.append(folder / f"{name}.png")
        figures.write_png(figure, files[-1])
    return files


def precision_recall_rows(results):
    """Return the steps of the precision-recall curve of every model."""
    return [
        {"model": model, "recall": f"{recall:.6g}", "precision": f"{precision:.6g}"}
        for model, recall, precision in _steps(results, "recall", "precision")
    ]


def roc_rows(results):
    """Return the steps of the ROC curve of every model."""
    return [
        {"model": model, "recall": f"{recall:.6g}", "false_positive_rate": f"{rate:.6g}"}
        for model, recall, rate in _steps(results, "recall", "false_positive_rate")
    ]


def _steps(results, x, y):
    for model, drawn in results.curves.items():
        for pair in zip(drawn["curves"][x], drawn["curves"][y], strict=True):
            yield model, *pair


def confusion_rows(results):
    """Return the four counts of every model at its threshold."""
    return [
        {"model": model, "actual": actual, "predicted": predicted, "rows": scores[count]}
        for model, scores in results.scores.items()
        for actual, predicted, count in (
            ("positive", "positive", "true_positives"),
            ("positive", "negative", "false_negatives"),
            ("negative", "positive", "false_positives"),
            ("negative", "negative", "true_negatives"),
        )
    ]


def calibration_rows(results):
    """Return the bins of the reliability curve of every model, before and after correction."""
    return [
        {
            "model": model,
            "probabilities": kind,
            "mean_probability": f"{mean:.6g}",
            "share_of_positives": f"{share:.6g}",
            "rows": rows,
        }
        for model, drawn in results.curves.items()
        for kind in ("raw", "corrected")
        for mean, share, rows in zip(
            *(drawn[kind][key] for key in ("mean_probability", "share_of_positives", "rows")),
            strict=True,
        )
    ]


TABLES = {
    "precision_recall": precision_recall_rows,
    "roc": roc_rows,
    "confusion": confusion_rows,
    "calibration": calibration_rows,
}


def styles(names):
    """Yield each name with the style of its line."""
    for i, name in enumerate(names):
        color, dash = figures.colour(i)
        # The baseline lies on top: a model with equal scores would hide it.
        yield name, {"color": color, "linestyle": dash, "linewidth": 1.3, "zorder": 3 - i / 100}


def draw_precision_recall(figure, results):
    """Draw precision by recall, a line per model, and the prevalence."""
    axis = axis_of(figure)
    for name, style in styles(results.curves):
        drawn, value = results.curves[name]["curves"], results.scores[name]["average_precision"]
        label = f"{name} ({value:.3f})"
        # A precision holds from the recall before to its own, as average precision counts it.
        recall, precision = [0, *drawn["recall"]], [drawn["precision"][0], *drawn["precision"]]
        axis.step(recall, precision, where="pre", label=label, **style)
    axis.axhline(_prevalence(results), color=GREY, linewidth=1, linestyle=":")
    axis.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axis.legend(title="average precision", frameon=False, fontsize="x-small")


def draw_roc(figure, results):
    """Draw recall by false positive rate, a line per model."""
    axis = axis_of(figure)
    for name, style in styles(results.curves):
        drawn, value = results.curves[name]["curves"], results.scores[name]["roc_auc"]
        label = f"{name} ({value:.3f})"
        rate, recall = [0, *drawn["false_positive_rate"]], [0, *drawn["recall"]]
        axis.plot(rate, recall, label=label, **style)
    # With a rare class all that matters lies at the far left.
    axis.set_xscale("symlog", linthresh=1e-4)
    axis.set(xlabel="false positive rate", ylabel="recall", xlim=(0, 1), ylim=(0, 1.02))
    axis.legend(title="ROC AUC", frameon=False, fontsize="x-small")


def draw_confusion(figure, results):
    """Draw the four counts of each model at its threshold, coloured by share of the actual."""
    names = list(results.scores)
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    for axis, name in zip(axes, names, strict=True):
        s = results.scores[name]
        cells = [
            [s["true_negatives"], s["false_positives"]],
            [s["false_negatives"], s["true_positives"]],
        ]
        # The counts differ by a factor of hundreds.
        shares = [[count / max(1, sum(row)) for count in row] for row in cells]
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1.4)
        for i, row in enumerate(cells):
            for j, count in enumerate(row):
                axis.text(j, i, f"{count:,}", ha="center", va="center", fontsize=9)
        axis.set_title(f"{name}\nat {s['threshold']:.3g}", fontsize=9)
        axis.set_xticks([0, 1], ["left", "flagged"], fontsize=8)
        labels = ["negative", "positive"] if name == names[0] else ["", ""]
        axis.set_yticks([0, 1], labels, fontsize=8)


def draw_calibration(figure, results):
    """Draw the share of positives by mean probability, before and after correction."""
    axes = figure.subplots(1, 2)
    floor = _prevalence(results) / 100
    for axis, kind in zip(axes, ("raw", "corrected"), strict=True):
        axis.spines[["top", "right"]].set_visible(False)
        for name, style in styles(results.curves):
            drawn = results.curves[name][kind]
            axis.plot(
                drawn["mean_probability"],
                drawn["share_of_positives"],
                marker="o",
                markersize=3,
                label=name,
                **style,
            )
        axis.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        axis.set_xscale("symlog", linthresh=floor)
        axis.set_yscale("symlog", linthresh=floor)
        axis.set(title=kind, xlabel="mean probability", xlim=(0, 1), ylim=(0, 1))
    axes[0].set_ylabel("share of positives")
    axes[0].legend(frameon=False, fontsize="x-small")


def _prevalence(results):
    return next(iter(results.scores.values()))["prevalence"]


# Name: how it is drawn, and its width (that of one model's part in confusion) and height in inches.
FIGURES = {
    "precision_recall": (draw_precision_recall, 4.8, 3.6),
    "roc": (draw_roc, 4.8, 3.6),
    "confusion": (draw_confusion, 1.7, 2.3),
    "calibration": (draw_calibration, 7.2, 3.6),
}
