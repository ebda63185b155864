"""Give an entry's arguments to a class of imbalanced-learn, and word what it refuses."""

import inspect
from contextlib import contextmanager

from rebalance import errors
from rebalance.errors import InputError


def check(entry, cls):
    """Raise `InputError` for an argument that the class does not know."""
    known = [name for name in inspect.signature(cls).parameters if name != "sampling_strategy"]
    for name in entry.params:
        if name not in known:
            raise InputError(
                f"treatment {entry.treatment!r} has the unknown argument {name!r}; "
                f"{cls.__name__} knows {', '.join(known)}."
            )


def seeded(cls, entry, **arguments):
    """Return an object of the class, with the entry's seed and arguments."""
    if "random_state" in inspect.signature(cls).parameters:
        arguments["random_state"] = entry.seed
    return cls(**arguments | entry.params)


@contextmanager
def refusing(entry):
    """Turn imbalanced-learn's word on arguments and rows into an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        reason = errors.one_line(error)
        raise InputError(f"treatment {entry.treatment!r} cannot be done: {reason}.") from error


def fewer_negatives(ratio, negatives, positives):
    """Return imbalanced-learn's ``sampling_strategy`` that keeps ``ratio`` negatives a positive."""
    # A bootstrap sample can have fewer than that.
    return {0: min(negatives, max(1, round(ratio * positives)))}


def more_positives(ratio, negatives, positives):
    """Return imbalanced-learn's ``sampling_strategy`` that adds positives down to ``ratio``."""
    return {1: max(positives, int(negatives / ratio))}
