"""Figures for people, and the tables behind them for ``dvc plots``."""

import csv
import io
from contextlib import contextmanager

from rebalance import store

# Okabe and Ito's colours, told apart with any colour vision.
COLOURS = ["#000000", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442"]


@contextmanager
def _figure(path, width=6.4, height=4.4, columns=1):
    """Yield the axes of a new figure, and write it as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns)
    for axis in [axes] if columns == 1 else axes:
        axis.spines[["top", "right"]].set_visible(False)
    yield axes
    with store.replacing(path) as beside:
        # No software version in the file: the same numbers give the same bytes.
        figure.savefig(beside, format="png", dpi=120, metadata={"Software": None})


def ratio_curve(study, metric, path):
    """Draw the mean score of every complete ratio with its standard error."""
    complete = study.complete
    ratios = [ratio.ratio for ratio in complete]
    with _figure(path) as axis:
        axis.errorbar(
            ratios,
            [ratio.mean for ratio in complete],
            yerr=[ratio.standard_error for ratio in complete],
            color=COLOURS[1],
            marker="o",
            markersize=4,
            capsize=2,
        )
        natural = study.ratios[study.natural]
        axis.axhline(natural.mean, color=COLOURS[0], linewidth=1, linestyle="--")
        axis.axhspan(
            natural.mean - natural.standard_error,
            natural.mean + natural.standard_error,
            color=COLOURS[0],
            alpha=0.08,
            linewidth=0,
        )
        axis.annotate(
            f"no resampling ({study.natural})",
            (ratios[0], natural.mean),
            xytext=(2, 4),
            textcoords="offset points",
        )
        axis.set_xscale("log")
        axis.set_xlabel("negatives kept per positive")
        axis.set_ylabel(f"{metric.replace('_', ' ')}, out of fold ± standard error")


def evaluation_tables(curves, scores):
    """Return the tables for ``dvc plots``: file name to list of rows."""
    tables = {"precision_recall.csv": [], "roc.csv": [], "confusion.csv": []}
    for name, curve in curves.items():
        for recall, precision, rate in zip(
            curve["recall"], curve["precision"], curve["false_positive_rate"], strict=True
        ):
            tables["precision_recall.csv"].append(
                {"model": name, "recall": f"{recall:.6g}", "precision": f"{precision:.6g}"}
            )
            tables["roc.csv"].append(
                {"model": name, "false_positive_rate": f"{rate:.6g}", "recall": f"{recall:.6g}"}
            )
        for actual, predicted, count in _confusion(scores[name]):
            tables["confusion.csv"].append(
                {"model": name, "actual": actual, "predicted": predicted, "rows": count}
            )
    return tables


def _confusion(scores):
    return [
        ("positive", "positive", scores["true_positives"]),
        ("positive", "negative", scores["false_negatives"]),
        ("negative", "positive", scores["false_positives"]),
        ("negative", "negative", scores["true_negatives"]),
    ]


def evaluation(curves, scores, folder):
    """Write every table and figure of the test rows into ``folder``; return the files.

    ``curves`` and ``scores`` hold `evaluation.curves` and `evaluation.judge` of every model.
    """
    tables = evaluation_tables(curves, scores)
    for name, rows in tables.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        store.write_text(folder / name, text.getvalue())
    prevalence = next(iter(scores.values()))["prevalence"]
    pictures = {
        "precision_recall.png": ("recall", "precision", prevalence),
        "roc.png": ("false_positive_rate", "recall", None),
    }
    for name, (x, y, level) in pictures.items():
        _draw_curves(folder / name, curves, scores, x, y, level)
    _draw_confusion(folder / "confusion.png", scores)
    return [folder / name for name in [*tables, *pictures, "confusion.png"]]


def _draw_curves(path, curves, scores, x, y, level):
    number = "average_precision" if y == "precision" else "roc_auc"
    with _figure(path) as axis:
        for i, (name, curve) in enumerate(curves.items()):
            axis.step(
                curve[x],
                curve[y],
                where="post",
                color=COLOURS[i % len(COLOURS)],
                linestyle="-" if i < len(COLOURS) else "--",
                linewidth=1.3,
                label=f"{name} ({scores[name][number]:.3f})",
            )
        if level is None:
            axis.set_xscale("symlog", linthresh=1e-4)
            axis.set_xlim(0, 1)
        else:
            axis.axhline(level, color="grey", linewidth=1, linestyle=":")
            axis.set_xlim(0, 1)
        axis.set_ylim(0, 1.02)
        axis.set_xlabel(x.replace("_", " "))
        axis.set_ylabel(y)
        axis.legend(title=number.replace("_", " "), frameon=False, fontsize="small")


def _draw_confusion(path, scores):
    names = list(scores)
    with _figure(path, width=1.9 * len(names), height=2.6, columns=len(names)) as axes:
        for axis, name in zip(axes, names, strict=True):
            s = scores[name]
            cells = [
                [s["true_negatives"], s["false_positives"]],
                [s["false_negatives"], s["true_positives"]],
            ]
            # Colour by share of the row: the counts differ by a factor of hundreds.
            shares = [[count / max(1, sum(row)) for count in row] for row in cells]
            axis.imshow(shares, cmap="Blues", vmax=1.4)
            for i, row in enumerate(cells):
                for j, count in enumerate(row):
                    axis.text(j, i, f"{count:,}", ha="center", va="center", fontsize=9)
            axis.set_title(f"{name}\nat {s['threshold']:.3g}", fontsize=9)
            axis.set_xticks([0, 1], ["left", "flagged"], fontsize=8)
            axis.set_yticks([0, 1], ["neg.", "pos."] if name == names[0] else ["", ""], fontsize=8)
