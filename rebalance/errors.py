"""One clear line for what a user can mend; a traceback for what is ours."""

import errno
import logging
import os
import re
import sys
import traceback
from contextlib import contextmanager
from urllib.parse import quote, unquote

from rebalance import starting

# User and password of an address, and what follows its question mark.
_USER = re.compile(r"(?<=://)[^\s/?#'\"<>]*@")
_QUERY = re.compile(r"(://[^\s?'\"<>]+\?|\?(?=[\w.%-]+=))[^\s'\"<>)]+")
# Variables of the environment that hold a secret, also those of which there are several, such as
# TOKEN_2, and their shortest value that is hidden: a shorter one would stand in many a word.
_SECRET = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|KEY|CREDENTIAL|AUTHORIZATION|HEADER|COOKIE|DSN"
    r"|CONNECTION_STRING|_PWD|(?<![^_])(PASS|PAT|SAS|AUTH|CREDS))S?(?![^\W\d_])",
    re.IGNORECASE,
)
_SHORTEST = 8
HIDDEN = "***"
# What the loader says where a library gets no memory; Python makes an ImportError of it.
_UNMAPPED = ("failed to map segment", "cannot allocate memory")
_FULL = (
    "the memory is full: lower run.workers, or use a machine with more; what was finished is in "
    "the score cache, and the next run goes on from there."
)
_NO_THREAD = f"no thread or process can be started: {starting.MORE_THREADS}, or lower run.workers."
_MAY_NOT = "cannot be opened: this user has no right to; give it that right, and run again"
_MANY = "cannot be opened: too many are open already; raise the limit, as by 'ulimit -n 1024'"
# What the system says of a file that it does not open.
_REFUSED = {
    errno.EACCES: _MAY_NOT,
    errno.EPERM: _MAY_NOT,
    errno.EISDIR: "is a folder, and must be a file; move it away, and run again",
    errno.ENOTDIR: "lies below a file that must be a folder; move that away, and run again",
    errno.ELOOP: "is a link that leads back to itself; remove it, and run again",
    errno.EMFILE: _MANY,
    errno.ENFILE: _MANY,
    errno.ENAMETOOLONG: "has a longer name than the file system takes; choose a shorter one",
}
_NAMELESS = {errno.EMFILE, errno.ENFILE, errno.ENAMETOOLONG}
# What the system says of a disk; of an output of a stage `rebalance.store` says it first.
_UNWRITTEN = {
    errno.ENOSPC: "the disk is full; make room on it",
    errno.EDQUOT: "this user's quota of the disk is used up; make room in it",
    errno.EFBIG: "it would be larger than this process may write; raise the limit, 'ulimit -f'",
    errno.EROFS: "the file system is read-only; work in a folder that takes files",
}


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


def number_of(number, noun):
    """Return a number of things.

    >>> number_of(1, "trial"), number_of(4800, "fit")
    ('1 trial', '4,800 fits')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(value, most=40):
    """Return a value as Python writes it, in no more than so many characters.

    >>> shown("a" * 100, 10), shown([1, 2])
    ("'aaaaaaaa…", '[1, 2]')
    """
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= most else f"{text[: most - 1]}…"


def one_line(error, most=300):
    """Return what a library's error says, in one line of so many characters, without full stop."""
    line = " ".join(str(error).partition("Stack trace:")[0].split()).rstrip(".")
    return line if len(line) <= most else f"{line[: most - 1]}…"


def redacted(text):
    """Return a text without passwords, tokens and keys.

    Hidden are user and password of an address, its query, and the values of the variables of the
    environment that hold secrets by their names.

    >>> redacted("http://me:secret@host/file.csv?token=abc refused")
    'http://***@host/file.csv?*** refused'
    """
    for value in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _QUERY.sub(rf"\1{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def _secrets():
    """Return the secrets of the environment, as they are and as an address writes them."""
    found = set()
    for name, value in os.environ.items():
        if _SECRET.search(name):
            # Also the lines of a key, alone and joined, and what follows "Authorization: Bearer".
            words = value.split()
            found |= {value.strip(), " ".join(words), *map(str.strip, value.splitlines())}
            found |= {*words[-1:]}
        # A password may hold a slash or an @, where it should not.
        if match := re.search(r"://(?:[^:@/\s]*:)?(\S+)@", value):
            found.add(match[1])
    found |= {quote(value) for value in found} | {quote(value, safe="") for value in found}
    found |= {unquote(value) for value in found}
    return {value for value in found if len(value) >= _SHORTEST}


class _Redacting(logging.Filter):
    """Hide secrets in what is logged."""

    def filter(self, record):
        record.msg, record.args = redacted(record.getMessage()), ()
        return True


_REDACTING = _Redacting()


def _redacted_traceback(kind, error, trace):
    sys.stderr.write(redacted("".join(traceback.format_exception(kind, error, trace))))


def say(text):
    """Print a text; `InputError` where standard output is full. Whoever reads it may have gone."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # What is left would be written when Python ends, and end in a traceback of its own.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if not _is_closed(error):
            reason = os.strerror(error.errno).lower()
            raise InputError(f"standard output takes no more ({reason}).") from error


def _is_closed(error):
    """Say whether an error of writing is that of a pipe whose reader, as head, has read enough."""
    # Windows says so in other words.
    windows = sys.platform == "win32" and error.errno == errno.EINVAL
    return windows or isinstance(error, BrokenPipeError)


def run(main):
    """Call ``main``; turn an `InputError` into lines on standard error and exit code 1.

    So are a file that the system does not open, and a lack of memory or of threads, with 1, and
    Ctrl-C, with 130.
    No secret is printed: neither there, nor by a warning, nor by the traceback of a fault of ours.
    """
    logging.getLogger("rebalance").addFilter(_REDACTING)
    sys.excepthook = _redacted_traceback
    starting.end()
    try:
        main()
    except InputError as error:
        lines = redacted(str(error)).splitlines()
        sys.stderr.write("".join(f"error: {line}\n" for line in lines))
        raise SystemExit(1) from None
    except (MemoryError, ImportError, OSError, RuntimeError) as error:
        line = _of_the_system(error)
        if line is None:
            raise
        sys.stderr.write(f"error: {redacted(line)}\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write(starting.INTERRUPTION)
        raise SystemExit(starting.INTERRUPTED) from None


def _of_the_system(error):
    """Return what the system refuses a process, in words; None of any other error."""
    if isinstance(error, RuntimeError):
        return _NO_THREAD if str(error).startswith("can't start new thread") else None
    if getattr(error, "errno", None) == errno.EAGAIN:
        return _NO_THREAD
    return _FULL if _lacks_memory(error) else _refused(error)


def _refused(error):
    """Return what the system said of a file that it does not take, None of any other error."""
    number, name = getattr(error, "errno", None), getattr(error, "filename", None)
    what = shown(os.fsdecode(name), 200) if isinstance(name, str | bytes) else ""
    if number in _UNWRITTEN:
        return f"{what or 'a file'} cannot be written: {_UNWRITTEN[number]}, and run again."
    if number not in _REFUSED or not (what or number in _NAMELESS):
        return None
    return f"{what or 'a file'} {_REFUSED[number]}."


def _lacks_memory(error):
    if isinstance(error, ImportError):
        return any(words in str(error).lower() for words in _UNMAPPED)
    return isinstance(error, MemoryError) or error.errno == errno.ENOMEM
