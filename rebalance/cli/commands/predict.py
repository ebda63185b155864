"""Score the rows of a file: a probability and a decision for each."""

from rebalance.cli.files import refuse_output


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
    from rebalance.errors import listed, number_of

    refuse_output(output, "scored.csv")
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
    rows = number_of(done["rows"], "row")
    scored = f"{rows} scored by {scorer.name}, {done['flagged']:,} flagged: {output}\n"
    held = ""
    if share := settings.data.prevalence:
        there = f"{100 * share:.4g} % of the rows are positive (data.prevalence)"
        held = f"probabilities hold where {there}\n"
    return f"{ignored}{warnings}{scored}{held}"
