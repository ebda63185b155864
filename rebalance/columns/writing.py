"""How people write numbers: decimal marks, thousands, money, percent, signs."""

import re

SIGN = r"[+\-\x{2212}]?"
MONEY = (
    r"R\$|US\$|[AC]\$|[$€£¥₹₽₺₩₪₫₴₦]|z[łl]|Kč|Rs\.?"
    r"|EUR|USD|GBP|CHF|JPY|INR|BRL|PLN|CZK|SEK|NOK|DKK|HUF|TRY|RUB|MXN|CAD|AUD|CNY|ZAR"
)
AFTER = rf"\s*(?:%|{MONEY})?\s*"
BLANK = r"[ '\x{2019}\x{00a0}\x{202f}]"
EXPONENT = r"([eE][+\-]?\d+)?"
# Numbers by their decimal mark; between thousands the other mark, a blank or an apostrophe.
DIGITS = {
    ".": (
        rf"(\d+(\.\d*)?|\.\d+|\d{{1,3}}(,\d{{2,3}})*,\d{{3}}(\.\d+)?"
        rf"|\d{{1,3}}({BLANK}\d{{3}})+(\.\d+)?){EXPONENT}"
    ),
    ",": (
        rf"(\d+(,\d*)?|,\d+|\d{{1,3}}(\.\d{{3}})+(,\d+)?"
        rf"|\d{{1,3}}({BLANK}\d{{3}})+(,\d+)?){EXPONENT}"
    ),
}
# With a sign, before or after one of money; in brackets instead, as accountants write what is due;
# or with the sign behind, as old accounting programs do.
STYLES = {
    mark: (
        rf"^(?:{SIGN}\s*(?:{MONEY})?\s*{digits}{AFTER}|(?:{MONEY})\s*{SIGN}\s*{digits}{AFTER}"
        rf"|\(\s*(?:{MONEY})?\s*{digits}{AFTER}\)|{digits}{AFTER}-)$"
    )
    for mark, digits in DIGITS.items()
}
# 1.234 is a number with three decimals, or more than a thousand.
GROUPED_DOT = r"^[+\-]?[1-9]\d{0,2}(\.\d{3})+$"


SIGNS = re.compile(rf"%|{MONEY}")


def other_sign(values, read):
    """Return what to say of a sign that numbers of the training rows did not have; or nothing.

    Of percentages the training rows must have had the sign too, or 12% may be 0.12 there; of money
    none where they had none.

    >>> other_sign(["7", "12%"], {}), other_sign(["$5"], {}), other_sign(["$5"], {"money": "$"})
    ("'12%' is a percentage, and the numbers of the training rows are none", '', '')
    """
    for value in values:
        for sign in SIGNS.findall(value):
            if sign == "%" and not read.get("percent"):
                return (
                    f"{value[:40]!r} is a percentage, and the numbers of the training rows are none"
                )
            if sign != "%" and sign != read.get("money", sign):
                return (
                    f"{value[:40]!r} has the sign {sign!r}, and the numbers of the training rows "
                    f"have {read['money']!r}"
                )
    return ""


def plain(column, decimal):
    """Return numbers as a program writes them: no thousands, signs of money or percent."""
    import pyarrow.compute as pc

    clutter = MONEY + r"|[%'\x{2019}\x{00a0}\x{202f}\s]|^\+"
    column = pc.replace_substring_regex(column, clutter, "")
    column = pc.replace_substring(column, "\u2212", "-")
    column = pc.replace_substring_regex(column, r"^\((.*)\)$|^(.+)-$", r"-\1\2")
    column = pc.replace_substring(column, "," if decimal == "." else ".", "")
    if decimal == ",":
        column = pc.replace_substring(column, ",", ".")
    return column
