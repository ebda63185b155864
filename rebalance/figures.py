"""Figures in the colours of the project, with the same bytes for the same numbers."""

from contextlib import contextmanager

from rebalance import store

# Okabe and Ito's colours, told apart with any colour vision.
COLOURS = ["#000000", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442"]


@contextmanager
def figure(path, width=6.4, height=4.4, columns=1):
    """Yield the axes of a new figure, and write it as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns)
    for axis in [axes] if columns == 1 else axes:
        axis.spines[["top", "right"]].set_visible(False)
    yield axes
    with store.replacing(path) as beside:
        # No software version in the file: the same numbers give the same bytes.
        figure.savefig(beside, format="png", dpi=120, metadata={"Software": None})
