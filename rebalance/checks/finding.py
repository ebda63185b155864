"""A finding of a check: its code, its severity, and one sentence."""

from dataclasses import asdict, dataclass

# A warning says that the answer may mislead, a note what its reader should know.
WARNING, NOTE = "warning", "note"
SEVERITIES = (WARNING, NOTE)
MOST_NAMES, LONGEST_NAME = 10, 40


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence of a check, with the check's code and severity."""

    code: str
    severity: str
    sentence: str

    def to_dict(self):
        """Return the finding as JSON holds it."""
        return asdict(self)

    def __str__(self):
        """Return the finding as one line."""
        return f"{self.code} {self.severity}: {self.sentence}"


def in_order(findings):
    """Return findings by severity, warnings first, then by code."""
    return sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.code))


def quoted(name):
    """Return a name in quotes, cut to 40 characters."""
    return repr(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")


def listed(names):
    """Return names in quotes, ten at most.

    >>> listed(["a"]), listed(["a", "b"])
    ("'a'", "'a' and 'b'")
    >>> listed([f"V{i}" for i in range(12)])
    "'V0', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6', 'V7', 'V8', 'V9' and 2 more"
    """
    names = list(names)
    shown = [quoted(name) for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        return f"{', '.join(shown)} and {len(names) - MOST_NAMES} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def details(parts):
    """Return parts of a sentence, ten at most, between semicolons."""
    parts = list(parts)
    more = [f"and {len(parts) - MOST_NAMES} more"] * (len(parts) > MOST_NAMES)
    return "; ".join(parts[:MOST_NAMES] + more)


def counted(features, one, many):
    """Return how many features there are, with the verb in its number.

    >>> counted(["a"], "holds", "hold"), counted(["a", "b"], "holds", "hold")
    ('1 feature holds', '2 features hold')
    """
    number = len(features)
    return f"1 feature {one}" if number == 1 else f"{number:,} features {many}"


def per_cent(share):
    """Return a share in per cent, with one decimal.

    >>> per_cent(0.0423), per_cent(1), per_cent(0.9996)
    ('4.2 %', '100 %', 'over 99.9 %')
    """
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{share * 100:.1f} %".replace(".0 %", " %")
