"""Fits at the same time, one thread each.

OpenMP threads of two fits spin at each other's barriers; one thread a fit is as fast on an idle
machine and the only setting that a busy neighbour does not ruin.
"""

import ctypes
import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

# Bytes from which an array gets memory of its own, and malloc.h's name of that number.
LARGE, M_MMAP_THRESHOLD = 4 * 2**20, -3


def _give_back():
    """Have glibc give the memory of large arrays back to the system as soon as they are freed.

    By itself it learns to keep arrays of up to 32 MiB in the heap of each thread, where freed ones
    stay between those in use: after a fit of eight million rows 350 MB of them.
    """
    if sys.platform == "linux":
        # Other C libraries have no such function.
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(M_MMAP_THRESHOLD, LARGE)


def _one_thread():
    from threadpoolctl import threadpool_limits

    # OpenMP keeps the number of threads for each calling thread: set it in every worker.
    threadpool_limits(1)


def cores():
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def workers(run):
    """Return the number of fits at the same time: ``run.workers``, or 0 for one on each core."""
    return run.workers or cores()


@contextmanager
def _quiet():
    """Keep forests from warning at every tree that a thread has no configuration of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*sklearn.utils.parallel.delayed.*")
        yield


@contextmanager
def pool(run):
    """Yield an executor of as many threads as there are `workers`."""
    _give_back()
    with ThreadPoolExecutor(workers(run), initializer=_one_thread) as executor, _quiet():
        try:
            yield executor
        except BaseException:
            # The first error ends the work; what has not begun must not begin.
            executor.shutdown(wait=False, cancel_futures=True)
            raise
