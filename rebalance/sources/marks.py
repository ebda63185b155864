"""Recognise cells of text that stand for a missing value or a number."""

import re

# In any column: what pandas takes for missing, and marks that are no word of a category.
MISSING = frozenset({
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    "?", "na", "N/a", "n.a.", "Unknown", "unknown", "UNKNOWN", "(null)", "\\N", "NaT",
})  # fmt: skip
# In a column that holds numbers or dates but for these, in any case.
MISSING_NUMBER = frozenset({
    "-", "--", "---", ".", "..", "...", "?", "??", "na", "n/a", "n.a", "n.a.", "nan", "nat", "<na>",
    "null", "unknown", "missing", "not available", "not applicable", "not known", "no data",
    "nodata", "n.d.", "(blank)", "#div/0!", "#ref!", "#value!", "#name?", "#num!", "#null!",
    "0000-00-00", "0000-00-00 00:00:00",
})  # fmt: skip
NUMBER = re.compile(
    r"\(?[+\-\u2212]?\s*([$€£¥]|[A-Z]{3})?\s*[+\-\u2212]?"
    r"(\d+([.,'\u2019 \u00a0\u202f]\d{2,3})*([.,]\d*)?|[.,]\d+)([eE][+\-]?\d+)?"
    r"\s*([%$€£¥]|[A-Z]{3})?\)?"
)
WORDS = frozenset(["inf", "-inf", "infinity", "-infinity"])


def is_missing(cell):
    """Say whether a cell may stand for a missing value.

    >>> is_missing(""), is_missing("n/a"), is_missing("0")
    (True, True, False)
    """
    return cell in MISSING or cell.lower() in MISSING_NUMBER


def is_number(cell):
    """Say whether a cell may be a number in anybody's way of writing.

    >>> is_number("-1.234,50"), is_number("$5"), is_number("13.2%"), is_number("A11")
    (True, True, True, False)
    """
    return bool(NUMBER.fullmatch(cell)) or cell.lower() in WORDS
