"""Answer over HTTP: health, schema, scores; what cannot be scored is said in words."""

import io
import json
import os
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from rebalance import sources, workers
from rebalance.errors import InputError, one_line
from rebalance.scoring import models
from rebalance.sources import contents

# Rows of a request are in memory, three times over.
LARGEST = 16 << 20
# A client that never ends its request would hold a server that is to end.
END_SECONDS = 10


class Refused(Exception):  # noqa: N818 - an answer, no error of ours
    """Say why a request is not answered, with its HTTP status."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


def app(scorer, data, decider=None):
    """Return the web application of a `Scorer`.

    Parameters
    ----------
    scorer : Scorer
    data : params.Data
        ``read`` says how CSV is read; probabilities hold at ``prevalence``.
    decider : Decider, optional
        The model's own at ``data.prevalence``, if None.
    """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse
    from threadpoolctl import threadpool_limits

    decider = decider or models.decider(scorer, prevalence=data.prevalence)
    # Requests are answered next to each other, one thread each: OpenMP's threads would wait for
    # one another, a third of a second a row on a busy machine. Its limit is that of a thread.
    pool = ThreadPoolExecutor(workers.cores(), initializer=threadpool_limits, initargs=(1,))
    web = FastAPI(title="rebalance", description=f"Scores of the model {scorer.name}.")

    @web.get("/health")
    def health():
        """Say that the model is loaded."""
        return {"status": "ok", "model": scorer.name}

    @web.get("/schema")
    def schema():
        """Return the columns that a row needs, and what comes back."""
        return described(scorer, decider)

    @web.post("/invocations")
    async def invocations(request: Request):
        """Score the rows of the body: CSV, or JSON as MLflow takes it."""
        try:
            body = await _body(request)
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(pool, answered, scorer, body, kind, data, decider)
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, refused.status)
        except asyncio.CancelledError:  # by `END_SECONDS`; uvicorn would print a traceback
            return JSONResponse({"error": "the server was ended; send the rows again."}, 503)
        return JSONResponse(answer)

    return web


async def _body(request):
    """Return the body of a request, no larger than `LARGEST`."""
    from starlette.requests import ClientDisconnect

    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise Refused(
                    413, f"a request must have {LARGEST >> 20} MB at most; send the rows in parts."
                )
    except ClientDisconnect as gone:
        raise Refused(400, "the request ended before its body did.") from gone
    return bytes(body)


def described(scorer, decider):
    """Return the columns that a row needs, with their kinds, and what comes back.

    ``threshold`` is one of the probabilities that come back, null where no row is flagged;
    ``prevalence`` is the share of positives at which these hold.
    """
    learnt, share = scorer.learnt, decider.prevalence or decider.share
    flags = decider.value <= 1
    return {
        "model": scorer.name,
        "threshold": decider.value if flags else None,
        "prevalence": None if share is None else float(share),
        "columns": {name: learnt[name]["kind"] for name in scorer.inputs},
        "answer": {
            "probability": "from 0 to 1",
            "decision": "1 from the threshold on, else 0" if flags else "0: no row is flagged",
        },
    }


def answered(scorer, body, kind, data, decider=None):
    """Return the answer to the body of a request; `Refused` where there is none."""
    decider = decider or models.decider(scorer, prevalence=data.prevalence)
    rows = rows_of(body, kind, scorer.learnt, data)
    if not len(rows):
        raise Refused(422, "the request must have a row or more, got none.")
    try:
        p = scorer.probability(rows)
    except InputError as error:
        raise Refused(422, str(error)) from error
    answers = zip(decider.written(p).tolist(), decider.flag(p).astype(int).tolist(), strict=True)
    return {"predictions": [{"probability": p, "decision": flagged} for p, flagged in answers]}


@dataclass(frozen=True)
class _Body:
    """The body of a request, read as a file is."""

    content: bytes

    def __str__(self):
        return "the body"

    @property
    def size(self):
        """Return its bytes."""
        return len(self.content)

    def open(self, mode="rb"):
        """Open it for reading bytes."""
        return io.BytesIO(self.content)


def rows_of(body, kind, learnt, data):
    """Return the rows of a request: an arrow table, or a data frame of objects."""
    import pandas as pd
    import pyarrow as pa

    if kind == "text/csv":
        try:
            # What is compressed may be a thousand times as large in memory.
            if not contents.is_plain(_Body(body)):
                raise Refused(
                    400,
                    "a body of text/csv must be text as it stands, got Parquet, a workbook or a "
                    "compressed file; send the rows as CSV that is not compressed.",
                )
            said = []
            pieces, _ = sources.rows(_Body(body), data, learnt, said=said)
            if said:
                # Each row of a request has an answer, in the same order.
                raise Refused(400, f"{said[0]}; send rows alone below the header.")
            return pa.concat_tables(pieces)
        except InputError as error:
            raise Refused(400, str(error)) from error
    if kind not in {"application/json", ""}:
        raise Refused(415, f"content-type must be application/json or text/csv, got {kind[:40]!r}.")
    try:
        content = json.loads(body, object_pairs_hook=_once)
    except ValueError as error:
        # Of a number of thousands of digits Python also says how to read one.
        reason = one_line(error).partition(";")[0]
        raise Refused(400, f"the body is not JSON: {reason}.") from error
    except RecursionError as error:
        raise Refused(400, "the body is JSON that is nested too deeply; see /schema.") from error
    # Objects: of whole numbers and a gap pandas would make doubles, which round long ones.
    try:
        if "dataframe_split" in content:
            split = content["dataframe_split"]
            _refuse_uneven(split["columns"], split["data"])
            return pd.DataFrame(split["data"], columns=split["columns"], dtype=object)
        return pd.DataFrame(content["dataframe_records"], dtype=object)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(
            400,
            'the body must be {"dataframe_records": [{"COLUMN": VALUE, …}, …]} or '
            '{"dataframe_split": {"columns": […], "data": [[…], …]}}.',
        ) from error


def _refuse_uneven(columns, data):
    """Refuse rows with fewer values than columns: pandas would take the rest for missing."""
    rows = enumerate(data, 1) if isinstance(data, list) else ()
    for number, row in rows:
        if isinstance(row, list) and len(row) != len(columns):
            raise Refused(
                400,
                f"each row of data must have a value for each of the {len(columns)} columns, got "
                f"{len(row)} in row {number}; write null for a missing one.",
            )


def _once(pairs):
    """Return what JSON says of an object; ValueError where it says something twice."""
    content = dict(pairs)
    if len(content) < len(pairs):
        # Counted once: a request may have a million names.
        twice = next(
            name for name, times in Counter(name for name, _ in pairs).items() if times > 1
        )
        raise ValueError(f"the name {twice[:40]!r} stands twice in one object")
    return content


def bound(host, port):
    """Return a socket that is bound to an address; of port 0, to any port that is free.

    Raises
    ------
    InputError
        Where the port is taken or forbidden, or the host is not one of this machine.
    """
    if not 0 <= port < 1 << 16:  # getaddrinfo would take the rest of a division
        raise InputError(f"--port must be from 0 to 65535, got {port}.")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(_unbound(host, port, error)) from error
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen()
    except OSError as error:
        listening.close()
        raise InputError(_unbound(host, port, error)) from error
    return listening


def _unbound(host, port, error):
    reason = one_line(getattr(error, "strerror", None) or error)
    return (
        f"--host and --port must be an address of this machine that is free, got {host}:{port}: "
        f"{reason}; --port 0 takes any free port."
    )


def serve(scorer, listening, data, decider):
    """Answer requests on a bound socket until the server is stopped; see `app`."""
    import uvicorn

    config = uvicorn.Config(
        app(scorer, data, decider), log_level="warning", timeout_graceful_shutdown=END_SECONDS
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # the usual end
        server.run(sockets=[listening])
    if not server.started:
        raise SystemExit(1)  # uvicorn has said why
