"""A prevalence in use above that of the table, which mostly has more of the rare class."""

from rebalance.checks.finding import per_cent


def find(plan):
    """Return the sentence on ``data.prevalence``; None where there is none, or a smaller one."""
    if not plan.prevalence or plan.prevalence <= plan.share:
        return None
    return (
        f"data.prevalence {plan.prevalence:g} says that {per_cent(plan.prevalence)} of the rows "
        f"are positive where the model will be used, more than the {per_cent(plan.share)} of the "
        "table; it is a share, so that one in a hundred is 0.01."
    )
