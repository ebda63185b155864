"""What a stage reads of JSON and YAML has the types that its writer gives it, or is refused."""

import json
from pathlib import Path

import pytest

from rebalance import paths, store
from rebalance.errors import InputError
from rebalance.store import shapes
from rebalance.tracking import pipeline

STUDY = {
    "natural_ratio": 577,
    "natural_score": 0.5,
    "chosen": {"smote": 10, "max_features": {"sqrt": 1}},
    "arms": {"none": {"fits": 5, "score": 0.5}},
}


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        (paths.SPLIT, [], "it must be a mapping, got []"),
        (paths.SPLIT, {"train": 3}, "'train' must be a mapping, got 3"),
        (paths.SPLIT, {"test": {"rows": 0}}, "'test.rows' must be above 0, got 0"),
        (paths.SPLIT, {"test": {"rows": "9"}}, "'test.rows' must be a whole number, got '9'"),
        (paths.SPLIT, {"test": {"rows": True}}, "'test.rows' must be a whole number, got True"),
        (paths.SPLIT, {"columns": {"V1": "x"}}, "'columns.V1' must be a kind of column, got 'x'"),
        (paths.SPLIT_CHECKS, {}, "it must be a list, got {}"),
        (paths.SPLIT_CHECKS, [{"code": 1}], "'0.code' must be a text, got 1"),
        (paths.READING, {"said": [1]}, "'said.0' must be a text, got 1"),
        (paths.importance("a"), {"V1": {"loss": None}}, "'V1.loss' must be a number, got None"),
        (paths.training_metrics("baseline"), {"learning_curve": {"points": {}}},
         "'learning_curve.points' must be a list, got {}"),
        (paths.training_metrics("tuned"), {"study": STUDY | {"chosen": {"smote": "x"}}},
         "'study.chosen.smote' must be a number, got 'x'"),
        (paths.training_metrics("tuned"), {"study": STUDY | {"chosen": {}}},
         "'study.chosen' must be a mapping of one entry or more, got {}"),
        (paths.training_metrics("tuned"), {"study": STUDY | {"arms": {"smote": {"fits": {}}}}},
         "'study.arms.smote.fits' must be a whole number, got {}"),
        (paths.training_metrics("smote"), {"thresholds": []}, "'thresholds' must be a mapping"),
        (paths.SCORES, {"baseline": 1}, "'baseline' must be a mapping, got 1"),
        (paths.COMPARISON, {"verdicts": []}, "'verdicts' must be a mapping, got []"),
        (paths.ANSWER, {"recommended": ["a"]}, "'recommended' must be a text, got ['a']"),
    ],
)  # fmt: skip
def test_json_of_another_type_is_refused_in_a_line(path, content, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        store.read_json(path)
    line = str(caught.value)
    assert line.startswith(f"{path} is damaged: {said}")
    assert line.endswith("; run 'dvc repro' to make it again.")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("path", "content", "said", "mended"),
    [
        (paths.PIPELINE, [], "it must be a mapping, got []", "by 'git checkout HEAD -- dvc.yaml'"),
        (paths.PIPELINE, {"stages": {"split": {"outs": 1}}}, "'stages.split.outs' must be a list",
         "restore it by 'git checkout HEAD -- dvc.yaml'"),
        (paths.LOCK, {"stages": {"split": {"outs": [{"path": 3}]}}},
         "'stages.split.outs.0.path' must be a text, got 3",
         "run 'rebalance doctor', or restore it by 'git checkout HEAD -- dvc.lock'"),
        (paths.OPENED, [], "it must be a mapping", "by 'git checkout HEAD -- metrics/final.json'"),
        (paths.OPENED_HERE, [], "it must be a mapping",
         "put the metrics/final.json of the last commit in its place"),
    ],
)  # fmt: skip
def test_a_file_of_git_is_restored_and_not_made_again(path, content, said, mended):
    with pytest.raises(InputError) as caught:
        store.check_shape(path, content)
    assert str(caught.value).startswith(f"{path} is damaged: {said}")
    assert str(caught.value).endswith(f"{mended}.")


def test_what_dvc_takes_in_dvc_yaml_and_sealed_rows_without_a_positive_are_no_damage():
    theirs = {"cmd": "x", "params": ["data", {"other.yaml": ["a"]}, {"more.yaml": None}]}
    store.check_shape(paths.PIPELINE, {"stages": {"theirs": theirs, "none": {"params": None}}})
    store.check_shape(paths.SPLIT, {"final": {"rows": 9, "positives": 0}})


def test_a_stage_of_somebody_s_own_reads_only_its_keys_of_params_yaml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("data: {path: x}\n", encoding="utf-8")
    Path("dvc.yaml").write_text(
        "stages:\n  mine:\n    cmd: x\n    params: [data, {other.yaml: [a]}, split]\n"
        "    outs: [a.csv, {b.csv: {cache: false}}]\n"
        "  bare:\n    cmd: x\n    params:\n    outs: [c.csv]\n",
        encoding="utf-8",
    )
    mine, bare = pipeline.stage("mine"), pipeline.stage("bare")
    assert (mine.params, mine.outputs) == (("data", "split"), (Path("a.csv"), Path("b.csv")))
    assert (bare.params, bare.outputs) == ((), (Path("c.csv"),))


def test_json_that_is_nested_without_an_end_is_refused_in_a_line(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="is not whole; run 'dvc repro'"):
        store.read_json(tmp_path / "a.json")


def test_a_record_of_sealed_rows_that_is_not_whole_is_restored_by_git_and_made_by_nobody(
    tmp_path, monkeypatch
):
    """As where two branches opened them, and their merge left a conflict."""
    monkeypatch.chdir(tmp_path)
    paths.OPENED.parent.mkdir()
    paths.OPENED.write_text("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n", encoding="utf-8")
    line = (
        "metrics/final.json is not whole; restore it by 'git checkout HEAD -- metrics/final.json'."
    )
    with pytest.raises(InputError) as caught:
        store.read_json(paths.OPENED)
    assert str(caught.value) == line


def test_a_study_with_settings_that_are_no_numbers_and_half_numbers_has_its_shape():
    shapes.check(paths.training_metrics("tuned"), {"study": STUDY | {"natural_ratio": 9.5}})
