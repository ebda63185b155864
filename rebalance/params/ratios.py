"""Ratios of treatments: a number, a share of the natural ratio, or a list of which one fits."""

import re

from rebalance.errors import shown
from rebalance.params.messages import number

LOWEST, HIGHEST = 0.01, 1e9
SHARE = re.compile(r"natural */ *(\d+(?:\.\d+)?)")
ONE = [
    {"type": "number", "minimum": LOWEST},
    {"type": "string", "pattern": f"^{SHARE.pattern}$", "examples": ["natural/3"]},
]
# For editors: a ratio, or a list of which the first that the table allows is taken.
SCHEMA = {
    "anyOf": [*ONE, {"type": "array", "items": {"anyOf": ONE}, "minItems": 1}, {"type": "null"}]
}


def check(ratio):
    """Return a ratio as params.yaml may write it, or raise ValueError.

    >>> check(200), check("natural/3"), check([200, "natural/3"])
    (200.0, 'natural/3', [200.0, 'natural/3'])
    """
    if ratio is None:
        return None
    if isinstance(ratio, list):
        if not ratio or any(each is None or isinstance(each, list) for each in ratio):
            raise ValueError(f"must be a list of ratios, got {shown(ratio)}")
        return [check(each) for each in ratio]
    if isinstance(ratio, str):
        share = SHARE.fullmatch(ratio)
        if (written := number(ratio)) and not share:
            raise ValueError(f"must be a number, got the text {shown(ratio)}: write {written}")
        if not share or float(share[1]) < 1:
            raise ValueError(
                "must be a number, or a share of the natural ratio as natural/3, got "
                f"{shown(ratio)}"
            )
        return ratio
    if isinstance(ratio, bool) or not isinstance(ratio, int | float):
        raise ValueError(f"must be a number, got {shown(ratio)}")
    if not LOWEST <= ratio <= HIGHEST:
        raise ValueError(f"must be from {LOWEST} to {HIGHEST:g}, got {shown(ratio)}")
    return float(ratio)


def at(ratio, natural):
    """Return a ratio as a number of negatives per positive, for rows of the natural ratio.

    Of a list it is the first that is not above the natural ratio, or else the last. A share is no
    lower than 1, unless the natural ratio is.

    >>> at("natural/3", 60), at([200, "natural/3"], 600), at([200, "natural/3"], 60)
    (20.0, 200.0, 20.0)
    >>> at("natural/3", 2), at("natural/3", 0.9)
    (1.0, 0.9)
    """
    if isinstance(ratio, list):
        ratios = [at(each, natural) for each in ratio]
        return next((each for each in ratios if each <= natural), ratios[-1])
    if isinstance(ratio, str):
        return min(natural, max(1.0, natural / float(SHARE.fullmatch(ratio)[1])))
    return None if ratio is None else float(ratio)


def passed_over(ratio, natural):
    """Return the ratios of a list that ask for more negatives than there are.

    >>> passed_over([200, "natural/3"], 60), passed_over([200, "natural/3"], 600)
    ([200], [])
    """
    if not isinstance(ratio, list):
        return []
    return [each for each in ratio[:-1] if at(each, natural) > natural]
