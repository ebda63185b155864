"""The mutation run kills what a test notices, and shows what none does."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mutmut", reason="mutmut runs on Linux and macOS only")

FILES = {
    "pyproject.toml": """
        [tool.mutmut]
        source_paths = ["code_of_ours"]
        pytest_add_cli_args = ["-p", "tests.mutants"]
        process_isolation = "forkserver"
    """,
    "code_of_ours/__init__.py": "",
    "code_of_ours/numbers.py": """
        def double(x):
            return 2 * x


        def half(x):
            return x / 2
    """,
    # The first test sets the fixture up, and the second looks at it.
    "tests/test_numbers.py": """
        import pytest

        from code_of_ours import numbers

        @pytest.fixture(scope="module")
        def doubled():
            return numbers.double(4)

        def test_there_is_a_number(doubled):
            assert numbers.half(0) == 0

        def test_it_is_twice(doubled):
            assert doubled == 8
    """,
}


def test_a_shared_fixture_counts_for_each_test_that_uses_it(tmp_path):
    for name, text in FILES.items():
        lines = text.strip("\n").splitlines()
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("\n".join(line.removeprefix(" " * 8) for line in lines) + "\n")
    shutil.copy(Path(__file__).with_name("mutants.py"), tmp_path / "tests")

    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--sample", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout.partition("code_of_ours.numbers")[2]
    survivors = (tmp_path / "mutants" / "survivors.txt").read_text(encoding="utf-8")
    assert "x_double" not in survivors
    assert "+    return x / 3" in survivors
    assert "survived: code_of_ours.numbers.x_half__mutmut_" in shown
