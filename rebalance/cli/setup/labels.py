"""Choose the label of the rare class."""

from rebalance.checks.finding import details
from rebalance.errors import InputError

CUT = 40


def shown(labels):
    """Return labels with their counts, ten at most.

    >>> shown({"no": 90, "yes": 10})
    "'no' 90; 'yes' 10"
    """
    return details(f"{_cut(label)} {count:,}" for label, count in labels.items())


def _cut(label):
    text = repr(label)
    return text if len(text) <= CUT else f"{text[: CUT - 1]}…"


def rare(labels, target):
    """Return the rarer of two labels, or raise `InputError` with the labels that there are.

    Parameters
    ----------
    labels : dict of label to count
    target : str
    """
    if len(labels) < 2:
        raise InputError(
            f"--target {target!r} must hold two classes or more, got {len(labels)}: "
            f"{shown(labels)}."
        )
    (first, fewest), *others = sorted(labels.items(), key=lambda item: item[1])
    if len(labels) > 2:
        raise InputError(
            f"--target {target!r} has {len(labels)} classes ({shown(labels)}): name the label or "
            f"labels of the rare class, as --positive {_word(first)}."
        )
    if fewest == others[0][1]:
        raise InputError(
            f"--target {target!r} has two classes of equal size ({shown(labels)}): name the one to "
            f"be found, as --positive {_word(first)}."
        )
    return first


def as_written(said, labels, target):
    """Return the label that the words of a command line mean, as the table holds it.

    >>> as_written("1", {0.0: 90, 1.0: 10}, "y"), as_written(">50K", {" >50K": 3, " <=50K": 9}, "y")
    (1, ' >50K')
    """
    exact = [label for label in labels if str(label) == said]
    near = [label for label in labels if _same(label, said)]
    found = exact or near
    if len(found) != 1:
        hint = f"{said!r} may be {' or '.join(map(repr, found))}" if found else f"got {said!r}"
        raise InputError(
            f"--positive must be one of the labels of {target!r} ({shown(labels)}), {hint}."
        )
    return plain(found[0])


def plain(label):
    """Return a label as YAML should hold it: a whole number without a point.

    >>> plain(1.0), plain(0.5), plain("yes"), plain(True)
    (1, 0.5, 'yes', True)
    """
    whole = isinstance(label, float) and label.is_integer()
    return int(label) if whole else label


def _same(label, said):
    if isinstance(label, bool):
        return str(label).lower() == said.strip().lower()
    if isinstance(label, (int, float)):
        try:
            return float(said) == label
        except ValueError:
            return False
    return str(label).strip() == said.strip()


def _word(label):
    """Return a label as a shell takes it."""
    from shlex import quote

    return quote(str(plain(label)))
