"""Read params.yaml as DVC does: YAML 1.2, where a key written twice is an error."""

import re
from pathlib import Path

from rebalance.errors import InputError, shown

# Far more than any params.yaml needs; what is larger is a mistake, or meant to fill the memory.
MOST_BYTES, MOST_LEVELS, MOST_NODES = 1_000_000, 20, 100_000
CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)


def read(path):
    """Return the content of a YAML file; `InputError` where there is none."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is missing here; run from the root of the repository.")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise InputError(f"{path} must have at most {MOST_BYTES:,} bytes, got {size:,}.")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not YAML: {error}.") from error
    try:
        return parse(text)
    except InputError as error:
        refuse_conflict(path, text)
        raise InputError(f"{path} is not YAML: {error}") from error


def refuse_conflict(path, text):
    """Raise `InputError` where a text that is no YAML has the marks of a merge conflict of git."""
    if mark := CONFLICT.search(text):
        line = text.count("\n", 0, mark.start()) + 1
        raise InputError(
            f"{path} holds a merge conflict, from line {line} on; keep one of the two texts, and "
            "remove the lines that begin with <<<<<<<, ======= and >>>>>>>."
        )


def parse(text):
    """Return the content of a YAML text, read as DVC reads it.

    Raises `InputError` where it is no YAML, or too deep or too large once aliases are replaced.
    """
    from ruamel.yaml import YAML, YAMLError
    from ruamel.yaml.constructor import DuplicateKeyError

    try:
        _check_size(YAML(typ="safe").parse(text))
        return YAML(typ="safe").load(text)
    except DuplicateKeyError as error:
        key = error.problem.split('"')[1] if '"' in error.problem else "a key"
        raise InputError(f"{_place(error)}the key {shown(key)} stands here twice.") from error
    except YAMLError as error:
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise InputError(f"{_place(error)}{' '.join(str(problem).split())}.") from error
    except ValueError as error:  # no date, or a number of thousands of digits
        reason = str(error).partition(";")[0]
        raise InputError(f"a value cannot be read: {reason}.") from error


def _place(error):
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


def _check_size(events):
    """Raise `InputError` for a text that is deep, holds itself, or is large without its aliases."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent

    sizes, open_nodes = (
        {},
        [["", 0]],
    )  # what each anchor stands for; anchor and size of what is open
    for event in events:
        line = f"line {event.start_mark.line + 1}: "
        if isinstance(event, AliasEvent):
            if event.anchor in {anchor for anchor, _ in open_nodes}:
                raise InputError(f"{line}the anchor {shown(event.anchor)} holds itself.")
            open_nodes[-1][1] += sizes.get(event.anchor, 0)
        elif isinstance(event, CollectionEndEvent):
            anchor, size = open_nodes.pop()
            sizes[anchor] = size
            open_nodes[-1][1] += size
        elif isinstance(event, CollectionStartEvent):
            open_nodes.append([event.anchor, 1])
            if len(open_nodes) > MOST_LEVELS:
                raise InputError(f"{line}lists and mappings stand more than {MOST_LEVELS} deep.")
        elif isinstance(event, NodeEvent):
            sizes[event.anchor] = 1
            open_nodes[-1][1] += 1
        if open_nodes[-1][1] > MOST_NODES:
            raise InputError(f"{line}it holds more than {MOST_NODES:,} values.")
