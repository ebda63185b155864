"""No params.yaml ends in a traceback, or echoes values at length: see `benchmarks.faults`."""

import pytest

from benchmarks.faults import params, tiny

# A few hundred of the cases that ``make faults`` tries.
CASES = 400


def test_a_file_changed_at_random_is_read_or_refused_in_lines():
    found = params.tried(CASES)
    assert found.tries == CASES
    assert not found.problems, "\n".join(found.problems)


@pytest.mark.parametrize("case", range(3))
def test_a_case_is_drawn_again_by_its_number(case):
    assert params.written(case) == params.written(case)
    assert params.written(case) != params.written(case + 10)


def test_a_line_that_is_too_long_or_a_traceback_is_noticed(monkeypatch):
    rows = params.table()
    assert params.one(tiny.content(), rows) == ""
    monkeypatch.setattr(params, "LONGEST", 20)
    assert "a line of" in params.one({}, rows)
    monkeypatch.setattr(params, "use", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in params.one(tiny.content(), rows)


# Found by the fuzzer, or by hand: key, value.
FOUND = [
    ("split.gap", [0] * 1000),
    ("tune", "x" * 10_000),
    ("threshold.rules.max_f1", "x" * 10_000),
    ("threshold.rules.half.rule", "x" * 10_000),
    ("tune." + "x" * 10_000, 1),
    ("resample." + "x" * 101, {"treatment": "smote"}),
    ("split.seed", 10**5000),
    ("resample.under.ratio", [None]),
    ("data.simulated.rows", 10**20),
    ("threshold.rules.max_f1.beta", 1e200),
    ("threshold.rules.costs.c_fn", 1e308),
]


# The number is what pytest names a case by: some values are too long for that.
@pytest.mark.parametrize("number", range(len(FOUND)))
def test_what_was_found_stays_mended(number):
    (key, value), content = FOUND[number], tiny.content()
    *above, last = key.split(".")
    place = content
    for name in above:
        place = place[name]
    place[last] = value
    assert params.one(content, params.table()) == ""
