"""What people read in the report, against numbers that are worked out by hand in tests/fixed.py."""

import re
from dataclasses import replace

import pytest
from scipy.stats import binomtest
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    matthews_corrcoef,
)

from rebalance import report
from rebalance.cli.commands import summary
from rebalance.report import markdown, render, sections
from rebalance.report.card import card
from rebalance.report.section import Section
from rebalance.report.sentences import sentences
from rebalance.report.sentences import treatment as in_words
from rebalance.thresholds.rules import FLAG_NONE
from tests import fixed
from tests.strategies import params, treatment

NAMES = ["baseline", "under"]
ARMS = ["moved_threshold", "under"]


@pytest.fixture(scope="module")
def results():
    return fixed.results()


def tables(text):
    """Return the first table of each section of a Markdown report, a list of dicts by title."""
    found = {}
    for part in text.split("\n## ")[1:]:
        lines = [line for line in part.splitlines() if line.startswith("|")]
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        rows = [dict(zip(cells[0], row, strict=True)) for row in cells[2:]] if cells else []
        found[part.splitlines()[0]] = rows
    return found


def rows_of(text, start):
    (title,) = [title for title in tables(text) if title.startswith(start)]
    return tables(text)[title]


def column(rows, heading):
    return [row[heading] for row in rows]


def first(cell):
    """Return the number with which a cell starts."""
    return float(cell.split()[0])


def whole(results):
    """Return every section as Markdown, those of the page too."""
    return markdown.render("", "", render.sections(results))


@pytest.fixture(scope="module")
def text(results):
    return whole(results)


# The three sentences.


def test_the_answer_names_treatment_threshold_counts_and_certainty(results):
    verdict = results.comparison.verdicts["under"]
    interval = results.comparison.intervals["under"]["average_precision"]
    what, where, sure = sentences(results)
    assert what == (
        "Use under (random_under, ratio 2): on the training rows it has the best average precision "
        "of the models that beat the baseline, which has no treatment, by more than one standard "
        "error."
    )
    assert where == (
        "Flag a row when its probability reaches 0.6 (rule max_f1): of 5 positives "
        "among the test rows this finds 4, with 0 false alarms among 15 negatives."
    )
    assert sure == (
        f"On the test rows average precision is 0.943 (95 % interval [{interval.low:.3f}, "
        f"{interval.high:.3f}]), +0.135 [{verdict.low:+.3f}, {verdict.high:+.3f}] against the "
        "baseline: not decided, because the test rows show fewer than 5 positives' worth of "
        "ranking errors."
    )


def test_the_answer_for_the_baseline_counts_its_own_decisions():
    what, where, _ = sentences(fixed.results("baseline"))
    assert what == (
        "Use baseline, the learner without any treatment: no treatment beats it by more than one "
        "standard error on the training rows."
    )
    assert where == (
        "Flag a row when its probability reaches 0.35 (rule max_f1): of 5 positives "
        "among the test rows this finds 3, with 2 false alarms among 15 negatives."
    )


def test_one_false_alarm_is_singular(results):
    one = results.scores | {"under": results.scores["under"] | {"false_positives": 1}}
    assert "1 false alarm among" in sentences(replace(results, scores=one))[1]


@pytest.mark.parametrize(
    ("threshold", "said"),
    [(1.0, "Flag a row when its probability reaches 1 ("), (1.5, "Flag no row (rule max_f1)")],
)
def test_a_threshold_of_1_flags_certain_rows_and_one_above_flags_none(results, threshold, said):
    scores = results.scores | {"under": results.scores["under"] | {"threshold": threshold}}
    assert sentences(replace(results, scores=scores))[1].startswith(said)


def test_the_title_says_how_the_test_rows_were_drawn(results):
    start = "# Does any treatment of class imbalance help? "
    assert report.as_markdown(results).startswith(f"{start}(random, stratified split)\n")
    drawn = replace(results, params=params(split__method="time", split__column="t"))
    assert report.as_markdown(drawn).startswith(f"{start}(time-ordered split)\n")


# The sections.


def test_the_short_report_has_the_answer_the_verdicts_the_rules_and_what_to_doubt(results):
    text = report.as_markdown(results)
    titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "Difference from the baseline: average precision on the test rows",
        "Would more positives help?",
        "Decisions against the baseline with a moved threshold",
        "Rules, for under",
        "Costs, for under",
        "Rows",
        "Caveats",
        "Permutation importance, for under",
        "How the numbers were made",
    ]
    assert text.split("\n\n")[1] == " ".join(sentences(results))
    assert text.endswith("The whole report, with its figures, is the page metrics/report.html.")


def test_every_heading_has_a_cell_below_it(results):
    read = {"said": [], "columns": {"x": {"missing": 3, "marks": {"?": 3}}}}
    promised = {
        "share": "alerts", "asked": 0.25, "confidence": 0.8, "promised": False, "out_of_fold": 0.24,
    }  # fmt: skip
    decided = results.decisions["under"] | {"budget": promised}
    full = replace(results, reading=read, decisions=results.decisions | {"under": decided})
    shown = [section for section in render.sections(full) if section.headings]
    assert {"Promises", "Columns", "How the table was read"} <= {each.title for each in shown}
    for section in shown:
        for key, heading in section.headings.items():
            assert any(key in row for row in section.rows), f"{section.title}: {heading}"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (sections.probabilities, "A perfect model has intercept 0, slope 1 and ECE 0; skill is"),
        (sections.curves, "All four figures show the test rows."),
        (sections.curves, "The band of the net benefit may be too narrow at its ends, where fewer"),
        (sections.roc, "The test rows."),
        (sections.kinds, "Recognised from the training rows, unless data.columns in params.yaml"),
        (sections.at_half, "Decisions at the default threshold 0.5, for reference, without"),
        (
            sections.at_threshold,
            "They may overlap even where the paired difference above is",
        ),
        (sections.disagreements, "each with McNemar's exact p-value"),
        (sections.reproduce, "'dvc repro' makes every file of metrics/ again"),
        (sections.cross_validated, "These scores decide the recommendation"),
        (
            sections.against_moved,
            "The baseline at the threshold chosen out of fold is the",
        ),
        (sections.rules, "Decisions on the test rows at the threshold of each rule, with 95 %"),
    ],
)
def test_a_section_says_how_its_table_is_to_be_read(results, section, said):
    assert said in section(results).text


@pytest.mark.parametrize(
    "section",
    [sections.verdicts, sections.at_threshold, sections.probabilities, sections.budgets],
)
def test_intervals_of_one_model_say_that_they_take_the_share_of_positives_as_given(
    results, section
):
    said = "Intervals of one model take the share of positives of the test rows as given."
    made = section(results)
    assert said in (made.notes or made.text)
    # Said where the Brier score and the log loss stand.
    elsewhere = " Where that share differs, every metric but recall and ROC AUC differs, "
    assert (elsewhere in section(results).text) == (
        section in {sections.at_threshold, sections.probabilities}
    )


def test_each_section_stands_in_its_part_of_the_page(results):
    """The rest is folded away."""
    parts = {
        "differences": (sections.verdicts, sections.cross_validated, sections.ratio),
        "scores": (sections.curves,),
        "decisions": (sections.against_moved, sections.rules),
        "data": (sections.rows, sections.kinds, sections.study, sections.reproduce),
        "more": (sections.at_threshold, sections.at_half, sections.probabilities, sections.roc),
    }
    for part, functions in parts.items():
        assert {function(results).part for function in functions} == {part}


def test_the_ratio_is_chosen_and_the_smallest_as_good_saves_rows(results):
    section = sections.ratio(results)
    # One negative per positive in place of three: 2 rows of every 4.
    assert section.text == (
        "The study chose random_under at 2 negatives per positive. A band shows the score without "
        "resampling, bars the standard error of each ratio. The smallest ratio that is as good, "
        "within one standard error of the best, is 1 (random_under, average precision 0.63): a "
        "model trained at it sees 50 % of the training rows."
    )
    weighed = replace(results, ratios=[("class_weight", *point) for _, *point in fixed.RATIOS])
    assert sections.ratio(weighed).text.endswith(" 1 (class_weight, average precision 0.63).")
    natural = replace(results, ratios=[("under", 1, 0.5, 0.01), ("under", 3, 0.6, 0.01)])
    assert sections.ratio(natural).text.endswith(
        "No smaller ratio is as good as the natural one, within one standard error."
    )
    assert sections.ratio(replace(results, ratios=fixed.RATIOS[:1])) is None
    stopped = replace(natural, ratios=natural.ratios[1:], stopped=[("under", 1, 0.5)])
    assert "their scores are estimated from those folds" in sections.ratio(stopped).text
    assert "No smaller ratio" not in sections.ratio(stopped).text


def test_the_rule_in_use_is_marked(results):
    rows = sections.rules(results).rows
    assert {row["name"]: row["use"] for row in rows} == {
        "half": None, "max_f1": "in use", "costs": None
    }  # fmt: skip
    assert sections.rules(results).figures == ("cost", "alerts")


def test_a_treatment_is_named_with_its_options_and_without_its_seed():
    given = params(resample={"under": {"treatment": "random_under", "ratio": 2, "seed": 7}})
    assert in_words("under", fixed.STUDY, given) == "random_under, ratio 2"


def test_the_importance_is_that_of_the_ten_columns_that_matter_most(results, text):
    rows = rows_of(text, "Permutation importance, for under")
    assert column(rows, "column") == ["amount", *(f"c{i}" for i in range(9))]
    # A quarter, and an eighth below and above it.
    assert rows[0]["average precision lost"] == "+0.2500 [+0.1250, +0.3750]"
    section = sections.importance(results)
    assert section.text.endswith("loses little. Another column loses at most 0.005.")
    assert sections.importance(replace(results, importance={"model": "a", "columns": {}})) is None


def test_the_importance_of_a_study_is_said_to_be_that_of_the_baseline(results):
    tuned = replace(results.recommendation, model="tuned")
    of_baseline = fixed.IMPORTANCE | {"model": "baseline"}
    section = sections.importance(replace(results, recommendation=tuned, importance=of_baseline))
    assert section.title == "Permutation importance, for baseline"
    assert "A study keeps no models of its folds: baseline stands for tuned." in section.text


def test_the_rows_are_those_of_the_split(text):
    assert (
        "4,000 training rows with 1,000 positives, 20 test rows with 5 (25 %). 7 test rows "
        "equal a training row. Answering 'negative' for every row has accuracy 0.7500." in text
    )


def test_one_copy_is_said_in_the_singular(results):
    test = results.split["test"] | {"rows_also_in_train": 1}
    found = replace(results, split=results.split | {"test": test})
    assert " 1 test row equals a training row. " in sections.rows(found).text


def test_the_columns_are_listed_by_kind_with_what_a_learner_sees(results):
    section = sections.kinds(results)
    assert section.rows == [
        {"kind": "number", "count": 1, "names": "x", "seen": "as it is"},
        {"kind": "category", "count": 2, "names": "job, town", "seen": "the number of its value"},
        {
            "kind": "id",
            "count": 1,
            "names": "customer",
            "seen": "left out: each row has a value of its own",
        },
    ]


def test_a_ratio_that_gave_way_to_a_share_is_said_and_the_answer_has_the_number():
    entry = treatment("random_under", ratio=[200, "natural/2"])
    resample = {"under": entry}
    found = replace(fixed.results(), params=fixed.PARAMS.model_copy(update={"resample": resample}))
    assert (
        "under takes the ratio 1.5: the training rows have 3 negatives per positive, and 200 asks "
        "for more." in sections.verdicts(found).text
    )
    assert "Use under (random_under, ratio 1.5):" in report.as_markdown(found)


def test_the_differences_are_those_of_each_arm_with_its_verdict(results):
    found = fixed.with_verdict(
        results,
        difference=-0.25,
        low=-0.5,
        high=-0.125,
        p_value=0.004,
        p_adjusted=0.012,
        largest_gain=0.0,
        verdict="worse",
    )
    text = whole(found)
    rows = rows_of(text, "Difference from the baseline: average precision on the test rows")
    assert column(rows, "model") == ["baseline", *ARMS]
    values = column(rows, "average precision (higher is better)")
    wanted = [fixed.AVERAGE_PRECISION[name] for name in ("baseline", "baseline", "under")]
    assert [first(value) for value in values] == [pytest.approx(v, abs=5e-4) for v in wanted]
    under = rows[2]
    assert under["difference"] == "-0.250 [-0.500, -0.125]"
    assert (under["p"], under["verdict"]) == ("0.012", "worse")
    assert under["largest gain not excluded"] == "0.000"
    assert rows[0]["difference"] == rows[0]["verdict"] == ""
    assert rows[1]["difference"] == "+0.000 [+0.000, +0.000]"


def test_a_verdict_says_the_largest_gain_and_what_can_be_detected(results):
    found = fixed.with_verdict(results, largest_gain=0.1234, detectable=0.0567, doubt="")
    (_, _, row) = rows_of(whole(found), "Difference")
    assert (row["largest gain not excluded"], row["detectable difference"]) == ("0.123", "0.057")
    assert sentences(found)[2].endswith(
        "not decided; a gain above 0.12 is excluded, and 5 positives can detect a difference of "
        "0.057 or more."
    )


def test_a_metric_of_which_less_is_better_is_headed_so():
    found = fixed.results(section=params(**{
        "resample": {"under": {"treatment": "random_under", "ratio": 2}},
        "evaluate__metric": "brier", "evaluate__bootstrap": 100, "evaluate__alerts": 4,
        "threshold__rules": fixed.PARAMS.model_dump()["threshold"]["rules"],
    }))  # fmt: skip
    rows = rows_of(whole(found), "Difference from the baseline: Brier")
    assert first(rows[2]["Brier score (lower is better)"]) == pytest.approx(
        brier_score_loss(fixed.Y, fixed.SCORES["under"]), abs=5e-4
    )
    # Its interval, and no other, hangs on the share of positives for most of its width.
    assert "], at the share of positives of these rows), " in sentences(found)[2]
    assert "share of positives" not in sentences(fixed.results())[2]


def test_groups_are_counted_where_rows_belong_to_some(results):
    grouped = replace(results, comparison=replace(results.comparison, groups=1234, mcnemar={}))
    text = whole(grouped)
    assert "at a rank or a rate, from 100 bootstrap draws of 1,234 groups." in text
    assert "McNemar's test counts single rows, and these rows belong to groups." in text
    assert "at a rank or a rate, from 100 bootstrap draws." in whole(results)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_model_to_use_is_recommended(name):
    rows = rows_of(whole(fixed.results(name)), "Out of fold")
    assert {row["model"]: row[""] for row in rows} == {
        other: "recommended" if other == name else "" for other in NAMES
    }


def test_the_scores_out_of_fold_have_their_error_and_their_difference(text):
    baseline, under = rows_of(text, "Out of fold: average precision on the training rows")
    assert baseline["mean over folds ± standard error"] == "0.6100 ± 0.0300"
    assert under["mean over folds ± standard error"] == "0.6500 ± 0.0200"
    assert (baseline["difference"], baseline["p"]) == ("", "")
    assert (under["difference"], under["p"]) == ("+0.040 [-0.010, +0.090]", "0.220")


def test_the_numbers_that_decide_stand_over_the_scores_out_of_fold(results):
    chosen = replace(
        results.recommendation, candidate="under", gain=0.0123, error=0.005, chance=0.034, arms=4
    )
    text = sections.cross_validated(replace(results, recommendation=chosen)).text
    assert (
        "under gains +0.0123, 2.5 standard errors (0.005); more than 1 is needed. The best of 4 "
        "models equal to the baseline gains as much in 3 % of cases." in text
    )
    # The study's model counts as one, whatever it was chosen from; not where it is the baseline.
    for value, said in (
        (0.02, "in 3 % of cases, and more often in truth: tuned, the best of several trials, "
               "counts as one. "),
        (0.0, "in 3 % of cases. "),
    ):  # fmt: skip
        under = fixed.CROSS_VALIDATED["under"]
        tuned = replace(under, difference=replace(under.difference, value=value))
        scored = chosen.cross_validated | {"tuned": tuned}
        found = replace(results, recommendation=replace(chosen, cross_validated=scored))
        assert said in sections.cross_validated(found).text
    never = replace(results, recommendation=replace(chosen, chance=0.0004))
    assert "as much in less than 1 % of cases." in sections.cross_validated(never).text
    assert "gains" not in sections.cross_validated(results).text
    worse = replace(results, recommendation=replace(chosen, gain=-0.0123))
    said = "No model beats the baseline; the nearest, under, loses to it."
    assert said in sections.cross_validated(worse).text


def test_a_difference_without_any_spread_excludes_no_gain_and_detects_nothing(results):
    changes = {"difference": 0.0, "low": 0.0, "high": 0.0, "largest_gain": 0.0, "detectable": 0.0}
    for verdict, said in (
        ("not decided", (None, None)),
        ("equal within the margin", ("0.000", "0.000")),
    ):
        found = fixed.with_verdict(results, verdict=verdict, **changes)
        row = {row["model"]: row for row in sections.verdicts(found).rows}["under"]
        assert (row.get("gain"), row.get("detectable")) == said


def test_a_margin_and_what_a_verdict_speaks_of_are_said(results):
    margin = replace(results, comparison=replace(results.comparison, margin=0.02))
    said = "Differences below 0.02 make no difference in practice (evaluate.margin)."
    assert said in sections.verdicts(margin).text
    none = replace(results, comparison=replace(results.comparison, margin=0.0))
    assert "make no difference" not in sections.verdicts(none).text
    assert (
        "A verdict speaks of one fitted model, not of its treatment (seeds: 0, 42): other seeds of "
        "a treatment give other scores." in sections.verdicts(results).notes
    )


def test_two_sentences_stand_above_the_differences_and_how_they_were_made_comes_last(results):
    margin = replace(results, comparison=replace(results.comparison, margin=0.02))
    assert sections.verdicts(margin).text.count(". ") == 1
    text = report.as_markdown(margin)
    *_, verdicts, positives, decisions, where = text.split("\n\n")
    assert where.startswith("The whole report")
    for last, section, said in (
        (verdicts, sections.verdicts, "Standard errors come from what each row contributes"),
        (positives, sections.more_positives, "The gain follows from an inverse power law"),
        (decisions, sections.against_moved, "'Alike' means that no test row tells two models"),
    ):
        made = section(margin)
        assert last == f"**{made.title}** {made.notes}"
        assert said in made.notes
        assert text.count(made.notes) == 1
    assert "the corrected t-test" in sections.cross_validated(results).notes


def test_the_decisions_are_compared_with_the_baseline_at_its_moved_threshold(results, text):
    """At .35 the baseline has precision 3/5 and recall 3/5; under has 1 and 4/5."""
    rows = rows_of(text, "Decisions against the baseline with a moved threshold")
    under = {row["model"]: row for row in rows}["under"]
    assert first(under["precision"]) == pytest.approx(1 - 3 / 5, abs=5e-4)
    assert first(under["recall"]) == pytest.approx(4 / 5 - 3 / 5, abs=5e-4)
    assert first(under["F1"]) == pytest.approx(8 / 9 - 6 / 10, abs=5e-4)
    alone = replace(results.comparison, against_moved={})
    assert sections.against_moved(replace(results, comparison=alone)) is None


def test_decisions_that_are_alike_have_no_interval_of_no_width(results):
    same = {
        name: replace(each, value=0.0, low=0.0, high=0.0)
        for name, each in results.comparison.against_moved["under"].items()
    }
    compared = replace(results.comparison, against_moved={"under": same})
    section = sections.against_moved(replace(results, comparison=compared))
    assert [section.rows[0][name] for name in sections.DIFFERENCES] == ["alike"] * 4
    assert "no test row tells two models apart" in section.notes


def test_an_arm_that_is_equal_for_sure_is_not_said_to_be_undecided(results):
    equal = replace(results.comparison.verdicts["under"], verdict="equal within the margin")
    doubted = replace(equal, doubt="it is near 1")
    compared = replace(results.comparison, doubted={}, absent={}, verdicts={"under": doubted})
    assert sections.caveats(replace(results, decisions={}, comparison=compared)) is None


def test_promises_have_their_numbers_under_their_headings(results):
    held = {
        "share": "recall", "asked": 0.75, "confidence": 0.95, "promised": True,
        "out_of_fold": 0.8125, "recall": 0.8, "recall_low": 0.5, "recall_high": 0.9, "price": 0.07,
    }  # fmt: skip
    broken = {
        "share": "alerts", "asked": 0.25, "confidence": 0.8, "promised": False,
        "out_of_fold": 0.24, "positives_needed": 321, "true_positives": 4, "false_positives": 2,
        "false_negatives": 1, "true_negatives": 13,
    }  # fmt: skip
    decided = {"under": {"a": held, "b": broken, "c": {"recall": 0.8}}}
    rows = sections.promises(replace(results, decisions=decided))
    # Of a budget of false alarms the negatives count: 2 of 15.
    alarms = {"under": {"d": broken | {"share": "false_alarms"}}}
    (row,) = sections.promises(replace(results, decisions=alarms)).rows
    assert row["promise"] == "flags at most 25 % of the negatives, with 80 % confidence"
    assert row["test"] == "0.133"
    text = markdown.render("", "", [rows])
    assert rows_of(text, "Promises") == [
        {
            "rule": "a",
            "promise": "recall of at least 0.75, with 95 % confidence",
            "verdict": "promised",
            "out of fold": "0.812",
            "on the test rows": "0.800 [0.500, 0.900]",
            "price": "0.0700",
            "positives needed": "",
        },
        {
            "rule": "b",
            "promise": "flags at most 25 % of the rows, with 80 % confidence",
            "verdict": "cannot be promised",
            "out of fold": "0.240",
            "on the test rows": "0.300",
            "price": "",
            "positives needed": "321",
        },
    ]


def test_promises_of_rows_that_belong_to_groups_are_said_to_be_too_bold(results):
    promised = {"share": "recall", "asked": 0.75, "confidence": 0.95, "out_of_fold": 0.8}
    of_groups = replace(results.comparison, groups=12)
    said = "The promises take rows as independent, and these belong to groups"
    for groups, kept, warned in (
        (results.comparison, True, False),
        (of_groups, True, True),
        (of_groups, False, False),
    ):
        rule = {"a": promised | {"promised": kept}}
        found = replace(results, comparison=groups, decisions={"under": rule})
        assert (said in sections.promises(found).text) == warned
        points = sections.caveats(found).points if sections.caveats(found) else []
        assert any(point.startswith(said) for point in points) == warned


def test_segments_have_their_numbers_under_their_headings(results):
    row = {"column": "town", "value": "A", "rows": 12, "positives": 3, "note": ""}
    for i, key in enumerate(("recall", "precision", "alert_share", "calibration")):
        row |= {key: 0.1 * i + 0.05, f"{key}_low": 0.1 * i, f"{key}_high": 0.1 * i + 0.08}
    few = {"column": "town", "value": "B", "rows": 8, "positives": 1, "note": "too few positives"}
    section = sections.segments(replace(results, segments=[row, few]))
    assert section.text == (
        "The decisions of under in parts of the test rows. Intervals hold together 95 times in "
        "100. Calibration is the number of positives over the number that the probabilities expect."
    )
    full, empty = rows_of(whole(replace(results, segments=[row, few])), "Segments")
    assert full == {
        "segment": "town = A",
        "rows": "12",
        "positives": "3",
        "recall": "0.050 [0.000, 0.080]",
        "precision": "0.150 [0.100, 0.180]",
        "share flagged": "0.250 [0.200, 0.280]",
        "calibration": "0.350 [0.300, 0.380]",
        "note": "",
    }
    assert (empty["segment"], empty["recall"], empty["note"]) == (
        "town = B", "", "too few positives"
    )  # fmt: skip
    assert sections.segments(results) is None


# The title of each section of the page, in its order, and above which columns its words stand.
HEADINGS = {
    "Difference from the baseline: average precision on the test rows": "model | difference | "
    "verdict | p | average precision (higher is better) | largest gain not excluded | "
    "detectable difference",
    "Out of fold: average precision on the training rows": "model | "
    "mean over folds ± standard error | difference | p | ",
    "Score by ratio": "",
    "Would more positives help?": "",
    "Ranking, separation, calibration and net benefit": "",
    "Decisions against the baseline with a moved threshold": "model | F1 | MCC | precision | "
    "recall | detected",
    "Rules, for under": "name |  | rule | threshold | precision | recall | found | false alarms",
    "Costs, for under": "rule | cost | cost of flagging none | cost of flagging all | savings",
    "Rows": "",
    "Caveats": "",
    "Permutation importance, for under": "column | average precision lost",
    "Columns": "kind | columns | names | a learner sees",
    "The study of the ratio": "treatment | best ratio | score ± standard error | "
    "gain of the treatment ± standard error | fits | stopped early",
    "Reproduce": "",
    "Decisions against the baseline at 0.5": "model | F1 | MCC | precision | recall | detected",
    "At the threshold chosen out of fold (max_f1)": "model | average precision | ROC AUC | MCC | "
    "F1 | precision | recall | balanced accuracy | accuracy | found | missed | false alarms | "
    "threshold",
    "At 0.5": "model | MCC | F1 | precision | recall | balanced accuracy | accuracy | found | "
    "missed | false alarms",
    "Disagreements with the baseline at 0.5": "model | positives: model / baseline | "
    "p of positives | negatives: model / baseline | p of negatives",
    "Probabilities": "model | Brier score | Brier skill | log loss | calibration intercept | "
    "calibration slope | ECE | mean probability",
    "Alert budgets": "model | recall at 90 % precision | recall at 1 % false alarms | "
    "precision at k | recall at k | lift at k | F2 | G-mean",
    "ROC": "",
}


def test_each_section_has_its_title_its_headings_and_how_to_read_it(results):
    there = [section for make in sections.SECTIONS if (section := make(results))]
    found = {section.title: " | ".join(section.headings.values()) for section in there}
    assert list(found.items()) == list(HEADINGS.items())
    for section in there:
        assert section.text or section.points


def test_what_was_taken_for_granted_of_the_file_is_said(results):
    read = {
        "said": ["Columns are separated by ';'."],
        "columns": {
            "x": {"holds": "float", "missing": 3, "marks": {"?": 3}},
            "y": {"holds": "float", "missing": 0, "marks": {}},
            "z": {"holds": "float", "missing": 9, "marks": {}},
        },
    }
    section = sections.reading(replace(results, reading=read))
    assert section.points == ["Columns are separated by ';'."]
    assert [(row["name"], row["missing"], row["marks"]) for row in section.rows] == [
        ("z", 9, None),
        ("x", 3, "'?'"),
    ]
    whole_table = {"said": ["Written as UTF-8."], "columns": {}}
    assert sections.reading(replace(results, reading=whole_table)).text == "No value is missing."
    assert sections.reading(results) is None


def test_the_decisions_are_compared_with_the_baseline_at_half(text):
    """At .5 the baseline has precision 3/4 and recall 3/5, and F1 6/9."""
    moved, under = rows_of(text, "Decisions against the baseline at 0.5")
    assert (moved["model"], under["model"]) == tuple(ARMS)
    assert first(moved["precision"]) == pytest.approx(3 / 5 - 3 / 4, abs=5e-4)
    assert first(under["precision"]) == pytest.approx(1 - 3 / 4, abs=5e-4)
    assert first(under["recall"]) == pytest.approx(4 / 5 - 3 / 5, abs=5e-4)
    assert first(under["F1"]) == pytest.approx(8 / 9 - 6 / 9, abs=5e-4)
    assert first(under["MCC"]) == pytest.approx(
        matthews_corrcoef(fixed.Y, fixed.SCORES["under"] >= 0.6)
        - matthews_corrcoef(fixed.Y, fixed.SCORES["baseline"] >= 0.5),
        abs=5e-4,
    )
    assert moved["recall"].startswith("+0.000 [")


COUNTED = ("found", "missed", "false alarms")


@pytest.mark.parametrize("name", NAMES)
def test_each_model_is_shown_at_its_own_threshold(results, text, name):
    (row,) = [
        r
        for r in rows_of(text, "At the threshold chosen out of fold (max_f1")
        if r["model"] == name
    ]
    tp, fn, fp, tn = fixed.COUNTS[name]
    assert [row[key] for key in COUNTED] == [str(n) for n in (tp, fn, fp)]
    assert row["threshold"] == f"{fixed.THRESHOLDS[name]:.4f}"
    decided = fixed.SCORES[name] >= fixed.THRESHOLDS[name]
    wanted = {
        "average precision": fixed.AVERAGE_PRECISION[name],
        "ROC AUC": fixed.ROC_AUC[name],
        "MCC": matthews_corrcoef(fixed.Y, decided),
        "F1": f1_score(fixed.Y, decided),
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "balanced accuracy": balanced_accuracy_score(fixed.Y, decided),
        "accuracy": (tp + tn) / 20,
    }
    assert {key: first(row[key]) for key in wanted} == pytest.approx(wanted, abs=5e-4)
    # The interval is that of the decisions shown: the baseline's are those of moved_threshold.
    own = results.comparison.intervals["moved_threshold" if name == "baseline" else name]
    assert row["precision"].endswith(f"[{own['precision'].low:.3f}, {own['precision'].high:.3f}]")


@pytest.mark.parametrize("name", NAMES)
def test_the_table_at_half_is_at_half(text, name):
    (row,) = [r for r in rows_of(text, "At 0.5") if r["model"] == name]
    tp, fn, fp, tn = fixed.COUNTS_AT_HALF[name]
    assert [row[key] for key in COUNTED] == [str(n) for n in (tp, fn, fp)]
    assert first(row["precision"]) == pytest.approx(tp / (tp + fp), abs=5e-4)
    assert first(row["accuracy"]) == pytest.approx((tp + tn) / 20)
    assert "threshold" not in row


def test_disagreements_are_counted_by_class_and_side(text):
    """The baseline flags P1 P2 P3 and n1 at .5; it finds no more at .35, but n2; under P1 to P4."""
    moved, under = rows_of(text, "Disagreements with the baseline at 0.5")
    assert moved["positives: model / baseline"] == "0 / 0"
    assert moved["negatives: model / baseline"] == "1 / 0"
    assert under["positives: model / baseline"] == "1 / 0"
    assert under["negatives: model / baseline"] == "0 / 1"
    assert under["p of positives"] == f"{binomtest(0, 1).pvalue:.3f}" == "1.000"


def test_the_p_values_of_disagreements_stand_with_their_class(results):
    pair = results.comparison.mcnemar["under"]
    pair = {
        "positives": replace(pair["positives"], p_value=0.004),
        "negatives": replace(pair["negatives"], p_value=0.01),
    }
    changed = replace(results.comparison, mcnemar=results.comparison.mcnemar | {"under": pair})
    under = rows_of(whole(replace(results, comparison=changed)), "Disagreements")[1]
    # Holm's correction for four tests: two of each arm.
    assert (under["p of positives"], under["p of negatives"]) == ("0.016", "0.030")


def test_a_small_p_value_is_below_a_thousandth_and_not_zero(results):
    found = fixed.with_verdict(results, p_adjusted=0.0004)
    assert rows_of(whole(found), "Difference")[2]["p"] == "< 0.001"
    tiny = {"under": replace(results.comparison.mcnemar["under"]["positives"], p_value=1e-5)}
    pairs = {"under": {"positives": tiny["under"], "negatives": tiny["under"]}}
    changed = replace(results.comparison, mcnemar=pairs)
    (row,) = rows_of(whole(replace(results, comparison=changed)), "Disagreements")
    assert row["p of positives"] == row["p of negatives"] == "< 0.001"
    scores = fixed.CROSS_VALIDATED | {
        "under": replace(fixed.CROSS_VALIDATED["under"], p_adjusted=0.0)
    }
    found = replace(results, recommendation=replace(found.recommendation, cross_validated=scores))
    assert rows_of(whole(found), "Out of fold")[1]["p"] == "< 0.001"


def with_p_values(results, **p_values):
    """Return results whose differences from the moved threshold have these p-values, and no doubt.

    Those that are not named have 1.
    """
    own = {
        metric: replace(each, p_value=p_values.get(metric, 1.0), doubt="", value=each.value or 0.1)
        for metric, each in results.comparison.against_moved["under"].items()
    }
    return replace(results, comparison=replace(results.comparison, against_moved={"under": own}))


def test_decisions_name_the_differences_that_holms_correction_leaves(results):
    """Four metrics: .012 x 4 = .048 is detected, .013 x 4 = .052 is not."""
    title = "Decisions against the baseline with a moved threshold"
    for p, said in ((0.012, "higher precision"), (0.013, "nothing")):
        (row,) = rows_of(whole(with_p_values(results, precision=p)), title)
        assert row["detected"] == said
    (row,) = rows_of(whole(with_p_values(results, precision=0.012, f1=0.016)), title)
    assert row["detected"] == "higher F1, higher precision"


def test_a_difference_of_0_counts_in_holms_correction_unless_models_are_alike(results):
    """Of four tests .013 x 4 = .052 is not detected; without one that is none, .013 x 3 = .039."""
    for low, said in ((-0.1, "nothing"), (0.0, "higher precision")):
        found = with_p_values(results, precision=0.013)
        own = found.comparison.against_moved["under"]
        own["f1"] = replace(own["f1"], value=0.0, low=low, high=-low)
        (row,) = rows_of(whole(found), "Decisions against the baseline with a moved threshold")
        assert row["detected"] == said


def test_a_difference_in_doubt_is_not_detected(results):
    found = with_p_values(results, precision=0.0)
    own = found.comparison.against_moved["under"]
    own["precision"] = replace(own["precision"], doubt="few errors")
    (row,) = rows_of(whole(found), "Decisions against the baseline with a moved threshold")
    assert row["detected"] == "nothing"


def test_the_fair_contrast_is_the_first_of_the_decisions(results):
    decisions = [s.title for s in render.sections(results) if s.part == "decisions"]
    assert decisions[0] == "Decisions against the baseline with a moved threshold"


@pytest.mark.parametrize("name", NAMES)
def test_the_probabilities_are_measured_as_scikit_learn_does(text, name):
    (row,) = [r for r in rows_of(text, "Probabilities") if r["model"] == name]
    score, brier = fixed.SCORES[name], brier_score_loss(fixed.Y, fixed.SCORES[name])
    assert first(row["Brier score"]) == pytest.approx(brier, abs=5e-4)
    assert first(row["Brier skill"]) == pytest.approx(1 - brier / (0.25 * 0.75), abs=5e-4)
    assert first(row["log loss"]) == pytest.approx(log_loss(fixed.Y, score), abs=5e-4)
    assert first(row["mean probability"]) == pytest.approx(score.mean(), abs=5e-4)


def test_an_alert_budget_is_that_of_the_highest_scores(text):
    """Of the four highest scores of the baseline three are positives, of those of under all."""
    baseline, under = rows_of(text, "Alert budgets")
    assert "k is 4: the test rows with the highest scores." in text
    assert (first(baseline["precision at k"]), first(under["precision at k"])) == (0.75, 1)
    assert (first(baseline["recall at k"]), first(under["recall at k"])) == (0.6, 0.8)
    assert (first(baseline["lift at k"]), first(under["lift at k"])) == (3, 4)
    # Precision .9 holds as long as there is no false alarm.
    at = "recall at 90 % precision"
    assert (first(baseline[at]), first(under[at])) == (0.4, 0.8)


def test_the_rules_are_those_of_the_recommended_model():
    """Each missed positive costs 100, each flagged row 5; flagging all 20 rows costs 100."""
    for name, found, alarms in (("under", 4, 1), ("baseline", 3, 1)):
        half, own, costs = rows_of(whole(fixed.results(name)), f"Rules, for {name}")
        assert [row["name"] for row in (half, own, costs)] == ["half", "max_f1", "costs"]
        assert (half["rule"], costs["rule"]) == ("fixed", "expected_cost")
        assert (half["found"], half["false alarms"]) == (str(found), str(alarms))
        assert own["threshold"] == f"{fixed.THRESHOLDS[name]:.4f}"
    # From .05 the baseline flags all rows: nothing is saved.
    assert (costs["found"], costs["false alarms"]) == ("5", "15")


def test_an_interval_of_no_width_but_for_rounding_has_no_more_decimals(text):
    """From .05 the baseline flags all 20 rows: its precision is the share of positives, given."""
    costs = rows_of(whole(fixed.results("baseline")), "Rules, for baseline")[2]
    assert costs["precision"] == "0.250 [0.250, 0.250]"
    assert not re.search(r"\d\.\d{9}", text)


def test_costs_stand_beside_those_of_flagging_none_and_all():
    """Each missed positive costs 100, each flagged row 5; flagging all 20 rows costs 100."""
    (row,) = rows_of(whole(fixed.results("baseline")), "Costs, for baseline")
    assert row["rule"] == "costs"
    assert (row["cost"], row["cost of flagging all"], row["cost of flagging none"]) == (
        "100",
        "100",
        "500",
    )
    assert first(row["savings"]) == 0
    (row,) = rows_of(whole(fixed.results("under")), "Costs, for under")
    saved = fixed.results().decisions["under"]["costs"]
    low, high = saved["savings_low"], saved["savings_high"]
    assert row["savings"] == f"0.600 [{low:.3f}, {high:.3f}]"
    assert first(row["cost"]) == 8 * 5
    assert first(row["savings"]) == pytest.approx(1 - 40 / 100)


def test_the_rows_say_how_many_are_sealed(results):
    sealed = results.split | {"final": {"rows": 1500, "positives": 30}}
    text = sections.rows(replace(results, split=sealed)).text
    assert "1,500 rows with 30 positives are sealed until 'rebalance final' opens them." in text
    assert "sealed" not in sections.rows(results).text


def test_the_rows_say_which_negatives_the_split_left_out(results):
    kept = {"negative_weight": 11.536, "natural_ratio": 577.3}
    split = results.split | {"train": results.split["train"] | {"kept": kept}}
    text = sections.rows(replace(results, split=split)).text
    assert text.endswith(
        " Of the negatives of the training rows split.train_negatives kept one in 11.5, 577 per "
        "positive, which is where a study of the ratio ends; probabilities, thresholds and numbers "
        "are those of all rows."
    )
    assert "train_negatives" not in sections.rows(results).text


def test_a_rule_on_a_column_that_the_table_lacks_is_left_out_and_said(results):
    amounts = {"amounts": {"rule": "amount_cost", "column": "Amount", "c_admin": 5}}
    given = fixed.PARAMS.model_dump()["threshold"]["rules"] | amounts
    section = params(threshold__rules=given)
    assert list(section.for_columns(["x"]).threshold.rules) == list(fixed.PARAMS.threshold.rules)
    assert section.for_columns(["x", "Amount"]) == section
    found = replace(results, params=section)
    assert "amounts is left out: the table has no column 'Amount'." in sections.rules(found).text
    assert "left out" not in sections.rules(results).text
    decided = results.decisions["under"] | {"amounts": results.decisions["under"]["costs"]}
    there = replace(found, decisions=results.decisions | {"under": decided})
    assert "left out" not in sections.rules(there).text


def test_each_rule_whose_costs_are_in_doubt_is_named(results):
    costs = {"cost_difference": -5.0, "cost_difference_low": -9.0, "cost_difference_high": -1.0}
    reasons = {"a": "few positives", "b": "few positives", "c": "unequal costs"}
    decided = {
        rule: costs | {"cost_difference_doubt": reason, "cost_doubt": reason}
        for rule, reason in reasons.items()
    }
    found = replace(results, decisions={"under": decided})
    assert sections.costs_against_baseline(found).text.endswith(
        " The intervals of a, b may be too narrow, because few positives. The intervals of c may "
        "be too narrow, because unequal costs."
    )
    points = sections.caveats(found).points
    for rule, reason in reasons.items():
        said = f"the intervals of the costs of {rule} may be too narrow, because {reason}."
        assert f"under: {said}" in points


def test_costs_of_any_size_have_all_their_digits(results):
    costs = {"cost_of_none": 1234567.0, "cost_of_all": 284805.4, "cost": 0.35}
    row = costs | {"cost_low": 0.35, "cost_high": 0.35}
    (shown,) = sections.costs(replace(results, decisions={"under": {"a": row}})).rows
    wanted = {"cost_of_none": "1,234,567", "cost_of_all": "284,805", "cost": "0.35"}
    assert {key: shown[key] for key in wanted} == wanted
    # Two digits of what is narrower than a thousandth.
    assert sections.money(0.0004, 0.0001, 0.0006) == "0.00040 [0.00010, 0.00060]"
    scores = results.scores | {"under": results.scores["under"] | {"threshold": 1 / 514}}
    said = "costs least where a missed positive costs 513 times as much as a false alarm"
    assert said in sections.deciding(replace(results, scores=scores))


def test_rules_without_costs_have_no_section_of_costs(results):
    decided = {key: results.decisions["under"][key] for key in ("half", "max_f1")}
    without = replace(results, decisions={"under": decided})
    assert sections.costs(without) is None
    section = sections.rules(without)
    assert section.text.endswith(
        "with 95 % intervals. Those of precision take the share of positives of the test rows as "
        "given: rows with another share have another precision."
    )


def test_what_is_not_met_undefined_or_in_doubt_is_a_caveat(results):
    decided = {"under": {"half": {"message": "no threshold reaches precision 1."}, "max_f1": {}}}
    compared = replace(
        results.comparison,
        absent={
            "baseline": {"precision": "nothing is flagged", "prevalence": "no estimate"},
            "under": {"precision": "nothing is flagged"},
        },
        doubted={"baseline": {"ece": "of noise"}, "under": {"ece": "of noise", "roc_auc": "few"}},
        verdicts={
            arm: replace(verdict, doubt="it is near 1" if arm == "under" else "")
            for arm, verdict in results.comparison.verdicts.items()
        },
    )
    section = sections.caveats(replace(results, decisions=decided, comparison=compared))
    assert section.points == [
        "under, half: no threshold reaches precision 1.",
        # At its own threshold it may flag rows, and a comparison has it at 0.5.
        "baseline at 0.5: no precision, because nothing is flagged.",
        "under: no precision, because nothing is flagged.",
        "baseline, under: the interval of ECE may be too narrow, because of noise.",
        "under: the interval of ROC AUC may be too narrow, because few.",
        "under: the difference in average precision is not decided, because it is near 1.",
    ]
    nothing = replace(compared, absent={}, doubted={}, verdicts={})
    assert sections.caveats(replace(results, decisions={}, comparison=nothing)) is None


def test_savings_whose_upper_end_was_cut_are_a_caveat(results):
    decided = {
        "baseline": {"costs": {"savings_doubt": "it was cut"}},
        "under": {"costs": {"savings_doubt": "it was cut"}, "half": {}},
    }
    said = "baseline, under: the upper end of the savings of costs says nothing, because it was cut"
    assert f"{said}." in sections.caveats(replace(results, decisions=decided)).points


def test_a_threshold_that_flags_no_row_is_none_in_tables():
    """Above every probability: as a number it would read as one that flags from 1 on."""
    never = FLAG_NONE
    results = fixed.results()
    own = {
        name: row | {"threshold": never, "block": never}
        for name, row in results.decisions["under"].items()
    }
    band = {
        "rows": 20, "share": 1.0, "share_low": 0.9, "share_high": 1.0, "positives": 5,
    }  # fmt: skip
    own["half"] |= {
        "capacity": 0.5, "out_of_fold": 0.5, "bands": dict.fromkeys(("block", "look", "pass"), band)
    }  # fmt: skip
    scores = results.scores | {"under": results.scores["under"] | {"threshold": never}}
    found = replace(results, scores=scores, decisions=results.decisions | {"under": own})
    assert {row["threshold"] for row in sections.rules(found).rows} == {"none"}
    assert [row["from"] for row in sections.bands(found).rows] == ["none", "none", 0.0]
    at = {row["model"]: row["threshold"] for row in sections.at_threshold(found).rows}
    assert at == {"baseline": 0.35, "under": "none"}
    assert {row["threshold"] for row in sections.rules(results).rows} == {0.5, 0.6, 0.05}


def test_checks_that_spoke_are_listed_warnings_first(results):
    spoke = [
        {"code": "RB101", "severity": "note", "sentence": "x is constant."},
        {"code": "RB205", "severity": "warning", "sentence": "5 positives are few."},
    ]
    text = whole(replace(results, checks=spoke))
    assert (
        "## Checks\n\n- warning RB205: 5 positives are few.\n- note RB101: x is constant." in text
    )
    assert "## Checks" not in whole(results)


def test_a_treatment_without_a_whole_trial_has_no_score(results):
    arms = fixed.STUDY["arms"] | {"smote": {"fits": 2, "pruned": 2}}
    rows = sections.study(replace(results, study=fixed.STUDY | {"arms": arms})).rows
    assert rows[-1] == {
        "treatment": "smote", "fits": 2, "pruned": 2, "ratio": None, "score": None, "gain": None,
    }  # fmt: skip


def test_the_study_says_what_it_tried_and_what_each_treatment_gains(text):
    under, none = rows_of(text, "The study of the ratio")
    assert under == {
        "treatment": "random_under",
        "best ratio": "2",
        "score ± standard error": "0.6500 ± 0.0250",
        "gain of the treatment ± standard error": "+0.0400 ± 0.0110",
        "fits": "26",
        "stopped early": "4",
    }
    assert none["gain of the treatment ± standard error"] == ""
    assert (
        "9 trials, 31 fits, 4 trials stopped early. Without treatment average precision is 0.61 ± "
        "0.015, at the natural ratio 3. The table shows what each treatment adds." in text
    )
    assert "The study chose random_under at 2 negatives per positive." in text
    once = replace(fixed.results(), study=fixed.STUDY | {"trials": 1, "fits": 4800, "pruned": 0})
    assert sections.study(once).text.startswith("1 trial, 4,800 fits, 0 trials stopped early. ")
    tune = fixed.PARAMS.tune.model_copy(update={"learner": {"max_iter": {"low": 1, "high": 9}}})
    searched = replace(fixed.results(), params=fixed.PARAMS.model_copy(update={"tune": tune}))
    said = sections.study(searched).text
    assert "at the natural ratio 3. Tuning the learner alone gains +0.02. The table" in said


def test_a_study_that_chose_no_treatment_is_called_optimistic_nowhere():
    found = fixed.results()
    assert "The ratio of tuned was chosen" in sections.cross_validated(found).text
    untreated = replace(found, study=found.study | {"chosen": {"none": 3}})
    assert "optimistic" not in sections.cross_validated(untreated).text
    assert sections.ratio(untreated).text.startswith(
        "The study chose no resampling (the natural ratio, 3). A band"
    )


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"none": 3, "max_iter": 58}, "The learner's settings of tuned (max_iter 58) were chosen"),
        (
            {"random_under": 2, "max_iter": 58},
            "The ratio and the learner's settings of tuned (max_iter 58) were chosen",
        ),
    ],
)
def test_settings_that_a_study_chose_are_called_optimistic(chosen, said):
    found = fixed.results()
    text = sections.cross_validated(replace(found, study=found.study | {"chosen": chosen})).text
    assert f" {said} on these rows as the best of several, so its score is optimistic" in text


def as_tuned(chosen, **verdict):
    """Return results in which the study's model is recommended: that of 'under', by its name."""
    found = fixed.with_verdict(fixed.results(), doubt="", **verdict)

    def renamed(by_model):
        return {"tuned" if name == "under" else name: each for name, each in by_model.items()}

    compared = replace(
        found.comparison,
        intervals=renamed(found.comparison.intervals),
        verdicts=renamed(found.comparison.verdicts),
    )
    return replace(
        found,
        comparison=compared,
        scores=renamed(found.scores),
        decisions=renamed(found.decisions),
        recommendation=replace(found.recommendation, model="tuned"),
        study=found.study | {"chosen": chosen},
    )


def test_a_gain_of_the_learners_settings_is_credited_to_no_treatment():
    found = as_tuned({"none": 14, "max_iter": 58}, verdict="better", about="treatment")
    what, _, sure = sentences(found)
    assert what == (
        "Use tuned, the learner with max_iter 58 and no treatment of imbalance: on the training "
        "rows it has the best average precision of the models that beat the baseline by more than "
        "one standard error, and the gain comes from the learner's settings."
    )
    assert sure.endswith(" against the baseline: better (the learner's settings, over 1 seeds).")
    assert report.answer(found)["treatment"] == "none, max_iter 58"
    treated = as_tuned({"smote": 10, "max_iter": 58}, verdict="better", about="treatment")
    what, _, sure = sentences(treated)
    assert what.startswith("Use tuned (smote at 10 negatives per positive, max_iter 58): on the")
    assert sure.endswith(" against the baseline: better (the treatment, over 1 seeds).")


def test_a_model_without_treatment_that_is_better_is_no_treatment():
    """The baseline is recommended, and on the test rows another is better."""
    for chosen, said in (
        ({"none": 14, "max_iter": 58}, "and the model tuned is better: the test rows contradict"),
        ({"smote": 10}, "and the treatment tuned is better: the test rows contradict"),
    ):
        found = as_tuned(chosen, verdict="better", about="treatment")
        verdicts = {"tuned": found.comparison.verdicts["tuned"]}
        found = replace(
            found,
            comparison=replace(found.comparison, verdicts=verdicts),
            recommendation=replace(found.recommendation, model="baseline"),
        )
        assert said in sentences(found)[2]


def test_a_new_section_is_one_function_in_the_list(results, monkeypatch):
    monkeypatch.setattr(
        render,
        "SECTIONS",
        [lambda _: Section(title="Mine", headings={"a": "A"}, rows=[{"a": 1}]), lambda _: None],
    )
    assert whole(results).endswith("## Mine\n\n|   A |\n|----:|\n|   1 |")
    assert "<summary>Mine</summary>" in report.as_html(results)


def test_numbers_stand_right_and_text_left_and_a_bar_breaks_no_table():
    text = markdown.table([{"a": "x|y", "b": 1234}, {"b": 0.00012345}], {"a": "A", "b": "B"})
    assert text.splitlines()[1] == "|:-----|---------:|"
    assert text.splitlines()[2:] == ["| x\\|y |    1,234 |", "|      | 0.000123 |"]


def decimals(text):
    """Return the numbers of decimals in a cell."""
    return {len(number) for number in re.findall(r"\d\.(\d+)", text)}


def test_the_numbers_of_a_column_have_as_many_decimals(results):
    """The intervals of one model are narrow, one threshold is small, one score has more digits."""
    narrow = {
        name: replace(each, low=each.value - 1e-4, high=each.value + 1e-4) if each else each
        for name, each in results.comparison.intervals["under"].items()
    }
    intervals = results.comparison.intervals | {"under": narrow}
    rules = results.decisions["under"]
    low = {"under": rules | {"half": rules["half"] | {"threshold": 0.0274}}}
    more = fixed.STUDY["arms"]["none"] | {"score": 0.612345}
    found = replace(
        results,
        comparison=replace(results.comparison, intervals=intervals),
        decisions=results.decisions | low,
        study=fixed.STUDY | {"arms": fixed.STUDY["arms"] | {"none": more}},
    )
    looked, text = 0, whole(found)
    for title, rows in tables(text).items():
        for heading in rows[0] if rows else ():
            if "cost" in f"{title}{heading}".lower():
                continue  # a cost has as many digits as its interval calls for
            of_column = set().union(*(decimals(row[heading]) for row in rows))
            assert len(of_column) <= 1, (title, heading, column(rows, heading))
            looked += len(of_column)
    assert looked > 30
    shown = column(rows_of(text, "Rules, for under"), "threshold")
    assert shown == ["0.0274", "0.6000", "0.0500"]


# The summary in the terminal.


def test_the_summary_has_the_scores_of_each_model_under_their_headings(results):
    heading, *lines = summary.table(results.scores).splitlines()
    headings = re.split(r"  +", heading)
    rows = {line.split()[0]: dict(zip(headings, line.split(), strict=True)) for line in lines}
    assert list(rows) == NAMES
    for name in NAMES:
        tp, fn, fp, tn = fixed.COUNTS[name]
        decided = fixed.SCORES[name] >= fixed.THRESHOLDS[name]
        assert rows[name] == {
            "model": name,
            "average precision": f"{fixed.AVERAGE_PRECISION[name]:.4f}",
            "ROC AUC": f"{fixed.ROC_AUC[name]:.4f}",
            "MCC": f"{matthews_corrcoef(fixed.Y, decided):.4f}",
            "F1": f"{f1_score(fixed.Y, decided):.4f}",
            "precision": f"{tp / (tp + fp):.4f}",
            "recall": f"{tp / (tp + fn):.4f}",
            "accuracy": f"{(tp + tn) / 20:.5f}",
            "no information": "0.75000",
            "Brier": f"{brier_score_loss(fixed.Y, fixed.SCORES[name]):.6f}",
            "threshold": f"{fixed.THRESHOLDS[name]:.4f}",
        }


def test_the_report_says_which_rule_decides_and_what_it_assumes(results):
    """At .35 a missed positive is worth .65 / .35 = 1.86 false alarms; at .6, 1.5 the other way."""
    baseline = fixed.results("baseline")
    assert sections.deciding(baseline) == (
        "max_f1 decides (threshold.use): the highest F-beta out of fold, which knows no costs. Its "
        "threshold 0.35 costs least where a missed positive costs 1.9 times as much as a false "
        "alarm. Costs are given and do not decide; threshold.use: costs lets them."
    )
    assert (
        "threshold 0.6 costs least where a false alarm costs 1.5 times as much as a missed positive"
        in sections.deciding(results)
    )
    section = fixed.PARAMS.threshold.model_copy(update={"use": "costs"})
    by_costs = replace(results, params=fixed.PARAMS.model_copy(update={"threshold": section}))
    assert sections.deciding(by_costs) == (
        "costs decides (threshold.use): the lowest expected cost."
    )
    rules = {key: rule for key, rule in section.rules.items() if key != "costs"}
    section = section.model_copy(update={"use": "max_f1", "rules": rules})
    without = replace(results, params=fixed.PARAMS.model_copy(update={"threshold": section}))
    assert "Costs are given" not in sections.deciding(without)
    assert sections.rules(results).text.startswith(sections.deciding(results))


def test_every_rule_that_may_decide_has_a_sentence():
    from rebalance.params.rules import TWO_OR_MORE
    from rebalance.thresholds import RULES

    assert set(sections.ASSUMES) == set(RULES) - set(TWO_OR_MORE)


@pytest.mark.parametrize("name", ["baseline", "under"])
def test_each_value_of_the_card_lies_in_its_interval_at_the_threshold_in_use(name):
    results = fixed.results(name)
    compared = results.comparison.to_dict()
    text = card(report.answer(results), fixed.SPLIT, compared, results.scores, fixed.PARAMS)
    lines = dict(re.findall(r"^\| ([a-zA-Z ]+?) +\| (.*) +\|$", text, flags=re.MULTILINE))
    arm = "moved_threshold" if name == "baseline" else name
    assert list(lines) == [
        "metric", "average precision", "ROC AUC", "precision", "recall", "Brier score"
    ]  # fmt: skip
    for key in ("precision", "recall"):
        value, low, high = map(float, re.findall(r"[\d.]+", lines[key]))
        expected = compared["intervals"][arm][key]
        assert value == pytest.approx(results.scores[name][key], abs=1e-4)
        assert (value, low, high) == tuple(
            pytest.approx(expected[end], abs=1e-4) for end in ("value", "low", "high")
        )
    # The baseline decides otherwise at .5 than at its own threshold.
    intervals = compared["intervals"]
    assert intervals["baseline"]["precision"] != intervals["moved_threshold"]["precision"]
