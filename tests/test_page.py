"""The page that people read: what it holds, and how Chromium shows it."""

import html as htmllib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
from matplotlib.lines import Line2D

from rebalance import report
from rebalance.report import html, sections, svg
from rebalance.report.figures import PICTURES
from rebalance.report.section import Estimate, Section
from tests import fixed

ROOT = Path(__file__).parents[1]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
                None)  # fmt: skip
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")
SPOKEN = [{"code": "RB205", "severity": "warning", "sentence": "5 positives are <few> & far."}]


@pytest.fixture(scope="module")
def results():
    return fixed.results(checks=SPOKEN)


@pytest.fixture(scope="module")
def page(results):
    return report.as_html(results)


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_is_one_small_file_that_runs_nothing(page):
    assert len(page.encode()) < 600_000
    tags = Tags(page).tags
    assert not [tag for tag, _ in tags if tag in {"script", "img", "iframe", "object"}]
    places = [
        value
        for _, attributes in tags
        for key, value in attributes.items()
        if key in {"href", "src", "xlink:href"}
    ]
    assert places
    assert all(place.startswith("#") or place == "data:," for place in places)
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", page)
    assert "@import" not in page
    assert not [key for _, attributes in tags for key in attributes if key.startswith("on")]


def test_every_id_is_unique_and_every_reference_leads_somewhere(page):
    tags = Tags(page).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]+)"', page) + re.findall(r"url\(#([^)]+)\)", page)
    for attribute in ("aria-labelledby",):
        used += [i for _, a in tags for i in a.get(attribute, "").split()]
    assert set(used) <= set(ids)


def test_every_chart_is_named_and_described(page):
    charts = [a for tag, a in Tags(page).tags if tag == "svg" and a.get("class") == "chart"]
    assert len(charts) == len(PICTURES)
    for attributes in charts:
        assert attributes["role"] == "img"
        title, desc = attributes["aria-labelledby"].split()
        assert re.search(rf'<title id="{title}">[A-Z][^<]+</title>', page)
        assert re.search(rf'<desc id="{desc}">[A-Z][^<]+</desc>', page)


def test_a_chart_has_text_as_text_and_no_colour_of_its_own(page):
    for chart in re.findall(r'<svg class="chart".*?</svg>', page, flags=re.DOTALL):
        assert "<text" in chart
        assert "font-family" not in chart
        assert "<style" not in chart
        assert not re.search(r"#[0-9a-fA-F]{6}\b", chart)


def test_the_same_results_give_the_same_bytes_in_another_process(page):
    program = (
        "import sys; from rebalance import report; from tests import fixed, test_page;"
        "sys.stdout.write(report.as_html(fixed.results(checks=test_page.SPOKEN)))"
    )
    again = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "0", "PYTHONUTF8": "1"},
        capture_output=True,
        check=True,
    )
    assert again.stdout.decode() == page


def test_names_and_sentences_are_text_and_never_markup(page):
    assert "5 positives are &lt;few&gt; &amp; far." in page
    assert "<few>" not in page


def test_the_answer_comes_first_with_its_numbers(page):
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    text = htmllib.unescape(re.sub(r"<[^>]+>", "\n", text))
    order = [
        "Use under (random_under, ratio 2)",
        "Does a treatment help?",
        "How good are the scores?",
        "Which decisions do they give?",
        "What the answer rests on",
        "Details",
    ]
    places = [text.index(start) for start in order]
    assert places == sorted(places)


def test_the_facts_are_those_of_the_model_to_use(results):
    interval = results.comparison.intervals["under"]["average_precision"]
    assert report.facts(results) == [
        ("under", "model to use"),
        ("0.6", "threshold of the probability"),
        ("4", "of 5 positives found"),
        ("0", "false alarms among 15 negatives"),
        ("0.943", f"average precision [{interval.low:.3f}, {interval.high:.3f}]"),
    ]


@pytest.mark.parametrize(("threshold", "shown"), [(1.0, "1"), (1.5, "none")])
def test_a_threshold_above_every_probability_is_none(results, threshold, shown):
    scores = results.scores | {"under": results.scores["under"] | {"threshold": threshold}}
    _, fact, *_ = report.facts(replace(results, scores=scores))
    assert fact == (shown, "threshold of the probability")


def test_all_but_the_main_parts_is_folded_away(page):
    folded = re.findall("<summary>(.*?)</summary>", page)
    assert {"ROC", "At 0.5", "Probabilities", "Alert budgets"} <= set(folded)
    main = ("Difference from", "Rules, for", "Decisions against the baseline with", "Checks")
    assert not [title for title in folded if title.startswith(main)]
    assert page.count("<details") == len(folded)
    assert "<details open" not in page


def test_how_the_differences_were_made_is_folded_away_below_their_table(page, results):
    text = htmllib.unescape(page)
    made = [section for each in sections.SECTIONS if (section := each(results)) and section.notes]
    assert text.count('<details class="notes">') == len(made) == 4
    assert text.count("<summary>How the numbers were made</summary>") == 4
    for section in made:
        start = text.index(f"{section.title}</h3>")
        (shown,) = re.findall("^.*?</section>", text[start:], flags=re.DOTALL)
        places = [
            shown.find(each) for each in ("</table>", '<details class="notes">', section.notes)
        ]
        assert places == sorted(places)
        assert places[1] > 0


# The pictures of intervals.


def test_a_difference_of_many_digits_has_room_beside_its_picture(results):
    wide = replace(results.comparison.verdicts["under"], difference=0.0, low=-2e-4, high=2e-4)
    verdicts = results.comparison.verdicts | {"under": wide}
    found = replace(results, comparison=replace(results.comparison, verdicts=verdicts))
    assert [html._section(sections.verdicts(each), each)["wide"] for each in (results, found)] == [
        False,
        True,
    ]
    assert 'class="stacks wide"' in report.as_html(found)


def test_a_value_beside_a_difference_has_no_picture_of_its_own(results):
    section = sections.verdicts(results)
    drawn = {
        cell["key"]
        for row in html._section(section, results)["rows"]
        for cell in row
        if cell["picture"]
    }
    assert drawn == {"difference"}


def test_a_bar_in_a_cell_is_a_bar(results):
    made = Section(title="A", headings={"a": "a"}, rows=[{"a": "x|y"}])
    assert html._section(made, results)["rows"][0][0]["text"] == "x|y"


def estimate(low, value, high, sign="+"):
    return Estimate(low=low, value=value, high=high, sign=sign)


def test_intervals_of_a_column_share_one_round_scale_with_zero():
    span = html._span([estimate(-0.13, -0.07, -0.01), estimate(-0.02, 0.0, 0.011)])
    assert span == pytest.approx((-0.15, 0.05))
    picture = html._picture(estimate(-0.15, -0.05, 0.05), span)
    # A margin of 2 on both sides of 96.
    assert picture == {"low": 2, "value": 50, "high": 98, "zero": 2 + 96 * 0.75}
    assert html._ticks(span) == [
        (2, "-0.15"), (26, "-0.1"), (50, "-0.05"), (74, "0"), (98, "0.05")
    ]  # fmt: skip


def test_0_has_a_label_on_every_scale_of_differences():
    span = html._span([estimate(-0.11, -0.03, 0.058)])
    assert span == pytest.approx((-0.15, 0.1))
    assert [label for _, label in html._ticks(span)] == ["-0.1", "0", "0.1"]
    assert dict(html._ticks(span)[1:2]) == {html._place(0.0, span): "0"}


def test_shares_are_drawn_from_0_to_1_and_without_a_line_at_0():
    share = estimate(0.2, 0.5, 0.7, sign="")
    assert html._span([share]) == (0, 1)
    assert html._picture(share, (0, 1))["zero"] is None
    assert html._ticks((0.0, 1.0)) == [(2, "0"), (50, "0.5"), (98, "1")]
    # What goes beyond 1, or below 0, is no share.
    assert html._span([estimate(0.2, 0.5, 3.7, sign="")])[1] > 3.7
    assert html._span([estimate(-3.0, 0.5, 0.7, sign="")])[0] <= -3


def test_a_scale_of_one_point_is_still_a_scale():
    low, high = html._span([estimate(0.0, 0.0, 0.0)])
    assert low <= 0 < high


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_the_legend_of_a_chart_says_how_each_line_looks(results, name):
    drawn = svg.draw(name, PICTURES[name], results)
    assert drawn["legend"]
    for entry in drawn["legend"]:
        assert not entry["label"].startswith("_")
        assert entry["colour"] == "currentColor" or entry["colour"].startswith("var(--")
        assert entry["kind"] != "none" or entry["marker"]


@pytest.mark.parametrize(
    ("marker", "face", "shown"),
    [("o", "#0072B2", "●"), ("o", "none", "○"), ("D", "#0072B2", "◆"), ("D", "none", "◇")],
)
def test_a_point_of_the_legend_is_hollow_where_that_of_the_chart_is(marker, face, shown):
    point = Line2D([], [], color="#0072B2", marker=marker, markerfacecolor=face, linestyle="None")
    entry = {"label": "stopped", "colour": "var(--c1)", "kind": "none", "marker": shown}
    assert svg._entry(point, "stopped") == entry


def test_a_filled_shape_has_the_colour_of_the_text_in_light_and_dark(page, results):
    """Matplotlib names no fill where it is black, and black is a hollow shape on a dark page."""
    (rule,) = re.findall(r"^\.chart \{([^}]*)\}", page, flags=re.MULTILINE)
    assert "fill: currentColor;" in rule
    assert "color: var(--ink);" in rule
    drawn = svg.draw("cost", PICTURES["cost"], results)["svg"]
    (style,) = re.findall(r'<path id="cost-m\w+" d="[^"]*z\s*" style="([^"]*)"', drawn)
    assert "fill" not in style


def test_a_title_of_a_chart_is_text_and_never_markup(results):
    title = "<b> & costs"
    drawn = svg.draw("roc", replace(PICTURES["roc"], title=lambda _: title), results)
    assert drawn["title"] == title
    assert "&lt;b&gt; &amp; costs</title>" in drawn["svg"]


def test_a_model_has_one_colour_in_all_charts(results):
    for name in ("precision_recall", "calibration", "decision_curve", "roc"):
        legend = svg.draw(name, PICTURES[name], results)["legend"]
        colours = {entry["label"].split()[0]: entry["colour"] for entry in legend}
        assert (colours["baseline"], colours["under"]) == ("currentColor", "var(--c1)")


# In Chromium.

AXE = """
axe.run(document).then(found => done({
  violations: found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' ')),
  passes: found.passes.length,
}));
"""
LAYOUT = """
// A number of more digits than others of its column, as a narrow interval has it.
const table = document.querySelector('.signed').closest('table');
table.querySelectorAll('td.signed span')[1].textContent = '+0.00243 [+0.00195, +0.00292]';
const zeros = [...table.querySelectorAll('.signed .zero')].map(e => e.getBoundingClientRect().left);
const wide = [...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.right > innerWidth + 1 && !e.closest('.scroll') && !e.closest('.skip') && box.width;
});
done({
  width: innerWidth,
  scroll: document.documentElement.scrollWidth,
  wide: wide.map(e => e.tagName + '.' + e.getAttribute('class')),
  paper: getComputedStyle(document.body).backgroundColor,
  ink: getComputedStyle(document.body).color,
  smallest: Math.min(...[...document.querySelectorAll('.chart text')]
    .map(e => e.getBoundingClientRect().height)),
  zeros: zeros.length,
  apart: Math.max(...zeros) - Math.min(...zeros),
  verdict: document.querySelector('td.verdict:not(.none)').getBoundingClientRect().right,
});
"""
TABLES = """
const tables = {};
for (const table of document.querySelectorAll('table')) {
  const title = table.parentElement.getAttribute('aria-label').replace('Table: ', '');
  const heads = [...table.querySelectorAll('thead th')].map(e => e.textContent.trim());
  tables[title] = [...table.querySelectorAll('tbody tr')].map(row =>
    Object.fromEntries([...row.children].map((c, i) => [heads[i], c.textContent.trim()])));
}
done(tables);
"""
# What a person without a mouse reaches, in the order of the Tab key.
KEYS = """
const reached = [...document.querySelectorAll('a[href], button, summary, [tabindex]')]
  .filter(e => e.tabIndex >= 0 && (e.checkVisibility() || e.matches('.skip')));
const seen = reached.map(e => {
  e.focus();
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {
    name: e.tagName + ' ' + (e.getAttribute('href') || e.textContent.trim().slice(0, 20)),
    holds: document.activeElement === e,
    drawn: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 0,
    tab: e.tabIndex,
  };
});
const summaries = [...document.querySelectorAll('summary')];
const before = summaries.map(e => e.parentElement.open);
summaries.forEach(e => e.click());  // what Enter and the space bar do
const skip = document.querySelector('.skip');
done({
  reached: seen,
  closed: before.filter(open => !open).length,
  opened: summaries.filter(e => e.parentElement.open).length,
  summaries: summaries.length,
  skips: document.querySelector(skip.getAttribute('href')) !== null,
  unreached: [...document.querySelectorAll('.scroll')].filter(e => e.tabIndex < 0).length,
});
"""
# The rules for paper, put on the screen: what is folded away, wide or dark there?
PAPER = """
for (const sheet of document.styleSheets)
  for (const rule of sheet.cssRules)
    if (rule.media && rule.media.mediaText === 'print') rule.media.mediaText = 'all';
const shown = e => e.checkVisibility({contentVisibilityAuto: true}) && e.getClientRects().length;
const inside = [...document.querySelectorAll('details :is(table, p, figure)')];
const style = getComputedStyle(document.body);
done({
  inside: inside.length,
  hidden: inside.filter(e => !shown(e)).map(e => e.tagName),
  paper: getComputedStyle(document.documentElement).getPropertyValue('--paper').trim(),
  ink: style.color,
  wide: [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest('svg'))
    .map(e => `${e.tagName} ${e.closest('[aria-label]')?.getAttribute('aria-label')}`),
  width: innerWidth,
  cut: [...document.querySelectorAll('.scroll')]
    .filter(e => getComputedStyle(e).overflowX !== 'visible').length,
  whole: [...document.querySelectorAll('figure, tr')]
    .filter(e => getComputedStyle(e).breakInside !== 'avoid').length,
  skip: document.querySelector('.skip').getClientRects().length,
});
"""


def in_chromium(folder, frames, *, dark):
    """Return what programs say of their pages, each in a frame of a width, and what Chromium logs.

    ``frames`` has {name: (page, program, width)}; one frame is filled when the last has spoken.
    """
    hook = "<script>const done = said => parent.next(said);</script>"
    sources = [
        page.replace("</body>", f"{hook}<script>{program}</script></body>")
        for page, program, _ in frames.values()
    ]
    texts = json.dumps(sources).replace("</", "<\\/")
    widths = [width for *_, width in frames.values()]
    outside = (
        "<!doctype html><html lang='en'><title>frame</title><body><script>"
        f"const sources = {texts}, widths = {widths};"
        "const heard = [];"
        "const show = () => { const frame = document.createElement('iframe');"
        " frame.style = `width:${widths[heard.length]}px;height:900px;border:0`;"
        " frame.srcdoc = sources[heard.length]; document.body.replaceChildren(frame); };"
        "window.next = said => { heard.push(said); if (heard.length < sources.length) show(); else"
        " document.body.textContent = btoa(encodeURIComponent(JSON.stringify(heard))); };"
        "show();</script></body></html>"
    )
    file = folder / "frame.html"
    file.write_text(outside, encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--enable-logging=stderr",
            "--window-size=1600,1000",
            "--virtual-time-budget=20000",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said = re.search(r"<body>([A-Za-z0-9+/=]+)</body>", done.stdout)
    assert said, done.stdout[-500:] + done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return dict(zip(frames, json.loads(_decoded(said[1])), strict=True)), console


def _decoded(text):
    from base64 import b64decode
    from urllib.parse import unquote

    return unquote(b64decode(text).decode())


@pytest.fixture(scope="module")
def seen(page, tmp_path_factory):
    """Return {dark: ({name: what a program says of the page}, what Chromium logged)}."""
    axe = pytest.importorskip("axe_core_python")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    # What is folded away is looked at too.
    opened = page.replace("<details", "<details open")
    frames = {
        "axe": (opened, f"{script}\n{AXE}", 1440),
        "tables": (page, TABLES, 1440),
        1440: (opened, LAYOUT, 1440),
        375: (opened, LAYOUT, 375),
        "keys": (page, KEYS, 1440),
        # A4 less margins of 1 cm, in pixels of CSS.
        "paper": (page, PAPER, 718),
    }
    folder = tmp_path_factory.mktemp("chromium")
    return {dark: in_chromium(folder, frames, dark=dark) for dark in (False, True)}


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_barrier_in_light_or_dark(seen, dark):
    frames, console = seen[dark]
    found = frames["axe"]
    assert found["violations"] == []
    assert found["passes"] > 20
    assert console == []


@needs_chromium
@pytest.mark.parametrize(("width", "dark"), [*product([1440, 375], [False, True])])
def test_the_page_fits_a_desk_and_a_phone(seen, width, dark):
    frames, console = seen[dark]
    found = frames[width]
    assert found["width"] == width
    assert found["scroll"] <= width
    assert found["wide"] == []
    assert found["smallest"] >= 10
    assert 0 < found["verdict"] <= width
    # One line at 0 through all rows of a table, however many digits a row has.
    assert found["zeros"] > 1
    assert found["apart"] < 0.5
    assert found["paper"] == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
    assert console == []


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(page, seen, dark):
    found = seen[dark][0]["keys"]
    assert found["reached"][0]["name"] == "A #main"
    assert found["skips"]
    assert [each["name"] for each in found["reached"] if not each["holds"]] == []
    assert [each["name"] for each in found["reached"] if not each["drawn"]] == []
    assert {each["tab"] for each in found["reached"]} == {0}  # in the order of the page
    assert found["unreached"] == 0
    assert found["summaries"] == found["closed"] == found["opened"] == page.count("<summary>") > 5


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_on_paper_everything_is_unfolded_and_black_on_white(seen, dark):
    found = seen[dark][0]["paper"]
    assert found["inside"] > 10
    assert found["hidden"] == []
    assert (found["paper"], found["ink"]) == ("#fff", "rgb(0, 0, 0)")
    assert found["width"] == 718
    assert not found["wide"], "; ".join(sorted(set(found["wide"])))
    assert (found["cut"], found["whole"], found["skip"]) == (0, 0, 0)


@needs_chromium
def test_the_numbers_on_the_page_are_those_of_the_files(results, seen):
    """Each number of a table, rounded as it is shown, is the file's."""
    files = {
        "scores": json.loads(json.dumps(results.scores)),
        "decisions": results.decisions,
        "comparison": results.comparison.to_dict(),
    }
    found = seen[False][0]["tables"]

    (title,) = [title for title in found if title.startswith("Difference from the baseline")]
    for row in found[title]:
        intervals = files["comparison"]["intervals"][row["model"]]["average_precision"]
        value, low, high = numbers(row["average precision (higher is better)"])
        assert [value, low, high] == rounded(intervals, "value", "low", "high")
        if row["model"] != "baseline":
            verdict = files["comparison"]["verdicts"][row["model"]]
            assert numbers(row["difference"]) == rounded(verdict, "difference", "low", "high")
            assert row["verdict"] == verdict["verdict"]
            p = f"{verdict['p_adjusted']:.3f}"
            assert row["p"] == ("< 0.001" if verdict["p_adjusted"] < 0.001 else p)

    for row in found["Rules, for under"]:
        decided = files["decisions"]["under"][row["name"]]
        assert int(row["found"]) == decided["true_positives"]
        assert int(row["false alarms"]) == decided["false_positives"]
        assert float(row["threshold"]) == decided["threshold"]
        for key in ("precision", "recall"):
            ends = rounded(decided, key, f"{key}_low", f"{key}_high")
            assert numbers(row[key]) == ends
        assert (row["use"] == "in use") == (row["name"] == "max_f1")

    for row in found["At the threshold chosen out of fold (max_f1)"]:
        scores = files["scores"][row["model"]]
        assert int(row["found"]) == scores["true_positives"]
        assert int(row["missed"]) == scores["false_negatives"]
        assert numbers(row["average precision"])[0] == round(scores["average_precision"], 3)
        assert numbers(row["ROC AUC"])[0] == round(scores["roc_auc"], 3)


def numbers(text):
    return [float(number) for number in re.findall(r"[-+]?\d+\.?\d*", text)]


def rounded(content, *keys):
    return [round(content[key], 3) for key in keys]


def test_a_run_without_costs_has_no_chart_of_costs(results):
    rules = {key: results.params.threshold.rules[key] for key in ("half", "max_f1")}
    threshold = results.params.threshold.model_copy(update={"rules": rules})
    params = results.params.model_copy(update={"threshold": threshold})
    decided = {name: {key: rows[key] for key in rules} for name, rows in results.decisions.items()}
    text = report.as_html(replace(results, params=params, decisions=decided))
    assert "Cost by threshold" not in text
    assert "Cost by threshold" in report.as_html(results)
