"""What two ways of the same work wrote is compared byte by byte, or number by number."""

import pytest

from benchmarks import sameness

ONE = {"a.json": b'{"x": [1.0, {"y": 2}], "z": "word"}', "m.skops": b"one"}


@pytest.mark.parametrize(
    ("text", "near"),
    [
        (b'{"x": [1.0000000001, {"y": 2}], "z": "word"}', True),
        (b'{"x": [1.00000001, {"y": 2}], "z": "word"}', False),
        (b'{"x": [1.0, {"y": 3}], "z": "word"}', False),
        (b'{"x": [1.0, {"y": 2}], "z": "other"}', False),
        (b'{"x": [1.0], "z": "word"}', False),
        (b'{"x": [1.0, {"y": 2}]}', False),
    ],
)
def test_numbers_agree_within_a_billionth_and_words_are_equal(text, near):
    other = ONE | {"a.json": text, "m.skops": b"other"}
    assert sameness.far(ONE, other) == ([] if near else ["a.json"])
    assert sameness.differing(ONE, other) == ["a.json", "m.skops"]


def test_a_file_that_is_missing_differs():
    assert sameness.differing(ONE, {"a.json": ONE["a.json"]}) == ["m.skops"]
    assert sameness.far(ONE, {}) == ["a.json"]
    assert sameness.differing(ONE, dict(ONE)) == sameness.far(ONE, dict(ONE)) == []
