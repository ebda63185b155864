"""Fits at the same time, one thread each.

OpenMP threads of two fits spin at each other's barriers; one thread a fit is as fast on an idle
machine and the only setting that a busy neighbour does not ruin.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

# The share of the available memory that fits may take together; the rest is for scores.
SHARE = 0.8
CGROUP, PROCESS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
# Limit, use, and what of it are files that were not used of late: of version 2 and of version 1.
NAMES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def one_thread():
    """Keep the libraries of the calling thread to one thread of their own."""
    from threadpoolctl import threadpool_limits

    # OpenMP keeps the number of threads for each calling thread: set it in every worker.
    threadpool_limits(1)


def cores():
    """Return the number of cores that this process may use, which a container may limit."""
    from joblib import cpu_count

    return cpu_count()


def available():
    """Return the bytes of memory that are available, to the machine or to this container."""
    import psutil

    return min(psutil.virtual_memory().available, *_left())


def _left():
    """Return the bytes that each limit of a control group leaves to this process.

    A container sees its own group as the root; a batch system or systemd puts a process into a
    group below it.
    """
    left = []
    for folder in _groups():
        for limit, used, files in NAMES:
            with suppress(OSError, ValueError):  # no such limit: "max", or no such files
                most = int((folder / limit).read_text())
                held = int((folder / used).read_text())
                with suppress(OSError, KeyError):
                    # Content of files that the kernel gives up for the asking.
                    words = (folder / "memory.stat").read_text().split()
                    held -= int(dict(zip(words[::2], words[1::2], strict=True))[files])
                left.append(max(0, most - held))
    return left or [sys.maxsize]


def _groups():
    """Yield the folders of the control groups that may limit the memory of this process."""
    try:
        lines = PROCESS.read_text().splitlines()
    except OSError:
        lines = []
    below = [line.split(":", 2)[1:] for line in lines]
    paths = [path for names, path in below if names in {"", "memory"}]
    for root in (CGROUP, CGROUP / "memory"):
        yield root
        for path in paths:
            place = Path(path.lstrip("/"))
            yield from (root / each for each in [place, *place.parents][:-1])


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
