"""One clear line for what a user can mend; a traceback for what is ours."""

import sys
from contextlib import contextmanager


class InputError(ValueError):
    """Say what is wrong with the user's parameters, data or surroundings: a line for each fault."""


@contextmanager
def at(place):
    """Put the place in params.yaml before what an `InputError` says."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def listed(names, most=10):
    """Return names in a line, no more than ten.

    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def one_line(error):
    """Return what a library's error says, in one line, without the full stop."""
    return " ".join(str(error).partition("Stack trace:")[0].split()).rstrip(".")


def run(main):
    """Call ``main``; turn an `InputError` into lines on standard error and exit code 1."""
    try:
        main()
    except InputError as error:
        sys.stderr.write("".join(f"error: {line}\n" for line in str(error).splitlines()))
        raise SystemExit(1) from None
