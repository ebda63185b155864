"""Write the card of the recommended model once more, as the last evaluation left it."""


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument(
        "-o", "--output", default="models/card.md", metavar="FILE", help="(default: %(default)s)"
    )


def run(output):
    """Write the card, and return where it is."""
    from rebalance import params, paths, store
    from rebalance.cli.files import refuse_output
    from rebalance.report.card import card

    refuse_output(output, "card.md")
    files = (paths.ANSWER, paths.SPLIT, paths.COMPARISON, paths.SCORES)
    store.write_text(output, card(*map(store.read_json, files), params.load()))
    return f"{output}\n"
