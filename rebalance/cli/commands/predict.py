"""Score the rows of a file: a probability and a decision for each."""

import os
import tempfile
from pathlib import Path

from rebalance.errors import InputError, shown


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument("file", metavar="NEW.csv", help="rows to score, CSV or Parquet")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.csv", help="where to, .csv or .parquet"
    )
    parser.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="a model of params.yaml, or models:/rebalance@champion (default: the recommended one)",
    )
    parser.add_argument(
        "--rule", default="", metavar="RULE", help="a threshold rule of params.yaml that decides"
    )
    parser.add_argument(
        "--id",
        action="append",
        default=[],
        metavar="COLUMN",
        dest="ids",
        help="a column to write next to the answer; may be repeated",
    )


def run(file, output, model, rule, ids):
    """Write the answers, and return how many rows were scored and flagged."""
    from rebalance import params, scoring
    from rebalance.errors import listed

    refuse(output)
    settings = params.load()
    scorer = scoring.find(model)
    amounts = getattr(settings.threshold.rules.get(rule), "column", "")
    done = scoring.score_file(
        file, output, scorer, settings.data,
        rule=rule, ids=ids, amounts=amounts,
        use=settings.threshold.use, prevalence=settings.data.prevalence,
    )  # fmt: skip
    ignored = f"ignored columns: {listed(done['ignored'])}\n" if done["ignored"] else ""
    if done["passed_over"]:
        ignored += f"not read, see data.pattern: {listed(done['passed_over'])}\n"
    warnings = "".join(f"warning: {line}\n" for line in done["warnings"])
    rows = f"{done['rows']:,} row{'s' * (done['rows'] != 1)}"
    scored = f"{rows} scored by {scorer.name}, {done['flagged']:,} flagged: {output}\n"
    held = ""
    if share := settings.data.prevalence:
        there = f"{100 * share:.4g} % of the rows are positive (data.prevalence)"
        held = f"probabilities hold where {there}\n"
    return f"{ignored}{warnings}{scored}{held}"


def refuse(output):
    """Raise `InputError` where no file of this name can be written, before any row is scored."""
    target = Path(output)
    try:
        if target.is_dir():
            raise InputError(
                f"--output must name a file, got the folder {shown(output)}; write "
                f"{shown(str(target / 'scored.csv'))}."
            )
        # The folders that are missing are made with the file.
        above = next(folder for folder in target.absolute().parents if os.path.lexists(folder))
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        raise InputError(
            f"--output {shown(output)} cannot be written ({os.strerror(error.errno).lower()}); "
            "name a file in a folder in which you may write."
        ) from error
