"""Look at a table before it is known what its labels mean."""

from dataclasses import dataclass

from rebalance.errors import InputError

MOST_NAMES = 10


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The contents of a table.

    ``labels`` counts the rows of each class of the target, ``times`` names the columns of dates,
    ``said`` are lines on how the file was read.
    """

    rows: int
    columns: list
    target: str
    labels: dict
    unlabelled: int
    times: list
    said: list


def profile(path, target, read=None, pattern="*"):
    """Return the `Profile` of a table.

    Parameters
    ----------
    path : str
    target : str
    read : dict, optional
        The section ``data.read`` of params.yaml.
    pattern : str
        Which files of a folder.
    """
    from rebalance import sources
    from rebalance.sources import labels
    from rebalance.sources.checks import meant

    reading = sources.profile(_section(path, target, read, pattern))
    names = list(reading.columns)
    sheets = "".join(
        f"; it is a {line.partition(', header')[0]}: data.read.sheet names another"
        for line in reading.said[:1]
        if line.startswith("workbook") and "not read" in line
    )
    if not reading.rows:
        names += [reading.target] * bool(reading.target)
        raise InputError(f"{path} has no rows below its first line, {_names(names)}{sheets}.")
    if not reading.target:
        numbered = names == [str(number) for number in range(len(names))]
        why = ", numbered because the file has no header" * numbered
        near = meant(target, names)
        hint = f"; did you mean {near!r}" if near else sheets
        raise InputError(
            f"--target {target!r} is no column; the columns are {_names(names)}{why}{hint}."
        )
    if reading.more_labels:
        raise InputError(
            f"--target {target!r} has more than {labels.MOST:,} different values: a number to "
            "predict, or an id, has no classes."
        )
    return Profile(
        rows=reading.rows,
        columns=[*reading.columns, reading.target],
        target=reading.target,
        labels={each.label: each.rows for each in labels.classes(reading.labels)},
        unlabelled=reading.unlabelled,
        times=[name for name, column in reading.columns.items() if column.holds == "date"],
        said=list(reading.said),
    )


def _section(path, target, read, pattern):
    """Return the section ``data`` of a file whose labels are not known yet."""
    from pydantic import ValidationError

    from rebalance.params import Data, messages

    try:
        return Data.model_validate(
            {
                "source": "file",
                "path": path,
                "pattern": pattern,
                "url": "",
                "sha256": "",
                "target": target,
                "positive": 1,
                "drop": [],
                "read": read or {},
                "simulated": {"rows": 1000, "positives": 100, "seed": 0},
            }
        )
    except ValidationError as error:
        lines = (f"data.{line}." for line in messages.lines(error, Data))
        raise InputError("\n".join(lines)) from error


def _names(names):
    """Return names in quotes; of many the first ones and the last."""
    more = len(names) > MOST_NAMES
    shown = [*names[: MOST_NAMES - 1], names[-1]] if more else names
    return ", ".join(repr(name[:40]) for name in shown) + f" ({len(names)} in all)" * more
