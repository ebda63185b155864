"""The study of the ratio: reproducible, crash-proof, on any number of workers."""

from rebalance.tuning.curve import draw_curve
from rebalance.tuning.search import check, scorer, search, train, trials
from rebalance.tuning.study import Candidate, Scored, Study, choose

__all__ = [
    "Candidate",
    "Scored",
    "Study",
    "check",
    "choose",
    "draw_curve",
    "scorer",
    "search",
    "train",
    "trials",
]
