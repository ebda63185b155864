"""The looks at the test rows, asked of git and of MLflow, and what they leave of the verdicts."""

from rebalance import paths, store, tracking
from rebalance.comparison import after_looks, p_text
from rebalance.errors import InputError
from rebalance.tracking import history, looks


def lines(params):
    """Return `sentences` for the results at hand."""
    checksum = store.read_json(paths.SPLIT)["test"].get("checksum", "")
    scores, compared = store.read_json(paths.SCORES), store.read_json(paths.COMPARISON)
    known, asked = {"git": looks.in_git(checksum, scores)}, []
    if history.is_cut():
        asked.append(
            "This clone is shallow: looks in older commits are not counted; 'git fetch "
            "--unshallow' brings them."
        )
    try:
        known["MLflow"] = tracking.recorded_looks(params.tracking.experiment, checksum)
    except InputError as error:
        asked.append(f"MLflow could not be asked: {error}")
    known["metrics/"] = {looks.look(scores, compared.get("metric", looks.USUAL))}
    return sentences(compared, known, asked)


def sentences(compared, known, asked):
    """Return how often these test rows were looked at, and what that leaves of the verdicts.

    Parameters
    ----------
    compared : dict
        ``metrics/comparison.json``.
    known : dict of str to set of str
        The looks by where they are known: git, MLflow.
    asked : list of str
        Why a place could not be asked, a sentence each.
    """
    number = len(set().union(*known.values()))
    places = ", ".join(f"{len(looks)} in {place}" for place, looks in known.items())
    times = "once" if number == 1 else f"{number:,} times, with other results each"
    lines = [f"These test rows were looked at {times} ({places})."]
    lines += asked
    if number == 1:
        return lines
    lost = []
    for model, verdict in compared["verdicts"].items():
        said, p_value = after_looks(verdict, number)
        if said != verdict["verdict"]:
            lost.append(f"{model} is no longer {verdict['verdict']} (p {p_text(p_value)})")
    lines.append(
        f"Corrected for {number:,} looks (Bonferroni), "
        + ("; ".join(lost) if lost else "every verdict stands")
        + "."
    )
    lines.append(
        "The correction is for looking often, not for choosing by what was seen: only rows that "
        "nobody saw answer that (split.final)."
    )
    return lines
