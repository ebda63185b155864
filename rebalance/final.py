"""The sealed rows, opened once: what the recommended model is worth on rows that nothing saw.

Every run looks at the test rows, and a change of params.yaml after a look is a choice
that they made. The sealed rows answer once, and git keeps the answer.
"""

from rebalance import metrics, paths, store
from rebalance.errors import InputError
from rebalance.judging import evaluation
from rebalance.tracking import history


def check(split):
    """Raise `InputError` where there are no sealed rows, or they were opened before.

    Parameters
    ----------
    split : dict
        ``metrics/split.json``.
    """
    sealed = split.get("final")
    if not sealed:
        raise InputError(
            "no rows are sealed: set split.final to a share of the rows, 0.1 for example, and run "
            "'dvc repro' before you look at any result."
        )
    if before := opened(sealed):
        where, record = before
        raise InputError(
            f"the sealed rows were opened before, for {record['recommended']} ({where}), and "
            "answer once: only rows that nobody has seen can answer again."
        )


def opened(sealed):
    """Return where a record of these sealed rows is, and the record; None without one.

    Another share of the same table holds rows that were opened, so it counts as the same.
    """
    here = [path for path in (paths.OPENED, paths.OPENED_HERE) if path.exists()]
    records = [(path.as_posix(), store.read_json(path)) for path in here]
    records += [
        (f"{paths.OPENED.as_posix()} of commit {commit[:8]}", record)
        for commit, record in history.json_versions(paths.OPENED)
    ]
    keys = ("checksum", "table")
    return next(
        (pair for pair in records if any(pair[1]["rows"].get(key) == sealed[key] for key in keys)),
        None,
    )


def open_rows(name, models, params, split):
    """Return the record of the one look at the sealed rows.

    Parameters
    ----------
    name : str
        The model recommended.
    models : dict of str to CorrectedClassifier
        The baseline, and the model recommended where that is another.
    params : params.Params
    split : dict
        ``metrics/split.json``.
    """
    table = store.read_table(paths.FINAL)
    store.check_labels(paths.FINAL, table.y, split["final"]["checksum"])
    section = params.threshold.for_columns(table.names)
    evaluation.check_thresholds(models, section)
    groups = evaluation.groups(table, params.evaluate.groups)
    y_scores = {each: model.correct(model.raw_scores(table.X)) for each, model in models.items()}
    scores, decided = evaluation.judge_all(models, table, y_scores, section.rules, params, groups)
    thresholds = {each: model.threshold for each, model in models.items()}
    compared = evaluation.compare(
        table.y, y_scores, thresholds, paths.BASELINE, params.evaluate, groups
    )
    verdict = compared.verdicts.get(name)
    return {
        "rows": split["final"],
        "recommended": name,
        "models": {each: store.sha256(paths.model(each)) for each in models},
        "metric": compared.metric,
        "value": vars(compared.intervals[name][compared.metric]),
        "against_baseline": verdict and vars(verdict),
        "scores": scores[name],
        "decisions": decided[name],
    }


def write(record):
    """Write the record for git, and a copy that stays where a branch is left or a file deleted."""
    store.write_json(paths.OPENED_HERE, record)
    store.write_json(paths.OPENED, record)


def sentences(record, tested):
    """Return what the look says, and what the test rows said.

    Parameters
    ----------
    record : dict
        What `open_rows` returns.
    tested : dict
        ``metrics/answer.json``.
    """
    from rebalance.report.section import Estimate
    from rebalance.report.sentences import with_ends

    def ends(numbers, key="value", sign=""):
        return with_ends(
            Estimate(value=numbers[key], low=numbers["low"], high=numbers["high"]), sign=sign
        )

    rows, scores = record["rows"], record["scores"]
    found, alarms = scores["true_positives"], scores["false_positives"]
    words = metrics.words(record["metric"])
    lines = [
        f"{record['recommended']} on {rows['rows']:,} sealed rows with {rows['positives']:,} "
        f"positives: {words} {ends(record['value'])}; on the test rows it was "
        f"{ends(tested['value'])}.",
        f"Its threshold {scores['threshold']:.3g} finds {found:,} of {rows['positives']:,} "
        f"positives, with {alarms:,} false alarm{'s' * (alarms != 1)}.",
    ]
    if verdict := record["against_baseline"]:
        apart = ends(verdict, "difference", sign="+")
        lines.append(f"Against the baseline {apart}: {verdict['verdict']} (this fitted model).")
    return lines
