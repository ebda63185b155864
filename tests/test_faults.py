"""A disk that fails at any point: one line, nothing half-written, and the next run is whole.

The n-th call to the disk fails, for n = 1, 2, ... until a stage succeeds undisturbed, as SQLite's
tests do it.
"""

import errno
import os
import shutil
import sys
import tempfile
from importlib import import_module
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from rebalance import errors, paths, store
from tests.strategies import SHIPPED, changed

# Few columns: each call to the disk is tried with a run of its own.
TINY = {
    "data.simulated.rows": 1500,
    "data.simulated.positives": 60,
    "data.drop": ["Time", *(f"V{number}" for number in range(5, 29))],
}
STAGES = ("download", "split")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty repository with params.yaml and dvc.yaml."""
    monkeypatch.chdir(tmp_path)
    text = yaml.safe_dump(changed(SHIPPED, TINY), sort_keys=False)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    dvc = (Path(__file__).parents[1] / "dvc.yaml").read_text(encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text(dvc, encoding="utf-8")
    return tmp_path


class Disk:
    """Count the calls of this process to the disk, and fail the n-th with a number of errno."""

    def __init__(self, monkeypatch, code):
        self.calls, self.fails, self.code = 0, 0, code
        for owner, name in ((os, "fsync"), (tempfile, "mkstemp"), (Path, "replace")):
            monkeypatch.setattr(owner, name, self.counted(getattr(owner, name)))

    def counted(self, call):
        def counted(*arguments, **options):
            self.calls += 1
            if self.calls == self.fails:
                raise OSError(self.code, os.strerror(self.code))
            return call(*arguments, **options)

        return counted


def written(folder):
    """Return the bytes of every output, and the names of what is half-written."""
    files = [f for name in ("data", "metrics") for f in (folder / name).rglob("*") if f.is_file()]
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files}


def run(monkeypatch, stage):
    """Run a stage as ``python -m stages.<name>`` does, in this process; return its exit code."""
    monkeypatch.setattr("sys.argv", [f"stages/{stage}.py"])
    try:
        errors.run(import_module(f"stages.{stage}").main)
    except SystemExit as end:
        return end.code
    return 0


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EFBIG])
def test_a_disk_that_fails_at_any_call_costs_a_line_and_no_output(
    folder, monkeypatch, capsys, code
):
    # MLflow's own database is not what fails here.
    monkeypatch.setattr("rebalance.tracking.stage", Unrecorded)
    undisturbed = {}
    for stage in STAGES:
        assert run(monkeypatch, stage) == 0
        undisturbed[stage] = written(folder)
    for stage in STAGES:
        before = undisturbed["download"] if stage == "split" else {}
        for path in written(folder).keys() - before.keys():
            (folder / path).unlink()
        disk = Disk(monkeypatch, code)
        for disk.fails in count(1):
            disk.calls = 0
            capsys.readouterr()
            if (code_of_exit := run(monkeypatch, stage)) == 0:
                # The last: a failed flush of the folder alone may pass.
                assert written(folder) == undisturbed[stage]
                if disk.calls < disk.fails:
                    break
                continue
            assert code_of_exit == 1
            lines = capsys.readouterr().err.splitlines()
            assert len(lines) == 1, lines
            assert lines[0].startswith("error: ")
            assert "cannot be written" in lines[0]
            now = written(folder)
            assert not [name for name in now if name.endswith(".part")]
            # Each output is whole, or not there.
            assert now.items() <= undisturbed[stage].items()
        assert disk.fails > 4
        monkeypatch.undo()
        monkeypatch.chdir(folder)
        monkeypatch.setattr("rebalance.tracking.stage", Unrecorded)


class Unrecorded:
    """A stage that records nothing."""

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def prepare(self):
        pass


def test_a_file_in_the_place_of_a_folder_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("metrics").write_text("a file")
    said = (
        r"^metrics/split.json cannot be written \([a-z ]+\): move away the file that stands where a"
    )
    with pytest.raises(errors.InputError, match=said):
        store.write_json(paths.SPLIT, {})
    with pytest.raises(errors.InputError, match=said.replace("json", "json/deep")):
        store.write_json(paths.SPLIT / "deep", {})
    assert Path("metrics").read_text() == "a file"


def test_a_folder_in_the_place_of_a_file_is_one_line(tmp_path):
    (tmp_path / "a.json").mkdir()
    said = (
        r"a\.json cannot be written \(is a directory\): move away the folder of that name, and run"
    )
    with pytest.raises(errors.InputError, match=said):
        store.write_json(tmp_path / "a.json", {})


@pytest.mark.skipif(sys.platform != "linux", reason="no folder that refuses the superuser, too")
def test_a_folder_that_the_system_makes_up_is_one_line():
    said = (
        r"^/proc/a\.json cannot be written \(no such file or directory\): write to a folder that ta"
    )
    with pytest.raises(errors.InputError, match=said):
        store.write_json("/proc/a.json", {})


def test_a_missing_file_that_a_writer_reads_is_no_fault_of_the_folder(tmp_path):
    with (
        pytest.raises(FileNotFoundError) as caught,
        store.replacing(tmp_path / "a.json"),
    ):
        (tmp_path / "none").read_text()
    assert not isinstance(caught.value, errors.InputError)


def test_another_fault_of_the_disk_keeps_its_traceback(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    disk = Disk(monkeypatch, errno.EIO)
    disk.fails = 2
    with pytest.raises(OSError, match="error") as caught:
        store.write_json(paths.SPLIT, {})
    assert not isinstance(caught.value, errors.InputError)
    assert not list(tmp_path.rglob("*.part"))


def test_a_cache_on_a_full_disk_costs_a_line_and_no_stage(tmp_path, monkeypatch, caplog):
    disk = Disk(monkeypatch, errno.ENOSPC)
    disk.fails = 1
    cache = store.ScoreCache(tmp_path / "scores")
    cache.put("ab" * 32, raw=[0.5])
    assert "the work goes on without it" in caplog.text
    assert cache.get("ab" * 32) is None


@pytest.mark.parametrize("opens_late", [False, True])
def test_a_file_that_is_deleted_while_it_is_written_is_one_line(tmp_path, opens_late):
    """As by ``git clean -fdx`` while a stage runs."""
    path = tmp_path / "metrics" / "split.json"
    with (  # noqa: PT012 the body is what fails
        pytest.raises(
            errors.InputError, match=r"split\.json cannot be written: what was written o"
        ),
        store.replacing(path) as partial,
    ):
        if opens_late:
            shutil.rmtree(path.parent)
            partial.write_text("{}")
        else:
            with partial.open("w") as file:
                shutil.rmtree(path.parent)
                file.write("{}")


def test_a_file_that_is_read_and_missing_while_another_is_written_is_not_said_to_be_that(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"rows\.csv"),
        store.replacing(tmp_path / "raw.parquet") as partial,
    ):
        partial.write_bytes((tmp_path / "rows.csv").read_bytes())
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_while_rows_are_shared_with_processes_is_one_line(
    folder, monkeypatch, capsys
):
    """Numpy says how much it wrote, and not why."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    arrays = {name: np.zeros(10_000) for name in ("X", "y")}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def main():
        with store.shared(SimpleNamespace(**arrays)):
            pytest.fail("it was written")

    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(SystemExit):
            errors.run(main)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    line = capsys.readouterr().err
    assert line.startswith("error: '.rebalance/shared/")
    assert "X.npy' cannot be written: the disk is full; " in line
    assert not list(folder.rglob("*.npy"))
