"""No table ends in a traceback, or with other rows than it holds: see `benchmarks.faults`."""

import numpy as np
import pyarrow as pa

from benchmarks.faults import tables

# Some of the cases that ``make faults`` tries.
CASES = 24


def test_tables_of_odd_bytes_types_and_shapes_are_read_or_refused_in_lines():
    found = tables.tried(CASES)
    assert found.tries == CASES
    assert not found.problems, "\n".join(found.problems)


def test_a_message_cuts_the_name_of_a_column():
    """Found by the fuzzer: a name of 1,000 characters stood in a line in full."""
    assert tables.one(1800) == ("", False)


def test_another_number_of_rows_or_a_traceback_is_noticed(monkeypatch):
    y = np.arange(90) % 3 == 0
    table = pa.table({"x": np.arange(90) % 7 + y, "z": np.arange(90) % 5, "Class": y.astype(int)})
    whole = tables.parquet(tables.random.Random(0), table)
    for positives, said in ((30, ""), (31, "rows and positives: (90, 31) were written, (90, 30) ")):
        case = ("table.parquet", whole, 1, (90, positives))
        monkeypatch.setattr(tables, "drawn", lambda _, case=case: case)
        problem, wrong = tables.one(0)
        assert wrong
        assert problem.startswith(said)
        assert bool(problem) == bool(said)
    monkeypatch.setattr(tables, "used", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in tables.one(0)[0]
