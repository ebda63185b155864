"""Record in MLflow the stages that DVC restored from its cache, as if they had run."""


def arguments(parser):
    """Add what the command takes."""
    parser.add_argument(
        "--seconds",
        type=float,
        default=None,
        help="give a server so long for what waits, and for each stage (default: 15)",
    )
    parser.add_argument(
        "--optional",
        action="store_true",
        help="end with 0 where a server is away, unless tracking.required: runs wait for it",
    )


def run(seconds=None, optional=False):
    """Record what is missing, and return a line for each stage concerned."""
    from rebalance import params, tracking

    section = params.load().tracking
    lines = []
    try:
        _record(section.experiment, seconds, lines)
    except tracking.AwayError as error:
        if not optional or section.required:
            raise
        lines.append(f"warning: {error} Runs are kept: 'rebalance sync' records them.\n")
    return "".join(lines)


def _record(experiment, seconds, lines):
    """Record what is missing, and add a line for each stage concerned to a list."""
    import time

    from rebalance import tracking
    from rebalance.errors import InputError

    moment = tracking.moment(time.time())
    stages = tracking.locked()
    handed = tracking.hand_over_kept(experiment, seconds)
    lines += [f"{name}: recorded\n" for name in handed]
    outputs = {name: written for name, (_, written) in stages.items()}
    for name in tracking.missing(experiment, outputs):
        if reason := _reason(outputs[name]):
            lines.append(f"{name}: left out, {reason}\n")
            continue
        try:
            record = tracking.restored(name, *stages[name], moment)
        except InputError as error:
            reason = " ".join(str(error).split())
            lines.append(f"{name}: left out, dvc.lock is of another version: {reason}\n")
            continue
        tracking.hand_over(experiment, record, seconds=seconds)
        lines.append(f"{name}: recorded\n")
    if not lines:
        lines.append(f"all {len(stages)} stages of dvc.lock have their runs\n")


def _reason(outputs):
    """Return why a stage cannot be recorded: an output that is absent, or another one."""
    from rebalance.tracking import checksum

    for path, md5 in outputs.items():
        if not path.exists():
            return f"{path} is not here; 'dvc repro' or 'dvc pull' brings it"
        if checksum(path) != md5:
            return f"{path} is not what dvc.lock says; run 'dvc repro'"
    return ""
