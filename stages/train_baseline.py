"""Train the learner on the classes as they come."""

import argparse

from rebalance import errors, growth, paths, store, tracking
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
    shares, count = params.learning_curve.shares, settings.fits
    count += len(shares) * params.out_of_fold.folds
    with fits.opened(table, [entry], params.learner, params.run, cache, count) as running:
        parts = growth.train(entry, running, params.learner, params.out_of_fold, shares)
        trained = training.train(entry, running, settings)
        curve = growth.curve(table, params.out_of_fold, trained.scores, parts)
    store.write_trained(paths.BASELINE, trained, {"learning_curve": curve})
    run.model = trained.model


if __name__ == "__main__":
    errors.run(main)
