"""One section of the report, before it is Markdown or HTML."""

from dataclasses import dataclass, field

from rebalance.report.sentences import called_for, with_ends

# The parts of the page, in its order.
DIFFERENCES, SCORES, DECISIONS, DATA, MORE = "differences", "scores", "decisions", "data", "more"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval: text in Markdown, a picture and text in HTML.

    ``sign`` is ``+`` for a difference, whose picture shows 0; what is not ``drawn`` has none.
    """

    value: float
    low: float
    high: float
    sign: str = ""
    drawn: bool = True

    @classmethod
    def of(cls, interval, key="value", **more):
        """Return the estimate of an object with ``key``, ``low`` and ``high``."""
        return cls(value=getattr(interval, key), low=interval.low, high=interval.high, **more)

    def text(self, decimals):
        """Return the number and its interval with so many decimals."""
        return with_ends(self, sign=self.sign, decimals=decimals)

    @staticmethod
    def shared(estimates):
        """Return how many decimals estimates of one kind share: those that the narrowest calls for.

        More than six only where every one calls for them.

        >>> def of(error):
        ...     return Estimate(value=0.5, low=0.5 - error, high=0.5 + error)
        >>> wide, narrow, tiny = of(0.1), of(2e-5), of(1e-8)
        >>> [Estimate.shared(each) for each in ([wide], [wide, narrow], [wide, tiny], [tiny])]
        [3, 6, 6, 9]
        """
        called = [called_for(each) for each in estimates]
        return max(min(called), min(max(called), 6))


@dataclass(frozen=True, kw_only=True)
class Section:
    """A title, what to know when reading, figures, and a table or a list.

    Attributes
    ----------
    title, text : str
    notes : str
        How the numbers were made: folded away on the page, at the end of the short report.
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
    notes: str = ""
    headings: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    points: list = field(default_factory=list)
    figures: tuple = ()
    part: str = MORE
    short: bool = False
