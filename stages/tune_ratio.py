"""Search the ratio by cross-validation on the training rows, and train the one chosen."""

import argparse

from rebalance import errors, figures, metrics, paths, store, tracking, tuning
from rebalance.learning import fits, training
from rebalance.params import load


def main():
    argparse.ArgumentParser("python -m stages.tune_ratio", description=__doc__).parse_args()
    params = load()
    with tracking.stage("tune_ratio", params) as run:
        tune_ratio(params, run)


def tune_ratio(params, run):
    table = store.read_table(paths.TRAIN)
    params = params.for_columns(table.names)
    settings = training.Settings.of(params)
    cache = store.score_cache(len(table.y))
    largest = tuning.largest(params.tune, table.y)
    count = tuning.questions(params.tune) * params.tune.folds + settings.fits
    with fits.opened(table, largest, params.learner, params.run, cache, count) as running:
        study = tuning.search(running, params.tune, settings)
        trained = tuning.train(study, running, params.tune, settings)
    store.write_trained(paths.TUNED, trained, {"study": study.summary()})
    store.write_csv(paths.TRIALS, tuning.trials(study))
    store.write_text(paths.RATIO_CURVE, study.curve())
    picture = figures.new_figure()
    metric = metrics.words(params.tune.metric)
    figures.draw_ratio(picture, study.points(), study.stopped(), study.summary(), metric)
    figures.write_png(picture, paths.RATIO_CURVE_PICTURE)
    run.model = trained.model


if __name__ == "__main__":
    errors.run(main)
