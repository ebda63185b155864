"""Processes of the benchmark: their seconds and their memory, each by itself.

This module imports nothing heavy: Linux counts the memory that a process had when it started
another one as the other's.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPIN = "import time\nend = time.monotonic() + {}\nwhile time.monotonic() < end: pass"
SPIN_SECONDS = 1800
OURS = ("GIT", "DVC", "MLFLOW", "PYTHONDONTWRITEBYTECODE", "REBALANCE", "OMP_")


@dataclass(frozen=True, kw_only=True)
class Done:
    """A process that ended.

    Attributes
    ----------
    seconds, processor : float
        By the clock, and of the processor: other programs do not lengthen the latter.
    peak : int
        The most memory that it or a process that it waited for held, in bytes.
    code : int
    said : str
    """

    seconds: float
    processor: float
    peak: int
    code: int
    said: str

    @property
    def last(self):
        """Return the last line that was said."""
        return (self.said.strip().splitlines() or [""])[-1]


def heed():
    """Have SIGTERM and SIGHUP end this process as Ctrl-C does, and with it what it started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup has SIGHUP ignored.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, lambda number, _: sys.exit(128 + number))


class UnfinishedError(RuntimeError):
    """A process that was to be measured did not do its work."""


def commit():
    """Return the name of the commit that is measured, with -dirty where files have changed."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        check=False,
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "no commit"


def environment(folder=None, **more):
    """Return an environment with nothing of the caller's git, DVC and MLflow in it."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    clean["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    if folder:
        clean["DVC_SITE_CACHE_DIR"] = str(folder / ".dvc" / "tmp" / "site")
    names = {f"GIT_{who}_NAME": "benchmark" for who in ("AUTHOR", "COMMITTER")}
    mails = {f"GIT_{who}_EMAIL": "benchmark@example.org" for who in ("AUTHOR", "COMMITTER")}
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return clean | names | mails | plain | {"DVC_NO_ANALYTICS": "true"} | more


def run(command, folder, *, limit=None, memory=None, **more):
    """Return a `Done`; a process over ``limit`` seconds is killed, its children with it.

    Parameters
    ----------
    command : list of str
    folder : Path
        Where it runs.
    limit : float or None
        Seconds.
    memory : int or None
        Bytes that the process may ask for.
    more : str
        Variables of its environment.
    """
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(folder, **more),
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if memory and sys.platform == "linux":
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory, memory))
        timer = threading.Timer(limit or threading.TIMEOUT_MAX, _kill, [process.pid])
        timer.daemon = True
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _kill(process.pid)
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024
        return Done(
            seconds=seconds,
            processor=usage.ru_utime + usage.ru_stime,
            peak=usage.ru_maxrss * unit,
            code=process.returncode,
            said=said.read(),
        )


def _kill(group):
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def call(command, folder, **more):
    """Return the `Done` of a process that must succeed."""
    done = run(command, folder, **more)
    if done.code:
        raise UnfinishedError(f"{' '.join(command)} ended with {done.code}:\n{done.said}")
    return done


def work(name, folder, **arguments):
    """Return what a function of `benchmarks.speed.work` returns, and the peak of its process.

    ``folder`` has the rows; see `work.prepare`.
    """
    given = json.dumps({"folder": str(folder)} | arguments)
    done = call([sys.executable, "-m", "benchmarks.speed.work", name, given], ROOT)
    return json.loads(done.last) | {"peak": done.peak}


@contextmanager
def neighbour():
    """Keep one core busy meanwhile."""
    process = subprocess.Popen([sys.executable, "-c", SPIN.format(SPIN_SECONDS)])
    try:
        yield
    finally:
        process.kill()
        process.wait()
