"""Check where runs are recorded; --move corrects MLflow's addresses after the repository moved."""


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument(
        "--move",
        action="store_true",
        help="rewrite in mlflow.db the absolute addresses of artifacts below the old folder",
    )


def run(move):
    """Return what is right; `InputError` says what is not."""
    from rebalance import params, tracking

    experiment = params.load().tracking.experiment
    lines = []
    if move:
        moved = tracking.move(experiment)
        lines.append("moved: {} is now {}\n".format(*moved) if moved else "moved: nothing had to\n")
    tracking.check(experiment)
    lines.append(f"runs: the experiment {experiment!r} at {tracking.shown()}\n")
    waiting = tracking.waiting()
    if waiting:
        lines.append(f"waiting: {', '.join(waiting)}; 'rebalance sync' records them\n")
    return "".join(lines)
