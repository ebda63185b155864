"""What two ways of the same work wrote is compared byte by byte, or number by number."""

import json
import os
import platform
import subprocess
import sys

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


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the older processor is one of x86",
)
def test_the_libraries_take_the_instructions_of_an_older_processor():
    code = (
        "import numpy, json, threadpoolctl\n"
        "blas = [each['architecture'] for each in threadpoolctl.threadpool_info()\n"
        "        if each['internal_api'] == 'openblas']\n"
        "found = numpy.show_config(mode='dicts')['SIMD Extensions'].get('found', [])\n"
        "print(json.dumps([blas, found]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | sameness.older_processor(),
        capture_output=True,
        text=True,
        check=True,
    )
    blas, found = json.loads(done.stdout)
    assert set(blas) <= {"Nehalem"}
    assert found == []
