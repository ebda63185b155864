"""Mutation testing: change the code a little, and see whether a test fails.

``make mutants`` draws mutants with a fixed seed, runs the tests that reach each of them, and
writes those that no test noticed to ``mutants/survivors.txt``, each as a diff.

    python -m tests.mutants --sample 300 --seed 42
    python -m tests.mutants --only 'rebalance.report.*'     the sample of one package
    python -m tests.mutants --again                         the survivors of the last run

mutmut makes the mutants; pyproject.toml says of which modules, and which tests there are. They run
here: one process imports and collects all tests, and forks for each mutant. The tests that reach
the mutant run, the quick ones first, until one fails or their processor time is used up. A mutant
that takes far longer than the tests do without it counts as noticed. All limits are processor
time: on a busy machine a mutant has as long as on a quiet one.

mutmut changes what stands in functions. A decorated function and a table at the top of a module
have no mutants: a test has to name what they say.
"""

import argparse
import contextlib
import fnmatch
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter, defaultdict
from pathlib import Path

import pytest

MUTANTS = Path("mutants")
SURVIVORS = MUTANTS / "survivors.txt"
RESULTS = MUTANTS / "results.txt"
# Names that a mutant can end as; an endless loop, or a process that dies, is noticed.
KILLED = {"killed", "endless", "crashed"}
SLOWER = 5  # so many times the tests' own processor time is endless
WAITS = 20  # a mutant may wait for other things so many times as long


def main(arguments=None):
    """Run a sample of the mutants, and print the score."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=main.__doc__)
    parser.add_argument("--sample", type=int, default=300, help="how many mutants; 0 for all")
    parser.add_argument("--seed", type=int, default=42, help="seed of the draw")
    parser.add_argument("--only", default="*", help="a pattern that the mutants' names match")
    parser.add_argument("--again", action="store_true", help="run the last survivors again")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="mutants at a time")
    parser.add_argument(
        "--budget", type=float, default=60, help="processor seconds of tests that a mutant gets"
    )
    parser.add_argument(
        "--limit", type=float, default=20, help="processor seconds that each mutant may waste"
    )
    options = parser.parse_args(arguments)
    last = SURVIVORS.read_text(encoding="utf-8") if options.again else ""
    shutil.rmtree(MUTANTS, ignore_errors=True)
    places = copy_repository()
    names = sorted(name for name in places if fnmatch.fnmatch(name, options.only))
    if options.again:
        names = [line[2:] for line in last.splitlines() if line.startswith("# ")]
    elif 0 < options.sample < len(names):
        names = sorted(random.Random(options.seed).sample(names, options.sample))  # noqa: S311 - a sample, no secret
    if not names:
        raise SystemExit("error: no mutant has such a name.")
    limits = {key: getattr(options, key) for key in ("workers", "budget", "limit")}
    asked = json.dumps({"names": names, **limits})
    # In a process of its own, whose rebalance is the copy with the mutants.
    code = "import sys; from tests.mutants import drive; sys.exit(drive(sys.stdin.read()))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=asked, text=True, cwd=MUTANTS, check=False
    )
    status = dict(line.split()[::-1] for line in RESULTS.read_text(encoding="utf-8").splitlines())
    lived = [name for name in status if status[name] not in KILLED]
    SURVIVORS.write_text("\n".join(_diff(name, places[name]) for name in lived), encoding="utf-8")
    sys.stdout.write(summary(status))
    raise SystemExit(done.returncode)


def copy_repository():
    """Copy what git tracks, each module with all its mutants; return {mutant: module}."""
    from mutmut.configuration import config
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name

    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False)
    tracked = [*map(Path, listed.stdout.splitlines())] or [*Path().rglob("*")]
    places = {}
    for path in tracked:
        if not path.is_file():
            continue
        copy = MUTANTS / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        ours = any(source in path.parents for source in config().source_paths)
        if ours and config().should_mutate(path):
            changed = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
            copy.write_text(changed.code, encoding="utf-8")
            places |= {get_mutant_name(path, name): path for name in changed.mutant_names}
        else:
            shutil.copy2(path, copy)
    RESULTS.write_text("", encoding="utf-8")
    return places


def _diff(name, path):
    """Return a mutant as a diff, under its name."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    return f"# {name}\n{get_diff_for_mutant(name, path=path)}\n"


def drive(asked):
    """Collect the tests in this folder, and run mutants against them; return the exit code."""
    from mutmut.configuration import config

    chosen = config()
    words = [*chosen.pytest_add_cli_args_test_selection, *chosen.pytest_add_cli_args]
    words += ["-q", "-p", "no:cacheprovider", "--capture", "sys"]
    return pytest.main(words, plugins=[Driver(**json.loads(asked))])


class Driver:
    """A plugin of pytest that runs mutants instead of the tests."""

    def __init__(self, names, workers, budget, limit):
        self.names, self.workers, self.budget, self.limit = names, workers, budget, limit
        self.failed, self.calls = None, {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """Run the tests once, to see what each of them reaches, then those of each mutant."""
        files = defaultdict(list)
        for item in session.items:
            files[item.path].append(item)
        reached, seconds = defaultdict(list), {}
        parts = [[*files.values()][number :: self.workers] for number in range(self.workers)]
        work = [(self.map_tests, (part,)) for part in parts if part]
        for status, found in in_forks(work, self.workers):
            assert status == 0, found
            mapped, left_out = found
            for name in left_out:
                sys.__stdout__.write(f"left out, for it fails without a mutant: {name}\n")
            for number, (spent, functions) in mapped.items():
                seconds[int(number)] = spent
                for function in functions:
                    reached[function].append(int(number))
        places = {item: number for number, item in enumerate(session.items)}
        tests = {name: self.tests(name, reached, seconds, session.items) for name in self.names}
        work = [(self.run, (name, tests[name], seconds, places)) for name in self.names]
        results = Path("results.txt")
        for number, (status, _) in enumerate(in_forks(work, self.workers)):
            word = told(status) if tests[self.names[number]] else "unreached"
            with results.open("a", encoding="utf-8") as lines:
                lines.write(f"{word} {self.names[number]}\n")
            sys.__stdout__.write(f"{number + 1} of {len(work)}  {word}  {self.names[number]}\n")
            sys.__stdout__.flush()
        return True

    def map_tests(self, files):
        """Run the tests of some files; return {number: (seconds, functions)} and the failing."""
        from mutmut.mutation.trampoline import set_mutant_under_test
        from mutmut.state import state

        set_mutant_under_test("stats")
        del os.environ["MUTANT_UNDER_TEST"]  # not for the processes that a test starts
        items = [item for file in files for item in file]
        places = {item: number for number, item in enumerate(items[0].session.items)}
        found, left_out = {}, []
        for number, item in enumerate(items):
            state()._stats.clear()
            began = spent()
            item.config.hook.pytest_runtest_protocol(
                item=item, nextitem=items[number + 1] if number + 1 < len(items) else None
            )
            if self.failed:  # it depends on the folder, or on how it is started: it proves nothing
                left_out.append(item.nodeid)
                self.failed = None
                continue
            functions = set(state()._stats)
            for fixture in shared(item):
                functions |= self.calls.get(fixture, set())
            found[places[item]] = (spent() - began, sorted(functions))
        return found, left_out

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        """Note the functions that a shared fixture calls: each test that uses it reaches them."""
        from mutmut.state import state

        before = set(state()._stats)
        state()._stats.clear()
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                self.calls[fixturedef.argname, fixturedef.baseid] = set(state()._stats)
            state()._stats.update(before)

    def pytest_runtest_logreport(self, report):
        """Note a test that fails."""
        if report.failed:
            self.failed = report.longreprtext

    def tests(self, name, reached, seconds, items):
        """Return the tests of a mutant in the order in which they run, within the budget."""
        from mutmut.utils.format_utils import mangled_name_from_mutant_name

        numbers = reached.get(mangled_name_from_mutant_name(name), [])
        # Those with a shared fixture come last, file by file: it is set up once more.
        last = Counter()
        for number in numbers:
            if shared(items[number]):
                last[items[number].path] += seconds[number]

        def place(number):
            item = items[number]
            if shared(item):
                return 1, last[item.path], str(item.path), 0
            return 0, seconds[number], "", number

        chosen, total = [], 0.0
        for number in sorted(numbers, key=place):
            total += seconds[number]
            if chosen and total > self.budget:
                break
            chosen.append(items[number])
        return chosen

    def run(self, name, items, seconds, places):
        """Run the tests of a mutant until one fails; raise `NoticedError` there."""
        from mutmut.mutation.trampoline import set_mutant_under_test

        limit = int(self.limit + SLOWER * sum(seconds[places[item]] for item in items)) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        signal.alarm(WAITS * limit)
        set_mutant_under_test(name)
        for number, item in enumerate(items):
            item.config.hook.pytest_runtest_protocol(
                item=item, nextitem=items[number + 1] if number + 1 < len(items) else None
            )
            if self.failed:
                raise NoticedError
        return {}


class NoticedError(Exception):
    """A test fails."""


def shared(item):
    """Return the names of the fixtures of a test that outlive it."""
    chains = item._fixtureinfo.name2fixturedefs.values()
    last = (chain[-1] for chain in chains)
    return [(each.argname, each.baseid) for each in last if each.scope != "function"]


def spent():
    """Return the processor seconds of this process and of those that it started."""
    times = os.times()
    return sum(times[:4])


def told(status):
    """Return the word for the wait status of a process that ran a mutant.

    >>> told(0), told(256), told(signal.SIGXCPU), told(signal.SIGSEGV)
    ('survived', 'killed', 'endless', 'crashed')
    """
    if os.WIFSIGNALED(status):
        ended = {signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM}
        return "endless" if os.WTERMSIG(status) in ended else "crashed"
    return "killed" if status else "survived"


def in_forks(work, workers):
    """Yield (wait status, result) of each (function, arguments), in order, some at a time."""
    temporary = Path("temporary").resolve()
    waiting, running, ended = list(enumerate(work))[::-1], {}, {}
    for number in range(len(work)):
        while number not in ended:
            while waiting and len(running) < workers:
                place, (function, arguments) = waiting.pop()
                running[fork(temporary / str(place), function, arguments)] = place
            process, status = os.wait()
            place = running.pop(process)
            answer = temporary / str(place) / "answer.json"
            content = json.loads(answer.read_text("utf-8")) if answer.exists() else None
            ended[place] = (status, content)
            shutil.rmtree(temporary / str(place), ignore_errors=True)
        yield ended.pop(number)


def fork(folder, function, arguments):
    """Call a function in a process of its own, and return its number; the result lies in a file."""
    folder.mkdir(parents=True)
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
        with Path(os.devnull).open("r+b") as nothing:
            for stream in (0, 1, 2):
                os.dup2(nothing.fileno(), stream)
        content = function(*arguments)
        code = 0
    except NoticedError:
        content = None
    except BaseException:  # noqa: BLE001 - the parent shows it
        content = traceback.format_exc()
    with contextlib.suppress(BaseException):
        (folder / "answer.json").write_text(json.dumps(content), encoding="utf-8")
    os._exit(code)


def summary(status):
    """Return the score, by package and in all, and the names of the survivors.

    >>> print(summary({"rebalance.a.x_f__mutmut_1": "killed", "rebalance.b.x_g": "survived"}))
    rebalance.a     1 of   1 killed  100 %
    rebalance.b     0 of   1 killed    0 %
    all             1 of   2 killed   50 %
    <BLANKLINE>
    survived: rebalance.b.x_g
    <BLANKLINE>

    Those that their time or a crash ended are named, too.
    """
    total, killed = Counter(), Counter()
    for name, word in status.items():
        for group in (".".join(name.split(".")[:2]), "all"):
            total[group] += 1
            killed[group] += word in KILLED
    width = max(map(len, total), default=0)
    lines = [
        f"{group:{width}}  {killed[group]:4} of {total[group]:3} killed"
        f"  {100 * killed[group] / total[group]:3.0f} %"
        for group in sorted(total, key=lambda group: (group == "all", group))
    ]
    lines += ["", *(f"{word}: {name}" for name, word in status.items() if word != "killed")]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
