"""Each benchmark runs at toy size, prints its rows and keeps its books."""

import shutil
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score

from benchmarks import any_table, calibration, cases, engines, gpu, large, splits
from benchmarks.honesty import __main__ as honesty
from benchmarks.honesty import coverage, optimism, policy, sets, tables
from rebalance import comparison
from rebalance import params as parameters
from rebalance.comparison import Interval
from rebalance.errors import InputError
from rebalance.learning import learners
from rebalance.sources.simulated import simulate

COLUMNS = ["Time", "V4", "V10", "V14", "Amount", "Class"]


@pytest.fixture(scope="module")
def params():
    content = parameters.load().model_dump()
    content["data"] |= {"source": "simulated", "target": "Class", "positive": 1, "drop": ["Time"]}
    content["data"]["simulated"] = {"rows": 2000, "positives": 40, "seed": 1}
    content["split"] |= {"method": "stratified", "column": "", "gap": 0.0, "test_size": 0.3}
    content["learner"] = {"name": "logistic_regression", "params": {}, "seed": 0}
    content["out_of_fold"] |= {"folds": 3, "repeats": 1}
    content["evaluate"] |= {"bootstrap": 100}
    return parameters.parse(content)


@pytest.fixture(scope="module")
def frame():
    return simulate(rows=2000, positives=40, seed=1)[COLUMNS]


@pytest.fixture(scope="module")
def repetitions():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimism, "FRESH", 5)
        return [optimism.repetition(number) for number in range(8)]


@pytest.mark.parametrize("metric", optimism.METRICS)
def test_the_best_on_the_test_rows_never_reports_less(repetitions, metric):
    for each in repetitions:
        assert each[metric][optimism.ARTICLE][0] >= each[metric][optimism.OURS][0]


@pytest.mark.parametrize("metric", optimism.METRICS)
def test_the_articles_way_is_more_optimistic(repetitions, metric):
    numbers = np.array(
        [[each[metric][way] for way in (optimism.ARTICLE, optimism.OURS)] for each in repetitions]
    )
    excess = numbers[:, :, 0] - numbers[:, :, 1]
    assert excess[:, 0].mean() > excess[:, 1].mean()
    assert excess[:, 0].mean() > 0


def test_a_repetition_is_told_by_its_number(repetitions, monkeypatch):
    monkeypatch.setattr(optimism, "FRESH", 5)
    assert optimism.repetition(3) == repetitions[3]


def test_a_model_that_equals_its_truth_has_no_excess():
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=0.1, size=400)
    noise -= noise.mean()
    assert optimism.missed("metric", noise, np.abs(noise)) == []
    assert len(optimism.missed("metric", noise + 0.05, np.abs(noise))) == 1
    assert len(optimism.missed("metric", noise, -np.abs(noise))) == 1


@pytest.fixture(scope="module")
def outcome():
    parts = sets.SETS["digits, 3s 8 %"](0)
    return policy.outcome(parts, learners.make(policy.LEARNERS["logistic"]), 0, n_folds=3)


def test_the_best_in_hindsight_has_no_regret_and_none_has_less(outcome):
    regrets = outcome.regrets()
    best = max(outcome.tested, key=outcome.tested.get)
    assert regrets[best] == 0
    assert min(regrets.values()) == 0
    assert regrets[policy.RECOMMENDED] == regrets[outcome.recommended]


def test_the_race_and_the_habits_are_all_tested(outcome):
    assert set(outcome.tested) == {*policy.ENTRIES, policy.TUNED, *policy.HABITS}
    # The natural ratio is below 200: keeping 200 is keeping all.
    assert outcome.tested["under-sampling 200:1"] == outcome.tested[policy.BASELINE]
    assert outcome.recommended not in policy.HABITS


def test_the_rules_beside_the_recommendation_worked_by_hand():
    def test(p_value):
        return comparison.Corrected(value=0.0, low=0.0, high=0.0, p_value=p_value, folds=5)

    arms = {"large": (0.03, 0.02, test(0.2)), "sure": (0.009, 0.001, test(0.01)),
            "worse": (-0.05, 0.01, test(0.001))}  # fmt: skip
    chosen = {name.removeprefix("rule: "): rule(arms) for name, rule in policy.RULES.items()}
    assert chosen == {
        "any gain": "large", "2 errors": "sure", "corrected test": "sure", "margin .01": "large",
        # Variance between arms .00099: of .03 .021 is left where the error is .02, of .009 all.
        "expected regret": "large",
    }  # fmt: skip
    assert {rule({}) for rule in policy.RULES.values()} == {policy.BASELINE}
    assert {rule({"worse": arms["worse"]}) for rule in policy.RULES.values()} == {policy.BASELINE}


@pytest.mark.parametrize(("other", "misses"), [(0.01, 1), (0.028, 0)])
def test_a_rule_that_regrets_less_by_more_than_chance_is_a_miss(other, misses):
    """Paired differences of -.01 twice, which no chance explains; or of -.01 and +.008."""
    found = {
        ("set", "learner"): [{policy.RECOMMENDED: 0.02, "rule: any gain": 0.01}],
        ("other set", "learner"): [{policy.RECOMMENDED: 0.02, "rule: any gain": other}],
    }
    assert len(policy.summed(found, 1).misses) == misses


def regrets(recommended, none, weights):
    return [{policy.RECOMMENDED: recommended, "none": none, "weights": weights}]


@pytest.mark.parametrize(("other", "misses"), [(0.014, 1), (0.016, 1), (0.02, 0)])
def test_a_recommendation_that_loses_to_a_policy_by_more_than_chance_is_a_miss(other, misses):
    """The mean loss of .01 and another one, and its standard error, half of what they are apart."""
    found = {
        ("set", "learner"): regrets(0.02, 0.01, 0.1),
        ("other set", "learner"): regrets(0.02, other, 0.1),
    }
    assert len(policy.summed(found, 1).misses) == misses


def test_what_the_recommendation_loses_is_said_with_its_errors():
    found = {
        ("set", "learner"): regrets(0.02, 0.01, 0.1),
        ("other set", "learner"): regrets(0.03, 0.02, 0.1),
    }
    table = policy.summed(found, 1)
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["set"] == [1, 0.02, 0.01, 0.1]
    assert rows["all"] == pytest.approx([2, 0.025, 0.015, 0.1])
    assert rows["all, above the recommendation"] == pytest.approx([2, 0, -0.01, 0.075])
    assert rows["its standard error over pairs"] == pytest.approx([2, 0.005, 0, 0.005])
    assert len(table.misses) == 1
    assert "loses to 'none' by 0.0100 (standard error 0.0000)" in table.misses[0]


def test_a_recommendation_as_good_as_a_fixed_policy_is_no_miss():
    found = {(name, "learner"): regrets(0.01, 0.01, 0.02) for name in ("set", "other set")}
    assert policy.summed(found, 1).misses == []


def test_optimism_and_policy_print_their_rows(monkeypatch):
    monkeypatch.setattr(optimism, "FRESH", 3)
    monkeypatch.setattr(optimism, "CANDIDATES", optimism.CANDIDATES[-2:])
    monkeypatch.setattr(policy, "LEARNERS", {"logistic": policy.LEARNERS["logistic"]})
    text = tables.text(optimism.optimism(quick=True))
    for metric in optimism.METRICS:
        assert f"{metric} " in text
    text = tables.text(policy.policy(quick=True))
    for row in ("normal, small 8 %", "digits, 3s 8 %", "logistic", "all"):
        assert f"\n{row} " in text


@pytest.mark.parametrize("name", sorted(set(sets.SETS) - {"cards .4 %"}))
def test_a_set_has_both_classes_and_is_told_by_its_seed(name):
    first, again = sets.SETS[name](3), sets.SETS[name](3)
    assert np.array_equal(first.train.X, again.train.X)
    assert np.array_equal(first.X_test, again.X_test)
    assert not np.array_equal(first.train.X, sets.SETS[name](4).train.X)
    for y in (first.train.y, first.y_test):
        assert 5 <= y.sum() < len(y) / 3


def test_corrections_share_the_ranking_and_the_last_one_keeps_the_mean(params, frame):
    train, test = splits.tables(frame, params.data, params.split)
    names = ["none", "under-sampling 200:1", "under-sampling 10:1", "balanced weights"]
    rows = calibration.measure(train, test, params, names)
    told = [(row.treatment, row.correction) for row in rows]
    # 200 negatives per positive are not there.
    kept = [name for name in names if name != "under-sampling 200:1"]
    assert told == [(name, each) for name in kept for each in calibration.CORRECTIONS]
    assert all(row.same_ranking for row in rows)
    prevalence = test.y.mean()
    raw, _, both = rows[-3:]
    assert abs(both.mean - prevalence) < abs(raw.mean - prevalence)
    text = calibration.text(rows, prevalence)
    assert text.count("under-sampling 10:1") >= 3
    assert "CHANGED" not in text


def row(treatment="none", correction=calibration.BOTH, brier=0.01, mean=0.02, **changes):
    changes = {"same_ranking": True, "brier_target": True, "floor": 0.01} | changes
    return calibration.Row(treatment, correction, brier, 0.1, mean, 0.5, **changes)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (row(mean=0.0231), "mean +16% from the prevalence"),
        (
            row(treatment="smote", brier=0.0116),
            "Brier score +16% from the untreated model's, where a sigmoid fitted to the test rows "
            "themselves leaves +0%",
        ),
        (
            row(treatment="smote", brier=0.0116, floor=0.012),
            "Brier score +16% from the untreated model's, where a sigmoid fitted to the test rows "
            "themselves leaves +20%: its order of the rows does not allow less",
        ),
        (row(correction=calibration.RAW, same_ranking=False), "average precision changed"),
    ],
)
def test_a_missed_target_is_marked_and_said(missing, reason):
    rows = [row(), missing]
    assert calibration.misses(rows, 0.02) == {1: reason}
    assert calibration.text(rows, 0.02).splitlines()[2].startswith("*")


@pytest.mark.parametrize(
    "met",
    [
        row(mean=0.0229),
        row(treatment="smote", brier=0.0114),
        row(treatment="under-sampling 1:1", brier=0.02, brier_target=False),
        row(treatment="smote", correction=calibration.RAW, brier=0.5, mean=0.5),
    ],
)
def test_a_target_that_is_met_or_not_for_this_row_is_not_marked(met):
    assert calibration.misses([row(), met], 0.02) == {}


def test_the_time_ordered_test_rows_are_the_last_and_time_is_no_feature(params, frame):
    data = params.data.model_copy(update={"drop": []})
    split = params.split.model_copy(update={"method": "time", "column": "Time"})
    train, test = splits.tables(frame, data, split)
    assert train.features == test.features == COLUMNS[1:-1]
    assert train.column("Time").max() < test.column("Time").min()
    assert len(train.y) + len(test.y) == len(frame)


def interval(value, low, high):
    return Interval(value=value, low=low, high=high)


def test_the_interval_of_a_difference_adds_up_squares():
    found = splits.difference(interval(0.8, 0.77, 0.82), interval(0.7, 0.67, 0.74))
    assert found == pytest.approx((0.1, 0.05, 0.1 + np.hypot(0.02, 0.03)))


@pytest.mark.parametrize("times", [1, 2, 7])
def test_weighted_negatives_are_negatives_repeated_for_average_precision(times):
    rng = np.random.default_rng(times)
    y_true = np.repeat([1, 0], [12, 90])
    y_score = np.round(rng.normal(loc=y_true), 1)  # rounded, so that scores tie
    often = np.where(y_true == 1, 1, times)
    repeated, scores = np.repeat(y_true, often), np.repeat(y_score, often)
    assert splits.at_prevalence(y_true, y_score, repeated.mean()) == pytest.approx(
        average_precision_score(repeated, scores), rel=1e-12
    )


def estimate(at_prevalence, average_precision, roc_auc, doubted):
    return splits.Estimate(
        sizes=[2000, 40, 1000, 20],
        prevalence=0.02,
        average_precision=interval(*average_precision),
        roc_auc=interval(*roc_auc),
        at_prevalence=at_prevalence,
        doubted=doubted,
    )


def test_only_what_does_not_depend_on_the_prevalence_is_subtracted():
    random = estimate(0.75, (0.9, 0.8, 0.95), (0.8, 0.77, 0.82), {"roc_auc": "too few"})
    ordered = estimate(0.5, (0.3, 0.2, 0.4), (0.7, 0.67, 0.74), {})
    found = dict(zip(splits.METHODS.values(), (random, ordered), strict=True))
    head, _, _, apart, _, doubted, reason = splits.text(found, 0.0173).splitlines()
    assert "  at 0.01730  " in head
    assert apart.split() == [*splits.APART.split(), "+0.2500", "+0.1000", "[+0.0500,", "+0.1361]"]
    assert doubted.startswith("random, stratified: ")
    assert reason == "too few."


def test_splits_prints_both_estimates_and_that_they_do_not_compare(params, monkeypatch, capsys):
    monkeypatch.setattr(splits, "load", lambda: params)
    splits.main([])
    told = capsys.readouterr().out
    for name in (*splits.METHODS.values(), splits.APART):
        assert f"\n{name} " in told
    assert "prevalence 0.02000" in told
    assert "not comparable" in told


def test_splits_estimates_what_each_test_part_says(params, frame):
    found = splits.compare(frame[["Time", "V4", "Amount", "Class"]], params, "Time")
    assert list(found) == list(splits.METHODS.values())
    for each in found.values():
        assert each.sizes[0] + each.sizes[2] == len(frame)
        assert each.prevalence == each.sizes[3] / each.sizes[2]
        assert 0.5 < each.roc_auc.low < each.roc_auc.value < each.roc_auc.high < 1
        # Where positives are rarer, precision is lower.
        rarer = each.prevalence > frame["Class"].mean()
        assert (each.at_prevalence < each.average_precision.value) == rarer


def test_splits_names_the_columns_where_there_is_no_such_one(params, frame):
    with pytest.raises(InputError, match="'Hour'; the columns are Time, V4"):
        splits.compare(frame, params, "Hour")


def test_calibration_prints_a_table_and_says_what_it_skips(params, monkeypatch, capsys, tmp_path):
    quick = {"rows": 1500, "positives": 60}
    monkeypatch.setattr(calibration, "load", lambda: params)
    monkeypatch.setattr(calibration, "QUICK", quick)
    few = {name: calibration.TREATMENTS[name] for name in ("none", "under-sampling 2:1")}
    monkeypatch.setattr(calibration, "TREATMENTS", few)
    calibration.main(["--quick", "--data", str(tmp_path / "absent.csv")])
    told = capsys.readouterr().out
    assert told.count("formula + sigmoid  ") >= len(few)
    assert "absent.csv is not there" in told


@pytest.mark.parametrize(("misses", "code"), [([], 0), (["AP: 80 %"], 1)])
def test_a_missed_bound_is_named_and_fails(monkeypatch, capsys, misses, code):
    found = tables.Table("title", ["share"], [[0.8]], misses)
    monkeypatch.setattr(honesty, "PARTS", {"coverage": lambda _: found})
    monkeypatch.setattr("sys.argv", ["honesty"])
    assert honesty.main() == code
    said = capsys.readouterr().out
    assert all(f"coverage: {miss}" in said for miss in misses)
    assert ("Every bound holds." in said) == (code == 0)


@pytest.mark.parametrize(
    ("share", "doubted", "unwarned", "holds"),
    [
        (0.95, 0.0, 0.05, True),
        (0.929, 0.0, 0.071, False),
        (0.971, 0.0, 0.029, False),
        (0.80, 0.24, 0.01, False),
        (0.80, 0.9, 0.05, True),
        (0.80, 0.9, 0.051, False),
    ],
)
def test_an_interval_holds_or_warns(share, doubted, unwarned, holds):
    found = {"AP": share, "AP doubted": doubted, "AP unwarned": unwarned}
    assert coverage._holds("AP", share, found) == holds


@pytest.mark.parametrize(
    ("share", "doubted", "unwarned", "again"),
    [
        (0.95, 0.0, 0.05, False),
        (0.932, 0.0, 0.068, True),  # an error of .0056 with 2,000 repetitions
        (0.928, 0.0, 0.072, True),
        (0.968, 0.2, 0.02, True),  # .0039
        (0.968, 0.9, 0.02, False),
        (0.932, 0.9, 0.048, True),  # whether the doubt passes it is as unsure
        (0.90, 0.1, 0.09, False),
    ],
)
def test_a_share_near_a_bound_is_repeated_unless_a_doubt_passes_it(share, doubted, unwarned, again):
    found = {"AP": share, "AP doubted": doubted, "AP unwarned": unwarned, "recall": 0.95}
    assert coverage._is_near_a_bound(found, 2000) == again


@pytest.mark.parametrize(("name", "few", "holds"), [
    ("d recall", True, True), ("d recall", False, False), ("d AP", True, False),
])  # fmt: skip
def test_more_intervals_may_hold_of_recalls_that_differ_by_a_few_positives(name, few, holds):
    assert coverage._holds(name, 0.99, {name: 0.99}, few=few) == holds
    assert not coverage._holds(name, 0.92, {name: 0.92}, few=few)


def test_a_large_table_has_the_rows_that_it_says_and_the_split_by_hash_reads_it(tmp_path):
    held = large.write(tmp_path, 20_001, 3, one_in=20)
    parts = [pq.read_table(tmp_path / f"part-000{number}.parquet") for number in range(3)]
    assert [part.num_rows for part in parts] == [6667, 6667, 6667]
    assert held == sum(part.num_rows * 30 * 8 for part in parts)
    assert set(parts[0].schema.types[:30]) == {pa.float64()}
    y = np.concatenate([part["y"].to_numpy() for part in parts])
    assert 1000 - 4 * 31 < y.sum() < 1000 + 4 * 31  # four standard errors of a binomial
    moved = np.concatenate([part["x0"].to_numpy() for part in parts])
    assert moved[y == 1].mean() - moved[y == 0].mean() == pytest.approx(0.8, abs=0.13)

    params = tmp_path / "params.yaml"
    shutil.copy("params.yaml", params)
    large.set_up(params, tmp_path, 0.05, 50)
    read = parameters.load(params)
    assert (read.data.path, read.data.source, read.data.drop) == (str(tmp_path), "file", [])
    assert (read.split.method, read.split.test_size, read.split.train_negatives) == (
        "hashed",
        0.05,
        50,
    )


def test_the_benchmark_of_a_gpu_scores_every_row_out_of_fold(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "FOLDS", 2)
    monkeypatch.setattr(sys, "argv", ["gpu", "--rows", "600", "--one-in", "10", "--device", "cpu"])
    gpu.main()
    *_, row = capsys.readouterr().out.splitlines()
    X, y = gpu.drawn(600, 10)
    _, scores = gpu.fold_fits(X, y, "cpu")
    assert row.split()[0] == "600"
    assert row.split()[4:] == [f"{average_precision_score(y, scores):.4f}"] * 2 + ["0.0e+00"]


def test_the_benchmark_of_engines_says_whether_their_scores_are_the_same(monkeypatch, capsys):
    asked = ["--rows", "900", "--positives", "60", "--ratios", "2"]
    monkeypatch.setattr(sys, "argv", ["engines", *asked, "--on", "thread:1", "thread:2"])
    assert engines.main()
    title, *_, one, two = capsys.readouterr().out.splitlines()
    assert title == "10 fits of 900 rows"
    assert one.split()[-1] == two.split()[-1]

    checksums = iter("ab")
    monkeypatch.setattr(engines, "measured", lambda *_: (1.0, 1.0, 1, next(checksums)))
    assert not engines.main()


def test_plain_learners_see_categories_with_those_of_the_training_rows():
    train = pd.DataFrame({"a": ["y", "x", None], "b": [1.5, 2.0, None], "t": [0, 1, 2]})
    test = pd.DataFrame({"a": ["z", "y", "x"], "b": [3.0, 4.0, 5.0], "t": [3, 4, 5]})
    train["t"], test["t"] = (
        pd.to_datetime(train["t"], unit="D"),
        pd.to_datetime(test["t"], unit="D"),
    )
    ours, theirs = any_table.plain(train, test)
    assert list(ours["x0"].cat.categories) == ["x", "y"]
    assert list(theirs["x0"].cat.codes) == [-1, 1, 0]  # z was in no training row
    assert list(theirs["x1"]) == [3.0, 4.0, 5.0]
    assert list(theirs["x2"]) == [3.0, 4.0, 5.0]
    many = pd.DataFrame({"a": [f"{number:03}" for number in range(300)]})
    assert list(any_table.plain(many, many[:2])[1]["x0"]) == [0.0, 1.0]


def test_real_tables_go_on_where_they_stopped(tmp_path):
    path = tmp_path / "new" / "kept.jsonl"
    scores = {"ours": 0.5, "hist_gradient_boosting": 0.4, "lightgbm": 0.6}
    first = {"table": "a.csv", "seed": 1, "untreated": False, "line": "", "processor": 9, **scores}
    any_table.keep(path, first)
    any_table.keep(path, first | {"table": "b.csv", "ours": 0.63})
    any_table.keep(path, {**first, "table": "c.csv", "line": "error: refused."})
    found = any_table.kept(path)
    assert set(found) == {(name, 1, False) for name in ("a.csv", "b.csv", "c.csv")}
    text = any_table.report(found.values())
    # .5 - .6 and .63 - .6
    assert text.splitlines()[-1].endswith("the better of the two on each table: -0.0350")
    assert "error: refused." in text


def test_cases_pair_settings_with_their_table(tmp_path):
    for name in ("64-positives-all-late.csv", "README.md", "61-cut-off.csv"):
        (tmp_path / name).touch()
    (tmp_path / "67-drop.yaml").write_text("drop: [a]", encoding="utf-8")
    (tmp_path / "83-drop-a-number.yaml").write_text("data: {drop: [2023]}", encoding="utf-8")
    found = {case: (table.name, said) for case, table, said in cases.cases(tmp_path)}
    assert found["67-drop.yaml"] == ("67-500-text-columns.csv", {"data": {"drop": ["a"]}})
    assert found["83-drop-a-number.yaml"] == ("18-bom-crlf.csv", {"data": {"drop": [2023]}})
    late = found["64-positives-all-late.csv, split by time"]
    assert late[1] == {"split": {"method": "time", "column": "day"}}
    assert found["61-cut-off.csv"] == ("61-cut-off.csv", {})
    assert len(found) == 5
