"""The same examples on every run, no time limit, and one thread a fit: the machine may be busy."""

import os

from hypothesis import settings

# Read when OpenMP is loaded, so before the libraries that load it; processes of tests inherit it.
os.environ["OMP_NUM_THREADS"] = "1"

# mutmut notes which functions a test calls; a process that a test starts could not, and would end.
if os.environ.get("MUTANT_UNDER_TEST") == "stats":
    del os.environ["MUTANT_UNDER_TEST"]

settings.register_profile("rebalance", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("rebalance")
