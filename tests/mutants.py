"""Mutation testing: change the code a little, and see whether a test fails.

``make mutants`` draws mutants with a fixed seed, runs the tests that reach each of them, and
writes those that no test noticed to ``mutants/survivors.txt``, each as a diff. mutmut makes and
runs them; which modules and which tests is said in pyproject.toml.

    python -m tests.mutants --sample 300 --seed 42
    python -m tests.mutants --only 'rebalance.report.*'     the sample of one package
    python -m tests.mutants --again                         the survivors of the last run

mutmut changes what stands in functions. A decorated function and a table at the top of a module
have no mutants: a test has to name what they say.

As a pytest plugin this file has two tasks. mutmut assigns what a fixture calls to the one test
that sets it up; here each test that uses a fixture of a module or session is assigned its calls.
And the quick tests run first, since the first that fails ends a mutant: those that need such a
fixture run last.
"""

import argparse
import fnmatch
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

MUTANTS = Path("mutants")
SURVIVORS = MUTANTS / "survivors.txt"
# An endless loop, or a process that dies: a mutant that does that does not pass for the original.
KILLED = {"killed", "timeout", "segfault", "suspicious"}

_calls = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef):
    """Note the functions that a shared fixture calls, while mutmut maps tests to functions."""
    from mutmut.state import state

    before = set(state()._stats)
    state()._stats.clear()
    yield
    if fixturedef.scope != "function":
        _calls[fixturedef.argname, fixturedef.baseid] = set(state()._stats)
    state()._stats.update(before)
    state()._stats.update(_calls.get((fixturedef.argname, fixturedef.baseid), ()))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    """Assign the calls of shared fixtures to the test that uses them."""
    from mutmut.state import state

    for definition in _shared(item):
        state()._stats.update(_calls.get((definition.argname, definition.baseid), ()))


def pytest_collection_modifyitems(items):
    """Put the quick tests first, and those that need a shared fixture last."""
    from mutmut.state import state

    seconds = state().duration_by_test
    items.sort(key=lambda item: (bool(_shared(item)), seconds.get(item.nodeid, 0)))


def _shared(item):
    """Return the definitions of the fixtures of a test that outlive it."""
    definitions = item._fixtureinfo.name2fixturedefs.values()
    return [chain[-1] for chain in definitions if chain[-1].scope != "function"]


def main(arguments=None):
    """Run a sample of the mutants, and print the score."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=main.__doc__)
    parser.add_argument("--sample", type=int, default=300, help="how many mutants; 0 for all")
    parser.add_argument("--seed", type=int, default=42, help="seed of the draw")
    parser.add_argument("--only", default="*", help="a pattern that the mutants' names match")
    parser.add_argument("--again", action="store_true", help="run the last survivors again")
    parser.add_argument("--workers", type=int, default=0, help="mutants at a time; 0: one a core")
    options = parser.parse_args(arguments)
    if options.again:
        names = [line[2:] for line in SURVIVORS.read_text().splitlines() if line.startswith("# ")]
    else:
        shutil.rmtree(MUTANTS, ignore_errors=True)
        copy_repository()
        names = [name for name in mutants() if fnmatch.fnmatch(name, options.only)]
        if 0 < options.sample < len(names):
            names = sorted(random.Random(options.seed).sample(names, options.sample))  # noqa: S311 - a sample, no secret
    if not names:
        raise SystemExit("error: no mutant has such a name.")
    workers = ["--max-children", str(options.workers)] if options.workers else []
    done = subprocess.run(["mutmut", "run", *workers, *names], check=False)
    if done.returncode:
        show_failures()
        raise SystemExit(done.returncode)
    words = results()
    status = {name: words.get(name, "not run") for name in names}
    SURVIVORS.write_text("\n".join(_diff(name) for name in names if status[name] not in KILLED))
    sys.stdout.write(summary(status))


def copy_repository():
    """Copy what git tracks and mutmut does not copy: tests read pages and parameters."""
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False)
    for path in map(Path, listed.stdout.splitlines()):
        if path.is_file() and path.parts[0] != "rebalance":
            (MUTANTS / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, MUTANTS / path)


def show_failures():
    """Run the tests without a mutant: mutmut stops where one fails, and does not say which."""
    from mutmut.configuration import config

    chosen = config()
    arguments = [*chosen.pytest_add_cli_args_test_selection, *chosen.pytest_add_cli_args]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", *arguments], cwd=MUTANTS, check=False
    )


def mutants():
    """Return the names of all mutants, sorted."""
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.file_utils import walk_mutatable_files
    from mutmut.utils.format_utils import get_mutant_name

    return sorted(
        get_mutant_name(path, name)
        for path in walk_mutatable_files()
        for name in mutate_file_contents(str(path), path.read_text("utf-8")).mutant_names
    )


def results():
    """Return {name: status} of every mutant."""
    done = subprocess.run(
        ["mutmut", "results", "--all", "true"], capture_output=True, text=True, check=True
    )
    return dict(line.strip().split(": ") for line in done.stdout.splitlines() if ": " in line)


def _diff(name):
    """Return a mutant as a diff, under its name."""
    shown = subprocess.run(["mutmut", "show", name], capture_output=True, text=True, check=True)
    return f"# {name}\n{shown.stdout.partition(chr(10))[2]}"


def summary(status):
    """Return the score, by package and in all, and the names of the survivors.

    >>> print(summary({"rebalance.a.x_f__mutmut_1": "killed", "rebalance.b.x_g": "survived"}))
    rebalance.a     1 of   1 killed  100 %
    rebalance.b     0 of   1 killed    0 %
    all             1 of   2 killed   50 %
    <BLANKLINE>
    survived: rebalance.b.x_g
    <BLANKLINE>

    Those killed by their time are named too: on a busy machine they may be none.
    """
    total, killed = Counter(), Counter()
    for name, word in status.items():
        for group in (".".join(name.split(".")[:2]), "all"):
            total[group] += 1
            killed[group] += word in KILLED
    width = max(map(len, total))
    lines = [
        f"{group:{width}}  {killed[group]:4} of {total[group]:3} killed"
        f"  {100 * killed[group] / total[group]:3.0f} %"
        for group in sorted(total, key=lambda group: (group == "all", group))
    ]
    lines += ["", *(f"{word}: {name}" for name, word in status.items() if word != "killed")]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
