"""Browse the runs on this machine: start MLflow's page, and print the address of the answer."""

import sys


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument("--port", type=int, default=5000, help="on 127.0.0.1 (default: 5000)")


def run(port):
    """Start the page and wait for its end; of a server, return the address of its page."""
    from rebalance import params, tracking
    from rebalance.scoring.server import bound
    from rebalance.tracking import server

    uri = tracking.address()
    is_server = tracking.is_server(uri)
    there = tracking.without_password(uri) if is_server else f"http://127.0.0.1:{port}"
    experiment = params.load().tracking.experiment
    tracking.hand_over_kept(experiment)
    page = tracking.page(there, experiment)
    if is_server:
        return f"{page}\n"
    bound("127.0.0.1", port).close()
    sys.stdout.write(f"the runs, the recommended model's first, in some seconds at\n{page}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port)]
    server.wait_for("MLflow's page", [*command, "--workers", "1"], uri)
    return ""
