"""A ratio chosen at the edge of the search: a better one may lie beyond."""


def find(results):
    """Return the sentence on a ratio at the lower end; None elsewhere.

    The upper end is the natural ratio, which is no resampling: nothing lies beyond.
    """
    treatment, ratio = next(iter(results.study["chosen"].items()))
    if treatment == "none" or ratio >= results.study["natural_ratio"] or ratio > results.low:
        return None
    return (
        f"the study chose {treatment} at {ratio:g}, the lowest ratio that it may try "
        f"(tune.low {results.low:g})."
    )
