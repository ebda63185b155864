"""The pieces of ``make faults``: each tries some faults, and takes seconds to minutes."""

import tempfile
import time
from pathlib import Path

from benchmarks.faults import calls, damage, lock, network, params, tables, tally, tiny

# Stages that write in more than one way: {name of the piece: (stage, changes of params.yaml)}.
WAYS = {"split by hash": ("split", {"split": {"method": "hashed", "test_size": 0.25}})}
REFUSALS = [fault for fault in calls.FAULTS if fault != calls.KILLED]


def kills(folder, quick, name):
    """Yield the tallies of a stage that is killed, and of a machine that loses power."""
    stage, changes = WAYS.get(name, (name, {}))
    with tiny.Server(folder) as server:
        if not server.preloaded:
            return
        chain = tiny.Chain(server, folder / "it", changes=changes).build(_until(stage))
        lost, known = tally.Tally("power lost at a call of our files"), {}
        step = 40 if quick else 1
        yield calls.tried(
            chain, calls.KILLED, stages=[stage], step=step, start=step, known=known, lost=lost
        )
        yield lost
        yield calls.at_random(chain, stage, 2 if quick else 20, known.setdefault(stage, {}))


def refusals(folder, quick, name):
    """Yield the tallies of a stage whose disk is full or read-only."""
    stage, changes = WAYS.get(name, (name, {}))
    with tiny.Server(folder) as server:
        if not server.preloaded:
            return
        chain, known = tiny.Chain(server, folder / "it", changes=changes).build(_until(stage)), {}
        step = 40 if quick else 1
        for fault in REFUSALS:
            yield calls.tried(chain, fault, stages=[stage], step=step, start=step, known=known)


def _until(stage):
    """Return the stages up to one: those after it need not have run."""
    return tiny.STAGES[: tiny.STAGES.index(stage) + 1]


def damaged(folder, quick, stage):
    """Yield the tally of the files that a stage reads, each damaged in each way."""
    with tiny.Server(folder) as server:
        chain = damage.with_lock(tiny.Chain(server, folder / "it").build())
        yield damage.tried(chain, flips=3, every=20 if quick else 1, stages=[stage])


def runs(folder, quick, stage):
    """Yield the tallies of a stage that records itself in MLflow's database."""
    step = 400 if quick else 41
    with tiny.Server(folder) as server:
        if not server.preloaded:
            return
        chain = tiny.Chain(server, folder / "it", recorded=True).build(_until(stage))
        for fault in (calls.KILLED, "disk full from a call on"):
            yield calls.tried(chain, fault, where="runs", stages=[stage], step=step, start=step)
            if stage == tiny.STAGES[0]:
                # The thousands of calls of its migrations are alike.
                often = 10 * step
                yield calls.tried(
                    chain, fault, where="made", stages=[stage], step=often, start=often // 2
                )


def download(folder, quick):
    """Yield the tallies of a network that fails while rows are fetched."""
    yield from network.tried(folder, step=4 if quick else 1)


def cut(folder, quick):
    """Yield the tally of a dvc.lock that is cut."""
    finished, wanted = lock.finished(folder / "it")
    yield lock.cut(finished, wanted, lock.places(wanted, 1 if quick else 10))


def rewriting(folder, quick):
    """Yield the tally of a live DVC that is killed at each call to dvc.lock."""
    finished, wanted = lock.finished(folder / "it")
    yield lock.killed_at_the_lock(finished, wanted, most=1 if quick else None)


def running(folder, quick, seed):
    """Yield the tally of a live DVC that is killed while it runs all stages."""
    finished, wanted = lock.finished(folder / "it")
    yield lock.killed(finished, wanted, 1 if quick else 10, seed)


def odd_params(_folder, quick, number):
    """Yield the tally of a tenth of the files of parameters."""
    cases = 50 if quick else 2000
    yield params.tried(cases, seed=number * cases)


def odd_tables(_folder, quick, number):
    """Yield the tally of a tenth of the tables."""
    cases = 5 if quick else 200
    yield tables.tried(cases, seed=number * cases)


# {part: (function, the arguments of each piece)}, those that take longest first.
PARTS = {
    "refusals": (refusals, (*tiny.STAGES[::-1], *WAYS)),
    "kills": (kills, (*tiny.STAGES[::-1], *WAYS)),
    "dvc": (running, (0, 1)),
    "damage": (damaged, tiny.STAGES[::-1]),
    "runs": (runs, tiny.STAGES[::-1]),
    "lock": (rewriting, ()),
    "cut": (cut, ()),
    "network": (download, ()),
    "tables": (odd_tables, range(10)),
    "params": (odd_params, range(10)),
}


def of(wanted):
    """Return [(name, part, argument or None)] of parts, and of single pieces by their names."""
    known = [
        (part if argument is None else f"{part} {argument}", part, argument)
        for part, (_, arguments) in PARTS.items()
        for argument in arguments or [None]
    ]
    return [each for each in known if {*wanted}.intersection(each[:2])]


def work(part, argument, quick):
    """Do one piece of the work; return its tallies and its seconds."""
    start = time.perf_counter()
    arguments = [] if argument is None else [argument]
    with tempfile.TemporaryDirectory(prefix="rebalance-faults-") as folder:
        found = list(PARTS[part][0](Path(folder).resolve(), quick, *arguments))
    return found, time.perf_counter() - start
