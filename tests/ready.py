"""The programs ``dvc`` and ``python`` (``-m``, ``-c``) with their libraries in memory.

Tests run hundreds of commands, and most of their time was the import of DVC, scikit-learn and
MLflow. A process imports the libraries once, and forks for each command: what runs is DVC itself,
and the code of the folder in which the command runs. ``programs()`` returns a folder for the front
of PATH, whose programs hand their arguments, folder, environment and streams over to that process.

The children of a command are its own: below a ``dvc`` that runs stages stands one more such
process, so that a stage finds DVC among its parents, as it does in real life.

Where processes cannot be forked so (macOS, Windows), and where lines are counted (coverage), the
folder is that of the real programs. They also run for what this file does not know: other options
of Python, and variables that change Python itself.
"""

import array
import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

ADDRESS = "REBALANCE_TEST_READY"  # where the nearest such process listens
START_SECONDS = 120
DVC = (
    *("dvc.cachemgr", "dvc.cli.parser", "dvc.data_cloud", "dvc.fs", "dvc.ui.table"),
    *("dvc.utils.diff", "dvc.utils.strictyaml", "dulwich.porcelain", "dvc_data.fs", "networkx"),
    *("pygit2", "ruamel.yaml"),
    *("dvc.repo.artifacts", "dvc.repo.brancher", "dvc.repo.datasets", "dvc.repo.experiments"),
    *("dvc.repo.graph", "dvc.repo.index", "dvc.repo.open_repo", "dvc.repo.plots"),
    *("dvc.repo.reproduce", "dvc.repo.stage", "dvc.repo.trie"),
)
LIBRARIES = (
    *("pandas", "pyarrow.parquet", "sklearn.ensemble", "sklearn.linear_model", "skops.io"),
    *("sklearn.model_selection", "imblearn.ensemble", "optuna", "matplotlib.figure", "pydantic"),
    *("mlflow.models", "mlflow.pyfunc", "mlflow.sklearn"),
    "mlflow.store.artifact.http_artifact_repo",
    *("mlflow.store.model_registry.sqlalchemy_store", "mlflow.store.tracking.rest_store"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.tracking", "sqlalchemy.dialects.sqlite"),
    *("alembic.command", "filelock", "git", "matplotlib.backends.backend_agg", "ruamel.yaml"),
)
PROGRAM = """#!{python} -IS
import array, json, os, signal, socket, sys

known = sys.argv[0].endswith("dvc") or sys.argv[1:2] in (["-m"], ["-c"])
plain = {{"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}}
if not known or any(name.startswith("PYTHON") and name not in plain for name in os.environ):
    real = os.path.join({folder!r}, os.path.basename(sys.argv[0]))
    os.execv(real, [real, *sys.argv[1:]])
there = socket.socket(socket.AF_UNIX)
there.connect(os.environ.get({variable!r}, {address!r}))
mask = os.umask(0)
os.umask(mask)
asked = [sys.argv, os.getcwd(), dict(os.environ), mask]
streams = array.array("i", [0, 1, 2])
there.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
there.sendall(json.dumps(asked).encode() + b"\\n")
answers = there.makefile()
process = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: os.kill(process, number))
code = int(answers.readline())
if code < 0:
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@cache
def programs():
    """Return the folder with the programs ``dvc`` and ``python``."""
    real = Path(sys.executable).parent
    if sys.platform != "linux" or any(name.startswith("COV") for name in os.environ):
        return real
    folder = Path(tempfile.mkdtemp(prefix="ready-"))  # short: an address has at most 107 bytes
    address = str(folder / "socket")
    words = {"python": sys.executable, "folder": str(real), "variable": ADDRESS}
    for name in ("dvc", "python"):
        program = folder / name
        program.write_text(PROGRAM.format(address=address, **words), encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "MLFLOW", "DVC"))}
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, address],
        env=clean | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    atexit.register(stop, process, folder)
    for _ in range(10 * START_SECONDS):
        if Path(address).exists():
            return folder
        assert process.poll() is None
        time.sleep(0.1)
    raise AssertionError("the process that forks for commands did not start")


def stop(process, folder):
    process.terminate()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def serve(listening):
    """Fork for every command that comes in; return what to run, in the child."""
    die_with_parent()
    waiting = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    with selectors.DefaultSelector() as ready:
        ready.register(listening, selectors.EVENT_READ)
        ready.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj == woken:
                    os.read(woken, 4096)
                    tell_the_ended(waiting)
                elif command := begin(listening.accept()[0], waiting):
                    listening.close()
                    for connection in waiting.values():
                        connection.close()
                    return command


def begin(connection, waiting):
    """Receive a command and fork; return the command in the child, and None in the parent."""
    streams = array.array("i")
    _, parts, *_ = connection.recvmsg(1, socket.CMSG_SPACE(3 * streams.itemsize))
    streams.frombytes(parts[0][2])
    with connection.makefile() as lines:
        command = json.loads(lines.readline())
    program, *words = command[0]
    runs_stages = words[:1] in (["repro"], ["exp"]) and "--dry" not in words
    is_dvc = program.endswith("dvc")
    needed = [*(DVC if is_dvc else ()), *(LIBRARIES if runs_stages or not is_dvc else ())]
    for name in needed:
        importlib.import_module(name)
    if is_dvc:
        sys.modules["dvc.cli.parser"].get_main_parser()  # made once in a process
    gc.freeze()  # so that a collection in the child copies no memory of these libraries
    process = os.fork()
    if process:
        for number in streams:
            os.close(number)
        waiting[process] = connection
        connection.sendall(f"{process}\n".encode())
        return None
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    return command


def tell_the_ended(waiting):
    """Send the exit codes of the children that have ended."""
    while waiting:
        process, status = os.waitpid(-1, os.WNOHANG)
        if not process:
            return
        if connection := waiting.pop(process, None):
            with contextlib.suppress(OSError):  # the program was killed
                connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            connection.close()


def die_with_parent():
    """Have the kernel end this process when its parent ends."""
    set_signal = 1
    ctypes.CDLL(None).prctl(set_signal, signal.SIGKILL)


def run(command):
    """Run a command as its own process would; below a DVC that runs stages listens one more."""
    import setproctitle

    (program, *words), folder, environment, mask = command
    os.umask(mask)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    setproctitle.setproctitle(" ".join([sys.executable, program, *words]))
    is_dvc = program.endswith("dvc")
    if is_dvc and words[:1] in (["repro"], ["exp"]):
        address = tempfile.mktemp(prefix="ready-")  # noqa: S306 - bind refuses what is there
        listening = listen(address)
        if not os.fork():
            end(ran(serve(listening)))
        listening.close()
        os.environ[ADDRESS] = address
        atexit.register(os.unlink, address)
    if is_dvc:
        from dvc.cli import main

        sys.argv = [program, *words]
        sys.exit(main())
    known = os.environ.get("PYTHONPATH", "")
    sys.path[:0] = [folder, *filter(None, known.split(os.pathsep))]
    option, what, *_ = words
    sys.argv = ["-c", *words[2:]] if option == "-c" else words[1:]
    if option == "-c":
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
        return
    runpy.run_module(what, run_name="__main__", alter_sys=True)


def listen(address):
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(64)
    return listening


def end(code):
    """End as Python does, but for taking every library apart: that would cost a second."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def ran(command):
    """Run a command, and return its exit code."""
    try:
        run(command)
    except SystemExit as asked:
        if asked.code is None or isinstance(asked.code, int):
            return (asked.code or 0) & 255
        sys.stderr.write(f"{asked.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 - shown as Python shows it
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


if __name__ == "__main__":
    end(ran(serve(listen(sys.argv[1]))))
