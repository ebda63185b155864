"""How long a server is waited for: a limit of every call together, whatever the server does."""

import os
import threading

from rebalance.errors import InputError

# MLflow's own variable, and what it is here where nobody set it: seconds of one request.
VARIABLE, REQUEST = "MLFLOW_HTTP_REQUEST_TIMEOUT", 10


def of_a_run():
    """Return how many seconds a server has to take a run."""
    return 1.5 * _of_a_request()


def of_an_answer():
    """Return how many seconds a server has to say that it is there."""
    return 0.3 * _of_a_request()


def _of_a_request():
    try:
        return float(os.environ.get(VARIABLE) or REQUEST)
    except ValueError as error:
        raise InputError(f"{VARIABLE} must be a number of seconds.") from error


class AwayError(InputError):
    """Say that the server is out of reach, or too slow."""


def within(seconds, function, name):
    """Return what a function returns; `AwayError` where it takes longer.

    The time-outs of HTTP are of one read each: a server that sends a byte now and then meets them
    all. So the function runs in a thread, which is left behind when the time is over, and ends
    with the process.

    Parameters
    ----------
    seconds : float or None
        None waits for ever.
    function : callable
        Without arguments.
    name : str
        Of the server, for the message.
    """
    if seconds is None:
        return function()
    results, errors = [], []

    def work():
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 raised below
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise AwayError(
            f"MLFLOW_TRACKING_URI: the server {name} takes longer than {seconds:g} s for a run; "
            f"'rebalance sync --seconds 600' waits longer, and so does a stage with {VARIABLE}=60."
        )
    return results[0]
