"""Say in one line what is wrong with params.yaml: the key, the rule, the value."""

import re
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from rebalance.errors import redacted, shown

# A quoted number is text.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

RULES = {
    "extra_forbidden": "is no key of {section}; known: {known}",
    "missing": "is missing; the keys of {section}: {known}",
    "int_type": "must be a whole number, got {value}",
    "float_type": "must be a number, got {value}",
    "finite_number": "must be finite, got {value}",
    "bool_type": "must be true or false, got {value}",
    "string_type": "must be text, got {value}",
    "string_too_short": "must not be empty, got {value}",
    "invalid_key": "must be text, got {value}",
    "list_type": "must be a list, got {value}",
    "dict_type": "must be a mapping, got {value}",
    "model_type": "must be a mapping, got {value}",
    "model_attributes_type": "must be a mapping, got {value}",
    "string_too_long": "must have at most {max_length} characters, got {value}",
    "literal_error": "must be one of {expected}, got {value}",
    "union_tag_invalid": "must be one of {expected_tags}, got {value}",
    "union_tag_not_found": "is missing",
    "less_than_equal": "must be at most {le:g}, got {value}",
    "greater_than": "must be above {gt:g}, got {value}",
    "less_than": "must be below {lt}, got {value}",
    "greater_than_equal": "must be {ge:g} or more, got {value}",
    "string_pattern_mismatch": "must be a letter, then letters, digits and _, all lower-case, got "
    "{value}",
}
LONGEST_KEY = 60
# Types of pydantic's errors about a key, not about its value.
WRITTEN_WRONG = ("extra_forbidden", "invalid_key")


def number(text):
    """Return how params.yaml must write the number that ``text`` holds; None where it is none.

    >>> number("1e-3"), number("12"), number("1.25E5"), number("high")
    ('1.0e-3', '12', '1.25e+5', None)
    """
    if not isinstance(text, str) or not NUMBER.fullmatch(text):
        return None
    mantissa, _, exponent = text.lower().partition("e")
    if not exponent:
        return text
    whole, _, decimals = mantissa.partition(".")
    return f"{whole or '0'}.{decimals or '0'}e{int(exponent):+d}"


def quoted_numbers(arguments):
    """Return ``arguments``, or raise ValueError where a number among them is quoted."""
    if reason := _quoted_number(arguments):
        raise ValueError(reason)
    return arguments


def _quoted_number(value, key=""):
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        written = number(value)
        return written and f"{key} must be a number, got the text {shown(value)}: write {written}"
    reasons = (_quoted_number(item, f"{key}.{name}".lstrip(".")) for name, item in items)
    return next((reason for reason in reasons if reason), None)


def lines(error, model):
    """Return a line for each key that pydantic complains of in the pydantic class ``model``.

    A misspelt key is also a missing one: what is written and wrong comes first, and a section with
    such a key is not said to lack another.
    """
    wrong = [each for each in error.errors() if each["type"] in WRITTEN_WRONG]
    misspelt = {each["loc"][:-1] for each in wrong}
    others = [
        each
        for each in error.errors()
        if each not in wrong and not (each["type"] == "missing" and each["loc"][:-1] in misspelt)
    ]
    by_place = {}
    for each in wrong + others:  # the branches of a union complain of one key
        by_place.setdefault(tuple(_locate(each["loc"], model)[0]), redacted(_line(each, model)))
    return list(by_place.values())


def _line(error, model):
    """Return one line for one error of pydantic's."""
    keys, section, field = _locate(error["loc"], model)
    key, value = ".".join(keys), error["input"]
    if error["type"] == "value_error":
        reason = error["msg"].removeprefix("Value error, ").rstrip(".")
        # The reason begins with a key of the section, or with what the section itself must be.
        return f"{key}{' ' if reason.startswith('must') else '.'}{reason}".lstrip(".")
    if (written := number(value)) and error["type"] in {"int_type", "float_type"}:
        whole = error["type"] == "int_type" and float(written).is_integer()
        kind = "a whole number" if whole else "a number"
        written = int(float(written)) if whole else written
        return f"{key} must be {kind}, got the text {shown(value)}: write {written}"
    if error["type"].startswith("union_tag"):
        key, value = f"{key}.rule", value.get("rule") if isinstance(value, dict) else value
    if field is not None and field.description:
        return f"{key} must be {field.description}, got {shown(value)}"
    context = {
        "section": ".".join(keys[:-1]) or "params.yaml",
        "known": ", ".join(section.model_fields),
        "value": shown(value),
    }
    rule = RULES.get(error["type"], f"{error['msg']}, got {{value}}")
    return f"{key} {rule.format(**error.get('ctx', {}) | context)}"


def _branches(annotation):
    """Return the classes of a union by the value of ``rule`` that chooses each; None for others."""
    members = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else ()
    classes = [each for each in members if isinstance(each, type) and issubclass(each, BaseModel)]
    if not classes:
        return None
    return {get_args(each.model_fields["rule"].annotation)[0]: each for each in classes}


def _locate(location, model):
    """Return the keys down to ``location``, the last section on the way, and the last field.

    Pydantic names the branch of a union as if it were a key, and a wrong key by a mark of its own.
    """
    keys, section, field, inside = [], model, None, model
    for part in (part for part in location if part != "[key]"):
        if (branches := _branches(inside)) is not None:
            inside = branches.get(part)  # the mark of the branch that the rule's name chose
            continue
        if isinstance(inside, type) and issubclass(inside, BaseModel):
            section, field = inside, inside.model_fields.get(part)
            inside = field.annotation if field else None
        elif get_origin(inside) in {dict, list}:
            field, inside = None, get_args(inside)[-1]
            if get_origin(inside) is Annotated:
                inside = get_args(inside)[0]
        else:
            break
        keys.append(str(part)[:LONGEST_KEY])
    return keys, section, field
