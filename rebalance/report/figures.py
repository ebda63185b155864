"""Figures of the test rows for people, and the tables behind them for ``dvc plots``."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logit
from scipy.stats import binomtest

from rebalance import figures, store
from rebalance.errors import InputError
from rebalance.figures.canvas import COLOURS, GREY, INK, along_logarithm, axis_of
from rebalance.judging.decision_curve import FLAG_ALL, FLAG_NONE
from rebalance.metrics import words
from rebalance.report.sentences import percent


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


def read_ratios(path):
    """Return the ratio curve: the points that finished, and those that were stopped.

    Returns
    -------
    points : list of (treatment, ratio, score, standard error)
    stopped : list of (treatment, ratio, score)
    """
    points, stopped = [], []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                point = row["treatment"], int(row["ratio"]), float(row["score"])
                if row["standard_error"]:
                    points.append((*point, float(row["standard_error"])))
                else:
                    stopped.append(point)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; run 'dvc repro' to make it.") from error
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise InputError(f"{path} is not whole; run 'dvc repro' to make it again.") from error
    if not points:
        raise InputError(f"{path} is not whole; run 'dvc repro' to make it again.")
    return points, stopped


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


def styles(results):
    """Yield each model with the style of its line: the recommended one is wide."""
    for i, name in enumerate(results.curves):
        color, dash = figures.colour(i)
        wide = name == results.recommendation.model
        # The baseline lies on top: a model with equal scores would hide it.
        yield (
            name,
            {
                "color": color,
                "linestyle": dash,
                "linewidth": 2.0 if wide else 1.1,
                "zorder": 3 - i / 100,
            },
        )


def draw_precision_recall(figure, results):
    """Draw precision by recall, a line per model, and the operating points of the rules."""
    axis = axis_of(figure)
    for name, style in styles(results):
        drawn, value = results.curves[name]["curves"], results.scores[name]["average_precision"]
        label = f"{name} ({value:.3f})"
        # A precision holds from the recall before to its own, as average precision counts it.
        recall, precision = [0, *drawn["recall"]], [drawn["precision"][0], *drawn["precision"]]
        axis.step(recall, precision, where="pre", label=label, **style)
    _draw_points(
        axis,
        {
            name: (decided["recall"], decided["precision"])
            for name, decided in results.decisions[results.recommendation.model].items()
            if "precision" in decided
        },
        results,
    )
    axis.axhline(_prevalence(results), label="prevalence", **REFERENCE)
    axis.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axis.legend(title="average precision", frameon=False, fontsize="x-small")


def _draw_points(axis, points, results):
    """Mark the rules of the recommended model: that in use is filled."""
    used = results.params.threshold.use
    others = [point for name, point in points.items() if name != used]
    if others:
        axis.plot(*zip(*others, strict=True), label="other rules", markerfacecolor="none", **POINT)
    if used in points:
        axis.plot(*points[used], label=f"rule in use ({used})", **POINT)


def draw_roc(figure, results):
    """Draw recall by false positive rate, a line per model."""
    axis = axis_of(figure)
    for name, style in styles(results):
        drawn, value = results.curves[name]["curves"], results.scores[name]["roc_auc"]
        label = f"{name} ({value:.3f})"
        rate, recall = [0, *drawn["false_positive_rate"]], [0, *drawn["recall"]]
        axis.plot(rate, recall, label=label, **style)
    # With a rare class all that matters lies at the far left.
    axis.set_xscale("symlog", linthresh=1e-4)
    axis.set_xticks([0, 1e-4, 1e-3, 1e-2, 0.1, 1], ["0", "0.0001", "0.001", "0.01", "0.1", "1"])
    axis.set(xlabel="false positive rate", ylabel="recall", xlim=(0, 1), ylim=(0, 1.02))
    axis.legend(title="ROC AUC", frameon=False, fontsize="x-small")


def draw_learning_curve(figure, results):
    """Draw the baseline's score by the positives of a training fold, and what twice as many add."""
    axis = axis_of(figure)
    points, twice = results.learning_curve["points"], results.learning_curve["twice"]
    x, y = ([point[key] for point in points] for key in ("positives", "score"))
    axis.errorbar(
        x,
        y,
        yerr=[point["standard_error"] for point in points],
        color=COLOURS[1],
        linewidth=1.3,
        marker="o",
        markersize=4,
        capsize=2,
        label="out of fold ± standard error",
    )
    score, gain = twice["score"], twice["gain"]
    ends = [[gain - twice["low"]], [twice["high"] - gain]]
    axis.plot([x[-1], twice["positives"]], [score - gain, score], color=INK, linestyle=":",
              linewidth=1.0, label="inverse power law")  # fmt: skip
    axis.errorbar(
        [twice["positives"]],
        [score],
        yerr=ends,
        color=INK,
        linestyle="none",
        marker="o",
        markersize=4,
        markerfacecolor="none",
        capsize=2,
        label="twice as many, 95 % interval",
    )
    axis.set_xscale("log")
    ticks = [*x, twice["positives"]]
    axis.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    axis.minorticks_off()
    axis.set(xlabel="positives in a training fold", ylabel="average precision, out of fold")
    axis.legend(frameon=False, fontsize="x-small")


def draw_by_class(figure, results):
    """Draw how the probabilities of the recommended model are spread in each class."""
    axis = axis_of(figure)
    name = results.recommendation.model
    drawn = results.curves[name]["by_class"]
    for label, color, dash in (("negatives", COLOURS[1], "-"), ("positives", COLOURS[5], "-")):
        axis.stairs(
            drawn[label],
            drawn["edges"],
            label=label,
            color=color,
            linestyle=dash,
            linewidth=1.6,
            fill=False,
        )
    ticks = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 0.99, 0.999]
    axis.set_xticks(
        logit(ticks), ["0.00001", *(f"{tick:g}" for tick in ticks[1:])], fontsize="small"
    )
    axis.tick_params(axis="x", rotation=45)
    at = results.scores[name]["threshold"]
    if 0 < at < 1:
        axis.axvline(logit(at), label=f"threshold ({at:.3g})", **REFERENCE)
    axis.yaxis.set_major_formatter(lambda share, _: percent(share))
    axis.set(xlabel=f"probability by {name} (scale of log-odds)", ylabel="share of the class")
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False, fontsize="x-small")


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
    for axis, kind in zip(axes, ("raw", "corrected"), strict=True):
        axis.spines[["top", "right"]].set_visible(False)
        _draw_reliability(axis, results, kind)
        axis.set(title=kind)
    axes[0].set_ylabel("share of positives")
    axes[0].legend(frameon=False, fontsize="x-small")


def draw_corrected(figure, results):
    """Draw the share of positives by mean probability after correction, with intervals."""
    axis = axis_of(figure)
    _draw_reliability(axis, results, "corrected")
    name = results.recommendation.model
    drawn = results.curves[name]["corrected"]
    rows, share = drawn["rows"], drawn["share_of_positives"]
    ends = [
        binomtest(round(p * n), int(n)).proportion_ci(method="wilson")
        for p, n in zip(share, rows, strict=True)
    ]
    below = [max(0.0, p - end.low) for p, end in zip(share, ends, strict=True)]
    above = [max(0.0, end.high - p) for p, end in zip(share, ends, strict=True)]
    axis.errorbar(
        drawn["mean_probability"],
        share,
        yerr=[below, above],
        label=f"95 % interval of {name}",
        **BARS,
    )
    axis.set_ylabel("share of positives")
    axis.legend(frameon=False, fontsize="x-small")


def _draw_reliability(axis, results, kind):
    for name, style in styles(results):
        drawn = results.curves[name][kind]
        x, y = drawn["mean_probability"], drawn["share_of_positives"]
        axis.plot(x, y, marker="o", markersize=3, label=name, **style)
    axis.plot([0, 1], [0, 1], label="perfect", **REFERENCE)
    floor = 10 ** np.floor(np.log10(_prevalence(results) / 10))
    ticks = [0, *(10.0**i for i in range(round(np.log10(floor)), 1))]
    axis.set_xscale("symlog", linthresh=floor)
    axis.set_yscale("symlog", linthresh=floor)
    for along in (axis.xaxis, axis.yaxis):
        along.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set(xlabel="mean probability", xlim=(0, 1), ylim=(0, 1))


def draw_decision_curve(figure, results):
    """Draw the net benefit of each model by threshold, with that of flagging all rows and none."""
    axis = axis_of(figure)
    lines = {}
    for row in results.decision_curve:
        # The odds of a threshold near 1 outgrow the rest.
        if row["threshold"] <= HIGHEST:
            lines.setdefault(row["model"], []).append(row)

    def of(name, key):
        return [1000 * row[key] for row in lines[name]]

    at = [row["threshold"] for row in lines[FLAG_ALL]]
    chosen = results.recommendation.model
    for name, style in styles(results):
        axis.plot(at, of(name, "net_benefit"), label=name, **style)
    band = {"color": GREY, "alpha": 0.18, "linewidth": 0}
    label = f"95 % interval of {chosen}"
    axis.fill_between(at, of(chosen, "low"), of(chosen, "high"), label=label, **band)
    axis.plot(at, of(FLAG_ALL, "net_benefit"), label=FLAG_ALL, **REFERENCE | {"linestyle": "-."})
    axis.plot(at, of(FLAG_NONE, "net_benefit"), label=FLAG_NONE, **REFERENCE)
    along_logarithm(axis, at[0], HIGHEST)
    top = 1000 * _prevalence(results)
    axis.set(
        xlabel="threshold",
        ylabel="net benefit per 1,000 rows",
        xlim=(at[0], HIGHEST),
        ylim=(-0.2 * top, 1.25 * top),
    )
    axis.legend(frameon=False, fontsize="x-small")


def draw_cost(figure, results):
    """Draw what the decisions of the recommended model cost by threshold."""
    axis = axis_of(figure)
    name, (rule, costs) = results.recommendation.model, results.costs
    drawn, s = results.curves[name]["flagged"], results.scores[name]
    positives = s["true_positives"] + s["false_negatives"]
    negatives = s["false_positives"] + s["true_negatives"]

    def cost(tp, fp):
        missed, left = positives - tp, negatives - fp
        return (
            costs["c_tp"] * tp
            + costs["c_fp"] * fp
            + costs["c_fn"] * missed
            + costs["c_tn"] * left
        )  # fmt: skip

    none, everything = cost(0, 0), cost(positives, negatives)
    curve = cost(drawn["tp"], drawn["fp"])
    axis.plot(drawn["threshold"], curve, color=COLOURS[1], label=name)
    axis.axhline(none, label="flag none", **REFERENCE)
    # A right decision may earn something: the axis reaches the least that is spent.
    bottom = 1.15 * min(0.0, none, everything, curve.min())
    top = 1.15 * max(0.0, none, curve[drawn["threshold"] >= 0.01].max())
    if everything <= top:
        axis.axhline(everything, label="flag all", **REFERENCE | {"linestyle": "-."})
    decided = results.decisions[name][rule]
    if 0 < decided["threshold"] < 1:
        label = f"rule {rule}"
        axis.plot(decided["threshold"], cost(decided["true_positives"], decided["false_positives"]),
                  label=label, **POINT)  # fmt: skip
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.set(xlabel="threshold", ylabel="cost on the test rows", xlim=(1e-4, 1), ylim=(bottom, top))
    axis.legend(frameon=False, fontsize="x-small")


def draw_alerts(figure, results):
    """Draw the share of the positives found by the number of rows looked at."""
    axis = axis_of(figure)
    name = results.recommendation.model
    drawn, s = results.curves[name]["curves"], results.scores[name]
    rows = sum(
        s[f"{side}_{kind}"] for side in ("true", "false") for kind in ("positives", "negatives")
    )
    axis.plot(drawn["alerts"], drawn["recall"], color=COLOURS[1], label="recall", linewidth=1.6)
    axis.plot(drawn["alerts"], drawn["precision"], color=COLOURS[5], linestyle="--",
              label="precision", linewidth=1.6)  # fmt: skip
    k = results.params.evaluate.alerts
    axis.axvline(min(k, rows), label=f"{k:,} alerts", **REFERENCE)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.set(xlabel=f"alerts among {rows:,} rows", ylabel="share", xlim=(1, rows), ylim=(0, 1.02))
    axis.legend(frameon=False, fontsize="x-small")


def draw_ratio(figure, results):
    """Draw the score by negatives per positive."""
    metric = words(results.params.tune.metric)
    figures.draw_ratio(figure, results.ratios, results.stopped, results.study, metric)


def _prevalence(results):
    return next(iter(results.scores.values()))["prevalence"]


HIGHEST = 0.9
REFERENCE = {"color": GREY, "linewidth": 1.0, "linestyle": ":"}
POINT = {"color": INK, "marker": "D", "markersize": 5, "linestyle": "none", "zorder": 5}
BARS = {"color": GREY, "linestyle": "none", "capsize": 2, "linewidth": 1, "zorder": 2}

# Files in metrics/plots: how each is drawn, its width (in confusion that of a model) and height.
FIGURES = {
    "precision_recall": (draw_precision_recall, 4.8, 3.6),
    "roc": (draw_roc, 4.8, 3.6),
    "confusion": (draw_confusion, 1.7, 2.3),
    "calibration": (draw_calibration, 7.2, 3.6),
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure of the page: how it is drawn, its title, and how to read it.

    A title may be a function of the `Results`.
    """

    draw: Callable
    title: str | Callable
    reading: str

    def titled(self, results):
        """Return the title."""
        return self.title(results) if callable(self.title) else self.title


# Figures of the page.
PICTURES = {
    "ratio": Picture(
        draw=draw_ratio,
        title="Out-of-fold score by negatives per positive",
        reading="The mean score over the folds at each ratio, with its standard error.",
    ),
    "learning_curve": Picture(
        draw=draw_learning_curve,
        title="Average precision by the number of positives",
        reading="The learner without treatment, trained on shares of the training rows. The last "
        "point is an expectation, with its interval.",
    ),
    "precision_recall": Picture(
        draw=draw_precision_recall,
        title="Precision and recall",
        reading="Higher is better. Diamonds are the rules of the recommended model; the filled one "
        "is in use. In brackets: average precision.",
    ),
    "by_class": Picture(
        draw=draw_by_class,
        title="Probabilities by class",
        reading="The less the two classes overlap, the better the model separates them. Rows right "
        "of the threshold are flagged.",
    ),
    "calibration": Picture(
        draw=draw_corrected,
        title="Calibration",
        reading="On the dotted line a probability of 10 % comes true in 10 % of the rows. Below it "
        "probabilities are too high. Each bin holds the same expected number of positives.",
    ),
    "decision_curve": Picture(
        draw=draw_decision_curve,
        title="Net benefit",
        reading="Positives found, less false alarms weighed by the odds of the threshold. A model "
        "is worth using where its line is above both flagging all rows and flagging none.",
    ),
    "cost": Picture(
        draw=draw_cost,
        title=lambda results: f"Cost by threshold (rule {results.costs[0]})",
        reading="What the decisions of the recommended model cost on the test rows.",
    ),
    "alerts": Picture(
        draw=draw_alerts,
        title="What an alert budget buys",
        reading="Rows are looked at from the highest probability down.",
    ),
    "roc": Picture(
        draw=draw_roc,
        title="ROC",
        reading="Recall by false positive rate, on a scale that shows the far left. In brackets: "
        "ROC AUC.",
    ),
}
