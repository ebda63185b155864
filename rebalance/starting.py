"""What ends a stage before its libraries are imported: Ctrl-C, and limits of a process, in a line.

A stage imports for seconds. A KeyboardInterrupt would come out of the middle of a library, some of
which make another error of it; nothing is written yet, so that the process can end at once. A
library that gets no memory or no thread while it is loaded ends the process in its own way, or
waits for ever.
What is imported stays to the end, and no garbage is looked for in it.
"""

import atexit
import gc
import os
import signal
import sys

# What a shell makes of a process that SIGINT ended.
INTERRUPTED = 130
INTERRUPTION = "interrupted: the next run goes on from what was finished.\n"
# In KB, of addresses and not of memory in use: libraries reserve far more than they touch.
LEAST = 1_500_000
# Threads that libraries start at their first use, in addition to one for each core.
THREADS = 4
MORE_THREADS = "raise the limit of processes and threads, that of 'ulimit -u' or of the container"


def begin():
    """End this process in a line on Ctrl-C, until `end`; end it now where limits are too low."""
    _open_standard_files()
    try:
        import resource
    except ImportError:  # Windows has no such limits
        limit = -1
    else:
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if 0 <= limit // 1024 < LEAST:
        sys.stderr.write(
            f"error: the limit of memory, ulimit -v, must be at least {LEAST:,} KB for the "
            f"libraries, got {limit // 1024:,}; raise it, as by 'ulimit -v unlimited'.\n"
        )
        raise SystemExit(1)
    _check_threads(_threads() + THREADS)
    # Who starts a program in the background may have SIGINT ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    gc.disable()


def _threads():
    """Return how many threads a library starts: one for each core, or what the user says."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal():
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_threads(number):
    """End this process in a line where it may not start so many threads."""
    import threading

    done, started = threading.Event(), []
    try:
        for _ in range(number):
            thread = threading.Thread(target=done.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        sys.stderr.write(
            f"error: the libraries start up to {number} threads, and this process may start "
            f"{len(started)}; {MORE_THREADS}.\n"
        )
        raise SystemExit(1) from None
    finally:
        done.set()
        for thread in started:
            thread.join()


def _open_standard_files():
    """Open those of standard input, output and errors that are closed, as by ``>&-``.

    The next file that is opened would get the number of a closed one, and what is printed.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - to the end


def end():
    """Let Ctrl-C raise KeyboardInterrupt again: there is something to tidy up from now on."""
    if signal.getsignal(signal.SIGINT) is _interrupted:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # A process that did not begin here looks after its own garbage.
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
        atexit.register(gc.freeze)


def _interrupted(_number, _frame):
    os.write(2, INTERRUPTION.encode())
    os._exit(INTERRUPTED)
