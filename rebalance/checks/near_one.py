"""An average precision near 1 on the test rows: more often a leak than a triumph."""

from rebalance.checks.finding import details

HIGHEST = 0.98


def find(results):
    """Return the sentence on models that are too good; None where there is none."""
    high = {name: value for name, value in results.average_precision.items() if value > HIGHEST}
    if not high:
        return None
    each = details(f"{name} {value:.4f}" for name, value in high.items())
    return f"average precision on the test rows is near 1: {each}."
