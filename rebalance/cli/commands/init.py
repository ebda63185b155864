"""Point params.yaml at a table: write the sections data and split, keep the comments.

What was taken for granted is printed, a line each. Nothing else of params.yaml changes.
"""

from pathlib import Path

from rebalance import paths, store
from rebalance.checks.finding import listed, per_cent, quoted
from rebalance.cli.files import seen_by_dvc
from rebalance.errors import InputError, number_of
from rebalance.sources.address import is_address

NEXT = "Next: 'rebalance check' says what would stop or mislead a run; 'dvc repro' runs it."


def arguments(parser):
    """Add the file, the target and the rare label."""
    parser.add_argument("file", help="a CSV or Parquet file, or a folder of them")
    parser.add_argument("--target", required=True, metavar="NAME", help="the column to predict")
    parser.add_argument(
        "--positive",
        nargs="+",
        metavar="LABEL",
        help="the label or labels of the rare class; by default the rarer of two",
    )


def run(file, target, positive):
    """Write params.yaml, and return what was taken for granted."""
    from rebalance.cli import setup
    from rebalance.sources.labels import counted_in, marked

    document = setup.Document(paths.PARAMS)
    path = located(file)
    again = document["data"].get("source") == "file" and document["data"].get("path") == path
    pattern = _pattern(path, document["data"])
    profile = setup.profile(path, target, document["data"].get("read"), pattern)
    rare = setup.choose(profile.labels, positive, profile.target, profile.unlabelled)
    rows = sum(profile.labels.values())
    positives = sum(profile.labels[label] for label in rare)
    natural = (rows - positives) / positives
    written = [setup.plain(label) for label in rare]
    lines = [
        f"{path}: {profile.rows:,} rows, {len(profile.columns):,} columns",
        *profile.said,
        f"data.target {quoted(profile.target)}: {setup.shown(profile.labels)}",
        f"data.positive {_labels(written)}: {per_cent(positives / rows)} of the rows, "
        f"{natural:.3g} negatives per positive" + ("" if positive else "; the rarer label"),
    ]
    if profile.unlabelled:
        lines.append(
            f"data.unlabelled drop: {number_of(profile.unlabelled, 'row')} without a label"
        )
    if marks := marked(profile.labels, rare):
        lines.append(counted_in(marks))
    lines += setup.point(document, path, profile, written, again, pattern)
    lines.append(_split(profile))
    store.write_text(paths.PARAMS, document.text())
    return "\n".join([*lines, f"{paths.PARAMS} is written.", NEXT, ""])


def located(file):
    """Return a path as params.yaml should hold it: DVC knows no ~."""
    if is_address(file):
        return str(file)
    path = Path(file).expanduser()
    if not path.exists():
        raise InputError(f"the file {quoted(str(file))} is not there.")
    return seen_by_dvc(path.as_posix(), "the file")


def _pattern(path, data):
    """Return which files of a folder are read, as params.yaml says; a file has none."""
    is_file = not is_address(path) and Path(path).is_file()
    return "*" if is_file else str(data.get("pattern") or "*")


def _labels(labels):
    return ", ".join(quoted(label) if isinstance(label, str) else str(label) for label in labels)


def _split(profile):
    if not profile.times:
        return "split.method stratified: rows are held out at random, a fifth of each class"
    return (
        f"split.method stratified: rows are held out at random; the table has times "
        f"({listed(profile.times)}), and split.method time tests on the latest rows"
    )
