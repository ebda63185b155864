"""Make a registered model the champion: the challenger, or a version by its number."""


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument(
        "version",
        nargs="?",
        default="challenger",
        metavar="VERSION",
        help="a number, or an alias (default: challenger, the model recommended last)",
    )


def run(version):
    """Promote, and return which version is champion."""
    from rebalance import params, tracking

    name = params.load().tracking.experiment
    champion, former = tracking.promote(name, version)
    before = {None: "there was none", champion: "it was already"}.get(former, f"it was {former}")
    return f"models:/{name}@champion is version {champion}; {before}\n"
