"""Print what each experiment of DVC changes and what it answers, a line each.

'dvc exp show' has a column for every metric of every model, every parameter and every dependency.
The experiments are those of the last commit.
"""

import json
import subprocess
import sys

from rebalance import errors, paths, store
from rebalance.cli.commands.changes import at
from rebalance.errors import InputError, listed

HERE = "workspace"
MOST = 3  # changes that are named
HEADINGS = {
    "name": "experiment",
    "changes": "changed",
    "model": "use",
    "value": "value",
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
    return table(states, answer_of)


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


def answer_of(revision):
    """Return ``metrics/answer.json`` of a revision or of the workspace, or {} without one."""
    if revision != HERE:
        return at(revision, paths.ANSWER)
    return store.read_json(paths.ANSWER) if paths.ANSWER.exists() else {}


def table(states, answer_of):
    """Return a line for the workspace, each commit and each experiment, in DVC's order.

    Parameters
    ----------
    states : list of dict
        What ``dvc exp show --json`` says.
    answer_of : callable
        Takes a revision, returns its answer.
    """
    from tabulate import tabulate

    here, last, *earlier = states
    commits = [last, *(commit for commit in earlier if commit["experiments"])]
    if not any(commit["experiments"] for commit in commits):
        return NONE
    rows = [_row(HERE, here, last, answer_of)]
    for commit in commits:
        rows.append(_row(commit["name"] or commit["rev"][:7], commit, commit, answer_of))
        rows += _experiments(commit, answer_of)
    headings = HEADINGS | _metric(rows)
    # The headings are a row: tabulate would make their columns wider.
    lines = [list(headings.values()), *([row.get(key, "") for key in headings] for row in rows)]
    align = ["left"] * (len(headings) - 3) + ["right"] * 3
    return tabulate(lines, tablefmt="plain", colalign=align, disable_numparse=True) + "\n"


def _metric(rows):
    """Return the heading of the values, their metric; of several metrics each value names its."""
    metrics = {row["metric"] for row in rows if "metric" in row}
    if len(metrics) == 1:
        return {"value": metrics.pop()}
    for row in rows:
        if "metric" in row:
            row["value"] = f"{row['metric']} {row['value']}"
    return {}


def _experiments(commit, answer_of):
    """Yield a row for each experiment of a commit."""
    for experiment in commit["experiments"] or ():
        state = (experiment["executor"] or {}).get("state")
        revision = experiment["revs"][0]
        name = experiment["name"] or revision["rev"][:7]
        if state in (None, "success"):
            yield _row(name, revision, commit, answer_of)
        else:
            changes = listed(changed(commit, revision), MOST)
            yield {"name": name, "changes": changes, "model": f"({state})"}


def _row(name, state, base, answer_of):
    """Return what one revision changes against ``base``, and its answer."""
    from rebalance.metrics import words
    from rebalance.report.section import Estimate

    row = {"name": name, "changes": listed(changed(base, state), MOST)}
    answer = answer_of(state["rev"])
    if not answer:
        return row | {"model": "(no answer)"}
    counts, verdict = answer["test_rows"], answer["against_baseline"]
    at = answer["threshold"]["value"]
    positives = counts["true_positives"] + counts["false_negatives"]
    return row | {
        "model": answer["recommended"],
        "metric": words(answer["metric"]),
        "value": str(Estimate(**answer["value"])),
        "verdict": verdict["verdict"] if verdict else "",
        "threshold": "none" if at is None else f"{at:.3g}",
        "found": f"{counts['true_positives']:,} of {positives:,}",
        "alarms": f"{counts['false_positives']:,}",
    }


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
