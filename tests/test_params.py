"""What params.yaml may say, and the one line that answers what it may not."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rebalance import params
from rebalance.errors import InputError
from rebalance.params import messages
from tests.strategies import ROOT, SHIPPED, changed

# (key, value, what the line must say: key, rule and value)
REFUSED = [
    ("nonsense", {}, "nonsense is no key of params.yaml; known: data, split, "),
    ("split.tset_size", 0.2, "split.tset_size is no key of split; known: method, column, "),
    ("data.simulated.row", 1, "data.simulated.row is no key of data.simulated; known: rows, "),
    ("resample.over.ratoi", 2, "resample.over.ratoi is no key of resample.over; known: treatment"),
    (
        "split.test_size",
        "1e-3",
        "split.test_size must be a number, got the text '1e-3': write 1.0e-3.",
    ),
    ("split.test_size", "5E-05", "got the text '5E-05': write 5.0e-5."),
    ("split.test_size", ".25e0", "got the text '.25e0': write 0.25e+0."),
    ("split.seed", "1e3", "split.seed must be a whole number, got the text '1e3': write 1000."),
    ("split.seed", "42", "split.seed must be a whole number, got the text '42': write 42."),
    ("tune.low", "0.5", "tune.low must be a number, got the text '0.5': write 0.5."),
    ("learner.params", {"tol": "1e-3"}, "learner.params.tol must be a number, got the text '1e-3'"),
    (
        "resample.smote.params",
        {"x": [{"y": "2"}]},
        "resample.smote.params.x.0.y must be a number, ",
    ),
    ("split.test_size", "a fifth", "split.test_size must be a number, got 'a fifth'."),
    ("split.test_size", True, "split.test_size must be a number, got True."),
    ("split.test_size", 0, "split.test_size must be above 0, got 0."),
    ("split.test_size", 1.0, "split.test_size must be below 1.0, got 1.0."),
    ("split.gap", float("nan"), "split.gap must be finite, got nan."),
    ("split.gap", -1, "split.gap must be 0 or more, got -1."),
    ("split.seed", True, "split.seed must be a whole number, got True."),
    ("split.seed", 1.0, "split.seed must be a whole number, got 1.0."),
    ("split.seed", -1, "split.seed must be 0 or more, got -1."),
    ("split.seed", 2**32, "split.seed must be below 4294967296, got 4294967296."),
    ("data.simulated.rows", 10**20, "data.simulated.rows must be at most 2e+09, got 1000"),
    ("evaluate.bootstrap", 4_000_000_000, "evaluate.bootstrap must be at most 1e+06, got 4000"),
    ("run.hours", 0, "run.hours must be above 0, got 0."),
    ("run.engine", "ray", "run.engine must be one of auto, thread, process, dask, or module:fun"),
    ("split.method", "random", "split.method must be one of 'stratified', 'time', 'group', "),
    ("split.method", "time", "split.column must be named for method time, got ''."),
    ("split", [1], "split must be a mapping, got [1]."),
    ("resample", [1], "resample must be a mapping, got [1]."),
    ("resample.My Model", {"treatment": "smote"}, "resample.My Model must be a letter, then "),
    ("resample.baseline", {"treatment": "smote"}, "resample.baseline must have another name: "),
    ("resample.tuned", {"treatment": "smote"}, "resample.tuned must have another name: "),
    (
        "resample.over",
        {"ratio": 2},
        "resample.over.treatment is missing; the keys of resample.over",
    ),
    ("resample.over.ratio", 0, "resample.over.ratio must be from 0.01 to 1e+09, got 0."),
    ("resample.over.ratio", True, "resample.over.ratio must be a number, got True."),
    (
        "resample.over.ratio",
        "12",
        "resample.over.ratio must be a number, got the text '12': write 12",
    ),
    (
        "resample.over.ratio",
        "third",
        "over.ratio must be a number, or a share of the natural ratio as",
    ),
    (
        "resample.over.ratio",
        "natural/0.5",
        "a share of the natural ratio as natural/3, got 'natural/",
    ),
    ("resample.over.ratio", [], "resample.over.ratio must be a list of ratios, got []."),
    ("resample.over.ratio", [3, 0], "resample.over.ratio must be from 0.01 to 1e+09, got 0."),
    (
        "resample.class_weight.weight",
        "even",
        "weight must be balanced or a number above 0, got 'even'",
    ),
    ("resample.class_weight.weight", -1, "weight must be balanced or a number above 0, got -1."),
    ("resample.class_weight.weight", True, "must be balanced or a number above 0, got True."),
    (
        "data.positive",
        [],
        "data.positive must be a label (a number, a text, true or false), or a l",
    ),
    ("data.positive", {"a": 1}, "one that YAML reads otherwise, such as null or a date, needs quo"),
    ("data.unlabelled", "keep", "data.unlabelled must be one of 'refuse' or 'drop', got 'keep'."),
    ("data.read", {"separator": "x"}, "data.read.separator must be one of ',', ';', "),
    (
        "data.read",
        {"encoding": "utf-9"},
        "must be an encoding that Python knows, such as cp1252 or",
    ),
    ("data.read", {"decimal": "x"}, "data.read.decimal must be one of '.' or ',', got 'x'."),
    ("data.read", {"mising": []}, "data.read.mising is no key of data.read; known: separator, "),
    ("data.drop", "Time", "data.drop must be a list, got 'Time'."),
    ("data.drop", ["Time", True], "data.drop.1 must be text, got True."),
    ("data.target", 1.5, "data.target must be text, got 1.5."),
    ("data.simulated.rows", 50, "data.simulated.rows must be 100 or more, got 50."),
    (
        "data.simulated.positives",
        10**6,
        "data.simulated.positives must be below rows, got 1000000 ",
    ),
    (
        "data.source",
        "url",
        "data.url must be the address of a file, as https://host/rows.csv or s3://bu",
    ),
    ("learner.name", 3, "learner.name must be text, got 3."),
    ("learner.name", "hist", "learner.name must be one of hist_gradient_boosting, gradient_bo"),
    ("resample.smote.treatment", "smot", "resample.smote.treatment must be one of none, random_"),
    ("tune.also", ["under"], "tune.also.0 must be one of none, random_under, "),
    ("tune.metric", "avg_prec", "tune.metric must be one of 'average_precision', 'roc_auc', "),
    ("evaluate.metric", "f1", "evaluate.metric must be one of 'average_precision', 'roc_auc', "),
    ("tune.learner", {"max_features": {"choices": [[1]]}}, "tune.learner.max_features.choices.0"),
    ("threshold.use", "nope", "threshold.use must be one of half, max_f1, "),
    ("threshold.use", "amounts", "threshold.use must be a rule with one threshold for all rows, "),
    ("threshold.rules.half.rule", "fxd", "threshold.rules.half.rule must be one of 'fixed', "),
    ("threshold.rules.half.value", 2, "threshold.rules.half.value must be at most 1, got 2."),
    (
        "threshold.rules.half.beta",
        2,
        "threshold.rules.half.beta is no key of threshold.rules.half; known: rule, value.",
    ),
    (
        "threshold.rules.half.column",
        "A",
        "threshold.rules.half.column is no key of threshold.rules.half; known: rule, value.",
    ),
    (
        "threshold.rules.recall_80",
        {"rule": "precision_at_recall"},
        "threshold.rules.recall_80.recall is missing; the keys of threshold.rules.recall_80: ",
    ),
    (
        "threshold.rules.amounts.column",
        "",
        "threshold.rules.amounts.column must not be empty, got ''.",
    ),
    ("threshold.rules.costs.c_fn", -3, "threshold.rules.costs.c_fn must exceed c_tp, got -3"),
    ("tune.anchors", [0], "tune.anchors.0 must be 1 or more, got 0."),
    ("tune.trials", 2.5, "tune.trials must be a whole number, got 2.5."),
    ("tune.prune", 1, "tune.prune must be true or false, got 1."),
    ("tune.learner", {"C": {"low": 2, "high": 1}}, "tune.learner.C must have low below high, or "),
    (
        "tune.learner",
        {"C": {"choices": [1], "log": True}},
        "C.low must be a number above 0 on a log ",
    ),
    ("tracking.experiment", "", "tracking.experiment must be a name, without / and :, got ''."),
    ("tracking.experiment", "a/b", "must be a name, without / and :, got 'a/b'."),
    ("tracking.experiment", "a:b", "must be a name, without / and :, got 'a:b'."),
    ("run.workers", -1, "run.workers must be 0 or more, got -1."),
    ("split.seed", None, "split.seed is missing; the keys of split: method, column, "),
    ("resample", None, "resample is missing; the keys of params.yaml: data, split, "),
]


@pytest.mark.parametrize(("key", "value", "said"), REFUSED)
def test_what_is_wrong_is_said_in_one_line_with_key_rule_and_value(key, value, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        params.parse(changed(SHIPPED, {key: value}))
    assert "\n" not in str(caught.value)


def test_a_glob_for_a_path_is_told_where_it_belongs():
    with pytest.raises(InputError, match=r"data\.path must be a file or a folder .* for pattern"):
        params.parse(changed(SHIPPED, {"data.source": "file", "data.path": "in/*.csv"}))


NO_YAML = [
    ("", "params.yaml must hold a mapping of sections, got None."),
    ("- 1", "params.yaml must hold a mapping of sections, got [1]."),
    ("a: [", "mine.yaml is not YAML: line 2, column 1: did not find expected node content"),
    ("split:\n  seed: 1\n  seed: 2\n", "line 3, column 3: the key 'seed' stands here twice."),
    ("a: *nothing", "mine.yaml is not YAML: line 1, column 4: found undefined alias"),
    ("a: !!python/object:os.system x", "could not determine a constructor for the tag"),
    ("3: {}", "must be text, got 3."),
]


@pytest.mark.parametrize(("text", "said"), NO_YAML)
def test_a_file_that_is_no_mapping_is_refused_with_its_line(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        params.load("mine.yaml")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path):
    with pytest.raises(InputError, match="run from the root of the repository"):
        params.load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(InputError, match="is not YAML: 'utf-8' codec"):
        params.load(tmp_path / "params.yaml")


def test_a_misspelt_key_is_named_before_the_one_that_it_leaves_missing():
    content = changed(SHIPPED, {"split.test_size": None, "split.tset_size": 0.2})
    with pytest.raises(InputError, match=r"^split\.tset_size is no key of split"):
        params.parse(content)


def test_the_shipped_file_is_whole_and_each_section_is_as_written():
    loaded = params.load(ROOT / "params.yaml")
    assert loaded.model_dump(include={"split", "tune"}, exclude_unset=True) == {
        "split": SHIPPED["split"],
        "tune": SHIPPED["tune"],
    }
    assert set(loaded.resample) == set(SHIPPED["resample"])


def test_all_faults_are_said_at_once_a_line_each():
    wrong = {
        "split.tset_size": 0.2,
        "split.test_size": None,
        "tune.folds": 1,
        "data.positive": {"a": 1},
    }
    with pytest.raises(InputError) as refused:
        params.parse(changed(SHIPPED, wrong))
    first, *others = str(refused.value).splitlines()
    assert first.startswith("split.tset_size is no key of split")
    assert sorted(line.partition(" ")[0] for line in others) == ["data.positive", "tune.folds"]


def test_parameters_cannot_be_changed():
    loaded = params.parse(SHIPPED)
    with pytest.raises(ValueError, match="frozen"):
        loaded.split.seed = 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tracking.experiment", "42"),
        ("split.column", "7"),
        ("data.path", "2026"),
        ("data.target", "1"),
        ("data.positive", "1"),
    ],
)
def test_text_that_looks_like_a_number_is_text_where_text_belongs(key, value):
    section, name = key.split(".")
    assert getattr(getattr(params.parse(changed(SHIPPED, {key: value})), section), name) == value


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_is_written_so_that_yaml_reads_it(value):
    for text in (repr(value), f"{value:e}", f"{value:.0E}"):
        assert yaml.safe_load(messages.number(text)) == float(text)


@pytest.mark.parametrize("arguments", [[], ["nope"], ["over", "smote"]])
def test_one_model_of_resample_must_be_named(arguments):
    with pytest.raises(InputError, match="one of under_200, over, class_weight, smote; got"):
        params.parse(SHIPPED).resampled(arguments)
    assert params.parse(SHIPPED).resampled(["over"]) == "over"


def test_a_ratio_may_be_a_share_of_the_natural_one_or_the_first_of_a_list_that_fits():
    given = params.parse(changed(SHIPPED, {"resample.over.ratio": "natural / 4"}))
    assert given.resample["under_200"].ratio == [200.0, "natural/3"]

    def ratios(natural):
        return [given.at(natural).resample[name].ratio for name in ("under_200", "smote", "over")]

    assert ratios(600) == [200, 10, 150]
    assert ratios(90) == [30, 10, 22.5]
    assert ratios(6) == [2, 3, 1.5]
    # No share is below as many negatives as positives.
    assert ratios(2) == [1, 1, 1]
    assert given.at(6).resample["class_weight"] == given.resample["class_weight"]


def test_a_ratio_that_gave_way_is_said():
    assert params.parse(SHIPPED).too_high(600) == []
    assert params.parse(SHIPPED).too_high(6) == [
        "under_200 takes the ratio 2: the training rows have 6 negatives per positive, and 200 "
        "asks for more.",
        "smote takes the ratio 3: the training rows have 6 negatives per positive, and 10 asks "
        "for more.",
    ]


@pytest.mark.parametrize("key", ["data.url", "data.path"])
@pytest.mark.parametrize(
    "address",
    [
        "https://me:canary@host.example/a.csv",
        "https://canary@host.example/a.csv",
        "https://me:can/ary@host.example/a.csv",
        "https://${NAME}:canary@host.example/a.csv",
        "s3://canary:canary@bucket/a.csv",
        "https://host.example/a.csv?token=canary",
        "https://host.example/a.csv?id=3&access_token=canary",
        "https://host.example/a.csv?X-Amz-Signature=canary&X-Amz-Date=1",
        "https://host.example/a.csv?AWSAccessKeyId=canary",
        "https://host.example/a.csv?sig=${NAME}canary",
        "https://host.example/a.csv#api_key=canary",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_shown(key, address):
    with pytest.raises(InputError) as caught:
        params.parse(changed(SHIPPED, {key: address}))
    assert str(caught.value) == (
        f"{key} must hold no password, token or key: params.yaml and dvc.lock are in git. In "
        "data.url write ${NAME} in its place, and set the environment variable NAME."
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://host.example/a.csv?id=3&page=2#part",
        "https://host.example:8080/@me/a.csv?keyword=x",
        "https://${USER}:${PASS}@host.example/a.csv",
        "https://me:${PASS}@host.example/a.csv?token=${TICKET}&id=3",
        "s3://bucket/key=3/a@b.csv",
    ],
)
def test_an_address_without_a_secret_or_with_a_variable_in_its_place_is_taken(address):
    assert params.parse(changed(SHIPPED, {"data.url": address})).data.url == address


def test_a_secret_in_an_address_that_is_wrong_otherwise_is_not_shown():
    given = {"data.source": "url", "data.url": "ftp//host.example/a.csv?canary"}
    with pytest.raises(InputError, match=r"the address of a file") as caught:
        params.parse(changed(SHIPPED, given))
    assert "canary" not in str(caught.value)


COST_RULE = {"rule": "expected_cost", "c_fn": 9, "c_fp": 1}
BAND = {"rule": "review_band", "share": 0.1, "precision": 0.9}
BY_ROW = {"rule": "amount_cost", "column": "Amount", "c_admin": 1}


@pytest.mark.parametrize(
    ("rules", "use"),
    [
        ({"half": {"rule": "fixed"}, "own": COST_RULE, "more": COST_RULE}, "own"),
        ({"team": BAND, "amounts": BY_ROW, "half": {"rule": "fixed"}}, "half"),
    ],
)
def test_where_costs_are_given_and_nothing_else_is_said_they_decide(rules, use):
    section = params.parse(changed(SHIPPED, {"threshold": {"rules": rules}}))
    assert section.threshold.use == use
    said = params.parse(changed(SHIPPED, {"threshold": {"rules": rules, "use": "half"}}))
    assert said.threshold.use == "half"


def test_without_a_rule_of_one_threshold_nothing_can_decide():
    with pytest.raises(InputError, match="use must be one of team, got ''"):
        params.parse(changed(SHIPPED, {"threshold": {"rules": {"team": BAND}}}))
