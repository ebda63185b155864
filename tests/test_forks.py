"""A fork of `tests.forks` does what the process does that it stands for."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import psutil
import pytest

from tests import forks
from tests.strategies import ROOT, until

pytestmark = pytest.mark.skipif(
    forks.VARIABLE not in os.environ,
    reason="commands are processes: REBALANCE_TEST_FORKS is 0, or see forks.possible",
)

# A fork has the libraries in memory; a process that starts has not.
STAGE = """
import os, signal, sys
import mine
loaded = "mlflow" in sys.modules
"""
# A signal that comes just before a wait without an end would be heeded after it.
WAIT = "import time\nwhile True: time.sleep(0.01)"


@pytest.fixture(scope="module", autouse=True)
def _forking(tmp_path_factory):
    """Skip where the process has ended: where a library starts a thread, or lacks a module."""
    folder = tmp_path_factory.mktemp("probe")
    for name in ("stages", "there"):
        (folder / name).mkdir()
    (folder / "stages" / "__init__.py").write_text("")
    (folder / "there" / "mine.py").write_text("")
    if ended(folder, "print(loaded)")[1] != "True\n":
        pytest.skip("the libraries of this environment cannot be forked: commands are processes")


@pytest.fixture
def folder(tmp_path):
    """A folder with a package ``stages`` of its own: its stage is `STAGE` and what a test adds."""
    for name in ("stages", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "stages" / "__init__.py").write_text("")
    (tmp_path / "there" / "mine.py").write_text("")
    return tmp_path


def without(environment, *own):
    return {name: value for name, value in environment.items() if not name.startswith(own)}


def started(folder, code="", *words, programs=None, **more):
    """Start the stage of a folder."""
    (folder / "stages" / "it.py").write_text(f"{STAGE}{code}\n")
    clean = without(os.environ, "MLFLOW", "COV", "PYTHONDONTWRITEBYTECODE")
    path = f"{programs or forks.programs()}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        ["python", "-m", "stages.it", *words],
        cwd=folder,
        env=clean | {"PATH": path, "PYTHONPATH": str(folder / "there")} | more,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(folder, *arguments, **options):
    """Run the stage of a folder to its end; return its code, and what it wrote."""
    with started(folder, *arguments, **options) as process:
        written = process.communicate("a line")
    return process.returncode, *written


def test_a_command_is_a_fork_that_runs_the_code_of_its_folder(folder):
    # The code as it is when it runs; byte-code of another length is not taken for it.
    for number in (1, 22):
        code = (
            f"print({number}, loaded, os.getcwd() == {str(folder)!r}, 'rebalance' in sys.modules)"
        )
        assert ended(folder, code) == (0, f"{number} True True False\n", "")


def test_a_program_in_a_word_and_a_dvc_of_python_are_forks_too(folder):
    code = "import mine, os, sys; print('mlflow' in sys.modules, __name__, sys.argv, sys.path[0])"
    clean = without(os.environ, "MLFLOW", "COV") | {"PYTHONPATH": str(folder / "there")}
    where = {"cwd": folder, "env": clean}
    asked = [["-c", code, "a b"], ["-c", f"import subprocess, sys\n{STARTS}", code]]
    said = [
        subprocess.check_output([program, *words], text=True, **where)
        for program in (forks.python(), sys.executable)
        for words in asked
    ]
    assert said[0] == "True __main__ ['-c', 'a b'] \n"
    assert said[1] == "True __main__ ['-c'] \n"
    assert [line.removeprefix("False") for line in said[2:]] == [
        line.removeprefix("True") for line in said[:2]
    ]
    version = subprocess.check_output([forks.python(), "-m", "dvc", "--version"], text=True)
    assert version == subprocess.check_output([forks.REAL / "dvc", "--version"], text=True)


# Our code starts DVC by the Python that runs it.
STARTS = "subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"


def test_an_edit_of_the_library_counts(folder):
    shutil.copytree(ROOT / "rebalance", folder / "rebalance")
    (folder / "rebalance" / "paths.py").write_text("def broken(:\n")
    code, _, said = ended(folder, "import rebalance.paths")
    assert code == 1
    assert f'File "{folder}/rebalance/paths.py", line 1' in said
    assert said.endswith("SyntaxError: invalid syntax\n")


@pytest.mark.parametrize(
    "code",
    [
        "print(__name__, __file__, sys.argv, sys.path[:2], __spec__.name)",
        "print(sorted(dict(os.environ).items() - {('PATH', os.environ['PATH'])}))",
        "print(sys.stdin.read(), os.umask(0), os.isatty(0), sys.stdout.encoding, sys.flags)",
        "print(*(signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)))",
        "import gc, threading as t; print(gc.isenabled(), *(each.name for each in t.enumerate()))",
        "import logging, warnings; logging.warning('a line'); warnings.warn('another')",
        "import psutil; print([p.pid for p in psutil.Process().parents()][-3:])",
        "import atexit; atexit.register(print, 'last'); sys.exit(3)",
        "import threading; threading.Timer(0.05, print, ['later']).start()",
        "sys.exit('a reason')",
        "raise ValueError('a value')",
        "raise KeyboardInterrupt",
        "signal.signal(signal.SIGTERM, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGTERM)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "sys.stderr.write('no end of line'); os._exit(7)",
    ],
)
def test_it_ends_and_says_what_a_process_of_its_own_does(folder, code):
    fork, real = (ended(folder, code, "a b", "--c", programs=p) for p in (None, forks.REAL))
    frames = "<frozen runpy>"  # of Python's own way to the module
    assert fork[:2] == real[:2]
    assert [line for line in fork[2].splitlines() if "File" not in line or str(folder) in line][
        -2:
    ] == real[2].splitlines()[-2:]
    assert frames in fork[2] or "Traceback" not in fork[2]


def test_a_stage_finds_the_dvc_that_runs_it(folder):
    code = "import psutil; print([p.cmdline()[1:3] for p in psutil.Process().parents()][1:4])"
    (folder / "stages" / "it.py").write_text(f"{STAGE}{code}\n")
    (folder / "dvc.yaml").write_text("stages:\n  it:\n    cmd: python -m stages.it\n")
    path = f"{forks.programs()}{os.pathsep}{os.environ['PATH']}"
    environment = without(os.environ, "COV") | {"PATH": path, "PYTHONPATH": str(folder / "there")}
    environment |= {"DVC_SITE_CACHE_DIR": str(folder / "site"), "DVC_NO_ANALYTICS": "true"}
    for command in (["dvc", "init", "--no-scm", "--quiet"], ["dvc", "repro"]):
        said = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=True
        ).stdout
    assert f"['{forks.REAL}/dvc', 'repro']" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_program_reaches_the_command(folder, number):
    code = f"signal.signal({number:d}, lambda *_: sys.exit(5))\nprint(flush=True)\n{WAIT}"
    with started(folder, code) as process:
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait() == 5


def test_a_command_dies_with_its_program(folder):
    with started(folder, f"print(os.getpid(), flush=True)\n{WAIT}") as process:
        command = int(process.stdout.readline())
        assert psutil.pid_exists(command)
        process.kill()
    assert until(lambda: not psutil.pid_exists(command))


@pytest.mark.parametrize(
    ("name", "value"), [("PYTHONHASHSEED", "37"), ("LC_ALL", "C.utf8"), ("OMP_NUM_THREADS", "2")]
)
def test_a_variable_that_counts_when_libraries_are_loaded_gets_a_process(folder, name, value):
    value = f"{value}0" if os.environ.get(name) == value else value
    assert ended(folder, "print(loaded)", **{name: value})[:2] == (0, "False\n")


def test_a_file_of_tests_leaves_no_variable_that_would_keep_commands_from_being_forks(folder):
    with forks.as_it_was():
        os.environ["MALLOC_TRIM_THRESHOLD_"] = "65536"  # as Dask does where a cluster is made
        assert ended(folder, "print(loaded)")[1] == "False\n"
        del os.environ["PATH"]
    assert ended(folder, "print(loaded)")[1] == "True\n"


@pytest.mark.parametrize("undrawn", [True, False])
def test_figures_are_stand_ins_where_a_command_asks_for_it(folder, undrawn):
    code = (
        "from matplotlib.figure import Figure; import io\n"
        "Figure().savefig('it.png', format='png', dpi=9)\n"
        "Figure().savefig(file := io.BytesIO(), format='svg'); print(len(file.getvalue()) > 200)"
    )
    more = forks.UNDRAWN if undrawn else {}
    assert ended(folder, code, **more)[:2] == (0, f"{not undrawn}\n")
    content = (folder / "it.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert (len(content) < 10) == undrawn


@pytest.mark.parametrize("module", ["test_init", "test_pipeline", "test_pr_report", "test_team"])
def test_the_commands_of_a_file_of_tests_are_forks(folder, module):
    """A variable that counts when libraries are loaded would make each a process, unsaid."""
    make = importlib.import_module(f"tests.{module}").environment
    given = {"test_init": (), "test_team": (folder, "http://127.0.0.1:9", "http://127.0.0.1:8")}
    # In a measurement of coverage they are processes.
    made = without(make(*given.get(module, (folder,))), "COV")
    made |= {"PYTHONPATH": str(folder / "there")}
    (folder / "stages" / "it.py").write_text(f"{STAGE}print(loaded)\n")
    command = ["python", "-m", "stages.it"]
    assert subprocess.check_output(command, cwd=folder, env=made, text=True) == "True\n"


def test_two_forks_draw_different_random_numbers(folder):
    code = "import numpy, random; print(numpy.random.rand(), random.random())"
    first, second = (ended(folder, code)[1].split() for _ in range(2))
    assert not {*first} & {*second}


def test_without_the_process_commands_run_as_they_are(folder):
    with tempfile.TemporaryDirectory() as alone:  # an address has no place for a long path
        process = forks.started(alone)
        process.stdin.close()
        assert process.wait() == 0
        assert ended(folder, "print(loaded)", programs=alone) == (0, "False\n", "")


def test_a_command_runs_as_it_is_where_the_process_ends_before_it_begins(folder):
    code = "print(loaded, signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with tempfile.TemporaryDirectory() as alone:
        process = forks.started(alone)
        process.send_signal(signal.SIGSTOP)
        with started(folder, code, programs=alone) as program:
            connections = psutil.Process(program.pid)
            assert until(lambda: connections.net_connections("unix"))
            time.sleep(0.5)
            process.kill()
            assert program.communicate()[0] == "False set()\n"
        process.stdin.close()
        process.wait()
