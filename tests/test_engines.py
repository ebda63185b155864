"""The same numbers on every engine, after any kill; what is lost costs a line."""

import contextlib
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import forkserver, get_all_start_methods, get_context
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from rebalance import splitting, store, tuning
from rebalance.errors import InputError
from rebalance.learning import engines, fits, work
from rebalance.learning.training import Settings
from tests.strategies import (
    ROOT,
    SHIPPED,
    changed,
    frame,
    learner,
    params,
    table,
    treatment,
    until,
)

METHOD = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"


def section(**keys):
    """Return the section ``run``, and a study of a few ratios."""
    return params(tune__trials=4, **{f"run__{key}": value for key, value in keys.items()})


@pytest.fixture(scope="module", autouse=True)
def _libraries():
    """Let workers, Dask's too, be forks of one process that holds what their tasks import."""
    import dask

    if METHOD != "forkserver":
        yield
        return
    # What the code asks for later has no effect on a process that runs.
    forkserver.set_forkserver_preload(["distributed", "tests.test_engines"])
    forkserver.ensure_running()
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        yield


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Return the rows of a file, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    roles = {"target": "Class", "features": ["a", "b", "c", "d"]}
    store.write_frame("train.parquet", frame(400, 60), roles)
    return store.read_table("train.parquet")


def worked(rows, given, cache=None, scores=None, meanwhile=None):
    """Return the checksum of all scores of a study and of the bytes of its model.

    ``meanwhile`` is called while the engine is open.
    """
    settings = Settings.of(given)
    entries = tuning.largest(given.tune, rows.y)
    with fits.opened(rows, entries, given.learner, given.run, cache) as running:
        running.scores = scores or running.scores
        study = tuning.search(running, given.tune, settings)
        trained = tuning.train(study, running, given.tune, settings)
        if meanwhile:
            meanwhile()
    store.write_model("m.skops", trained.model)
    found = hashlib.sha256(Path("m.skops").read_bytes())
    found.update(repr([(c, s.scores, s.pruned) for c, s in study.scored.items()]).encode())
    found.update(trained.scores.raw.tobytes() + trained.scores.y_score.tobytes())
    return found.hexdigest()


def executor_of(number):
    return ThreadPoolExecutor(number)


def no_executor(number):
    return number


def test_every_engine_and_number_of_workers_gives_the_same_bytes(rows):
    # A forest shares strings between its trees, and fits of several seeds between each other.
    many = {"learner": {"name": "random_forest", "params": {"n_estimators": 3}, "seed": 0}}
    for given in ({"evaluate__seeds": 3}, many):
        one, two = (
            worked(rows, params(tune__trials=4, run__engine=engine, run__workers=1, **given))
            for engine in ("thread", "process")
        )
        assert one == two, given
    expected = worked(rows, section(engine="thread", workers=1))
    for engine in ("thread", "process", "tests.test_engines:executor_of"):
        number = {"process": 2}.get(engine, 3)
        assert worked(rows, section(engine=engine, workers=number)) == expected, engine
    assert not list(Path(".rebalance/shared").glob("*"))


def dying_once(entry, section, there, fold):
    """Kill the first worker that comes here, in the middle of its work."""
    try:
        Path(there.path).with_name("killed").touch(exist_ok=False)
    except FileExistsError:
        return fits.fold_scores(entry, section, there, fold)
    os.kill(os.getpid(), signal.SIGKILL)
    return None


def dying(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_fit_that_kills_every_worker_ends_in_one_line(rows):
    with pytest.raises(InputError, match="was killed 3 times, for lack of memory perhaps; lower"):
        worked(rows, section(engine="process", workers=1), scores=dying)


def refusing(*_):
    raise InputError("these rows cannot be")


@pytest.mark.parametrize("engine", ["process", "tests.test_engines:executor_of"])
def test_what_a_fit_refuses_is_one_line_from_any_engine(engine, rows):
    with pytest.raises(InputError, match="these rows cannot be"):
        worked(rows, section(engine=engine, workers=2), scores=refusing)


def test_processes_map_the_rows_and_do_not_copy_them(rows):
    given = section(engine="process", workers=1)
    with fits.opened(rows, [treatment("none")], given.learner, given.run) as running:
        name, same = running.executor.submit(kind_of, rows).result()
    assert name == "memmap"
    assert same == rows.checksum


def kind_of(there):
    return type(there.X).__name__, there.checksum


KILLED = """
import json, sys, time
from rebalance import params, store
from rebalance.learning import fits

rows, given = store.read_table("train.parquet"), params.parse(json.loads(sys.argv[1]))
with fits.opened(rows, [], given.learner, given.run) as running:
    for _ in range(2):
        running.executor.submit(time.sleep, 60)
    while len(running.executor.executor._processes) < 2:
        time.sleep(0.05)
    print(*running.executor.executor._processes, flush=True)
    time.sleep(60)
"""


def test_a_killed_stage_leaves_no_process_and_its_rows_are_removed_by_the_next(rows):
    shared = Path(".rebalance/shared")
    given = changed(SHIPPED, {"run.engine": "process", "run.workers": 2})
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, json.dumps(given)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as driver:
        pids = [int(pid) for pid in driver.stdout.readline().split()]
        assert len(pids) == 2
        assert len(list(shared.glob("*/X.npy"))) == 1
        driver.kill()
    assert until(lambda: not any(map(psutil.pid_exists, pids)))
    assert len(list(shared.glob("*/X.npy"))) == 1
    with store.shared(rows):
        assert len(list(shared.glob("*/X.npy"))) == 1
    assert not list(shared.glob("*"))


def test_a_table_made_here_is_shared_too():
    made = table(200, 30)
    with store.shared(made), ProcessPoolExecutor(1) as executor:
        assert executor.submit(kind_of, made).result() == ("memmap", made.checksum)
    assert made.folder == ""


@pytest.mark.parametrize(
    ("engine", "seconds", "number", "expected"),
    [
        ("thread", 1e9, 64, "thread"),
        ("process", 0.0, 1, "process"),
        ("auto", 1e9, 2, "thread"),  # threads lose little on two cores
        ("auto", 10.0, 16, "thread"),  # processes take longer to start
        ("auto", 600.0, 16, "process"),
    ],
)
def test_auto_takes_processes_where_they_pay(engine, seconds, number, expected, caplog):
    with caplog.at_level(logging.WARNING):
        assert engines.chosen(section(engine=engine).run, seconds, number) == expected
    said = ["note: the fits run in 16 processes: run.engine auto."]
    assert caplog.messages == (said if (engine, expected) == ("auto", "process") else [])


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("tests.nowhere:executor", "run.engine 'tests.nowhere:executor' cannot be imported: No mo"),
        ("tests.test_engines:nothing", "cannot be imported: module 'tests.test_engines' has no"),
        ("tests.test_engines:no_executor", "must return a concurrent.futures.Executor, got int."),
    ],
)
def test_an_engine_that_is_none_is_refused(engine, said, rows):
    with pytest.raises(InputError, match=said):
        worked(rows, section(engine=engine, workers=2))


@pytest.mark.parametrize("engine", ["", "Thread", "ray", "os.system", "a b:c", 3])
def test_a_name_that_is_no_engine_is_refused_when_params_are_read(engine):
    with pytest.raises(
        InputError, match=r"^run\.engine must be one of auto, thread, process, dask"
    ):
        section(engine=engine)


def test_a_missing_dask_says_what_to_install(rows, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'rebalance\[dask\]'"):
        worked(rows, section(engine="dask", workers=1))


def test_a_scheduler_that_does_not_answer_is_one_line(rows, monkeypatch):
    monkeypatch.setattr(engines, "CONNECT", 0.5)
    with pytest.raises(InputError, match=r"does not answer as a Dask scheduler within 0\.5 s"):
        worked(rows, section(engine="dask", address="tcp://127.0.0.1:9"))


@pytest.fixture(scope="module")
def cluster():
    """Yield a scheduler with a worker, which is started again when it dies."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as made:
        yield made


def address_of(engine, request):
    """Return the address of the cluster, where the engine needs one."""
    return request.getfixturevalue("cluster").scheduler_address if engine == "dask" else ""


@pytest.mark.parametrize("engine", ["process", "dask"])
def test_a_fit_whose_worker_was_killed_is_done_again(engine, rows, tmp_path, request):
    expected = worked(rows, section(engine="thread", workers=1))
    cache = store.ScoreCache(tmp_path / "scores")
    given = section(engine=engine, workers=2, address=address_of(engine, request))
    assert worked(rows, given, cache, dying_once) == expected
    assert (tmp_path / "killed").exists()
    # All that counts is in the cache. A fit that was given up is not, and may begin again.
    assert worked(rows, given, cache, refusing) == expected


def test_workers_of_other_versions_are_refused_by_name(cluster, rows, monkeypatch):
    other = engines.surroundings() | {"numpy": "1.0", "rebalance code": "another"}
    monkeypatch.setattr(engines, "surroundings", Elsewhere(other))
    given = section(engine="dask", address=cluster.scheduler_address)
    with pytest.raises(InputError, match="differ from here in numpy, rebalance code; install"):
        worked(rows, given)


def test_a_scheduler_of_another_version_is_refused_by_name(cluster, rows, monkeypatch):
    from distributed import Client

    def versions(_):
        return {"scheduler": {"packages": {"dask": "1.0", "distributed": "2.0"}}}

    monkeypatch.setattr(Client, "get_versions", versions)
    given = section(engine="dask", address=cluster.scheduler_address)
    with pytest.raises(InputError, match="its scheduler differs from here in dask, distributed; i"):
        worked(rows, given)


def stuck():
    threading.Event().wait(2)


def test_workers_that_do_not_answer_are_one_line(monkeypatch):
    monkeypatch.setattr(engines, "ANSWER", 0.3)
    monkeypatch.setattr(engines, "surroundings", stuck)
    client = SimpleNamespace(
        wait_for_workers=lambda *_, **__: None,
        get_versions=lambda: {"scheduler": {"packages": {}}},
        run=lambda function, **_: function(),
    )
    with pytest.raises(InputError, match=r"its workers do not say within 0\.3 s what they run"):
        engines._check_workers(client, "tcp://127.0.0.1:1")


class Elsewhere:
    """A function that says other versions in this process than in a worker."""

    def __init__(self, here):
        self.here = here

    def __call__(self):
        return self.here

    def __reduce__(self):
        return getattr, (engines, "surroundings")


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
        ("tls://10.0.0.7:8786", False),
        ("tcp://10.0.0.7:8786", True),
        ("10.0.0.7:8786", True),
        ("scheduler.example.org:8786", True),
    ],
)
def test_an_address_beyond_this_machine_without_tls_is_warned_about(address, warned, caplog):
    with caplog.at_level(logging.WARNING):
        engines._warn_of_plain(address)
    assert [m[:26] for m in caplog.messages] == ["warning: run.address " + address[:5]] * warned


def test_the_work_of_a_fit_is_estimated_from_rows_features_and_iterations():
    from rebalance.learning import learners

    rows, made = table(1000, 100), learners.make(learner(max_iter=50))
    none = work.seconds(treatment("none"), made, rows)
    assert none == pytest.approx(50 * (8e-9 * 1000 * 4 + 1e-3))
    # Ratio 2 leaves 100 positives and 200 negatives.
    under = work.seconds(treatment("random_under", ratio=2), made, rows)
    assert under == pytest.approx(50 * (8e-9 * 300 * 4 + 1e-3))
    many = work.seconds(treatment("balanced_bagging", params={"n_estimators": 7}), made, rows)
    assert many == pytest.approx(7 * none)


@pytest.mark.parametrize(
    "changes",
    [
        {"learner.params": {"max_iter": 10**12}},
        {"learner.params": {"max_iter": 10**400}},
        {"out_of_fold.repeats": 10**9},
    ],
)
def test_work_of_years_is_refused_before_it_begins_and_the_bound_can_be_raised(changes):
    given = params(**{key.replace(".", "__"): value for key, value in changes.items()})
    rows, entry, settings = table(400, 60), treatment("none"), Settings.of(given)
    with (
        pytest.raises(InputError, match=r"would take about .* hours of one core, and run.hours"),
        fits.opened(rows, [entry], given.learner, given.run, count=settings.fits),
    ):
        pass
    raised = params(run__hours=1e15).run
    with fits.opened(rows, [entry], given.learner, raised, count=settings.fits) as running:
        assert running.workers == 1


def test_the_fits_of_a_model_are_counted():
    settings = Settings.of(params(out_of_fold__folds=4, out_of_fold__repeats=3))
    assert settings.fits == 13


def test_scores_of_a_process_are_those_of_a_thread(rows):
    given = section(engine="process", workers=1)
    fold = splitting.folds(rows, given.out_of_fold)[0]
    entry = treatment("smote", ratio=2)
    here = fits.fold_scores(entry, given.learner, rows, fold)
    with fits.opened(rows, [entry], given.learner, given.run) as running:
        there = running.of_fold(entry, given.learner, fold).result()
    np.testing.assert_array_equal(here.raw, there.raw)


def test_a_process_that_gets_the_table_whole_gives_the_same_scores():
    made, given, entry = table(240, 30), params(), treatment("random_under", ratio=3)
    folds = splitting.folds(made, given.out_of_fold)
    with ProcessPoolExecutor(1, mp_context=get_context(METHOD)) as executor:
        running = fits.Fits(made, executor)
        found = [running.of_fold(entry, given.learner, fold).result() for fold in folds]
    for fold, there in zip(folds, found, strict=True):
        here = fits.fold_scores(entry, given.learner, made, fold)
        np.testing.assert_array_equal(here.raw, there.raw)
        assert here.shift == there.shift


def waiting(*_):
    threading.Event().wait(60)


def test_all_workers_lost_is_one_line(cluster, rows, monkeypatch):
    monkeypatch.setattr(engines, "ALONE", 2.0)

    def lose():
        until(lambda: any(task.processing_on for task in [*cluster.scheduler.tasks.values()]))
        cluster.scale(0)

    thread = threading.Thread(target=lose)
    thread.start()
    given = section(engine="dask", address=cluster.scheduler_address)
    with pytest.raises(InputError, match="the scheduler or all of its workers are lost; what"):
        worked(rows, given, scores=waiting)
    thread.join()


def test_a_cluster_of_this_machine_gives_the_same_bytes_and_listens_to_this_machine_only(
    rows, monkeypatch
):
    for name in ("OPENBLAS_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)  # of other clusters of this process
    expected = worked(rows, section(engine="thread", workers=1))
    import dask
    import distributed

    before, heard, profiled = listening(), set(), []

    def look():
        heard.update(listening())
        client = distributed.default_client()
        profiled.extend(client.run(dask.config.get, "distributed.worker.profile.enabled").values())

    assert worked(rows, section(engine="dask", workers=1), meanwhile=look) == expected
    assert profiled == [False]
    assert {address for address, _ in heard - before} == {"127.0.0.1"}
    # Dask sets here what a worker is to begin with. One that keeps freed memory takes three
    # quarters of the time for a fit.
    assert "OPENBLAS_NUM_THREADS" in os.environ
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ
    assert not list(Path(".rebalance/shared").glob("*"))


def listening():
    """Return (address, port) of what this process and all that it started listen to."""
    heard = set()
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            for each in process.net_connections():
                if each.status == psutil.CONN_LISTEN:
                    heard.add((each.laddr.ip, each.laddr.port))
    return heard
