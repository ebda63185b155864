"""Threads that fit at the same time, and what they leave behind."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The first array teaches glibc, left to itself, to keep the others in a heap, below the last one.
FREED = """
from types import SimpleNamespace
import numpy as np
from rebalance import parallel

def held():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * 4096

def work():
    first = np.ones(30_000_000, np.int8)
    del first
    before = held()
    arrays = [np.ones(10_000_000, np.int8) for _ in range(10)]
    last = arrays.pop()
    del arrays
    return held() - before, last

with parallel.pool(SimpleNamespace(workers=1)) as executor:
    print(executor.submit(work).result()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_arrays_that_a_thread_freed_take_no_memory():
    done = subprocess.run(
        [sys.executable, "-c", FREED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 30_000_000
