"""The warm process runs a stage as the stage itself would have run."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rebalance import warm
from tests.strategies import ROOT, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

SERVER = (
    "from rebalance import warm; warm.MODULES = (); warm.GRACE_SECONDS = 1;"
    "warm.IDLE_SECONDS = {}; warm.serve()"
)
CLIENT = "import sys; from rebalance import warm; warm.hand_over(sys.argv[1], sys.argv[2:])"


def environment(**more):
    return os.environ | {"PYTHONPATH": str(ROOT)} | more


def python(folder, code, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gone(pid):
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().split()[2] == "Z"


@pytest.fixture
def server(tmp_path):
    """A warm process in the folder of the test."""
    (tmp_path / ".rebalance").mkdir()
    process = python(tmp_path, SERVER.format(30))
    assert until((tmp_path / warm.SOCKET).exists)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def folder(server, tmp_path):
    """A folder with a warm process, and modules for it to run."""
    return tmp_path


def ask(folder, module, *arguments, **more):
    client = python(folder, CLIENT, module, *arguments, **more)
    out, err = client.communicate(timeout=30)
    return client.returncode, out, err


def test_a_stage_sees_its_arguments_folder_environment_and_terminal(folder):
    (folder / "stage.py").write_text(
        "import os, pathlib, sys\n"
        "print(__name__, sys.argv[1:], pathlib.Path.cwd(), os.environ['COLOUR'])\n"
        "print('told', file=sys.stderr)\n"
    )

    code, out, err = ask(folder, "stage", "one", "two", COLOUR="blue")

    assert code == 0
    assert out.split("\n")[0] == f"__main__ ['one', 'two'] {folder} blue"
    assert err == "told\n"


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('no')", 1, ""),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 1, "was killed"),
    ],
)
def test_a_stage_ends_with_its_own_exit_code(folder, body, code, told):
    (folder / "stage.py").write_text(body)

    found, _, err = ask(folder, "stage")

    assert found == code
    assert told in err


def test_edited_code_is_never_stale(folder):
    for text in ("before", "after, longer"):
        (folder / "stage.py").write_text(f"print({text!r})")
        assert ask(folder, "stage")[1] == f"{text}\n"


def test_a_stage_dies_with_the_process_that_asked_for_it(folder):
    (folder / "stage.py").write_text(
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "pathlib.Path('pid').write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    client = python(folder, CLIENT, "stage")
    assert until(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
    pid = int((folder / "pid").read_text())

    client.send_signal(signal.SIGTERM)
    client.communicate()

    assert until(lambda: gone(pid))


def test_a_stage_that_is_interrupted_removes_what_is_half_written(folder):
    (folder / "stage.py").write_text(
        "import pathlib, time\n"
        "beside = pathlib.Path('rows.part')\n"
        "try:\n"
        "    beside.touch()\n"
        "    time.sleep(60)\n"
        "finally:\n"
        "    beside.unlink()\n"
    )
    client = python(folder, CLIENT, "stage")
    assert until((folder / "rows.part").exists)

    client.send_signal(signal.SIGINT)
    _, err = client.communicate()

    assert until(lambda: not (folder / "rows.part").exists())
    assert err.count("Traceback") <= 1  # that of the client itself


@pytest.mark.parametrize("said", [b"", b'{"module": "st'])
def test_a_client_that_goes_before_it_has_asked_leaves_nothing_behind(folder, server, said):
    (folder / "stage.py").write_text("print('served')")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(folder / warm.SOCKET))
        if said:
            client.sendall(said)
    assert ask(folder, "stage")[1] == "served\n"
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    assert until(lambda: all(map(gone, children.read_text().split())))


def test_a_second_warm_process_leaves_the_first_alone(folder):
    second = python(folder, SERVER.format(30))

    assert second.wait(timeout=30) == 0
    second.communicate()
    (folder / "stage.py").write_text("print('served')")
    assert ask(folder, "stage")[1] == "served\n"


def test_it_ends_when_nobody_asks(tmp_path):
    (tmp_path / ".rebalance").mkdir()
    server = python(tmp_path, SERVER.format(0.2))

    assert server.wait(timeout=30) == 0
    server.communicate()
    assert not (tmp_path / warm.SOCKET).exists()


def test_without_one_a_stage_runs_for_itself(tmp_path, monkeypatch):
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warm, "_start", lambda: started.append(True))

    assert warm.hand_over("stage", []) is None
    assert started == [True]


@pytest.mark.parametrize(
    ("variables", "argv", "expected"),
    [
        ({"DVC_STAGE": "split"}, ["-m"], True),
        ({"DVC_STAGE": "split", "REBALANCE_WARM": "0"}, ["-m"], False),
        ({"DVC_STAGE": "split"}, ["pytest"], False),
        ({}, ["-m"], False),
    ],
)
def test_only_what_dvc_starts_uses_it(variables, argv, expected):
    assert warm.wanted(variables, argv) is expected
