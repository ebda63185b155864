"""Print what each experiment of DVC changes, what it answers, and what became of what it changed.

'dvc exp show' has a column for every metric of every model, every parameter and every dependency.
The experiments are those of the last commit.
"""

import json
import re
import subprocess
import sys
from itertools import zip_longest

from rebalance import errors, paths, store
from rebalance.cli.commands.changes import at, interval_of, verdict_of
from rebalance.errors import InputError

HERE = "workspace"
MOST = 3  # changes that are named
READ = (paths.ANSWER, paths.COMPARISON, paths.DECISIONS)
HEADINGS = {
    "name": "experiment",
    "changes": "changed",
    "model": "model",
    "value": "value",
    "before": "before",
    "verdict": "verdict",
    "threshold": "threshold",
    "found": "found",
    "alarms": "false alarms",
}
NONE = "No experiment: 'dvc exp run -S KEY=VALUE' makes one.\n"


def arguments(parser):
    """Add which experiments to show."""
    parser.add_argument(
        "--all",
        action="store_true",
        dest="every",
        help="those of every commit, not only of the last",
    )


def run(every):
    """Return the table of experiments."""
    states = shown(*(["--all-commits"] if every else []))
    return table(states, content_of)


def shown(*options):
    """Return what ``dvc exp show --json`` says, a mapping for each commit."""
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json", *options]
    done = subprocess.run(  # noqa: S603 - no word of it comes from outside
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason"]
        # Below an error DVC says where to get help.
        said = next((line for line in lines if line.startswith("ERROR: ")), lines[-1])
        reason = errors.one_line(said.removeprefix("ERROR: "))
        raise InputError(f"'dvc exp show' failed: {reason}.")
    return json.loads(done.stdout)


def content_of(revision, path):
    """Return the JSON of a revision or of the workspace, or {} without one."""
    if revision != HERE:
        return at(revision, path)
    return store.read_json(path) if path.exists() else {}


def table(states, content_of):
    """Return the lines of the workspace, each commit and each experiment, in DVC's order.

    The first line of each has the model to use; below are the other models whose parameters the
    experiment changed, and the rest of its changes.

    Parameters
    ----------
    states : list of dict
        What ``dvc exp show --json`` says.
    content_of : callable
        Takes a revision and a path, returns the JSON there.
    """
    from tabulate import tabulate

    from rebalance.report.markdown import column

    here, last, *earlier = states
    commits = [last, *(commit for commit in earlier if commit["experiments"])]
    if not any(commit["experiments"] for commit in commits):
        return NONE
    rows = _rows(HERE, here, last, content_of)
    for commit in commits:
        rows += _rows(commit["name"] or commit["rev"][:7], commit, commit, content_of)
        for experiment in commit["experiments"] or ():
            rows += _of_experiment(experiment, commit, content_of)
    headings = HEADINGS | _metric(rows)
    for row, text in zip(rows, column([row.get("threshold") for row in rows]), strict=True):
        row["threshold"] = text
    # The headings are a row: tabulate would make their columns wider.
    lines = [list(headings.values()), *([row.get(key, "") for key in headings] for row in rows)]
    align = ["left"] * (len(headings) - 3) + ["right"] * 3
    return tabulate(lines, tablefmt="plain", colalign=align, disable_numparse=True) + "\n"


def _metric(rows):
    """Put values as text; return their heading, the metric: of several each value names its."""
    from rebalance.report.section import Estimate
    from rebalance.report.sentences import fixed

    metrics = {}
    for row in rows:
        if row.get("value"):
            metrics.setdefault(row["metric"], []).append(row)
    for metric, alike in metrics.items():
        decimals = Estimate.shared([row["value"] for row in alike])
        for row in alike:
            value = row["value"].text(decimals)
            row["value"] = value if len(metrics) == 1 else f"{metric} {value}"
            row["before"] = fixed(row["before"], decimals) if row["before"] is not None else ""
    return {"value": next(iter(metrics))} if len(metrics) == 1 else {}


def _of_experiment(experiment, commit, content_of):
    """Return the rows of an experiment of a commit."""
    state = (experiment["executor"] or {}).get("state")
    revision = experiment["revs"][0]
    name = experiment["name"] or revision["rev"][:7]
    if state in (None, "success"):
        return _rows(name, revision, commit, content_of)
    return _beside(name, changed(commit, revision), [{"model": f"({state})"}])


def _rows(name, state, base, content_of):
    """Return the rows of a revision: the model to use, and those that it changes from ``base``.

    A revision of another version may lack a file, a model, a rule or a metric: its cell is empty.
    """
    from rebalance.metrics import words

    changes = changed(base, state)
    answer, compared, decisions = (content_of(state["rev"], path) for path in READ)
    if not {"metric", "recommended", "threshold"} <= answer.keys():
        return _beside(name, changes, [{"model": "(no answer)"}])
    before = content_of(base["rev"], paths.COMPARISON) if state is not base else {}
    metric, use, rule = answer["metric"], answer["recommended"], answer["threshold"]["name"]
    models = [use, *(each for each in touched(changes) if each in decisions and each != use)]
    rows = [
        {"model": each, "metric": words(metric)}
        | _judged(each, metric, compared, before)
        | _decided(decisions.get(each, {}).get(rule))
        for each in models
    ]
    rows[0]["model"] += " (use)"
    return _beside(name, changes, rows)


def _beside(name, changes, rows):
    """Return rows with the name in the first and the changes beside them, a line each."""
    shown, more = changes[:MOST], len(changes) - MOST
    shown += [f"and {more} more"] if more > 0 else []
    left = [{"changes": change} for change in shown] or [{}]
    left[0] |= {"name": name}
    return [one | other for one, other in zip_longest(left, rows, fillvalue={})]


def _judged(model, metric, compared, before):
    """Return the value of a model with its interval, the value before, and the verdict."""
    from rebalance.report.section import Estimate

    now, was = (interval_of(each, model, metric) for each in (compared, before))
    return {
        "value": now and Estimate(**{key: now[key] for key in ("value", "low", "high")}),
        "before": was["value"] if now and was else None,
        "verdict": verdict_of(compared, model, metric) or "",
    }


def _decided(row):
    """Return the threshold of a rule, and how many positives and negatives it flags."""
    if row is None:
        return {}
    positives = row["true_positives"] + row["false_negatives"]
    return {
        "threshold": "none" if row["threshold"] is None else row["threshold"],
        "found": f"{row['true_positives']:,} of {positives:,}",
        "alarms": f"{row['false_positives']:,}",
    }


def touched(changes):
    """Return the models whose own parameters are among changes.

    >>> touched(["resample.smote.ratio=20", "~resample.over.ratio", "tune.folds=2", "split.seed=1"])
    ['smote', 'over', 'tuned']
    """
    names = {}
    for change in changes:
        section, *below = re.split(r"[.=]", change.removeprefix("~"))
        if section == "resample" and below:  # it has none where it was empty, and is no more
            names[below[0]] = None
        elif section == "tune":
            names[paths.TUNED] = None
    return list(names)


def changed(before, after):
    """Return the parameters that differ, as ``dvc exp run -S`` takes them; ``~KEY`` is gone.

    Parameters
    ----------
    before, after : dict
        A revision of ``dvc exp show --json``; one that failed may have no parameters.
    """
    old, new = _params(before), _params(after)
    if not new:
        return []
    keys = [*new, *(key for key in old if key not in new)]
    return [
        errors.redacted(f"{key}={_short(new[key])}") if key in new else f"~{key}"
        for key in keys
        if key not in new or key not in old or old[key] != new[key]
    ]


def _params(state):
    files = (state.get("data") or {}).get("params") or {}
    return dict(_leaves(files.get("params.yaml", {}).get("data") or {}))


def _leaves(content, key=""):
    """Yield (dotted key, value) of nested mappings; a list is a value."""
    for name, value in content.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{key}{name}.")
        else:
            yield f"{key}{name}", value


def _short(value):
    """Return a value as YAML has it on one line, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return errors.one_line(text, 40)
