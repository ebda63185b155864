"""What is said of a share of positives that is not the table's, against rows that have it."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from rebalance import metrics, report, thresholds
from rebalance.comparison.intervals import score_interval
from rebalance.judging import prevalence
from rebalance.model.corrected import CorrectedClassifier
from rebalance.report import sections
from rebalance.report.sentences import sentences
from rebalance.store import Table
from rebalance.thresholds.rules import FLAG_NONE
from tests import fixed
from tests.strategies import params

SHARE = 0.25
# 300 rows with 75 positives, and where the model will be used each negative four times.
RNG = np.random.default_rng(0)
Y = (np.arange(300) < 75).astype(np.int8)
TIMES = 4
PREVALENCE = 75 / (75 + TIMES * 225)
P = 1 / (1 + np.exp(-(RNG.normal(size=300) + 2 * Y - 1.5)))
TABLE = Table(X=RNG.uniform(1, 50, (300, 1)), y=Y, features=["Amount"])
EVERY = np.repeat(np.arange(300), np.where(Y == 1, 1, TIMES))
RULES = params(
    threshold__rules={
        "half": {"rule": "fixed", "value": 0.5},
        "max_f1": {"rule": "max_fbeta", "beta": 1},
        "costs": {"rule": "expected_cost", "c_fn": 100, "c_fp": 5, "c_tp": 5, "c_tn": 0},
        "least": {"rule": "empirical_cost", "c_fn": 100, "c_fp": 5},
        "amounts": {"rule": "amount_cost", "column": "Amount", "c_admin": 5},
        "rows": {"rule": "cost_by_row", "c_fn": "Amount", "c_fp": 5},
        "none": {"rule": "fixed", "value": 1.0},
    }
).threshold.rules


@pytest.fixture(scope="module")
def chosen():
    """Return what each rule chose at the share of the table."""
    return {
        name: asdict(thresholds.choose(rule.rule, Y, P, **rule.options))
        for name, rule in RULES.items()
    }


@pytest.fixture(scope="module")
def found(chosen):
    return prevalence.restated(TABLE, P, chosen, RULES, SHARE, PREVALENCE)


def bayes(p, share=SHARE, at=PREVALENCE):
    """Return probabilities whose prior is another: Bayes' rule, written out."""
    positive, negative = p * at / share, (1 - p) * (1 - at) / (1 - share)
    return positive / (positive + negative)


def test_the_metrics_are_those_of_rows_that_have_the_share(found):
    y, p = Y[EVERY], bayes(P)[EVERY]
    assert y.mean() == pytest.approx(PREVALENCE)
    ranked, probable = metrics.ranking_metrics(y, p), metrics.probability_metrics(y, p)
    assert found["average_precision"] == pytest.approx(ranked["average_precision"])
    for name in ("brier", "log_loss", "mean_probability"):
        assert found[name] == pytest.approx(probable[name]), name
    assert found["average_precision"] < metrics.ranking_metrics(Y, P)["average_precision"]


@pytest.mark.parametrize("name", [name for name in RULES if name != "none"])
def test_the_decisions_are_those_on_rows_that_have_the_share(name, found, chosen):
    y, p, row = Y[EVERY], bayes(P)[EVERY], found["rules"][name]
    if name == "amounts":
        flagged = p * TABLE.X[EVERY, 0] >= 5
        costs = {"c_tp": 5, "c_fp": 5, "c_fn": TABLE.X[EVERY, 0]}
    elif name == "rows":
        flagged = p * TABLE.X[EVERY, 0] >= (1 - p) * 5
        costs = {"c_tp": 0, "c_fp": 5, "c_fn": TABLE.X[EVERY, 0], "c_tn": 0}
    else:
        flagged = p >= row["threshold"]
        costs = RULES[name].options
    # The other rules flag what they flagged, at another probability.
    if name not in {"costs", "amounts", "rows"}:
        np.testing.assert_array_equal(flagged, P[EVERY] >= chosen[name]["value"])
        assert row["threshold"] == pytest.approx(bayes(chosen[name]["value"]))
    assert row["recall"] == pytest.approx(flagged[y == 1].mean())
    assert row["precision"] == pytest.approx(y[flagged].mean())
    assert row["precision_low"] < row["precision"] < row["precision_high"]
    assert row["alerts"] == pytest.approx(flagged.mean())
    if name in {"costs", "least", "amounts", "rows"}:
        spent = thresholds.cost_by_row(y, flagged, **costs).mean()
        assert row["cost"] == pytest.approx(1000 * spent)
    else:
        assert "cost" not in row


def test_expected_costs_decide_on_the_restated_probability(found, chosen):
    assert found["rules"]["costs"]["threshold"] == chosen["costs"]["value"] == 0.05
    assert found["rules"]["costs"]["alerts"] < (P >= 0.05).mean()


def test_a_rule_that_flags_nothing_has_no_precision(found):
    assert found["rules"]["none"] == {"threshold": 1.0, "recall": 0.0, "alerts": 0.0}


def test_at_the_share_of_the_table_nothing_changes(chosen):
    found = prevalence.restated(TABLE, P, chosen, RULES, SHARE, SHARE)
    for name, row in found["rules"].items():
        value = chosen[name]["value"]
        assert row["threshold"] == (None if value is None else pytest.approx(value))
    counts = metrics.decision_metrics(Y, P, chosen["max_f1"]["value"])
    assert found["rules"]["max_f1"]["precision"] == pytest.approx(counts["precision"])


@pytest.mark.parametrize(
    "curve",
    [{"slope": 1.2, "intercept": -0.4}, {"knots": np.array([[-4.0, 0.0, 3.0], [0.05, 0.4, 0.9]])}],
)
def test_a_model_answers_at_another_share_by_bayes_rule_and_decides_as_before(curve):
    X = RNG.normal(size=(300, 2)) + Y[:, None]
    fitted = LogisticRegression().fit(X, Y)
    model = CorrectedClassifier(fitted, threshold=0.3, share=SHARE, **curve)

    other = model.at(PREVALENCE)

    p = model.predict_proba(X)[:, 1]
    if "knots" not in curve:
        np.testing.assert_allclose(other.predict_proba(X)[:, 1], bayes(p), rtol=1e-9)
    else:
        # Between the knots both maps are straight, and at the knots they agree.
        at_knots = CorrectedClassifier.correct(other, 1 / (1 + np.exp(-curve["knots"][0])))
        np.testing.assert_allclose(at_knots, bayes(curve["knots"][1]), rtol=1e-9)
    if "knots" not in curve:
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert other.share == PREVALENCE
    assert model.share == SHARE


def test_the_report_names_the_assumption_and_the_share(found):
    scores = {
        name: values | {"at_prevalence": found} for name, values in fixed.results().scores.items()
    }
    results = replace(fixed.results(), scores=scores)
    section = sections.at_prevalence(results)
    assert section.title == "Where 7.692 % of the rows are positive, for under"
    assert "Of the test rows 25 % are positive" in section.text
    assert (
        "assumes that the positives look alike in both places, and so do the negatives"
        in section.text
    )
    assert f"Average precision is {found['average_precision']:.4g} there" in section.text
    assert "Where 7.692 % of the rows" in report.as_markdown(results)
    assert [row["name"] for row in section.rows] == list(RULES)
    assert "precision" not in section.rows[-1]
    assert list(section.headings.values()) == [
        "name", "threshold", "precision", "recall", "share flagged", "cost"
    ]  # fmt: skip
    assert section.text.endswith(" Costs are of 1,000 rows.")
    assert section.headings.keys() <= {key for row in section.rows for key in row}
    half = found["rules"]["half"]
    assert section.rows[0]["precision"].text(3).startswith(f"{half['precision']:.3f} [")
    assert sections.at_prevalence(fixed.results()) is None


def test_the_answer_has_the_threshold_and_the_shares_where_the_model_is_used(found):
    results = fixed.results()
    assert "data.prevalence" not in sentences(results)[1]
    there = {"threshold": 0.123456, "recall": 0.8, "precision": 0.25, "alerts": 0.1}

    def where(row):
        at = found | {"rules": {"max_f1": row}}
        own = results.scores["under"] | {"at_prevalence": at}
        return sentences(replace(results, scores=results.scores | {"under": own}))[1]

    assert where(there).endswith(
        "negatives. Where 7.692 % of the rows are positive (data.prevalence), a row is flagged "
        "when its probability there reaches 0.123, with recall 0.800 and precision 0.250."
    )
    none = {"threshold": FLAG_NONE, "recall": 0.0, "alerts": 0.0}
    assert where(none).endswith("(data.prevalence), no row is flagged, with recall 0.000.")


def test_groups_widen_the_interval_of_a_precision():
    """Four equal rows of one group say no more than one of them."""
    rules, chosen = {"half": RULES["half"]}, {"half": {"name": "fixed", "value": 0.5}}
    y, p = np.repeat(TABLE.y, 4), np.repeat(P, 4)
    rows = Table(X=np.zeros((y.size, 1)), y=y, features=["x"], others={})
    groups = np.repeat(np.arange(TABLE.y.size), 4)
    alone, together = (
        prevalence.restated(rows, p, chosen, rules, SHARE, SHARE, each)["rules"]["half"]
        for each in (None, groups)
    )
    assert together["precision"] == alone["precision"]
    assert together["precision_low"] < alone["precision_low"]


def test_the_interval_of_a_precision_counts_the_rows_that_were_flagged(found):
    """A negative that stands for four is one row all the same."""
    flagged, weight = P >= 0.5, np.where(Y == 1, 1, TIMES)
    hits, whole = (flagged * Y).sum(), (flagged * weight).sum()
    assert found["rules"]["half"]["precision"] == pytest.approx(hits / whole)
    parts = flagged * weight * (Y - hits / whole) / whole
    variance = sum(
        rows.size * rows.var(ddof=1) for rows in (parts[Y == 1], parts[Y == 0])
    )  # the classes are given
    ends = score_interval(
        hits / whole, np.sqrt(variance), int(flagged.sum()), stats.t.ppf(0.975, 74)
    )
    row = found["rules"]["half"]
    assert (row["precision_low"], row["precision_high"]) == pytest.approx(ends)
