"""The canvas of every figure: size, colours, and the file."""

from rebalance import store

INK = "#000000"
GREY = "#767676"
# The colours of Okabe and Ito (2008), which people with any colour vision can tell apart.
COLOURS = [INK, "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442"]


def colour(i):
    """Return the colour and the dash of line number ``i``: the colours repeat, dashed.

    >>> colour(0), colour(9)
    (('#000000', '-'), ('#0072B2', '--'))
    """
    return COLOURS[i % len(COLOURS)], "-" if i < len(COLOURS) else "--"


def new_figure(width=4.4, height=3.4):
    """Return an empty matplotlib figure whose layout fits its labels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def axis_of(figure):
    """Return the only axis of ``figure``, without the upper and the right line."""
    axis = figure.subplots()
    axis.spines[["top", "right"]].set_visible(False)
    return axis


def along_logarithm(axis, low, high):
    """Put the x-axis on a logarithmic scale, with labels that stay apart.

    They are powers of ten; over less than two of these also twice and five times one.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    if high < 100 * low:
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def write_png(figure, path):
    """Write ``figure`` as PNG."""
    with store.replacing(path) as partial:
        # No software version in the file: the same numbers give the same bytes.
        figure.savefig(partial, format="png", dpi=160, metadata={"Software": None})
