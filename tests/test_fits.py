"""Fits are tasks that any executor can run, and the cache answers those that it knows."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import rebalance
from rebalance import splitting, store
from rebalance.errors import InputError
from rebalance.learning import fits, treatments
from tests import strategies
from tests.strategies import frame, learner, params, table, treatment
from tests.test_contract import closure

TABLE = table(240, 30)
PARAMS = params()
FOLDS = splitting.folds(TABLE, PARAMS.out_of_fold)
UNDER = treatment("random_under", ratio=3)


@pytest.fixture
def counted(monkeypatch):
    """Return the entries that were fitted so far."""
    entries, fit = [], treatments.fit

    def counting(entry, *rest):
        entries.append(entry)
        return fit(entry, *rest)

    monkeypatch.setattr(treatments, "fit", counting)
    return entries


def scores(cache, entry=UNDER, section=PARAMS.learner, found=TABLE, folds=FOLDS):
    with strategies.fits(found, cache=cache) as running:
        return [running.of_fold(entry, section, fold).result() for fold in folds]


def test_cached_scores_answer_the_same_question_and_no_other(tmp_path, counted):
    cache = store.ScoreCache(tmp_path)

    def asked(**changes):
        before = len(counted)
        found = scores(cache, **changes)
        return len(counted) - before, found

    (first, fitted), (again, cached) = asked(), asked()
    assert (first, again) == (3, 0)
    for one, other in zip(fitted, cached, strict=True):
        np.testing.assert_array_equal(one.raw, other.raw)
        assert one[1:] == other[1:]
    other_folds = splitting.folds(TABLE, params(out_of_fold__seed=1).out_of_fold)
    assert asked(found=table(240, 30, seed=1))[0] == 3
    assert asked(entry=treatment("random_under", ratio=4))[0] == 3
    assert asked(section=learner(max_iter=9))[0] == 3
    assert asked(folds=other_folds)[0] == 3
    assert asked()[0] == 0


def test_scores_of_other_code_and_of_other_versions_are_not_used(tmp_path, counted, monkeypatch):
    cache = store.ScoreCache(tmp_path)
    scores(cache)
    monkeypatch.setattr(fits, "code", lambda: "other code")
    scores(cache)
    assert len(counted) == 6
    monkeypatch.setattr(fits, "installed", lambda name: "9.9" if name == "scipy" else "1")
    scores(cache)
    assert len(counted) == 9
    scores(cache)
    assert len(counted) == 9


@pytest.mark.parametrize(
    "place",
    ["learning/treatments/smote.py", "model/rows.py", "params/learners.py", "splitting.py"],
)
def test_an_edit_of_what_decides_scores_changes_the_key(place, tmp_path, monkeypatch):
    copy = tmp_path / "rebalance"
    shutil.copytree(Path(rebalance.__file__).parent, copy)
    monkeypatch.setattr(rebalance, "__file__", str(copy / "__init__.py"))
    before = fits.code.__wrapped__()
    assert before == fits.code()
    with (copy / "report" / "render.py").open("a") as file:
        file.write("# not in the key")
    assert fits.code.__wrapped__() == before
    with (copy / place).open("a") as file:
        file.write("# edited")
    assert fits.code.__wrapped__() != before


# What fits and folds import, and no part of the key.
DECIDES_NO_SCORE = (
    "rebalance/params/",  # words and checks parameters; their values are in the key
    "rebalance/paths.py",
    "rebalance/store/",
    "rebalance/workers.py",  # one thread each, whatever their number
)
BUT = {"rebalance/params/learners.py", "rebalance/store/tables.py"}


def test_the_key_holds_all_code_that_a_fit_imports():
    decides = tuple(f"rebalance/{place}" for place in fits.CODE)
    imported = closure("rebalance.learning.fits") | closure("rebalance.splitting")
    rest = {path for path in imported if path in BUT or not path.startswith(DECIDES_NO_SCORE)}
    missing = sorted(path for path in rest if not path.startswith(decides))
    assert not missing, f"add to CODE of learning/fits.py, or say why they decide none: {missing}"
    for place in decides:
        assert any(path.startswith(place) for path in imported), f"{place} is not imported"


def test_a_fit_that_fails_is_not_cached(tmp_path):
    entry = treatment("smote", params={"k_neighbors": 25})
    with pytest.raises(InputError, match="got 25 with 20 positives"):
        scores(store.ScoreCache(tmp_path), entry)
    assert not list(tmp_path.rglob("*.npz"))


def test_a_table_of_a_file_goes_to_other_processes_by_its_path(tmp_path):
    path = tmp_path / "t.parquet"
    store.write_frame(path, frame(20_000, 300), {"target": "Class", "features": ["a", "b"]})
    read = store.read_table(path)
    sent = pickle.dumps(read)
    assert len(sent) < 500
    assert str(path).encode() in sent
    there = pickle.loads(sent)  # noqa: S301 our own
    np.testing.assert_array_equal(there.X, read.X)
    assert pickle.loads(sent) is there  # noqa: S301 read once in a process


def test_another_file_of_the_same_name_is_refused(tmp_path):
    path, roles = tmp_path / "t.parquet", {"target": "Class", "features": ["a", "b"]}
    store.write_frame(path, frame(), roles)
    sent = pickle.dumps(store.read_table(path))
    store.write_frame(path, frame(seed=1), roles)
    with pytest.raises(InputError, match=r"t\.parquet is not the same file here"):
        pickle.loads(sent)  # noqa: S301 our own


def test_a_table_made_here_goes_whole():
    there = pickle.loads(pickle.dumps(TABLE))  # noqa: S301 our own
    np.testing.assert_array_equal(there.X, TABLE.X)
    assert (there.features, there.roles) == (TABLE.features, TABLE.roles)
    assert there.checksum == TABLE.checksum != table(240, 30, seed=1).checksum
