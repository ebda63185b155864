"""The command line: every command has help, is found by its file alone and starts quickly."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from rebalance import cli
from rebalance.cli import commands, parser
from rebalance.errors import InputError

ROOT = Path(__file__).parents[1]
COMMANDS = sorted(parser.modules())
# Each takes half a second and more to import.
SLOW = ("imblearn", "matplotlib", "mlflow", "optuna", "pandas", "pyarrow", "scipy", "sklearn")


def test_each_file_of_the_folder_is_a_command():
    files = {path.stem for path in Path(commands.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == set(COMMANDS) >= {"summary", "sync"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main([name, "--help"])
    shown = capsys.readouterr().out
    assert left.value.code == 0
    assert shown.startswith(f"usage: rebalance {name}")
    assert parser.modules()[name].__doc__.splitlines()[0] in shown


def test_the_list_of_commands_says_what_each_does(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name, command in parser.modules().items():
        assert f"{name} {' '.join(command.__doc__.splitlines()[0].split())}" in shown


def test_a_python_that_keeps_no_docstrings_lists_the_commands_by_name(monkeypatch, capsys):
    for command in parser.modules().values():
        monkeypatch.setattr(command, "__doc__", None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor", "--help"])
    assert ended.value.code == 0
    assert "--move" in capsys.readouterr().out


def test_an_unknown_command_names_those_that_there_are(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["sumary"])
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert "'sumary'" in said
    assert all(name in said for name in COMMANDS)


def test_help_imports_no_slow_library():
    code = (
        "import sys; from rebalance.cli import parser; parser.parser(); "
        f"print(*(name for name in {SLOW} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_bad_input_is_one_line_and_exit_code_1(monkeypatch, capsys):
    def refuse(_arguments=None):
        raise InputError("data.path must name a file, got 'x'.")

    monkeypatch.setattr(parser, "main", refuse)
    with pytest.raises(SystemExit) as left:
        cli.run()
    assert left.value.code == 1
    assert capsys.readouterr().err == "error: data.path must name a file, got 'x'.\n"


def test_it_also_runs_as_a_module_of_python(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "rebalance.cli", "summary"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 1
    assert re.fullmatch(r"error: metrics/scores\.json is missing; run .*\n", done.stderr)


def test_the_script_is_the_function_that_turns_bad_input_into_one_line():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"rebalance": "rebalance.cli:run"}
