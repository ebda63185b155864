"""The card of a model: what it is for, what it rests on, and where it may fail."""

from rebalance import metrics, paths
from rebalance.model.corrected import odds_change, restated
from rebalance.report.sentences import fixed, percent, shared

# What the test rows say of a model, in the order of the card.
SHOWN = ("average_precision", "roc_auc", "precision", "recall", "brier")


def card(answer, split, compared, scores, params):
    """Return the card of the recommended model, in Markdown.

    Parameters
    ----------
    answer, split, compared, scores : dict
        The content of answer.json, split.json, comparison.json and scores.json.
    params : params.Params
    """
    from skops.card import Card
    from tabulate import tabulate

    name, train, test = answer["recommended"], split["train"], split["test"]
    used, rule = params.data.prevalence, params.threshold.use
    threshold = scores[name]["threshold"]
    if answer.get("threshold", {"value": threshold})["value"] is None:
        threshold = None
    if used and threshold is not None:
        change = float(odds_change(train["prevalence"], used))
        threshold = restated(threshold, params.threshold.rules[rule].rule, change)
    # The comparison has the baseline's decisions at .5; at its own threshold it is an arm.
    intervals = compared["intervals"][paths.MOVED if name == paths.BASELINE else name]
    rows = [
        _row(key, scores[name][key], intervals.get(key)) for key in SHOWN if key in scores[name]
    ]
    page = Card(None, model_diagram=False, template=None)
    page.add(
        **{
            f"Model {name}": answer["answer"],
            "Use": "Rows of a table become the probability that each is positive, and a decision: "
            f"{_flagged(threshold)} (rule {rule}). `rebalance predict` scores a file, `rebalance "
            "serve` answers over HTTP.",
            "Data": f"Trained on {train.get('kept', train)['rows']:,} rows"
            + (f" of {train['rows']:,}" if "kept" in train else "")
            + f", {train['positives']:,} of them positive ({percent(train['prevalence'])}"
            + (" of all" if "kept" in train else "")
            + f"); judged on {test['rows']:,} other rows, "
            f"{test['positives']:,} of them positive. The split is {params.split.method}. Target: "
            f"{params.data.target}.",
            "Prevalence": _held(used),
            "Metrics on the test rows": tabulate(
                rows,
                ["metric", "value", "95 % interval"],
                tablefmt="github",
                disable_numparse=True,
            ),
            "Limits": "\n".join(f"- {line}" for line in _limits(answer, set(scores))),
        }
    )
    return page.render().lstrip()


def _flagged(threshold):
    if threshold is None or threshold >= 1:
        return "no row is flagged"
    return f"1 from the probability {threshold:.4g} on"


def _held(used):
    """Return where the probabilities, the threshold and the metrics of the card hold."""
    if not used:
        return "Probabilities hold where the share of positives is that of the training rows."
    return (
        "`rebalance predict` and `rebalance serve` give probabilities that hold where "
        f"{percent(used)} of the rows are positive (data.prevalence), and the threshold above "
        "is one of them. It is assumed that the positives look alike there and in the table, and "
        "so do the negatives. The counts in the answer at the top, with their threshold, and the "
        "metrics below are at the share of the table; the report has those at data.prevalence. "
        "The model itself, in MLflow and as a file, answers at the share of the training rows."
    )


def _row(key, value, interval):
    """Return a metric, its value and its interval, with as many decimals."""
    ends = (interval["low"], interval["high"]) if interval else ()
    value, *ends = (fixed(number, shared([value])) for number in (value, *ends))
    return [metrics.words(key), value, " to ".join(ends) or "none"]


def _limits(answer, models):
    """Return what a user of the model has to bear in mind, a sentence each."""
    general = [
        "The intervals speak of the test rows drawn, with their share of positives, and not of "
        "next year's rows: "
        "`rebalance watch` tests the promises on new labels.",
        "One table, one split and one seed of the learner decide nothing in general.",
    ]
    limits = [check["sentence"] for check in answer.get("checks", ())]
    own = [
        caveat
        for caveat in map(str, answer.get("caveats", ()))
        if answer["recommended"] in (named := _named(caveat, models)) or not named
    ]
    return [*own, *limits, *general]


def _named(caveat, models):
    """Return the models before the colon of a caveat; none where it speaks of all.

    >>> sorted(_named("a, b, half: no precision.", {"a", "b", "c"})), _named("Few rows.", {"a"})
    (['a', 'b'], set())
    >>> _named("a at 0.5: no MCC, because all rows are of one class: b.", {"a", "b"})
    {'a'}
    """
    before, colon, _ = caveat.partition(": ")
    return {each.partition(" ")[0] for each in before.split(", ") if colon} & models
