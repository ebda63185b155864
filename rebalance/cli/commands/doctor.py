"""Check dvc.lock, its outputs and where runs are recorded; mend a dvc.lock that was cut.

--move corrects MLflow's addresses after the repository moved.
"""


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument(
        "--move",
        action="store_true",
        help="rewrite in mlflow.db the absolute addresses of artifacts below the old folder",
    )
    parser.add_argument("--lock", action="store_true", help="only mend dvc.lock; read no output")
    parser.add_argument("--path", action="store_true", help="only look whether data.path is there")


def run(move, lock, path):
    """Return what is right and what was mended; `InputError` says what is wrong."""
    from rebalance import errors, params, tracking
    from rebalance.cli.files import there

    if path:
        # DVC looks for it whatever the source.
        there(params.load().data.path)
        return ""
    mended = "".join(tracking.mend())
    if lock:
        return mended
    # What is wrong elsewhere, as a conflict in params.yaml or a server away, must not hide it.
    errors.say(mended)
    errors.say("".join(tracking.look_again()))
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
