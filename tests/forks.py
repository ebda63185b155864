"""Commands of tests as forks of one process that has imported their libraries.

Tests start hundreds of ``python -m stages.*``, ``python -m rebalance.cli``, ``dvc`` and ``mlflow``,
and much of what each costs are imports of scikit-learn, MLflow and DVC. `started` makes a folder
with programs of these names, for the front of PATH. A program hands its arguments, folder,
environment and streams to a process that holds the libraries and nothing of ours; a fork of it runs
the command by the code of the folder that the command runs in.

What a fork does not show: how a process starts, what differs between two that start apart, as the
order of a set, and an import that the code forgot where a library brought the module before. So a
test about imports, signals, limits, locales, threads, the bytes of two processes, or speed runs the
real programs; so does whatever this file does not know. Every stage runs as a real process in the
`dvc repro` of tests/test_pipeline.py.
"""

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import stat
import subprocess
import sys
import types
from pathlib import Path

REAL = Path(sys.executable).parent
VARIABLE = "REBALANCE_TEST_PROGRAMS"
# In the environment of a command: a fork writes a stand-in for every figure, see `draw_nothing`.
UNDRAWN = {"REBALANCE_TEST_UNDRAWN": "1"}
PICTURES = {"png": b"\x89PNG", "svg": b'<svg viewBox="0 0 1 1" width="1pt" height="1pt"></svg>\n'}
ADDRESS = "socket"
# A variable that may change what is loaded has to be as it was when the libraries were loaded.
WHEN_LOADED = (
    *("PYTHON", "LD_", "LC_", "LANG", "TZ", "XDG_", "OMP_", "OPENBLAS_", "MKL_", "MALLOC_"),
    *("MLFLOW_", "MPL", "ARROW_", "SCIPY_", "SKLEARN_", "GIT_PYTHON_", "COV"),
)
WHEN_USED = (
    *("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN"),
    *("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_BACKEND_STORE_URI", "MLFLOW_WORKERS"),
    *("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "MLFLOW_SERVER_ALLOWED_HOSTS"),
    "MLFLOW_ENABLE_WORKSPACES",
)
# A library that starts threads when it is loaded could not be forked.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "NUMEXPR")}
LIBRARIES = (
    *("numpy", "scipy.stats", "pandas", "pyarrow.parquet", "pydantic", "ruamel.yaml", "yaml"),
    *("sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection", "sklearn.isotonic"),
    *("imblearn.ensemble", "imblearn.over_sampling", "imblearn.under_sampling", "skops.io"),
    *("optuna", "matplotlib.figure", "matplotlib.backends.backend_agg", "jinja2", "tabulate"),
    *("mlflow.models", "mlflow.pyfunc", "mlflow.sklearn", "mlflow.tracking", "filelock", "git"),
    *("mlflow.store.artifact.http_artifact_repo", "mlflow.store.tracking.rest_store"),
    "mlflow.store.model_registry.sqlalchemy_store",
    *("mlflow.store.tracking.sqlalchemy_store", "sqlalchemy.dialects.sqlite", "alembic.command"),
    *("fsspec", "requests", "pooch", "tqdm", "psutil"),
    *("dvc.cachemgr", "dvc.cli.parser", "dvc.data_cloud", "dvc.fs", "dvc.ui.table"),
    *("dvc.utils.diff", "dvc.utils.strictyaml", "dulwich.porcelain", "dvc_data.fs", "networkx"),
    *("dvc.repo.artifacts", "dvc.repo.brancher", "dvc.repo.datasets", "dvc.repo.experiments"),
    *("dvc.repo.graph", "dvc.repo.index", "dvc.repo.open_repo", "dvc.repo.plots", "pygit2"),
    *("dvc.repo.reproduce", "dvc.repo.stage", "dvc.repo.trie", "dvc_s3", "s3fs"),
)
PROGRAM = """#!{python} -SEI
import array, json, os, select, signal, socket, sys

name, *words = os.path.basename(sys.argv[0]), *sys.argv[1:]
real = os.path.join({real!r}, name)
module = words[1] if words[:1] == ["-m"] and len(words) > 1 else ""
ours = name in ("dvc", "mlflow")
ours = ours or module in ("dvc", "mlflow", "uvicorn", "benchmarks.speed.stage")
ours = ours or module.startswith(("stages.", "rebalance.cli"))
ours = ours or words[:1] == ["-c"] and len(words) > 1
loaded = {{n: v for n, v in os.environ.items() if n.startswith({when_loaded!r})}}
loaded = dict(loaded.items() - {settings!r}.items())
for each in {when_used!r}:
    loaded.pop(each, None)
there = socket.socket(socket.AF_UNIX)
try:
    assert ours and loaded == {loaded!r}
    there.connect({address!r})
except (AssertionError, OSError):
    os.execv(real, [real, *words])
passed_on = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
ignored = [number for number in passed_on if signal.getsignal(number) == signal.SIG_IGN]
signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
mask = os.umask(0)
os.umask(mask)
command = [name, words, os.getcwd(), dict(os.environ), mask, ignored, os.getpid()]
streams = array.array("i", [0, 1, 2])
answers = there.makefile()
try:
    there.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    there.sendall(json.dumps(command).encode() + b"\\n")
    process = int(answers.readline())
except (OSError, ValueError):  # it has ended, and nothing has run
    signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
    os.execv(real, [real, *words])
for number in passed_on:  # the command ignores what its program was to ignore, or heeds it
    signal.signal(number, lambda number, _: os.kill(process, number))
signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
while not select.select([there], [], [], 0.1)[0]:
    pass  # a signal just before it waits is passed on after it
code = int(answers.readline())
if code < 0:
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


def programs():
    """Return the folder of the programs: that of the real ones, where nothing was started."""
    return os.environ.get(VARIABLE, str(REAL))


def python():
    """Return the program ``python`` of that folder, for ``-c`` and for modules of ours."""
    return f"{os.environ[VARIABLE]}/python" if VARIABLE in os.environ else sys.executable


@contextlib.contextmanager
def as_it_was():
    """Take back what the body adds to sys.path and to the environment.

    MLflow adds the code of a model that it loads, and a process that is started later would import
    that code, which is gone by then. Dask sets variables that change how libraries are loaded: with
    these no later command would be a fork.
    """
    path, environment = sys.path[:], dict(os.environ)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)


def possible(folder):
    """Return whether programs in a folder can be forks.

    The first line of a program takes no long path, an address none of 108 bytes, and the folder
    may be one from which nothing is executed.
    """
    short = len(sys.executable) < 100 > len(os.fsencode(f"{folder}/{ADDRESS}"))
    if sys.platform != "linux" or " " in sys.executable or not short:
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
        (trial := Path(folder) / "trial").touch(0o700)
    except OSError:
        return False
    return os.access(trial, os.X_OK)


def started(folder, **settings):
    """Start the process, and return it; ``python``, ``dvc`` and ``mlflow`` are in ``folder``.

    It ends with its standard input, which is a pipe from here. The libraries are imported with the
    variables ``settings``, as our code sets them, when the first command comes.
    """
    own = ("MLFLOW", "DVC", "GIT", "COV", *WHEN_USED)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    text = PROGRAM.format(
        python=sys.executable,
        real=str(REAL),
        when_loaded=WHEN_LOADED,
        when_used=WHEN_USED,
        loaded={name: value for name, value in clean.items() if name.startswith(WHEN_LOADED)},
        settings=settings,
        address=f"{folder}/{ADDRESS}",
    )
    for name in ("python", "dvc", "mlflow"):
        program = Path(folder) / name
        program.write_text(text, encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    # Bound here: the first command may come before the process has started.
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/{ADDRESS}")
        listening.listen(64)
        return subprocess.Popen(
            [sys.executable, __file__, str(listening.fileno()), str(folder)],
            env=clean | ONE_THREAD | settings,
            stdin=subprocess.PIPE,
            pass_fds=[listening.fileno()],
            process_group=0,  # Ctrl-C concerns the tests, and this process by their end
        )


def serve(listening):
    """Fork for every command that comes in; return the command in the child, None at the end."""
    running = {}
    with selectors.DefaultSelector() as ready:
        ready.register(listening, selectors.EVENT_READ)
        ready.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                alive = [process for process, _ in running.values()]
                if key.fileobj == 0:
                    kill(alive)
                    return None
                if key.fileobj is listening:
                    connection, _ = listening.accept()
                    if command := begin(connection, ready, running):
                        listening.close()
                        return command
                elif key.fd in running:
                    end(key.fd, ready, running)
                elif key.data in alive:  # the program was killed, and so is its command
                    kill([key.data])
                    ready.unregister(key.fileobj)


def begin(connection, ready, running):
    """Receive a command and fork; return the command in the child, and None in the parent."""
    streams = array.array("i")
    _, parts, *_ = connection.recvmsg(1, socket.CMSG_SPACE(3 * streams.itemsize))
    for _, _, numbers in parts:
        streams.frombytes(numbers)
    with connection.makefile() as lines:
        line = lines.readline()
    if not line.endswith("\n"):  # the program was killed while it asked
        connection.close()
        for number in streams:
            os.close(number)
        return None
    command = json.loads(line)
    load()
    process = os.fork()
    if process:
        for number in streams:
            os.close(number)
        watched = os.pidfd_open(process)
        running[watched] = process, connection
        ready.register(watched, selectors.EVENT_READ)
        ready.register(connection, selectors.EVENT_READ, process)
        with contextlib.suppress(OSError):  # the program was killed
            connection.sendall(f"{process}\n".encode())
        return None
    for watched, (_, other) in running.items():
        os.close(watched)
        other.close()
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    return command


def end(watched, ready, running):
    """Send the exit code of a child that has ended."""
    process, connection = running.pop(watched)
    _, status = os.waitpid(process, 0)
    ready.unregister(watched)
    os.close(watched)
    with contextlib.suppress(KeyError, OSError):  # the program was killed
        ready.unregister(connection)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    connection.close()


def kill(processes):
    for process in processes:
        os.kill(process, signal.SIGKILL)


def load():
    """Import the libraries, once; what the tests are about stays out."""
    if "dvc.cli.parser" in sys.modules:
        return
    for name in LIBRARIES:
        importlib.import_module(name)
    sys.modules["dvc.cli.parser"].get_main_parser()  # made once in a process
    # So is MLflow's table of modules and packages, which it needs for each model that it logs.
    requirements = importlib.import_module("mlflow.utils.requirements_utils")
    requirements.warn_dependency_requirement_mismatches(["mlflow"])
    assert not {"rebalance", "stages"} & {name.partition(".")[0] for name in sys.modules}
    # A fork has one thread: of those that wait for work, only jemalloc's is started anew.
    threads = [file.read_text().strip() for file in Path("/proc/self/task").glob("*/comm")]
    assert threads.count("jemalloc_bg_thd") == len(threads) - 1, threads
    gc.collect()
    gc.freeze()  # so that a collection in the child copies no memory of these libraries


def run(command):
    """Run a command as its own process would."""
    import numpy as np
    import psutil

    name, words, folder, environment, mask, ignored, program = command
    os.umask(mask)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    np.random.seed()  # noqa: NPY002 - the global state, which each process draws for itself
    if UNDRAWN.items() <= environment.items():
        draw_nothing()
    # A stage looks for the DVC that runs it, among the parents of its process. A title that is
    # shorter than the one before would be read as one word, and slashes more are the same path.
    setproctitle.setproctitle("/" * 200 + " ".join([sys.executable, str(REAL / name), *words]))
    sys.executable = f"{sys.argv[2]}/python"  # a dvc that our code starts is a fork as well
    parent, this = psutil.Process.ppid, os.getpid()
    psutil.Process.ppid = lambda self: program if self.pid == this else parent(self)
    if name == "dvc":
        from dvc.cli import main

        sys.argv = [name, *words]
        sys.exit(main())
    if name == "mlflow":
        from mlflow.cli import cli

        sys.argv = [name, *words]
        sys.exit(cli())
    option, what, *words = words
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = ["" if option == "-c" else folder, *filter(None, known)]
    sys.argv = [option, *words]
    if option == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), vars(module))  # noqa: S102 - a test's own code


def draw_nothing():
    """Write a stand-in for every figure: three quarters of evaluate are drawing.

    What is drawn, and the marks and words on it, are made all the same.
    """
    from matplotlib.figure import Figure

    def savefig(_, target, *, format, **options):  # noqa: A002 - its name
        if hasattr(target, "write"):
            target.write(PICTURES[format])
        else:
            Path(target).write_bytes(PICTURES[format])

    Figure.savefig = savefig


def code_of(command):
    """Run a command, and return its exit code."""
    try:
        run(command)
    except SystemExit as asked:
        if asked.code is None or isinstance(asked.code, int):
            return (asked.code or 0) & 255
        sys.stderr.write(f"{asked.code}\n")
        return 1
    except BaseException as error:  # noqa: BLE001 - shown as Python shows it
        sys.excepthook(*sys.exc_info())
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


ENDED = []  # the exit code of the command, when it has ended


def leave():
    """End a fork without taking its libraries apart, which would cost a second."""
    for code in ENDED:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code)


if __name__ == "__main__":
    import setproctitle

    del sys.path[0]  # the folder of this file
    setproctitle.getproctitle()  # finds its place in memory before a library moves the environment
    atexit.register(leave)  # the first is called last
    if received := serve(socket.socket(fileno=int(sys.argv[1]))):
        ENDED.append(code_of(received))
