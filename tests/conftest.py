"""The same examples on every run, no time limit, and one thread a fit: the machine may be busy."""

import gc
import os
import shutil
import tempfile

import filelock
import pytest
from hypothesis import settings

from tests import forks

# Read when OpenMP is loaded, so before the libraries that load it; processes of tests inherit it.
os.environ["OMP_NUM_THREADS"] = "1"
# Else each command of DVC starts a process that reports it to DVC's makers, and takes a second.
os.environ["DVC_NO_ANALYTICS"] = "true"

settings.register_profile("rebalance", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("rebalance")


def pytest_configure(config):
    """Start the process of `forks`, one for all workers, unless REBALANCE_TEST_FORKS is 0."""
    if hasattr(config, "workerinput") or os.environ.get("REBALANCE_TEST_FORKS") == "0":
        return
    folder = tempfile.mkdtemp(prefix="forks-")
    if not forks.possible(folder):
        shutil.rmtree(folder)
        return
    from rebalance.tracking.runs import SETTINGS

    process = forks.started(folder, **SETTINGS)
    os.environ[forks.VARIABLE] = folder

    def end():
        del os.environ[forks.VARIABLE]
        process.stdin.close()
        process.wait()
        shutil.rmtree(folder)

    config.add_cleanup(end)


@pytest.fixture(scope="module", autouse=True)
def _as_it_was():
    """Take back what a file of tests adds to sys.path and to the environment."""
    with forks.as_it_was():
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """One database of MLflow with its tables, of all workers: creating them takes seconds."""
    from mlflow import MlflowClient

    folder = tmp_path_factory.getbasetemp()
    # Each worker of xdist has a folder of its own in that of the session.
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    file = folder / "migrated.db"
    with filelock.FileLock(folder / "migrated.lock"):
        if not file.exists():
            made = file.with_suffix(".part")
            MlflowClient(tracking_uri=f"sqlite:///{made}")
            made.rename(file)
    return file


@pytest.fixture(scope="session")
def moto_server():
    """The address of an S3 server on loopback."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(moto_server, monkeypatch):
    """An fsspec file system of an S3 server on loopback, with the empty bucket ``bucket``.

    Processes that the test starts reach it too, by the variables of the environment.
    """
    from s3fs import S3FileSystem

    for name, value in {
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    system = S3FileSystem()
    system.mkdir("bucket")
    yield system
    system.rm("bucket", recursive=True)
    S3FileSystem.clear_instance_cache()


# The dearest first, by the seconds of their worker: one that began last would run alone.
DEAR = [
    *("pipeline", "team", "stages", "engines", "tracking_server", "tracking", "machines"),
    *("journey", "contract", "benchmarks", "store", "speed", "init", "mlflow_serving", "page"),
    *("mutants", "serving_benchmark", "pr_report", "search"),
]


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look for no garbage while modules are imported, nor in them later: seconds in each worker."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items):
    """Put the dearest files first, and then others with slow tests."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def place(item):
        name = item.path.stem.removeprefix("test_")
        return DEAR.index(name) if name in DEAR else len(DEAR) + (item.path not in slow)

    items.sort(key=place)


def pytest_make_parametrize_id(val, argname):
    """Name bytes by their argument: those of an archive hold the time, and each worker its own."""
    return argname if isinstance(val, bytes) else None
