"""The sections of params.yaml: their keys, types and rules."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator, model_validator

from rebalance.errors import shown
from rebalance.params import messages, names, ratios
from rebalance.params.fields import (
    CLOSED,
    Count,
    Folds,
    Fraction,
    Label,
    Name,
    Positive,
    Section,
    Seed,
    Text,
)
from rebalance.params.read import Read
from rebalance.params.rules import BY_COSTS, TWO_OR_MORE, Rule

Number = Annotated[int | float | None, Field(description="a number")]
Kind = Annotated[
    str, AfterValidator(names.treatment), WithJsonSchema(names.schema(names.TREATMENTS))
]
# What goes to a constructor of scikit-learn or imbalanced-learn by name.
Arguments = Annotated[dict[str, object], AfterValidator(messages.quoted_numbers)]


class Simulated(Section):
    """The size of the simulated table."""

    rows: Annotated[int, Field(ge=100, le=2_000_000_000)]
    positives: Annotated[int, Field(ge=10)]
    seed: Seed

    @model_validator(mode="after")
    def _rare(self):
        if self.positives >= self.rows:
            raise ValueError(f"positives must be below rows, got {self.positives} of {self.rows}")
        return self


# In an address: a password, and the value of what is a secret by its name, unless it is a variable
# of the environment.
VARIABLE = r"\$\{[A-Za-z_]\w*\}"
SECRETS = re.compile(
    # A password may hold a slash, where it should not.
    rf"://(?!(?:[^\s/?#:@]*:)?{VARIABLE}@)(?:[^\s/?#]*|[^\s/?#@:]*:(?!\d+/)\S*)@"
    r"|[?&;#](?:[^=&;#]*[-_.])?(?:token|secret|passw(?:or)?d|pwd|sig|signature|credential|auth"
    r"|authorization|(?:api|access|secret)?[-_]?key(?:id)?|awsaccesskeyid)="
    rf"(?!{VARIABLE}(?:[&;#]|$))[^&;#]",
    re.IGNORECASE,
)
# A file or a folder that is not of this machine.
ADDRESS = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/]+/\S+"

# The kinds that a person may give a column: columns.SAYABLE.
Kinds = dict[str, Literal["number", "boolean", "category", "text", "date", "id"]]


class Data(Section):
    """Where rows come from and what they mean."""

    source: Literal["simulated", "creditcard", "url", "file"]
    path: Text
    pattern: str = "*"
    url: str
    sha256: str
    target: Text
    positive: Annotated[
        Label | Annotated[list[Label], Field(min_length=1)],
        Field(
            description="a label (a number, a text, true or false), or a list of labels; one that "
            "YAML reads otherwise, such as null or a date, needs quotes"
        ),
    ]
    unlabelled: Literal["refuse", "drop"] = "refuse"
    prevalence: Fraction | None = None
    drop: list[Text]
    columns: Kinds = Field(default_factory=dict)
    read: Read = Read()
    simulated: Simulated

    @field_validator("path", "url")
    @classmethod
    def _open(cls, address):
        if SECRETS.search(address):
            raise ValueError(
                "must hold no password, token or key: params.yaml and dvc.lock are in git. In "
                "data.url write ${NAME} in its place, and set the environment variable NAME"
            )
        return address

    @model_validator(mode="after")
    def _pinned(self):
        if self.source == "url" and not re.fullmatch(ADDRESS, self.url):
            raise ValueError(
                "url must be the address of a file, as https://host/rows.csv or "
                f"s3://bucket/rows.csv, for source url, got {shown(self.url.partition('?')[0])}"
            )
        if self.source == "url" and not re.fullmatch(r"[0-9a-fA-F]{64}", self.sha256):
            raise ValueError(
                f"sha256 must be 64 hexadecimal digits for source url, got {shown(self.sha256)}; "
                "'sha256sum FILE' prints them"
            )
        wild = set("*") if re.match(ADDRESS, self.path) else set("*?")
        if self.source == "file" and (not self.path or set(self.path) & wild):
            raise ValueError(
                f"path must be a file or a folder for source file, got {shown(self.path)}; which "
                "files of a folder is for pattern to say"
            )
        return self


class Split(Section):
    """How the test rows are held out."""

    method: Literal["stratified", "time", "group", "column", "hashed"]
    column: str
    test_size: Fraction
    final: Annotated[float, Field(ge=0, lt=1)] = 0.0
    train_negatives: Annotated[
        Positive | None, Field(description="negatives per positive: a number above 0, or null")
    ] = None
    gap: Annotated[float, Field(ge=0)]
    seed: Seed

    @model_validator(mode="after")
    def _column(self):
        if self.method not in {"stratified", "hashed"} and not self.column:
            raise ValueError(f"column must be named for method {self.method}, got ''")
        if self.test_size + self.final >= 1:
            raise ValueError(
                "test_size and final must leave rows to train on, got "
                f"{self.test_size:g} and {self.final:g}"
            )
        if self.method == "column" and self.final:
            raise ValueError(
                f"final must be 0 for method column, whose column says final itself, got "
                f"{self.final:g}"
            )
        if self.method == "hashed" and self.final:
            raise ValueError(f"final must be 0 for method hashed, got {self.final:g}")
        if self.train_negatives is not None and self.method != "hashed":
            raise ValueError(
                f"train_negatives must be null for method {self.method}, got "
                f"{self.train_negatives:g}; method hashed leaves negatives out"
            )
        return self

    @property
    def is_grouped(self):
        """Say whether rows of equal values in a column are on one side."""
        return self.method == "group" or (self.method == "hashed" and bool(self.column))


class Learner(Section):
    """The estimator underneath every treatment."""

    name: Annotated[
        str, AfterValidator(names.learner), WithJsonSchema(names.schema(names.LEARNERS))
    ]
    params: Arguments
    seed: Seed


class OutOfFold(Section):
    """Folds of the training rows that give each row a score by a model that did not see it."""

    key: ClassVar[str] = "out_of_fold"
    folds: Folds
    repeats: Count
    seed: Seed


class LearningCurve(Section):
    """Shares of the training rows on which the learner is trained as well, without treatment."""

    shares: list[Fraction] = Field(default_factory=list)


class Treatment(Section):
    """The treatment of imbalance for one model."""

    treatment: Kind
    ratio: Annotated[object, AfterValidator(ratios.check), WithJsonSchema(ratios.SCHEMA)] = None
    weight: Annotated[
        Literal["balanced"] | Positive | None, Field(description="balanced or a number above 0")
    ] = None
    column: str = ""
    params: Arguments = Field(default_factory=dict)
    seed: Seed = 0

    def at(self, natural):
        """Return the treatment with its ratio as a number, for rows of that natural ratio."""
        return self.model_copy(update={"ratio": ratios.at(self.ratio, natural)})


class Calibrate(Section):
    """How scores become probabilities at the natural prevalence."""

    prior: bool
    curve: Literal["none", "sigmoid", "isotonic"]


class Threshold(Section):
    """How scores become decisions; without ``use`` the first rule with costs decides, if any."""

    use: Name = ""
    rules: Annotated[dict[Name, Rule], CLOSED]

    @model_validator(mode="before")
    @classmethod
    def _decides(cls, content):
        rules = content.get("rules") if isinstance(content, dict) else None
        if not isinstance(rules, dict) or content.get("use"):
            return content
        kinds = {key: each.get("rule") for key, each in rules.items() if isinstance(each, dict)}
        others = [key for key, kind in kinds.items() if kind not in TWO_OR_MORE]
        first = [key for key in others if kinds[key] in BY_COSTS] or others
        return content | ({"use": first[0]} if first else {})

    @model_validator(mode="after")
    def _known(self):
        if self.use not in self.rules:
            raise ValueError(f"use must be one of {', '.join(self.rules)}, got {shown(self.use)}")
        if not self.rules[self.use].one:
            raise ValueError(f"use must be a rule with one threshold for all rows, got {self.use}")
        return self

    def for_columns(self, names):
        """Return the section without the rules that look at a column not among ``names``."""
        rules = {
            key: rule
            for key, rule in self.rules.items()
            if not rule.per_row or set(rule.columns) <= set(names)
        }
        return self.model_copy(update={"rules": rules})


class Range(Section):
    """Values of one argument of the learner that a study may try."""

    low: Number = None
    high: Number = None
    log: bool = False
    choices: list[bool | int | float | str | None] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_kind(self):
        bounds = self.low is not None and self.high is not None
        if bounds == bool(self.choices) or (bounds and not self.low < self.high):
            raise ValueError(
                f"must have low below high, or choices, got {self.low}, {self.high} and "
                f"{self.choices}"
            )
        if self.log and not (bounds and self.low > 0):
            raise ValueError(f"low must be a number above 0 on a log scale, got {self.low}")
        return self

    @property
    def lowest(self):
        """Return the first value that may be tried."""
        return self.choices[0] if self.choices else self.low

    def suggest(self, trial, name):
        """Return the value that an Optuna trial asks for."""
        if self.choices:
            return trial.suggest_categorical(name, self.choices)
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        ask = trial.suggest_int if whole else trial.suggest_float
        return ask(name, self.low, self.high, log=self.log)


class Tune(Section):
    """The study of the ratio."""

    key: ClassVar[str] = "tune"
    treatment: Kind
    also: list[Kind]
    learner: dict[str, Range]
    metric: Literal[names.SCORERS]
    low: Count
    anchors: list[Count]
    trials: Count
    folds: Folds
    batch: Count
    prune: bool
    one_standard_error: bool
    seed: Seed


class Evaluate(Section):
    """The evaluation on the test rows; ``metric`` needs no threshold, decisions come with it."""

    metric: Literal[names.VERDICT_METRICS]
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.01
    # A million draws move no digit that is shown, and take hours.
    bootstrap: Annotated[int, Field(ge=100, le=1_000_000)]
    alerts: Count
    precision: Fraction
    groups: str
    segments: list[str] = Field(default_factory=list)
    seeds: Annotated[int, Field(ge=1, le=50)] = 1
    seed: Seed

    @field_validator("seeds")
    @classmethod
    def _spread(cls, seeds):
        if seeds == 2:
            raise ValueError("must be 1, or 3 and more: two fits do not show how far seeds spread")
        return seeds


class Tracking(Section):
    """Where runs are recorded: no effect on any result."""

    # Of the experiment's name MLflow makes that of the registered model, in which it refuses these.
    experiment: Annotated[
        str, Field(min_length=1, pattern=r"^[^/:]+$", description="a name, without / and :")
    ]
    required: bool = False


class Run(Section):
    """How the work is done: no effect on any result."""

    engine: Annotated[
        str,
        Field(
            pattern=r"^(auto|thread|process|dask|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
            description="one of auto, thread, process, dask, or module:function",
        ),
    ]
    workers: Annotated[int, Field(ge=0, le=10_000)]
    address: str = ""
    hours: Positive = 100.0
