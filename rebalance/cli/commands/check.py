"""Say what would stop or mislead a run, in seconds, without one.

Reads params.yaml and the table, splits it as a run would, and looks at every treatment and rule.
Exit code 1 means that a run would stop. docs/checks.md has a paragraph for each code.
"""

from rebalance.errors import InputError, say

FURTHER = "docs/checks.md says of each code why it matters and what to do."


def run():
    """Return the findings, or raise `InputError` with all that would stop a run."""
    from rebalance import params
    from rebalance.checks.finding import in_order
    from rebalance.cli.rehearsal import rehearse

    loaded = params.load()
    outcome = rehearse(loaded)
    lines = [*outcome.warnings, *map(str, in_order(outcome.findings))]
    if outcome.complaints:
        say("".join(f"{line}\n" for line in lines))
        raise InputError("\n".join(outcome.complaints))
    train, test = outcome.split["train"], outcome.split["test"]
    counts = (
        f"{train['rows']:,} training rows with {train['positives']:,} positives, {test['rows']:,} "
        f"test rows with {test['positives']:,}; {train['natural_ratio']:.3g} negatives per positive"
    )
    end = ["Nothing stops a run.", FURTHER] if lines else ["Nothing stops or misleads a run."]
    return "\n".join([counts, *lines, *end, ""])
