"""``metrics/report.html``: the whole report as one page that needs no other file."""

from math import ceil, floor, log10

from rebalance.report import section as part
from rebalance.report import svg
from rebalance.report.figures import PICTURES
from rebalance.report.markdown import NOTES, column
from rebalance.report.section import Estimate

# Characters beside a picture of a difference: with four decimals it has 26.
LONGEST = 26
PARTS = {
    part.DIFFERENCES: "Does a treatment help?",
    part.SCORES: "How good are the scores?",
    part.DECISIONS: "Which decisions do they give?",
    part.DATA: "What the answer rests on",
    part.MORE: "Details",
}


def render(title, subtitle, answer, facts, sections, results):
    """Return the page.

    Parameters
    ----------
    title, subtitle : str
    answer : list of str
        The three sentences.
    facts : list of (str, str)
        Numbers to see at once: the number and what it counts.
    sections : list of Section
    results : Results
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rebalance.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html.j2").render(
        title=title,
        subtitle=subtitle,
        answer=answer,
        facts=facts,
        notes=NOTES,
        recommended=results.recommendation.model,
        style=environment.get_template("style.css").render(),
        parts=[
            {
                "name": name,
                "title": heading,
                "sections": [_section(s, results) for s in sections if s.part == name],
            }
            for name, heading in PARTS.items()
        ],
    )


def _section(section, results):
    """Return a section as the template reads it."""
    spans = {
        key: _span([row[key] for row in section.rows if _drawn(row.get(key))])
        for key in section.headings
    }
    return {
        "title": section.title,
        "id": "".join(c if c.isalnum() else "-" for c in section.title.lower()).strip("-"),
        "text": section.text,
        "notes": section.notes,
        "points": section.points,
        "figures": [svg.draw(name, PICTURES[name], results) for name in section.figures],
        "headings": list(section.headings.items()),
        "numbers": (numbers := _numbers(section)),
        "rows": _rows(section, spans, numbers),
        "scales": {key: _ticks(span) for key, span in spans.items() if span},
        "signed": [key for key in section.headings if _signed(section, key)],
        "wide": any(len(text) > LONGEST for text in _signed_texts(section)),
        "stacks": section.part != part.MORE,
    }


def _signed_texts(section):
    """Return the texts that stand beside pictures of differences."""
    for key in section.headings:
        values = [row.get(key) for row in section.rows]
        for value, text in zip(values, column(values), strict=True):
            if _drawn(value) and value.sign:
                yield text


def _drawn(value):
    return isinstance(value, Estimate) and value.drawn


def _signed(section, key):
    """Return whether a column holds differences."""
    return any(getattr(row.get(key), "sign", "") for row in section.rows)


def _numbers(section):
    """Return which columns hold plain numbers: they stand right."""
    return {
        key: not any(isinstance(row.get(key), (str, Estimate)) for row in section.rows)
        for key in section.headings
    }


def _rows(section, spans, numbers):
    """Return a table as rows of cells: ``text``, ``number`` and, of an estimate, ``picture``."""
    texts = {key: column([row.get(key) for row in section.rows]) for key in section.headings}
    return [
        [
            {
                "key": key,
                "text": texts[key][at].replace("\\|", "|"),
                "number": numbers[key],
                "picture": _picture(row.get(key), spans[key]),
            }
            for key in section.headings
        ]
        for at, row in enumerate(section.rows)
    ]


def _span(estimates):
    """Return the ends of the scale on which a column of estimates is drawn: round numbers."""
    if not estimates:
        return None
    ends = [end for e in estimates for end in (e.low, e.high)]
    if any(e.sign for e in estimates):
        ends.append(0.0)
    elif min(ends) >= 0 and max(ends) <= 1:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    step = _step(low, high)
    return step * floor(low / step), max(step * ceil(high / step), step * floor(low / step) + step)


def _step(low, high):
    """Return a round number, of which the scale has about four."""
    raw = max(high - low, 1e-9) / 4
    unit = 10.0 ** floor(log10(raw))
    return next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)


def _ticks(span):
    """Return the places of a scale's labels, from 0 to 100, and the labels."""
    low, high = span
    step = 0.5 if span == (0.0, 1.0) else _step(low, high)
    # Multiples of the step, so that 0 is one of them: the ends may be between two.
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    values = [i * step for i in range(first, last + 1)]
    return [(_place(value, span), f"{round(value, 12) + 0.0:g}") for value in values]


def _place(value, span):
    """Return where a value lies on the scale, from 0 to 100, with a margin of 2."""
    low, high = span
    return round(2 + 96 * (value - low) / (high - low), 2)


def _picture(estimate, span):
    """Return where an estimate's ends and 0 lie on the scale."""
    if not _drawn(estimate):
        return None
    ends = {key: _place(getattr(estimate, key), span) for key in ("low", "value", "high")}
    return ends | {"zero": _place(0.0, span) if estimate.sign else None}
