"""Three sentences: the model to use, its threshold, and how sure that is."""

from math import floor, log10

from rebalance import metrics, paths
from rebalance.comparison import BETTER, FITTED, TREATMENT, UNDECIDED, WORSE
from rebalance.judging.evaluation import seed_of
from rebalance.metrics import words
from rebalance.metrics.table import PROBABILITY
from rebalance.params.names import NONE


def sentences(results):
    """Return the three sentences: what to use, at which threshold, how sure."""
    name, compared = results.recommendation.model, results.comparison
    metric, use = words(compared.metric), results.params.threshold.use
    if name == compared.baseline:
        what = (
            f"Use {name}, the learner without any treatment: no treatment beats it by more than "
            "one standard error on the training rows."
        )
    elif untreated(name, results.study, results.params):
        tuned = settings(results.study)
        what = (
            f"Use {name}, the learner with {tuned and f'{tuned} and '}no treatment of imbalance: "
            f"on the training rows it has the best {metric} of the models that beat the baseline "
            "by more than one standard error"
            + (", and the gain comes from the learner's settings." if tuned else ".")
        )
    else:
        params = results.params.at(results.ratio_trained_at)
        what = (
            f"Use {name} ({treatment(name, results.study, params)}): on the training rows it has "
            f"the best {metric} of the models that beat the baseline, which has no treatment, by "
            "more than one standard error."
        )
    sure = _how_sure(name, compared, metric, results)
    if unranked := no_better_than_chance(compared):
        sure = f"{sure} {unranked}"
    return [what, _where(results.scores[name], results.decisions[name][use], use), sure]


def treatment(name, study, params):
    """Return in words what is done about imbalance; of a study, its settings of the learner too."""
    if untreated(name, study, params):
        return ", ".join(filter(None, [NONE, settings(study)]))
    if name not in params.resample:
        return taken(study)
    options = params.resample[name].model_dump(exclude_defaults=True, exclude={"seed"})
    kind = options.pop("treatment")
    return ", ".join([kind, *(f"{key} {_short(value)}" for key, value in options.items())])


def _short(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def untreated(name, study, params):
    """Say whether a model is that of a study which took no treatment."""
    return name == paths.TUNED and name not in params.resample and NONE in study["chosen"]


def taken(study):
    """Return in words the treatment, ratio and settings that a study took.

    >>> taken({"chosen": {"smote": 10, "learning_rate": 0.1, "max_features": {"sqrt": 1}}})
    'smote at 10 negatives per positive, learning_rate 0.1, max_features sqrt'
    >>> taken({"chosen": {"none": 11}})
    'no resampling (the natural ratio, 11)'
    """
    kind, ratio = next(iter(study["chosen"].items()))
    ratio = f"{ratio:,}" if isinstance(ratio, int) else f"{ratio:g}"
    what = (
        f"no resampling (the natural ratio, {ratio})"
        if kind == NONE
        else f"{kind} at {ratio} negatives per positive"
    )
    return ", ".join(filter(None, [what, settings(study)]))


def settings(study):
    """Return in words the settings of the learner that a study took; nothing without any.

    >>> settings({"chosen": {"none": 14, "max_iter": 58, "max_features": {"sqrt": 1}}})
    'max_iter 58, max_features sqrt'
    """
    _, *chosen = study["chosen"].items()
    return ", ".join(
        # Metrics hold numbers alone: any other value is a key.
        f"{name} {', '.join(value) if isinstance(value, dict) else f'{value:g}'}"
        for name, value in chosen
    )


def _where(chosen, decision, rule):
    """Return the sentence on the threshold."""
    at, unmet = chosen["threshold"], decision.get("message")
    flags = "Flag no row" if at > 1 else f"Flag a row when its probability reaches {at:.3g}"
    by = f"rule {rule}" + (f", which is not met: {unmet.rstrip('.')}" if unmet else "")
    positives = chosen["true_positives"] + chosen["false_negatives"]
    negatives = chosen["false_positives"] + chosen["true_negatives"]
    alarms = chosen["false_positives"]
    return (
        f"{flags} ({by}): of {positives:,} positives among the test rows this finds "
        f"{chosen['true_positives']:,}, with {alarms:,} false alarm{'s' * (alarms != 1)} among "
        f"{negatives:,} negatives." + _where_used(chosen.get("at_prevalence"), rule)
    )


def _where_used(there, rule):
    """Return the sentence on ``data.prevalence``, where the model is used; nothing without it."""
    if there is None:
        return ""
    row = there["rules"][rule]
    flags = (
        "no row is flagged"
        if row["threshold"] > 1
        else f"a row is flagged when its probability there reaches {row['threshold']:.3g}"
    )
    precision = f" and precision {row['precision']:.3f}" if "precision" in row else ""
    return (
        f" Where {percent(there['prevalence'])} of the rows are positive (data.prevalence), "
        f"{flags}, with recall {row['recall']:.3f}{precision}."
    )


def _how_sure(name, compared, metric, results):
    """Return the sentence on the test rows."""
    params, study = results.params, results.study
    value, ends = with_ends(compared.intervals[name][compared.metric]).split(" ", 1)
    of_rows = metrics.metric(compared.metric).family == PROBABILITY
    given = ", at the share of positives of these rows" if of_rows else ""
    value = f"{metric} is {value} (95 % interval {ends}{given})"
    if name != compared.baseline:
        verdict = compared.verdicts[name]
        sure = (
            f"On the test rows {value}, {with_ends(verdict, 'difference', sign='+')} against the "
            f"baseline: {verdict.verdict}."
        )
        kind = "learner's settings" if untreated(name, study, params) else "treatment"
        about = (
            f"this fitted model, seed {seed_of(name, params)}"
            if verdict.about == FITTED
            else f"the {kind}, over {params.evaluate.seeds} seeds"
        )
        if verdict.verdict == WORSE:
            return f"{sure[:-1]} ({about}). The test rows contradict the choice."
        if verdict.verdict != UNDECIDED:
            return f"{sure[:-1]} ({about})."
        if verdict.doubt:
            return f"{sure[:-1]}, because {verdict.doubt}."
        return (
            f"{sure[:-1]}; a gain above {verdict.largest_gain:.2g} is excluded, and "
            f"{verdict.positives:,} positives can detect a difference of "
            f"{verdict.detectable:.2g} or more."
        )
    better = [arm for arm, verdict in compared.verdicts.items() if verdict.verdict == BETTER]
    worse = [arm for arm, verdict in compared.verdicts.items() if verdict.verdict == WORSE]
    about = next((verdict.about for verdict in compared.verdicts.values()), FITTED)
    others = any(untreated(arm, study, params) for arm in better + worse)
    kind = "model" if about == TREATMENT and others else about
    if better:
        return (
            f"On the test rows {value}, and {_list(better, kind)} better: the test rows "
            "contradict the choice, and only more rows can settle it."
        )
    losers = f"; {_list(worse, kind)} worse" if worse else ""
    return (
        f"On the test rows {value}{losers}, and no {about} is detectably better{_power(compared)}."
    )


def _power(compared):
    """Return which differences so few positives detect, the largest of those of all arms."""
    arms = compared.verdicts.values()
    if known := [each for each in arms if each.detectable > 0 and not each.doubt]:
        largest = max(each.detectable for each in known)
        return (
            f"; {known[0].positives:,} positives can detect a difference of {largest:.2g} or more"
        )
    for each in arms:
        if each.doubt and each.verdict == UNDECIDED:
            return (
                f"; which differences {each.positives:,} positives detect is not known, because "
                f"{each.doubt}"
            )
    return ""


def no_better_than_chance(compared):
    """Return the sentence where no model ranks the test rows better than chance, else nothing."""
    lows = [each["roc_auc"].low for each in compared.intervals.values() if each.get("roc_auc")]
    if not lows or max(lows) > 0.5:
        return ""
    return (
        "No model ranks the test rows detectably better than chance: the 95 % interval of every "
        "ROC AUC reaches down to 0.5. Models that are equal may be equally useless."
    )


def _list(names, about):
    """Return the names, what they are names of, and the verb.

    >>> _list(["a"], "treatment"), _list(["a", "b"], "fitted model")
    ('the treatment a is', 'the fitted models a and b are')
    """
    *others, last = names
    if not others:
        return f"the {about} {last} is"
    return f"the {about}s {', '.join(others)} and {last} are"


def percent(share):
    """Return a share as people write it.

    >>> percent(0.05), percent(0.00172)
    ('5 %', '0.172 %')
    """
    return f"{100 * share:.4g} %"


def digits(value, significant=4, sign=""):
    """Return a number with so many significant digits, all those before the point, no exponent.

    >>> digits(284800.2), digits(0.35), digits(513.26, 2), digits(0.0)
    ('284,800', '0.35', '513', '0')
    """
    decimals = max(0, significant - 1 - floor(log10(abs(value)))) if value else 0
    # Adding 0 turns -0.0 into 0.0.
    text = f"{round(value, decimals) + 0.0:{sign},.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_ends(interval, key="value", sign="", decimals=None):
    """Return a number and its interval, with as many decimals as the interval's width calls for.

    ``interval`` is an object with ``key``, ``low`` and ``high``; ``decimals`` are those of others.

    >>> from types import SimpleNamespace
    >>> with_ends(SimpleNamespace(value=0.00045, low=0.0003, high=0.0006))
    '0.00045 [0.00030, 0.00060]'
    >>> with_ends(SimpleNamespace(value=0.25, low=0.25 - 3e-17, high=0.25 + 6e-17))
    '0.250 [0.250, 0.250]'
    >>> costs = SimpleNamespace(value=12.34, low=2.5, high=45.67)
    >>> with_ends(costs), with_ends(costs, decimals=0)
    ('12.3 [2.5, 45.7]', '12 [2, 46]')
    """
    decimals = called_for(interval) if decimals is None else decimals
    value, low, high = (
        fixed(number, decimals, sign)
        for number in (getattr(interval, key), interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"


def called_for(interval):
    """Return how many decimals the width of an interval calls for: two digits of it."""
    width, least = interval.high - interval.low, 3 if abs(interval.high) < 10 else 1
    # A width that is an error of rounding calls for no decimals.
    wide = width > 1e-9 * max(0.001, abs(interval.low), abs(interval.high))
    return max(least, 1 - floor(log10(width))) if wide else least


def fixed(number, decimals, sign=""):
    """Return a number with so many decimals; adding 0 turns -0.0 into 0.0.

    >>> fixed(-0.00001, 3, "+"), fixed(12345.678, 1)
    ('+0.000', '12,345.7')
    """
    return f"{round(number, decimals) + 0.0:{sign},.{decimals}f}"


def shared(numbers):
    """Return how many decimals numbers of one kind share: four, more where the smallest needs them.

    Of 10 and more they have four digits. Above six decimals the largest decides alone.

    >>> shared([0.5, 0.02741]), shared([0.000461, 0.000573]), shared([0.5, 1e-9]), shared([1e-9])
    (4, 6, 6, 11)
    >>> shared([12.5, 3.25]), shared([12345.6, 12.5]), shared([0.0])
    (2, 1, 4)
    """
    sizes = [floor(log10(abs(number))) for number in numbers if number]
    if not sizes:
        return 4
    largest, least = max(sizes), min(sizes)
    whole = 4 if largest < 1 else max(0, 3 - largest)
    return max(whole, min(2 - least, max(6, 2 - largest)))
