"""Labels as people write them: which are one class, and which are the rare one."""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from rebalance.errors import InputError, number_of
from rebalance.sources.marks import is_missing

# To be split and to be folded.
FEWEST_POSITIVES = 10
# YAML reads each of these, unquoted, as true or false.
SAID = {
    True: {"true", "yes", "on", "y", "t", "1"},
    False: {"false", "no", "off", "n", "f", "0"},
}
TRUTH = {"true": Decimal(1), "false": Decimal(0)}
SHOWN = 8
# Negative labels that are written down.
SHOWN_NEGATIVE = 10
# Different labels that are counted, and beyond which a column is taken for one of no classes.
MOST, CLASSES = 1000, 100


@dataclass(frozen=True, kw_only=True)
class Class:
    """Labels that mean the same: as they are written, and in how many rows."""

    spellings: tuple
    rows: int

    @property
    def label(self):
        """Return the class as one writes it."""
        first = self.spellings[0]
        return first.strip() if isinstance(first, str) else first


def classes(counted):
    """Return the `Class` of labels that differ in blanks, capitals, accents or ways of a number.

    Parameters
    ----------
    counted : dict of label to rows
    """
    by_meaning = {}
    for label, rows in counted.items():
        by_meaning.setdefault(_meaning(label), []).append((label, rows))
    return [
        Class(
            spellings=tuple(label for label, _ in sorted(same, key=lambda each: -each[1])),
            rows=sum(rows for _, rows in same),
        )
        for _, same in sorted(by_meaning.items(), key=lambda each: _in_order(each[0]))
    ]


def _meaning(label):
    """Return what two labels have in common if they mean the same.

    Whole numbers are compared to the last digit: as doubles, long ones would be one label.
    """
    if isinstance(label, bool):
        return str(label).lower()
    # No blank, however it is written, and no mark of direction makes another label.
    text = unicodedata.normalize("NFKC", str(label))
    text = "".join(char for char in text if unicodedata.category(char) != "Cf").strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text.casefold()
    return number if number.is_finite() and "_" not in text else text.casefold()


def _in_order(meaning):
    """Return what sorts classes: numbers by value, then the others by their letters."""
    return (0, meaning, "") if isinstance(meaning, Decimal) else (1, 0, meaning)


def same(label, positive):
    """Say whether a label of the table is the one that params.yaml means."""
    if isinstance(positive, bool) and isinstance(label, str):
        return label.strip().lower() in SAID[positive]
    if isinstance(label, bool) and isinstance(positive, str):
        return positive.strip().lower() in SAID[label]
    meaning, meant = _meaning(label), _meaning(positive)
    return meaning == meant or TRUTH.get(meaning, meaning) == TRUTH.get(meant, meant)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Which labels are positive, which negative, and which rows have none."""

    positive: tuple
    negative: tuple
    notes: tuple = ()

    def y(self, column):
        """Return an arrow array of labels as 1 and 0; null where there is none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        known = [*self.positive, *self.negative]
        values = pa.array(known).cast(column.type)
        ones = pa.array([1] * len(self.positive) + [0] * len(self.negative), pa.int8())
        return ones.take(pc.index_in(column, value_set=values))


def decide(reading, data, marks=frozenset()):
    """Return the `Answer` for the labels of a table, or raise `InputError` with how to ask.

    Parameters
    ----------
    reading : reading.Reading
    data : params.Data
    marks : collection of str
        What params.yaml takes for missing.
    """
    name, counted, without = f"data.target {reading.target!r}", reading.labels, reading.unlabelled
    if reading.more_labels or len(counted) > CLASSES:
        count = f"more than {MOST}" if reading.more_labels else len(counted)
        raise InputError(
            f"{name} must have classes, got {count} different values, such as "
            f"{_cut(next(iter(counted)))}: a number to predict, or an id, has none."
        )
    if data.unlabelled == "drop":
        marks = {*marks, *marked(counted, _asked(data))}
    gone = [label for label in counted if isinstance(label, str) and label.strip() in marks]
    without += sum(counted[label] for label in gone)
    there = classes({label: rows for label, rows in counted.items() if label not in gone})
    positive, rest, notes = _positive(name, there, data, without)
    if without and data.unlabelled != "drop":
        raise InputError(
            f"{name} must have a label in every row, got {number_of(without, 'row')} without; "
            "write data.unlabelled: drop to leave them out."
        )
    if without:
        notes.append(f"{number_of(without, 'row')} without a label left out")
    _check(name, positive, rest, data)
    return Answer(
        positive=tuple(label for each in positive for label in each.spellings),
        negative=tuple(label for each in rest for label in each.spellings),
        notes=tuple(notes),
    )


def decide_later(reading, data, marks, known):
    """Return the `Answer` for labels of rows to come, of which none need be positive.

    Parameters
    ----------
    reading, data, marks
        As `decide` takes them.
    known : dict
        ``positive`` and ``negative``, the labels of the training rows, and ``negative_cut`` where
        there were more of the latter.
    """
    name = f"data.target {reading.target!r}"
    marks = {*marks, *(marked(reading.labels, _asked(data)) if data.unlabelled == "drop" else ())}
    gone = [each for each in reading.labels if isinstance(each, str) and each.strip() in marks]
    there = classes({each: n for each, n in reading.labels.items() if each not in gone})
    positive = [each for each in there if any(same(each.label, one) for one in _asked(data))]
    rest = [each for each in there if each not in positive]
    new = [each for each in rest if not any(same(each.label, one) for one in known["negative"])]
    # A table that an earlier version read does not say whether there were more.
    cut = known.get("negative_cut", len(known["negative"]) >= SHOWN_NEGATIVE)
    if new and (not cut or reading.more_labels):
        before = [*known["positive"], *known["negative"]]
        raise InputError(
            f"{name} must have only labels of the training rows, "
            f"{', '.join(map(_cut, before[:SHOWN]))}, got {_shown(new)}; write the labels as the "
            "training rows have them."
        )
    without = reading.unlabelled + sum(reading.labels[label] for label in gone)
    if without and data.unlabelled != "drop":
        raise InputError(
            f"{name} must have a label in every row, got {number_of(without, 'row')} without; "
            "write data.unlabelled: drop to leave them out."
        )
    if not there:
        raise InputError(f"{name} has no label in any row: there is nothing to watch.")
    return Answer(
        positive=tuple(label for each in positive for label in each.spellings),
        negative=tuple(label for each in rest for label in each.spellings),
        notes=(_taken(new),) if new else (),
    )


def _taken(new):
    """Return what to say of labels that are taken for negative, as there were too many to list."""
    return (
        f"labels taken for negative, as training rows had more than the {SHOWN_NEGATIVE} negative "
        f"ones that are written down: {_shown(new)}"
    )


def _asked(data):
    return data.positive if isinstance(data.positive, list) else [data.positive]


def marked(counted, named):
    """Return the marks of a missing value among labels, none that is ``named``.

    None either where they would leave less than two classes.
    """
    marks = {
        label.strip()
        for label in counted
        if isinstance(label, str)
        and is_missing(label.strip())
        and not any(same(label, each) for each in named)
    }
    rest = [label for label in counted if not isinstance(label, str) or label.strip() not in marks]
    return sorted(marks) if len(classes(dict.fromkeys(rest, 1))) > 1 else []


def _positive(name, classes, data, without):
    """Return the classes that are positive, the others, and what was taken for one."""
    if len(classes) < 2:
        shown = ": " * bool(classes) + _shown(classes)
        blank = (
            f"; {number_of(without, 'row')} without a label: if that means the other class, "
            "write a label there"
        ) * bool(without)
        raise InputError(f"{name} must have two classes, got {len(classes)}{shown}{blank}.")
    chosen = []
    for label in _asked(data):
        meant = [each for each in classes if same(each.label, label)]
        if len(meant) != 1:
            raise InputError(
                f"data.positive must be one of the labels of {name.split(' ', 1)[1]}, "
                f"{_shown(classes)}, got {label!r}; write it as it stands here, text in quotes."
            )
        chosen += [each for each in meant if each not in chosen]
    rest = [each for each in classes if each not in chosen]
    marks = marked({each.label: each.rows for each in classes}, _asked(data))
    if len(classes) > 2 and not isinstance(data.positive, list):
        hint = f"; data.unlabelled: drop leaves out {', '.join(map(repr, marks))}"
        raise InputError(
            f"{name} has {len(classes)} classes, {_shown(classes, rows=True)}; "
            f"write data.positive: [{data.positive}] for {data.positive!r} against the rest, or "
            f"more labels into the list{hint * bool(marks)}."
        )
    if not rest:
        raise InputError(f"data.positive names every label of {name}: {_shown(classes)}.")
    notes = [_spelt(each) for each in classes if len(each.spellings) > 1]
    return chosen, rest, [*notes, *([counted_in(marks)] if marks else [])]


def counted_in(marks):
    """Return what to say of marks of a missing value that are labels."""
    shown = ", ".join(map(repr, marks[:SHOWN]))
    return f"labels {shown} are not the rare class; data.unlabelled: drop leaves out their rows"


def _spelt(each):
    return f"labels {', '.join(map(repr, each.spellings[:SHOWN]))} are taken for one"


def _check(name, positive, rest, data):
    rows = sum(each.rows for each in positive)
    share = rows / (rows + sum(each.rows for each in rest))
    if rows < FEWEST_POSITIVES:
        raise InputError(
            f"{name} must have {FEWEST_POSITIVES} positives or more, to be split and to be "
            f"folded, got {rows}; add rows, or name more labels in data.positive."
        )
    if share > 1 / 2:
        raise InputError(
            f"data.positive must be the label of the rare class, got {data.positive!r}, which "
            f"{100 * share:.4g} % of the rows have."
        )


def _shown(classes, rows=False):
    """Return the labels as they stand in the table, some of them where there are many."""
    each = [
        _cut(one.spellings[0]) + f" ({number_of(one.rows, 'row')})" * rows
        for one in classes[:SHOWN]
    ]
    return ", ".join(each) + ", …" * (len(classes) > SHOWN)


def _cut(label):
    return repr(label[:40] if isinstance(label, str) else label)
