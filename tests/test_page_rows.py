"""What the page shows in each row: words, places of the marks, classes that colour them."""

import html as htmllib
import re
from functools import cache
from xml.etree import ElementTree as ET

import pytest

from rebalance.report import html, svg
from rebalance.report import section as part
from rebalance.report.figures import PICTURES
from rebalance.report.section import Estimate, Section
from tests import fixed

of = cache(fixed.results)
MODELS = [("baseline", ""), ("under", "better"), ("a_name_of_more_than_20_letters", "worse")]
DIFFERENCES = {
    "under": Estimate(low=0.0, value=0.05, high=0.1, sign="+"),
    "a_name_of_more_than_20_letters": Estimate(low=-0.2, value=-0.15, high=-0.1, sign="+"),
}


def rendered(*sections):
    """Return the page of some sections, with what the page says of a run."""
    return html.render(
        "A title?",
        "The split.",
        ["Use under.", "Flag a row."],
        [("4", "of 5 positives found"), ("0.6", "threshold")],
        sections,
        of(),
    )


@pytest.fixture(scope="module")
def table():
    """The rows of a table of differences, of scores, of a rule in use and of counts, as XML."""
    rows = [
        {
            "model": name,
            "difference": DIFFERENCES.get(name),
            "verdict": verdict,
            "value": Estimate(low=0.5, value=0.75, high=1.0),
            "use": "in use" if name == "under" else "",
            "found": 1200 + number,
        }
        for number, (name, verdict) in enumerate(MODELS)
    ]
    headings = {
        "model": "model",
        "difference": "difference",
        "verdict": "verdict",
        "value": "average precision",
        "use": "",
        "found": "found",
    }
    page = rendered(Section(title="T", headings=headings, rows=rows, part=part.DIFFERENCES))
    (text,) = re.findall("<table.*?</table>", page, flags=re.DOTALL)
    return ET.fromstring(text.replace("<wbr>", "<wbr/>"))  # noqa: S314 - our own page


def cells(table, number):
    return table.findall("tbody/tr")[number].findall("td")


def lines(cell):
    """Return where the lines of an interval lie, by class: both ends of each."""
    return {
        line.get("class"): (float(line.get("x1")), float(line.get("x2")))
        for line in cell.iter("line")
    }


def said(element):
    return " ".join("".join(element.itertext()).split())


def test_the_headings_name_the_columns_and_an_empty_one_is_the_use(table):
    assert [said(each) for each in table.findall("thead/tr/th")] == [
        "model", "difference", "verdict", "average precision", "use", "found"
    ]  # fmt: skip


def test_a_row_says_its_model_and_each_cell(table):
    rows = table.findall("tbody/tr")
    assert [said(row.find("th")) for row in rows] == [name for name, _ in MODELS]
    assert [said(cell) for cell in cells(table, 0)] == ["", "", "0.750 [0.500, 1.000]", "", "1,200"]
    assert [said(cell) for cell in cells(table, 1)] == [
        "+0.050 [+0.000, +0.100]", "better", "0.750 [0.500, 1.000]", "in use", "1,201"
    ]  # fmt: skip


def test_only_the_row_of_the_model_to_use_is_marked(table):
    assert [row.get("class") for row in table.findall("tbody/tr")] == [None, "chosen", None]


def test_a_long_name_may_break_at_its_underscores_only(table):
    short, _, long = (row.find("th") for row in table.findall("tbody/tr"))
    assert (short.get("class"), long.get("class")) == (None, "long")
    assert len(long.findall("wbr")) == MODELS[2][0].count("_")


def test_an_interval_is_drawn_from_its_low_to_its_high_end_with_a_mark_at_the_value(table):
    # The scale of differences is -0.2 to 0.1, with a margin of 2 on both sides of 96.
    better, worse = lines(cells(table, 1)[0]), lines(cells(table, 2)[0])
    assert better == {"zero": (66, 66), "ends": (66, 98), "value": (82, 82)}
    assert worse == {"zero": (66, 66), "ends": (2, 34), "value": (18, 18)}
    # That of shares is 0 to 1; a line through the whole scale stands for one at 0.
    assert lines(cells(table, 1)[2]) == {"scale": (2, 98), "ends": (50, 98), "value": (74, 74)}
    assert not lines(cells(table, 0)[0])


def test_a_verdict_has_the_class_that_colours_it_and_a_rule_in_use_a_badge(table):
    assert [cells(table, i)[1].get("class").split() for i in range(3)] == [
        ["verdict", "none"], ["verdict", "better"], ["verdict", "worse"]
    ]  # fmt: skip
    assert [cells(table, i)[3].find("span").get("class") for i in range(3)] == [None, "badge", None]
    style = html.render("", "", [""], [], [], of())
    for word in ("better", "worse"):
        assert f".verdict.{word} {{ color" in style
    assert '.verdict.better span::before { content: "▲ "; }' in style
    assert '.verdict.worse span::before { content: "▼ "; }' in style


def test_numbers_and_estimates_are_set_apart(table):
    kinds = [set(cell.get("class").split()) - {cell.get("class").split()[0]} for cell in
             cells(table, 1)]  # fmt: skip
    assert kinds == [{"estimate", "signed"}, {"better"}, {"estimate"}, set(), {"number"}]


def test_on_a_phone_each_cell_says_its_heading(table):
    headings = ["difference", "verdict", "average precision", "", "found"]
    for number in range(3):
        assert [cell.get("data-label") for cell in cells(table, number)] == headings
    for cell, heading in zip(cells(table, 1), headings, strict=True):
        for span in cell.iter("span"):
            assert span.get("data-label", heading) == heading


def test_the_labels_of_a_scale_stand_where_its_values_lie(table):
    columns = table.findall("tfoot/tr/td")
    ticks = [[(span.get("style"), said(span)) for span in each.iter("span")] for each in columns]
    assert ticks == [
        [],
        [("left: 2.0%", "-0.2"), ("left: 34.0%", "-0.1"), ("left: 66.0%", "0"),
         ("left: 98.0%", "0.1")],
        [],
        [("left: 2.0%", "0"), ("left: 50.0%", "0.5"), ("left: 98.0%", "1")],
        [],
        [],
    ]  # fmt: skip
    assert [each.get("class") for each in columns] == [None, "signed", None, None, None, None]


def test_the_top_of_the_page_has_title_split_answer_and_facts():
    page = rendered()
    assert "<title>A title? Use under.</title>" in page
    assert "<h1>A title?</h1>" in page
    assert '<p class="subtitle">The split.</p>' in page
    (answer,) = re.findall("<ol>(.*?)</ol>", page, flags=re.DOTALL)
    assert re.findall("<li>(.*?)</li>", answer) == ["Use under.", "Flag a row."]
    facts = re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    assert facts == [("of 5 positives found", "4"), ("threshold", "0.6")]


@pytest.mark.parametrize("name", html.PARTS)
def test_a_section_stands_in_its_part_with_text_and_points(name):
    page = rendered(Section(title="Mine", text="Some words.", points=["one", "two"], part=name))
    start = page.index(f'<section id="{name}" aria-labelledby="{name}-heading">')
    shown = page[start:]
    assert shown.index(html.PARTS[name]) < shown.index("Mine")
    assert re.search("<p>Some words.</p>", shown)
    (points,) = re.findall('<ul class="points">(.*?)</ul>', shown, flags=re.DOTALL)
    assert re.findall("<li>(.*?)</li>", points) == ["one", "two"]
    folded = name == part.MORE
    assert ("<summary>Mine</summary>" in shown, '<h3 id="mine-heading">Mine</h3>' in shown) == (
        folded,
        not folded,
    )
    assert page.count("<h2") == 1  # a part without sections is left out


# A dashed or dotted line shows a reference, not a model. A filled mark shows the rule in use or the
# chosen ratio, a hollow one an alternative.
LEGENDS = {
    "ratio": [
        ("no resampling (3) ± standard error", "area", ""),
        ("smallest as good (1)", "none", "○"),
        ("chosen (2)", "none", "◆"),
        ("random_under", "line", "●"),
    ],
    "learning_curve": [
        ("inverse power law", "dots", ""),
        ("out of fold ± standard error", "line", "●"),
        ("twice as many, 95 % interval", "none", "○"),
    ],
    "precision_recall": [
        ("baseline (0.808)", "line", ""),
        ("under (0.943)", "line", ""),
        ("other rules", "none", "◇"),
        ("rule in use (max_f1)", "none", "◆"),
        ("prevalence", "dots", ""),
    ],
    "by_class": [
        ("negatives", "line", ""),
        ("positives", "line", ""),
        ("threshold (0.6)", "dots", ""),
    ],
    "calibration": [
        ("baseline", "line", "●"),
        ("under", "line", "●"),
        ("perfect", "dots", ""),
        ("95 % interval of under", "bar", ""),
    ],
    "decision_curve": [
        ("baseline", "line", ""),
        ("under", "line", ""),
        ("95 % interval of under", "area", ""),
        ("flag all", "dash", ""),
        ("flag none", "dots", ""),
    ],
    "cost": [
        ("under", "line", ""),
        ("flag none", "dots", ""),
        ("flag all", "dash", ""),
        ("rule costs", "none", "◆"),
    ],
    "alerts": [("recall", "line", ""), ("precision", "dash", ""), ("4 alerts", "dots", "")],
    "roc": [("baseline (0.920)", "line", ""), ("under (0.973)", "line", "")],
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_has_its_title_its_legend_and_how_to_read_it(name, monkeypatch):
    drawn = svg.draw(name, PICTURES[name], of())
    shown = [(entry["label"], entry["kind"], entry["marker"]) for entry in drawn["legend"]]
    assert shown == LEGENDS[name]
    monkeypatch.setattr(svg, "draw", lambda *_: drawn)  # once: drawing takes long
    page = rendered(Section(title="Mine", figures=(name,), part=part.SCORES))
    (figure,) = re.findall("<figure>(.*?)</figure>", page, flags=re.DOTALL)
    assert f"<figcaption>{htmllib.escape(drawn['title'])}</figcaption>" in figure
    assert htmllib.unescape(figure).count(f'<p class="reading">{drawn["reading"]}</p>') == 1
    entries = re.findall("<li>(.*?)</li>", figure.rpartition("<ul")[2], flags=re.DOTALL)
    assert len(entries) == len(drawn["legend"])
    for entry, shown in zip(drawn["legend"], entries, strict=True):
        assert htmllib.unescape(shown).endswith(f"</svg>{entry['label']}")
        assert f'style="color: {entry["colour"]}"' in shown
        assert (f">{entry['marker']}</text>" in shown) == bool(entry["marker"])
        drawing = {"area": "<rect", "bar": "<path", "none": ""}
        assert drawing.get(entry["kind"], f'<line class="{entry["kind"]}"') in shown


def test_the_parts_have_these_headings_in_this_order():
    assert list(html.PARTS.items()) == [
        ("differences", "Does a treatment help?"),
        ("scores", "How good are the scores?"),
        ("decisions", "Which decisions do they give?"),
        ("data", "What the answer rests on"),
        ("more", "Details"),
    ]
