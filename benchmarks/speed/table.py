"""What a row of the benchmark holds, and how rows become a table and JSON."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import ClassVar

from rebalance import workers

RESULTS = Path("benchmarks") / "results"
LIBRARIES = ("dvc", "imbalanced-learn", "mlflow", "numpy", "optuna", "pandas", "scikit-learn")
MEGA = 1e6
NEARLY_FULL = 200_000  # rows from which promises about the default data hold
HEADINGS = ("work", "ours, s", "rival, s", "ratio", "peak MB", "target", "met", "note")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line: what was done, in how many seconds by each, and what was promised.

    Attributes
    ----------
    work : str
    ours, rival : float or None
        Seconds.
    peak : int or None
        The most memory that one process of ours held, in bytes.
    target : str
        In words; empty where nothing was promised.
    met : bool or None
        None where nothing was promised, or where this size does not tell.
    note : str
        What was compared, and what else was found.
    part, size : str, int
        What was measured, and of how many rows.
    stage, wall, processor : str, float or None, float or None
        Of growth: seconds by the clock and of the processor, beyond those of imports.
    """

    work: str
    ours: float | None = None
    rival: float | None = None
    peak: int | None = None
    target: str = ""
    met: bool | None = None
    note: str = ""
    part: str = ""
    size: int = 0
    stage: str = ""
    wall: float | None = None
    processor: float | None = None

    @property
    def ratio(self):
        """Return how many times faster ours is; None where there is nothing to compare.

        >>> Row(work="sort", ours=2.0, rival=3.0).ratio
        1.5
        """
        return self.rival / self.ours if self.rival and self.ours else None

    def to_dict(self):
        """Return plain values, the ratio among them."""
        return asdict(self) | {"ratio": self.ratio}

    MET: ClassVar = {True: "met", False: "MISSED", None: "-"}

    def cells(self):
        """Return the texts under `HEADINGS`."""
        return (
            self.work,
            _number(self.ours),
            _number(self.rival),
            _number(self.ratio),
            _number(self.peak and self.peak / MEGA),
            self.target or "-",
            self.MET[self.met],
            self.note,
        )


def _number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def text(rows):
    """Return the table: words left, numbers right."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if 1 <= i <= 4 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [cells[0], ["-" * width for width in widths], *cells[1:]]
    ]
    return "\n".join(lines)


def surroundings():
    """Return what seconds depend on: processors, how busy they are, versions."""
    return {
        "cores": workers.cores(),
        "load": os.getloadavg()[0],
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
    }


def write(path, rows, run, *, quick):
    """Write rows, and the surroundings of the run that measured them, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"quick": quick, "run": run, "rows": [row.to_dict() for row in rows]}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
