"""Print the tables of honesty: ``python -m benchmarks.honesty``; exits with 1 on a missed bound.

``--quick`` repeats too little to judge a bound and only shows that every part runs; ``--part``
runs some of the parts.
"""

import argparse
import sys
import time

from threadpoolctl import threadpool_limits

from benchmarks.honesty import band, cores, costs, coverage, optimism, policy, promises, verdicts
from benchmarks.honesty.tables import text

# Each part takes ``quick`` and returns a `tables.Table`.
PARTS = {
    "coverage": coverage.coverage,
    "false_alarms": verdicts.false_alarms,
    "equal": verdicts.equal,
    "reseeded": verdicts.reseeded,
    "promises": promises.promises,
    "costs": costs.intervals_of_costs,
    "band": band.capacity,
    "power": verdicts.power,
    "optimism": optimism.optimism,
    "policy": policy.policy,
}


def main():
    """Run the parts; return 1 when a bound was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions, no judgement")
    parser.add_argument("--part", action="append", choices=PARTS, help="may be repeated")
    arguments = parser.parse_args()
    misses = []
    for name in arguments.part or PARTS:
        start, before = time.perf_counter(), cores.spent[0]
        with threadpool_limits(1):
            table = PARTS[name](arguments.quick)
        seconds, processor = time.perf_counter() - start, cores.spent[0] - before
        print(f"## {name} ({seconds:.0f} s, {processor:.0f} s of processor)\n", flush=True)
        print(f"{text(table)}\n", flush=True)
        misses += [f"{name}: {miss}" for miss in table.misses]
    if arguments.quick:
        print("Quick run: too few repetitions to judge a bound.")
        return 0
    if misses:
        print("\n".join(["Missed:", *misses]))
    else:
        print("Every bound holds.")
    return int(bool(misses))


if __name__ == "__main__":
    sys.exit(main())
