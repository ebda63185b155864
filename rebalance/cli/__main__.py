"""Run a command where the script ``rebalance`` is not installed: ``python -m rebalance.cli``."""

from rebalance.cli.parser import run

run()
