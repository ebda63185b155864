"""How long a server is waited for: a limit of every call together, whatever the server does."""

import threading

from rebalance.errors import InputError

# Of a stage, after its work; to ask whether the server answers takes places.ANSWER_SECONDS more.
SECONDS = 15.0


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
            "'rebalance sync --seconds 600' waits longer."
        )
    return results[0]
