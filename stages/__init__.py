"""The six stages of the pipeline, each run as ``python -m stages.<name>``."""

import sys

from rebalance import starting

# While Python looks for the module that -m names; who imports a stage keeps Ctrl-C and the rest.
if sys.argv[0] == "-m":
    starting.begin()
