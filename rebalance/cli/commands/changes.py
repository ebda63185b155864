"""Print how the answer and the verdicts differ from those of another revision, as Markdown."""

import json
import subprocess

from rebalance import paths, store
from rebalance.errors import InputError

MISSING = "none"


def arguments(parser):
    """Add the revision to compare with."""
    parser.add_argument("base", help="a branch or another revision")


def run(base):
    """Return the comparison of the working tree with ``base``."""
    before = {path: at(base, path) for path in (paths.ANSWER, paths.COMPARISON)}
    after = {path: store.read_json(path) for path in (paths.ANSWER, paths.COMPARISON)}
    return compared(
        before[paths.ANSWER], after[paths.ANSWER], before[paths.COMPARISON], after[paths.COMPARISON]
    )


def at(revision, path):
    """Return the JSON of a revision, or {} where it has none."""
    # The git of the user's own PATH and no shell; what looks like an option is no revision below.
    shown = subprocess.run(  # noqa: S603
        ["git", "cat-file", "blob", f"{revision}:{path.as_posix()}"],  # noqa: S607
        capture_output=True,
        check=False,
    )
    if shown.returncode == 0:
        try:
            return json.loads(shown.stdout)
        except ValueError as error:
            raise InputError(
                f"{path.as_posix()} of the revision {revision!r} is not whole: name another one."
            ) from error
    known = [
        "git",
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{revision}^{{commit}}",
    ]
    if subprocess.run(known, capture_output=True, check=False).returncode:  # noqa: S603
        raise InputError(f"{revision!r} is no branch or revision of this repository.")
    return {}


def compared(before, after, models_before, models_after):
    """Return the answers, and a table of value and verdict of every model that changed.

    Parameters
    ----------
    before, after : dict
        ``metrics/answer.json``; empty where there is none.
    models_before, models_after : dict
        ``metrics/comparison.json``.
    """
    from rebalance.metrics import words
    from rebalance.report.markdown import table

    if before.get("answer") == after["answer"]:
        lines = ["The answer is the same.", f"> {after['answer']}"]
    else:
        lines = [
            "**The answer changes.**",
            f"Before:\n\n> {before.get('answer', MISSING)}",
            f"After:\n\n> {after['answer']}",
        ]
    rows = rows_of(after["metric"], models_before, models_after)
    headings = {
        "model": "model",
        "before": f"{words(after['metric'])} before",
        "after": "after",
        "verdict": "verdict",
    }
    lines.append(table(rows, headings) or "No model's value, interval or verdict changes.")
    return "\n\n".join(lines) + "\n"


def rows_of(metric, before, after):
    """Return a row for each model whose value, interval or verdict is another one."""
    rows = []
    names = {**after.get("intervals", {}), **before.get("intervals", {})}
    for name in names:
        intervals = [interval_of(each, name, metric) for each in (before, after)]
        verdicts = [verdict_of(each, name, metric) for each in (before, after)]
        if intervals[0] == intervals[1] and verdicts[0] == verdicts[1]:
            continue
        same = verdicts[0] == verdicts[1]
        change = verdicts[1] if same else f"{verdicts[0] or MISSING} → **{verdicts[1] or MISSING}**"
        rows.append(
            {"model": name, "before": intervals[0], "after": intervals[1], "verdict": change}
        )
    values = [row[key]["value"] for row in rows for key in ("before", "after") if row[key]]
    return [row | {key: _shown(row[key], values) for key in ("before", "after")} for row in rows]


def verdict_of(compared, name, metric):
    """Return the verdict on a model; one on another metric says which."""
    from rebalance.metrics import words

    verdict = compared.get("verdicts", {}).get(name)
    if verdict is None:
        return None
    on = verdict.get("metric", metric)
    return verdict["verdict"] + (f" in {words(on)}" if on != metric else "")


def interval_of(compared, name, metric):
    """Return the value of a model with its interval, a dict, or None without one."""
    return compared.get("intervals", {}).get(name, {}).get(metric)


def _shown(interval, values):
    """Return a value with its interval, with the decimals that all values share."""
    from rebalance.report.sentences import fixed, shared

    if interval is None:
        return MISSING
    value, low, high = (fixed(interval[key], shared(values)) for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
