"""Dates as people write them: the order of day, month and year, and the moment they name."""

import re
from datetime import UTC, datetime, timedelta, timezone

CLOCK = (
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|UTC|[+\-]\d{2}:?\d{2})?)?"
)
YEAR_FIRST, YEAR_LAST, DAY_NAME, NAME_DAY = "year first", "year last", "day name", "name day"
SHAPES = {
    YEAR_FIRST: re.compile(
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){CLOCK}"
    ),
    YEAR_LAST: re.compile(
        rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<last>\d{{1,2}})(?P=mark)"
        rf"(?P<year>\d{{4}}|\d{{2}}){CLOCK}"
    ),
    DAY_NAME: re.compile(
        rf"(?P<day>\d{{1,2}})[-/ ](?P<name>[A-Za-z]{{3,9}})\.?,?[-/ ]"
        rf"(?P<year>\d{{4}}|\d{{2}}){CLOCK}"
    ),
    NAME_DAY: re.compile(
        rf"(?P<name>[A-Za-z]{{3,9}})\.? (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){CLOCK}"
    ),
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FULL = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def matched(text):
    """Return the shape of a date and its parts, or None where a text is none.

    >>> matched("13/01/2023")[0], matched("1000"), matched("Jan 5, 2023")[0]
    ('year last', None, 'name day')
    """
    if not 6 <= len(text) <= 40:
        return None
    for shape, pattern in SHAPES.items():
        if match := pattern.fullmatch(text):
            return shape, match.groupdict()
    return None


def moment(text, day_first):
    """Return the microseconds from 1970 to the moment that a text names; None where it names none.

    Of a moment with a zone the time in UTC counts.

    >>> moment("2/1/1970", True), moment("2/1/1970", False), moment("31/2/2023", True)
    (86400000000, 2678400000000, None)
    """
    match = matched(text)
    if not match:
        return None
    shape, part = match
    try:
        there = _date(shape, part, day_first) + _clock(part)
    except (ValueError, OverflowError):
        return None
    return (there - EPOCH) // timedelta(microseconds=1)


def _date(shape, part, day_first):
    year = int(part["year"])
    if len(part["year"]) == 2:
        # As POSIX has it: 69 is 1969, 68 is 2068.
        year += 1900 if year >= 69 else 2000
    if shape == YEAR_FIRST:
        month, day = int(part["month"]), int(part["day"])
    elif shape == YEAR_LAST:
        first, last = int(part["first"]), int(part["last"])
        day, month = (first, last) if day_first else (last, first)
    else:
        month, day = _month(part["name"].lower()), int(part["day"])
    return datetime(year, month, day, tzinfo=_zone(part["zone"]))


def _month(name):
    if name == "sept":
        return 9
    return (MONTHS.index(name) if name in MONTHS else FULL.index(name)) + 1


def _zone(zone):
    if zone in {None, "Z", "UTC"}:
        return UTC
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


def _clock(part):
    if part["hour"] is None:
        return timedelta()
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    if part["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("an hour of half a day")
        hour = hour % 12 + 12 * (part["half"].lower() == "pm")
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("no time of day")
    parts = int((part["part"] or "0").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=parts)
