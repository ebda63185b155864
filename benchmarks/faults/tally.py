"""Count what faults cost, and print it as a table."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """What one kind of fault cost: tries, and a line for each loss, wrong answer and traceback."""

    fault: str
    tries: int = 0
    lost: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    tracebacks: list = field(default_factory=list)

    @property
    def holds(self):
        """Say whether it was tried and cost nothing."""
        return bool(self.tries) and not (self.lost or self.wrong or self.tracebacks)

    @property
    def problems(self):
        """Return each loss, wrong answer and traceback."""
        return [
            f"{self.fault}: {kind}: {each}"
            for kind in ("lost", "wrong", "tracebacks")
            for each in getattr(self, kind)
        ]


def joined(tallies):
    """Return one tally for each fault, in the order in which they come first.

    >>> [(each.fault, each.tries) for each in joined([Tally("a", 1), Tally("b", 2), Tally("a", 3)])]
    [('a', 4), ('b', 2)]
    """
    sums = {}
    for each in tallies:
        one = sums.setdefault(each.fault, Tally(each.fault))
        one.tries += each.tries
        for kind in ("lost", "wrong", "tracebacks"):
            getattr(one, kind).extend(getattr(each, kind))
    return list(sums.values())


def text(tallies):
    """Return a line for each tally.

    >>> print(text([Tally("disk full", tries=3, lost=["a fit"])]))
    fault        tries    lost    wrong    tracebacks
    ---------  -------  ------  -------  ------------
    disk full        3       1        0             0
    """
    from tabulate import tabulate

    rows = [
        [each.fault, each.tries, len(each.lost), len(each.wrong), len(each.tracebacks)]
        for each in tallies
    ]
    return tabulate(rows, ["fault", "tries", "lost", "wrong", "tracebacks"], tablefmt="simple")
