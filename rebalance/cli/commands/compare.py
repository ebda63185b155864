"""Compare scores that you bring: a CSV file with the labels and a column for each model."""


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument(
        "file", metavar="SCORES.csv", help="a column of labels 0 and 1, and one for each model"
    )
    parser.add_argument("--target", default="y", metavar="COLUMN", help="(default: y)")
    parser.add_argument(
        "--baseline", default="", metavar="MODEL", help="(default: the first model of the file)"
    )
    parser.add_argument("--metric", default="average_precision", help="(default: %(default)s)")
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="flag from this score on (default: 0.5)"
    )
    parser.add_argument("--draws", type=int, default=2000, help="of the bootstrap (default: 2000)")


def run(file, target, baseline, metric, threshold, draws):
    """Return a line for each model: its value with interval, the difference, the verdict."""
    y, models = read(file, target)
    baseline = baseline or next(iter(models))
    from rebalance import comparison, metrics
    from rebalance.errors import InputError

    if metric not in metrics.METRICS:
        raise InputError(
            f"--metric must be one of {', '.join(metrics.METRICS)}, got {metric[:40]!r}."
        )
    try:
        compared = comparison.compare(
            y,
            {name: (scores, threshold) for name, scores in models.items()},
            baseline,
            metric=metric,
            n_draws=draws,
        )
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error
    return table(compared)


def read(file, target):
    """Return the labels and {model: scores} of a CSV file."""
    import pandas as pd

    from rebalance.errors import InputError, listed, one_line

    try:
        frame = pd.read_csv(file)
    except FileNotFoundError as error:
        raise InputError(f"{file} is missing; name a CSV file of scores.") from error
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{file} cannot be read as CSV: {one_line(error)}.") from error
    names = list(frame.columns)
    if target not in names or len(names) < 3:
        raise InputError(
            f"{file} must have the column {target!r} and two models or more, got the columns "
            f"{listed(names)}."
        )
    if strange := sorted(set(frame[target].dropna().unique()) - {0, 1}, key=str)[:3]:
        raise InputError(f"column {target!r} must hold 0 and 1, got {listed(strange)}.")
    models = frame.drop(columns=target)
    for name in models:
        if models[name].dtype.kind not in "fiub" or frame[[name, target]].isna().any(axis=None):
            raise InputError(f"column {name!r} and {target!r} must hold a number in every row.")
    return frame[target].to_numpy(), {name: models[name].to_numpy(float) for name in models}


def table(compared):
    """Return the comparison as aligned text."""
    from tabulate import tabulate

    from rebalance import metrics
    from rebalance.comparison import p_text

    rows = []
    for name, intervals in compared.intervals.items():
        value, verdict = intervals[compared.metric], compared.verdicts.get(name)
        row = [name, f"{value.value:.4f} [{value.low:.4f}, {value.high:.4f}]"]
        if verdict:
            difference = f"{verdict.difference:+.4f} [{verdict.low:+.4f}, {verdict.high:+.4f}]"
            row += [difference, p_text(verdict.p_adjusted), verdict.verdict]
        rows.append(row)
    headings = ["model", metrics.words(compared.metric), "difference", "p", "verdict"]
    return tabulate(rows, headings, tablefmt="plain", disable_numparse=True) + "\n"
