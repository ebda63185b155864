"""Train one entry of ``resample``: ``python -m stages.train_resampled NAME``."""

import sys
import time

from rebalance import errors, paths, store, tracking, workers
from rebalance.learning import training, treatments
from rebalance.params import load


def main():
    started = time.time()
    params = load()
    name = params.resampled(sys.argv[1:])
    tracking.check(params.tracking.experiment)
    table = store.read_table(paths.TRAIN)
    params = params.for_columns(table.names)
    entry = params.resample[name].at(treatments.natural_ratio(table.y))
    training.check(entry, table, params, f"resample.{name}")
    remember = training.remembering(store.score_cache(len(table.y)), store.md5(paths.TRAIN))
    with workers.pool(params.run) as executor:
        trained = training.train(entry, table, params, executor, remember)
    outputs = store.write_trained(name, trained)
    tracking.record(
        f"train_resampled@{name}",
        experiment=params.tracking.experiment,
        params=params.model_dump(include={"learner", "out_of_fold", "calibrate", "threshold"})
        | {"resample": entry.model_dump()},
        metrics=trained.summary,
        outputs=outputs,
        started=started,
        model=(trained.model, table.example, name),
    )


if __name__ == "__main__":
    errors.run(main)
