"""A bar of fits with the time that remains, in a terminal; nothing where the output is piped."""

from contextlib import contextmanager
from threading import Lock


class Bar:
    """Count fits as they end, in whatever thread.

    Parameters
    ----------
    bar : tqdm.tqdm
    """

    def __init__(self, bar):
        self._bar, self._lock = bar, Lock()

    def follow(self, future):
        """Count a fit when it is done, unless it is cancelled; return its future."""
        future.add_done_callback(self._count)
        return future

    def expect(self, count):
        """Say how many fits are still to come, at most."""
        with self._lock:
            self._bar.total = self._bar.n + count

    def _count(self, future):
        if not future.cancelled():
            with self._lock:
                self._bar.update()


@contextmanager
def shown(count, file=None, delay=0.5):
    """Yield the `Bar` of a stage that has so many fits, at most.

    Warnings come first: the bar is shown after ``delay`` seconds.
    """
    from tqdm import tqdm

    # None disables it where the file is no terminal.
    with tqdm(total=count, unit="fit", delay=delay, disable=None, file=file) as bar:
        yield Bar(bar)
