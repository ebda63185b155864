"""Say, with evidence, whether any treatment of class imbalance helps."""

from importlib.metadata import version

__version__ = version("rebalance")
