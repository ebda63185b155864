"""Short expressions of columns, as params.yaml may give a cost: ``Amount``, ``0.1 * Amount + 5``.

Numbers, names of columns, ``+ - * /``, parentheses, ``min`` and ``max``: nothing else is read, and
nothing is executed. A column whose name is no word stands in backquotes: ```paid in full```.
"""

import ast
import operator
import re

from rebalance.errors import shown

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS = ("min", "max")
LONGEST = 200
QUOTED = re.compile(r"`([^`]+)`")


def parse(text):
    """Return the tree of an expression and its columns by their name in it, or raise ValueError.

    >>> sorted(parse("0.1 * Amount + max(`paid in full`, 5)")[1].values())
    ['Amount', 'paid in full']
    """
    quoted = {}

    def name(match):
        key = f"quoted_{len(quoted)}_"
        quoted[key] = match[1]
        return key

    rule = "must be numbers and columns with + - * / ( ) min max"
    if len(text) > LONGEST:
        raise ValueError(f"{rule}, in at most {LONGEST} characters, got {len(text)}")
    try:
        tree = ast.parse(QUOTED.sub(name, text).strip(), mode="eval").body
    except SyntaxError:
        raise ValueError(f"{rule}, got {shown(text)}") from None
    columns = {}
    for node in _parts(tree, text, rule):
        columns[node.id] = quoted.get(node.id, node.id)
    return tree, columns


def _parts(node, text, rule):
    """Yield the names in a tree; ValueError where anything else but numbers and operators is."""
    if isinstance(node, ast.Name):
        yield node
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield from _parts(node.left, text, rule)
        yield from _parts(node.right, text, rule)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield from _parts(node.operand, text, rule)
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in FUNCTIONS
        and len(node.args) == len(FUNCTIONS)
        and not node.keywords
    ):
        for argument in node.args:
            yield from _parts(argument, text, rule)
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise ValueError(f"{rule}, got {shown(text)}")


def columns(text):
    """Return the columns that an expression names, in no order."""
    return set(parse(text)[1].values())


def value(text, column, smaller, larger):
    """Return the value of an expression.

    Parameters
    ----------
    text : str
    column : callable
        Returns the values of a column by its name.
    smaller, larger : callable
        ``min`` and ``max`` of two values, or arrays of them.
    """
    tree, names = parse(text)

    def of(node):
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return column(names[node.id])
        if isinstance(node, ast.UnaryOp):
            return -of(node.operand)
        if isinstance(node, ast.Call):
            return (smaller if node.func.id == "min" else larger)(*map(of, node.args))
        return OPERATORS[type(node.op)](of(node.left), of(node.right))

    return of(tree)
