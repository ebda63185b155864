"""What commands say where something is missing or wrong, and what they do where nothing is."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from rebalance import cli, params, paths, store
from rebalance.cli import looked
from rebalance.cli.commands import changes
from rebalance.cli.setup import editing
from rebalance.errors import InputError
from rebalance.tracking import server

ROOT = Path(__file__).parents[1]


@pytest.fixture
def sigterm():
    """Give back what a signal does, after a command that changes it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture
def of_default(folder):
    """A folder with the default parameters."""
    return Path(shutil.copy(ROOT / "params.yaml", folder)).parent


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"scores\.csv is missing; name a CSV file of scores\."),
        ("y,a,b\n1,2,3\n1,2,3,4,5\n", r"scores\.csv cannot be read as CSV: .*line 3"),
        (
            "y,a\n1,.5\n",
            r"must have the column 'y' and two models or more, got the columns 'y', 'a'\.",
        ),
        ("\x1b[2J,a b\n0,.5\n", r"got the columns '\\x1b\[2J', 'a b'\.$"),
        ("y,a,b\n2,.5,.5\n0,.1,.1\n", r"^scores\.csv: column 'y' must hold 0 and 1, got 2\.$"),
        (
            "y,a,b\n1,.5,.5\n0,.1,\n",
            r"^scores\.csv: column 'b' must hold a number in every row, got nothing in row 2\.$",
        ),
        (
            "y,a,b\n,.5,.5\n0,.1,.2\n",
            r"^scores\.csv: column 'y' must hold a number in every row, got nothing in row 1\.$",
        ),
        (
            "y,a,b\n0,.5,.5\n1,.2,.3\n0,low,.1\n",
            r"^scores\.csv: column 'a' must hold a number in every row, got 'low' in row 3\.$",
        ),
    ],
)
def test_scores_that_cannot_be_compared_are_refused_in_a_line(folder, content, said):
    if content is not None:
        (folder / "scores.csv").write_text(content)
    with pytest.raises(InputError, match=said):
        cli.main(["compare", "scores.csv"])


def test_a_folder_of_scores_is_called_one(folder):
    (folder / "scores.csv").mkdir()
    with pytest.raises(InputError, match=r"^scores\.csv is a folder; name a CSV file of scores\.$"):
        cli.main(["compare", "scores.csv"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"params\.yaml is missing here; run from the root of the repository"),
        ("a: [1\n", r"params\.yaml is not YAML: "),
        ("- a\n", r"params\.yaml must be a mapping of sections, got a list\.$"),
        ("data\n", r"params\.yaml must be a mapping of sections, got 'data'\.$"),
    ],
)
def test_parameters_that_cannot_be_edited_are_refused_in_a_line(folder, content, said):
    if content is not None:
        (folder / "params.yaml").write_text(content)
    with pytest.raises(InputError, match=said):
        editing.Document(folder / "params.yaml")


def test_looks_prints_a_sentence_a_line(folder, monkeypatch, capsys):
    monkeypatch.setattr(params, "load", lambda: "the parameters")
    monkeypatch.setattr(looked, "lines", lambda given: [f"of {given}.", "Twice."])
    cli.main(["looks"])
    assert capsys.readouterr().out == "of the parameters.\nTwice.\n"


def test_the_summary_says_whether_the_sealed_rows_were_opened(of_default, monkeypatch, capsys):
    monkeypatch.setattr(looked, "lines", lambda given: ["Looked at once."])
    store.write_text(paths.REPORT, "# A title?\n\nUse under.\n\n## More\n")
    store.write_json(paths.SCORES, {"under": {"mcc": 0.5}})
    cli.main(["summary"])
    said = capsys.readouterr().out
    assert said.startswith("Use under.\n\nmodel     MCC\nunder  0.5000\n\nLooked at once.\n\nThe")
    assert "sealed" not in said
    store.write_json(paths.OPENED, {"recommended": "under"})
    cli.main(["summary"])
    said = capsys.readouterr().out
    assert f"once.\nThe sealed rows were opened for under: {paths.OPENED}.\n" in said


def test_a_base_that_is_no_revision_is_refused(folder):
    subprocess.run(["git", "init", "-q"], check=True)
    for path in (paths.ANSWER, paths.COMPARISON):
        store.write_json(path, {})
    with pytest.raises(InputError, match="'elsewhere' is no branch or revision of this repository"):
        cli.main(["changes", "elsewhere"])


def test_a_base_with_a_damaged_file_is_refused(folder):
    subprocess.run(["git", "init", "-q"], check=True)
    store.write_text(paths.ANSWER, "<<<<<<< HEAD\n{}")
    subprocess.run(["git", "add", "."], check=True)
    commit = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "half"]
    subprocess.run(commit, check=True)
    with pytest.raises(
        InputError, match=r"^metrics/answer\.json of the revision 'HEAD' is not whole"
    ):
        cli.main(["changes", "HEAD"])


def test_a_teams_server_names_the_package_that_it_needs(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"pip install 'rebalance\[team\]'"):
        cli.main(["team"])
    assert not (folder / ".rebalance").exists()


def test_the_page_of_runs_on_this_machine_is_started_after_its_address_was_printed(
    of_default, migrated, monkeypatch, capsys, sigterm
):
    shutil.copy(migrated, of_default / "mlflow.db")
    started, real, ends = [], subprocess.Popen, [KeyboardInterrupt, 3]

    class Page:
        def __init__(self, command, env):
            started.append((command, env, capsys.readouterr().out))
            self.pid, self.waits = 2**30, [ends.pop(0), 0]  # no system has that many processes
            # To end the command by a signal is to interrupt it: else the page would go on.
            assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler

        def wait(self, timeout=None):
            end = self.waits.pop(0)
            if end is KeyboardInterrupt:
                raise end  # Ctrl-C ends the page, and nothing else
            return end

        def terminate(self):
            started.append("terminated")

    def popen(command, **options):
        return Page(command, **options) if "mlflow" in command else real(command, **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    cli.main(["ui", "--port", "5017"])
    (command, env, said), end = started
    assert end == "terminated"
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "5017"
    assert env["MLFLOW_BACKEND_STORE_URI"] == f"sqlite:///{of_default}/mlflow.db"
    first, address = said.splitlines()
    assert first.startswith("the runs, the recommended model's first")
    assert address.startswith("http://127.0.0.1:5017/#/experiments/")
    assert capsys.readouterr().out == ""
    with pytest.raises(InputError, match="MLflow's page ended by itself, with exit code 3"):
        cli.main(["ui", "--port", "5017"])
    assert len(started) == 3
    with pytest.raises(InputError, match="--port must be from 0 to 65535, got 70000"):
        cli.main(["ui", "--port", "70000"])
    assert len(started) == 3


STUBBORN = """
import signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(other.pid, flush=True)
time.sleep(600)
"""


def test_a_server_that_does_not_end_is_ended_by_force_with_what_it_started():
    # As one of MLflow does where a client never ends its request.
    code = (
        "import sys; from rebalance.tracking import server; server.END_SECONDS = 0.1\n"
        "server.wait_for('it', [sys.executable, '-c', sys.argv[1]], 'sqlite:///it')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, STUBBORN], cwd=ROOT, stdout=subprocess.PIPE
    )
    with process.stdout:
        started = psutil.Process(int(process.stdout.readline()))
        parent = started.parent()
        process.send_signal(signal.SIGTERM)
        assert process.wait(100) == 0
        for each in (parent, started):
            each.wait(100)


def test_a_second_interruption_ends_a_server_by_force(monkeypatch, sigterm):
    ends, done = [KeyboardInterrupt, KeyboardInterrupt, 0], []

    class Server:
        pid = 2**30  # no system has that many processes

        def wait(self, timeout=None):
            end = ends.pop(0)
            if end is KeyboardInterrupt:
                raise end
            return end

        def terminate(self):
            done.append("terminated")

        def kill(self):
            done.append("killed")

    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: Server())
    server.wait_for("it", ["it"], "sqlite:///it")
    assert done == ["terminated", "killed"]
    assert not ends


def test_doctor_says_where_runs_go_and_which_of_them_wait(of_default, monkeypatch, capsys):
    from rebalance import tracking

    monkeypatch.setattr(tracking, "mend", lambda: ["mended: dvc.lock\n"])
    monkeypatch.setattr(tracking, "move", lambda experiment: ("/old", "/new"))
    monkeypatch.setattr(tracking, "waiting", lambda: ["split", "evaluate"])
    cli.main(["doctor", "--move"])
    assert capsys.readouterr().out.splitlines() == [
        "mended: dvc.lock",
        "moved: /old is now /new",
        f"runs: the experiment 'rebalance' at sqlite:///{of_default}/mlflow.db",
        "waiting: split, evaluate; 'rebalance sync' records them",
    ]
    monkeypatch.setattr(tracking, "move", lambda experiment: None)
    monkeypatch.setattr(tracking, "waiting", list)
    cli.main(["doctor", "--move"])
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "moved: nothing had to"
    assert not said[-1].startswith("waiting")


def test_doctor_says_what_it_mended_where_the_server_is_away(of_default, monkeypatch, capsys):
    from rebalance import tracking

    def away(experiment):
        raise InputError("the server is away.")

    monkeypatch.setattr(tracking, "mend", lambda: ["mended: dvc.lock\n"])
    monkeypatch.setattr(tracking, "look_again", lambda: ["mended: models/a.skops\n"])
    monkeypatch.setattr(tracking, "check", away)
    with pytest.raises(InputError, match="the server is away"):
        cli.main(["doctor"])
    assert capsys.readouterr().out == "mended: dvc.lock\nmended: models/a.skops\n"


def test_a_model_that_changed_has_its_value_and_verdict_before_and_after():
    def compared(value, verdict):
        interval = {"value": value, "low": value - 0.125, "high": value + 0.125}
        return {
            "intervals": {
                "over": {"roc_auc": interval},
                "same": {"roc_auc": interval | {"value": 0}},
            },
            "verdicts": {"over": {"verdict": verdict}},
        }

    before, after = compared(0.5, "worse"), compared(0.75, "better")
    after["intervals"]["same"] = before["intervals"]["same"]
    assert changes.rows_of("roc_auc", before, after) == [
        {
            "model": "over",
            "before": "0.5000 [0.3750, 0.6250]",
            "after": "0.7500 [0.6250, 0.8750]",
            "verdict": "worse → **better**",
        }
    ]


def test_models_that_came_and_went_share_the_decimals_of_small_values():
    small = {"value": 0.000461, "low": 0.0004, "high": 0.000525}
    before = {"intervals": {"gone": {"brier": small | {"value": 0.12, "high": 0.5}}}}
    after = {"intervals": {"new": {"brier": small}}}
    rows = changes.rows_of("brier", before, after)
    assert [(row["model"], row["before"], row["after"]) for row in rows] == [
        ("new", "none", "0.000461 [0.000400, 0.000525]"),
        ("gone", "0.120000 [0.000400, 0.500000]", "none"),
    ]
    assert rows[0]["verdict"] is None


@pytest.mark.parametrize(
    ("former", "said"), [(None, "there was none"), ("3", "it was already"), ("2", "it was 2")]
)
def test_promote_says_which_version_was_champion(of_default, monkeypatch, capsys, former, said):
    from rebalance import tracking

    monkeypatch.setattr(tracking, "promote", lambda *asked: ("3", former))
    cli.main(["promote"])
    assert capsys.readouterr().out == f"models:/rebalance@champion is version 3; {said}\n"


def test_watch_needs_what_the_model_did_on_the_test_rows(of_default, monkeypatch):
    from types import SimpleNamespace

    from rebalance import scoring

    monkeypatch.setattr(scoring, "find", lambda model: SimpleNamespace(name="mine"))
    store.write_json(paths.SCORES, {"baseline": {}})
    with pytest.raises(InputError, match=r"scores\.json does not say what model 'mine' did on"):
        cli.main(["watch", "labelled.csv"])
    assert json.loads(paths.SCORES.read_text()) == {"baseline": {}}
