"""One section of the report, before it is Markdown or HTML."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Section:
    """A title, what to know when reading, and a table or a list.

    Attributes
    ----------
    title, text : str
    headings : dict of str to str
        Key and heading of each column of the table.
    rows : list of dict
        By key; a key may be absent. Text stands left, numbers stand right.
    points : list of str
        A list below the text.
    """

    title: str
    text: str = ""
    headings: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)
    points: list = field(default_factory=list)
