"""Open the sealed rows, once: score the recommended model on rows that no stage has read.

The record, metrics/final.json, belongs into git. A second look at the same rows is refused.
"""


def run():
    """Write the record of the look, and return what it says."""
    from rebalance import final, params, paths, store, tracking
    from rebalance.errors import InputError

    section = params.load()
    split, answer = store.read_json(paths.SPLIT), store.read_json(paths.ANSWER)
    final.check(split)
    if answer["metric"] != section.evaluate.metric:
        raise InputError(
            f"{paths.ANSWER} is of {answer['metric']}, and evaluate.metric is "
            f"{section.evaluate.metric}; run 'dvc repro' before the sealed rows are opened."
        )
    locked = tracking.locked().get("split", ({}, {}))[1]
    if not paths.FINAL.exists() or locked.get(paths.FINAL) != tracking.checksum(paths.FINAL):
        raise InputError(
            f"{paths.FINAL} is not what {paths.LOCK} says; run 'dvc repro', or 'dvc pull'."
        )
    name, models = answer["recommended"], {}
    names = list(dict.fromkeys((paths.BASELINE, name)))
    _check_answer(names)
    for each in names:
        store.check_fingerprint(each)
        models[each] = store.read_model(paths.model(each))
    record = final.open_rows(name, models, section, split)
    final.write(record)
    said = "\n".join(final.sentences(record, answer))
    return f"{said}\nThe record is {paths.OPENED}: commit it. These rows answer no second time.\n"


def _check_answer(models):
    """Raise `InputError` where the models or the answer are not what params.yaml gives.

    The rows answer once: a look with other costs or rules than those of the report is lost.
    """
    from rebalance import paths, tracking
    from rebalance.errors import InputError, listed

    if keys := tracking.edited(models, ("download", "split", "evaluate")):
        reason = f"{listed(keys)} {'was' if len(keys) == 1 else 'were'} edited in {paths.PARAMS}"
    elif names := tracking.retrained(models):
        reason = f"{listed(names)} {'was' if len(names) == 1 else 'were'} trained by hand"
    elif tracking.locked().get("evaluate", ({}, {}))[1].get(paths.ANSWER) != tracking.checksum(
        paths.ANSWER
    ):
        reason = f"{paths.ANSWER} is not what {paths.LOCK} says"
    else:
        return
    raise InputError(
        f"{reason} since the last 'dvc repro', and the sealed rows answer once; run 'dvc repro' "
        "before they are opened."
    )
