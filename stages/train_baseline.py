"""Train the learner on the classes as they come."""

import time

from rebalance import errors, paths, store, tracking
from rebalance.learning import fits, training, treatments
from rebalance.params import Treatment, load


def main():
    started = time.time()
    params = load()
    tracking.check(params.tracking.experiment)
    table = store.read_table(paths.TRAIN)
    params = params.for_columns(table.names)
    settings = training.Settings.of(params)
    entry = Treatment(treatment=treatments.NONE)
    training.check(entry, table, settings, paths.BASELINE)
    cache = store.score_cache(len(table.y))
    with fits.opened(table, [entry], params.learner, params.run, cache) as running:
        trained = training.train(entry, running, settings)
    outputs = store.write_trained(paths.BASELINE, trained)
    tracking.record(
        "train_baseline",
        experiment=params.tracking.experiment,
        params=params.model_dump(include={*vars(settings)}),
        metrics=trained.summary,
        outputs=outputs,
        started=started,
        model=(trained.model, table.example, paths.BASELINE),
    )


if __name__ == "__main__":
    errors.run(main)
