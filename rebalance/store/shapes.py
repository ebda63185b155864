"""What JSON and YAML files that stages read must hold: the types of what is read from them.

A key that is missing is said where it is asked for, since files of earlier versions lack some.
"""

from functools import cache
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rebalance.columns import KINDS
from rebalance.errors import InputError, shown

Count = Annotated[int, Field(ge=0)]
Some = Annotated[int, Field(gt=0)]
# A setting that is no number stands as a key: {"max_features": {"sqrt": 1}}.
Number = float | dict[str, int]
ALTERNATIVES = ("float", "dict[str,int]", "str", "dict[str,any]")
RULES = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "literal_error": "a kind of column",
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "greater_than": "above 0",
    "greater_than_equal": "0 or above",
    "too_short": "a mapping of one entry or more",
    "missing": "a key",
}


class Mapping(BaseModel):
    """Check the types of the keys that are read; other keys are allowed."""

    # Built when it is first used: a stage reads few of these files.
    model_config = ConfigDict(strict=True, allow_inf_nan=False, defer_build=True)


class Kept(Mapping):
    """The training rows that are left where negatives were left out."""

    rows: Some = None
    natural_ratio: float = None
    negative_weight: float = None


class Side(Mapping):
    """Training rows, test rows or sealed rows."""

    rows: Some = None
    positives: Count = None
    prevalence: float = None
    natural_ratio: float = None
    no_information_rate: float = None
    missing_values: Count = None
    rows_also_in_train: Count = None
    positives_also_in_train: Count = None
    checksum: str = None
    sha256: str = None
    table: str = None
    kept: Kept = None


class Split(Mapping):
    """metrics/split.json."""

    train: Side = None
    test: Side = None
    final: Side = None
    columns: dict[str, Literal[tuple(KINDS)]] = None


class Column(Mapping):
    """A column of metrics/reading.json."""

    missing: Count = None
    marks: dict[str, Any] = None


class Reading(Mapping):
    """metrics/reading.json."""

    columns: dict[str, Column] = None
    said: list[str] = None


class Finding(Mapping):
    """What a check found."""

    code: str = None
    severity: str = None
    sentence: str = None


class Point(Mapping):
    """A point of the learning curve."""

    share: float = None
    positives: float = None
    score: float = None
    standard_error: float = None


class Twice(Mapping):
    """What twice as many positives would add."""

    positives: float = None
    score: float = None
    gain: float = None
    low: float = None
    high: float = None


class Curve(Mapping):
    """The learning curve."""

    points: list[Point] = None
    twice: Twice = None


class Arm(Mapping):
    """What the study found of one treatment."""

    fits: Count = None
    pruned: Count = None
    ratio: float = None
    score: float = None
    score_se: float = None
    gain_of_treatment: float = None
    gain_of_treatment_se: float = None


class Study(Mapping):
    """What the study of the ratio found."""

    best_ratio: float = None
    best_score: float = None
    best_score_se: float = None
    natural_ratio: float = None
    natural_score: float = None
    natural_score_se: float = None
    chosen_ratio: float = None
    chosen_score: float = None
    gain_of_tuning: float = None
    gain_of_treatment: float = None
    trials: Count = None
    fits: Count = None
    pruned: Count = None
    arms: dict[str, Arm] = None
    chosen: Annotated[dict[str, Number], Field(min_length=1)] = None


class Trained(Mapping):
    """What a training stage says of its model."""

    out_of_fold: dict[str, float] = None
    model: dict[str, float] = None
    thresholds: dict[str, float | None] = None
    learning_curve: Curve = None
    study: Study = None


class Shuffled(Mapping):
    """What a column is worth to a model."""

    loss: float = None
    standard_error: float = None


class Interval(Mapping):
    """A value and its interval."""

    value: float = None
    low: float = None
    high: float = None


class Verdict(Mapping):
    """What is said of a model against the baseline."""

    verdict: str = None
    difference: float = None
    low: float = None
    high: float = None
    about: str = None


class Comparison(Mapping):
    """metrics/comparison.json."""

    baseline: str = None
    metric: str = None
    intervals: dict[str, dict[str, Interval]] = None
    verdicts: dict[str, Verdict] = None


class Answer(Mapping):
    """metrics/answer.json, of which docs/answer.schema.json says more."""

    answer: str = None
    recommended: str = None


class Opened(Mapping):
    """metrics/final.json: the one look at the sealed rows."""

    rows: Side = None
    recommended: str = None


class Stage(Mapping):
    """A stage of dvc.yaml, as far as it is read here."""

    do: "Stage" = None
    params: list[str | dict[str, Any]] | None = None
    deps: list[str | dict[str, Any]] | None = None
    outs: list[str | dict[str, Any]] = None
    metrics: list[str | dict[str, Any]] = None
    plots: list[str | dict[str, Any]] = None


class Pipeline(Mapping):
    """dvc.yaml."""

    stages: dict[str, Stage]


class Output(Mapping):
    """A file of dvc.lock."""

    path: str


class Locked(Mapping):
    """A stage of dvc.lock."""

    params: dict[str, dict[str, Any]] = None
    deps: list[Output] = None
    outs: list[Output] = None


class Lock(Mapping):
    """dvc.lock."""

    stages: dict[str, Locked] = None


# The first pattern that a path matches.
SHAPES = {
    "metrics/split.json": Split,
    "metrics/reading.json": Reading,
    "metrics/checks/split.json": list[Finding],
    "metrics/importance/*.json": dict[str, Shuffled],
    "metrics/train_baseline.json": Trained,
    "metrics/train_resampled/*.json": Trained,
    "metrics/tune_ratio.json": Trained,
    "metrics/scores.json": dict[str, dict[str, Any]],
    "metrics/comparison.json": Comparison,
    "metrics/answer.json": Answer,
    "metrics/final.json": Opened,
    ".rebalance/final.json": Opened,
    "dvc.yaml": Pipeline,
    "dvc.lock": Lock,
}
# What no stage writes, and how it comes back.
MENDED = {
    "dvc.yaml": "restore it by 'git checkout HEAD -- dvc.yaml'",
    "dvc.lock": "run 'rebalance doctor', or restore it by 'git checkout HEAD -- dvc.lock'",
    "metrics/final.json": "restore it by 'git checkout HEAD -- metrics/final.json'",
    ".rebalance/final.json": "put the metrics/final.json of the last commit in its place",
}


def check(path, content):
    """Raise `InputError` where the content of a file is of another type than it must be.

    A file without a shape is not checked here: whatever reads it checks its content.
    """
    try:
        if shape := _shape(PurePath(path)):
            shape.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # pydantic names which of several types it tried as well.
        keys = [str(key) for key in first["loc"] if key not in ALTERNATIVES]
        rule = RULES.get(first["type"]) or first["msg"]
        raise InputError(
            f"{path} is damaged: {shown('.'.join(keys)) if keys else 'it'} must be {rule}, got "
            f"{shown(first['input'])}; {mended(path)}."
        ) from error


def mended(path):
    """Return what brings a damaged file back, in words: most are made again by their stage."""
    of = (words for name, words in MENDED.items() if PurePath(path).match(name))
    return next(of, "run 'dvc repro' to make it again")


@cache
def _shape(path):
    """Return what checks a file, by its path; that of a copy is the same."""
    kinds = (kind for pattern, kind in SHAPES.items() if path.match(pattern))
    kind = next(kinds, None)
    return kind and TypeAdapter(kind)
