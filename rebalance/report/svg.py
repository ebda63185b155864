"""Figures as SVG inside the page: text as text, colours from the page's theme."""

import io
import re
from html import escape

from rebalance import figures
from rebalance.figures.canvas import COLOURS, GREY, INK

# Colours of the page: the style sheet has a value for each in light and in dark.
THEME = {INK: "currentColor", GREY: "var(--grey)"} | {
    colour: f"var(--c{i})" for i, colour in enumerate(COLOURS) if i
}
WIDTH, HEIGHT = 4.0, 3.1  # inches; the page scales it
MARKERS = {"D": "◆", "o": "●"}
DASHES = {"-": "line", "--": "dash", ":": "dots", "-.": "dash", "None": "none"}
HOLLOW = {"D": "◇", "o": "○"}


def draw(name, picture, results):
    """Return a figure as SVG, and the entries of its legend.

    Parameters
    ----------
    name : str
        Becomes the start of every id: ids are unique in the page.
    picture : figures.Picture
    results : Results

    Returns
    -------
    dict
        ``svg``, ``legend`` (see `_entry`), ``title`` and ``reading``.
    """
    import matplotlib as mpl

    options = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 9,
        "axes.linewidth": 0.7,
        "path.simplify": True,
    }
    with mpl.rc_context(options):
        figure = figures.new_figure(WIDTH, HEIGHT)
        picture.draw(figure, results)
        (axis,) = figure.axes
        legend = [_entry(*pair) for pair in zip(*axis.get_legend_handles_labels(), strict=True)]
        axis.get_legend().remove()
        file = io.BytesIO()
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=metadata)
    title = picture.titled(results)
    text = _inline(file.getvalue().decode(), name, escape(title), picture.reading)
    return {"svg": text, "legend": legend, "title": title, "reading": picture.reading}


def _entry(handle, label):
    """Return how an entry of the legend looks: ``label``, ``colour``, ``kind`` and ``marker``."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_hex
    from matplotlib.patches import Patch, StepPatch

    if isinstance(handle, PolyCollection):
        (colour,), kind, marker = handle.get_facecolor(), "area", ""
    elif isinstance(handle, Patch):
        outline = isinstance(handle, StepPatch)
        colour = handle.get_edgecolor() if outline else handle.get_facecolor()
        kind, marker = "line" if outline else "area", ""
    else:
        line = handle.lines[0] if hasattr(handle, "lines") else handle
        colour = line.get_color()
        hollow = str(line.get_markerfacecolor()) == "none"
        marker = (HOLLOW if hollow else MARKERS).get(line.get_marker(), "")
        kind = DASHES[line.get_linestyle()]
        if kind == "none" and not marker:
            kind = "bar"
    return {"label": label, "colour": _theme(to_hex(colour)), "kind": kind, "marker": marker}


def _theme(colour):
    return {key.lower(): value for key, value in THEME.items()}[colour.lower()]


def _inline(text, name, title, reading):
    """Return matplotlib's file as an element of a page, in the colours of the theme."""
    text = text[text.index("<svg") :].rstrip()
    box = re.search(r'viewBox="[^"]*"', text)[0]
    # Its own style sheet would hold for the whole page.
    body = re.sub(r"<style.*?</style>", "", text[text.index(">") + 1 :], flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r' ?font-family: [^;"]*;?', "", body)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", body)
    body = body.replace("xlink:href", "href")
    for colour, variable in THEME.items():
        body = re.sub(re.escape(colour), variable, body, flags=re.IGNORECASE)
    # Two decimals of a coordinate are enough; a number that people read stands between tags.
    body = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), body)
    body = re.sub(r"\n\s*", "\n", body)
    head = (
        f'<svg class="chart" viewBox={box[8:]} role="img" '
        f'aria-labelledby="{name}-title {name}-desc" xmlns="http://www.w3.org/2000/svg">'
    )
    words = f'<title id="{name}-title">{title}</title><desc id="{name}-desc">{reading}</desc>'
    return head + words + body
