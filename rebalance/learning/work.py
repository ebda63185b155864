"""Estimate how long fits take, and refuse what would run for ever."""

from rebalance.errors import InputError
from rebalance.learning import treatments

# Seconds of one core for each row, feature and iteration of a histogram fit; measured on 182,000
# rows x 29 features x 75 iterations. Other learners are nearer to this than to a bound of years.
SECONDS = 8e-9
# And of each iteration, however few its rows.
EACH = 1e-3
# Numbers of thousands of digits are no float.
MOST = 10**15
# What names the iterations of a learner, by the usual names of the argument.
ITERATIONS, USUAL = ("max_iter", "n_estimators", "num_iterations", "num_boost_round"), 100


def iterations(estimator):
    """Return how many iterations or members a fit has at most."""
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    arguments = last.get_params(deep=False)
    return max((int(arguments[name] or 0) for name in ITERATIONS if name in arguments), default=0)


def seconds(entry, estimator, table):
    """Return about how long a fit of all rows takes on one core.

    Parameters
    ----------
    entry : params.Treatment
    estimator : unfitted classifier
    table : store.Table
    """
    method = treatments.method(entry.treatment)
    rows, copies = method.rows_seen(entry, *treatments.counts(table.y), table.layout)
    members = int(entry.params.get("n_estimators", 1) or 1) if method.wants_array else 1
    times = (iterations(estimator) or USUAL) if method.uses_learner else USUAL
    return (
        (SECONDS * (rows + copies) * table.X.shape[1] + EACH)
        * min(times, MOST)
        * min(members, MOST)
    )


def check(total, number, hours):
    """Raise `InputError` where fits take longer than the user allows.

    Parameters
    ----------
    total : float
        Seconds of one core, about.
    number : int
        Of fits, at most.
    hours : float
        ``run.hours``.
    """
    if total > 3600 * hours:
        raise InputError(
            f"the {number:,} fits of this stage would take about {total / 3600:,.0f} hours of one "
            f"core, and run.hours allows {hours:,g}: ask for fewer (repeats, trials, iterations), "
            "or raise run.hours."
        )
