"""Train the learner on the classes as they come."""

import time

from rebalance import errors, paths, store, tracking, workers
from rebalance.learning import training, treatments
from rebalance.params import Treatment, load


def main():
    started = time.time()
    params = load()
    tracking.check(params.tracking.experiment)
    table = store.read_table(paths.TRAIN)
    params = params.for_columns(table.names)
    entry = Treatment(treatment=treatments.NONE)
    training.check(entry, table, params, paths.BASELINE)
    remember = training.remembering(store.score_cache(len(table.y)), store.md5(paths.TRAIN))
    with workers.pool(params.run) as executor:
        trained = training.train(entry, table, params, executor, remember)
    outputs = store.write_trained(paths.BASELINE, trained)
    tracking.record(
        "train_baseline",
        experiment=params.tracking.experiment,
        params=params.model_dump(include={"learner", "out_of_fold", "calibrate", "threshold"}),
        metrics=trained.summary,
        outputs=outputs,
        started=started,
        model=(trained.model, table.example, paths.BASELINE),
    )


if __name__ == "__main__":
    errors.run(main)
