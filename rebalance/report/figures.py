"""Figures for people, and the tables behind them for ``dvc plots``."""

import csv
import io

from rebalance import store
from rebalance.figures import COLOURS, figure


def write_all(drawn, scores, folder):
    """Write every table and figure of the test rows into ``folder``; return the files.

    ``drawn`` and ``scores`` hold `evaluation.drawn` and `evaluation.judge` of every model.
    """
    tables = _tables(drawn, scores)
    for name, rows in tables.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        store.write_text(folder / name, text.getvalue())
    _draw_precision_recall(folder / "precision_recall.png", drawn, scores)
    _draw_roc(folder / "roc.png", drawn, scores)
    _draw_confusion(folder / "confusion.png", scores)
    _draw_calibration(folder / "calibration.png", drawn, scores)
    return [
        folder / f"{name.partition('.')[0]}{end}" for name in tables for end in (".csv", ".png")
    ]


def _tables(drawn, scores):
    """Return the tables for ``dvc plots``: file name to list of rows."""
    tables = {name: [] for name in ("precision_recall.csv", "roc.csv", "confusion.csv")}
    tables["calibration.csv"] = []
    for model, found in drawn.items():
        for recall, precision, rate in zip(*found["curves"].values(), strict=True):
            point = {"model": model, "recall": f"{recall:.6g}"}
            tables["precision_recall.csv"].append(point | {"precision": f"{precision:.6g}"})
            tables["roc.csv"].append(point | {"false_positive_rate": f"{rate:.6g}"})
        for actual, predicted, count in _confusion(scores[model]):
            tables["confusion.csv"].append(
                {"model": model, "actual": actual, "predicted": predicted, "rows": count}
            )
        for kind in ("raw", "corrected"):
            for mean, share, rows in zip(*found[kind].values(), strict=True):
                tables["calibration.csv"].append(
                    {
                        "model": model,
                        "probabilities": kind,
                        "mean_probability": f"{mean:.6g}",
                        "share_of_positives": f"{share:.6g}",
                        "rows": rows,
                    }
                )
    return tables


def _confusion(scores):
    return [
        ("positive", "positive", scores["true_positives"]),
        ("positive", "negative", scores["false_negatives"]),
        ("negative", "positive", scores["false_positives"]),
        ("negative", "negative", scores["true_negatives"]),
    ]


def _styles(names):
    """Yield (name, how its line is drawn)."""
    for i, name in enumerate(names):
        dash = "-" if i < len(COLOURS) else "--"
        # The baseline on top, where a model that is no other would hide it.
        yield (
            name,
            {
                "color": COLOURS[i % len(COLOURS)],
                "linestyle": dash,
                "linewidth": 1.3,
                "zorder": 3 - i / 100,
            },
        )


def _draw_precision_recall(path, drawn, scores):
    with figure(path) as axis:
        for name, style in _styles(drawn):
            curve, number = drawn[name]["curves"], scores[name]["average_precision"]
            label = f"{name} ({number:.3f})"
            axis.step(curve["recall"], curve["precision"], where="post", label=label, **style)
        prevalence = next(iter(scores.values()))["prevalence"]
        axis.axhline(prevalence, color="grey", linewidth=1, linestyle=":")
        axis.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
        axis.legend(title="average precision", frameon=False, fontsize="small")


def _draw_roc(path, drawn, scores):
    with figure(path) as axis:
        for name, style in _styles(drawn):
            curve, number = drawn[name]["curves"], scores[name]["roc_auc"]
            label = f"{name} ({number:.3f})"
            axis.step(
                curve["false_positive_rate"], curve["recall"], where="post", label=label, **style
            )
        # All that matters with a rare class happens at the far left.
        axis.set_xscale("symlog", linthresh=1e-4)
        axis.set(xlabel="false positive rate", ylabel="recall", xlim=(0, 1), ylim=(0, 1.02))
        axis.legend(title="ROC AUC", frameon=False, fontsize="small")


def _draw_confusion(path, scores):
    names = list(scores)
    with figure(path, width=1.9 * len(names), height=2.6, columns=len(names)) as axes:
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


def _draw_calibration(path, drawn, scores):
    floor = next(iter(scores.values()))["prevalence"] / 100
    with figure(path, width=9.0, columns=2) as axes:
        for axis, kind in zip(axes, ("raw", "corrected"), strict=True):
            for name, style in _styles(drawn):
                found = drawn[name][kind]
                axis.plot(
                    found["mean_probability"],
                    found["share_of_positives"],
                    marker="o",
                    markersize=3,
                    label=name,
                    **style,
                )
            axis.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle=":")
            axis.set_xscale("symlog", linthresh=floor)
            axis.set_yscale("symlog", linthresh=floor)
            axis.set(title=kind, xlabel="mean probability", xlim=(0, 1), ylim=(0, 1))
        axes[0].set_ylabel("share of positives")
        axes[0].legend(frameon=False, fontsize="small")
