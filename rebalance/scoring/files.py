"""Score a file of any size, a piece at a time."""

from pathlib import Path

import numpy as np

from rebalance import columns, sources, store
from rebalance.errors import InputError, listed
from rebalance.scoring import models
from rebalance.scoring.unlike import Unlike
from rebalance.sources import files
from rebalance.thresholds import Band

# Names of the columns that are written after those of the row.
ADDED = ("probability", "decision", "model")


def score_file(
    source, target, scorer, data, *, rule="", ids=(), amounts="", use="", prevalence=None
):
    """Write a probability and a decision for every row of a file.

    Parameters
    ----------
    source, target : path
        CSV or Parquet; the target by what its name ends in.
    scorer : Scorer
    data : params.Data
        Says how files are read.
    rule : str
        The threshold rule that decides; that of the model where it is empty.
    ids : sequence of str
        Columns to write next to the answer; by default those of kind id, else the row's number.
    amounts : str
        The column of a rule that looks at amounts.
    use : str
        ``threshold.use``, which tells rules of equal threshold apart.
    prevalence : float or None
        The share of positives at which the probabilities written hold; that of the training rows
        where it is None. Rules on expected costs decide on these probabilities; the decisions of
        the others do not change with it.

    Returns
    -------
    dict
        ``rows``, ``flagged``, ``ignored``, the columns that the model does not need, and
        ``warnings``, lines on what is taken for no row and on what the training rows did not
        have, and ``passed_over``, the tables of a folder that were not read.

    Raises
    ------
    InputError
        Where a column is missing or holds what it did not in training; nothing is written then.
    """
    target = Path(target)
    if target.suffix not in {".csv", ".parquet"}:
        raise InputError(f"the output must end in .csv or .parquet, got {target.name[:40]!r}.")
    parts = files.matching(source, data.pattern, sources.NEW)
    _refuse_input(target, parts)
    decider = models.decider(scorer, rule, use=use, prevalence=prevalence)
    said = []
    pieces, names = sources.rows(source, data, scorer.learnt, also=[*ids, amounts], said=said)
    if absent := [name for name in scorer.inputs if name not in names]:
        raise InputError(
            f"{source} lacks {len(absent)} of the {len(scorer.inputs)} columns that "
            f"{scorer.name or 'the model'} needs: {listed([repr(name) for name in absent])}; "
            f"it has {listed([repr(name) for name in names])}."
        )
    if unknown := [name for name in ids if name not in names]:
        raise InputError(
            f"--id must name columns of {source}, got {listed([repr(n) for n in unknown])}; it has "
            f"{listed([repr(name) for name in names])}."
        )
    if amounts and amounts not in names:
        raise InputError(
            f"{source} must have the column {amounts!r}, by which the rule {rule} decides; it has "
            f"{listed([repr(name) for name in names])}."
        )
    learnt = scorer.learnt.items()
    ids = list(ids) or [n for n, each in learnt if each["kind"] == "id" and n in names]
    ignored = [name for name in names if name not in {*scorer.inputs, *ids}]
    done, unlike = {"rows": 0, "flagged": 0, "ignored": ignored}, Unlike(scorer.learnt)
    answers = _answers(
        _with_rows(pieces, source, names, unlike), scorer, decider, ids, amounts, done
    )
    if target.suffix == ".parquet":
        store.write_frames(target, answers)
    else:
        _write_csv(target, answers)
    said += unlike.lines()
    return done | {"warnings": said, "passed_over": files.passed_over(source, parts)}


def _with_rows(pieces, source, names, unlike):
    """Yield the pieces that have rows, once they are looked at; raise where none has."""
    empty = True
    for piece in pieces:
        if piece.num_rows:
            empty = False
            yield piece
            unlike.look(piece)
    if empty:
        row = "; if these are a row, write data.read.header: false"
        raise InputError(
            f"{source} has no rows to score, only the names of columns"
            f"{row * all(map(str.isdecimal, names))}."
        )


def _refuse_input(target, parts):
    """Raise `InputError` where the output is one of the files that are read."""
    for part in parts if target.exists() else ():
        if isinstance(part.path, Path) and target.samefile(part.path):
            raise InputError(
                f"the output must be another file than {part.path}, which it would replace."
            )


def _answers(pieces, scorer, decider, ids, amounts, done):
    """Yield an arrow table of the answers to each piece."""
    import pyarrow as pa

    threshold = decider.threshold
    for piece in pieces:
        p = scorer.probability(piece)
        paid = None
        if threshold.c_admin is not None:
            paid = columns.rows({amounts: {"kind": "number"}}, piece)[:, 0]
        flagged = decider.flag(p, paid)
        first = done["rows"] + 1
        left = {name: piece[name] for name in ids} or {
            "row": pa.array(np.arange(first, first + len(p)))
        }
        done["rows"] += len(p)
        done["flagged"] += int(flagged.sum())
        bands = {"band": pa.array(_named(threshold, p))} if isinstance(threshold, Band) else {}
        yield pa.table(
            {
                **left,
                "probability": pa.array(decider.written(p)),
                "decision": pa.array(flagged.astype(np.int8)),
                **bands,
                "model": pa.array([scorer.name] * len(p), pa.string()),
            }
        )


def _named(band, p):
    """Return block, look or pass for each row."""
    parts = band.bands(p)
    return np.select(list(parts.values()), list(parts), "pass")


def _write_csv(target, tables):
    """Write arrow tables as one CSV file."""
    import pyarrow.csv as pc

    writer = None
    with store.replacing(target) as partial:
        try:
            for table in tables:
                writer = writer or pc.CSVWriter(partial, table.schema)
                writer.write_table(table)
        finally:
            if writer:
                writer.close()
