"""The ratio curve: score by negatives per positive."""

from rebalance.figures.canvas import COLOURS, GREY, INK, along_logarithm, axis_of


def smallest_as_good(points):
    """Return the point of the smallest ratio whose score is within one standard error of the best.

    Parameters
    ----------
    points : list of (treatment, ratio, score, standard error)
        A higher score is better.

    >>> smallest_as_good([("under", 1, 0.5, 0.1), ("under", 9, 0.75, 0.1), ("under", 50, 0.8, 0.1)])
    ('under', 9, 0.75, 0.1)
    """
    _, _, best, error = max(points, key=lambda point: point[2])
    return min((p for p in points if p[2] >= best - error), key=lambda point: (point[1], -point[2]))


def draw_ratio(figure, points, stopped, study, metric):
    """Draw the mean score of every complete ratio with its standard error, a line per treatment.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    points : list of (treatment, ratio, score, standard error)
    stopped : list of (treatment, ratio, score)
        Ratios that the study stopped, with the score that their first folds suggest.
    study : dict
        ``study`` of ``metrics/tune_ratio.json``.
    metric : str
        What the study searched for, in words.
    """
    axis = axis_of(figure)
    natural, error = study["natural_score"], study["natural_score_se"]
    axis.axhspan(
        natural - error,
        natural + error,
        color=GREY,
        alpha=0.18,
        linewidth=0,
        label=f"no resampling ({study['natural_ratio']}) ± standard error",
    )
    axis.axhline(natural, color=INK, linewidth=1, linestyle="--")
    hollow = {"marker": "o", "markersize": 4, "markerfacecolor": "none", "linestyle": ":"}
    for i, arm in enumerate(dict.fromkeys(arm for arm, *_ in stopped)):
        _, ratios, means = zip(*(p for p in stopped if p[0] == arm), strict=True)
        colour = COLOURS[1 + i % (len(COLOURS) - 1)]
        label = f"{arm}, stopped early"
        axis.plot(ratios, means, color=colour, linewidth=1.0, label=label, **hollow)
    for i, arm in enumerate(dict.fromkeys(arm for arm, *_ in points)):
        _, ratios, means, errors = zip(*(p for p in points if p[0] == arm), strict=True)
        axis.errorbar(
            ratios,
            means,
            yerr=errors,
            color=COLOURS[1 + i % (len(COLOURS) - 1)],
            linewidth=1.3,
            marker="o",
            markersize=4,
            capsize=2,
            label=arm,
        )
    _, ratio, score, _ = smallest_as_good(points)
    if ratio < study["natural_ratio"]:
        ring = {"marker": "o", "markersize": 10, "markerfacecolor": "none", "linestyle": "none"}
        axis.plot(ratio, score, color=INK, label=f"smallest as good ({ratio})", **ring)
    diamond = {"marker": "D", "markersize": 7, "linestyle": "none", "zorder": 5}
    chosen = study["chosen_ratio"]
    axis.plot(chosen, study["chosen_score"], color=INK, label=f"chosen ({chosen})", **diamond)
    lowest = min(ratio for _, ratio, *_ in [*points, *stopped])
    along_logarithm(axis, lowest, study["natural_ratio"])
    axis.set(xlabel="negatives per positive", ylabel=f"{metric}, out of fold")
    # Below: the band leaves no place inside that is free on every table.
    axis.legend(
        frameon=False, fontsize="x-small", loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2
    )
