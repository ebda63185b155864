"""Send requests to ``rebalance serve`` on loopback, and check every answer.

Starts the server of the repository's recommended model in a process of its own and sends it the
first training rows, one at a time and from several clients at once. Every answer is compared with
what the model says in this process. The exit code is 1 where a request failed or an answer differs.
"""

import argparse
import http.client
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from math import isclose

import numpy as np
import pyarrow.parquet as pq
from tabulate import tabulate

from rebalance import errors, paths, scoring
from rebalance.errors import InputError

HOST = "127.0.0.1"


@contextmanager
def server(command, wait=120.0):
    """Start ``rebalance serve`` on a free port, and yield the port when it answers."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline()
        if not said:
            raise InputError("the server did not start.")
        port = int(said.split(",")[0].rpartition(":")[2])
        until = time.monotonic() + wait
        while not healthy(port):
            if process.poll() is not None or time.monotonic() > until:
                raise InputError("the server did not answer.")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def healthy(port):
    """Return whether the server answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def bodies(frame, requests, rows):
    """Return the bodies of so many requests, and the numbers of the rows in each."""
    starts = [i * rows % max(len(frame) - rows + 1, 1) for i in range(requests)]
    split = json.loads(frame.to_json(orient="split", index=False, double_precision=15))
    return [
        (
            json.dumps(
                {"dataframe_split": split | {"data": split["data"][start : start + rows]}}
            ).encode(),
            range(start, min(start + rows, len(frame))),
        )
        for start in starts
    ]


def send(port, sent):
    """Send requests over one connection; return for each its seconds, its status and its answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    done = []
    for body, _ in sent:
        started = time.perf_counter()
        try:
            connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except OSError as error:
            connection.close()
            status, content = 0, str(error).encode()
        done.append((time.perf_counter() - started, status, content))
    connection.close()
    return done


def wrong(content, rows, expected):
    """Return whether an answer differs from what the model says of its rows."""
    found = json.loads(content)["predictions"]
    return len(found) != len(rows) or not all(
        isclose(each["probability"], expected["probability"][row], rel_tol=1e-9, abs_tol=1e-12)
        and each["decision"] == expected["decision"][row]
        for each, row in zip(found, rows, strict=True)
    )


def load(port, sent, at_once, expected):
    """Send all requests from so many clients; return what came of it."""
    parts = [sent[i::at_once] for i in range(at_once)]
    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as clients:
        done = list(clients.map(send, repeat(port), parts))
    elapsed = time.perf_counter() - started
    answers = [
        (*answer, rows)
        for part, results in zip(parts, done, strict=True)
        for answer, (_, rows) in zip(results, part, strict=True)
    ]
    right = [each for each in answers if each[1] == http.client.OK]
    seconds = [each[0] for each in answers]
    return {
        "clients": at_once,
        "requests": len(answers),
        "failed": len(answers) - len(right),
        "wrong": sum(wrong(content, rows, expected) for _, _, content, rows in right),
        "p50, ms": 1000 * float(np.percentile(seconds, 50)),
        "p99, ms": 1000 * float(np.percentile(seconds, 99)),
        "a second": len(answers) / elapsed,
    }


def main():
    """Print a row for each number of clients."""
    parser = argparse.ArgumentParser("python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rows", type=int, default=1, help="rows of a request (default: 1)")
    given = parser.parse_args()
    scorer = scoring.find()
    inputs = list(scorer.inputs)
    frame = next(pq.ParquetFile(paths.TRAIN).iter_batches(given.requests, columns=inputs))
    frame = frame.to_pandas()
    expected = scorer.predict(frame)
    sent = bodies(frame, given.requests, given.rows)
    with server([sys.executable, "-m", "rebalance.cli", "serve", "--port", "0"]) as port:
        load(port, sent[:20], 1, expected)  # what is imported at the first request
        rows = [load(port, sent, each, expected) for each in given.clients]
    print(tabulate(rows, headers="keys", floatfmt=".1f"))
    return int(any(row["failed"] or row["wrong"] for row in rows))


def run():
    """Run the benchmark, and leave with 1 where a request failed or an answer is wrong."""
    sys.exit(main())


if __name__ == "__main__":
    errors.run(run)
