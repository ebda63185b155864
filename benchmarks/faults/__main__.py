"""Print what faults cost: ``python -m benchmarks.faults``, ``make faults``; 1 where one cost.

The work is in parts of minutes, some at a time; each prints a line when it is done, and its result
is kept, so that a run that was stopped goes on from there. A change of the code begins anew.
"""

import argparse
import hashlib
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from benchmarks.faults import pieces, tally, tiny

KEPT = Path(".rebalance") / "faults"


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
    todo = [each for each in pieces.of(parts) if each[0] not in known]
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
            keep(name, *pieces.work(part, argument, quick))
    else:
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
            names = {pool.submit(pieces.work, part, arg, quick): name for name, part, arg in todo}
            for future in as_completed(names):
                keep(names[future], *future.result())
    return [each for name, *_ in pieces.of(parts) for each in known[name]]


def main(arguments=None):
    """Run the parts and print the table; return 1 where a fault cost anything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few of each fault")
    parser.add_argument(
        "--part",
        action="append",
        choices=[*pieces.PARTS, *(name for name, *_ in pieces.of(pieces.PARTS))],
        metavar="PART",
        help="such as refusals, or one piece of it, 'refusals split'; may be repeated",
    )
    parser.add_argument("--anew", action="store_true", help="forget what was kept")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args(arguments)
    path = KEPT / f"{code()}{'-quick' if options.quick else ''}.jsonl"
    if options.anew:
        path.unlink(missing_ok=True)
    found = tally.joined(
        done(path, options.part or list(pieces.PARTS), options.quick, options.jobs)
    )
    print(tally.text(found))
    return int(not all(each.holds for each in found))


if __name__ == "__main__":
    sys.exit(main())
