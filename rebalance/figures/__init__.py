"""Draw figures in the project's colours: the same numbers give the same bytes."""

from rebalance.figures.canvas import COLOURS, INK, colour, new_figure, write_png
from rebalance.figures.ratio import draw_ratio, smallest_as_good

__all__ = [
    "COLOURS",
    "INK",
    "colour",
    "draw_ratio",
    "new_figure",
    "smallest_as_good",
    "write_png",
]
