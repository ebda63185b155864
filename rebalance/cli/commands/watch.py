"""Check on new rows with labels whether the promises of a model still hold; exit code 1 if not."""

from rebalance.errors import say

GROUPED = (
    "the tests take rows as independent, and these belong to groups: a promise that holds is "
    "called broken more often than once in 20"
)
NOT_HERE = "the model of this folder is another, and its training and test rows are the only ones"


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument("file", metavar="LABELLED.csv", help="new rows with their labels")
    parser.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="a model of params.yaml, or models:/rebalance@champion (default: the recommended one)",
    )


def run(file, model):
    """Return what was promised and seen; end with 1 where a promise broke."""
    from rebalance import params, paths, scoring, sources, store
    from rebalance.errors import InputError
    from rebalance.scoring import models, watching

    settings = params.load()
    scorer = scoring.find(model)
    here = models.is_here(scorer, model)
    scores = store.read_json(paths.SCORES) if here else {}
    if here and scorer.name not in scores:
        raise InputError(
            f"{paths.SCORES} does not say what model {scorer.name!r} did on the test rows; run "
            "'dvc repro', or name another model."
        )
    before = store.read_json(paths.READING)
    rows, notes = sources.labelled(file, settings.data, scorer.learnt, "LABELLED.csv", before)
    share = settings.data.prevalence
    decider = models.decider(scorer, use=settings.threshold.use, prevalence=share)
    training = store.Columns(paths.TRAIN) if here and paths.TRAIN.exists() else None
    y, p, flagged, shifts = watching.watch(rows, settings.data.target, scorer, decider, training)
    split = store.read_json(paths.SPLIT) if here else {}
    promise = decider.threshold.promise or {}
    asked = {promise.get("share"): promise.get("asked")} if promise.get("promised") else {}
    checked = watching.promises(
        y, p, flagged,
        train=(split["train"]["positives"], split["train"]["rows"]) if here else None,
        test=_on_test_rows(scores[scorer.name], split, decider) if here else None,
        precision=asked.get("precision"),
        recall=asked.get("recall"),
        alerts=asked.get("alerts"),
        false_alarms=asked.get("false_alarms"),
        prevalence=share,
        shares=(decider.share, _share(split["test"]) if here and share else None),
    )  # fmt: skip
    if settings.split.is_grouped or settings.evaluate.groups:
        notes = [*notes, GROUPED]
    text = report(scorer.name, y, checked, flagged, shifts, notes, here)
    if not any(promise.broken for promise in checked):
        return text
    say(text)
    raise SystemExit(1)


def _on_test_rows(of, split, decider):
    """Return (true positives, alerts) among the test rows; None where these decisions have none.

    Decisions that change with the share of positives were judged at that of ``data.prevalence``,
    where it was set when the test rows were judged.
    """
    from rebalance import store
    from rebalance.scoring import watching

    if not decider.decides_anew:
        return of["true_positives"], of["true_positives"] + of["false_positives"]
    there, test = of.get("at_prevalence") or {}, split["test"]
    row = there.get("rules", {}).get(decider.name)
    if row is None or there["prevalence"] != store.rounded(decider.prevalence):
        return None
    return watching.alerts_there(row, _share(test), test["rows"], decider.prevalence)


def _share(side):
    return side["positives"] / side["rows"]


def _p(value):
    """Return a p-value in two digits.

    >>> _p(0.0412), _p(1e-9)
    ('= 0.041', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


def report(name, y, promises, flagged, shifts, notes=(), here=True):
    """Return the lines that say what was promised and what came.

    ``here`` says whether the training rows and the test rows of this folder are the model's.
    """
    judged = {each.name for each in promises}
    rows = "row" if len(y) == 1 else "rows"
    lines = [
        f"{name} on {len(y):,} new {rows}: {flagged.sum():,} flagged, {y.sum():,} positive",
        *notes,
    ]
    for each in promises:
        verdict = "broken" if each.broken else "holds"
        lines.append(
            f"{each.name}: {verdict}; promised {each.promised}, seen {each.seen} "
            f"(p {_p(each.p_adjusted)} after Holm's correction)"
        )
    if "prevalence" not in judged:
        lines.append(f"prevalence: cannot be judged; {NOT_HERE}")
    if not flagged.any():
        lines.append("precision: cannot be judged; no row was flagged")
    elif "precision" not in judged:
        stale = (
            "metrics/scores.json does not say what the decisions at data.prevalence are on the "
            "test rows: run 'dvc repro'"
        )
        lines.append(f"precision: cannot be judged; {stale if here else NOT_HERE}")
    if not y.any():
        lines.append("recall: cannot be judged; no row is positive")
    moved = sorted((s.index, name) for name, s in shifts.items() if s.moved)[::-1]
    lines += [f"column {name}: moved; population stability index {i:.2f}" for i, name in moved]
    if shifts and not moved:
        lines.append(f"columns: none of {len(shifts)} moved")
    if not shifts:
        why = "data/train.parquet is not here" if here else NOT_HERE
        lines.append(f"columns: not compared; {why}")
    return "\n".join(lines) + "\n"
