"""Fail the calls to the network while rows are fetched: they come whole, or a line says why not."""

import hashlib
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.faults import calls, tiny

ROWS, POSITIVES = 20_000, 60


class Quiet(SimpleHTTPRequestHandler):
    """Serve a folder, and say nothing."""

    def log_message(self, *_):
        """Say nothing."""


def table():
    """Return the bytes of a CSV of a few rows."""
    lines = [f"{number}.5,{number % 7},{int(number < POSITIVES)}" for number in range(ROWS)]
    return "\n".join(["V1,Amount,Class", *lines, ""]).encode()


class Server(ThreadingHTTPServer):
    """Serve, and say nothing of clients that go away: they are what is tried."""

    def handle_error(self, *_):
        """Say nothing."""


@contextmanager
def serving(folder):
    """Serve a folder on loopback; yield the address."""
    with Server(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def tried(folder, step=1):
    """Yield the `Tally` of each fault at calls ``step``, 2 ``step``, ... of the stage download."""
    served = folder / "served"
    served.mkdir()
    (served / "rows.csv").write_bytes(table())
    with serving(served) as address:
        data = {
            "source": "url",
            "url": f"{address}/rows.csv",
            "sha256": hashlib.sha256(table()).hexdigest(),
            "drop": [],
        }
        # Where each try finds it as it was: below the folder that is restored.
        surroundings = {"REBALANCE_CACHE": str(folder / "it" / "cache"), "NO_PROXY": "127.0.0.1"}
        with tiny.Server(folder, **surroundings) as server:
            if not server.preloaded:
                return
            chain = tiny.Chain(server, folder / "it", changes={"data": data}).build(["download"])
            for fault in calls.NETWORK:
                yield calls.tried(
                    chain, fault, where="network", stages=["download"], step=step, start=step
                )
