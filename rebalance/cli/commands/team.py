"""Start a team's server on this machine, for a try: MLflow over PostgreSQL.

Runs and artifacts are kept in .rebalance/team, and are there again at the next start.
"""

import signal
import subprocess
import sys

from rebalance.errors import InputError


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument("--host", default="127.0.0.1", help="(default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=5000, help="(default: 5000)")
    parser.add_argument(
        "--folder", default=".rebalance/team", metavar="FOLDER", help="(default: %(default)s)"
    )


def run(host, port, folder):
    """Serve until it is stopped."""
    from importlib.util import find_spec
    from pathlib import Path

    from rebalance.tracking import server

    if find_spec("psycopg") is None:
        raise InputError(
            "a team's server needs a package that is not installed: pip install 'rebalance[team]' "
            "(in this folder: pip install -e '.[team]')."
        )
    there = Path(folder).absolute()
    # To be ended is to be interrupted: the database must not be left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server.postgres(there) as database:
        sys.stdout.write(
            f"in half a minute MLflow answers at http://{host}:{port}; everybody sets\n"
            f"export MLFLOW_TRACKING_URI=http://{host}:{port}\n"
        )
        sys.stdout.flush()
        process = subprocess.Popen(  # noqa: S603 - its words are checked by the parser
            server.command(host, port, there / "artifacts"), env=server.environment(database)
        )
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            return ""
    raise InputError(f"MLflow's server ended by itself, with exit code {code}.")
