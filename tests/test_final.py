"""The sealed rows: who they are, that one look opens them, and that git remembers it."""

import json
import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from rebalance import final, paths, sealing, splitting, store
from rebalance.cli.commands import final as command
from rebalance.errors import InputError
from rebalance.params import parse
from stages import download, split, train_baseline, train_resampled
from tests.strategies import ROOT, SHIPPED, changed, params

Y = np.random.default_rng(0).permutation(np.repeat([1, 0], [60, 540])).astype(np.int8)

TESTED = {"metric": "average_precision", "value": {"value": 0.5, "low": 0.25, "high": 0.75}}


def section(**changes):
    return params(**{f"split__{name}": value for name, value in changes.items()}).split


def test_without_a_sealed_share_the_split_is_as_it_was():
    *rows, sealed = sealing.split(Y, None, section())
    wanted = splitting.split(Y, None, section())
    assert [list(side) for side in rows] == [list(side) for side in wanted]
    assert sealed.size == 0


@given(share=st.floats(0.05, 0.4), seed=st.integers(0, 3))
def test_the_three_sides_are_all_rows_in_their_shares(share, seed):
    sides = sealing.split(Y, None, section(final=share, seed=seed))
    assert sorted(np.concatenate(sides)) == list(range(600))
    for side, wanted in zip(sides, (0.8 - share, 0.2, share), strict=True):
        assert abs(side.size - 600 * wanted) <= 2
        assert abs(Y[side].sum() - 60 * wanted) <= 2


def test_who_draws_the_test_rows_anew_gets_no_new_sealed_rows():
    first, second = (sealing.split(Y, None, section(final=0.2, seed=s)) for s in (1, 2))
    third = sealing.split(Y, None, section(final=0.2, seed=1, test_size=0.3))
    assert list(first[2]) == list(second[2]) == list(third[2])
    assert set(first[1]) != set(second[1])


def test_in_time_order_the_latest_rows_are_sealed_behind_the_gap():
    when = np.arange(600.0)
    train, test, sealed = sealing.split(
        Y, when, section(method="time", column="t", final=0.1, gap=5)
    )
    assert list(sealed) == list(range(540, 600))
    assert test.max() == 540 - 6
    # A fifth of all rows, which were a fifth of them before the gap took five.
    assert test.size == pytest.approx(120, abs=2)
    assert train.max() < test.min() - 5


def test_a_group_is_on_one_side_only():
    groups = np.repeat(np.arange(120), 5)
    sides = sealing.split(Y, groups, section(method="group", column="g", final=0.2))
    for i, side in enumerate(sides):
        others = np.concatenate([other for j, other in enumerate(sides) if j != i])
        assert not set(groups[side]) & set(groups[others])


def test_a_column_may_call_rows_final():
    said = np.resize(["train", "train", "Final", "test"], 600)
    train, test, sealed = sealing.split(Y, said, section(method="column", column="s"))
    assert list(sealed) == list(range(2, 600, 4))
    assert list(test) == list(range(3, 600, 4))
    assert train.size == 300


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"final": 0.8}, "test_size and final must leave rows to train on, got 0.2 and 0.8"),
        (
            {"final": 0.1, "method": "column", "column": "s"},
            "final must be 0 for method column, whose column says final itself, got 0.1",
        ),
        ({"final": 1.0}, "split.final must be below 1"),
    ],
)
def test_a_share_that_cannot_be_is_one_line(changes, line):
    with pytest.raises(InputError, match=re.escape(line)):
        section(**changes)


def test_too_few_sealed_positives_are_one_line():
    with pytest.raises(InputError, match=r"got 1 positive in .* with split\.final 0\.01\."):
        sealing.split(Y, None, section(final=0.01))


def test_rows_are_known_by_their_labels_whatever_columns_are_read():
    assert store.labels_checksum(Y) == store.labels_checksum(Y.astype(float))
    assert store.labels_checksum(Y) != store.labels_checksum(Y[::-1])
    assert len(store.labels_checksum(Y)) == 16


CONTENT = changed(
    SHIPPED,
    {
        "data.simulated": {"rows": 3000, "positives": 90, "seed": 1},
        "split.final": 0.2,
        "learner.params": {"max_iter": 5},
        "out_of_fold.folds": 2,
        "learning_curve.shares": [],
        "resample": {"under": {"treatment": "random_under", "ratio": 10, "seed": 0}},
        "evaluate.bootstrap": 100,
        "run.workers": 1,
    },
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with what the stages make of a small table, as far as the look needs it."""
    folder = tmp_path_factory.mktemp("final")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        section = parse(CONTENT)
        (folder / "params.yaml").write_text(yaml.safe_dump(CONTENT), encoding="utf-8")
        shutil.copyfile(ROOT / "dvc.yaml", folder / "dvc.yaml")
        download.download(section)
        split.split(section)
        run = SimpleNamespace(model=None)
        train_baseline.train_baseline(section, run)
        train_resampled.train_resampled("under", section, run)
        answer = {
            "metric": "average_precision",
            "recommended": "under",
            "value": {"value": 0.5, "low": 0.25, "high": 0.75},
        }
        answered(answer)
    return folder


def answered(answer, **stages):
    """Write the answer, and dvc.lock as if DVC had seen both, with more ``stages``."""
    store.write_json(paths.ANSWER, answer)
    stages = {"split": {}, "evaluate": {}} | stages
    for name, path in (("split", paths.FINAL), ("evaluate", paths.ANSWER)):
        stages[name]["outs"] = [{"path": str(path), "md5": store.md5(path)}]
    lock = {"schema": "2.0", "stages": stages}
    paths.LOCK.write_text(yaml.safe_dump(lock), encoding="utf-8")


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


def git(*arguments):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
        check=True,
        capture_output=True,
    )


def test_split_counts_the_sealed_rows_and_describes_nothing_else_of_them(here):
    described = json.loads(paths.SPLIT.read_text(encoding="utf-8"))
    assert described["train"]["rows"] + described["test"]["rows"] == 2400
    sealed = store.read_table(paths.FINAL)
    assert described["final"] == {
        "rows": 600,
        "positives": 18,
        "checksum": store.labels_checksum(sealed.y),
        "table": store.labels_checksum(store.Columns(paths.RAW)["Class"].to_numpy()),
    }
    assert described["test"]["checksum"] == store.labels_checksum(store.read_table(paths.TEST).y)


def test_the_look_scores_the_recommended_model_on_the_sealed_rows(here):
    said = command.run()
    record = json.loads(paths.OPENED.read_text(encoding="utf-8"))
    sealed, model = store.read_table(paths.FINAL), store.read_model(paths.model("under"))
    score = model.predict_proba(sealed.X)[:, 1]
    wanted = average_precision_score(sealed.y, score)
    assert record["value"]["value"] == pytest.approx(wanted, abs=1e-5)
    assert record["recommended"] == "under"
    assert record["models"]["under"] == store.sha256(paths.model("under"))
    found = int((score >= model.threshold)[sealed.y == 1].sum())
    assert said.startswith(
        f"under on 600 sealed rows with 18 positives: average precision {wanted:.3f} ["
    )
    assert "; on the test rows it was 0.500 [0.250, 0.750].\n" in said
    assert f"finds {found} of 18 positives" in said
    assert "Against the baseline " in said
    assert " (this fitted model).\n" in said
    base = store.read_model(paths.model("baseline")).predict_proba(sealed.X)[:, 1]
    apart = wanted - average_precision_score(sealed.y, base)
    assert record["against_baseline"]["difference"] == pytest.approx(apart, abs=1e-5)


def test_the_look_at_the_baseline_has_no_verdict(here):
    answer = {
        "metric": "average_precision",
        "recommended": "baseline",
        "value": {"value": 0.5, "low": 0.25, "high": 0.75},
    }
    answered(answer)
    assert "Against" not in command.run()
    assert json.loads(paths.OPENED.read_text(encoding="utf-8"))["against_baseline"] is None


REFUSED = r"the sealed rows were opened before, for under \({}\), and answer once: "


def test_a_second_look_is_refused_in_one_line(here):
    command.run()
    before = paths.OPENED.read_bytes()
    with pytest.raises(InputError, match=REFUSED.format(r"metrics/final\.json")) as refused:
        command.run()
    assert "\n" not in str(refused.value)
    assert paths.OPENED.read_bytes() == before


def test_a_record_that_was_deleted_is_remembered(here):
    command.run()
    paths.OPENED.unlink()
    with pytest.raises(InputError, match=REFUSED.format(r"\.rebalance/final\.json")):
        command.run()


def test_git_remembers_a_look_of_another_branch_or_clone(here):
    git("init", "-q")
    command.run()
    git("checkout", "-q", "-b", "other")
    git("add", "-f", str(paths.OPENED))
    git("commit", "-q", "-m", "look")
    git("checkout", "-q", "--orphan", "clean")
    git("rm", "-q", "--cached", str(paths.OPENED))
    paths.OPENED.unlink()
    paths.OPENED_HERE.unlink()
    with pytest.raises(InputError, match=REFUSED.format(r"metrics/final\.json of commit \w{8}")):
        command.run()


def test_other_sealed_rows_may_be_opened(here):
    command.run()
    record = json.loads(paths.OPENED.read_text(encoding="utf-8"))
    record["rows"] |= {"checksum": "0" * 16, "table": "0" * 16}
    final.write(record)
    assert command.run().startswith("under on 600 sealed rows")


def test_another_share_of_the_same_table_counts_as_the_same_rows(here):
    command.run()
    record = json.loads(paths.OPENED.read_text(encoding="utf-8"))
    record["rows"]["checksum"] = "0" * 16
    final.write(record)
    with pytest.raises(InputError, match=REFUSED.format(r"metrics/final\.json")):
        command.run()


def test_without_sealed_rows_there_is_nothing_to_open(here):
    described = json.loads(paths.SPLIT.read_text(encoding="utf-8"))
    del described["final"]
    store.write_json(paths.SPLIT, described)
    with pytest.raises(InputError, match=r"no rows are sealed: set split\.final"):
        command.run()
    assert not paths.OPENED.exists()


def test_rows_that_are_not_those_of_the_lock_are_not_opened(here):
    store.write_frame(paths.FINAL, store.Columns(paths.TEST).table(), {})
    with pytest.raises(InputError, match=r"data/final\.parquet is not what dvc\.lock says"):
        command.run()
    paths.FINAL.unlink()
    with pytest.raises(InputError, match=r"data/final\.parquet is not what dvc\.lock says"):
        command.run()


def test_a_model_that_is_not_the_trained_one_is_not_scored(here):
    paths.model("under").write_bytes(b"other")
    with pytest.raises(InputError, match="is not what its training stage wrote"):
        command.run()
    assert not paths.OPENED.exists()


ONCE = "since the last 'dvc repro', and the sealed rows answer once; run 'dvc repro'"


def test_edited_costs_open_nothing(here):
    seen = {"params": {"params.yaml": {"evaluate": CONTENT["evaluate"] | {"margin": 0.5}}}}
    known = {"outs": [{"path": str(paths.model("under")), "md5": store.md5(paths.model("under"))}]}
    answer = json.loads(paths.ANSWER.read_text(encoding="utf-8"))
    answered(answer, evaluate=seen, **{"train_resampled@under": known})
    with pytest.raises(InputError, match=rf"evaluate\.margin was edited in params\.yaml {ONCE}"):
        command.run()
    cheaper = changed(CONTENT, {"threshold.rules.costs.c_fn": 9, "threshold.rules.costs.c_fp": 7})
    trained = known | {"params": {"params.yaml": {"threshold": cheaper["threshold"]}}}
    answered(answer, **{"train_resampled@under": trained})
    with pytest.raises(InputError, match=rf"c_fn, .*c_fp were edited in params\.yaml {ONCE}"):
        command.run()
    assert not paths.OPENED.exists()


def test_a_model_trained_by_hand_opens_nothing(here):
    trained = {"outs": [{"path": str(paths.model("under")), "md5": "0" * 32}]}
    answer = json.loads(paths.ANSWER.read_text(encoding="utf-8"))
    answered(answer, **{"train_resampled@under": trained})
    with pytest.raises(InputError, match=f"under was trained by hand {ONCE}"):
        command.run()
    assert not paths.OPENED.exists()


def test_an_answer_that_dvc_does_not_know_opens_nothing(here):
    answer = json.loads(paths.ANSWER.read_text(encoding="utf-8"))
    store.write_json(paths.ANSWER, answer | {"recommended": "baseline"})
    with pytest.raises(InputError, match=rf"answer\.json is not what dvc\.lock says {ONCE}"):
        command.run()
    assert not paths.OPENED.exists()


def test_an_answer_of_another_metric_opens_nothing(here):
    store.write_json(paths.ANSWER, {"recommended": "baseline"} | TESTED | {"metric": "roc_auc"})
    with pytest.raises(
        InputError, match=r"answer\.json is of roc_auc, and evaluate.metric is aver"
    ):
        command.run()
    assert not paths.OPENED.exists()
