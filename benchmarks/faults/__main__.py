"""Print what faults cost: ``python -m benchmarks.faults``, ``make faults``; 1 where one cost.

``--quick`` tries a few of each; ``--part`` runs some of the parts.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.faults import calls, damage, lock, params, tables, tally, tiny


def disk(folder, quick):
    """Yield the tallies of a disk that fails, of kills, and of files that were damaged."""
    step = 40 if quick else 1
    with tiny.Server(folder) as server:
        if not server.preloaded:
            print("No C compiler: no call to the disk was made to fail.", file=sys.stderr)
            return
        chain = tiny.Chain(server, folder / "it").build()
        for fault in calls.FAULTS:
            yield calls.tried(chain, fault, step=step)
        yield damage.tried(damage.with_lock(chain), flips=3, every=20 if quick else 1)


def runs(folder, quick):
    """Yield the tallies of the same where a stage records itself in MLflow's database."""
    step = 400 if quick else 41
    with tiny.Server(folder) as server:
        if not server.preloaded:
            return
        chain = tiny.Chain(server, folder / "it", recorded=True).build()
        for fault in ("killed at a call", "disk full from a call on"):
            yield calls.tried(chain, fault, runs=True, step=step)


def dvc(folder, quick):
    """Yield the tallies of a dvc.lock that is cut, and of a DVC that is killed."""
    finished, wanted = lock.finished(folder / "it")
    yield lock.cut(finished, wanted, lock.places(wanted, 1 if quick else 10))
    yield lock.killed(finished, wanted, 2 if quick else 20)


def written(_folder, quick):
    """Yield the tallies of params.yaml and of tables as nobody would write them."""
    yield params.tried(500 if quick else 20_000)
    yield tables.tried(50 if quick else 2_000)


PARTS = {"disk": disk, "runs": runs, "dvc": dvc, "input": written}


def main(arguments=None):
    """Run the parts and print the table; return 1 where a fault cost anything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few of each fault")
    parser.add_argument("--part", action="append", choices=PARTS, help="may be repeated")
    options = parser.parse_args(arguments)
    tallies = []
    for name in options.part or PARTS:
        start = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="rebalance-faults-") as folder:
            for each in PARTS[name](Path(folder).resolve(), options.quick):
                tallies.append(each)
                for problem in each.problems:
                    print(problem, file=sys.stderr, flush=True)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    print(tally.text(tallies))
    return int(not all(each.holds for each in tallies))


if __name__ == "__main__":
    sys.exit(main())
