"""Fit params.yaml to a table: choose the rare label, edit the file and keep its comments."""

from rebalance.cli.setup.editing import Document
from rebalance.cli.setup.entries import drop_amounts, fit_ratios, point
from rebalance.cli.setup.labels import choose, plain, shown
from rebalance.cli.setup.profile import Profile, profile

__all__ = [
    "Document",
    "Profile",
    "choose",
    "drop_amounts",
    "fit_ratios",
    "plain",
    "point",
    "profile",
    "shown",
]
