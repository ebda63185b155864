"""The six stages of the pipeline, each run as ``python -m stages.<name>``."""

# Before a stage imports anything that takes long.
from rebalance import starting  # noqa: F401
