"""One section of the report, before it is Markdown or HTML."""

from dataclasses import dataclass, field

from rebalance.report.sentences import with_ends

# The parts of the page, in its order.
DIFFERENCES, SCORES, DECISIONS, DATA, MORE = "differences", "scores", "decisions", "data", "more"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval: text in Markdown, a picture and text in HTML.

    ``sign`` is ``+`` for a difference, whose picture shows 0.
    """

    value: float
    low: float
    high: float
    sign: str = ""

    @classmethod
    def of(cls, interval, key="value", sign=""):
        """Return the estimate of an object with ``key``, ``low`` and ``high``."""
        value = getattr(interval, key)
        return cls(value=value, low=interval.low, high=interval.high, sign=sign)

    def __str__(self):
        """Return the number and its interval."""
        return with_ends(self, sign=self.sign)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A title, what to know when reading, figures, and a table or a list.

    Attributes
    ----------
    title, text : str
    headings : dict of str to str
        Key and heading of each column of the table.
    rows : list of dict
        By key; a key may be absent. Text stands left, numbers stand right.
    points : list of str
        A list below the text.
    figures : tuple of str
        Names of `figures.PICTURES`, on the page.
    part : str
        Where it stands on the page; ``more`` is folded away.
    short : bool
        Whether the short report, for terminals and pull requests, has it too.
    """

    title: str
    text: str = ""
    headings: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    points: list = field(default_factory=list)
    figures: tuple = ()
    part: str = MORE
    short: bool = False
