"""The table of checks: code, severity, and the module that holds the check.

A code never changes its meaning; docs/checks.md has a paragraph for each.
"""

from dataclasses import dataclass
from types import ModuleType

from rebalance.checks import (
    constant,
    copies,
    dates_in_digits,
    duplicate,
    edge,
    groups,
    identifier,
    mark,
    missingness,
    near_one,
    odd_fold,
    positives,
    prevalence,
    rising,
    separating,
    shift,
    times,
    unsplit,
    weighted_learner,
)
from rebalance.checks.finding import NOTE, WARNING, Finding


@dataclass(frozen=True)
class Check:
    """A check: its module has ``find(subject)``, or ``look`` for each column and ``say`` for all.

    ``looks_at`` is what `find` or `look` gets: "columns" of the table, "classes" (columns of the
    training rows and their labels), "sides" (columns of training and of test rows, no labels),
    "order" (columns and the row numbers of both sides of a random split), "split"
    (``metrics/split.json``), "plan" (params and positives) or "results" (models and study).
    ``unused`` says whether columns are looked at too that no learner sees.
    """

    code: str
    severity: str
    looks_at: str
    module: ModuleType
    unused: bool = False

    def finding(self, said):
        """Return the finding with a sentence, or with (sentence, severity)."""
        sentence, severity = (said, self.severity) if isinstance(said, str) else said
        return Finding(code=self.code, severity=severity, sentence=sentence)


CHECKS = (
    Check("RB101", NOTE, "columns", constant, unused=True),
    Check("RB102", NOTE, "columns", duplicate),
    Check("RB103", WARNING, "columns", identifier, unused=True),
    Check("RB104", WARNING, "columns", rising),
    Check("RB105", WARNING, "classes", separating),
    Check("RB106", WARNING, "classes", missingness),
    Check("RB107", NOTE, "columns", dates_in_digits),
    Check("RB108", NOTE, "columns", mark),
    Check("RB201", WARNING, "split", copies),
    Check("RB202", WARNING, "order", groups),
    Check("RB203", NOTE, "order", times),
    Check("RB204", WARNING, "sides", shift),
    Check("RB205", WARNING, "plan", positives),
    Check("RB206", WARNING, "plan", prevalence),
    Check("RB301", WARNING, "plan", weighted_learner),
    Check("RB302", WARNING, "results", near_one),
    Check("RB303", NOTE, "results", edge),
    Check("RB304", WARNING, "results", odd_fold),
    Check("RB305", WARNING, "results", unsplit),
)


def of(looks_at):
    """Return the checks that look at one kind of thing."""
    return [check for check in CHECKS if check.looks_at == looks_at]
