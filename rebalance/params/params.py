"""The sections of params.yaml together, read and checked."""

from typing import Annotated

from pydantic import ValidationError, model_validator

from rebalance import paths
from rebalance.errors import InputError, shown
from rebalance.params import messages, ratios
from rebalance.params.fields import CLOSED, Name, Section
from rebalance.params.file import read
from rebalance.params.sections import (
    Calibrate,
    Data,
    Evaluate,
    Learner,
    LearningCurve,
    OutOfFold,
    Run,
    Split,
    Threshold,
    Tracking,
    Treatment,
    Tune,
)


class Params(Section):
    """Everything that one may change."""

    data: Data
    split: Split
    learner: Learner
    out_of_fold: OutOfFold
    learning_curve: LearningCurve = LearningCurve()
    resample: Annotated[dict[Name, Treatment], CLOSED]
    calibrate: Calibrate
    threshold: Threshold
    tune: Tune
    evaluate: Evaluate
    tracking: Tracking
    run: Run

    @model_validator(mode="after")
    def _names(self):
        for name in (paths.BASELINE, paths.TUNED, paths.MOVED):
            if name in self.resample:
                raise ValueError(f"resample.{name} must have another name: {name!r} is taken")
        return self

    def at(self, natural):
        """Return the parameters with every ratio a number, for rows of that natural ratio."""
        resample = {name: entry.at(natural) for name, entry in self.resample.items()}
        return self.model_copy(update={"resample": resample})

    def for_columns(self, names):
        """Return the parameters without the threshold rules whose column is not among ``names``."""
        return self.model_copy(update={"threshold": self.threshold.for_columns(names)})

    def too_high(self, natural):
        """Return a sentence for each entry whose first ratio is above the natural one."""
        return [
            f"{name} takes the ratio {entry.at(natural).ratio:.3g}: the training rows have "
            f"{natural:.3g} negatives per positive, and {passed[0]:g} asks for more."
            for name, entry in self.resample.items()
            if (passed := ratios.passed_over(entry.ratio, natural))
        ]

    def resampled(self, arguments):
        """Return the one name among ``arguments`` if it is a key of ``resample``."""
        if len(arguments) != 1 or arguments[0] not in self.resample:
            raise InputError(
                f"one model of resample must be named, one of {', '.join(self.resample)}; got "
                f"{' '.join(arguments) or 'none'}."
            )
        return arguments[0]


def parse(content):
    """Return the `Params` of a mapping, or raise `InputError`.

    It has a line for each wrong key: the key, the rule, the value.
    """
    if not isinstance(content, dict):
        raise InputError(f"{paths.PARAMS} must hold a mapping of sections, got {shown(content)}.")
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        lines = (f"{line}." for line in messages.lines(error, Params))
        raise InputError("\n".join(lines)) from error


def load(path=paths.PARAMS):
    """Return the parameters in ``path``."""
    return parse(read(path))
