"""A dvc.lock that DVC left empty or cut is mended: from git, or by its absence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rebalance import cli, paths, store, tracking
from rebalance.errors import InputError
from rebalance.tracking import lock
from tests import forks
from tests.strategies import ROOT

WHOLE = """\
schema: '2.0'
stages:
  download:
    cmd: python -m stages.download
    deps:
    - path: rebalance/params
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 12
      nfiles: 2
    params:
      params.yaml:
        data:
          source: simulated
          drop:
          - Time
    outs:
    - path: data/raw.parquet
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 1200
  split:
    cmd: python -m stages.split
    deps:
    - path: data/raw.parquet
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 1200
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty repository of git."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "executable", forks.python())
    git("init", "--quiet")
    return tmp_path


def git(*words):
    who = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    subprocess.run(["git", *who, *words], check=True)


def test_a_lock_is_whole_or_cut_as_dvc_says():
    assert lock.whole(WHOLE)
    assert lock.whole((ROOT / "dvc.lock").read_text(encoding="utf-8"))
    assert not lock.whole("")
    assert not lock.whole(WHOLE[: WHOLE.index("stages:")].replace("'2.0'", "'2"))
    assert not lock.whole(WHOLE[: WHOLE.index("rebalance/params")])
    assert not lock.whole(WHOLE[: WHOLE.index("  split:") + 7])


def test_a_cut_dvc_lock_becomes_that_of_git(folder, capsys):
    paths.LOCK.write_text(WHOLE)
    git("add", "dvc.lock")
    git("commit", "--quiet", "--message", "results")
    assert tracking.mend() == []
    for torn in ("", WHOLE[:30], WHOLE[: WHOLE.index("cmd: python -m stages.split")]):
        paths.LOCK.write_text(torn)
        cli.main(["doctor", "--lock"])
        assert capsys.readouterr().out == "mended: dvc.lock was cut; it is as git has it\n"
        assert paths.LOCK.read_text() == WHOLE
    cli.main(["doctor", "--lock"])
    assert capsys.readouterr().out == ""


def test_a_cut_dvc_lock_that_git_never_had_whole_is_removed(folder):
    paths.LOCK.write_text("")
    assert tracking.mend() == ["mended: dvc.lock was cut; 'dvc repro' writes it anew\n"]
    assert not paths.LOCK.exists()
    paths.LOCK.write_text("")
    git("add", "dvc.lock")
    git("commit", "--quiet", "--message", "torn")
    tracking.mend()
    assert not paths.LOCK.exists()


def test_a_merge_conflict_is_said_to_be_one(folder, capsys):
    ours, theirs = WHOLE, WHOLE.replace("size: 1200", "size: 1300")
    conflict = f"<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> other\n"
    paths.LOCK.write_text(conflict)
    line = "mended: dvc.lock held a merge conflict; 'dvc repro' writes it anew\n"
    assert tracking.mend() == [line]
    paths.LOCK.write_text(ours)
    git("add", "dvc.lock")
    git("commit", "--quiet", "--message", "results")
    paths.LOCK.write_text(conflict)
    Path("params.yaml").write_text("<<<<<<< HEAD\n")
    with pytest.raises(InputError, match=r"^params\.yaml"):
        cli.main(["doctor"])
    said = capsys.readouterr().out
    assert said == "mended: dvc.lock held a merge conflict; it is as git has it\n"
    assert paths.LOCK.read_text() == ours


def test_outputs_that_dvc_sees_changed_are_named_and_left(tmp_path, monkeypatch):
    """As after a merge: the metrics of one branch, and the models of the other."""
    monkeypatch.chdir(tmp_path)
    outputs = {name: Path(name) for name in ("raw", "model", "metrics")}
    for name, path in outputs.items():
        path.write_text(name)
    known = {path: store.md5(path) for path in outputs.values()}
    monkeypatch.setattr(lock, "_outputs", lambda: known)
    monkeypatch.setattr(lock, "_cache", lambda: tmp_path / "cache")
    seen = []
    monkeypatch.setattr(
        lock, "_dvc", lambda *_: "".join(f"\tmodified:           {name}\n" for name in seen)
    )
    assert tracking.look_again() == []
    for name in ("model", "metrics"):
        outputs[name].write_text("of another branch")
        os.utime(outputs[name], (1, 1))
    seen += ["model"]
    assert tracking.look_again() == [
        "mended: metrics is damaged, and DVC sees it now; 'dvc repro' makes it\n",
        "changed: model is not what dvc.lock says; 'dvc repro' makes it again\n",
    ]
    assert outputs["model"].stat().st_mtime == 1
    assert outputs["metrics"].stat().st_mtime > 1
    seen += ["metrics"]
    assert tracking.look_again() == [
        "changed: model, metrics are not what dvc.lock says; 'dvc repro' makes them again\n",
    ]


def test_a_cut_list_of_dvcs_processes_is_removed(folder):
    lock.USERS.parent.mkdir(parents=True)
    for whole in ("{}", '{"read": {}, "write": {}}'):
        lock.USERS.write_text(whole)
        assert tracking.mend() == []
    for torn in ("", '{"read": {"a', "[]"):
        lock.USERS.write_text(torn)
        assert tracking.mend() == ["mended: .dvc/tmp/rwlock was cut; DVC writes it anew\n"]
        assert not lock.USERS.exists()


MAKES = """\
stages:
  download:
    cmd: python -c "[open(name, 'w').write('rows') for name in ('raw', 'same')]"
    outs: [raw, same]
"""


def dvc(*words):
    command = [f"{forks.programs()}/dvc", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("kind", ["copy", "hardlink", "symlink"])
def test_a_damaged_copy_in_the_cache_is_removed_however_dvc_links_to_it(folder, kind, monkeypatch):
    """And without a command called dvc, which a virtual environment that is not active has."""
    dvc("init", "--quiet")
    dvc("config", "cache.type", kind)
    Path("params.yaml").write_text("data: {}\n")
    Path("dvc.yaml").write_text(MAKES.replace("python", sys.executable))
    dvc("repro", "--quiet")
    git_only = folder / "git_only"
    git_only.mkdir()
    (git_only / "git").symlink_to(shutil.which("git"))
    monkeypatch.setenv("PATH", str(git_only))
    assert tracking.look_again() == []

    (copy,) = [path for path in Path(".dvc/cache/files/md5").rglob("*") if path.is_file()]
    assert Path("raw").is_symlink() == (kind == "symlink")
    assert Path("raw").samefile(copy) == (kind != "copy")
    copy.chmod(0o644)
    copy.write_text("sown")
    os.utime(copy, ns=(1, 1))
    lines = tracking.look_again()
    what = "it and the link to it are" if kind == "symlink" else "it is"
    assert lines[0] == f"mended: the copy of raw in DVC's cache was damaged; {what} removed\n"
    assert not copy.exists()
    assert not any(path.is_symlink() for path in (Path("raw"), Path("same")))
    dvc("repro", "--quiet")
    assert Path("raw").read_text() == Path("same").read_text() == copy.read_text() == "rows"
    assert tracking.look_again() == []
