"""The rows of each source: how they were read, and the rows themselves, a piece at a time."""

from dataclasses import replace

from rebalance.errors import InputError
from rebalance.sources import checks, files, labels, reading
from rebalance.sources.creditcard import creditcard
from rebalance.sources.download import download
from rebalance.sources.layout import listed
from rebalance.sources.seen import Column


def profile(data, known=reading.NOTHING):
    """Return the `reading.Reading` of the rows that the section ``data`` names.

    Its target need be no column yet, nor its positive a label. ``known`` is what a model knows of
    the rows, as a `reading.Known`.

    Raises
    ------
    InputError
        Where the source is out of reach, is no table, or can be read in two ways.
    """
    if data.source == "simulated":
        return _simulated(data)
    parts = _files(data, known)
    profiled = reading.profile(parts, data, known)
    if data.source != "file" or data.pattern != "*":
        return profiled
    if others := files.passed_over(data.path, parts):
        note = f"not read, of other names or in folders below: {listed(others)}; see data.pattern"
        return replace(profiled, said=(*profiled.said, note))
    return profiled


def _files(data, known):
    if data.source == "file":
        return files.matching(data.path, data.pattern, known.argument)
    path = creditcard() if data.source == "creditcard" else download(data.url, data.sha256)
    return [files.Part(path=path, partition={})]


def _simulated(data):
    """Return what is known of simulated rows before they are drawn."""
    import pyarrow as pa

    from rebalance.sources import simulated

    *names, target = simulated.columns()
    if data.target in names:
        raise InputError(
            f"data.target must be {target!r} for source simulated, got {data.target!r}."
        )
    size, right = data.simulated, data.target == target
    number = Column(holds="number", type=pa.float64(), missing=0)
    return reading.Reading(
        rows=size.rows,
        columns=dict.fromkeys(names if right else [*names, target], number),
        target=target if right else "",
        labels={0: size.rows - size.positives, 1: size.positives},
        said=("rows drawn by data.simulated",),
    )


def how_read(profiled, data):
    """Return the role ``read``: what rows to score are to be read by; none where nothing is.

    By column: its ``marks`` of a missing value, values ``present`` that are marks elsewhere, a
    decimal comma, whether dates begin with the day and which zone they name, whether times of a
    ``clock`` are seconds, and the signs of percentages and of money.
    """
    meanings = profiled.plan.meanings if profiled.plan else {}
    zones = profiled.plan.layout.zones if profiled.plan else {}
    said = {
        name: _how(name, meanings.get(name), data.read)
        | ({"zone": zones[name]} if name in zones else {})
        for name in profiled.columns
    }
    said = {name: how for name, how in said.items() if how}
    return {"read": said} if said else {}


def _how(name, meaning, options):
    how = {
        "marks": [str(mark) for mark in options.marks(name)],
        "present": [str(value) for value in options.present],
        "decimal": "," if meaning and meaning.decimal == "," else "",
    }
    how = {key: value for key, value in how.items() if value}
    if meaning and meaning.shape:
        how["day_first"] = meaning.day_first
    if meaning and meaning.zone is not None:
        how["zone"] = meaning.zone
    for sign in ("clock", "percent", "money"):
        if meaning and getattr(meaning, sign):
            how[sign] = getattr(meaning, sign)
    return how


def answer(profiled, data, before=None):
    """Return the `labels.Answer` of a reading, or raise `InputError` with how to ask.

    ``before`` are the labels of the training rows, where these are rows to come.
    """
    checks.named_columns(profiled, data)
    if before:
        return labels.decide_later(profiled, data, _marks(profiled, data), before)
    return labels.decide(profiled, data, _marks(profiled, data))


def _marks(profiled, data):
    return {str(mark) for mark in data.read.marks(profiled.target)}


def features(profiled, data):
    """Return the names of the features, or raise `InputError` with all that is wrong in a table.

    Names, values and labels are looked at, so that nobody mends one and is refused the next.
    """
    found, lines = [], []
    try:
        found = checks.features(profiled, data)
    except InputError as error:
        lines += str(error).splitlines()
    try:
        if profiled.rows and profiled.target:
            labels.decide(profiled, data, _marks(profiled, data))
    except InputError as error:
        lines += str(error).splitlines()
    if lines:
        raise InputError("\n".join(lines))
    return found


def described(profiled, data):
    """Return how the rows were read, for ``metrics/reading.json``.

    Parameters
    ----------
    profiled : reading.Reading
    data : params.Data
    """
    decided = answer(profiled, data)
    rows = {
        side: sum(profiled.labels[label] for label in getattr(decided, side))
        for side in ("positive", "negative")
    }
    return {
        "rows": sum(rows.values()),
        "positives": rows["positive"],
        "target": profiled.target,
        "positive": [str(label) for label in decided.positive],
        "negative": [str(label) for label in decided.negative[: labels.SHOWN_NEGATIVE]],
        **_cut(len(decided.negative)),
        "without_label": profiled.rows - sum(rows.values()),
        "columns": {name: column.to_dict() for name, column in profiled.columns.items()},
        "left_out": list(profiled.left_out),
        "said": [*profiled.said, *decided.notes],
    }


def _cut(negative):
    """Return whether there are more negative labels than are written down, where it is near."""
    most = labels.SHOWN_NEGATIVE
    return {"negative_cut": negative > most} if negative >= most else {}


def pieces(data, profiled=None):
    """Yield the rows of the section ``data``, the target as 0 and 1, in tables of some size.

    Parameters
    ----------
    data : params.Data
    profiled : reading.Reading, optional
        Their profile.

    Raises
    ------
    InputError
        Where the source is out of reach, or its labels are not those that are asked for.
    """
    profiled = profiled or profile(data)
    decided = answer(profiled, data)
    if data.source == "simulated":
        from rebalance.sources import simulated

        drawn = simulated.windows(**data.simulated.model_dump())
        return (frame.astype({profiled.target: "int8"}) for frame in drawn)
    return reading.pieces(profiled, decided)


def load(data):
    """Return all `pieces` in one data frame."""
    import pandas as pd

    tables = pieces(data)
    frames = [each if isinstance(each, pd.DataFrame) else each.to_pandas() for each in tables]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
