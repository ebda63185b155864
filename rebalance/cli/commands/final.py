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
    for each in dict.fromkeys((paths.BASELINE, name)):
        store.check_fingerprint(each)
        models[each] = store.read_model(paths.model(each))
    record = final.open_rows(name, models, section, split)
    final.write(record)
    said = "\n".join(final.sentences(record, answer))
    return f"{said}\nThe record is {paths.OPENED}: commit it. These rows answer no second time.\n"
