"""How often the same test rows were looked at.

Whoever changes params.yaml after a look at the test rows has chosen by them. Each different set of
scores that the same test rows gave, judged by one metric, is one look; git knows those that were
committed, MLflow those that were run.
"""

import hashlib
import json

from rebalance import paths
from rebalance.tracking import history

# What tells two looks apart, and the digits that other machines give too.
TELLING, DIGITS = ("average_precision", "roc_auc", "brier", "threshold"), 4
# Looks by this metric have the names that they had before a metric was part of one.
USUAL = "average_precision"
COUNTS = ("true_positives", "false_negatives", "false_positives", "true_negatives")


def look(scores, metric=USUAL):
    """Return the name of a look: equal scores on equal rows, by one metric, are the same look.

    Parameters
    ----------
    scores : dict of str to dict
        ``metrics/scores.json``.
    metric : str
        That of the verdicts: who tries a second one has a second chance to find a difference.
    """
    told = {
        model: [f"{own[name]:.{DIGITS}g}" for name in TELLING if name in own]
        for model, own in scores.items()
    }
    if metric != USUAL:
        told[""] = [metric]  # no model has this name
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def in_git(checksum, scores):
    """Return the looks at these test rows that git keeps, in any branch.

    A commit that has no checksum of its test rows counts where they were as many, with as many
    positives: one look too many errs to the safe side, and one too few does not.

    Parameters
    ----------
    checksum : str
        ``test.checksum`` of ``metrics/split.json``.
    scores : dict of str to dict
        ``metrics/scores.json`` of these rows.
    """
    found, here = set(), _sizes(scores)
    changed = [*history.commits(paths.SCORES), *history.commits(paths.COMPARISON)]
    for commit in dict.fromkeys(changed):
        old = history.json_at(commit, paths.SCORES)
        if not old:
            continue
        metric = history.json_at(commit, paths.COMPARISON).get("metric", USUAL)
        known = history.json_at(commit, paths.SPLIT).get("test", {}).get("checksum")
        if known == checksum if known else here is not None and _sizes(old) == here:
            found.add(look(old, metric))
    return found


def _sizes(scores):
    """Return the number of test rows and of positives behind scores, None where they lack it."""
    for own in scores.values():
        if isinstance(own, dict) and all(count in own for count in COUNTS):
            hits, missed, alarms, passed = (own[count] for count in COUNTS)
            return hits + missed + alarms + passed, hits + missed
    return None


def in_runs(client, experiment_id, checksum):
    """Return the looks at these test rows that MLflow has as runs of evaluate."""
    known, token = set(), ""
    while token is not None:
        page = client.search_runs(
            [experiment_id],
            f"tags.test_rows = '{checksum}'",
            max_results=1000,
            page_token=token or None,
        )
        known |= {run.data.tags["look"] for run in page}
        token = page.token or None
    return known
