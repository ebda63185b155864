"""Costs that differ by row: numbers, columns and expressions, and the decisions that they make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance import thresholds
from rebalance.errors import InputError
from rebalance.judging import rules
from rebalance.params import expressions
from rebalance.store import Table
from tests.strategies import params

Y = np.array([1, 0, 1, 0, 1, 0])
AMOUNT = np.array([100.0, 50.0, 4.0, 1000.0, 20.0, 0.0])


def table(**others):
    return Table(X=AMOUNT[:, None], y=Y, features=["Amount"], others=others)


def section(**cells):
    costs = {"rule": "cost_by_row", "c_fp": 5, "c_fn": "Amount"} | cells
    chosen = {"half": {"rule": "fixed", "value": 0.5}, "own": costs}
    return params(threshold__use="half", threshold__rules=chosen).threshold


def values(text, **columns):
    return expressions.value(text, columns.__getitem__, np.minimum, np.maximum)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("a", [1, 2]),
        ("0.5 * a + 5", [5.5, 6]),
        ("-a / (b - 1)", [-1 / 9, -2 / 19]),
        ("max(a, 2) - min(b, 15)", [-8, -13]),
        ("2 - 1 - a", [0, -1]),
    ],
)
def test_an_expression_is_arithmetic_row_by_row(text, expected):
    found = values(text, a=np.array([1.0, 2.0]), b=np.array([10.0, 20.0]))
    np.testing.assert_allclose(found, expected)


def test_a_name_that_is_no_word_stands_in_backquotes():
    assert expressions.columns("`paid in full` * 2 + `2nd` - x") == {"paid in full", "2nd", "x"}
    assert values("`a b` + 1", **{"a b": 2}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "a.b", "a[0]", "a ** 9", "a if b else c", "open(a)",
        "lambda: 1", "a, b", "'text'", "max(a)", "max(a, b, c)", "max(*a)", "True", "a <", "", "1j",
        "a and b", "f'{a}'", "(a := 1)", "min(a, key=b)", "~a", "+ " * 300 + "a",
    ],
)  # fmt: skip
def test_nothing_but_arithmetic_is_read(text):
    with pytest.raises(ValueError, match=r"must be numbers and columns with \+ - \* / "):
        expressions.parse(text)


def test_params_name_the_cell_that_cannot_be_read():
    with pytest.raises(InputError) as caught:
        section(c_fn="Amount **")
    assert "threshold.rules.own.c_fn must be numbers and columns with" in str(caught.value)


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_a_row_is_flagged_when_that_costs_no_more_in_expectation(p):
    p, rule = np.array(p), section(c_fn="0.5 * Amount + 9", c_fp=7, c_tp=2, c_tn=1).rules["own"]
    costs = thresholds.amounts(table(), "own", rule)
    flagged = thresholds.choose("cost_by_row", Y, p).flag(p, costs)
    for row in range(6):
        when_flagged = p[row] * 2 + (1 - p[row]) * 7
        when_not = p[row] * (0.5 * AMOUNT[row] + 9) + (1 - p[row]) * 1
        assert flagged[row] == (when_flagged <= when_not) or when_flagged == pytest.approx(when_not)


def test_constant_costs_decide_as_the_rule_of_constant_costs():
    p = np.linspace(0, 1, 6)
    rule = section(c_fn=30, c_fp=5, c_tp=1).rules["own"]
    flagged = thresholds.choose("cost_by_row", Y, p).flag(
        p, thresholds.amounts(table(), "own", rule)
    )
    constant = thresholds.choose("expected_cost", Y, p, c_fn=30, c_fp=5, c_tp=1)
    assert flagged.tolist() == constant.flag(p).tolist()


def test_what_the_decisions_cost_worked_by_hand():
    p = np.array([0.9, 0.2, 0.5, 0.001, 0.1, 0.9])
    found = rules.by_rule(
        table(), p, {"own": {"name": "cost_by_row", "value": None}}, {"own": section().rules["own"]}
    )["own"]
    # Flagged where p x Amount reaches 5 x (1 - p): rows 0 and 1. Missed: amounts 4 and 20.
    assert (found["true_positives"], found["false_positives"]) == (1, 1)
    assert found["cost"] == 5 + 4 + 20
    assert found["cost_of_none"] == 124
    assert found["cost_of_all"] == 15
    assert found["savings"] == pytest.approx(1 - 29 / 15)
    assert found["savings_low"] < found["savings"] < found["savings_high"]


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ({"c_fn": "Loss"}, r"own\.c_fn must be a column, got 'Loss'; the columns are Amount, text"),
        ({"c_fn": "text"}, r"own\.c_fn must hold an amount of 0 or more in every row, and 'text'"),
        ({"c_fn": "5 / Amount"}, r"own\.c_fn must be a number in every row, .* is none in 1;"),
        ({"c_fn": "Amount - 30"}, r"own\.c_fn must be at least c_tp in every row, .* less in 3;"),
        ({"c_tn": "Amount"}, r"own\.c_fp must be at least c_tn in every row, and is less in 4;"),
    ],
)
def test_costs_that_cannot_be_are_one_line(cells, line):
    rows = table(text=np.array(list("abcdef"), dtype=object))
    with pytest.raises(InputError, match=r"threshold\.rules\." + line):
        thresholds.amounts(rows, "own", section(**cells).rules["own"])


def test_a_rule_on_columns_that_the_table_lacks_is_left_out():
    both = section(c_fp="Fee")
    assert list(both.for_columns(["Amount", "Fee"]).rules) == ["half", "own"]
    assert list(both.for_columns(["Amount"]).rules) == ["half"]


def test_the_smaller_and_the_larger_of_two_costs_count():
    rule = section(c_fn="min(Amount, 30) + 5", c_fp="max(Amount / 100, 1)").rules["own"]
    costs = thresholds.amounts(table(), "own", rule)
    assert costs.c_fn.tolist() == [35, 35, 9, 35, 25, 5]
    assert costs.c_fp.tolist() == [1, 1, 1, 10, 1, 1]


def test_costs_must_come_with_the_rows():
    chosen = thresholds.choose("cost_by_row", Y, np.linspace(0, 1, 6))
    for wrong in (None, AMOUNT, thresholds.Costs(1.0, 2.0)):
        with pytest.raises(ValueError, match="cost_by_row needs the four costs of each row"):
            chosen.flag(np.linspace(0, 1, 6), wrong)


def test_a_rule_by_row_decides_for_no_saved_model():
    with pytest.raises(InputError, match="use must be a rule with one threshold for all rows"):
        params(threshold__use="own", threshold__rules={"own": section().rules["own"].model_dump()})
