"""``make audit`` passes only where every locked package was looked up and has no known hole."""

import json
import subprocess
import sys

import pytest

from tests.strategies import ROOT

WHOLE = {"name": "whole", "version": "1.0", "vulns": []}
HOLE = {"id": "PYSEC-1", "fix_versions": ["1.3", "2.0"], "description": "bad"}
HOLED = {"name": "holed", "version": "1.2", "vulns": [HOLE, HOLE | {"fix_versions": []}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}
TWICE = (
    "error: holed 1.2: PYSEC-1, mended in 1.3, 2.0\n"
    "error: holed 1.2: PYSEC-1, mended in no version yet\n"
)
ENDED = "error: nothing was audited: pip-audit ended without a result\n"
NONE = (
    "error: nothing was audited: none of 2 packages has a record here (Dependency not found on "
    "PyPI); run this where pypi.org answers\n"
)


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([WHOLE, WHOLE], 0, "2 packages were audited; none has a known hole\n"),
        ([WHOLE, HOLED], 1, TWICE),
        ([UNKNOWN, UNKNOWN], 1, NONE),
        (
            [],
            1,
            "error: nothing was audited: none of 0 packages has a record here; run this",
        ),
        ([WHOLE, UNKNOWN], 1, "error: 1 of 2 packages were not audited: unknown\n"),
        (
            [HOLED, *[UNKNOWN] * 12],
            1,
            f"{TWICE}error: 12 of 13 packages were not audited: "
            f"{', '.join(['unknown'] * 10)} and 2 more\n",
        ),
        ("", 1, ENDED),
        ("[]", 1, ENDED),
        ('{"x": 1}', 1, ENDED),
    ],
)
def test_an_audit_passes_only_where_every_package_was_looked_up(packages, code, said):
    given = packages
    if isinstance(packages, list):
        given = json.dumps({"dependencies": packages, "fixes": []})
    done = subprocess.run(
        [sys.executable, ".github/audited.py"],
        cwd=ROOT,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert (done.stdout + done.stderr).startswith(said)
