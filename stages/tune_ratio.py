"""Search the ratio by cross-validation on the training rows, and train the one chosen."""

import time

from tqdm import tqdm

from rebalance import errors, figures, metrics, paths, store, tracking, tuning
from rebalance.learning import fits, training
from rebalance.params import load


def main():
    started = time.time()
    params = load()
    tracking.check(params.tracking.experiment)
    table = store.read_table(paths.TRAIN)
    params = params.for_columns(table.names)
    settings = training.Settings.of(params)
    cache = store.score_cache(len(table.y))
    largest = tuning.largest(params.tune, table.y)
    total = params.tune.trials * (1 + len(params.tune.also) + bool(params.tune.learner))
    with (
        fits.opened(table, largest, params.learner, params.run, cache) as running,
        tqdm(
            total=total,
            unit="ratio",
            delay=0.5,  # warnings come first
        ) as bar,
    ):
        study = tuning.search(running, params.tune, settings, bar.update)
        bar.total = bar.n  # the arm without any treatment may have asked less
        trained = tuning.train(study, running, params.tune, settings)
    outputs = store.write_trained(paths.TUNED, trained, {"study": study.summary()})
    store.write_text(paths.RATIO_CURVE, study.curve())
    picture = figures.new_figure()
    figures.draw_ratio(picture, study.points(), study.summary(), metrics.words(params.tune.metric))
    figures.write_png(picture, paths.RATIO_CURVE_PICTURE)
    tracking.record(
        "tune_ratio",
        experiment=params.tracking.experiment,
        params=params.model_dump(include={*vars(settings), "tune"}),
        metrics=trained.summary | {"study": study.summary()},
        outputs=[*outputs, paths.RATIO_CURVE, paths.RATIO_CURVE_PICTURE],
        started=started,
        model=(trained.model, table.example, paths.TUNED),
        trials=tuning.trials(study),
        series={"score": study.series()},
    )


if __name__ == "__main__":
    errors.run(main)
