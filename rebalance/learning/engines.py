"""Where fits run: threads, processes of this machine, a Dask cluster, or any other executor.

An engine is a `concurrent.futures.Executor`. A task is a function of a module with arguments that
can be pickled; what it returns does not depend on the engine.
"""

import importlib
import ipaddress
import logging
import os
import threading
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import get_all_start_methods, get_context, parent_process
from urllib.parse import urlsplit

from rebalance import workers
from rebalance.errors import InputError

log = logging.getLogger("rebalance")

# Threads share one interpreter lock: from this many workers on, processes are faster, where the
# work pays for their start.
MANY, START = 4, 3.0
# A worker holds the libraries, about.
WORKER_BYTES = 350_000_000
# How often a task is tried whose worker died, and how long a cluster may be without any worker.
TRIES, ALONE = 3, 20.0
CONNECT = 5
# A worker that was just started imports scikit-learn before it answers, on many machines from one
# file system.
ANSWER = 60
# What workers share in addition to the libraries that decide scores, and what the scheduler does.
CARRIERS = ("cloudpickle", "dask", "distributed", "pandas", "pyarrow")
SCHEDULER = ("dask", "distributed")
# Dask has a worker give freed memory back at once, which a fit asks for anew at six times the page
# faults, and looks at its stack a hundred times a second.
QUICK = {
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    "distributed.worker.profile.enabled": False,
}


def chosen(run, seconds, number):
    """Return the name of the engine: ``run.engine``, or what ``auto`` takes.

    Parameters
    ----------
    run : params.Run
    seconds : float
        What all fits take together on one core, about.
    number : int
        How many run at once.
    """
    if run.engine != "auto":
        return run.engine
    if number < MANY or seconds / number < 2 * START:
        return "thread"
    log.warning("note: the fits run in %d processes: run.engine auto.", number)
    return "process"


@contextmanager
def opened(run, needed=0, seconds=0.0):
    """Yield an executor, how many tasks it runs at once, and whether it shares this memory.

    Parameters
    ----------
    run : params.Run
    needed : int
        Bytes that each fit needs.
    seconds : float
        What all fits take together on one core, about.
    """
    name = chosen(run, seconds, workers.workers(run, needed))
    if name == "thread":
        with workers.pool(run, needed) as (executor, number):
            yield executor, number, True
        return
    made = ENGINES.get(name) or partial(_foreign, name)
    with made(run, workers.workers(run, needed + WORKER_BYTES)) as (executor, number):
        try:
            yield executor, number, False
        except BaseException:
            # The first error ends the work; what has not begun must not begin.
            executor.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _processes(run, number):
    """Yield processes of this machine; a fit whose process died is done again."""
    del run
    with Renewed(partial(_process_pool, number)) as executor:
        # Processes take seconds to start: meanwhile the stage goes on to its first fit.
        threading.Thread(target=executor.warm, daemon=True).start()
        yield executor, number


def _process_pool(number):
    # A fork of a process with threads may never end; a server without any forks quickly.
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    if method == "forkserver":
        # Not our own modules: the server may have another path, and so another copy of them.
        context.set_forkserver_preload(["sklearn.ensemble"])
    return ProcessPoolExecutor(number, mp_context=context, initializer=_begin)


def _begin():
    """Prepare a worker: one thread a fit, and an end when the stage ends, killed or not."""
    workers.one_thread()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _import_what_fits_need()


def _import_what_fits_need():
    importlib.import_module("rebalance.learning.fits")


def _end_with_parent():
    # It waits for tasks at a pipe whose other end it holds too, so that it would wait forever.
    parent_process().join()
    os._exit(1)


@contextmanager
def _dask(run, number):
    """Yield a Dask cluster: that at ``run.address``, or one of this machine."""
    try:
        import dask.config
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InputError(
            "run.engine 'dask' needs a package that is not installed: pip install 'rebalance[dask]'"
            " (in this folder: pip install -e '.[dask]')."
        ) from error

    if not run.address:
        with (
            dask.config.set(QUICK),
            LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                processes=True,
                # The scheduler serves HTTP in any case: on a port that is free, of this machine.
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
            ) as cluster,
            Client(cluster) as client,
        ):
            yield Threaded(client.get_executor(pure=False, retries=TRIES)), number
        return
    _warn_of_plain(run.address)
    try:
        client = Client(run.address, timeout=CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"run.address {run.address!r} does not answer as a Dask scheduler within {CONNECT} s; "
            "start one with 'dask scheduler', or empty run.address for a cluster of this machine."
        ) from error
    with client, _watched(client, run.address):
        number = _check_workers(client, run.address)
        yield Threaded(client.get_executor(pure=False, retries=TRIES)), number


def _warn_of_plain(address):
    """Warn where tasks and results go through a network that others may read."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    host = parts.hostname or ""
    loopback = host == "localhost"
    with suppress(ValueError):
        loopback = loopback or ipaddress.ip_address(host).is_loopback
    if parts.scheme != "tls" and not loopback:
        log.warning(
            "warning: run.address %s is not encrypted, and anybody who reaches it can run code "
            "there; use tls:// and Dask's TLS settings.",
            address,
        )


def surroundings():
    """Return the versions and the code that a worker must share with this process."""
    import platform

    from rebalance.learning import fits

    versions = {name: fits.installed(name) for name in (*fits.LIBRARIES, *CARRIERS)}
    return {"python": platform.python_version(), "rebalance code": fits.code()} | versions


def _check_workers(client, address):
    """Return the number of workers' threads; `InputError` where there is none, or another code."""
    with suppress(TimeoutError):
        client.wait_for_workers(1, timeout=CONNECT)
    scheduler, there = _answers(client, address)
    if not there:
        raise InputError(f"run.address {address!r} has no workers; start some with 'dask worker'.")
    here, other = surroundings(), set()
    for versions in there.values():
        if not isinstance(versions, dict):
            raise InputError(
                f"run.address {address!r}: a worker cannot import rebalance "
                f"({type(versions).__name__}); install the same version there."
            )
        other |= {name for name in here if versions.get(name) != here[name]}
    for what, names in (
        ("scheduler differs", {n for n in SCHEDULER if scheduler.get(n) != here[n]}),
        ("workers differ", other),
    ):
        if names:
            raise InputError(
                f"run.address {address!r}: its {what} from here in {', '.join(sorted(names))}; "
                "install the same versions there."
            )
    return sum(client.nthreads().values())


def _answers(client, address):
    """Return the versions of the scheduler, and the `surroundings` of every worker."""
    answer = Future()

    def ask():
        try:
            scheduler = client.get_versions()["scheduler"]["packages"]
            answer.set_result((scheduler, client.run(surroundings, on_error="return")))
        except BaseException as error:  # noqa: BLE001 raised where the answer is asked for
            answer.set_exception(error)

    # Dask itself waits for a worker for ever.
    threading.Thread(target=ask, daemon=True).start()
    with suppress(TimeoutError):
        return answer.result(timeout=ANSWER)
    raise InputError(
        f"run.address {address!r}: its workers do not say within {ANSWER} s what they run; "
        "start them again."
    )


@contextmanager
def _watched(client, address):
    """End the work in one line where the scheduler or all workers are lost."""
    done, lost = threading.Event(), threading.Event()

    def watch():
        without = 0.0
        while not done.wait(1.0):
            try:
                there = client.status == "running" and bool(client.scheduler_info()["workers"])
            except Exception:  # noqa: BLE001 any answer that is none counts as lost
                there = False
            without = 0.0 if there else without + 1.0
            if without >= ALONE or client.status == "closed":
                lost.set()
                client.close(timeout=1)
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    except (CancelledError, OSError, TimeoutError) as error:
        raise InputError(
            f"run.address {address!r}: the scheduler or all of its workers are lost; what was "
            "finished is in the score cache, and the next run goes on from there."
        ) from error
    finally:
        done.set()


@contextmanager
def _foreign(name, run, number):
    """Yield the executor that a function ``module:function`` returns for so many workers."""
    module, _, function = name.partition(":")
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise InputError(f"run.engine {name!r} cannot be imported: {error}.") from error
    executor = make(number)
    if not isinstance(executor, Executor):
        raise InputError(
            f"run.engine {name!r} must return a concurrent.futures.Executor, got "
            f"{type(executor).__name__}."
        )
    with executor:
        yield Threaded(executor), number


ENGINES = {"process": _processes, "dask": _dask}


def on_one_thread(function, *arguments):
    """Return what a function returns, computed on one thread."""
    workers.one_thread()
    return function(*arguments)


class Threaded(Executor):
    """An executor whose tasks run on one thread each."""

    def __init__(self, executor):
        self.executor = executor

    def submit(self, fn, /, *arguments):
        """Submit a task."""
        return self.executor.submit(on_one_thread, fn, *arguments)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Cancel the tasks that have not begun; the caller shuts the executor down."""
        with suppress(TypeError, NotImplementedError):  # Dask's takes no such argument
            self.executor.shutdown(wait=wait, cancel_futures=cancel_futures)


class Renewed(Executor):
    """Executors made anew when one breaks: a task that was lost with its worker is done again.

    Parameters
    ----------
    make : callable
        Returns an executor.
    """

    def __init__(self, make):
        self.make, self.lock = make, threading.Lock()
        self.executor = make()

    def submit(self, fn, /, *arguments):
        """Submit a task; its future outlives the executor."""
        future = _Again(self, fn, arguments)
        future.begin()
        return future

    def warm(self):
        """Start the workers before the first task; one that fails to start says so there."""
        with suppress(BrokenExecutor, RuntimeError):
            self.executor.submit(_import_what_fits_need)

    def renew(self, broken):
        """Replace the executor that broke, once for all tasks that it lost."""
        with self.lock:
            if self.executor is broken:
                self.executor = self.make()
                broken.shutdown(wait=False)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Shut the present executor down."""
        self.executor.shutdown(wait=wait, cancel_futures=cancel_futures)


class _Again(Future):
    """The future of a task that is submitted again when its worker died."""

    def __init__(self, renewed, fn, arguments):
        super().__init__()
        self.renewed, self.task, self.tries, self.part = renewed, (fn, *arguments), 0, None

    def begin(self):
        """Submit the task to the present executor."""
        while True:
            executor = self.renewed.executor
            try:
                self.part = executor.submit(*self.task)
            except BrokenExecutor:
                self.renewed.renew(executor)
            else:
                self.part.add_done_callback(partial(self._take, executor))
                return

    def cancel(self):
        """Cancel the task, where it has not begun."""
        return self.part.cancel() and super().cancel()

    def _take(self, executor, part):
        if part.cancelled():
            super().cancel()
        elif not isinstance(error := part.exception(), BrokenExecutor):
            if error is None:
                self.set_result(part.result())
            else:
                self.set_exception(error)
        elif (tries := self.tries + 1) < TRIES:
            self.tries = tries
            # Not here: the executor that broke holds its lock while it tells its futures.
            threading.Thread(target=self._renew, args=(executor,), daemon=True).start()
        else:
            self.set_exception(
                InputError(
                    f"a process that fits was killed {TRIES} times, for lack of memory perhaps; "
                    "lower run.workers."
                )
            )

    def _renew(self, executor):
        try:
            self.renewed.renew(executor)
            self.begin()
        except BaseException as error:  # noqa: BLE001 raised where the result is asked for
            self.set_exception(error)
