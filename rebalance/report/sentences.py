"""What to use, at which threshold, how sure: three sentences."""

from math import floor, log10

from rebalance.comparison import BETTER, WORSE


def words(metric):
    """Return the name of a metric as the field writes it.

    >>> words("roc_auc"), words("average_precision")
    ('ROC AUC', 'average precision')
    """
    return {"roc_auc": "ROC AUC", "ece": "ECE"}.get(metric, metric.replace("_", " "))


def sentences(scores, decisions, compared, recommendation, study, params):
    """Return the three sentences: what to use, at which threshold, how sure."""
    name, metric = recommendation.model, words(compared.metric)
    if name == compared.baseline:
        what = (
            f"Use {name}, with no treatment: on the training rows no treatment beats it by more "
            f"than one standard error in {metric}."
        )
    else:
        what = (
            f"Use {name} ({_treatment(name, study, params)}): of the models that beat the baseline "
            f"on the training rows by more than one standard error it has the best {metric}."
        )
    return [
        what,
        _where(scores[name], decisions[name][params.threshold.use], params.threshold.use),
        _how_sure(name, compared, metric),
    ]


def _treatment(name, study, params):
    """Return in words what is done about imbalance."""
    if name not in params.resample:
        return taken(study)
    entry = params.resample[name].model_dump(exclude_defaults=True, exclude={"seed"})
    treatment = entry.pop("treatment")
    return ", ".join([treatment, *(f"{key} {value}" for key, value in entry.items())])


def taken(study):
    """Return in words the treatment, ratio and settings that a study took.

    >>> taken({"chosen": {"smote": 10, "learning_rate": 0.1, "max_features": {"sqrt": 1}}})
    'smote at 10 negatives per positive, learning_rate 0.1, max_features sqrt'
    """
    (treatment, ratio), *settings = study["chosen"].items()
    found = [f"{treatment} at {ratio} negatives per positive"]
    for name, value in settings:
        # One that is no number is a key: metrics hold numbers alone.
        found.append(f"{name} {', '.join(value) if isinstance(value, dict) else f'{value:g}'}")
    return ", ".join(found)


def _where(chosen, decision, rule):
    """Return the sentence on the threshold."""
    at, unmet = chosen["threshold"], decision.get("message")
    flags = "Flag no row" if at > 1 else f"Flag a row when its probability reaches {at:.3g}"
    by = f"{rule}, chosen out of fold" + (f", and not met: {unmet.rstrip('.')}" if unmet else "")
    positives = chosen["true_positives"] + chosen["false_negatives"]
    alarms = chosen["false_positives"]
    return (
        f"{flags} ({by}): on the test rows this finds {chosen['true_positives']} of {positives} "
        f"positives with {alarms} false alarm{'s' * (alarms != 1)}."
    )


def _how_sure(name, compared, metric):
    interval = compared.intervals[name][compared.metric]
    value = f"{metric} is {with_ends(interval)}"
    if name != compared.baseline:
        verdict = compared.verdicts[name]
        found = (
            f"On the test rows {value}, {with_ends(verdict, 'difference', sign='+')} against the "
            f"baseline: {verdict.verdict}."
        )
        if verdict.verdict == WORSE:
            return f"{found} The test rows contradict the choice."
        if verdict.verdict == BETTER or verdict.positives_needed is None:
            return found
        return (
            f"{found[:-1]}, which {verdict.positives_needed:,} positives would be needed to detect "
            f"({verdict.positives} here)."
        )
    better = [arm for arm, verdict in compared.verdicts.items() if verdict.verdict == BETTER]
    worse = [arm for arm, verdict in compared.verdicts.items() if verdict.verdict == WORSE]
    if better:
        return (
            f"On the test rows {value}, and {_list(better)} better: the test rows contradict the "
            "choice, which more rows would have to settle."
        )
    told = f"; {_list(worse)} worse" if worse else ""
    return f"On the test rows {value}{told}, and no treatment is detectably better."


def _list(names):
    *others, last = names
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"{listed} {'are' if others else 'is'}"


def with_ends(found, key="value", sign=""):
    """Return a number and its interval, with as many decimals as the interval's width calls for.

    >>> from types import SimpleNamespace
    >>> with_ends(SimpleNamespace(value=0.00045, low=0.0003, high=0.0006))
    '0.00045 [0.00030, 0.00060]'
    """
    width, least = found.high - found.low, 3 if abs(found.high) < 10 else 1
    decimals = max(least, 1 - floor(log10(width))) if width > 0 else least
    value, low, high = (
        f"{number:{sign}.{decimals}f}" for number in (getattr(found, key), found.low, found.high)
    )
    return f"{value} [{low}, {high}]"
