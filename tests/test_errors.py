"""What goes wrong is said in one line, without a secret."""

import errno
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rebalance import errors, starting
from tests.strategies import ROOT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no address at all: a@b, is it? x=1", "no address at all: a@b, is it? x=1"),
        ("https://host/@me/a.csv is", "https://host/@me/a.csv is"),
        ("at http://me:pw@host:5000 now", "at http://***@host:5000 now"),
        ("postgresql+psycopg://u:p@ss@h/db", "postgresql+psycopg://***@h/db"),
        ("'s3://k:s@b/x.csv' and 'http://t@h/'", "'s3://***@b/x.csv' and 'http://***@h/'"),
        ("http://h/a?token=x&b=1, again", "http://h/a?*** again"),
        ("http://h/a?opaque failed", "http://h/a?*** failed"),
        ("exceeded with url: /a.csv?token=x (Caused", "exceeded with url: /a.csv?*** (Caused"),
    ],
)
def test_user_password_and_query_are_hidden(text, shown):
    assert errors.redacted(text) == shown
    assert errors.redacted(shown) == shown


@pytest.mark.parametrize(
    "name",
    ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "MLFLOW_TRACKING_TOKEN", "PGPASSWORD",
     "REBALANCE_URL_HEADER", "google_credentials", "MYSQL_PWD", "DB_PASS", "PASS", "GITHUB_PAT",
     "SSH_PASSPHRASE", "AZURE_STORAGE_CONNECTION_STRING", "SENTRY_DSN", "SESSION_COOKIES",
     "API_KEY_2", "TOKEN2", "SECRET_KEY_BASE", "NPM_AUTH"],
)  # fmt: skip
def test_the_value_of_a_secret_variable_is_hidden_wherever_it_stands(name, monkeypatch):
    monkeypatch.setenv(name, "canary/8+9")
    said = errors.redacted("got 'canary/8+9', canary%2F8%2B9")
    assert said == "got '***', ***"


def test_the_value_of_a_header_is_hidden_without_its_name_too(monkeypatch):
    monkeypatch.setenv("REBALANCE_URL_HEADER", "Authorization: Bearer canary-8")
    assert errors.redacted("canary-8 of Authorization: Bearer canary-8") == "*** of ***"


def test_the_lines_of_a_key_are_hidden_each_and_joined(monkeypatch):
    key = "-----BEGIN KEY-----\ncanaryone\ncanarytwo\n-----END KEY-----"
    monkeypatch.setenv("DEPLOY_KEY", f"{key}\n")
    assert errors.redacted("got 'canarytwo\\ncanaryone'") == "got '***\\n***'"
    assert errors.redacted(errors.one_line(f"refused {key}")) == "refused ***"


@pytest.mark.parametrize(
    "name",
    ["KEYBOARD_LAYOUT", "PWD", "OLDPWD", "COMPASS", "PATTERN", "TOKENIZERS_PARALLELISM", "AUTHOR"],
)
def test_a_short_value_and_a_variable_that_is_no_secret_are_shown(name, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "short")
    monkeypatch.setenv(name, "german-layout")
    assert errors.redacted("a short german-layout") == "a short german-layout"


def test_a_password_with_a_slash_is_hidden_in_pieces_of_its_address(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:canary/one@two@host")
    assert errors.redacted("nonnumeric port: 'canary/one@two'") == "nonnumeric port: '***'"


CODE = """
import logging
from rebalance import errors

def main():
    logging.getLogger("rebalance").warning("warning: %s", "http://me:canary@host")
    raise {error}("http://me:canary@host?token=canary")

errors.run(main)
"""


@pytest.mark.parametrize("error", ["errors.InputError", "RuntimeError"])
def test_lines_warnings_and_tracebacks_hide_secrets(error):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(error=error)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    warning, *lines = done.stderr.splitlines()
    assert warning == "warning: http://***@host"
    if error == "RuntimeError":
        assert lines[0].startswith("Traceback")
        assert lines[-1] == "RuntimeError: http://***@host?***"
        # The line of the code is not one of a file, so it is not shown.
        assert "canary" not in done.stderr
    else:
        assert lines == ["error: http://***@host?***"]


def test_the_filter_changes_what_is_hidden_only(caplog):
    logger = logging.getLogger("rebalance.test")
    logger.addFilter(errors._Redacting())
    with caplog.at_level(logging.WARNING, "rebalance.test"):
        logger.warning("%d of %s, 5 %%", 3, "http://u:p@h")
    assert caplog.messages == ["3 of http://***@h, 5 %"]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt, 130, "interrupted: the next run goes on from what was finished.\n"),
        (MemoryError, 1, "error: the memory is full: lower run.workers, or use a machine with mor"),
        (ImportError("libx.so: failed to map segment from shared object"), 1, "error: the memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 1, "error: the memory is full"),
        (
            OSError(errno.ENAMETOOLONG, "no", "a" * 300),
            1,
            f"error: '{'a' * 198}… has a longer name than the file system takes; choose a shorter ",
        ),
        (OSError(errno.ENAMETOOLONG, "no"), 1, "error: a file has a longer name than the fi"),
        (OSError(errno.EISDIR, "no", "a/b"), 1, "error: 'a/b' is a folder, and must be a file; mo"),
        (OSError(errno.ENOTDIR, "no", "a/b"), 1, "error: 'a/b' lies below a file that must be a f"),
        (OSError(errno.ELOOP, "no", "a/b"), 1, "error: 'a/b' is a link that leads back to itself"),
        (
            OSError(errno.ENOSPC, "no", "a/b"),
            1,
            "error: 'a/b' cannot be written: the disk is full; ",
        ),
        (
            OSError(errno.ENOSPC, "no"),
            1,
            "error: a file cannot be written: the disk is full; make ",
        ),
        (OSError(errno.EDQUOT, "no"), 1, "error: a file cannot be written: this user's quota of t"),
        (OSError(errno.EFBIG, "no"), 1, "error: a file cannot be written: it would be larger than"),
        (OSError(errno.EROFS, "no", "a/b"), 1, "error: 'a/b' cannot be written: the file system i"),
        (RuntimeError("can't start new thread"), 1, "error: no thread or process can be started: "),
        (OSError(errno.EAGAIN, "no"), 1, "error: no thread or process can be started: raise the l"),
        (OSError(errno.EMFILE, "no"), 1, "error: a file cannot be opened: too many are open alre"),
        (errors.InputError("one\ntwo"), 1, "error: one\nerror: two\n"),
        (PermissionError(13, "no", "a/b.csv"), 1, "error: 'a/b.csv' cannot be opened: this user"),
    ],
)
def test_an_end_that_a_person_can_understand_is_in_lines(error, code, said, capsys):
    def main():
        raise error

    with pytest.raises(SystemExit) as ended:
        errors.run(main)
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize(
    "error",
    [
        ImportError("no module named x"),
        OSError(5, "i/o error"),
        OSError(errno.EPERM, "no"),
        RuntimeError("a fault"),
    ],
)
def test_a_fault_that_is_no_lack_of_memory_keeps_its_traceback(error):
    def main():
        raise error

    with pytest.raises(type(error)):
        errors.run(main)


# What a shell runs in the background ignores Ctrl-C, and so would what the tests start.
HEEDING = (
    "import os, signal, sys\n"
    "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


def heeding(*words):
    """Return the command that runs Python with the words, and that Ctrl-C ends."""
    return (sys.executable, "-ISc", HEEDING, sys.executable, *words)


def started(tmp_path, *command):
    """Run a command that finds a stand-in for numpy, whose import is as Ctrl-C."""
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / "numpy.py").write_text(code, encoding="utf-8")
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_ctrl_c_while_a_stage_imports_its_libraries_is_a_line(tmp_path):
    done = started(tmp_path, *heeding("-m", "stages.split"))
    assert done.returncode == 130
    assert done.stderr == "interrupted: the next run goes on from what was finished.\n"


def test_a_stage_that_is_imported_leaves_ctrl_c_to_who_imports_it(tmp_path):
    """A worker imports the stage that started it; a library would take its user's Ctrl-C."""
    done = started(tmp_path, *heeding("-c", "import stages.split"))
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_a_program_of_somebody_s_that_imports_the_library_keeps_ctrl_c_and_its_collector(tmp_path):
    place = tmp_path / "theirs"
    place.mkdir()
    (place / "__init__.py").write_text("from rebalance import errors\n", encoding="utf-8")
    code = "import gc, signal\nprint(gc.isenabled(), signal.getsignal(2).__name__)\n"
    (place / "run.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        heeding("-m", "theirs.run"),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True default_int_handler\n"


def test_a_stage_and_a_command_name_a_limit_of_memory_before_they_import_libraries(tmp_path):
    for module in ("stages.split", "rebalance.cli"):
        command = f"ulimit -v 400000 && exec {sys.executable} -m {module}"
        done = started(tmp_path, "sh", "-c", command)
        assert done.returncode == 1
        assert done.stderr == (
            "error: the limit of memory, ulimit -v, must be at least 1,500,000 KB for the "
            "libraries, got 400,000; raise it, as by 'ulimit -v unlimited'.\n"
        )


def test_a_limit_of_threads_is_named_before_libraries_are_imported(monkeypatch, capsys):
    start, started = threading.Thread.start, []

    def limited(thread):
        if len(started) == 5:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with pytest.raises(SystemExit) as ended:
        starting.begin()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "error: the libraries start up to 6 threads, and this process may start 5; raise the limit "
        "of processes and threads, that of 'ulimit -u' or of the container.\n"
    )
    assert not any(thread.is_alive() for thread in started)
    # With OMP_NUM_THREADS=1 a library starts one thread, and `THREADS` is four: five may start.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    started.clear()
    monkeypatch.setattr(starting, "_open_standard_files", lambda: None)
    monkeypatch.setattr(starting.signal, "signal", lambda *_: None)
    monkeypatch.setattr(starting.gc, "disable", lambda: None)
    starting.begin()
    assert len(started) == 5


def test_a_process_that_did_not_begin_as_a_stage_keeps_its_own_collector(monkeypatch):
    monkeypatch.setattr("gc.freeze", lambda: pytest.fail("frozen"))
    errors.run(lambda: None)


def test_garbage_is_looked_for_while_a_stage_works_and_not_in_what_it_imported():
    code = """
import gc
from rebalance import starting

starting.begin()
made, states = [], [gc.isenabled()]
made.append(made)
starting.end()
states += [gc.isenabled(), gc.get_freeze_count() > 1000, made in gc.get_objects()]
print(states)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[False, True, True, False]\n"


needs_full = pytest.mark.skipif(
    not Path("/dev/full").exists(),
    reason="no /dev/full here, or no bash",
)


def said(end):
    """Run a command of long output in a shell; return its exit code and what it said of errors."""
    command = f'"$0" -m rebalance.cli schema {end}'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@needs_full
def test_a_standard_output_that_is_full_is_a_line():
    code, text = said("> /dev/full")
    assert (code, text) == (1, "error: standard output takes no more (no space left on device).\n")


@needs_full
def test_a_reader_of_standard_output_may_leave_and_there_need_be_none():
    assert said('| true; exit "${PIPESTATUS[0]}"') == (0, "")
    assert said(">&-") == (0, "")


def test_windows_says_of_a_reader_that_left_that_an_argument_is_invalid(tmp_path, monkeypatch):
    class Left:
        """A pipe whose reader has left, as Windows has it."""

        def __init__(self, file):
            self.fileno = file.fileno

        def write(self, text):
            raise OSError(errno.EINVAL, "Invalid argument")

    with (tmp_path / "out").open("wb") as file:
        monkeypatch.setattr(sys, "stdout", Left(file))
        monkeypatch.setattr(sys, "platform", "linux")
        with pytest.raises(errors.InputError, match=r"takes no more \(invalid argument\)"):
            errors.say("text")
        monkeypatch.setattr(sys, "platform", "win32")
        errors.say("text")


@needs_full
def test_no_file_gets_the_number_of_a_standard_file_that_is_closed(tmp_path):
    """What a library prints would stand in the file."""
    code = (
        "import os, pathlib\n"
        "from rebalance import starting\n"
        "starting.begin()\n"
        "file = pathlib.Path('written').open('wb')\n"
        "os.write(1, b'printed'); os.write(2, b'warned')\n"
        "file.close()\n"
    )
    command = '"$0" -c "$1" <&- >&- 2>&-'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0
    assert (tmp_path / "written").read_bytes() == b""
