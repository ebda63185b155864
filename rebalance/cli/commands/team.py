"""Start a team's server on this machine, for a try: MLflow over PostgreSQL.

Runs and artifacts are kept in .rebalance/team, and are there again at the next start.
"""

import signal
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
    # As in `server.wait_for`, from the start of the database on: it must not be left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server.postgres(there) as database:
        sys.stdout.write(
            f"in half a minute MLflow answers at http://{host}:{port}; everybody sets\n"
            f"export MLFLOW_TRACKING_URI=http://{host}:{port}\n"
        )
        sys.stdout.flush()
        command = server.command(host, port, there / "artifacts")
        server.wait_for("MLflow's server", command, database)
    return ""
