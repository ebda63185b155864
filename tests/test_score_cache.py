"""Cached scores are whole or computed again, and the cache never ends a stage."""

import hashlib
import io
import logging
import os
import pickle
import stat

import numpy as np
import pytest

from rebalance import paths, store

NAME = "ab" + "0" * 62
SCORES = {"raw": np.linspace(0, 1, 1000), "numbers": np.array([0.5, 1.25])}


def written(folder, names=(NAME,)):
    cache = store.ScoreCache(folder)
    for name in names:
        cache.put(name, **SCORES)
    return cache


def same(found):
    return found.keys() == SCORES.keys() and all(
        np.array_equal(found[key], SCORES[key]) for key in SCORES
    )


def file(folder):
    return next(folder.rglob("*.npz"))


def test_what_is_put_comes_back_to_the_bit_and_nothing_else_does(tmp_path):
    cache = written(tmp_path)
    assert same(cache.get(NAME))
    assert same(store.ScoreCache(tmp_path).get(NAME))
    assert cache.get("cd" + NAME[2:]) is None


class Harmful:
    """An object that ends the process when it is unpickled."""

    def __reduce__(self):
        return os._exit, (3,)


def damaged(content):
    """Yield damaged copies of a file: flipped bits, cut, zeros, nothing, something else."""
    for place in range(0, len(content), max(1, len(content) // 40)):
        flipped = bytearray(content)
        flipped[place] ^= 4
        yield bytes(flipped)
    yield from (content[:left] for left in (0, 1, 31, 32, 33, len(content) // 2, len(content) - 1))
    yield bytes(len(content))
    yield b"cos\nsystem\n(S'exit 3'\ntR."  # a pickle
    yield content + b"x"


def test_a_damaged_file_is_computed_again_and_said_in_a_line(tmp_path, caplog):
    cache = written(tmp_path)
    whole = file(tmp_path).read_bytes()
    for content in damaged(whole):
        file(tmp_path).write_bytes(content)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert cache.get(NAME) is None
        assert caplog.messages == [
            f"note: cached scores in {file(tmp_path)} are damaged and are computed again."
        ]
    cache.put(NAME, **SCORES)
    assert same(cache.get(NAME))


def test_a_whole_file_of_another_fit_is_not_believed(tmp_path, caplog):
    """As where a copy of the folder, or a program that mends it, mixed its files up."""
    other = "ab" + "1" * 62
    cache = written(tmp_path, [NAME, other])
    (tmp_path / "ab" / f"{other}.npz").replace(tmp_path / "ab" / f"{NAME}.npz")
    with caplog.at_level(logging.WARNING):
        assert cache.get(NAME) is None
    assert "are damaged and are computed again" in caplog.text


def test_what_a_file_holds_is_not_executed_even_with_a_checksum_that_fits(tmp_path):
    cache = written(tmp_path)
    harmful = io.BytesIO()
    np.savez(harmful, raw=np.array([Harmful()], dtype=object))
    for content in (harmful.getvalue(), b"no archive", pickle.dumps(Harmful())):
        digest = hashlib.sha256(NAME.encode() + b"\0" + content).digest()
        file(tmp_path).write_bytes(digest + content)
        assert cache.get(NAME) is None


def test_a_cache_that_is_a_file_costs_a_line_and_no_stage(tmp_path, caplog):
    (tmp_path / ".rebalance").write_text("a file")
    with caplog.at_level(logging.WARNING):
        cache = store.ScoreCache(tmp_path / ".rebalance" / "scores")
        assert cache.get(NAME) is None
        cache.put(NAME, **SCORES)
        cache.put(NAME, **SCORES)
        assert cache.get(NAME) is None
    assert len(caplog.messages) == 1
    assert "cannot be written (" in caplog.messages[0]


@pytest.mark.parametrize("broken", ["fsync", "replace", "mkstemp"])
def test_a_disk_that_is_full_or_read_only_costs_a_line(broken, tmp_path, caplog, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    cache = store.ScoreCache(tmp_path)
    place = {"fsync": "os.fsync", "replace": "pathlib.Path.replace", "mkstemp": "tempfile.mkstemp"}
    monkeypatch.setattr(place[broken], full)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            cache.put(NAME, **SCORES)
    assert caplog.messages == [
        f"note: the score cache {tmp_path} cannot be written (No space left on device); the work "
        "goes on without it."
    ]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_that_cannot_be_read_costs_a_line(tmp_path, caplog):
    cache = written(tmp_path)
    path = file(tmp_path)
    path.unlink()
    path.mkdir()
    with caplog.at_level(logging.WARNING):
        assert cache.get(NAME) is None
    assert "cannot be read (Is a directory)" in caplog.text


def test_the_files_used_longest_ago_are_deleted_first(tmp_path):
    names = [f"{i:02d}" + "f" * 62 for i in range(4)]
    cache = written(tmp_path, names)
    for age, name in zip((40, 30, 20, 10), names, strict=True):
        moment = 1_700_000_000 - age
        os.utime(tmp_path / name[:2] / f"{name}.npz", (moment, moment))
    cache.get(names[0])  # used just now
    size = file(tmp_path).stat().st_size
    left = store.ScoreCache(tmp_path, limit=2 * size)
    assert [left.get(name) is not None for name in names] == [True, False, False, True]


def test_the_cache_has_room_for_a_study_of_a_large_table(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert store.score_cache(1000).limit == 1e9
    assert store.score_cache(10_000_000).limit == 100 * 8 * 10_000_000
    assert store.score_cache(1000).folder == paths.SCORE_CACHE


def test_a_name_reaches_the_disk_after_its_content(tmp_path, monkeypatch):
    """As a loss of power needs it: the file is synchronised, then renamed, then its folder is."""
    steps, real, rename = [], os.fsync, type(tmp_path).replace

    def fsync(handle):
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real(handle)

    def replace(path, target):
        steps.append("rename")
        return rename(path, target)

    monkeypatch.setattr("os.fsync", fsync)
    monkeypatch.setattr("pathlib.Path.replace", replace)
    store.write_text(tmp_path / "a.txt", "content")
    assert steps == ["file", "rename", "folder"]
