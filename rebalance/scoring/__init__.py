"""Use a trained model: score files, answer over HTTP, and check its promises on new rows."""

from rebalance.scoring.files import score_file
from rebalance.scoring.models import find

__all__ = ["find", "score_file"]
