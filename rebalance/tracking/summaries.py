"""The summary of each stage's run: a few numbers, one sentence, and tags to filter by."""

from dataclasses import dataclass, field

from rebalance import paths, store
from rebalance.tracking import looks

# Columns of a model in the table of runs, next to the metric that decides.
SHOWN = ("average_precision", "roc_auc", "recall", "precision", "brier")
# Where the sentence on the test rows begins.
JUDGED = "On the test rows"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Metrics, tags and the description of one run."""

    metrics: dict
    note: str
    tags: dict = field(default_factory=dict)


def of(stage, params):
    """Return the `Summary` of a stage, from the files that it wrote."""
    kind, _, key = stage.partition("@")
    known = {"download": _download, "split": _split, "evaluate": _evaluate}
    if kind in known:
        return known[kind](params)
    return _training(key or {"train_baseline": paths.BASELINE}.get(kind, paths.TUNED), params)


def _download(params):
    columns = store.Columns(paths.RAW)
    y = columns[columns.roles["target"]].to_numpy()
    metrics = {"rows": len(y), "positives": int(y.sum(dtype=int))}
    return Summary(
        metrics=metrics,
        note=f"{metrics['rows']:,} rows from the source {params.data.source}, "
        f"{metrics['positives']:,} of them positive.",
    )


def _split(params):
    sides = store.read_json(paths.SPLIT)
    metrics = {
        f"{side}_{name}": sides[side][name]
        for side in ("train", "test")
        for name in ("rows", "positives", "prevalence")
    }
    return Summary(
        metrics=metrics,
        note=f"Split {params.split.method}: {metrics['train_rows']:,} training rows with "
        f"{metrics['train_positives']:,} positives, {metrics['test_rows']:,} test rows with "
        f"{metrics['test_positives']:,}.",
    )


def _training(name, params):
    content = store.read_json(paths.training_metrics(name))
    scores = content["out_of_fold"]
    metrics = {
        "out_of_fold_average_precision": scores["average_precision"],
        "out_of_fold_average_precision_se": scores["average_precision_se"],
        "out_of_fold_brier": scores["brier"],
    }
    threshold = content["thresholds"].get(params.threshold.use)
    if threshold is not None:
        metrics["threshold"] = threshold
    study = content.get("study", {})
    for key in ("trials", "fits", "pruned", "chosen_ratio", "natural_ratio"):
        if key in study:
            metrics[key] = study[key]
    seen = content["model"]
    note = (
        f"{_treatment(name, params, study)}, trained on {seen['positives_seen']:,} positives and "
        f"{seen['negatives_seen']:,} negatives: average precision "
        f"{scores['average_precision']:.3f} out of fold (standard error "
        f"{scores['average_precision_se']:.3f})."
    )
    return Summary(metrics=metrics, note=note, tags={"model": name})


def _treatment(name, params, study):
    """Return what was done about imbalance, for the beginning of a sentence."""
    if name == paths.BASELINE:
        return "No treatment"
    if name == paths.TUNED:
        chosen, chosen_ratio = next(iter(study["chosen"].items()))
        if chosen == "none":
            return f"The study of {study['trials']} trials chose no treatment"
        return f"The study of {study['trials']} trials chose {chosen} at {chosen_ratio:g}"
    return f"Treatment {params.resample[name].treatment}"


def _evaluate(params):
    scores, compared = store.read_json(paths.SCORES), store.read_json(paths.COMPARISON)
    answered = answer()
    rows = store.read_json(paths.SPLIT)["test"].get("checksum")
    best = judged(answered["recommended"], answered["recommended"], scores, compared)
    return Summary(
        metrics=best.metrics,
        note=answered["answer"],
        tags={
            "use": answered["recommended"],
            "metric": params.evaluate.metric,
            "look": looks.look(scores, params.evaluate.metric),
        }
        | ({"test_rows": rows} if rows else {}),
    )


def answer():
    """Return the answer of the last evaluation: ``recommended`` and ``answer``."""
    return store.read_json(paths.ANSWER)


def _about(verdict):
    """Return what a verdict speaks of; those of earlier versions speak of fitted models."""
    fitted = verdict.get("about", "fitted model") == "fitted model"
    return "this fitted model" if fitted else "the treatment, over several seeds"


def judged(name, recommended, scores, compared, looked=1):
    """Return what the test rows say of one model.

    Parameters
    ----------
    name, recommended : str
    scores, compared : dict
        The content of metrics/scores.json and of metrics/comparison.json.
    looked : int
        How often these test rows were looked at.
    """
    metric, verdict = compared["metric"], compared["verdicts"].get(name)
    metrics = {key: scores[name][key] for key in SHOWN if key in scores[name]}
    metrics[metric] = scores[name][metric]
    interval = compared["intervals"].get(name, {}).get(metric)
    words = f"{JUDGED}: {metric.replace('_', ' ')} {metrics[metric]:.3f}"
    if interval:
        metrics |= {f"{metric}_{end}": interval[end] for end in ("low", "high")}
        words += f" [{interval['low']:.3f}, {interval['high']:.3f}]"
    if verdict:
        metrics["difference"] = verdict["difference"]
        metrics |= {f"difference_{end}": verdict[end] for end in ("low", "high")}
        words += (
            f", {verdict['difference']:+.3f} [{verdict['low']:+.3f}, {verdict['high']:+.3f}] "
            f"against {compared['baseline']} ({verdict['verdict']}, {_about(verdict)})"
        )
    words += "; recommended." if name == recommended else "."
    tags = {
        "verdict": verdict["verdict"] if verdict else "baseline",
        "recommended": str(name == recommended).lower(),
    }
    if verdict and looked > 1:
        from rebalance.comparison import after_looks

        tags |= {"looks": str(looked), "verdict_after_looks": after_looks(verdict, looked)[0]}
    return Summary(metrics=metrics, note=words, tags=tags)
