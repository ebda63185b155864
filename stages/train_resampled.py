"""Train one entry of ``resample``: ``python -m stages.train_resampled NAME``."""

import argparse

from rebalance import errors, paths, store, tracking
from rebalance.learning import fits, training, treatments
from rebalance.params import load


def main():
    parser = argparse.ArgumentParser("python -m stages.train_resampled", description=__doc__)
    parser.add_argument("name", nargs="*", metavar="NAME", help="a key of resample in params.yaml")
    names = parser.parse_args().name
    params = load()
    name = params.resampled(names)
    with tracking.stage(f"train_resampled@{name}", params) as run:
        train_resampled(name, params, run)


def train_resampled(name, params, run):
    table = store.read_table(paths.TRAIN)
    params = params.for_columns(table.names)
    settings = training.Settings.of(params)
    entry = params.resample[name].at(treatments.natural_ratio(table.y))
    training.check(entry, table, settings, f"resample.{name}")
    cache = store.score_cache(len(table.y))
    with fits.opened(table, [entry], params.learner, params.run, cache, settings.fits) as running:
        trained = training.train(entry, running, settings)
    store.write_trained(name, trained)
    run.model = trained.model


if __name__ == "__main__":
    errors.run(main)
