"""Check on new rows with labels whether the promises of a model still hold; exit code 1 if not."""

from rebalance.errors import say

GROUPED = (
    "the tests take rows as independent, and these belong to groups: a promise that holds is "
    "called broken more often than once in 20"
)


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
    scores = store.read_json(paths.SCORES)
    if scorer.name not in scores:
        raise InputError(
            f"{paths.SCORES} does not say what model {scorer.name!r} did on the test rows; run "
            "'dvc repro', or name another model."
        )
    before = store.read_json(paths.READING)
    rows, notes = sources.labelled(file, settings.data, scorer.learnt, "LABELLED.csv", before)
    share = settings.data.prevalence
    decider = models.decider(scorer, use=settings.threshold.use, prevalence=share)
    training = store.Columns(paths.TRAIN) if paths.TRAIN.exists() else None
    y, p, flagged, shifts = watching.watch(rows, settings.data.target, scorer, decider, training)
    split, of = store.read_json(paths.SPLIT), scores[scorer.name]
    promise = decider.threshold.promise or {}
    asked = {promise.get("share"): promise.get("asked")} if promise.get("promised") else {}
    checked = watching.promises(
        y, p, flagged,
        train=(split["train"]["positives"], split["train"]["rows"]),
        test=_on_test_rows(of, split, decider),
        precision=asked.get("precision"),
        recall=asked.get("recall"),
        prevalence=share,
        test_share=split["test"]["positives"] / split["test"]["rows"] if share else None,
    )  # fmt: skip
    if settings.split.is_grouped or settings.evaluate.groups:
        notes = [*notes, GROUPED]
    text = report(scorer.name, y, checked, flagged, shifts, notes)
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
    share = test["positives"] / test["rows"]
    return watching.alerts_there(row, share, test["rows"], decider.prevalence)


def _p(value):
    """Return a p-value in two digits.

    >>> _p(0.0412), _p(1e-9)
    ('= 0.041', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


def report(name, y, promises, flagged, shifts, notes=()):
    """Return the lines that say what was promised and what came."""
    lines = [
        f"{name} on {len(y):,} new rows: {flagged.sum():,} flagged, {y.sum():,} positive",
        *notes,
    ]
    for each in promises:
        verdict = "broken" if each.broken else "holds"
        lines.append(
            f"{each.name}: {verdict}; promised {each.promised}, seen {each.seen} "
            f"(p {_p(each.p_adjusted)} after Holm's correction)"
        )
    if not flagged.any():
        lines.append("precision: cannot be judged; no row was flagged")
    elif all(each.name != "precision" for each in promises):
        lines.append(
            "precision: cannot be judged; metrics/scores.json does not say what the decisions at "
            "data.prevalence are on the test rows: run 'dvc repro'"
        )
    if not y.any():
        lines.append("recall: cannot be judged; no row is positive")
    moved = sorted((s.index, name) for name, s in shifts.items() if s.moved)[::-1]
    lines += [f"column {name}: moved; population stability index {i:.2f}" for i, name in moved]
    if shifts and not moved:
        lines.append(f"columns: none of {len(shifts)} moved")
    if not shifts:
        lines.append("columns: not compared; data/train.parquet is not here")
    return "\n".join(lines) + "\n"
