"""The ratio curve: score by negatives kept per positive."""

from rebalance.figures import COLOURS, figure


def draw_curve(study, metric, path):
    """Draw the mean score of every complete ratio with its standard error, a line a treatment."""
    points = study.points()
    arms = list(dict.fromkeys(arm for arm, *_ in points))
    untreated = study.scored[study.untreated]
    with figure(path) as axis:
        for i, arm in enumerate(arms):
            _, ratios, means, errors = zip(*(p for p in points if p[0] == arm), strict=True)
            axis.errorbar(
                ratios,
                means,
                yerr=errors,
                color=COLOURS[1 + i % (len(COLOURS) - 1)],
                marker="o",
                markersize=4,
                capsize=2,
                label=arm,
            )
        axis.axhline(untreated.mean, color=COLOURS[0], linewidth=1, linestyle="--")
        axis.axhspan(
            untreated.mean - untreated.standard_error,
            untreated.mean + untreated.standard_error,
            color=COLOURS[0],
            alpha=0.08,
            linewidth=0,
            label=f"no resampling ({study.natural}) ± standard error",
        )
        axis.set_xscale("log")
        axis.set_xlabel("negatives per positive")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_ylabel(f"{metric.replace('_', ' ')}, out of fold")
        axis.legend(frameon=False, fontsize="small")
