"""The threshold rules that params.yaml may name, one class for each, with the rule's options."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from rebalance.params import expressions
from rebalance.params.fields import Amount, Cost, Count, Section, Share

# How sure it is that a share holds on new rows; 0 promises nothing.
Confidence = Annotated[float, Field(ge=0, lt=1)]

Loss = Annotated[float, Field(gt=0, le=1e15)]


class ThresholdRule(Section):
    """A rule that turns scores into decisions.

    ``per_row`` says that each row has its own threshold, so that no single value decides; ``one``
    that a single value does.
    """

    per_row: ClassVar[bool] = False
    one: ClassVar[bool] = True
    rule: str

    @property
    def options(self):
        """Return the options of the rule's function in `rebalance.thresholds`."""
        return self.model_dump(exclude_none=True, exclude={"rule", "column"})


class Fixed(ThresholdRule):
    """The value itself."""

    rule: Literal["fixed"]
    value: Share = 0.5


class MaxFBeta(ThresholdRule):
    """The highest F-beta."""

    rule: Literal["max_fbeta"]
    beta: Annotated[float, Field(gt=0, le=1000)] = 1.0


class RecallAtPrecision(ThresholdRule):
    """The highest recall at a precision."""

    rule: Literal["recall_at_precision"]
    precision: Share
    confidence: Confidence = 0.95


class PrecisionAtRecall(ThresholdRule):
    """The highest precision at a recall."""

    rule: Literal["precision_at_recall"]
    recall: Share
    confidence: Confidence = 0.95


class AlertBudget(ThresholdRule):
    """So many alerts: a share of the rows, or a number out of a number of rows."""

    rule: Literal["alert_budget"]
    share: Share | None = None
    alerts: Annotated[int, Field(ge=0)] | None = None
    out_of: Count | None = None
    confidence: Confidence = 0.0

    @model_validator(mode="after")
    def _one_form(self):
        _check_budget(self)
        return self


class FalseAlarmBudget(ThresholdRule):
    """The most recall while so large a share of the negatives is flagged, and no larger."""

    rule: Literal["false_alarm_budget"]
    share: Share
    confidence: Confidence = 0.0


class ReviewBand(ThresholdRule):
    """Let pass, look at no more than a capacity, block: by precision, or by costs."""

    one: ClassVar[bool] = False
    rule: Literal["review_band"]
    share: Share | None = None
    alerts: Annotated[int, Field(ge=0)] | None = None
    out_of: Count | None = None
    precision: Share | None = None
    c_fp: Loss | None = None
    c_fn: Loss | None = None
    c_look: Amount = 0.0
    confidence: Confidence = 0.95

    @model_validator(mode="after")
    def _one_form(self):
        _check_budget(self)
        costs = self.c_fp is not None, self.c_fn is not None
        if any(costs) != all(costs) or (self.precision is None) != all(costs):
            raise ValueError("must have either precision, or c_fp and c_fn, not both")
        return self


def _check_budget(rule):
    """Raise ValueError where a number of alerts is given in two ways, or in none."""
    one = (rule.share is None) != (rule.alerts is None)
    if not one or (rule.alerts is None) != (rule.out_of is None):
        raise ValueError("must have either share, or alerts and out_of, not both")
    if rule.alerts is not None and rule.alerts > rule.out_of:
        raise ValueError(f"alerts must be at most out_of, got {rule.alerts} out of {rule.out_of}")


class ConstantCosts(ThresholdRule):
    """A cost for each outcome: false and true, positive and negative."""

    c_fp: Cost
    c_fn: Cost
    c_tp: Cost = 0.0
    c_tn: Cost = 0.0

    @model_validator(mode="after")
    def _mistakes_cost_more(self):
        for mistake, right in (("c_fp", "c_tn"), ("c_fn", "c_tp")):
            worse, better = getattr(self, mistake), getattr(self, right)
            if not worse > better:
                raise ValueError(f"{mistake} must exceed {right}, got {worse:g} and {better:g}")
        return self


class ExpectedCost(ConstantCosts):
    """The threshold that costs least when the scores are probabilities."""

    rule: Literal["expected_cost"]


class EmpiricalCost(ConstantCosts):
    """The threshold that cost least on the out-of-fold scores."""

    rule: Literal["empirical_cost"]


class AmountCost(ThresholdRule):
    """One threshold a row: a missed positive costs its amount, a flagged row ``c_admin``."""

    per_row: ClassVar[bool] = True
    one: ClassVar[bool] = False
    rule: Literal["amount_cost"]
    column: Annotated[str, Field(min_length=1)]
    c_admin: Amount

    @property
    def columns(self):
        """Return the columns that the rule looks at."""
        return [self.column]


def _cell(cost):
    """Return a cost as it is: a number, or an expression that can be read."""
    if isinstance(cost, str):
        expressions.parse(cost)
    return cost


Cell = Annotated[
    Cost | str, AfterValidator(_cell), Field(description="a number, or an expression of columns")
]


class CostByRow(ThresholdRule):
    """One threshold a row: what each outcome costs, as numbers, columns or expressions of them."""

    per_row: ClassVar[bool] = True
    one: ClassVar[bool] = False
    rule: Literal["cost_by_row"]
    c_fp: Cell
    c_fn: Cell
    c_tp: Cell = 0.0
    c_tn: Cell = 0.0

    @property
    def options(self):
        """Return no option: the costs are read with the rows."""
        return {}

    @property
    def cells(self):
        """Return the four costs by name."""
        return {name: getattr(self, name) for name in ("c_fp", "c_fn", "c_tp", "c_tn")}

    @property
    def columns(self):
        """Return the columns that the costs name."""
        texts = [cost for cost in self.cells.values() if isinstance(cost, str)]
        return sorted(set().union(*map(expressions.columns, texts)))


# Rules of one threshold from costs, and those of two thresholds or one for each row.
BY_COSTS = ("expected_cost", "empirical_cost")
TWO_OR_MORE = ("amount_cost", "cost_by_row", "review_band")

Rule = Annotated[
    Fixed
    | MaxFBeta
    | RecallAtPrecision
    | PrecisionAtRecall
    | AlertBudget
    | FalseAlarmBudget
    | ReviewBand
    | ExpectedCost
    | EmpiricalCost
    | AmountCost
    | CostByRow,
    Field(discriminator="rule"),
]
