"""Look at the text of a column: is it numbers, in whose writing, dates, truth values, or text."""

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from rebalance.columns import clock, dates
from rebalance.columns.values import BLANKS, DOUBTFUL
from rebalance.columns.writing import GROUPED_DOT, SIGNS, STYLES, plain
from rebalance.sources import marks

INT, FLOAT, BOOL, DATE, TEXT, EMPTY = "int", "float", "bool", "date", "text", "empty"
# Distinct values that are counted of a column; more are said to be more.
DISTINCT = 1000
# Values that are remembered of a column that has more, for messages.
SHOWN = 10
# Cells that are looked at before a column is cast.
FIRST = 16
# A column of numbers but for so few other values, in so few rows, may be numbers or text.
STRAY_VALUES, STRAY_SHARE = 3, 0.05
# With so many different numbers it is hardly one of codes, however many rows hold the others.
FEWEST_NUMBERS = 10
# What people call a row of totals.
TOTALS = re.compile(
    r"(grand |sub)?-?(totals?|sums?|summe|gesamt(summe)?|insgesamt|somme|suma|soma|totale|totaal"
    r"|average|mean|mittelwert|moyenne|media|promedio)\b.*",
    re.IGNORECASE,
)
LARGEST = 2**63
# A number with a unit behind it, or with a sign of less or more before it; money may have both.
MEASURED = re.compile(
    r"(?P<before>[<>≤≥~≈]=?|)\s*[$€£¥₹]?\s*[+\-]?\d+(?:[.,]\d+)*\s*(?P<unit>[A-Za-zµ°²³/%]{0,8})\.?"
)
SHORTEST_MONTH, MONTHS = 28, 12
# Years of two digits that may be of people's births, and of the ends of contracts.
FIRST_DOUBTED, LAST_DOUBTED = "36", "68"
FEWEST_MEASURED, MEASURED_SHARE, MOST_UNITS = 15, 0.95, 3
# Single letters that are units together; of others, as 0A and 1B, each is a part of a code.
LETTERS = tuple(map(frozenset, ("kKmMbBgGtT", "CFK", "smhdwy", "gkt", "lLm")))

WHOLE, LEADING_ZERO = r"^[+\-]?\d+$", r"^[+\-]?0\d"
# A code such as 12E4, which is a number as well; programs write 1.2e+05.
CODE = re.compile(r"\d+E\d+")
# Numbers in the digits of any script.
DIGITS = re.compile(r"[+\-]?\d+(?:[.,\u066b]\d+)?")


@dataclass(kw_only=True)
class Cells:
    """Facts collected about the cells of one column; `look` takes them a batch at a time."""

    missing: frozenset = marks.MISSING  # marks of a missing value in any column
    more: frozenset = marks.MISSING_NUMBER  # in numbers and dates only, in lower case
    doubtful: frozenset = DOUBTFUL  # of these, the marks of few rows among many numbers
    sentinels: tuple = ()  # numbers that stand for a missing value
    rows: int = 0
    gone: Counter = field(default_factory=Counter)  # rows by mark
    gone_more: Counter = field(default_factory=Counter)
    fast: str = INT  # what every batch could be cast to: INT, FLOAT; "" where one could not
    values: Counter = field(default_factory=Counter)  # rows by value, up to DISTINCT of them
    full: bool = False  # there are more than DISTINCT values
    bounds: dict = field(default_factory=dict)  # the lowest and the highest number, by mark
    whole: int = 0  # rows with digits alone
    by_mark: Counter = field(default_factory=Counter)  # rows that are numbers, by decimal mark
    either: int = 0  # rows that are numbers by either mark, and hold one
    numbers: int = 0
    strays: Counter = field(default_factory=Counter)  # rows by value that is no number
    booleans: int = 0
    dated: int = 0  # rows that look like a date
    percent: int = 0
    signed: dict = field(default_factory=dict)  # a value by the sign of percent or money in it
    shapes: set = field(default_factory=set)  # of dates; None for what is none
    date_marks: set = field(default_factory=set)
    highest: list = field(default_factory=lambda: [0, 0])  # of the first two parts of a date
    # What has the form of a date and is none, by whether dates begin with the day: a value, rows.
    no_dates: dict = field(default_factory=dict)
    zones: dict = field(default_factory=dict)  # a date by the zone that it names
    century: str = ""  # a date whose year of two digits may be of the other century
    times: int = 0  # rows that hold a time of day or a length of time
    forms: set = field(default_factory=set)  # of times; None for what is none
    day_first: bool | None = None  # what params.yaml says of dates
    comma_before: bool = False  # whether training rows had a decimal comma
    day_first_before: bool | None = None  # whether dates of training rows began with the day
    leading_zero: bool = False
    code: str = ""  # the first cell, of the first few, that is a number and looks like a code
    steady: bool = False  # whether each number is one more than the one before, if asked
    last: int | None = None
    wide: bool = False  # whole numbers of more than 64 bits

    @property
    def currencies(self):
        """Return the signs of money that numbers have."""
        return [sign for sign in self.signed if sign != "%"]

    @property
    def present(self):
        """Return the number of rows with a value, whatever the column turns out to hold."""
        return self.rows - self.gone.total() - self.gone_more.total()

    def look(self, column):
        """Take a batch into account, a string array of arrow's; return numbers if it holds them."""
        self.rows += len(column)
        numbers = self._fast(column) if self.fast and self._may_be_numbers(column) else None
        if numbers is not None:
            return numbers
        self.fast = ""
        self._slow(column)
        return None

    def _may_be_numbers(self, column):
        """Say whether the first cells are no text, which they mostly tell of a column of text."""
        import pyarrow.compute as pc

        if self.rows > len(column):
            return True
        first = pc.utf8_trim(column.slice(0, FIRST), BLANKS).to_pylist()
        self.code = next(filter(CODE.fullmatch, first), "")
        return all(cell in self.missing or _is_float(cell) for cell in first)

    def _fast(self, column):
        """Return the batch as numbers, or None where a cell is none and no mark of a gap."""
        import pyarrow as pa
        import pyarrow.compute as pc

        numbers = _cast(column, self.fast)
        if self.fast == INT and numbers is not None and _is_hexadecimal(column):
            return None
        if numbers is None:
            column = pc.utf8_trim(column, BLANKS)
            gone = pc.is_in(column, pa.array(sorted(self.missing), column.type))
            if pc.any(gone).as_py():
                counted = pc.value_counts(column.filter(gone)).to_pylist()
                column = pc.if_else(gone, pa.scalar(None, column.type), column)
            else:
                counted = []
            if (numbers := _cast(column, self.fast)) is None:
                return None
            for item in counted:
                self.gone[item["values"]] += item["counts"]
        if pa.types.is_floating(numbers.type):
            self.fast = FLOAT
            if _has_nan(numbers):
                self.gone["nan"] += pc.sum(pc.is_nan(numbers)).as_py()
                numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, numbers.type), numbers)
        if self.sentinels:
            gone = pc.is_in(numbers, pa.array(self.sentinels).cast(numbers.type, safe=False))
            for item in pc.value_counts(column.filter(gone)).to_pylist():
                self.gone[item["values"]] += item["counts"]
            numbers = pc.if_else(gone, pa.scalar(None, numbers.type), numbers)
        self._note_numbers(column, numbers)
        return numbers

    def _note_numbers(self, column, numbers):
        import pyarrow as pa
        import pyarrow.compute as pc

        there = len(numbers) - numbers.null_count
        self.numbers += there
        self.by_mark["."] += there
        self._bound(".", numbers)
        if pa.types.is_integer(numbers.type):
            self.whole += there
            self.by_mark[","] += there
            matches = pc.match_substring_regex(column, LEADING_ZERO)
            self.leading_zero |= bool(pc.any(matches).as_py())
            if self.steady:
                self._follow(numbers)
        elif self.comma_before:
            present = column.filter(pc.is_valid(numbers))
            grouped = pc.sum(pc.match_substring_regex(present, GROUPED_DOT)).as_py() or 0
            whole = pc.sum(pc.match_substring_regex(present, WHOLE)).as_py() or 0
            self.either += grouped
            self.by_mark[","] += grouped + whole
        elif there and self.by_mark["."] == self.by_mark[","] + there:
            # No decimal so far that can only be one: look whether this batch has some.
            dotted = column.filter(pc.match_substring(column, "."))
            grouped = pc.all(pc.match_substring_regex(dotted, GROUPED_DOT)).as_py()
            if len(dotted) and grouped:
                self.by_mark[","] += there
                self.either += len(dotted)
            if (
                self.bounds["."][1] >= LARGEST
                and pc.all(pc.match_substring_regex(column, WHOLE)).as_py()
            ):
                self.wide = True
        self._count(numbers)

    def _bound(self, mark, numbers):
        """Note the lowest and the highest of the numbers that a decimal mark makes of cells."""
        import pyarrow.compute as pc

        if len(numbers) and not numbers.null_count:
            values = numbers.to_numpy()
            least, most = values.min().item(), values.max().item()
        else:
            least, most = pc.min_max(numbers).as_py().values()
        if least is not None:
            low, high = self.bounds.get(mark, (least, most))
            self.bounds[mark] = (min(low, least), max(high, most))

    def _follow(self, numbers):
        """See whether each number is one more than the one before."""
        import pyarrow.compute as pc

        steps = pc.pairwise_diff(numbers)[1:]
        joined = self.last is None or numbers[0].as_py() == self.last + 1
        self.steady = (
            joined and not numbers.null_count and pc.all(pc.equal(steps, 1)).as_py() is not False
        )
        self.last = numbers[-1].as_py()

    def _count(self, column):
        """Count the rows of each value, until there are too many."""
        import pyarrow.compute as pc

        if self.full:
            return
        counted = pc.value_counts(column.drop_null())
        self.full = len(counted) > DISTINCT
        for item in counted.slice(0, SHOWN if self.full else None).to_pylist():
            self.values[item["values"]] += item["counts"]
        self.full |= len(self.values) > DISTINCT

    def _slow(self, column):
        import pyarrow as pa
        import pyarrow.compute as pc

        column = pc.utf8_trim(column, BLANKS)
        if self._is_text():
            gone = pc.is_in(column, pa.array(sorted(self.missing), column.type))
            for item in pc.value_counts(column.filter(gone)).to_pylist():
                self.gone[item["values"]] += item["counts"]
            self._count(column.filter(pc.invert(gone)))
            return
        counted = pc.value_counts(column)
        values, counts = counted.field("values"), counted.field("counts")
        keep = []
        for value, rows in zip(values.to_pylist(), counts.to_pylist(), strict=True):
            if value in self.missing:
                self.gone[value] += rows
            elif value.lower() in self.more:
                self.gone_more[value] += rows
            keep.append(value not in self.missing and value.lower() not in self.more)
        keep = pa.array(keep, pa.bool_())
        self._look_at(values.filter(keep), counts.filter(keep))

    def _is_text(self):
        """Say whether too much was seen for anything but text."""
        many = len(self.strays) > STRAY_VALUES and self.booleans == 0
        return many and None in self.shapes and None in self.forms

    def _look_at(self, values, counts):
        """Take distinct values into account, each with its rows."""
        import pyarrow.compute as pc

        by_mark = {mark: pc.match_substring_regex(values, STYLES[mark]) for mark in STYLES}
        for mark, fits in by_mark.items():
            self._bound(mark, pc.cast(plain(values.filter(fits), mark), "double"))
        whole = pc.match_substring_regex(values, WHOLE)
        rows = zip(
            values.to_pylist(),
            counts.to_pylist(),
            by_mark["."].to_pylist(),
            by_mark[","].to_pylist(),
            whole.to_pylist(),
            strict=True,
        )
        for value, count, dot, comma, digits in rows:
            if not self.full:
                self.values[value] += count
                self.full = len(self.values) > DISTINCT
            if dot or comma:
                self.numbers += count
                self.by_mark["."] += count * dot
                self.by_mark[","] += count * comma
                self.either += count * (dot and comma and not digits and marked(value))
                self.whole += count * digits
                self.percent += count * ("%" in value)
                self.signed |= dict.fromkeys(SIGNS.findall(value), value)
            elif len(self.strays) <= STRAY_VALUES or value in self.strays:
                self.strays[value] += count
            self.booleans += count * (value.lower() in {"true", "false"})
            if None not in self.forms:
                is_time = clock.seconds(value) is not None
                self.times += count * is_time
                self.forms.add(clock.form(value) if is_time else None)
            if None not in self.shapes or not (dot or comma):
                self._look_at_date(value, count)

    def _look_at_date(self, value, count):
        match = dates.matched(value)
        self.dated += count * bool(match)
        shape = match and match[0]
        self.shapes.add(shape)
        if not shape:
            return
        part = match[1]
        if len(part["year"]) == 2 and FIRST_DOUBTED <= part["year"] <= LAST_DOUBTED:
            self.century = value
        self.zones.setdefault(dates.zone(part), value)
        if shape == dates.YEAR_LAST:
            self.date_marks.add(part["mark"])
            first, last = int(part["first"]), int(part["last"])
            self.highest = [max(self.highest[0], first), max(self.highest[1], last)]
            if not 0 < min(first, last) <= max(first, last) <= SHORTEST_MONTH or part["hour"]:
                self._look_for_none(value, count)
        elif dates.moment(value, False) is None:
            self.shapes.add(None)

    def _look_for_none(self, value, count):
        """Note a value that is no date, as the 31st of April, in an order that is still open."""
        open_ = (self.highest[1] <= MONTHS, self.highest[0] <= MONTHS)
        for day_first, is_open in zip((True, False), open_, strict=True):
            if is_open and dates.moment(value, day_first) is None:
                _, rows = self.no_dates.get(day_first, ("", 0))
                self.no_dates[day_first] = (value, rows + count)

    def settle(self):
        """Take doubtful marks for values, unless they are few among many numbers or dates."""
        doubted = {m: n for m, n in self.gone_more.items() if m.lower() in self.doubtful}
        few = sum(doubted.values()) <= STRAY_SHARE * self.rows
        if few and (self.full or len(self.values) >= FEWEST_NUMBERS):
            return
        for mark, rows in doubted.items():
            del self.gone_more[mark]
            self.strays[mark] += rows
            self.shapes.add(None)
            self.forms.add(None)
            if mark in self.values or not self.full:
                self.values[mark] += rows

    def is_stray(self):
        """Say whether the column is numbers but for a few other values in a few rows."""
        rows = self.strays.total()
        return (
            0 < len(self.strays) <= STRAY_VALUES
            and self.numbers + rows == self.present
            and rows <= STRAY_SHARE * self.present
        )

    def mostly_numbers(self):
        """Say whether most rows hold many different numbers, and the others a few words."""
        words = self.strays.total()
        different = len(self.values) - len(self.strays)
        return (
            0 < len(self.strays) <= STRAY_VALUES
            and self.numbers + words == self.present
            and self.numbers > words
            and (self.full or different >= FEWEST_NUMBERS)
        )

    def measured(self):
        """Return a value and the units, where nearly all values are numbers with one around them.

        >>> cells = Cells(values=Counter({f"{number} km": 1 for number in range(20)}))
        >>> cells.measured()
        ('0 km', ['km'])
        """
        texts = [value for value in self.values if isinstance(value, str)]
        found = {value: match for value in texts if (match := MEASURED.fullmatch(value))}
        units = sorted({match["before"] or match["unit"] for match in found.values()} - {""})
        many = len(found) >= FEWEST_MEASURED and len(found) >= MEASURED_SHARE * len(texts)
        letters = {unit for unit in units if len(unit) == 1 and unit.isalpha()}
        codes = len(letters) > 1 and not any(letters <= family for family in LETTERS)
        if not many or codes or not 0 < len(units) <= MOST_UNITS:
            return None
        return next(iter(found)), units

    def time(self):
        """Return a value, where all rows hold times of day or lengths of time; else nothing.

        Values of several forms are none, of which nobody knows the order.
        """
        return str(next(iter(self.values))) if self.present == self.times else ""

    def begun(self):
        """Return a value, where all those remembered begin with a day and an hour; else nothing."""
        texts = [str(text) for text in self.values]
        return texts[0] if texts and all(map(dates.BEGUN.fullmatch, texts)) else ""

    def foreign(self):
        """Return a value, where those remembered are all numbers and some in digits of a script.

        >>> Cells(values=Counter(["\u0661\u0662", "3"])).foreign() == "\u0661\u0662"
        True
        """
        texts = [str(text) for text in self.values]
        numbers = all(map(DIGITS.fullmatch, texts))
        return next((text for text in texts if not text.isascii()), "") if numbers else ""

    def evidence(self):
        """Return the decimal mark that the column can only have, or None."""
        if self.numbers and self.numbers == self.present and not self.shapes - {None}:
            dot, comma = (self.by_mark[mark] == self.numbers for mark in ".,")
            if dot != comma:
                return "." if dot else ","
        return None


def marked(value):
    """Say whether a number holds a mark that is a decimal one or stands between thousands."""
    return "." in value or "," in value


def _has_nan(numbers):
    """Say whether a number is none, as the text nan is to arrow."""
    import pyarrow.compute as pc

    if numbers.null_count:
        return pc.any(pc.is_nan(numbers)).as_py()
    # A sum that is none is rare, and sooner had than a look at every number.
    with np.errstate(over="ignore", invalid="ignore"):
        total = numbers.to_numpy().sum()
    return total != total and pc.any(pc.is_nan(numbers)).as_py()  # noqa: PLR0124


def _is_hexadecimal(column):
    """Say whether a cell is a number to arrow alone: 0x1A."""
    import pyarrow.compute as pc

    return pc.any(pc.match_substring_regex(column, r"0[xX]")).as_py()


def _is_float(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cast(column, kind):
    """Return text as whole numbers, or as numbers, or None where it is neither."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for type_ in (pa.int64(), pa.float64())[kind == FLOAT :]:
        try:
            return pc.cast(column, type_)
        except pa.ArrowInvalid:
            continue
    return None
