"""The review band: within its capacity, where a look saves most, and what the report says of it."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow.csv as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rebalance import report, scoring, thresholds
from rebalance.comparison.intervals import score_interval
from rebalance.errors import InputError
from rebalance.judging.rules import by_rule
from rebalance.params import Threshold as Section
from rebalance.params import parse
from rebalance.report import sections
from rebalance.served import Scorer
from rebalance.store import Table
from rebalance.thresholds.rules import FLAG_NONE
from tests import fixed
from tests.strategies import SHIPPED, changed, frame, model, params

# Ten rows, P a positive: .95P .9P .8n .7P .6n .5P .4n .3n .2n .1P
Y = np.array([1, 1, 0, 1, 0, 1, 0, 0, 0, 1], dtype=np.int8)
P = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])


def band(**options):
    return thresholds.choose("review_band", Y, P, **options)


def of(chosen, p=P):
    return {name: list(np.flatnonzero(rows)) for name, rows in chosen.bands(p).items()}


def test_by_precision_the_rows_below_the_blocked_ones_are_looked_at():
    """Precision .75 holds down to the fourth row; the capacity is three rows of ten."""
    chosen = band(share=0.3, precision=0.75)
    assert of(chosen) == {"block": [0, 1, 2, 3], "look": [4, 5, 6], "pass": [7, 8, 9]}
    assert (chosen.value, chosen.block) == (pytest.approx(0.35), pytest.approx(0.65))
    assert (chosen.capacity, chosen.out_of_fold, chosen.met) == (0.3, 0.3, True)
    assert list(chosen.flag(P)) == [True] * 7 + [False] * 3


def test_by_costs_the_rows_are_looked_at_whose_look_saves_most():
    """A miss and an alarm cost the same: a look saves most at .5, then at .4 and .6."""
    chosen = band(share=0.3, c_fp=10.0, c_fn=10.0)
    assert of(chosen) == {"block": [0, 1, 2, 3], "look": [4, 5, 6], "pass": [7, 8, 9]}
    # A miss costs four times as much: at .2 a look saves 8, at .3 it saves 7.
    assert of(band(share=0.2, c_fp=10.0, c_fn=40.0))["look"] == [7, 8]
    # Three times: 7 at .3, and 6 at both .2 and .4, of which there is room for one only.
    assert of(band(share=0.2, c_fp=10.0, c_fn=30.0))["look"] == [7]


def test_a_look_that_costs_more_than_it_saves_is_not_taken():
    """At .5 a look saves 5, at .4 and .6 it saves 4."""
    assert of(band(share=1.0, c_fp=10.0, c_fn=10.0, c_look=4.5))["look"] == [5]
    assert of(band(share=1.0, c_fp=10.0, c_fn=10.0, c_look=3.9))["look"] == [4, 5, 6]
    none = band(share=1.0, c_fp=10.0, c_fn=10.0, c_look=5.5)
    assert of(none) == {"block": [0, 1, 2, 3, 4, 5], "look": [], "pass": [6, 7, 8, 9]}
    assert none.value == none.block == 0.5


def test_without_capacity_the_two_thresholds_are_one():
    assert of(band(share=0.05, precision=0.75)) == {
        "block": [0, 1, 2, 3],
        "look": [],
        "pass": [4, 5, 6, 7, 8, 9],
    }


def test_a_precision_that_cannot_be_promised_blocks_nothing():
    chosen = band(share=0.2, precision=0.75, confidence=0.9)
    assert chosen.block == FLAG_NONE
    assert not chosen.met
    # A threshold reaches the precision out of fold, and is not the one that is used.
    assert chosen.message == (
        "no row is blocked without a look: precision 0.75 cannot be promised with 90 % "
        "confidence from the out-of-fold scores of 5 positives."
    )
    assert of(chosen)["block"] == []


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"weight": 3}, "where negatives were left out of the training rows"),
        ({"grouped": True}, "where rows belong to groups"),
    ],
)
def test_what_cannot_be_promised_of_a_band_is_said_of_both_of_its_parts(how, why):
    chosen = band(share=0.5, precision=0.75, confidence=0.9, **how)
    capacity, blocked = chosen.message.split("; ", 1)
    assert capacity == f"the capacity cannot be promised {why}"
    assert blocked.startswith("no row is blocked without a look: precision 0.75 cannot be promised")
    assert "out of fold" not in blocked
    assert (chosen.met, chosen.block) == (False, FLAG_NONE)
    # By costs nothing is asked of a precision.
    by_costs = band(share=0.5, c_fp=1.0, c_fn=5.0, confidence=0.9, **how)
    assert (by_costs.met, by_costs.message) == (False, f"{capacity}.")


def spent(y, p, looked, c_fp, c_fn):
    """Return what rows cost in expectation: nothing where looked at, else the cheaper mistake."""
    return np.where(looked, 0.0, np.minimum(p * c_fn, (1 - p) * c_fp)).sum()


@given(
    p=st.lists(st.floats(0.001, 0.999), min_size=3, max_size=7, unique=True),
    k=st.integers(1, 3),
    c_fn=st.sampled_from([1.0, 5.0, 40.0]),
)
def test_no_other_rows_of_the_capacity_would_cost_less(p, k, c_fn):
    p = np.array(p)
    y = (np.arange(p.size) % 2).astype(np.int8)
    chosen = thresholds.choose("review_band", y, p, alerts=k, out_of=p.size, c_fp=1.0, c_fn=c_fn)
    looked = chosen.bands(p)["look"]
    assert looked.sum() <= k
    best = min(
        spent(y, p, np.isin(np.arange(p.size), rows), 1.0, c_fn)
        for rows in combinations(range(p.size), int(looked.sum()))
    )
    assert spent(y, p, looked, 1.0, c_fn) == pytest.approx(best)
    # What is blocked costs less so than let pass.
    assert np.all(p[chosen.bands(p)["block"]] * c_fn >= 1 - p[chosen.bands(p)["block"]] - 1e-9)


@given(
    data=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=2, max_size=40).filter(
        lambda rows: any(y for y, _ in rows)
    ),
    share=st.floats(0, 1),
    how=st.sampled_from([{"precision": 0.6}, {"c_fp": 2.0, "c_fn": 9.0}]),
)
def test_the_capacity_holds_on_the_scores_it_was_chosen_on(data, share, how):
    y, p = np.array([y for y, _ in data]), np.array([p / 20 for _, p in data])
    chosen = thresholds.choose("review_band", y, p, share=share, **how)
    parts = chosen.bands(p)
    assert parts["look"].sum() <= share * y.size + 1e-6
    assert chosen.out_of_fold == parts["look"].mean()
    assert np.array_equal(sum(part.astype(int) for part in parts.values()), np.ones(y.size))


def test_with_confidence_the_capacity_leaves_room_as_the_beta_distribution_says():
    rng = np.random.default_rng(0)
    y, p = rng.permutation(np.repeat([1, 0], [900, 9100])), rng.random(10_000)
    chosen = thresholds.choose("review_band", y, p, share=0.02, c_fp=1.0, c_fn=1.0, confidence=0.95)
    looked = int(chosen.bands(p)["look"].sum())
    # Between ranks so far apart lies more than .02 of new rows with a chance of .05 at most.
    assert stats.beta.sf(0.02, looked + 1, 10_000 - looked) <= 0.05
    assert stats.beta.sf(0.02, looked + 2, 10_000 - looked - 1) > 0.05


def test_a_band_is_restored_as_one_and_another_rule_as_a_threshold():
    chosen = band(share=0.3, precision=0.75)
    assert thresholds.restored(vars(chosen)) == chosen
    half = thresholds.choose("fixed", Y, P)
    assert thresholds.restored(vars(half)) == half
    assert "block" not in vars(half)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"share": 0.1}, "must have either precision, or c_fp and c_fn, not both"),
        ({"share": 0.1, "c_fp": 1.0}, "must have either precision, or c_fp and c_fn, not both"),
        (
            {"share": 0.1, "precision": 0.9, "c_fp": 1.0, "c_fn": 2.0},
            "must have either precision, or c_fp and c_fn, not both",
        ),
        ({"precision": 0.9}, "must have either share, or alerts and out_of, not both"),
        (
            {"alerts": 5, "out_of": 2, "precision": 0.9},
            "alerts must be at most out_of, got 5 out of 2",
        ),
    ],
)
def test_a_band_that_cannot_be_is_one_line(options, line):
    with pytest.raises(InputError, match=line):
        params(threshold__rules={"half": {"rule": "fixed"}, "b": {"rule": "review_band"} | options},
               threshold__use="half")  # fmt: skip
    with pytest.raises(ValueError, match=r"review_band needs either|alerts must be"):
        band(**options)


def test_two_thresholds_cannot_be_the_one_that_decides():
    rule = {"rule": "review_band", "share": 0.1, "precision": 0.9}
    with pytest.raises(InputError, match="use must be a rule with one threshold for all rows"):
        params(threshold__rules={"b": rule}, threshold__use="b")


RULES = Section(
    use="half",
    rules={
        "half": {"rule": "fixed"},
        "team": {"rule": "review_band", "share": 0.3, "precision": 0.75, "confidence": 0.0},
    },
).rules
CHOSEN = {name: vars(thresholds.choose(r.rule, Y, P, **r.options)) for name, r in RULES.items()}


def decided(p=P):
    return by_rule(Table(X=np.zeros((10, 1)), y=Y, features=["x"]), p, CHOSEN, RULES)["team"]


def test_what_each_part_holds_worked_by_hand():
    found = decided()
    assert {name: (part["rows"], part["positives"]) for name, part in found["bands"].items()} == {
        "block": (4, 3),
        "look": (3, 1),
        "pass": (3, 1),
    }
    block = found["bands"]["block"]
    assert block["precision_low"] < block["precision"] == 0.75 < block["precision_high"]
    look = found["bands"]["look"]
    assert look["share_low"] < look["share"] == 0.3 < look["share_high"]
    # All that is not let pass: four of five positives.
    assert found["recall"] == 0.8


def text_of(row):
    results = fixed.results()
    under = results.decisions["under"] | {"team": row}
    changed = replace(results, decisions=results.decisions | {"under": under})
    return sections.bands(changed), changed


def test_the_report_says_whether_the_capacity_is_held():
    section, results = text_of(decided())
    (point,) = section.points
    assert point.startswith(
        "team: 0.3 of the rows can be looked at. Out of fold 0.3 were, of the test rows 0.300 ["
    )
    assert point.endswith("]: within the capacity.")
    assert [(row["rows"], row["count"], row["positives"]) for row in section.rows] == [
        ("blocked", 4, 3),
        ("looked at", 3, 1),
        ("let pass", 3, 1),
    ]
    assert [row["from"] for row in section.rows] == [
        pytest.approx(0.65),
        pytest.approx(0.35),
        0.0,
    ]
    assert [row["precision"].value for row in section.rows] == pytest.approx([3 / 4, 1 / 3, 1 / 3])
    assert "## Review band, for under" in report.as_markdown(results)
    assert sections.bands(fixed.results()) is None


def test_the_report_says_when_more_has_to_be_looked_at():
    (point,) = text_of(decided(np.linspace(0.45, 0.4, 10)))[0].points
    assert point.endswith("]: above the capacity.")
    row = decided()
    (point,) = text_of(row | {"capacity": 0.29})[0].points
    assert point.endswith("]: above the capacity, by no more than chance explains.")


def test_a_file_is_scored_with_the_band_of_each_row(tmp_path):
    fitted, rows = model("hist_gradient_boosting"), frame()
    p = fitted.predict_proba(rows.drop(columns="Class").to_numpy())[:, 1]
    low, block = np.quantile(p, [0.8, 0.95]).tolist()
    chosen = thresholds.Band(
        name="review_band", value=low, block=block, capacity=0.15, out_of_fold=0.15
    )
    fitted.thresholds = {"team": vars(chosen)}
    rows.drop(columns="Class").to_csv(tmp_path / "new.csv", index=False)
    data = parse(changed(SHIPPED, {"data.source": "file", "data.path": "x.csv"})).data
    scoring.score_file(
        tmp_path / "new.csv", tmp_path / "out.csv", Scorer(fitted, "m"), data, rule="team"
    )
    written = pc.read_csv(tmp_path / "out.csv")
    parts = chosen.bands(p)
    wanted = np.select(list(parts.values()), list(parts), "pass")
    assert written["band"].to_pylist() == wanted.tolist()
    assert written["decision"].to_pylist() == (wanted != "pass").astype(int).tolist()
    assert {*wanted} == {"block", "look", "pass"}


def test_the_share_of_a_part_has_the_interval_of_a_sample_of_rows():
    """Three of ten rows: each adds (1 - .3) / 10 or -.3 / 10, and Student has nine degrees."""
    look = decided()["bands"]["look"]
    error = np.sqrt(10 / 9 * (3 * 0.07**2 + 7 * 0.03**2))
    ends = score_interval(0.3, error, 10, stats.t.ppf(0.975, 9))
    assert (look["share_low"], look["share_high"]) == pytest.approx(ends)


def test_parts_of_rows_in_groups_are_those_of_the_groups():
    """Four equal rows of a group say no more than one."""
    rows, p = Table(X=np.zeros((40, 1)), y=np.repeat(Y, 4), features=["x"]), np.repeat(P, 4)
    alone, together = (
        by_rule(rows, p, CHOSEN, RULES, groups)["team"]["bands"]
        for groups in (None, np.repeat(np.arange(10), 4))
    )
    for name, key in (("look", "share"), ("pass", "share"), ("block", "precision")):
        widths = [
            each[name][f"{key}_high"] - each[name][f"{key}_low"] for each in (alone, together)
        ]
        assert widths[1] > 1.2 * widths[0]
