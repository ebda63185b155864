"""Fit params.yaml to a table: choose the rare label, edit the file and keep its comments."""

from rebalance.cli.setup.editing import Document
from rebalance.cli.setup.labels import choose, plain, shown
from rebalance.cli.setup.profile import Profile, profile
from rebalance.cli.setup.sections import point

__all__ = [
    "Document",
    "Profile",
    "choose",
    "plain",
    "point",
    "profile",
    "shown",
]
