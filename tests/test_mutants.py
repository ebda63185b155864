"""The mutation run kills what a test notices, and shows what none does."""

import re
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
    """,
    "code_of_ours/__init__.py": "",
    "code_of_ours/numbers.py": """
        def double(x):
            return 2 * x


        def half(x):
            return x / 2


        def counted(x):
            number = 0
            while number < x:
                number += 1
            return number


        def unused(x):
            return x + 1
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

        def test_of_another_folder():
            assert numbers.half(2) == 5

        def test_it_counts():
            assert numbers.counted(0) == 0
            assert numbers.counted(3) == 3
    """,
}


def test_each_mutant_is_run_against_the_tests_that_reach_it(tmp_path):
    mutants = tmp_path / "mutants"
    for name, text in FILES.items():
        lines = text.strip("\n").splitlines()
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("\n".join(line.removeprefix(" " * 8) for line in lines) + "\n")
    shutil.copy(Path(__file__).with_name("mutants.py"), tmp_path / "tests")

    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--sample", "0", "--limit", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = (mutants / "results.txt").read_text(encoding="utf-8").splitlines()
    status = dict(line.split()[::-1] for line in words)
    ends = {}
    for name, word in status.items():
        ends.setdefault(name.split(".x_")[1].partition("__")[0], set()).add(word)
    # Half of 0 is 0 whichever way; a count that never goes up ends by its processor time.
    assert ends["double"] == {"killed"}
    assert "survived" in ends["half"]
    assert ends["counted"] == {"killed", "endless"}
    assert ends["unused"] == {"unreached"}
    survivors = (mutants / "survivors.txt").read_text(encoding="utf-8")
    assert "x_double" not in survivors
    assert "x_counted" not in survivors
    assert "+    return x / 3" in survivors
    assert "+    return x + 2" in survivors
    assert "survived: code_of_ours.numbers.x_half__mutmut_" in done.stdout
    # A test that fails on the code as it is would seem to notice every mutant.
    assert "for it fails without a mutant: tests/test_numbers.py::test_of_another" in done.stdout
    killed = sum(word in {"killed", "endless"} for word in status.values())
    assert re.search(rf"^all +{killed} of +{len(status)} killed", done.stdout, re.M)
