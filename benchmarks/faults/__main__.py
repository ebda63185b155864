"""Print what faults cost: ``python -m benchmarks.faults``, ``make faults``; 1 where one cost.

The work is in parts of minutes, some at a time; each prints a line when it is done, and its result
is kept, so that a run that was stopped goes on from there. A change of the code begins anew.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from benchmarks.faults import calls, damage, lock, network, params, tables, tally, tiny

KEPT = Path(".rebalance") / "faults"
REFUSALS = [fault for fault in calls.FAULTS if fault != calls.KILLED]


def kills(folder, quick, stage):
    """Yield the tallies of a stage that is killed, and of a machine that loses power."""
    with tiny.Server(folder) as server:
        if not server.preloaded:
            return
        chain = tiny.Chain(server, folder / "it").build()
        lost, known = tally.Tally("power lost at a call of our files"), {}
        step = 40 if quick else 1
        yield calls.tried(
            chain, calls.KILLED, stages=[stage], step=step, start=step, known=known, lost=lost
        )
        yield lost
        yield calls.at_random(chain, stage, 2 if quick else 20, known.setdefault(stage, {}))


def refusals(folder, quick, stage):
    """Yield the tallies of a stage whose disk is full or read-only."""
    with tiny.Server(folder) as server:
        if not server.preloaded:
            return
        chain, known = tiny.Chain(server, folder / "it").build(), {}
        step = 40 if quick else 1
        for fault in REFUSALS:
            yield calls.tried(chain, fault, stages=[stage], step=step, start=step, known=known)


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
        chain = tiny.Chain(server, folder / "it", recorded=True).build()
        for fault in (calls.KILLED, "disk full from a call on"):
            yield calls.tried(chain, fault, where="runs", stages=[stage], step=step, start=step)


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
    "refusals": (refusals, tiny.STAGES[::-1]),
    "kills": (kills, tiny.STAGES[::-1]),
    "dvc": (running, (0, 1)),
    "damage": (damaged, tiny.STAGES[::-1]),
    "runs": (runs, tiny.STAGES[::-1]),
    "lock": (rewriting, ()),
    "cut": (cut, ()),
    "network": (download, ()),
    "tables": (odd_tables, range(10)),
    "params": (odd_params, range(10)),
}


def pieces(parts):
    """Return [(name, part, argument or None)] of the parts."""
    return [
        (f"{part} {argument}" if PARTS[part][1] else part, part, argument)
        for part in parts
        for argument in PARTS[part][1] or [None]
    ]


def piece(part, argument, quick):
    """Do one piece of the work; return its tallies and its seconds."""
    start = time.perf_counter()
    arguments = [] if argument is None else [argument]
    with tempfile.TemporaryDirectory(prefix="rebalance-faults-") as folder:
        found = list(PARTS[part][0](Path(folder).resolve(), quick, *arguments))
    return found, time.perf_counter() - start


def code():
    """Return a checksum of all code that runs here: with another one, nothing kept holds."""
    checksum = hashlib.sha256(sys.version.encode())
    folders = (tiny.ROOT / name for name in ("rebalance", "stages", "benchmarks/faults"))
    files = [p for f in folders for p in f.rglob("*") if p.suffix in {".py", ".c"}]
    for path in sorted([*files, tiny.ROOT / "dvc.yaml", tiny.ROOT / "params.yaml"]):
        checksum.update(path.read_bytes())
    return checksum.hexdigest()[:16]


def kept(path):
    """Return {name: tallies} of the pieces that a file holds."""
    if not path.exists():
        return {}
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {line["piece"]: [tally.Tally(**each) for each in line["tallies"]] for line in lines}


def done(path, parts, quick, jobs):
    """Do the pieces that a file does not hold yet, and add them; return all tallies."""
    known = kept(path)
    todo = [each for each in pieces(parts) if each[0] not in known]
    path.parent.mkdir(parents=True, exist_ok=True)

    def keep(name, found, seconds):
        known[name] = found
        line = {"piece": name, "tallies": [asdict(each) for each in found]}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for problem in (problem for each in found for problem in each.problems):
            print(problem, file=sys.stderr)
        tries = sum(each.tries for each in found)
        costs = sum(len(each.problems) for each in found)
        print(f"{name}: {tries} tries, {costs} cost, {seconds:.0f} s", file=sys.stderr, flush=True)

    if jobs == 1:
        for name, part, argument in todo:
            keep(name, *piece(part, argument, quick))
    else:
        # A piece imports anew, so that none meets what another left in the process.
        options = {"mp_context": get_context("spawn"), "max_tasks_per_child": 1}
        with ProcessPoolExecutor(jobs, **options) as pool:
            names = {pool.submit(piece, part, arg, quick): name for name, part, arg in todo}
            for future in as_completed(names):
                keep(names[future], *future.result())
    return [each for name, *_ in pieces(parts) for each in known[name]]


def main(arguments=None):
    """Run the parts and print the table; return 1 where a fault cost anything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few of each fault")
    parser.add_argument("--part", action="append", choices=PARTS, help="may be repeated")
    parser.add_argument("--anew", action="store_true", help="forget what was kept")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args(arguments)
    path = KEPT / f"{code()}{'-quick' if options.quick else ''}.jsonl"
    if options.anew:
        path.unlink(missing_ok=True)
    found = tally.joined(done(path, options.part or list(PARTS), options.quick, options.jobs))
    print(tally.text(found))
    return int(not all(each.holds for each in found))


if __name__ == "__main__":
    sys.exit(main())
