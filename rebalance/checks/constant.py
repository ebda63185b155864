"""Features that hold one value in every row, or a value in hardly any row."""

from rebalance.checks.finding import counted, details, listed, quoted

# With fewer values most folds have none.
FEWEST_VALUES = 10


def look(column):
    """Return the numbers of values and of rows of a constant or nearly empty column."""
    if _suspicious(column) and _suspicious(whole := column.every_row()):
        return int((~whole.missing).sum()), len(whole)
    return None


def _suspicious(column):
    values = int((~column.missing).sum())
    few = values < min(FEWEST_VALUES, len(column))
    return few or (values == len(column) and column.is_constant)


def say(found):
    """Return the sentence on the columns found: {name: (values, rows)}."""
    constant = [name for name, (values, rows) in found.items() if values == rows]
    empty = {name: values for name, (values, _) in found.items() if name not in constant}
    parts = []
    if constant:
        parts.append(
            f"{counted(constant, 'holds', 'hold')} the same value in every row: {listed(constant)}"
        )
    if empty:
        rows = next(iter(found.values()))[1]
        each = details(f"{quoted(name)} {values}" for name, values in empty.items())
        parts.append(f"of {rows:,} rows hardly any has a value in these features: {each}")
    return "; ".join(parts) + "."
