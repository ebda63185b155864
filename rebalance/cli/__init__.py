"""The command ``rebalance``: what a person runs by hand. No stage imports it."""

from rebalance.cli.parser import main, run

__all__ = ["main", "run"]
