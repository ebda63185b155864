"""A learner that reweights the classes itself, in every model and in the baseline too."""

from rebalance.checks.finding import details

# Argument of a learner, and the values with which it does nothing.
ARGUMENTS = {
    "scale_pos_weight": (None, 1),
    "is_unbalance": (None, False),
    "unbalanced_sets": (None, False),
    "class_weight": (None,),
    "auto_class_weights": (None,),
}


def find(plan):
    """Return the sentence on arguments that reweight; None where there is none."""
    weights = [
        f"learner.params.{name} {value!r}"
        for name, value in plan.learner.items()
        if name in ARGUMENTS and value not in ARGUMENTS[name]
    ]
    weights += [f"tune.learner.{name}" for name in plan.searched if name in ARGUMENTS]
    if not weights:
        return None
    return (
        f"the learner reweights the classes ({details(weights)}), also in the baseline that the "
        "report calls 'no treatment'; class_weight is a treatment under resample."
    )
