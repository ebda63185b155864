"""Answer over HTTP: GET /health and /schema, POST /invocations."""

import sys


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="a model of params.yaml, or models:/rebalance@champion (default: the recommended one)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="(default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="0: any free one (default: 8000)")


def run(model, host, port):
    """Serve a model until it is stopped."""
    from rebalance import params, scoring
    from rebalance.scoring import models, server

    with server.bound(host, port) as listening:
        settings = params.load()
        scorer = scoring.find(model)
        decider = models.decider(
            scorer, use=settings.threshold.use, prevalence=settings.data.prevalence
        )
        port = listening.getsockname()[1]
        sys.stdout.write(f"{scorer.name} answers at http://{host}:{port}, its page at /docs\n")
        sys.stdout.flush()
        server.serve(scorer, listening, settings.data, decider)
    return ""
