"""Search the ratio by cross-validation on the training rows, and train the one chosen."""

import time

from tqdm import tqdm

from rebalance import errors, parallel, paths, plots, store, tracking, tuning
from rebalance.params import load


def main():
    started = time.time()
    params = load()
    tracking.check(params.tracking.experiment)
    table = store.read_table(paths.TRAIN)
    key = tuning.key(store.md5(paths.TRAIN), params)
    with parallel.pool(params.run) as executor, tqdm(total=params.tune.trials, unit="ratio") as bar:
        study = tuning.search(table, params, executor, store.kept(), key, bar.update)
        trained = tuning.train(study, table, params, executor)
    metrics = tuning.summary(study)
    outputs = store.write_trained(paths.TUNED, trained, metrics)
    store.write_text(paths.RATIO_CURVE, tuning.curve(study))
    plots.ratio_curve(study, params.tune.metric, paths.RATIO_CURVE_PICTURE)
    tracking.record(
        "tune_ratio",
        experiment=params.tracking.experiment,
        params=params.model_dump(
            include={"learner", "out_of_fold", "calibrate", "threshold", "tune"}
        ),
        metrics=metrics | trained.summary,
        outputs=[*outputs, paths.RATIO_CURVE, paths.RATIO_CURVE_PICTURE],
        started=started,
        model=(trained.model, table.X[:5], paths.TUNED),
        trials=tuning.trials(study),
        series={"score": tuning.series(study)},
    )


if __name__ == "__main__":
    errors.run(main)
