"""Compare scores that you bring: a CSV file with the labels and a column for each model."""

import math
import re

PRECISION = 0.9  # of a recall at a precision that names none


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument(
        "file",
        metavar="SCORES.csv",
        help="a column of labels 0 and 1, and one of scores from 0 to 1 for each model",
    )
    parser.add_argument("--target", default="y", metavar="COLUMN", help="(default: y)")
    parser.add_argument(
        "--baseline", default="", metavar="MODEL", help="(default: the first model of the file)"
    )
    parser.add_argument(
        "--metric",
        default="average_precision",
        help="of the verdicts, as recall_at_80pct_precision (default: %(default)s)",
    )
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="flag from this score on (default: 0.5)"
    )
    parser.add_argument("--draws", type=int, default=2000, help="of the bootstrap (default: 2000)")


def run(file, target, baseline, metric, threshold, draws):
    """Return a line for each model: its value with interval, the difference, the verdict."""
    y, models = read(file, target)
    baseline = baseline or next(iter(models))
    from rebalance import comparison
    from rebalance.errors import InputError

    metric, precision = named(metric)
    if math.isnan(threshold):
        raise InputError("--threshold must be a number, got nan.")
    try:
        compared = comparison.compare(
            y,
            {name: (scores, threshold) for name, scores in models.items()},
            baseline,
            metric=metric,
            precision=precision,
            n_draws=draws,
        )
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error
    return table(compared)


def named(metric):
    """Return the name of a metric as a comparison has it, and the precision that it speaks of.

    >>> named("recall_at_precision"), named("recall_at_80pct_precision")[1]
    (('recall_at_90pct_precision', 0.9), 0.8)
    """
    from rebalance import metrics
    from rebalance.errors import InputError

    plain = metrics.at_precision(PRECISION)
    if metric in {"recall_at_precision", plain}:
        return plain, PRECISION
    if match := re.fullmatch(r"recall_at_(\d{1,2}(?:\.\d+)?)pct_precision", metric):
        precision = float(match[1]) / 100
        return metrics.at_precision(precision), precision
    names = [name for name, row in metrics.METRICS.items() if row.better]
    if metric not in names:
        names[names.index("recall_at_precision")] = plain
        raise InputError(f"--metric must be one of {', '.join(names)}, got {metric[:40]!r}.")
    return metric, PRECISION


def read(file, target):
    """Return the labels and {model: scores} of a CSV file."""
    from pathlib import Path

    import pandas as pd

    from rebalance.errors import InputError, listed, one_line, shown

    if Path(file).is_dir():
        raise InputError(f"{file} is a folder; name a CSV file of scores.")
    try:
        frame = pd.read_csv(file)
    except FileNotFoundError as error:
        raise InputError(f"{file} is missing; name a CSV file of scores.") from error
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{file} cannot be read as CSV: {one_line(error)}.") from error
    if Path(file).is_file():  # pandas calls a second 'a' 'a.1'
        written = pd.read_csv(file, header=None, nrows=1, dtype=str).iloc[0]
        if twice := sorted(set(written[written.duplicated()].dropna())):
            raise InputError(
                f"{file} must have each column's name once, got "
                f"{listed([shown(name) for name in twice])} twice or more; rename the columns."
            )
    names = list(frame.columns)
    if target not in names or len(names) < 3:
        raise InputError(
            f"{file} must have the column {target!r} and two models or more, got the columns "
            f"{listed([shown(name) for name in names])}."
        )
    if strange := sorted(set(frame[target].dropna().tolist()) - {0, 1}, key=str)[:3]:
        got = listed([shown(value) for value in strange])
        raise InputError(f"{file}: column {shown(target)} must hold 0 and 1, got {got}.")
    numbers = frame.apply(pd.to_numeric, errors="coerce")
    for name, gaps in numbers.isna().items():
        if gaps.any():
            value, row = frame[name][gaps].iloc[0], gaps.to_numpy().argmax() + 1
            got = "nothing" if pd.isna(value) else shown(value)
            raise InputError(
                f"{file}: column {shown(name)} must hold a number in every row, got {got} in row "
                f"{row}."
            )
    scores = numbers.drop(columns=target)
    return numbers[target].to_numpy(), {name: scores[name].to_numpy(float) for name in scores}


def table(compared):
    """Return the comparison as aligned text."""
    from tabulate import tabulate

    from rebalance import metrics
    from rebalance.comparison import p_text

    rows = []
    for name, intervals in compared.intervals.items():
        value, verdict = intervals.get(compared.metric), compared.verdicts.get(name)
        if value is None:
            rows.append([name, f"none: {compared.absent[name][compared.metric]}"])
            continue
        row = [name, f"{value.value:.4f} [{value.low:.4f}, {value.high:.4f}]"]
        if verdict:
            difference = f"{verdict.difference:+.4f} [{verdict.low:+.4f}, {verdict.high:+.4f}]"
            said = verdict.verdict + (f": {verdict.doubt}" if verdict.doubt else "")
            row += [difference, p_text(verdict.p_adjusted), said]
        rows.append(row)
    headings = ["model", metrics.words(compared.metric), "difference", "p", "verdict"]
    return tabulate(rows, headings, tablefmt="plain", disable_numparse=True) + "\n"
