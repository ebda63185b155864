"""Train one entry of ``resample``: ``python -m stages.train_resampled NAME``."""

import sys
import time

from rebalance import errors, paths, store, tracking
from rebalance.learning import fits, training, treatments
from rebalance.params import load


def main():
    started = time.time()
    params = load()
    name = params.resampled(sys.argv[1:])
    tracking.check(params.tracking.experiment)
    table = store.read_table(paths.TRAIN)
    params = params.for_columns(table.names)
    settings = training.Settings.of(params)
    entry = params.resample[name].at(treatments.natural_ratio(table.y))
    training.check(entry, table, settings, f"resample.{name}")
    cache = store.score_cache(len(table.y))
    with fits.opened(table, [entry], params.learner, params.run, cache) as running:
        trained = training.train(entry, running, settings)
    outputs = store.write_trained(name, trained)
    tracking.record(
        f"train_resampled@{name}",
        experiment=params.tracking.experiment,
        params=params.model_dump(include={*vars(settings)}) | {"resample": entry.model_dump()},
        metrics=trained.summary,
        outputs=outputs,
        started=started,
        model=(trained.model, table.example, name),
    )


if __name__ == "__main__":
    errors.run(main)
