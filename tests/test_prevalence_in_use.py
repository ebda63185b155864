"""A model in use where 2 % of the rows are positive, trained on a table with 8 % of them.

A positive row's odds there are 23/98 of what they are in the table: (2 / 98) / (8 / 92).
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from rebalance import cli, paths, scoring, store, thresholds
from rebalance.errors import InputError
from rebalance.judging import prevalence
from rebalance.model.corrected import CorrectedClassifier
from rebalance.report.card import card
from rebalance.scoring import models, server, watching
from rebalance.served import Scorer
from rebalance.store import Table
from tests.strategies import params

SHARE, THERE = 0.08, 0.02
RULES = {
    "half": {"rule": "fixed", "value": 0.5},
    "same": {"rule": "fixed", "value": 0.05},
    "max_f1": {"rule": "max_fbeta", "beta": 1},
    "costs": {"rule": "expected_cost", "c_fn": 95, "c_fp": 5, "c_tp": 0, "c_tn": 0},
    "amounts": {"rule": "amount_cost", "column": "paid", "c_admin": 1},
}
CHOSEN = {
    "half": {"name": "fixed", "value": 0.5},
    "same": {"name": "fixed", "value": 0.05},
    "max_f1": {"name": "max_fbeta", "value": 0.2},
    "costs": {"name": "expected_cost", "value": 0.05},
    "amounts": {"name": "amount_cost", "value": None, "c_admin": 1},
}
# Probabilities of the model, and those where 2 % are positive: 23 / 121 is .25 to .75 by odds.
P = np.array([0.5, 0.2, 0.19, 0.18, 0.1])
WRITTEN = [23 / 121, 23 / 415, 437 / 8375, 207 / 4225, 23 / 905]
# What the threshold of each rule becomes, and which of the rows it flags.
AT = {"half": 23 / 121, "same": 23 / 1885, "max_f1": 23 / 415, "costs": 0.05}
FLAGGED = {
    "half": [1, 0, 0, 0, 0],
    "same": [1, 1, 1, 1, 1],
    "max_f1": [1, 1, 0, 0, 0],
    "costs": [1, 1, 1, 0, 0],
    "amounts": [1, 0, 1, 0, 1],
}
PAID = [6, 18, 20, 20, 40]  # .0522 * 20 is above the cost of a look, 1, and .0490 * 20 below it


class Answers:
    """An estimator whose probability is the row's only number."""

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])


def scorer(use="costs", **changed):
    model = CorrectedClassifier(
        Answers(),
        features=["p"],
        threshold=CHOSEN[use]["value"],
        thresholds=CHOSEN | changed,
        share=SHARE,
    )
    return Scorer(model, "baseline")


def settings(use="costs", there=THERE, **changes):
    return params(
        data__prevalence=there, threshold__rules=RULES, threshold__use=use, data__drop=[], **changes
    )


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"p": P, "paid": PAID}).to_csv("new.csv", index=False)


@pytest.fixture
def used(place, monkeypatch):
    """Return a call that makes the commands use a model and parameters."""

    def use(rule, there=THERE, **changes):
        monkeypatch.setattr("rebalance.params.load", lambda: settings(rule, there, **changes))
        monkeypatch.setattr(scoring, "find", lambda name: scorer(rule))

    return use


@pytest.mark.parametrize("rule", CHOSEN)
def test_predict_writes_restated_probabilities_and_decides_as_the_report_counts(place, rule):
    scoring.score_file(
        "new.csv", "out.csv", scorer(), settings().data,
        rule=rule, amounts="paid" if rule == "amounts" else "", prevalence=THERE,
    )  # fmt: skip
    found = pd.read_csv("out.csv")
    assert list(found["probability"]) == pytest.approx(WRITTEN)
    assert list(found["decision"]) == FLAGGED[rule]
    # The report counts the decisions on test rows: one row after the other is all positives.
    reported = []
    for i in range(len(P)):
        y = np.repeat(np.arange(len(P)) == i, 10).astype(int)
        rows = Table(X=np.repeat(PAID, 10)[:, None], y=y, features=["paid"])
        kinds = {rule: settings().threshold.rules[rule]}
        p = np.repeat(P, 10)
        there = prevalence.restated(rows, p, CHOSEN, kinds, SHARE, THERE)
        row = there["rules"][rule]
        reported.append(row["recall"])
    assert reported == FLAGGED[rule]
    assert models.decider(scorer(), rule, prevalence=THERE).value == row["threshold"]
    assert row["threshold"] == (pytest.approx(AT[rule]) if rule in AT else None)


def test_a_rule_on_amounts_needs_their_column(used):
    used("costs")
    pd.DataFrame({"p": P}).to_csv("new.csv", index=False)
    said = (
        r"^new\.csv must have the column 'paid', by which the rule amounts decides; it has 'p'\.$"
    )
    with pytest.raises(InputError, match=said):
        cli.main(["predict", "new.csv", "-o", "out.csv", "--rule", "amounts"])
    assert not Path("out.csv").exists()


def test_without_a_share_in_use_nothing_is_restated(place):
    scoring.score_file("new.csv", "out.csv", scorer(), settings().data)
    found = pd.read_csv("out.csv")
    assert list(found["probability"]) == list(P)
    assert list(found["decision"]) == [1] * 5


@pytest.mark.parametrize(("use", "flagged"), [("same", "same"), ("costs", "costs"), ("", "costs")])
def test_of_rules_with_one_threshold_the_one_in_use_decides(place, use, flagged):
    scoring.score_file("new.csv", "out.csv", scorer(), settings().data, use=use, prevalence=THERE)
    assert list(pd.read_csv("out.csv")["decision"]) == FLAGGED[flagged]


@pytest.mark.parametrize("rule", ["max_f1", "costs", "same"])
def test_predict_says_at_which_share_its_probabilities_hold(used, capsys, rule):
    used(rule)
    cli.main(["predict", "new.csv", "-o", "out.csv"])
    assert list(pd.read_csv("out.csv")["decision"]) == FLAGGED[rule]
    assert capsys.readouterr().out == (
        f"ignored columns: paid\n5 rows scored by baseline, {sum(FLAGGED[rule])} flagged: out.csv\n"
        "probabilities hold where 2 % of the rows are positive (data.prevalence)\n"
    )


@pytest.mark.parametrize("rule", ["max_f1", "costs", "same"])
def test_a_request_is_answered_as_a_file_is(used, monkeypatch, rule):
    used(rule)
    seen = {}
    monkeypatch.setattr(server, "serve", lambda *given: seen.update(given=given))
    cli.main(["serve", "--port", "0"])
    model, _, data, decider = seen["given"]
    for kind, body in (
        ("text/csv", Path("new.csv").read_bytes()),
        ("application/json", json.dumps({"dataframe_records": [{"p": p} for p in P]}).encode()),
    ):
        answer = server.answered(model, body, kind, data, decider)["predictions"]
        assert [row["probability"] for row in answer] == pytest.approx(WRITTEN)
        assert [row["decision"] for row in answer] == FLAGGED[rule]
    described = server.described(model, decider)
    assert described["threshold"] == pytest.approx(AT[rule])
    assert described["prevalence"] == THERE
    assert described["answer"]["decision"] == "1 from the threshold on, else 0"


def test_the_schema_of_a_model_that_flags_nothing_says_so():
    none = {"half": {"name": "fixed", "value": thresholds.rules.FLAG_NONE}}
    model = scorer("half").model.set_params(thresholds=none, threshold=none["half"]["value"])
    for there, share in ((None, SHARE), (THERE, THERE)):
        described = server.described(Scorer(model), models.decider(Scorer(model), prevalence=there))
        assert described["threshold"] is None
        assert described["prevalence"] == share
        assert described["answer"]["decision"] == "0: no row is flagged"


@pytest.mark.parametrize("rule", ["max_f1", "costs"])
def test_a_model_at_another_share_decides_as_the_report_says(rule):
    frame = pd.DataFrame({"p": P})
    other = scorer(rule).model.at(THERE)
    assert other.predict_proba(frame)[:, 1] == pytest.approx(WRITTEN)
    assert other.threshold == pytest.approx(AT[rule])
    assert list(other.predict(frame)) == FLAGGED[rule]


@pytest.mark.parametrize(
    ("use", "there", "threshold", "said"),
    [
        ("costs", THERE, 0.05, "1 from the probability 0.05 on (rule costs)"),
        ("max_f1", THERE, 0.2, "1 from the probability 0.05542 on (rule max_f1)"),
        ("max_f1", None, 0.2, "1 from the probability 0.2 on (rule max_f1)"),
        ("max_f1", THERE, None, "and a decision: no row is flagged (rule max_f1)"),
        ("max_f1", None, None, "and a decision: no row is flagged (rule max_f1)"),
    ],
)
def test_the_card_gives_the_threshold_of_what_predict_writes(use, there, threshold, said):
    side = {"rows": 10_000, "positives": 800, "prevalence": SHARE}
    # scores.json has 1 where the answer says that no row is flagged.
    scores = {"baseline": {"threshold": threshold or 1.0}}
    stated = {"threshold": {"value": threshold}}
    text = card(
        {"recommended": "baseline", "answer": "Use baseline."} | stated,
        {"train": side, "test": side},
        {"intervals": {paths.MOVED: {}}},
        scores,
        settings(use, there),
    )
    assert said in text
    restates = "hold where 2 % of the rows are positive (data.prevalence)"
    assert (restates in text) == (there is not None)
    assert ("answers at the share of the training rows" in text) == (there is not None)


# Of 10,000 rows of the table 800 are positive: 400 of 800 rows of probability .5, 300 of 1,500 of
# .2, and 100 of 7,700. Where 2 % are, of as many rows, 200 positives and 9,800 negatives look so.
LEVELS = [0.5, 0.2, 1 / 77]
NEW = {1: [100, 75, 25], 0: [426, 1278, 8096]}
TEST = {"max_f1": (700, 2300), "costs": (800, 10_000)}


def labelled(new=None):
    new = new or NEW
    pieces = [
        pd.DataFrame({"p": np.repeat(LEVELS, counts), "Class": label})
        for label, counts in new.items()
    ]
    pd.concat(pieces).to_csv("labelled.csv", index=False)


def watched(capsys):
    """Return the lines of `rebalance watch` by what they speak of, and its exit code."""
    code = 0
    try:
        cli.main(["watch", "labelled.csv"])
    except SystemExit as end:
        code = end.code
    first, *lines = capsys.readouterr().out.splitlines()
    return first, dict(line.split(": ", 1) for line in lines), code


@pytest.fixture
def judged(used):
    side = {"positives": 800, "rows": 10_000, "prevalence": SHARE}
    store.write_json(paths.SPLIT, {"train": side, "test": side})
    store.write_json(paths.READING, {"positive": ["1"], "negative": ["0"]})

    def judge(rule, changed=None, there=THERE, **changes):
        used(rule, there, **changes)
        y = np.repeat([1, 0], [800, 9200])
        levels = [LEVELS * 2, [400, 300, 100, 400, 1200, 7600]]
        p = np.repeat(*levels)
        chosen = CHOSEN | (changed or {})
        kinds = settings(rule).threshold.rules
        table = Table(X=np.ones((10_000, 1)), y=y, features=["paid"])
        flagged = p >= chosen[rule]["value"]
        score = {
            "true_positives": int(flagged[y == 1].sum()),
            "false_positives": int(flagged[y == 0].sum()),
            "at_prevalence": prevalence.restated(table, p, chosen, kinds, SHARE, THERE),
        }
        store.write_json(paths.SCORES, {"baseline": score})

    return judge


def test_watch_finds_no_promise_broken_where_all_came_as_announced(judged, capsys):
    judged("max_f1")
    labelled()
    first, said, code = watched(capsys)
    assert first == "baseline on 10,000 new rows: 1,879 flagged, 200 positive"
    # Odds of a right alert: 700 / 1600 on test rows, times 23/98 where the model is used.
    assert said["precision"].startswith(
        "holds; promised 9.3 % of the alerts right (on test rows 30.4 % of 2,300), seen 9.3 % of "
        "1,879 alerts right (p "
    )
    assert said["prevalence"].startswith(
        "holds; promised 2.0000 % by data.prevalence, seen 2.0000 %"
    )
    assert said["calibration"].startswith("holds; promised ")
    assert code == 0


def test_watch_restates_a_precision_of_test_rows_from_their_own_share(judged, capsys):
    judged("max_f1")
    labelled()
    split = store.read_json(paths.SPLIT)
    store.write_json(paths.SPLIT, split | {"test": {"positives": 400, "rows": 10_000}})
    _, said, _ = watched(capsys)
    # 700 / 1600 times (2 / 98) / (4 / 96) is 3 / 14.
    assert said["precision"].startswith(
        "broken; promised 17.6 % of the alerts right (on test rows 30.4 % of 2,300), seen 9.3 % of"
    )


def test_watch_looks_at_the_decisions_that_expected_costs_take_there(judged, capsys, monkeypatch):
    # .1 flags the rows of .2 in the table, and only those of .5 there: 23/415 is below it.
    dear = {"costs": {"name": "expected_cost", "value": 0.1}}
    monkeypatch.setitem(CHOSEN, "costs", dear["costs"])
    judged("costs")
    labelled()
    first, said, code = watched(capsys)
    assert first == "baseline on 10,000 new rows: 526 flagged, 200 positive"
    assert said["precision"].startswith(
        "holds; promised 19.0 % of the alerts right (on test rows 50.0 % of 800), seen 19.0 % of "
    )
    assert code == 0


def test_watch_says_where_the_decisions_there_were_never_judged(judged, capsys):
    judged("costs")
    labelled()
    scores = store.read_json(paths.SCORES)
    for stale in ({}, {"at_prevalence": scores["baseline"]["at_prevalence"] | {"prevalence": 0.1}}):
        left = {k: v for k, v in scores["baseline"].items() if k != "at_prevalence"} | stale
        store.write_json(paths.SCORES, {"baseline": left})
        _, said, code = watched(capsys)
        assert said["precision"].startswith("cannot be judged; metrics/scores.json does not say")
        assert code == 0


def test_watch_still_finds_a_precision_that_fell(judged, capsys):
    judged("max_f1")
    # As many alerts and positives, of which the model ranks 60 lower than it did.
    labelled({1: [70, 45, 85], 0: [456, 1308, 8036]})
    _, said, code = watched(capsys)
    p_value = stats.nchypergeom_fisher(1879 + 2300, 115 + 700, 1879, 23 / 98).cdf(115)
    assert p_value < 0.001
    assert said["precision"].startswith("broken; promised 9.3 % of the alerts right ")
    assert code == 1


@pytest.mark.parametrize(
    ("share", "asked", "promised"),
    [
        # .3 / .7 * 23 / 98 is .1006 by odds.
        ("precision", 0.3, "9.1 % of the alerts right (30.0 % at the share of the training rows)"),
        ("recall", 0.85, "85.0 % of the positives flagged"),
    ],
)
def test_a_promised_precision_changes_with_the_share_and_a_promised_recall_does_not(
    judged, capsys, monkeypatch, share, asked, promised
):
    promise = {"share": share, "asked": asked, "promised": True}
    monkeypatch.setitem(CHOSEN, "max_f1", CHOSEN["max_f1"] | {"promise": promise})
    judged("max_f1")
    labelled()
    _, said, code = watched(capsys)
    assert said[share].startswith(f"holds; promised {promised}, seen ")
    assert code == 0


def test_alerts_on_new_rows_are_compared_by_an_exact_law():
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    found = watching.promises(
        y, np.full(10, 0.1), np.ones(10, bool),
        train=(8, 100), test=(9, 12), prevalence=THERE, shares=(SHARE, SHARE),
    )  # fmt: skip
    # Of 12 right alerts among 22, three or fewer are among the ten new ones.
    assert found[2].p_value == pytest.approx(stats.nchypergeom_fisher(22, 12, 10, 23 / 98).cdf(3))


def test_counts_of_alerts_there_are_those_of_the_rows():
    """Many rows, as scores.json rounds them to six digits."""
    rng = np.random.default_rng(0)
    y = (np.arange(60_000) < 4800).astype(int)
    p = 1 / (1 + np.exp(3 - rng.normal(size=y.size) - 2 * y))
    table = Table(X=np.ones((y.size, 1)), y=y, features=["paid"])
    kinds = {"costs": settings().threshold.rules["costs"]}
    row = prevalence.restated(table, p, CHOSEN, kinds, SHARE, THERE)["rules"]["costs"]
    flagged = p / (1 - p) * 23 / 98 >= 5 / 95
    found = watching.alerts_there(store.rounded(row), SHARE, y.size, THERE)
    assert found == (int(flagged[y == 1].sum()), int(flagged.sum()))


def test_watch_takes_the_rule_that_the_model_was_trained_with(judged, capsys, monkeypatch):
    """As predict does, whatever ``threshold.use`` says by now."""
    judged("max_f1")
    labelled()
    monkeypatch.setattr("rebalance.params.load", lambda: settings("half"))
    first, said, code = watched(capsys)
    assert first == "baseline on 10,000 new rows: 1,879 flagged, 200 positive"
    assert said["precision"].startswith("holds; promised 9.3 % of the alerts right ")
    assert code == 0


@pytest.mark.parametrize("there", [THERE, None])
def test_a_model_of_another_folder_is_not_judged_by_the_rows_of_this_one(
    judged, capsys, monkeypatch, there
):
    judged("max_f1", there=there)
    labelled()
    monkeypatch.setattr(models, "is_here", lambda scorer, name: False)
    first, said, _ = watched(capsys)
    assert first == "baseline on 10,000 new rows: 1,879 flagged, 200 positive"
    other = "the model of this folder is another, and its training and test rows are the only ones"
    assert said["precision"] == f"cannot be judged; {other}"
    assert said["columns"] == f"not compared; {other}"
    if there is None:
        assert said["prevalence"] == f"cannot be judged; {other}"
    else:
        assert said["prevalence"].startswith("holds; promised 2.0000 % by data.prevalence")
    assert "calibration" in said


def test_a_model_is_the_one_of_this_folder_where_its_bytes_are_the_same(place):
    from skops.io import dump

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.random(60) < 0.5
    fitted = [LogisticRegression(C=c).fit(X, y.astype(int)) for c in (1.0, 2.0)]
    own, other = (CorrectedClassifier(each, features=["a", "b"], share=SHARE) for each in fitted)
    store.write_model(paths.model("baseline"), own)
    for model, same in ((own, True), (other, False)):
        dump(Scorer(model, "baseline"), "registered.skops")  # as MLflow writes it
        registered = store.read_model("registered.skops")
        assert models.is_here(registered, "models:/rebalance@champion") is same
        assert models.is_here(registered, "baseline")
    paths.model("baseline").unlink()
    assert not models.is_here(registered, "models:/rebalance@champion")
