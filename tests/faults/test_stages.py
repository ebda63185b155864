"""A stage that is killed, or whose disk or files fail, loses nothing: see `benchmarks.faults`.

Here at some calls of each stage and for some files; ``make faults`` tries every one.
"""

import subprocess
from dataclasses import replace

import pytest

from benchmarks.faults import __main__ as main
from benchmarks.faults import calls, damage, pieces, tally, tiny
from tests import forks


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return a process whose forks run stages, on a disk that can be made to fail."""
    with tiny.Server(tmp_path_factory.mktemp("server")) as server:
        if not server.preloaded:
            pytest.skip("needs Linux and a C compiler")
        yield server


@pytest.fixture(scope="module")
def chain(server, tmp_path_factory):
    """Return the states between undisturbed stages."""
    return tiny.Chain(server, tmp_path_factory.mktemp("chain") / "it").build()


@pytest.mark.parametrize(
    ("fault", "start", "stages"),
    [
        ("killed at a call", 32, tiny.STAGES),
        # The other training stages write by the same function as the first.
        ("disk full from a call on", 60, [*tiny.STAGES[:3], "evaluate"]),
    ],
)
def test_a_fault_at_a_call_to_the_disk_costs_nothing(chain, fault, start, stages):
    found = calls.tried(chain, fault, start=start, stop=start + 1, stages=stages)
    assert found.tries == len(stages)
    assert found.holds, "\n".join(found.problems)


def test_a_file_that_was_damaged_is_made_again_or_refused_in_a_line(chain):
    found = damage.tried(damage.with_lock(chain), every=23)
    assert found.tries > 10
    assert found.holds, "\n".join(found.problems)


def test_a_damaged_file_that_is_believed_is_noticed(chain, monkeypatch):
    monkeypatch.setattr(damage, "BELIEVED", ())
    monkeypatch.setattr(damage, "READERS", {"params.yaml": ["download"]})
    other = {"seed: 1": lambda content, _: content.replace(b"seed: 1\n", b"seed: 2\n")}
    monkeypatch.setattr(damage, "kinds", lambda _: other)
    found = damage.tried(chain)
    assert [line for line in found.wrong if "params.yaml seed: 1, download: ends with 0" in line]


def test_what_is_torn_lost_or_repeated_is_noticed(chain, monkeypatch):
    """The harness itself: a stage that writes in place, and one that forgets its cache."""
    run = chain.server.run

    def tearing(folder, stage, **options):
        done = run(folder, stage, **options)
        if options.get("at", -1) > 0:
            (folder / "metrics" / "split.json").write_text('{"train": ')
        return done

    monkeypatch.setattr(chain.server, "run", tearing)
    found = calls.tried(chain, "killed at a call", stages=["train_baseline"], start=60, step=60)
    assert found.tries
    assert [line for line in found.wrong if "metrics/split.json is torn" in line]
    assert [line for line in found.lost if "another metrics/split.json" in line]

    def forgetting(folder, stage, **options):
        if "at" not in options:
            for path in (folder / calls.CACHE).rglob("*.npz"):
                path.write_bytes(path.read_bytes()[:-1])
        return run(folder, stage, **options)

    monkeypatch.setattr(chain.server, "run", forgetting)
    found = calls.tried(chain, "killed at a call", stages=["train_baseline"], start=60, step=60)
    assert [line for line in found.lost if "repeats the fit" in line]


def test_a_table_has_a_line_for_each_fault_and_holds_only_without_a_loss():
    lossy = tally.Tally("disk full", tries=3, lost=["a fit"])
    lines = tally.text([lossy, tally.Tally("killed", tries=12)]).splitlines()
    assert [line.split() for line in lines if "-" not in line] == [
        ["fault", "tries", "lost", "wrong", "tracebacks"],
        ["disk", "full", "3", "1", "0", "0"],
        ["killed", "12", "0", "0", "0"],
    ]
    assert tally.Tally("killed", tries=12).holds
    assert not lossy.holds
    assert not tally.Tally("never tried").holds


def test_a_loss_of_power_costs_nothing(chain):
    lost = tally.Tally("power lost")
    calls.tried(chain, calls.KILLED, stages=["download"], start=31, step=17, lost=lost)
    assert lost.tries > 5
    assert lost.holds, "\n".join(lost.problems)


@pytest.mark.parametrize("forgotten", ["s\t", "m\t"])
def test_what_is_not_flushed_is_noticed(chain, monkeypatch, forgotten):
    """The harness itself: no file is flushed, or no folder is after the last rename."""
    run = chain.server.run

    def unflushed(folder, stage, **options):
        done = run(folder, stage, **options)
        lines = done.notes.splitlines(keepends=True)
        if forgotten == "m\t":
            last = max((n for n, line in enumerate(lines) if line.startswith("m\t")), default=-1)
            lines = lines[: last + 1]
        return replace(done, notes="".join(x for x in lines if not x.startswith("s\t")))

    monkeypatch.setattr(chain.server, "run", unflushed)
    lost = tally.Tally("power lost")
    calls.tried(chain, calls.KILLED, stages=["download"], start=80, step=80, lost=lost)
    assert [line for line in lost.lost if line.endswith("data/raw.parquet is not on the disk")]


def test_a_stage_that_is_killed_at_any_time_loses_nothing(chain):
    found = calls.at_random(chain, "split", 3, {})
    assert found.tries == 3
    assert found.holds, "\n".join(found.problems)


def test_the_work_goes_on_from_the_pieces_that_are_kept(tmp_path, monkeypatch, capsys):
    asked = []

    def counted(_folder, _quick, number):
        asked.append(number)
        yield tally.Tally("a fault", tries=number, lost=["a fit"] if number == 3 else [])

    monkeypatch.setattr(pieces, "PARTS", {"one": (counted, (1, 2, 3))})
    monkeypatch.setattr(main, "KEPT", tmp_path)
    assert main.main(["--jobs", "1"]) == 1
    said = capsys.readouterr()
    assert "one 3: 3 tries, 1 cost" in said.err
    assert said.out.splitlines()[-1].split() == ["a", "fault", "6", "1", "0", "0"]
    (kept,) = tmp_path.iterdir()
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(lines[:2]))
    assert main.main(["--jobs", "1"]) == 1
    assert asked == [1, 2, 3, 3]


# As `python -m benchmarks.faults`, which a fork runs by `-c` only.
MAIN = "import runpy; runpy.run_module('benchmarks.faults', run_name='__main__', alter_sys=True)"


def test_pieces_are_done_at_the_same_time_in_processes_of_their_own(tmp_path):
    command = ["--quick", "--part", "params 0", "--part", "params 1", "--jobs", "2"]
    done = subprocess.run(
        [forks.python(), "-c", MAIN, *command],
        cwd=tmp_path,
        env=tiny.environment(tmp_path, PYTHONPATH=str(tiny.ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split()[-4:] == ["100", "0", "0", "0"]
