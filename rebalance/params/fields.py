"""The parts of the sections of params.yaml: a strict base class, and numbers with a range."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


def digits(given):
    """Return a whole number as the text that it stands for; anything else as it is."""
    whole = isinstance(given, int) and not isinstance(given, bool)
    return str(given) if whole else given


Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Amount = Annotated[float, Field(ge=0, le=1e15)]
# Far beyond any price; sums of larger ones would be infinite.
Cost = Annotated[float, Field(ge=-1e15, le=1e15)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Folds = Annotated[int, Field(ge=2, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
# Files are named by it, and a name of a file has at most 255 bytes.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
# Of a mapping by `Name`: its JSON schema takes no other key.
CLOSED = Field(json_schema_extra={"additionalProperties": False})
# The name of a column or a file, which may look like a number.
Text = Annotated[str, BeforeValidator(digits), WithJsonSchema({"type": ["string", "integer"]})]
Label = bool | int | float | str


class Section(BaseModel):
    """A section of params.yaml: no unknown key, no silent conversion, no change."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
