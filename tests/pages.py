"""The code blocks of the pages in docs/, and how a test runs them."""

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests import forks

ROOT = Path(__file__).parents[1]


class Block(NamedTuple):
    """A fenced block: the word after the fence, its text, and the heading above it."""

    kind: str
    text: str
    heading: str

    @property
    def commands(self):
        """Return its lines without those that are empty or a comment."""
        lines = (line.strip() for line in self.text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]


def text(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page, *kinds):
    """Return the `Block` of each fence of a page, or of those of some kinds."""
    found, heading = [], ""
    for match in re.finditer(r"^(#+ [^\n]*)$|^```(\w*)\n(.*?)^```$", text(page), re.M | re.S):
        if match[1]:
            heading = match[1].lstrip("# ")
        elif not kinds or match[2] in kinds:
            found.append(Block(match[2], match[3], heading))
    return found


def below(page, heading, kind="bash"):
    """Return the commands below a heading, less what is said of them."""
    (block,) = [block for block in blocks(page, kind) if block.heading == heading]
    return [line.partition(" #")[0].rstrip() for line in block.commands]


def commands(page, kind="sh"):
    """Return every command of the blocks of a kind, in the order of the page."""
    return [line for block in blocks(page, kind) for line in block.commands]


def with_command(folder, environment):
    """Return the environment with a command ``rebalance`` that runs the code of this checkout.

    The installed script may belong to another checkout.
    """
    script = Path(folder) / "rebalance"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text('#!/bin/sh\nexec python -m rebalance.cli "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    here = [str(script.parent), forks.programs(), str(forks.REAL), environment["PATH"]]
    return environment | {"PATH": os.pathsep.join(here), "PYTHONPATH": str(ROOT)}


def run(command, folder, environment):
    """Run a line of a page as a shell does, and return the finished process.

    A make that a make started says more: nothing of the one that runs the tests is passed on.
    """
    environment = {key: value for key, value in environment.items() if "MAKE" not in key}
    return subprocess.run(  # noqa: S602 - the pages are ours
        command,
        shell=True,
        executable="/bin/bash",
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
