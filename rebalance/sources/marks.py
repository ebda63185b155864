"""Recognise cells of text that stand for a missing value or a number."""

import re

from rebalance.columns.values import MISSING, MISSING_NUMBER
from rebalance.columns.writing import MONEY

NUMBER = re.compile(
    rf"\(?[+\-\u2212]?\s*({MONEY}|[A-Z]{{3}})?\s*[+\-\u2212]?"
    r"(\d+([.,'\u2019 \u00a0\u202f]\d{2,3})*([.,]\d*)?|[.,]\d+)([eE][+\-]?\d+)?"
    rf"\s*(%|{MONEY}|[A-Z]{{3}})?\)?"
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
