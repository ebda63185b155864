"""Compare models on the same rows: intervals, paired differences, verdicts."""

from rebalance.comparison.bootstrap import Strata
from rebalance.comparison.comparison import Comparison, compare
from rebalance.comparison.estimates import linear_interval
from rebalance.comparison.intervals import Difference, Interval
from rebalance.comparison.jackknife import of_decisions, of_ranking, spread
from rebalance.comparison.significance import (
    Corrected,
    Discordant,
    corrected_t_test,
    detectable,
    equivalence,
    holm,
    mcnemar,
    p_text,
)
from rebalance.comparison.verdicts import (
    BETTER,
    EQUAL,
    FITTED,
    TREATMENT,
    UNDECIDED,
    WORSE,
    Verdict,
    after_looks,
    verdicts,
)

__all__ = [
    "BETTER",
    "EQUAL",
    "FITTED",
    "TREATMENT",
    "UNDECIDED",
    "WORSE",
    "Comparison",
    "Corrected",
    "Difference",
    "Discordant",
    "Interval",
    "Strata",
    "Verdict",
    "after_looks",
    "compare",
    "corrected_t_test",
    "detectable",
    "equivalence",
    "holm",
    "linear_interval",
    "mcnemar",
    "of_decisions",
    "of_ranking",
    "p_text",
    "spread",
    "verdicts",
]
