"""Fits at the same time, one thread each.

OpenMP threads of two fits spin at each other's barriers; one thread a fit is as fast on an idle
machine and the only setting that a busy neighbour does not ruin.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

# The share of the available memory that fits may take together; the rest is for scores.
SHARE = 0.8
CGROUP = Path("/sys/fs/cgroup")


def one_thread():
    """Keep the libraries of the calling thread to one thread of their own."""
    from threadpoolctl import threadpool_limits

    # OpenMP keeps the number of threads for each calling thread: set it in every worker.
    threadpool_limits(1)


def cores():
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def available():
    """Return the bytes of memory that are available, to the machine or to this container."""
    import psutil

    free = psutil.virtual_memory().available
    try:
        limit = int((CGROUP / "memory.max").read_text())
        used = int((CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no such limit: "max", or no such files
        return free
    return min(free, max(0, limit - used))


def workers(run, needed=0):
    """Return the number of fits at the same time.

    Parameters
    ----------
    run : params.Run
        Its ``workers``, or one for each core where that is 0.
    needed : int
        Bytes that each fit needs: no more fits than there is memory for, and at least one.
    """
    wanted = run.workers or cores()
    return max(1, min(wanted, int(SHARE * available()) // needed)) if needed else wanted


@contextmanager
def pool(run, needed=0):
    """Yield an executor, and the number of fits that it runs at the same time: see `workers`."""
    number = workers(run, needed)
    with ThreadPoolExecutor(number, initializer=one_thread) as executor:
        try:
            yield executor, number
        except BaseException:
            # The first error ends the work; what has not begun must not begin.
            executor.shutdown(wait=False, cancel_futures=True)
            raise
