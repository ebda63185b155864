"""How many fits run at the same time, each on one thread."""

import os
import time
from types import SimpleNamespace

import pytest

from rebalance import workers
from rebalance.errors import InputError
from tests.strategies import params

GIB = 2**30


def run(number):
    return params(run__workers=number).run


def test_no_number_of_workers_means_one_for_each_core(monkeypatch):
    monkeypatch.setattr(workers, "cores", lambda: 7)
    assert workers.workers(run(0)) == 7
    assert workers.workers(run(3)) == 3


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert 1 <= workers.cores() <= here
    # As a container's quota, of which joblib knows too.
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert workers.cores() == 1


@pytest.mark.parametrize(
    ("needed", "expected"), [(1, 8), (GIB, 8), (2 * GIB, 4), (5 * GIB, 1), (9 * GIB, 1)]
)
def test_no_more_fits_at_once_than_memory_allows(needed, expected, monkeypatch):
    monkeypatch.setattr(workers, "available", lambda: 10 * GIB)  # of which fits take 8
    assert workers.workers(run(8), needed) == expected


def roomy(monkeypatch, cgroup):
    """Give the machine 64 GiB of memory, and control groups in a folder."""
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=64 * GIB))
    monkeypatch.setattr(workers, "CGROUP", cgroup)


@pytest.mark.parametrize(
    ("limit", "used", "expected"),
    [("max", "5", 64 * GIB), (f"{8 * GIB}\n", f"{3 * GIB}\n", 5 * GIB), ("4", "9", 0)],
)
def test_the_memory_of_a_container_is_what_its_limit_leaves(
    limit, used, expected, monkeypatch, tmp_path
):
    roomy(monkeypatch, tmp_path)
    assert workers.available() == 64 * GIB  # there is no such limit
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(used)
    assert workers.available() == expected


def limited(folder, limit, used, files, version):
    names = workers.NAMES[2 - version]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"cache 1\n{names[2]} {files}\nother 3\n")


@pytest.mark.parametrize(
    ("process", "version", "below"),
    [
        ("0::/user.slice/job-7\n", 2, "user.slice/job-7"),
        ("0::/user.slice/job-7\n", 2, "user.slice"),
        ("4:memory:/slurm/job\n1:cpu:/x\n", 1, "memory/slurm/job"),
        ("4:memory:/slurm/job\n1:cpu:/x\n", 1, "memory/slurm"),
        ("4:memory:/docker/abc\n", 1, "memory"),  # as a container of version 1 sees its own
    ],
)
def test_a_limit_of_any_group_above_the_process_counts_and_files_do_not(
    process, version, below, monkeypatch, tmp_path
):
    """A file that was just written is in memory until somebody needs the room."""
    roomy(monkeypatch, tmp_path)
    monkeypatch.setattr(workers, "PROCESS", tmp_path / "cgroup")
    (tmp_path / "cgroup").write_text(process)
    limited(tmp_path / "another", GIB, 0, 0, version)
    limited(tmp_path / below, 8 * GIB, 7 * GIB, 4 * GIB, version)
    assert workers.available() == 5 * GIB
    (tmp_path / "cgroup").unlink()
    assert workers.available() == (5 if below == "memory" else 64) * GIB


def test_a_pool_runs_as_many_as_it_says_on_one_thread_each():
    from threadpoolctl import threadpool_info

    with workers.pool(run(2)) as (executor, number):
        infos = list(executor.map(lambda _: threadpool_info(), range(2)))
    assert number == 2
    assert {library["num_threads"] for info in infos for library in info} == {1}


def test_the_first_error_ends_the_work():
    done = []

    def work(number):
        if number == 0:
            raise InputError("no")
        time.sleep(0.01)
        done.append(number)

    def all_of_them():
        with workers.pool(run(1)) as (executor, _):
            futures = [executor.submit(work, number) for number in range(200)]
            futures[0].result()

    with pytest.raises(InputError):
        all_of_them()
    assert len(done) < 100
