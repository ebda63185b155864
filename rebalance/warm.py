"""A warm process: the stages of one ``dvc repro`` share their imports.

DVC runs every stage in a process of its own, and each would spend longer importing scikit-learn
and MLflow than a small fit takes. The first stage that DVC starts leaves a process behind that
imports what the stages need and then waits; each later stage hands its arguments, environment and
terminal to it, and a fork runs the stage. The process holds third-party modules only, so that
edited code of ours is never stale, and ends when nobody has asked for a while.

It changes no result. Without it (another system than Linux, REBALANCE_WARM=0, a process that
died) a stage imports for itself. What is run by hand, without DVC, never uses it.
"""

import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

# Relative, because the path of a socket has room for a hundred characters.
SOCKET = Path(".rebalance") / "warm.sock"
LOCK = Path(".rebalance") / "warm.lock"
IDLE_SECONDS = 20
GRACE_SECONDS = 10  # for a stage that was interrupted: it removes what is half-written
STARTED = b"s"
MODULES = (
    "imblearn.combine",
    "imblearn.ensemble",
    "imblearn.over_sampling",
    "imblearn.pipeline",
    "imblearn.under_sampling",
    "joblib",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "mlflow",
    "mlflow.sklearn",
    "mlflow.store.tracking.sqlalchemy_store",
    "numpy",
    "optuna",
    "pandas",
    "pyarrow.parquet",
    "pydantic",
    "scipy.special",
    "skops.io",
    "sklearn.ensemble",
    "sklearn.isotonic",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "threadpoolctl",
    "tqdm",
    "yaml",
)


def wanted(environment, argv):
    """Say whether this is a stage that DVC started as ``python -m``."""
    return (
        sys.platform == "linux"
        and "DVC_STAGE" in environment
        and environment.get("REBALANCE_WARM") != "0"
        and argv[0] == "-m"
    )


def hand_over(module, arguments):
    """Let the warm process run ``module``, and exit as it does; return where there is none.

    Where there is none, one is started for the stages that follow.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        try:
            server.connect(str(SOCKET))
        except OSError:
            _start()
            return
        request = {
            "module": module,
            "arguments": arguments,
            "folder": str(Path.cwd()),
            "environment": dict(os.environ),
            "python": sys.executable,
        }
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            socket.send_fds(server, [json.dumps(request).encode() + b"\n"], [0, 1, 2])
            if server.recv(1) != STARTED:
                return
        except OSError:
            return
        answer = server.recv(1)
    if not answer:
        sys.stderr.write(f"error: the process of {module} was killed.\n")
        os._exit(1)
    os._exit(answer[0])


def _start():
    from rebalance.tracking.runs import SETTINGS

    SOCKET.parent.mkdir(exist_ok=True)
    subprocess.Popen(
        [sys.executable, "-m", "rebalance.warm"],
        env=SETTINGS | os.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Out of the terminal's process group: Ctrl-C ends the stage, and with it its fork.
        start_new_session=True,
    )


def serve():
    """Import what the stages need, then fork for each that asks, until nobody has for a while."""
    import fcntl  # there is none on Windows, and no fork either

    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        SOCKET.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(str(SOCKET))
            SOCKET.chmod(0o600)
            # Stages may already queue up: they wait for the rest of the imports at most.
            server.listen()
            try:
                for module in MODULES:
                    importlib.import_module(module)
                _accept(server)
            finally:
                SOCKET.unlink(missing_ok=True)


def _accept(server):
    children = set()
    while True:
        ready, _, _ = select.select([server], [], [], IDLE_SECONDS)
        children = {child for child in children if os.waitpid(child, os.WNOHANG) == (0, 0)}
        if ready:
            connection, _ = server.accept()
            child = os.fork()
            if child == 0:
                server.close()
                _run(connection)
            children.add(child)
            connection.close()
        elif not children:
            return


def _run(connection):
    """Run one stage in this fork, and end with it."""
    try:
        text, terminal, _, _ = socket.recv_fds(connection, 1 << 16, 3)
        while not text.endswith(b"\n"):
            if not (more := connection.recv(1 << 16)):
                os._exit(1)  # whoever asked has gone
            text += more
    except OSError:
        os._exit(1)
    request = json.loads(text)
    if request["python"] != sys.executable:
        os._exit(1)
    for number, descriptor in enumerate(terminal):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["module"], *request["arguments"]]
    sys.path[0] = request["folder"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "rebalance"]:
        del sys.modules[name]
    try:
        connection.send(STARTED)
    except OSError:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    code = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        os._exit(1)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 as the interpreter does: print it, exit 1
        traceback.print_exc()
        code = 1
    # It is over: whoever asked goes as soon as it is told.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.flush()
    sys.stderr.flush()
    connection.send(bytes([code & 255]))
    os._exit(code & 255)


def _end_with(connection):
    """End this fork when the stage that asked for it has gone: as Ctrl-C does, then at once."""
    if not connection.recv(1):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve()
