"""The programs that start with their libraries in memory do what the real ones do."""

import os
import signal
import subprocess
import sys

import pytest

from tests import ready

SEEN = """
import os, sys, pandas
print(os.getcwd(), os.environ["WORD"], sys.argv[1:], sys.path[0] == os.getcwd(), sys.stdin.read())
print("error", file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def python():
    if not (ready.programs() / "socket").exists():
        pytest.skip("the real programs run here: this needs Linux, and no count of the lines")
    return str(ready.programs() / "python")


def test_folder_environment_words_streams_and_exit_code_are_those_of_the_command(python, tmp_path):
    done = subprocess.run(
        [python, "-c", SEEN, "a b", ""],
        cwd=tmp_path,
        env=os.environ | {"WORD": "ä"},
        input="read",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"{tmp_path} ä ['a b', ''] True read\n"
    assert (done.stderr, done.returncode) == ("error\n", 7)


def test_an_error_is_a_traceback_and_a_signal_ends_it(python):
    done = subprocess.run([python, "-c", "1 / 0"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert subprocess.run([python, "-c", code], check=False).returncode == -signal.SIGKILL
    waits = "print(1, flush=True); import time; time.sleep(600)"
    with subprocess.Popen([python, "-c", waits], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.terminate()
        assert process.wait() == -signal.SIGTERM


def test_what_changes_python_itself_runs_the_real_one(python):
    code = "import sys; print(hash('a'), 'skops' in sys.modules)"
    for words, more in (([], {"PYTHONHASHSEED": "7"}), (["-S"], {})):
        done = [
            subprocess.run(
                [program, *words, "-c", code],
                env=os.environ | more,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for program in (python, sys.executable)
        ]
        assert done[0].endswith("False\n")
        if more:
            assert done[0] == done[1]
