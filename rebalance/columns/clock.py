"""Times of day, and lengths of time, as people write them: 14:05, 2:05 PM, 101:00:59.5."""

import re

TIME = re.compile(
    r"(?:(?P<days>-?\d{1,6}) days?,? \+?)?(?P<hours>\d{1,3})"
    r":(?P<minutes>[0-5]\d)(?::(?P<seconds>[0-5]\d(?:[.,]\d{1,9})?))?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?"
)


def seconds(text):
    """Return the seconds of a time, the first part of which are hours; None where it is none.

    >>> seconds("14:05"), seconds("2:05 PM"), seconds("12:00:30.5 am"), seconds("13:00 pm")
    (50700.0, 50700.0, 30.5, None)
    >>> seconds("1 days 00:05:00"), seconds("-1 day, 23:59:59")
    (86700.0, -1.0)
    """
    match = TIME.fullmatch(text)
    if not match:
        return None
    hours = int(match["hours"])
    if match["half"]:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + 12 * (match["half"] in "Pp")
    rest = float((match["seconds"] or "0").replace(",", "."))
    return 86400.0 * int(match["days"] or 0) + 3600 * hours + 60 * int(match["minutes"]) + rest


def form(text):
    """Return what times of one column have in common: their number of marks, halves of a day.

    Two parts may be hours and minutes, or minutes and seconds, so that 59:10 next to 1:02:03 is
    longer or shorter.

    >>> form("14:05") == form("9:30"), form("14:05") == form("14:05:10")
    (True, False)
    """
    return text.count(":"), text[-2:].lower().endswith(("m", "m."))
