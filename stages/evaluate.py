"""Open the test rows, once, and judge every model on them; nothing is chosen here."""

import time

from rebalance import errors, evaluation, paths, plots, report, store, tracking
from rebalance.params import load


def main():
    started = time.time()
    params = load()
    tracking.check(params.tracking.experiment)
    names = [paths.BASELINE, *params.resample, paths.TUNED]
    for name in names:
        store.check_fingerprint(name)
    models = {name: store.read_model(paths.model(name)) for name in names}
    test = store.read_table(paths.TEST)
    y_scores = {name: model.predict_proba(test.X)[:, 1] for name, model in models.items()}
    scores = {
        name: evaluation.judge(test, y_scores[name], model, params.threshold)
        for name, model in models.items()
    }
    store.write_json(paths.SCORES, scores)
    store.write_text(paths.REPORT, report.write(scores, store.read_json(paths.SPLIT), params))
    curves = {name: evaluation.curves(test.y, y_score) for name, y_score in y_scores.items()}
    outputs = [paths.SCORES, paths.REPORT, *plots.evaluation(curves, scores, paths.PLOTS)]
    tracking.record(
        "evaluate",
        experiment=params.tracking.experiment,
        params=params.model_dump(include={"threshold", "evaluate"}),
        metrics=scores,
        outputs=outputs,
        started=started,
    )


if __name__ == "__main__":
    errors.run(main)
