"""All six stages in one process, from nothing to the report, on a small simulated table."""

import json
import math
import shutil
from contextlib import nullcontext
from hashlib import md5
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from sklearn.metrics import average_precision_score, roc_auc_score

from rebalance import cli, errors, params, paths, store, tracking
from rebalance.store import shapes
from tests.strategies import QUICK, SHIPPED, changed

SMALL = {
    "data.simulated.rows": 3000,
    "data.simulated.positives": 90,
    "learner.params": QUICK["hist_gradient_boosting"],
    "out_of_fold.folds": 3,
    "resample.under_200": None,
    "resample.class_weight": None,
    "resample.under_5": {"treatment": "random_under", "ratio": 5},
    "resample.forest": {"treatment": "balanced_random_forest", "params": {"n_estimators": 3}},
    "tune.trials": 5,
    "tune.folds": 3,
    "tune.anchors": [5],
    "evaluate.bootstrap": 200,
    "run.workers": 2,
}
NAMES = ["baseline", "over", "smote", "under_5", "forest", "tuned"]
WORDS = {
    "average_precision", "roc_auc", "accuracy", "no_information_rate", "precision", "recall",
    "f1", "mcc", "balanced_accuracy", "brier", "log_loss", "threshold", "true_positives",
    "false_positives", "false_negatives", "true_negatives",
}  # fmt: skip


def run(monkeypatch, stage, *arguments):
    """Run a stage as ``python -m stages.<name>`` does, in this process."""
    monkeypatch.setattr("sys.argv", [f"stages/{stage}.py", *arguments])
    errors.run(import_module(f"stages.{stage}").main)


def run_all(monkeypatch):
    run(monkeypatch, "download")
    run(monkeypatch, "split")
    run(monkeypatch, "train_baseline")
    for name in NAMES[1:-1]:
        run(monkeypatch, "train_resampled", name)
    run(monkeypatch, "tune_ratio")
    run(monkeypatch, "evaluate")


def outputs():
    """Return the bytes of every file that the stages wrote."""
    folders = (paths.DATA, paths.MODELS, paths.METRICS)
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.is_file())
    return {file.as_posix(): file.read_bytes() for file in files}


def leaves(content, key=""):
    """Yield (dotted key, value) of nested mappings and lists."""
    if isinstance(content, (dict, list)):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for name, value in items:
            yield from leaves(value, f"{key}.{name}".lstrip("."))
    else:
        yield key, content


@pytest.fixture(scope="module")
def journey(tmp_path_factory, migrated):
    """Return the folder in which the stages have run once, and the bytes that they wrote."""
    folder = tmp_path_factory.mktemp("journey")
    (folder / "params.yaml").write_text(yaml.safe_dump(changed(SHIPPED, SMALL), sort_keys=False))
    shutil.copyfile(Path(__file__).parents[1] / "dvc.yaml", folder / "dvc.yaml")
    shutil.copyfile(migrated, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        at(folder, patch)
        run_all(patch)
        yield folder, outputs()


def at(folder, patch):
    patch.chdir(folder)
    for name in ("DVC_ROOT", "DVC_EXP_NAME"):
        patch.delenv(name, raising=False)
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")


def test_the_sides_are_described_and_hold_all_rows(journey):
    split = store.read_json(paths.SPLIT)
    assert split["train"]["rows"] + split["test"]["rows"] == 3000
    assert split["test"]["positives"] == 18
    assert split["train"]["natural_ratio"] == pytest.approx(2328 / 72, rel=1e-5)
    train, test = store.read_table(paths.TRAIN), store.read_table(paths.TEST)
    assert train.features == test.features == [*(f"V{i}" for i in range(1, 29)), "Amount"]
    assert (len(train.y), test.y.sum()) == (2400, 18)


def test_the_scores_have_every_model_in_scikit_learns_words(journey):
    scores = store.read_json(paths.SCORES)
    assert list(scores) == [NAMES[0], *params.load().resample, NAMES[-1]]
    test = store.read_table(paths.TEST)
    for name, own in scores.items():
        assert own.keys() >= WORDS
        y_score = store.read_model(paths.model(name)).predict_proba(test.X)[:, 1]
        expected = average_precision_score(test.y, y_score)
        assert own["average_precision"] == pytest.approx(expected, rel=1e-5)
        assert own["roc_auc"] == pytest.approx(roc_auc_score(test.y, y_score), rel=1e-5)
        assert own["true_positives"] + own["false_negatives"] == 18
        assert own["no_information_rate"] == pytest.approx(1 - 18 / 600)


def test_every_metric_is_a_finite_number_of_six_digits(journey):
    files = sorted(paths.METRICS.rglob("*.json"))
    assert len(files) >= len(NAMES) + 2
    for file in files:
        content = json.loads(file.read_text(), parse_constant=pytest.fail)
        for key, value in leaves(content):
            if isinstance(value, float):
                assert math.isfinite(value)
                assert value == float(f"{value:.6g}"), (file, key)
    for key, value in leaves(store.read_json(paths.SCORES)):
        assert isinstance(value, (int, float)), key
        assert not isinstance(value, bool), key


def test_what_is_read_again_has_its_shape(journey):
    files = [path for pattern in shapes.SHAPES for path in Path().glob(pattern)]
    assert len(files) == 2 * len(NAMES) + 6
    for path in files:
        if path.suffix == ".json":
            assert store.read_json(path) is not None
        else:
            store.check_shape(path, yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_checks_of_the_table_of_the_plan_and_of_the_results_are_in_one_file(journey):
    found = store.read_json(paths.CHECKS)
    assert all(set(each) == {"code", "severity", "sentence"} for each in found)
    codes = [each["code"] for each in found]
    assert set(codes) >= {each["code"] for each in store.read_json(paths.SPLIT_CHECKS)}
    # 18 test positives, and a time that the random split does not look at.
    assert {"RB203", "RB205"} <= set(codes)
    severities = [each["severity"] for each in found]
    assert severities == sorted(severities, reverse=True)  # warnings, then notes


def test_the_report_names_every_model_and_the_split(journey):
    report = paths.REPORT.read_text(encoding="utf-8")
    assert "stratified" in report
    for name in NAMES:
        assert name in report
    assert "nan" not in report.lower()
    assert "600" in report


def test_the_card_is_that_of_the_recommended_model_and_the_command_writes_the_same(
    journey, monkeypatch
):
    folder, _ = journey
    at(folder, monkeypatch)
    written = paths.CARD.read_text(encoding="utf-8")
    answer = store.read_json(paths.ANSWER)
    assert written.startswith(f"# Model {answer['recommended']}\n\n{answer['answer']}\n")
    assert "Target: Class." in written
    cli.main(["card", "-o", "again.md"])
    assert Path("again.md").read_text(encoding="utf-8") == written


def test_the_importance_is_of_the_columns_of_the_table(journey):
    features = store.read_table(paths.TRAIN).features
    for name in NAMES[:-1]:
        found = store.read_json(paths.importance(name))
        assert set(found) == set(features)
        losses = [row["loss"] for row in found.values()]
        assert losses == sorted(losses, reverse=True)
        assert losses[0] > 0.01
    assert not paths.importance("tuned").exists()
    chosen = store.read_importance(store.read_json(paths.ANSWER)["recommended"])
    first = next(iter(chosen["columns"]))
    report = paths.REPORT.read_text(encoding="utf-8")
    assert f"## Permutation importance, for {chosen['model']}\n" in report
    assert f"| {first} " in report


def test_the_plots_are_tables_and_pictures_with_their_axes(journey):
    for name, columns in (
        ("precision_recall", "model,recall,precision"),
        ("roc", "model,false_positive_rate,recall"),
        ("confusion", "model,actual,predicted"),
    ):
        header, *lines = (paths.PLOTS / f"{name}.csv").read_text().splitlines()
        assert set(columns.split(",")) <= set(header.split(","))
        models = header.split(",").index("model")
        assert {line.split(",")[models] for line in lines} == set(NAMES)
        assert (paths.PLOTS / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert paths.RATIO_CURVE.read_text().startswith("treatment,ratio,score")
    assert paths.RATIO_CURVE_PICTURE.read_bytes().startswith(b"\x89PNG")


def test_training_tells_what_it_saw_and_the_study_what_it_asked(journey):
    found = store.read_json(paths.training_metrics("under_5"))
    assert found["model"]["negatives_seen"] == 5 * found["model"]["positives_seen"] == 360
    study = store.read_json(paths.training_metrics("tuned"))["study"]
    assert study["trials"] == 5
    assert study["natural_ratio"] == 32
    assert 1 <= study["best_ratio"] <= 32


def test_every_stage_left_one_run_and_the_study_one_child_a_trial(journey):
    from mlflow import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name(params.load().tracking.experiment)
    runs = client.search_runs([experiment.experiment_id])
    kinds = [run.data.tags["kind"] for run in runs]
    assert kinds.count("stage") == len(NAMES) + 3
    assert kinds.count("trial") == 5


def stage_runs():
    """Return MLflow's run of each stage, those that train by the name of the model."""
    from mlflow import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name(params.load().tracking.experiment)
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'stage'")
    return {run.data.tags.get("model", run.data.tags["dvc.stage"]): run for run in runs}


def test_no_run_has_a_parameter_without_a_value(journey):
    for name, run in stage_runs().items():
        assert run.data.params or name == "download"
        empty = {key for key, value in run.data.params.items() if value in {"None", "", "null"}}
        assert empty == set(), name


def test_versions_and_checksums_are_one_file_of_a_run_and_no_tag(journey):
    _, written = journey
    ours = 0
    for name, run in stage_runs().items():
        own = {key: text for key, text in run.data.tags.items() if not key.startswith("mlflow.")}
        assert len(own) <= 12, own
        assert not any("/" in key or "version" in key or "md5" in key for key in own)
        place = Path(run.info.artifact_uri.removeprefix("file://"))
        origin = json.loads((place / "provenance.json").read_text(encoding="utf-8"))
        assert {"python", "scikit-learn", "numpy", "mlflow"} <= set(origin["versions"]), name
        for path, digest in origin["outputs"].items():
            if path in written:
                ours += 1
                assert digest == md5(written[path], usedforsecurity=False).hexdigest(), path
    assert ours > 20


def test_the_rows_of_a_run_have_a_checksum_a_schema_and_a_profile(journey):
    runs = stage_runs()
    sides = dict.fromkeys(NAMES, "train") | {"evaluate": "test"}
    for name, side in sides.items():
        (rows,) = (each.dataset for each in runs[name].inputs.dataset_inputs)
        assert (rows.name, rows.digest) == (side, store.md5(paths.DATA / f"{side}.parquet"))
        columns = {each["name"] for each in json.loads(rows.schema)["mlflow_colspec"]}
        assert columns == {*(f"V{i}" for i in range(1, 29)), "Amount", "Time", "Class"}
        assert json.loads(rows.profile)["num_rows"] == {"train": 2400, "test": 600}[side]


def test_the_run_of_each_model_says_its_verdict_and_whether_to_use_it(journey):
    runs, verdicts = stage_runs(), store.read_json(paths.COMPARISON)["verdicts"]
    recommended = store.read_json(paths.ANSWER)["recommended"]
    for name in NAMES:
        tags = runs[name].data.tags
        expected = "baseline" if name == "baseline" else verdicts[name]["verdict"]
        assert (tags["verdict"], tags["recommended"]) == (
            expected,
            str(name == recommended).lower(),
        )


def test_every_stage_run_again_writes_the_same_bytes(journey, monkeypatch):
    folder, before = journey
    at(folder, monkeypatch)
    for gone in (paths.DATA, paths.MODELS, paths.METRICS, paths.SCORE_CACHE):
        shutil.rmtree(gone)
    # One record of a run is enough, and half of the time.
    monkeypatch.setattr(tracking, "stage", lambda *_: nullcontext(SimpleNamespace()))
    run_all(monkeypatch)
    after = outputs()
    assert list(after) == list(before)
    assert [file for file in after if after[file] != before[file]] == []


def test_a_model_that_its_stage_did_not_write_is_refused_in_one_line(
    journey, tmp_path, monkeypatch, capsys
):
    folder, _ = journey
    shutil.copytree(folder, tmp_path / "copy")
    at(tmp_path / "copy", monkeypatch)
    tracking.move("rebalance")
    shutil.copyfile(paths.model("over"), paths.model("baseline"))
    scores = paths.SCORES.read_bytes()
    with pytest.raises(SystemExit, match="1"):
        run(monkeypatch, "evaluate")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: models/baseline.skops is not what its training stage wrote")
    assert "dvc repro" in line
    assert paths.SCORES.read_bytes() == scores


def test_models_of_other_rules_are_not_judged_by_these(journey, monkeypatch, capsys):
    folder, before = journey
    at(folder, monkeypatch)
    for changes in (
        {"threshold.use": "half"},
        {"threshold.rules.more": {"rule": "max_fbeta", "beta": 2}},
        {"threshold.rules.half": {"rule": "max_fbeta", "beta": 2}},
    ):
        text = yaml.safe_dump(changed(changed(SHIPPED, SMALL), changes), sort_keys=False)
        Path("params.yaml").write_text(text)
        try:
            with pytest.raises(SystemExit, match="1"):
                run(monkeypatch, "evaluate")
        finally:
            Path("params.yaml").write_text(yaml.safe_dump(changed(SHIPPED, SMALL), sort_keys=False))
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith("error: models/baseline.skops was trained with another section 'thr")
    assert outputs() == before


@pytest.mark.parametrize(
    ("changes", "stage", "said"),
    [
        (
            {"split.test_size": "a tenth"},
            "split",
            "split.test_size must be a number, got 'a tenth'",
        ),
        (
            {"resample.over.ratio": 99},
            "train_resampled",
            "at most the natural ratio of the training r",
        ),
        (
            {"learner.name": "nope"},
            "train_baseline",
            "learner.name must be one of hist_gradient_boo",
        ),
        ({"tune.metric": "nope"}, "tune_ratio", "tune.metric must be "),
    ],
)
def test_a_users_mistake_is_one_line_and_leaves_the_outputs(
    journey, tmp_path, monkeypatch, capsys, changes, stage, said
):
    folder, _ = journey
    at(folder, monkeypatch)
    before = outputs()
    text = yaml.safe_dump(changed(changed(SHIPPED, SMALL), changes), sort_keys=False)
    Path("params.yaml").write_text(text)
    try:
        with pytest.raises(SystemExit, match="1"):
            run(monkeypatch, stage, *(["over"] if stage == "train_resampled" else []))
    finally:
        Path("params.yaml").write_text(yaml.safe_dump(changed(SHIPPED, SMALL), sort_keys=False))
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert said in error
    assert outputs() == before


@pytest.mark.parametrize("recorded", [False, True])
def test_a_table_that_is_refused_leaves_no_answer_of_the_one_before(
    journey, tmp_path, monkeypatch, capsys, recorded
):
    ignore = shutil.ignore_patterns("mlflow.db", "mlartifacts")
    folder = Path(shutil.copytree(journey[0], tmp_path / "copy", ignore=ignore))
    at(folder, monkeypatch)
    before = outputs()
    content = changed(SHIPPED, SMALL)
    lock = {"stages": {"download": {"params": {"params.yaml": {"data": content["data"]}}}}}
    if recorded:
        Path("dvc.lock").write_text(yaml.safe_dump(lock))
        store.remove_other_answers()
        assert outputs() == before
    Path("params.yaml").write_text(yaml.safe_dump(changed(content, {"data.target": "Fraud"})))
    with pytest.raises(SystemExit, match="1"):
        run(monkeypatch, "download")
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: data.target 'Fraud' is no column; the columns are 'Time', 'V1'")
    assert outputs().keys() < before.keys()
    for path in (paths.REPORT, paths.SCORES, paths.COMPARISON, paths.DECISIONS):
        assert not path.exists()
    assert not [file for file in paths.PLOTS.rglob("*") if file.is_file()]
    assert paths.SPLIT.exists()
