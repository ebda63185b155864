"""The JSON schema by which editors complete and check params.yaml."""

import json
import subprocess
import sys

import jsonschema
import pytest
import yaml

from rebalance.cli.commands import schema
from rebalance.params.params import Params, parse
from tests.strategies import ROOT, SHIPPED, changed

SCHEMA = json.loads((ROOT / "docs" / "params.schema.json").read_text(encoding="utf-8"))
# What the models take beyond the shipped file: the schema must not call it wrong.
TAKEN = [
    {"data.target": 12, "data.drop": [3, "a b"]},
    {"data.positive": ["yes", 8, True]},
    {"data.prevalence": 0.02},
    {"data.columns": {"zip": "category"}, "data.read": {"separator": "tab", "missing": {"a": [9]}}},
    {"learner.name": "KNeighborsClassifier", "learner.params": {"n_neighbors": 3}},
    {"resample.over.treatment": "ADASYN", "resample.over.ratio": "natural/2.5"},
    {"resample.under_200.ratio": [1000, "natural / 4", 1]},
    {"resample.class_weight.weight": 12.5},
    {"threshold.rules.rows": {"rule": "cost_by_row", "c_fp": 3, "c_fn": "0.1 * Amount + 5"}},
    {"threshold.rules.few": {"rule": "alert_budget", "alerts": 5, "out_of": 1000}},
    {"tune.also": ["smote", "NearMiss"]},
    {"tune.learner": {"learning_rate": {"low": 0.02, "high": 0.2, "log": True}}},
    {"tune.learner": {"max_features": {"choices": [None, "sqrt", 3]}}},
    {"run.engine": "my_cluster.pool:executor"},
]
# What an editor has to underline.
UNDERLINED = [
    ("split.tset_size", 0.2),
    ("split.method", "random"),
    ("split.test_size", 1.5),
    ("split.test_size", "a fifth"),
    ("data.source", "sql"),
    ("data.read", {"separater": ";"}),
    ("data.columns", {"zip": "postcode"}),
    ("learner.name", "hist_gradient_bosting"),
    ("resample.over.treatment", "random-over"),
    ("resample.over.ratio", "half"),
    ("resample.over.ratio", 0),
    ("resample.under_200.ratio", []),
    ("resample.My Model", {"treatment": "smote"}),
    ("threshold.rules.half.rule", "fixd"),
    ("threshold.rules.half.beta", 2),
    ("tune.trials", 0),
    ("tune.metric", "gini"),
    ("evaluate.metric", "f1"),
    ("run.engine", "ray"),
    ("split.seed", None),
]


def faults(content):
    return list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(content))


def test_the_committed_schema_is_that_of_the_models():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(schema.run()) == SCHEMA, (
        "run 'rebalance schema > docs/params.schema.json' after a change of rebalance/params"
    )


def test_the_command_prints_it():
    command = [sys.executable, "-m", "rebalance.cli", "schema"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed == (ROOT / "docs" / "params.schema.json").read_text(encoding="utf-8")


def test_the_first_line_of_the_parameters_names_it():
    first = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=docs/params.schema.json"


def test_the_shipped_parameters_fit_it():
    assert faults(SHIPPED) == []


@pytest.mark.parametrize("changes", TAKEN, ids=str)
def test_what_the_models_take_it_takes(changes):
    content = changed(SHIPPED, changes)
    assert isinstance(parse(content), Params)
    assert faults(content) == []


@pytest.mark.parametrize(("key", "value"), UNDERLINED)
def test_it_refuses_what_the_models_refuse(key, value):
    *above, last = key.split(".")
    content = yaml.safe_load(yaml.safe_dump(SHIPPED))
    place = content
    for name in above:
        place = place[name]
    place[last] = value
    assert faults(content)
    with pytest.raises(Exception, match=last.split()[0]):
        parse(content)


def test_each_section_and_key_is_completed():
    for section, keys in SHIPPED.items():
        reference = SCHEMA["properties"][section].get("$ref", "")
        if reference:
            described = SCHEMA["$defs"][reference.rpartition("/")[2]]
            assert set(keys) <= set(described["properties"])
            assert described["description"]
