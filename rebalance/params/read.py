"""The section ``data.read``: how the files of a table are written."""

import codecs
from typing import Annotated, Literal

from pydantic import Field, field_validator

from rebalance.errors import shown
from rebalance.params.fields import Section, Text

Mark = str | int | float


class Read(Section):
    """How the files of a table are written; what is left out is recognised by the files."""

    separator: Literal[",", ";", "\t", "|", "tab", "blanks"] | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str = ""
    sheet: str = ""
    header: bool | None = None
    skip: Annotated[int, Field(ge=0)] | None = None
    columns: list[Text] = Field(default_factory=list)
    missing: list[Mark] | dict[str, list[Mark]] = Field(
        default_factory=list, description="a list of marks, or of columns with a list each"
    )
    present: list[str] = Field(default_factory=list)
    text: list[Text] = Field(default_factory=list)
    dates: Literal["day_first", "month_first"] | None = None

    @field_validator("separator")
    @classmethod
    def _tab(cls, separator):
        return "\t" if separator == "tab" else separator

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding):
        try:
            return encoding and codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError(
                "must be an encoding that Python knows, such as cp1252 or utf-16, got "
                f"{shown(encoding)}"
            ) from error

    def marks(self, column):
        """Return the marks of a missing value in a column, in addition to those recognised."""
        if isinstance(self.missing, dict):
            return self.missing.get(column, [])
        return self.missing
