"""Dates as people write them: the order of day, month and year, and the moment they name."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

ZONE = r"(?P<zone>Z|UTC|GMT|[+\-]\d{2}(?::?\d{2})?)"
CLOCK = (
    r"(?:(?:[T ]+|:)(?P<hour>\d{1,2})(?P<colon>[:.])(?P<minute>\d{2})"
    r"(?:(?P=colon)(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    rf"\s*(?P<half>[AaPp]\.?\s?[Mm]\.?)?\s*{ZONE}?)?"
)
YEAR_FIRST, YEAR_LAST, DAY_NAME, NAME_DAY = "year first", "year last", "day name", "name day"
YEAR_MONTH, MONTH_YEAR, NAME_YEAR, CLOCK_YEAR, NO_MARKS = (
    "year month", "month year", "name year", "year after the time", "no marks",
)  # fmt: skip
YEAR_NAME, JOINED = "year name", "joined"
WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,? )?"
NAME = r"(?P<name>[^\W\d_]{3,10})\.?"
# A year of which no day is said is one of ours: 2015-12 could be a code.
OURS = r"(?P<year>(?:19|20)\d{2})"
SHAPES = {
    YEAR_FIRST: re.compile(
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){CLOCK}"
    ),
    YEAR_LAST: re.compile(
        rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<last>\d{{1,2}})(?P=mark)"
        rf"(?P<year>\d{{4}}|\d{{2}}){CLOCK}"
    ),
    DAY_NAME: re.compile(
        rf"{WEEKDAY}(?P<day>\d{{1,2}})(?:[-/ ]|\. ?| de ){NAME},?(?:[-/ ]| de )"
        rf"(?P<year>\d{{4}}|\d{{2}}){CLOCK}"
    ),
    NAME_DAY: re.compile(rf"{WEEKDAY}{NAME} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){CLOCK}"),
    YEAR_NAME: re.compile(
        rf"(?P<year>\d{{4}})(?P<mark>[-/]){NAME}(?P=mark)(?P<day>\d{{1,2}}){CLOCK}"
    ),
    # Other letters between digits are codes.
    JOINED: re.compile(
        r"(?P<day>\d{1,2})(?P<name>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
        rf"(?P<year>\d{{4}}|\d{{2}}){CLOCK}"
    ),
    YEAR_MONTH: re.compile(rf"{OURS}[-/](?P<month>0[1-9]|1[0-2])"),
    MONTH_YEAR: re.compile(rf"(?P<month>0[1-9]|1[0-2])[-/]{OURS}"),
    NAME_YEAR: re.compile(rf"{NAME}[-/ ]{OURS}"),
    CLOCK_YEAR: re.compile(
        rf"{WEEKDAY}{NAME} +(?P<day>\d{{1,2}}) (?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})"
        rf":(?P<second>\d{{2}})(?: {ZONE})? (?P<year>\d{{4}})"
    ),
    # The day alone is a whole number.
    NO_MARKS: re.compile(
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T| +)(?P<hour>\d{2}):?(?P<minute>\d{2})"
        rf"(?::?(?P<second>\d{{2}})(?:[.,](?P<part>\d{{1,9}}))?)?{ZONE}?"
    ),
}
# A day and an hour, whatever stands behind them.
BEGUN = re.compile(
    r"(\d{4}([-/.])\d{1,2}\2\d{1,2}[T ]+|\d{1,2}([-/.])\d{1,2}\3\d{4} +)\d{1,2}(?!\d).*"
)
SHORTEST, LONGEST = 6, 50
# Of a month the names in English, German, French, Spanish, Portuguese and Italian, and their
# beginnings: no two languages call two months the same.
NAMED = (
    "jan january januar jänner janv janvier ene enero janeiro gen gennaio",
    "feb february februar févr février fev fevereiro febrero febbraio",
    "mar march mär mrz märz mars marzo março",
    "apr april avr avril abr abril aprile",
    "may mai mayo maio mag maggio",
    "jun june juni juin junio junho giu giugno",
    "jul july juli juil juillet julio julho lug luglio",
    "aug august août ago agosto",
    "sep sept september septembre septiembre set setembro settembre",
    "oct october okt oktober octobre octubre out outubro ott ottobre",
    "nov november novembre noviembre novembro",
    "dec december dez dezember déc décembre dic diciembre dezembro dicembre",
)
MONTHS = {
    name: number
    for number, names in enumerate(NAMED, 1)
    for each in names.split()
    for name in {each, "".join(filter(str.isascii, unicodedata.normalize("NFD", each)))}
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_HOURS_OFF = {"UTC", "GMT", "UCT", "Zulu", "Universal", "Z", "+00:00", "-00:00", "UTC+00:00"}


def matched(text):
    """Return the shape of a date and its parts, or None where a text is none.

    >>> matched("13/01/2023")[0], matched("1000"), matched("Jan 5, 2023")[0]
    ('year last', None, 'name day')
    >>> matched("Dec-2015")[0], matched("5. März 2023")[0], matched("2015-13")
    ('name year', 'day name', None)
    >>> matched("20230113T101500Z")[0], matched("20230113")
    ('no marks', None)
    >>> matched("13JAN2023:10:15:00")[0], matched("2023-Jan-13")[0], matched("13ABC2023")
    ('joined', 'year name', None)
    """
    if not SHORTEST <= len(text) <= LONGEST:
        return None
    for shape, pattern in SHAPES.items():
        if match := pattern.fullmatch(text):
            return shape, match.groupdict()
    return None


def zone(part):
    """Return which zone the parts of a date name: none, UTC or another one."""
    said = part.get("zone")
    if said is None:
        return ""
    return "UTC" if said in {"Z", "UTC", "GMT"} or not said.strip("+-:0") else "other"


def zone_of_type(tz):
    """Return which zone a type of dates names, as `zone` does of a text.

    >>> zone_of_type(None), zone_of_type("Etc/UTC"), zone_of_type("+00:00")
    ('', 'UTC', 'UTC')
    >>> zone_of_type("Europe/Berlin"), zone_of_type("-05:00")
    ('other', 'other')
    """
    if tz is None:
        return ""
    return "UTC" if str(tz).split("/")[-1] in NO_HOURS_OFF else "other"


def other_zone(found, before):
    """Return what to say of dates that are hours off next to those of the training rows, if so.

    Parameters
    ----------
    found : dict of str to str
        For each zone, as `zone` has it, what names it: a date in quotes, or a type. Dates without
        one may be in UTC, others hardly.
    before : str
        The zone of the dates of the training rows.
    """
    if before == "" and "other" in found:
        return f"{found['other']} has a time zone, and dates of the training rows have none"
    if before == "other" and "" in found:
        return f"{found['']} has no time zone, and dates of the training rows have one"
    return ""


def other_zone_of_texts(found, before):
    """Return what `other_zone` says, where a date as it was written names each zone."""
    return other_zone({zone: repr(text[:40]) for zone, text in found.items()}, before)


def other_zone_of_type(tz, before):
    """Return what `other_zone` says of a type of dates with that zone."""
    return other_zone({zone_of_type(tz): "its type"}, before)


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
    if shape == YEAR_LAST:
        first, last = int(part["first"]), int(part["last"])
        day, month = (first, last) if day_first else (last, first)
    else:
        month = int(part["month"]) if "month" in part else _month(part["name"])
        day = int(part.get("day", 1))
    return datetime(year, month, day, tzinfo=_zone(part.get("zone")))


def _month(name):
    number = MONTHS.get(unicodedata.normalize("NFC", name.lower()))
    if number is None:
        raise ValueError("a name of no month")
    return number


def _zone(zone):
    if zone in {None, "Z", "UTC", "GMT"}:
        return UTC
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0)))


def _clock(part):
    if part.get("hour") is None:
        return timedelta()
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    if part.get("half"):
        if not 1 <= hour <= 12:
            raise ValueError("an hour of half a day")
        hour = hour % 12 + 12 * (part["half"][0] in "Pp")
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("no time of day")
    parts = int((part.get("part") or "0").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=parts)
