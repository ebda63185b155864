"""Fits at the same time, one thread each.

OpenMP threads of two fits spin at each other's barriers; one thread a fit is as fast on an idle
machine and the only setting that a busy neighbour does not ruin.
"""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


def _one_thread():
    from threadpoolctl import threadpool_limits

    # OpenMP keeps the number of threads for each calling thread: set it in every worker.
    threadpool_limits(1)


def workers(run):
    """Return the number of fits at the same time: ``run.workers``, or 0 for one on each core."""
    if run.workers:
        return run.workers
    # The cores that this process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@contextmanager
def _quiet():
    """Keep forests from warning at every tree that a thread has no configuration of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*sklearn.utils.parallel.delayed.*")
        yield


@contextmanager
def pool(run):
    """Yield an executor of as many threads as there are `workers`."""
    with ThreadPoolExecutor(workers(run), initializer=_one_thread) as executor, _quiet():
        try:
            yield executor
        except BaseException:
            # The first error ends the work; what has not begun must not begin.
            executor.shutdown(wait=False, cancel_futures=True)
            raise
