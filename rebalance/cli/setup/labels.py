"""Choose the label of the rare class."""

import re
from shlex import quote

from rebalance.checks.finding import details, per_cent
from rebalance.errors import InputError, number_of

CUT = 40
# More different values are hardly classes.
MANY = 20


def shown(labels):
    """Return labels with their counts, ten at most.

    >>> shown({"no": 90, "yes": 10})
    "'no' 90; 'yes' 10"
    """
    return details(f"{_cut(label)} {count:,}" for label, count in labels.items())


def _cut(label):
    text = repr(plain(label))
    return text if len(text) <= CUT else f"{text[: CUT - 1]}…"


def choose(labels, said, target, unlabelled=0):
    """Return the labels of the rare class, or raise `InputError` with the labels that there are.

    Parameters
    ----------
    labels : dict of label to count
        The classes of the target.
    said : list of str or None
        The labels that the command line names; by default the rarer of two is taken.
    target : str
    unlabelled : int
        Rows without a label.
    """
    if len(labels) < 2:
        blank = (
            f"; {number_of(unlabelled, 'row')} without a label: if that means the other class, "
            "write one there"
        )
        raise InputError(
            f"--target {target!r} must hold two classes or more, got {len(labels)}: "
            f"{shown(labels)}{blank * bool(unlabelled)}."
        )
    if not said:
        return [_rarer(labels, target)]
    chosen = list(dict.fromkeys(_meant(word, labels, target) for word in said))
    share = sum(labels[label] for label in chosen) / sum(labels.values())
    if share > 1 / 2:
        raise InputError(
            f"--positive must name the rare class, got {', '.join(map(_cut, chosen))}, which "
            f"{per_cent(share)} of the rows have ({shown(labels)})."
        )
    return chosen


def _rarer(labels, target):
    (first, fewest), (_, more), *others = sorted(labels.items(), key=lambda item: item[1])
    if len(labels) > MANY:
        raise InputError(
            f"--target {target!r} has {len(labels)} different values, such as {_cut(first)}: a "
            "number to predict, or an id, has no classes; if these are classes, name the labels of "
            "the rare one with --positive."
        )
    if others or fewest == more:
        problem = f"{len(labels)} classes" if others else "two classes of equal size"
        raise InputError(
            f"--target {target!r} has {problem} ({shown(labels)}): name the label or labels of the "
            f"rare class, as --positive {quote(str(plain(_likely(labels))))}."
        )
    return first


def _likely(labels):
    """Return the rarest label that is no mark of a missing one and can be split and folded."""
    from rebalance.sources.labels import FEWEST_POSITIVES, marked

    named = {label: rows for label, rows in labels.items() if label not in marked(labels, [])}
    enough = {label: rows for label, rows in named.items() if rows >= FEWEST_POSITIVES}
    return min(enough or named, key=lambda label: labels[label])


def _meant(word, labels, target):
    """Return the label that a word of the command line means."""
    from rebalance.sources.labels import same

    meant = [label for label in labels if same(label, word)]
    if len(meant) != 1:
        raise InputError(
            f"--positive must be one of the labels of {target!r} ({shown(labels)}), got {word!r}."
        )
    return meant[0]


def plain(label):
    """Return a label as YAML should hold it: a whole number without a point.

    >>> plain(1.0), plain("1.0"), plain("01"), plain(0.5), plain("yes"), plain(True)
    (1, 1, '01', 0.5, 'yes', True)
    """
    if isinstance(label, str):
        # A CSV holds text: what is written as a whole number may be one.
        return int(float(label)) if re.fullmatch(r"(-?[1-9]\d{0,14}|0)(\.0+)?", label) else label
    return int(label) if isinstance(label, float) and label.is_integer() else label
