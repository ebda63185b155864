"""Features that hold one value throughout, or a value in hardly any row."""

from rebalance.checks.finding import counted, details, listed, quoted

# With fewer values most folds have none; fewer gaps in a constant tell nothing.
FEWEST = 10


def look(column):
    """Return the numbers of values and of rows of a constant or nearly empty column."""
    if _suspicious(column) and _suspicious(whole := column.every_row()):
        return int((~whole.missing).sum()), len(whole)
    return None


def _suspicious(column):
    values = int((~column.missing).sum())
    few = values < min(FEWEST, len(column))
    return few or (len(column) - values < FEWEST and column.is_constant)


def say(constants):
    """Return the sentence on the columns found: {name: (values, rows)}."""
    empty = {
        name: values for name, (values, rows) in constants.items() if values < min(FEWEST, rows)
    }
    constant = [name for name in constants if name not in empty]
    parts = []
    if constant:
        parts.append(
            f"{counted(constant, 'holds', 'hold')} the same value throughout: {listed(constant)}"
        )
    if empty:
        rows = next(iter(constants.values()))[1]
        each = details(f"{quoted(name)} {values}" for name, values in empty.items())
        parts.append(f"of {rows:,} rows hardly any has a value in these features: {each}")
    return "; ".join(parts) + "."
