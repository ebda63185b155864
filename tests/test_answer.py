"""metrics/answer.json, the numbers that DVC shows, and the page that tells assistants of them."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

import jsonschema
import pytest

from rebalance import paths, report, store
from rebalance.comparison import BETTER, EQUAL, UNDECIDED, WORSE
from rebalance.comparison.verdicts import Verdict
from rebalance.params.sections import Split
from rebalance.report import render
from rebalance.report.answer import PROMISE
from rebalance.report.card import card
from rebalance.report.sentences import sentences
from rebalance.thresholds.rules import FLAG_NONE
from tests import fixed

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "docs" / "answer.schema.json").read_text(encoding="utf-8"))
SPOKEN = [{"code": "RB205", "severity": "warning", "sentence": "5 positives are few."}]
PROMISED = {
    "share": "precision",
    "asked": 0.9,
    "out_of_fold": 0.93,
    "confidence": 0.95,
    "promised": True,
    "positives": 40,
    "price": 0.04,
}


@pytest.fixture(scope="module")
def results():
    found = fixed.results(checks=SPOKEN)
    half = found.decisions["under"]["half"] | PROMISED
    return replace(
        found, decisions=found.decisions | {"under": found.decisions["under"] | {"half": half}}
    )


def valid(answer):
    content = json.loads(json.dumps(store.rounded(answer)))
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    return content


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def properties(schema):
    """Yield (name, schema) of every property, at any depth."""
    for key, each in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "properties":
            yield from each.items()
        if isinstance(each, (dict, list)):
            yield from properties(each)


def test_the_schema_says_what_every_key_means_and_leaves_none_out():
    described = list(properties(SCHEMA))
    assert len(described) > 40
    assert not [name for name, each in described if not each.get("description", "").endswith(".")]

    def of(place):
        return set(place["properties"])

    verdict = SCHEMA["$defs"]["verdict"]
    assert of(verdict) == set(verdict["required"]) == {each.name for each in fields(Verdict)}
    promise = SCHEMA["properties"]["promises"]["items"]
    assert of(promise) == {"name", *PROMISE}
    for place in (SCHEMA, verdict, promise, *SCHEMA["$defs"].values()):
        assert place.get("type") == "integer" or place["additionalProperties"] is False


def test_the_schema_has_the_words_that_the_code_has():
    rows = SCHEMA["properties"]["test_rows"]["properties"]
    assert set(rows["split"]["enum"]) == set(get_args(Split.model_fields["method"].annotation))
    words = {BETTER, WORSE, EQUAL, UNDECIDED}
    assert set(SCHEMA["$defs"]["verdict"]["properties"]["verdict"]["enum"]) == words


@pytest.mark.parametrize("method", get_args(Split.model_fields["method"].annotation))
def test_an_answer_of_every_split_fits_the_schema(results, method):
    split = results.params.split.model_copy(update={"method": method})
    params = results.params.model_copy(update={"split": split})
    assert valid(report.answer(replace(results, params=params)))["test_rows"]["split"] == method


def test_the_answer_is_what_the_report_says(results):
    found = valid(report.answer(results))
    assert found["answer"] == " ".join(sentences(results))
    assert found["answer"] == report.as_markdown(results).split("\n\n")[1]
    assert (found["recommended"], found["treatment"]) == ("under", "random_under, ratio 2")
    assert found["metric"] == "average_precision"
    assert found["value"]["value"] == pytest.approx(fixed.AVERAGE_PRECISION["under"], rel=1e-5)
    verdict = results.comparison.verdicts["under"]
    assert found["against_baseline"]["verdict"] == verdict.verdict
    assert found["against_baseline"]["difference"] == pytest.approx(verdict.difference, rel=1e-5)
    assert found["verdicts"]["under"] == found["against_baseline"]
    assert set(found["verdicts"]) == {"moved_threshold", "under"}


def test_the_answer_has_the_threshold_and_the_counts_of_its_model(results):
    found = valid(report.answer(results))
    assert found["threshold"] == {"name": "max_f1", "rule": "max_fbeta", "value": 0.6, "met": True}
    rows = found["test_rows"]
    assert rows["split"] == "stratified"
    counts = [rows[key] for key in ("true_positives", "false_negatives", "false_positives",
                                    "true_negatives")]  # fmt: skip
    assert tuple(counts) == fixed.COUNTS["under"]
    assert (rows["precision"]["value"], rows["recall"]["value"]) == (1, 0.8)
    assert rows["recall"]["low"] < 0.8 < rows["recall"]["high"]


def test_the_baseline_has_no_verdict_against_itself():
    found = valid(report.answer(fixed.results("baseline")))
    assert (found["recommended"], found["treatment"]) == ("baseline", "none")
    assert found["against_baseline"] is None
    assert found["threshold"]["value"] == 0.35


def test_where_no_row_is_flagged_programs_read_null(results, tmp_path, monkeypatch):
    never = FLAG_NONE
    own = {name: row | {"threshold": never} for name, row in results.decisions["under"].items()}
    own["max_f1"] |= {"block": never}
    scores = results.scores | {"under": results.scores["under"] | {"threshold": never}}
    decided = results.decisions | {"under": own}
    found = replace(results, scores=scores, decisions=decided)
    answered = valid(report.answer(found))
    assert answered["threshold"]["value"] is None
    assert "Flag no row (rule max_f1)" in answered["answer"]
    assert [each["threshold"] for each in answered["promises"]] == [None]
    monkeypatch.chdir(tmp_path)
    report.write(found)
    rows = json.loads(paths.DECISIONS.read_text(encoding="utf-8"))
    assert {row["threshold"] for row in rows["under"].values()} == {None}
    assert rows["under"]["max_f1"]["block"] is None
    assert rows["baseline"]["max_f1"]["threshold"] == 0.35
    shown = {
        name: json.loads((paths.SUMMARIES / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("baseline", "under")
    }
    assert (shown["baseline"]["threshold"], "threshold" in shown["under"]) == (0.35, False)


def test_a_rule_that_is_not_met_is_not_said_to_be(results):
    own = results.decisions["under"]["max_f1"] | {"message": "not."}
    decided = results.decisions | {"under": results.decisions["under"] | {"max_f1": own}}
    found = valid(report.answer(replace(results, decisions=decided)))
    assert found["threshold"]["met"] is False


def test_caveats_checks_and_promises_are_there(results):
    found = valid(report.answer(results))
    assert found["checks"] == SPOKEN
    assert any("the interval of ECE may be too narrow" in caveat for caveat in found["caveats"])
    assert found["promises"] == [{"name": "half", "rule": "fixed", "threshold": 0.5, **PROMISED}]


def test_the_page_shows_a_promise_beside_what_the_test_rows_show(results):
    section = next(s for s in render.sections(results) if s.title == "Promises")
    (row,) = section.rows
    assert row["promise"] == "precision of at least 0.9, with 95 % confidence"
    assert (row["promised"], row["out_of_fold"], row["price"]) == ("promised", "0.930", 0.04)
    assert row["test"].value == 0.8
    assert "Promises" not in [s.title for s in render.sections(fixed.results())]


def test_dvc_shows_few_numbers_of_each_model_and_which_one_to_use(results):
    found = report.summaries(results)
    assert list(found) == ["baseline", "under"]
    for name, numbers in found.items():
        tp, fn, fp, _ = fixed.COUNTS[name]
        assert numbers == {
            "average_precision": pytest.approx(fixed.AVERAGE_PRECISION[name]),
            "roc_auc": pytest.approx(fixed.ROC_AUC[name]),
            "recall": pytest.approx(tp / (tp + fn)),
            "precision": pytest.approx(tp / (tp + fp)),
            "brier": pytest.approx(((fixed.SCORES[name] - fixed.Y) ** 2).mean()),
            "threshold": fixed.THRESHOLDS[name],
            "use": int(name == "under"),
        }


def test_every_file_is_written_and_a_removed_model_leaves_none(results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store.write_json(paths.SUMMARIES / "gone.json", {"recall": 1})
    report.write(results)
    assert {path.stem for path in paths.SUMMARIES.iterdir()} == {"baseline", "under"}
    assert store.read_json(paths.ANSWER) == store.rounded(report.answer(results))
    assert store.read_json(paths.SCORES) == store.rounded(results.scores)
    compared = store.read_json(paths.COMPARISON)
    assert compared.pop("recommendation") == store.rounded(results.recommendation.to_dict())
    assert compared.pop("segments") == results.segments
    assert compared == store.rounded(results.comparison.to_dict())
    assert store.read_json(paths.DECISIONS) == store.rounded(results.decisions)
    assert store.read_json(paths.CHECKS) == SPOKEN
    assert paths.REPORT.read_text(encoding="utf-8").rstrip() == report.as_markdown(results)
    assert paths.PAGE.read_text(encoding="utf-8").rstrip() == report.as_html(results).rstrip()
    assert (paths.PLOTS / "roc.csv").exists()


def test_the_page_for_assistants_names_keys_and_files_that_there_are():
    text = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
    for key in ("answer", "value", "recommended", "verdicts", "caveats", "checks"):
        assert f"`{key}`" in text
        assert key in SCHEMA["properties"]
    for file in re.findall(r"`((?:docs|metrics)/[\w./-]+)`", text):
        wanted = {path.as_posix() for path in vars(paths).values() if isinstance(path, Path)}
        assert file in wanted or (ROOT / file).exists(), file
    assert len(text.splitlines()) < 60


def test_the_card_counts_the_negatives_that_were_left_out(results):
    # Of 1,000 positives and 3,000 negatives, one negative in three is kept for training.
    kept = {"rows": 2000, "natural_ratio": 1.0, "negative_weight": 3.0}
    compared, answered = results.comparison.to_dict(), report.answer(results)

    def data(train):
        split = results.split | {"train": results.split["train"] | train}
        page = card(answered, split, compared, results.scores, results.params)
        return page.split("\n# Data\n")[1].split("\n# ")[0]

    assert (
        "Trained on 2,000 rows of 4,000, 1,000 of them positive (25 % of all); judged on 20 "
        "other rows, 5 of them positive."
    ) in data({"kept": kept})
    whole = data({})
    assert "Trained on 4,000 rows, 1,000 of them positive (25 %); judged on" in whole


def test_the_ends_are_those_of_the_rule_in_use(results):
    own = {
        name: row
        | {f"{key}_{end}": place for key in ("recall", "precision") for end in ("low", "high")}
        for place, (name, row) in enumerate(results.decisions["under"].items())
    }
    assert list(own).index(results.params.threshold.use) == 1
    rows = report.answer(replace(results, decisions={**results.decisions, "under": own}))
    for key in ("recall", "precision"):
        assert (rows["test_rows"][key]["low"], rows["test_rows"][key]["high"]) == (1, 1)
