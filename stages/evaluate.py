"""Open the test rows, once, and judge every model on them; what is chosen was chosen before."""

import argparse

from rebalance import checks, errors, paths, report, store, tracking, workers
from rebalance.judging import decision_curve, evaluation, recommendation, segments
from rebalance.params import load
from rebalance.report import curves, figures


def main():
    argparse.ArgumentParser("python -m stages.evaluate", description=__doc__).parse_args()
    params = load()
    with tracking.stage("evaluate", params) as run:
        evaluate(params, run)


def evaluate(params, run):
    names = [paths.BASELINE, *params.resample, paths.TUNED]
    store.delete_removed_models(names)
    split = store.read_json(paths.SPLIT)
    store.check_models(names, split)
    models = {name: store.read_model(paths.model(name)) for name in names}
    study = store.read_json(paths.training_metrics(paths.TUNED))["study"]
    ratios, stopped = figures.read_ratios(paths.RATIO_CURVE)
    weight = split["train"].get("kept", {}).get("negative_weight", 1.0)
    recommended = recommendation.recommend(
        ((name, store.read_scores(name)) for name in names),
        params.evaluate.metric,
        grouped=params.split.is_grouped or bool(params.evaluate.groups),
        weight=weight,
    )

    test = store.open_table(paths.TEST)
    store.check_labels(paths.TEST, test.y, split["test"]["checksum"])
    section, asked = params.threshold.for_columns(test.names), params.evaluate
    evaluation.check_thresholds(models, section)
    groups = evaluation.groups(test, asked.groups)
    with workers.pool(params.run) as (executor, _):
        raw = evaluation.raw_scores(models, test, executor)
        reseeded = evaluation.reseeded_scores(models, asked.seeds, test, executor)
    y_scores = {name: model.correct(raw[name]) for name, model in models.items()}
    alike = evaluation.constant(raw)
    # Uncorrected scores leave the memory with what is drawn of them.
    drawn = {n: curves.curves_of(test.y, raw.pop(n), y_scores[n]) for n in names}
    scores, decided = evaluation.judge_all(models, test, y_scores, section.rules, params, groups)
    at = {name: model.threshold for name, model in models.items()}
    with workers.pool(params.run) as pool:
        compared = evaluation.compare(test.y, y_scores, at, names[0], asked, groups, reseeded, pool)
    chosen = recommended.model
    parts = segments.by_segment(test, y_scores[chosen], at[chosen], asked.segments, groups)

    findings = checks.together(
        store.read_json(paths.SPLIT_CHECKS),
        checks.Plan.of(params, split),
        checks.Results.of(scores, study, params, store.read_scores(paths.BASELINE), alike, weight),
    )
    results = report.Results(
        params=params,
        split=split,
        study=study,
        scores=scores,
        decisions=decided,
        comparison=compared,
        recommendation=recommended,
        ratios=ratios,
        stopped=stopped,
        learning_curve=store.read_json(paths.training_metrics(paths.BASELINE))["learning_curve"],
        importance=store.read_importance(recommended.model),
        curves=drawn,
        checks=[finding.to_dict() for finding in findings],
        reading=store.read_json(paths.READING),
        segments=parts,
        decision_curve=decision_curve.curve(test.y, y_scores, paths.BASELINE, groups),
    )
    report.write(results)


if __name__ == "__main__":
    errors.run(main)
