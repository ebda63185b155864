"""The study of the ratio: reproducible, crash-proof, on any number of workers."""

from rebalance.tuning.search import check, largest, questions, scorer, search, train, trials
from rebalance.tuning.study import Candidate, Scored, Study, choose

__all__ = [
    "Candidate",
    "Scored",
    "Study",
    "check",
    "choose",
    "largest",
    "questions",
    "scorer",
    "search",
    "train",
    "trials",
]
