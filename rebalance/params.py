"""Typed, strict, frozen view of params.yaml."""

import re
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rebalance import paths, thresholds
from rebalance.errors import InputError

Fraction = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Folds = Annotated[int, Field(ge=2)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

# YAML 1.1 (PyYAML) reads these as text, YAML 1.2 (DVC) as numbers.
NUMBER_AS_TEXT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Section(BaseModel):
    """A section of params.yaml: no unknown key, no silent conversion, no change."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Simulated(Section):
    """The size of the simulated table."""

    rows: Annotated[int, Field(ge=100)]
    positives: Annotated[int, Field(ge=10)]
    seed: Seed

    @model_validator(mode="after")
    def _rare(self):
        if self.positives >= self.rows:
            raise ValueError(f"positives must be below rows, got {self.positives} of {self.rows}")
        return self


class Data(Section):
    """Where rows come from and what they mean."""

    source: Literal["simulated", "creditcard", "url", "file"]
    path: str
    pattern: str = "*"
    url: str
    sha256: str
    target: str
    positive: bool | int | float | str
    drop: list[str]
    simulated: Simulated

    @model_validator(mode="after")
    def _pinned(self):
        if self.source == "url" and not re.fullmatch(r"https?://\S+|file://\S+", self.url):
            raise ValueError(f"url must be an address for source url, got {self.url!r}")
        if self.source == "url" and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(
                f"sha256 must be 64 hexadecimal digits for source url, got {self.sha256!r}; "
                "'sha256sum FILE' prints them"
            )
        if self.source == "file" and not self.path:
            raise ValueError("path must name a file for source file, got ''")
        return self


class Split(Section):
    """What is held out for the one look at the end."""

    method: Literal["stratified", "time", "group", "column"]
    column: str
    test_size: Fraction
    gap: Annotated[float, Field(ge=0)]
    seed: Seed

    @model_validator(mode="after")
    def _column(self):
        if self.method != "stratified" and not self.column:
            raise ValueError(f"column must be named for method {self.method}, got ''")
        return self


class Learner(Section):
    """The estimator underneath every treatment."""

    name: str
    params: dict[str, object]
    seed: Seed


class OutOfFold(Section):
    """Folds of the training rows that give each row a score by a model that did not see it."""

    folds: Folds
    repeats: Count
    seed: Seed


class Treatment(Section):
    """What is done about imbalance, for one model."""

    treatment: str
    ratio: Positive | None = None
    weight: Literal["balanced"] | Positive | None = None
    column: str = ""
    params: dict[str, object] = {}
    seed: Seed = 0


class Calibrate(Section):
    """How scores become probabilities at the natural prevalence."""

    prior: bool
    curve: Literal["none", "sigmoid", "isotonic"]


class Rule(Section):
    """A rule that turns scores into decisions, with its options."""

    rule: str
    column: str = ""
    value: float | None = None
    beta: float | None = None
    precision: float | None = None
    recall: float | None = None
    share: float | None = None
    alerts: int | None = None
    out_of: int | None = None
    c_fp: float | None = None
    c_fn: float | None = None
    c_tp: float | None = None
    c_tn: float | None = None
    c_admin: float | None = None

    @property
    def options(self):
        """Return what the rule's function takes."""
        return self.model_dump(exclude_none=True, exclude={"rule", "column"})

    @model_validator(mode="after")
    def _works(self):
        try:
            thresholds.choose(self.rule, [0, 1], [0.2, 0.8], **self.options)
        except TypeError as error:
            raise ValueError(f"rule {self.rule!r}: {str(error).partition('() ')[2]}") from error
        if self.rule == "amount_cost" and not self.column:
            raise ValueError("rule 'amount_cost' needs the column of the amounts, got ''")
        return self


class Threshold(Section):
    """How scores become decisions."""

    use: Name
    rules: dict[Name, Rule]

    @model_validator(mode="after")
    def _known(self):
        if self.use not in self.rules:
            raise ValueError(f"use must be one of {', '.join(self.rules)}, got {self.use!r}")
        if self.rules[self.use].rule == "amount_cost":
            raise ValueError(f"use must be a rule with one threshold for all rows, got {self.use}")
        return self


class Tune(Section):
    """The study of the ratio."""

    treatment: str
    metric: str
    low: Count
    anchors: list[Count]
    trials: Count
    folds: Folds
    batch: Count
    prune: bool
    one_standard_error: bool
    seed: Seed


class Evaluate(Section):
    """The one look at the test rows."""

    metric: str
    bootstrap: Annotated[int, Field(ge=100)]
    seed: Seed


class Tracking(Section):
    """Where runs are recorded: no effect on any result."""

    experiment: Annotated[str, Field(min_length=1)]


class Run(Section):
    """How the work is done: no effect on any result."""

    engine: Literal["thread"]
    workers: Annotated[int, Field(ge=0)]


class Params(Section):
    """Everything that one may change."""

    data: Data
    split: Split
    learner: Learner
    out_of_fold: OutOfFold
    resample: dict[Name, Treatment]
    calibrate: Calibrate
    threshold: Threshold
    tune: Tune
    evaluate: Evaluate
    tracking: Tracking
    run: Run

    @model_validator(mode="after")
    def _names(self):
        for name in (paths.BASELINE, paths.TUNED):
            if name in self.resample:
                raise ValueError(f"resample.{name} must have another name: {name!r} is taken")
        return self

    def resampled(self, arguments):
        """Return the one name among ``arguments`` if it is a key of ``resample``."""
        if len(arguments) != 1 or arguments[0] not in self.resample:
            raise InputError(
                f"one model of resample must be named, one of {', '.join(self.resample)}; got "
                f"{' '.join(arguments) or 'none'}."
            )
        return arguments[0]


def _texts(value, key=""):
    """Yield (key, text) for every text below ``value``."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, f"{key}.{i}")
    elif isinstance(value, str):
        yield key, value


RULES = {
    "extra_forbidden": "is no key of {section}; known: {known}",
    "missing": "is missing; known keys of {section}: {known}",
    "int_type": "must be a whole number, got {value!r}",
    "float_type": "must be a number, got {value!r}",
    "bool_type": "must be true or false, got {value!r}",
    "string_type": "must be text, got {value!r}",
    "list_type": "must be a list, got {value!r}",
    "dict_type": "must be a mapping, got {value!r}",
    "model_type": "must be a mapping, got {value!r}",
    "literal_error": "must be one of {expected}, got {value!r}",
    "greater_than": "must be above {gt}, got {value!r}",
    "less_than": "must be below {lt}, got {value!r}",
    "greater_than_equal": "must be {ge} or more, got {value!r}",
    "string_pattern_mismatch": "must be lower-case letters, digits and _, got {value!r}",
}


def _known(location):
    """Return the name and the keys of the section that holds the key at ``location``."""
    section, model = "params.yaml", Params
    for part in location[:-1]:
        field = model.model_fields.get(part)
        if field is None or not hasattr(field.annotation, "model_fields"):
            model = {"resample": Treatment, "threshold": Rule}.get(location[0], model)
            section = ".".join(str(part) for part in location[:-1])
            continue
        section, model = part if model is Params else f"{section}.{part}", field.annotation
    return section, ", ".join(model.model_fields)


def _line(error):
    """Return one clear line for the first of pydantic's errors."""
    first = error.errors()[0]
    location = [part for part in first["loc"] if part not in {"[key]"}]
    # Pydantic names the branch of a union as if it were a key.
    if location[:1] == ["resample"]:
        location = location[:3]
    elif location[:2] == ["threshold", "rules"]:
        location = location[:4]
    elif location[:2] == ["data", "positive"]:
        location = location[:2]
    section, known = _known(location)
    rule = RULES.get(first["type"])
    context = first.get("ctx", {}) | {"section": section, "known": known, "value": first["input"]}
    if first["type"] == "value_error":
        message = first["msg"].removeprefix("Value error, ")
        return ".".join([*map(str, location), message]) if location else message
    text = rule.format(**context) if rule else f"{first['msg']}, got {first['input']!r}"
    return f"{'.'.join(map(str, location))} {text}"


def parse(content):
    """Return the `Params` of a mapping; `InputError` is one line: the key, the rule, the value."""
    if not isinstance(content, dict):
        raise InputError(f"{paths.PARAMS} must hold a mapping of sections, got {content!r}.")
    for key, text in _texts(content):
        if key.startswith("data."):
            continue
        if NUMBER_AS_TEXT.fullmatch(text):
            number = f"{float(text):.1e}" if "e" in text.lower() else text
            raise InputError(f"{key} must be a number, got the text {text!r}: write {number}")
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise InputError(_line(error)) from error


def load(path=paths.PARAMS):
    """Return the parameters in ``path``."""
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} is missing here; run from the root of the repository.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is not YAML: {reason}") from error
    return parse(content)
