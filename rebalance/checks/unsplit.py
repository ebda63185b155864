"""A model that gives every row the same score: its learner found nothing to split on."""

from rebalance.checks.finding import details


def find(results):
    """Return the sentence on models with one score for all rows; None where there is none."""
    if not results.constant:
        return None
    many = len(results.constant) > 1
    return (
        f"{len(results.constant)} model{'s give' if many else ' gives'} every test row the same "
        f"score, because the learner found nothing to split on: {details(results.constant)}."
    )
