"""Train the learner on the classes as they come."""

import argparse

from rebalance import errors, paths, store, tracking
from rebalance.learning import fits, training, treatments
from rebalance.params import Treatment, load


def main():
    argparse.ArgumentParser("python -m stages.train_baseline", description=__doc__).parse_args()
    params = load()
    with tracking.stage("train_baseline", params) as run:
        train_baseline(params, run)


def train_baseline(params, run):
    table = store.read_table(paths.TRAIN)
    params = params.for_columns(table.names)
    settings = training.Settings.of(params)
    entry = Treatment(treatment=treatments.NONE)
    training.check(entry, table, settings, paths.BASELINE)
    cache = store.score_cache(len(table.y))
    with fits.opened(table, [entry], params.learner, params.run, cache, settings.fits) as running:
        trained = training.train(entry, running, settings)
    store.write_trained(paths.BASELINE, trained)
    run.model = trained.model


if __name__ == "__main__":
    errors.run(main)
