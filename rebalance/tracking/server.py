"""A team's server on this machine, for a try: MLflow over PostgreSQL, with artifacts through it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from rebalance.errors import InputError, one_line

# What MLflow's server needs to be told: no jobs, which take 16 processes, and no telemetry.
LIGHT = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}
# Debian puts the server's programs here, not on the path.
DEBIAN = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root: these accounts are tried in its place.
ACCOUNTS = ("postgres", "nobody")
START_SECONDS = 60
END_SECONDS = 10  # that a server has for its last requests


def program(name):
    """Return the path of one of PostgreSQL's programs; `InputError` where it is not installed."""
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = shutil.which(name) or next(reversed(versions), None)
    if found is None:
        raise InputError(
            f"PostgreSQL is not installed: there is no {name} on the path, nor below {DEBIAN}; "
            "on Debian 'apt-get install postgresql' brings it."
        )
    return str(found)


def _account():
    """Return the account that PostgreSQL runs as where this process is root's, else None."""
    if not hasattr(os, "geteuid") or os.geteuid():
        return None
    import pwd

    known = {each.pw_name for each in pwd.getpwall()}
    return next((name for name in ACCOUNTS if name in known), None)


@contextmanager
def postgres(folder):
    """Yield the address of a PostgreSQL whose files are in a folder, which may be a new one.

    It listens on a socket in a folder of its own, and on no network.
    """
    initdb, pg_ctl, account = program("initdb"), program("pg_ctl"), _account()
    folder = Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rebalance-", dir="/tmp") as socket:
        if account:
            for place in (folder, socket):
                shutil.chown(place, account)
        database = folder / "database"
        if not (database / "PG_VERSION").exists():
            options = ["--auth=trust", "--username=mlflow", "--encoding=UTF8", "--locale=C"]
            _call(account, initdb, "--pgdata", str(database), *options)
        listening = f"-k {socket} -c listen_addresses=''"
        start = ["-l", str(folder / "log"), "-o", listening, "-t", str(START_SECONDS), "start"]
        _call(account, pg_ctl, "-D", str(database), "-w", *start)
        try:
            yield f"postgresql+psycopg://mlflow@/postgres?host={socket}"
        finally:
            _call(account, pg_ctl, "-D", str(database), "-w", "-m", "fast", "stop")


def _call(account, *command):
    # Through a file: the server that pg_ctl starts would hold a pipe open.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(  # noqa: S603 - no word of it comes from outside
            command, stdout=said, stderr=said, user=account, cwd="/", check=False
        )
        said.seek(0)
        text = said.read().decode(errors="replace")
    if done.returncode:
        reason = text.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise InputError(f"{Path(command[0]).name} failed: {one_line(reason[0])}.")


def command(host, port, artifacts, workers=2):
    """Return the command of MLflow's server; its database comes by ``environment``."""
    return [
        *(sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--artifacts-destination", str(artifacts)),
    ]


def wait_for(what, command, database):
    """Run a server of MLflow until this process is interrupted or ended, and leave none behind.

    Raises `InputError` where the server ends by itself; ``what`` is what people call it.
    """
    # To be ended is to be interrupted: nothing may be left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    process = subprocess.Popen(command, env=environment(database))  # noqa: S603 - words of our own
    try:
        code = process.wait()
    except KeyboardInterrupt:
        _end(process)
        return
    raise InputError(f"{what} ended by itself, with exit code {code}.")


def _end(process):
    """End a server and what it started, by force where a request or a second Ctrl-C holds it up."""
    import psutil

    started = []
    with suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
    try:
        process.terminate()
        process.wait(END_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
    for each in started:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def environment(database):
    """Return the environment of MLflow's server.

    The database is no argument: a list of processes would show its password.
    """
    return os.environ | LIGHT | {"MLFLOW_BACKEND_STORE_URI": database}
