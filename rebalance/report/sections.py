"""The sections of the report, in their order: a function of the `Results` for each.

To add one, write a function that returns a `Section`, or None where there is nothing to say, and
put it into `SECTIONS`.
"""

from math import floor, log10

from rebalance import columns, metrics, paths
from rebalance.comparison import UNDECIDED, holm, p_text
from rebalance.comparison.significance import ALPHA
from rebalance.errors import listed, number_of
from rebalance.figures import smallest_as_good
from rebalance.judging.evaluation import seed_of
from rebalance.metrics import words
from rebalance.metrics.table import DECISION
from rebalance.params.names import NONE
from rebalance.params.rules import BY_COSTS
from rebalance.report import section as part
from rebalance.report.section import Estimate, Section
from rebalance.report.sentences import (
    digits,
    fixed,
    percent,
    settings,
    shared,
    taken,
    with_ends,
)
from rebalance.thresholds import stated

RANKING = ("average_precision", "roc_auc")
DECISIONS = ("mcc", "f1", "precision", "recall", "balanced_accuracy", "accuracy")
DIFFERENCES = ("f1", "mcc", "precision", "recall")
PROBABILITIES = (
    "brier",
    "brier_skill",
    "log_loss",
    "calibration_intercept",
    "calibration_slope",
    "ece",
    "mean_probability",
)
BUDGET = (
    "recall_at_1pct_fpr",
    "precision_at_k",
    "recall_at_k",
    "lift_at_k",
    "f2",
    "g_mean",
)
COUNTS = {
    "true_positives": "found",
    "false_negatives": "missed",
    "false_positives": "false alarms",
}
DETECTED = (
    "Paired differences with a 95 % interval each. The last column names the differences that "
    "remain after Holm's correction for the whole table; the others may be chance. 'Alike' means "
    "that no test row tells two models apart in a metric, which says little of other rows; of "
    "recall the interval allows for those."
)
AS_GIVEN = (
    "Those of precision take the share of positives of the test rows as given: rows with another "
    "share have another precision."
)
ALL_AS_GIVEN = "Intervals of one model take the share of positives of the test rows as given."
ELSEWHERE = (
    f"{ALL_AS_GIVEN} Where that share differs, every metric but recall and ROC AUC differs, the "
    "Brier score and the log loss by more than their intervals say."
)
ALIKE = "alike"
BANDS = {"block": "blocked", "look": "looked at", "pass": "let pass"}
MORE_POSITIVES = "Would more positives help?"
OF_CURVE = "average_precision"  # the metric of the learning curve
# Treatments that train on fewer rows at a lower ratio; others add rows, or weigh them.
LEAVE_OUT = {"random_under", "RandomUnderSampler", "NearMiss"}
RULES = {
    "name": "name",
    "use": "",
    "rule": "rule",
    "threshold": "threshold",
    "precision": "precision",
    "recall": "recall",
    "true_positives": "found",
    "false_positives": "false alarms",
}


def by_model(*names):
    """Return the headings of a table that has a row for each model and a column for each metric."""
    return {"model": "model", **{name: words(name) for name in names}}


def rows(results):
    """Return how many rows and positives there were."""
    train, test = results.split["train"], results.split["test"]
    final, sealed = results.split.get("final"), ""
    copies = test["rows_also_in_train"]
    if final:
        sealed = (
            f"{final['rows']:,} rows with {final['positives']:,} positives are sealed until "
            "'rebalance final' opens them. "
        )
    return Section(
        title="Rows",
        part=part.DATA,
        short=True,
        text=(
            f"{train['rows']:,} training rows with {train['positives']:,} positives, "
            f"{test['rows']:,} test rows with {test['positives']:,} "
            f"({percent(test['prevalence'])}). {sealed}"
            f"{number_of(copies, 'test row')} equal{'s' * (copies == 1)} a training row. "
            "Answering 'negative' for every row has accuracy "
            f"{_near_one(test['no_information_rate'])}." + _left_out(train)
        ),
    )


def _near_one(share):
    """Return a share with four decimals, more where three digits of what it lacks need them.

    >>> _near_one(0.930769), _near_one(0.99828), _near_one(0.9999913), _near_one(1.0)
    ('0.9308', '0.99828', '0.99999130', '1.0000')
    """
    return fixed(share, shared([1 - share]))


def _left_out(train):
    if "kept" not in train:
        return ""
    kept = train["kept"]
    return (
        f" Of the negatives of the training rows split.train_negatives kept one in "
        f"{digits(kept['negative_weight'], 3)}, {digits(kept['natural_ratio'], 3)} per positive, "
        "which is where a study of the ratio ends; probabilities, thresholds and numbers are those "
        "of all rows."
    )


def reading(results):
    """Return what was taken for granted of the file, and which columns have gaps."""
    columns = results.reading.get("columns", {})
    gaps = sorted(
        ((name, column) for name, column in columns.items() if column["missing"]),
        key=lambda pair: -pair[1]["missing"],
    )
    said = results.reading.get("said", [])
    if not said and not gaps:
        return None
    most = 20
    more = f" The {most} columns with most of {len(gaps)}." if len(gaps) > most else ""
    return Section(
        title="How the table was read",
        part=part.DATA,
        text=f"Columns with missing values.{more}" if gaps else "No value is missing.",
        points=said,
        headings={"name": "column", "missing": "missing values", "marks": "marks"},
        rows=[
            {
                "name": name,
                "missing": column["missing"],
                "marks": ", ".join(repr(mark) for mark in column.get("marks", {})) or None,
            }
            for name, column in gaps[:most]
        ],
    )


def kinds(results):
    """Return what each column was taken for, and what a learner sees of it."""
    names = {kind: [] for kind in columns.KINDS}
    for name, kind in results.split["columns"].items():
        names[kind].append(name)
    return Section(
        title="Columns",
        part=part.DATA,
        text=(
            "Recognised from the training rows, unless data.columns in params.yaml says the kind "
            "of a column."
        ),
        headings={"kind": "kind", "count": "columns", "names": "names", "seen": "a learner sees"},
        rows=[
            {"kind": kind, "count": len(of), "names": listed(of), "seen": columns.KINDS[kind]}
            for kind, of in names.items()
            if of
        ],
    )


def verdicts(results):
    """Return the paired differences of every arm from the baseline, and the verdict on each."""
    compared = results.comparison
    metric = words(compared.metric)
    differences = {
        model: Estimate.of(verdict, "difference", sign="+")
        for model, verdict in compared.verdicts.items()
    }
    decimals = Estimate.shared(differences.values()) if differences else 0
    table = []
    for model, intervals in compared.intervals.items():
        row = {"model": model, "value": Estimate.of(intervals[compared.metric], drawn=False)}
        if verdict := compared.verdicts.get(model):
            row |= {
                "difference": differences[model],
                "p": p_text(verdict.p_adjusted),
                "verdict": verdict.verdict,
            }
            # Without any spread nothing is known of other rows.
            if verdict.low < verdict.high or verdict.verdict != UNDECIDED:
                row["gain"] = fixed(verdict.largest_gain, decimals)
                row["detectable"] = fixed(verdict.detectable, decimals)
        table.append(row)
    groups = f" of {compared.groups:,} groups" if compared.groups else ""
    seeds = sorted({seed_of(model, results.params) for model in compared.verdicts})
    about = (
        "A verdict speaks of one fitted model, not of its treatment (seeds: "
        f"{', '.join(map(str, seeds))}): other seeds of a treatment give other scores."
        if results.params.evaluate.seeds == 1
        else "A verdict speaks of a treatment: its difference is that of the means over "
        f"{results.params.evaluate.seeds} seeds (evaluate.seeds), whose spread the interval has. "
        "All else speaks of one fitted model."
    )
    margin = (
        f"Differences below {compared.margin:g} make no difference in practice (evaluate.margin). "
        if compared.margin
        else ""
    )
    return Section(
        title=f"Difference from the baseline: {metric} on the test rows",
        part=part.DIFFERENCES,
        short=True,
        text=(
            "Each line is a model's difference from the untreated learner on the same test rows, "
            f"with its 95 % interval. {margin}"
            + " ".join(results.params.too_high(results.ratio_trained_at))
        ).rstrip(),
        notes=(
            f"Differences are paired. {ALL_AS_GIVEN} p-values are after Holm's "
            "correction for the models whose scores differ from the baseline's. Standard errors "
            "come from what each row contributes; those of metrics at a rank or a rate, from "
            f"{compared.draws:,} bootstrap draws{groups}. {about} The p-values "
            "are those of one look at the test rows; "
            "'rebalance looks' counts how often there was one, and corrects them. "
            f"{paths.COMPARISON.as_posix()} has every metric of every model, with its interval and "
            f"its paired difference; {paths.BASELINE} decides at 0.5 there, {paths.MOVED} at its "
            "own threshold."
        ),
        headings={
            "model": "model",
            "difference": "difference",
            "verdict": "verdict",
            "p": "p",
            "value": f"{metric} ({metrics.metric(compared.metric).better} is better)",
            "gain": "largest gain not excluded",
            "detectable": "detectable difference",
        },
        rows=table,
    )


def ratio(results):
    """Return what the ratio curve shows: the choice, and the smallest ratio that is as good."""
    study, points = results.study, results.ratios
    if len(points) + len(results.stopped) < 2:
        return None
    treatment, smallest, score, _ = smallest_as_good(points)
    natural, metric = study["natural_ratio"], words(results.params.tune.metric)
    text = (
        f"The study chose {taken(study)}. A band shows the score without resampling, bars the "
        "standard error of each ratio."
    )
    if results.stopped:
        text += (
            " The study stopped the ratios of the hollow points when their first folds left them "
            "hardly a chance to beat no resampling; their scores are estimated from those folds."
        )
    if smallest < natural:
        share = (1 + smallest) / (1 + natural)
        text += (
            f" The smallest ratio that is as good, within one standard error of the best, is "
            f"{smallest:,} ({treatment}, {metric} {score:.4g})"
            + (
                f": a model trained at it sees {100 * share:.2g} % of the training rows."
                if treatment in LEAVE_OUT
                else "."
            )
        )
    elif not results.stopped:
        text += " No smaller ratio is as good as the natural one, within one standard error."
    return Section(
        title="Score by ratio",
        part=part.DIFFERENCES,
        text=text,
        figures=("ratio",),
    )


def more_positives(results):
    """Return how the score grew with the positives, and what twice as many would add."""
    points, twice = (results.learning_curve.get(key) for key in ("points", "twice"))
    if not points:
        return None
    *others, now = points
    if not twice:
        return Section(
            title=MORE_POSITIVES,
            part=part.DIFFERENCES,
            text=(
                f"Not known: of the {now['positives']:,.0f} positives in a training fold, too few "
                "shares hold ten positives, and a learning curve needs two such shares."
            ),
        )
    metric = words(OF_CURVE)
    low, high, gain = twice["low"], twice["high"], twice["gain"]
    half = min(others, key=lambda point: abs(point["share"] - 0.5))
    # The curve is one of average precision: a margin of another metric is on another scale.
    margin = results.comparison.margin if results.comparison.metric == OF_CURVE else 0
    verdict = (
        "More positives of the same kind would help"
        if low > margin
        else "More positives of the same kind would make no difference that matters "
        "(evaluate.margin)"
        if high < margin
        else "Whether more positives of the same kind would help"
        + (f" by more than {margin:g} (evaluate.margin)" if margin else "")
        + " is open"
    )
    return Section(
        title=MORE_POSITIVES,
        part=part.DIFFERENCES,
        short=True,
        text=(
            f"{verdict}: from twice as many, with as many more negatives, the {metric} of the "
            "baseline is expected to gain "
            f"{with_ends(Estimate(value=gain, low=low, high=high), sign='+')}. It is "
            f"{now['score']:.3f} out of fold with {now['positives']:,.0f} positives in a training "
            f"fold, and {half['score']:.3f} with {half['positives']:,.0f}."
        ),
        notes=(
            "The gain follows from an inverse power law fitted to these scores (Figueroa et al. "
            "2012), and its interval from their spread over the folds; a law of another form, or "
            "rows of another kind, would give another gain."
        ),
        figures=("learning_curve",),
    )


def curves(results):
    """Return the four figures that show the scores of all models on the test rows."""
    return Section(
        title="Ranking, separation, calibration and net benefit",
        part=part.SCORES,
        text=(
            "All four figures show the test rows. They are the views that reporting guidance for "
            "prediction models asks for (Van Calster et al. 2025). The band of the net benefit may "
            "be too narrow at its ends, where fewer than five false alarms are seen, or as few "
            "rows tell two models apart."
        ),
        figures=("precision_recall", "by_class", "calibration", "decision_curve"),
    )


def cross_validated(results):
    """Return the scores on the training rows, which decide the recommendation."""
    chosen, table = results.recommendation, []
    scores = with_errors(
        {name: (score.mean, score.standard_error) for name, score in chosen.cross_validated.items()}
    )
    for name, score in chosen.cross_validated.items():
        row = {"model": name, "score": scores[name]}
        if score.difference:
            row["difference"] = Estimate.of(score.difference, sign="+")
            row["p"] = p_text(score.p_adjusted)
        row["use"] = "recommended" if name == chosen.model else None
        table.append(row)
    searched = _searched(results.study)
    optimistic = searched and (
        f"{searched} chosen on these rows as the best of several, so its score is optimistic "
        "here, and not on the test rows."
    )
    return Section(
        title=f"Out of fold: {words(results.comparison.metric)} on the training rows",
        part=part.DIFFERENCES,
        text=(
            "These scores decide the recommendation: of the models that beat the baseline by more "
            "than one standard error of the paired difference the best is used. "
            f"{_gain(chosen)}{optimistic}"
        ).strip(),
        notes=(
            "Differences and p-values are from the corrected t-test over the folds, p after Holm's "
            "correction."
        ),
        headings={
            "model": "model",
            "score": "mean over folds ± standard error",
            "difference": "difference",
            "p": "p",
            "use": "",
        },
        rows=table,
    )


def with_errors(pairs, sign=""):
    """Return numbers with their standard errors, all with as many decimals, by name.

    Four, or two digits of the smallest error up to six.

    >>> with_errors({"a": (0.5, 0.0123), "b": (0.51234, 0.004)})
    {'a': '0.5000 ± 0.0123', 'b': '0.5123 ± 0.0040'}
    >>> with_errors({"a": (0.00046, 0.000031), "none": (0.0, 0.0)}, "+")
    {'a': '+0.000460 ± 0.000031', 'none': '+0.000000 ± 0.000000'}
    >>> with_errors({"a": (0.5, 0.0123), "b": (0.51234, 0.00004), "c": (0.5, 1e-9)})
    {'a': '0.500000 ± 0.012300', 'b': '0.512340 ± 0.000040', 'c': '0.500000 ± 0.000000'}
    """
    called = [1 - floor(log10(error)) for _, error in pairs.values() if error]
    decimals = max(4, min(6, max(called, default=4)))
    return {
        name: f"{fixed(number, decimals, sign)} ± {fixed(error, decimals)}"
        for name, (number, error) in pairs.items()
    }


def _searched(study):
    """Return what a study chose of its model, as the start of a sentence; nothing where nothing."""
    treated, tuned = NONE not in study["chosen"], settings(study)
    if not treated and not tuned:
        return ""
    if not tuned:
        return f"The ratio of {paths.TUNED} was"
    what = "ratio and the learner's settings" if treated else "learner's settings"
    return f"The {what} of {paths.TUNED} ({tuned}) were"


def _gain(chosen):
    """Return the sentence on the gain that decides, and how easily chance gives it."""
    if not chosen.candidate or not chosen.error:
        return ""
    if chosen.gain <= 0:
        return f"No model beats the baseline; the nearest, {chosen.candidate}, loses to it. "
    return (
        f"{chosen.candidate} gains {chosen.gain:+.3g}, {chosen.gain / chosen.error:.1f} standard "
        f"errors ({chosen.error:.2g}); more than 1 is needed. The best of {chosen.arms:,} "
        f"model{'s' * (chosen.arms != 1)} equal to the baseline gains as much in "
        f"{_cases(chosen.chance)} of cases{_of_trials(chosen)}. "
    )


def _of_trials(chosen):
    """Return what the number of models leaves out: a study tries many, and one stands for it."""
    tuned = chosen.cross_validated.get(paths.TUNED)
    if tuned is None or not tuned.difference or not tuned.difference.value:
        return ""
    return f", and more often in truth: {paths.TUNED}, the best of several trials, counts as one"


def _cases(chance):
    """Return how often something happens, in whole percents.

    >>> _cases(0.034), _cases(0.0), _cases(0.997)
    ('3 %', 'less than 1 %', 'more than 99 %')
    """
    if chance < 0.01:
        return "less than 1 %"
    return "more than 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def against_moved(results):
    """Return the differences of the decisions from those of the baseline with a moved threshold."""
    differences = results.comparison.against_moved
    if not differences:
        return None
    return Section(
        title="Decisions against the baseline with a moved threshold",
        part=part.DECISIONS,
        text=(
            "The baseline at the threshold chosen out of fold is the cheapest treatment of all: a "
            "treatment has to beat it. Each model decides at its own threshold. The last column "
            "names the differences that are detected."
        ),
        notes=DETECTED,
        short=True,
        headings=by_model(*DIFFERENCES) | {"detected": "detected"},
        rows=_decisions(differences),
    )


def decision_differences(results):
    """Return the differences of the decisions from those of the baseline at 0.5."""
    return Section(
        title="Decisions against the baseline at 0.5",
        text=(
            f"Each model decides at its own threshold, the baseline at 0.5. {paths.MOVED} is the "
            f"baseline at the threshold chosen out of fold. {DETECTED}"
        ),
        headings=by_model(*DIFFERENCES) | {"detected": "detected"},
        rows=_decisions(results.comparison.differences),
    )


def _decisions(differences):
    detected = _detected(differences)
    return [
        {
            "model": arm,
            **{
                metric: _difference(by_metric[metric]) if metric in by_metric else "undefined"
                for metric in DIFFERENCES
            },
            "detected": detected[arm],
        }
        for arm, by_metric in differences.items()
    ]


def _difference(apart):
    """Return a difference with its interval; one of no width is no knowledge of other rows."""
    return Estimate.of(apart, sign="+") if apart.low < apart.high else ALIKE


def _detected(differences):
    """Return in words which differences of a table are detected, by arm.

    Holm's correction is for all differences of the table; one in doubt is not detected.
    """
    tests = [
        (arm, metric)
        for arm, by_metric in differences.items()
        for metric in DIFFERENCES
        if metric in by_metric
        and not by_metric[metric].doubt
        and (by_metric[metric].value or by_metric[metric].low)
    ]
    adjusted = holm([differences[arm][metric].p_value for arm, metric in tests])
    said = {arm: [] for arm in differences}
    for (arm, metric), p_value in zip(tests, adjusted, strict=True):
        if p_value <= ALPHA:
            side = "higher" if differences[arm][metric].value > 0 else "lower"
            said[arm].append(f"{side} {words(metric)}")
    return {arm: ", ".join(each) or "nothing" for arm, each in said.items()}


def at_threshold(results):
    """Return the scores of every model at its threshold, with intervals."""
    return Section(
        title=f"At the threshold chosen out of fold ({results.params.threshold.use})",
        text=(
            "95 % intervals of each model alone. They may overlap even where the paired difference "
            f"above is significant. {ELSEWHERE}"
        ),
        headings=by_model(*RANKING, *DECISIONS) | COUNTS | {"threshold": "threshold"},
        rows=with_intervals(results),
    )


def with_intervals(results):
    """Return the scores of every model as rows, with the intervals that exist."""
    compared, table = results.comparison, []
    for name, values in results.scores.items():
        # The comparison holds the baseline at .5, and that at its own threshold as an arm.
        intervals = compared.intervals[paths.MOVED if name == compared.baseline else name]
        ends = {
            key: Estimate.of(interval, drawn=False)
            for key, interval in intervals.items()
            if key in values
        }
        table.append({"model": name, **values, "threshold": _from(values["threshold"]), **ends})
    return table


def at_half(results):
    """Return the decisions of every model at 0.5."""
    table = [{"model": name, **values["at_half"]} for name, values in results.scores.items()]
    return Section(
        title="At 0.5",
        text="Decisions at the default threshold 0.5, for reference, without intervals.",
        headings=by_model(*DECISIONS) | COUNTS,
        rows=table,
    )


def disagreements(results):
    """Return how many rows only one of two models flags, with McNemar's test."""
    pairs = results.comparison.mcnemar
    tests = [(arm, side) for arm in pairs for side in ("positives", "negatives")]
    adjusted = holm([pairs[arm][side].p_value for arm, side in tests])
    p = dict(zip(tests, map(p_text, adjusted), strict=True))
    return Section(
        title="Disagreements with the baseline at 0.5",
        text=(
            "Rows flagged only by the model / only by the baseline at 0.5, positives and "
            "negatives, each with McNemar's exact p-value after Holm's correction for all of them."
            if pairs
            else "McNemar's test counts single rows, and these rows belong to groups."
        ),
        headings={
            "model": "model",
            "positives": "positives: model / baseline",
            "p_positives": "p of positives",
            "negatives": "negatives: model / baseline",
            "p_negatives": "p of negatives",
        },
        rows=[
            {
                "model": arm,
                "positives": f"{pair['positives'].only_arm} / {pair['positives'].only_baseline}",
                "p_positives": p[arm, "positives"],
                "negatives": f"{pair['negatives'].only_arm} / {pair['negatives'].only_baseline}",
                "p_negatives": p[arm, "negatives"],
            }
            for arm, pair in pairs.items()
        ],
    )


def probabilities(results):
    """Return how well the probabilities fit."""
    return Section(
        title="Probabilities",
        text=(
            "After the correction of the prior and the calibration. A perfect model has intercept "
            "0, slope 1 and ECE 0; skill is the share of the Brier score of the prevalence saved. "
            f"{ELSEWHERE}"
        ),
        headings=by_model(*PROBABILITIES),
        rows=with_intervals(results),
    )


def budgets(results):
    """Return what a number of alerts finds."""
    section = results.params.evaluate
    return Section(
        title="Alert budgets",
        text=f"k is {section.alerts:,}: the test rows with the highest scores. {ALL_AS_GIVEN}",
        headings=by_model(metrics.at_precision(section.precision), *BUDGET),
        rows=with_intervals(results),
    )


def rules(results):
    """Return what the decisions of every rule are worth, for the recommended model."""
    name = results.recommendation.model
    decided = results.decisions[name]
    table = rows_of_rules(decided)
    for row in table:
        row["use"] = "in use" if row["name"] == results.params.threshold.use else None
    return Section(
        title=f"Rules, for {name}",
        part=part.DECISIONS,
        short=True,
        text=f"{deciding(results)} Decisions on the test rows at the threshold of each rule, with "
        f"95 % intervals. {AS_GIVEN}"
        + "".join(
            f" {key} is left out: the table has no column {' or '.join(map(repr, rule.columns))}."
            for key, rule in results.params.threshold.rules.items()
            if rule.per_row and key not in decided
        ),
        headings=RULES,
        rows=table,
        figures=(*(["cost"] if results.costs else []), "alerts"),
    )


ASSUMES = {
    "fixed": "a value that somebody chose",
    "max_fbeta": "the highest F-beta out of fold, which knows no costs",
    "recall_at_precision": "the most recall at a precision",
    "precision_at_recall": "the highest precision at a recall",
    "alert_budget": "as many rows as can be looked at",
    "false_alarm_budget": "the most recall at a share of false alarms",
    "expected_cost": "the lowest expected cost",
    "empirical_cost": "the lowest cost out of fold",
}


def deciding(results):
    """Return which rule decides, what it assumes, and which costs are given all the same."""
    section, name = results.params.threshold, results.recommendation.model
    kind, at = section.rules[section.use].rule, results.scores[name]["threshold"]
    text = f"{section.use} decides (threshold.use): {ASSUMES[kind]}."
    if kind in BY_COSTS:
        return text
    if 0 < at < 1:
        odds = (1 - at) / at
        pair = (
            ("a missed positive", "a false alarm")
            if odds >= 1
            else ("a false alarm", "a missed positive")
        )
        text += (
            f" Its threshold {at:.3g} costs least where {pair[0]} costs "
            f"{digits(max(odds, 1 / odds), 2)} times as much as {pair[1]}."
        )
    costs = [key for key, rule in section.rules.items() if rule.rule in BY_COSTS]
    if costs:
        text += f" Costs are given and do not decide; threshold.use: {costs[0]} lets them."
    return text


def at_prevalence(results):
    """Return the decisions of the recommended model where the rare class has another share."""
    name = results.recommendation.model
    there = results.scores[name].get("at_prevalence")
    if there is None:
        return None
    test, share = results.split["test"]["prevalence"], percent(there["prevalence"])
    costs = any("cost" in row for row in there["rules"].values())
    table = []
    for key, row in there["rules"].items():
        table.append({"name": key} | row)
        if "precision" in row:
            value, low, high = (row[f"precision{end}"] for end in ("", "_low", "_high"))
            table[-1]["precision"] = Estimate(value=value, low=low, high=high)
    headings = {
        "name": "name",
        "threshold": "threshold",
        "precision": "precision",
        "recall": "recall",
        "alerts": "share flagged",
    }
    return Section(
        title=f"Where {share} of the rows are positive, for {name}",
        part=part.DECISIONS,
        short=True,
        text=(
            f"Of the test rows {percent(test)} are positive; data.prevalence says {share} where "
            "the model will be used. This section assumes that the positives look alike in both "
            "places, and so do the negatives: only their shares differ. Average precision is "
            f"{there['average_precision']:.4g} there, log loss {there['log_loss']:.4g}. Thresholds "
            "are those of the restated probabilities. Rules on expected costs decide anew, the "
            "others flag the same rows. All other sections are at the share of the table. "
            f"read_model(...).at({there['prevalence']:g}) answers with the restated probabilities."
            + (" Costs are of 1,000 rows." if costs else "")
        ),
        headings=headings | ({"cost": "cost"} if costs else {}),
        rows=table,
    )


def rows_of_rules(decided):
    """Return the rules' decisions as rows, with their intervals."""
    table = []
    for name, values in decided.items():
        row = {"name": name, **values, "threshold": _from(values.get("threshold"))}
        for key in ("precision", "recall", "savings"):
            if f"{key}_low" in values:
                low, high = values[f"{key}_low"], values[f"{key}_high"]
                row[key] = Estimate(value=values[key], low=low, high=high)
        if "cost_low" in values:
            row["cost"] = money(*(values[f"cost{end}"] for end in ("", "_low", "_high")))
        table.append(row)
    return table


def _from(threshold):
    """Return the probability that a table shows: 'none' where no row reaches it."""
    return "none" if threshold is not None and stated(threshold) is None else threshold


def money(value, low, high, sign=""):
    """Return a cost and its interval, if it has any, with as many digits as it calls for.

    >>> money(1690.0, 1214.3, 2410.9), money(-3.25, -9.5, 1.5, sign="+")
    ('1,690 [1,214, 2,411]', '-3.2 [-9.5, +1.5]')
    >>> money(0.0123, 0.01, 0.02), money(100.0, 100.0, 100.0), money(0.35, 0.35, 0.35)
    ('0.0123 [0.0100, 0.0200]', '100', '0.35')
    """
    if low == high:
        return digits(value, sign=sign)
    width = high - low
    decimals = 0 if width >= 100 else 1 if width >= 1 else max(4, 1 - floor(log10(width)))
    value, low, high = (
        # Adding 0 turns -0.0 into 0.0.
        f"{round(each, decimals) + 0.0:{sign},.{decimals}f}"
        for each in (value, low, high)
    )
    return f"{value} [{low}, {high}]"


def costs(results):
    """Return what the decisions of the rules with costs cost, for the recommended model."""
    name = results.recommendation.model
    table = [row for row in rows_of_rules(results.decisions[name]) if "cost" in row]
    if not table:
        return None
    for row in table:
        row |= {key: digits(row[key]) for key in ("cost_of_none", "cost_of_all")}
    return Section(
        title=f"Costs, for {name}",
        part=part.DECISIONS,
        short=True,
        text=(
            "Costs of all test rows with 95 % intervals, which leave the number of positives free. "
            "Savings: the share of the cost of the cheaper trivial policy (flag no row, or every "
            "row) that the decisions save."
        ),
        headings={
            "name": "rule",
            "cost": "cost",
            "cost_of_none": "cost of flagging none",
            "cost_of_all": "cost of flagging all",
            "savings": "savings",
        },
        rows=table,
    )


def costs_against_baseline(results):
    """Return how much more than the baseline's the decisions of every model cost."""
    differences = {
        name: {
            key: [row[f"cost_difference{end}"] for end in ("", "_low", "_high")]
            for key, row in decided.items()
            if "cost_difference" in row
        }
        for name, decided in results.decisions.items()
    }
    differences = {name: by_rule for name, by_rule in differences.items() if by_rule}
    if not differences:
        return None
    keys, doubts = list(next(iter(differences.values()))), {}
    for key in keys:
        for name in differences:
            if reason := results.decisions[name][key].get("cost_difference_doubt"):
                doubts.setdefault(reason, {}).setdefault(key, []).append(name)
    return Section(
        title="Costs against the baseline",
        part=part.DECISIONS,
        text=(
            "What the decisions of each model cost on the test rows, less the costs of the "
            "baseline's decisions by the same rule. Below 0 a model is cheaper. Paired differences "
            "with a 95 % interval each, without a correction for their number."
            + "".join(
                f" The intervals of {_of_rules(rules, len(differences))} may be too narrow, "
                f"because {reason}."
                for reason, rules in doubts.items()
            )
        ),
        headings={"model": "model"} | {key: key for key in keys},
        rows=[
            {"model": name} | {key: money(*apart, sign="+") for key, apart in by_rule.items()}
            for name, by_rule in differences.items()
        ],
    )


def _of_rules(rules, models):
    """Return rules by name, each with its models where these are not all.

    >>> _of_rules({"a": ["x", "y"], "b": ["x"]}, 2)
    'a, b (x)'
    """
    return ", ".join(
        rule if len(names) == models else f"{rule} ({', '.join(names)})"
        for rule, names in rules.items()
    )


def segments(results):
    """Return how the decisions do in parts of the rows."""
    shares = ("recall", "precision", "alert_share", "calibration")
    table = [
        {
            "segment": f"{row['column']} = {row['value']}",
            "rows": row["rows"],
            "positives": row["positives"],
            "note": row["note"] or None,
            **{
                key: Estimate(value=row[key], low=row[f"{key}_low"], high=row[f"{key}_high"])
                for key in shares
                if f"{key}_low" in row
            },
        }
        for row in results.segments
    ]
    if not table:
        return None
    return Section(
        title="Segments",
        part=part.DECISIONS,
        text=(
            f"The decisions of {results.recommendation.model} in parts of the test rows. Intervals "
            "hold together 95 times in 100. Calibration is the number of positives over the number "
            "that the probabilities expect."
        ),
        headings={
            "segment": "segment",
            "rows": "rows",
            "positives": "positives",
            "recall": "recall",
            "precision": "precision",
            "alert_share": "share flagged",
            "calibration": "calibration",
            "note": "note",
        },
        rows=table,
    )


def promises(results):
    """Return what the rules with a confidence promise, and what the test rows show."""
    decided = results.decisions[results.recommendation.model]
    table = []
    for name, row in decided.items():
        if "promised" not in row:
            continue
        share = row["share"]
        of = {"alerts": "rows", "false_alarms": "negatives"}.get(share)
        what = (
            f"flags at most {percent(row['asked'])} of the {of}"
            if of
            else f"{share} of at least {row['asked']:g}"
        )
        table.append(
            {
                "name": name,
                "promise": f"{what}, with {percent(row['confidence'])} confidence",
                "promised": "promised" if row["promised"] else "cannot be promised",
                "out_of_fold": f"{row['out_of_fold']:.3f}",
                "test": _shown(row, share),
                "price": row.get("price"),
                "needed": row.get("positives_needed"),
            }
        )
    if not table:
        return None
    return Section(
        title="Promises",
        part=part.DECISIONS,
        text=(
            "A promise holds for new rows of the same kind with the confidence given. Price: the "
            "recall (of a promised precision) or the precision (of a promised recall) given up, "
            "out of fold." + _of_groups(results)
        ),
        headings={
            "name": "rule",
            "promise": "promise",
            "promised": "verdict",
            "out_of_fold": "out of fold",
            "test": "on the test rows",
            "price": "price",
            "needed": "positives needed",
        },
        rows=table,
    )


def _of_groups(results):
    """Return what is wrong with promises of rows that belong to groups (evaluate.groups)."""
    if not results.comparison.groups:
        return ""
    decided = results.decisions[results.recommendation.model]
    if not any(row.get("promised") for row in decided.values()):
        return ""
    return (
        " The promises take rows as independent, and these belong to groups, so that they are "
        "broken more often than they say; after a split by group (split.column) none is made."
    )


def _shown(row, share):
    """Return what the test rows show of a promised share; of a budget, the share flagged."""
    if share in {"precision", "recall"}:
        return _estimate(row, share)
    if "true_positives" not in row:
        return None
    flagged, missed, left = (
        row["true_positives"] + row["false_positives"],
        row["false_negatives"],
        row["true_negatives"],
    )
    if share == "false_alarms":
        return f"{row['false_positives'] / (row['false_positives'] + left):.3f}"
    return f"{flagged / (flagged + missed + left):.3f}"


def bands(results):
    """Return what a review band blocks, has looked at and lets pass."""
    name, points = results.recommendation.model, []
    decided = {rule: row for rule, row in results.decisions[name].items() if row.get("bands")}
    if not decided:
        return None
    for rule, row in decided.items():
        share, capacity = _estimate(row["bands"]["look"], "share"), row["capacity"]
        held = "within the capacity" if share.value <= capacity else "above the capacity"
        if share.low <= capacity < share.value:
            held += ", by no more than chance explains"
        points.append(
            f"{rule}: {capacity:.3g} of the rows can be looked at. Out of fold "
            f"{row['out_of_fold']:.3g} were, of the test rows {with_ends(share)}: {held}."
        )
    return Section(
        title=f"Review band, for {name}",
        part=part.DECISIONS,
        short=True,
        text=(
            "Rows are blocked, looked at by a person, or let pass, by two thresholds chosen out of "
            "fold. Intervals leave the number of positives free."
        ),
        points=points,
        headings={
            "rule": "rule",
            "rows": "rows are",
            "from": "from the probability",
            "count": "rows",
            "share": "share of the rows",
            "positives": "positives",
            "precision": "share of positives",
        },
        rows=[
            {
                "rule": rule,
                "rows": said,
                "from": _from({"block": row["block"], "look": row["threshold"], "pass": 0.0}[key]),
                "count": row["bands"][key]["rows"],
                "share": _estimate(row["bands"][key], "share"),
                "positives": row["bands"][key]["positives"],
                "precision": _estimate(row["bands"][key], "precision"),
            }
            for rule, row in decided.items()
            for key, said in BANDS.items()
        ],
    )


def _estimate(row, key):
    """Return a number of a row with its ends, None where it is undefined."""
    if f"{key}_low" not in row:
        return None
    return Estimate(value=row[key], low=row[f"{key}_low"], high=row[f"{key}_high"])


def _doubted(decisions, doubt):
    """Return {(rule, reason): its models} of one kind of doubt about what decisions cost."""
    found = {}
    for model, decided in decisions.items():
        for rule, values in decided.items():
            if doubt in values:
                found.setdefault((rule, values[doubt]), []).append(model)
    return found


def caveats(results):
    """Return rules that are not met, metrics that are undefined, and intervals in doubt."""
    points = [
        f"{model}, {rule}: {values['message']}"
        for model, decided in results.decisions.items()
        for rule, values in decided.items()
        if "message" in values
    ]
    points += [of_groups.strip()] if (of_groups := _of_groups(results)) else []
    compared = results.comparison
    points += [
        f"{model}{_at_half(model, metric, compared)}: no {words(metric)}, because {reason}."
        for model, reasons in compared.absent.items()
        for metric, reason in reasons.items()
        if metric != "prevalence"  # no estimate: the draws hold it fixed
    ]
    for doubt, said in (
        ("cost_doubt", "the intervals of the costs of {} may be too narrow"),
        ("savings_doubt", "the upper end of the savings of {} says nothing"),
    ):
        points += [
            f"{', '.join(models)}: {said.format(rule)}, because {reason}."
            for (rule, reason), models in _doubted(results.decisions, doubt).items()
        ]
    doubted = {}
    for model, reasons in results.comparison.doubted.items():
        for metric, reason in reasons.items():
            doubted.setdefault((metric, reason), []).append(model)
    points += [
        f"{', '.join(models)}: the interval of {words(metric)} may be too narrow, because {reason}."
        for (metric, reason), models in doubted.items()
    ]
    undecided, metric = {}, words(results.comparison.metric)
    for arm, verdict in results.comparison.verdicts.items():
        if verdict.doubt and verdict.verdict == UNDECIDED:
            undecided.setdefault(verdict.doubt, []).append(arm)
    points += [
        f"{', '.join(arms)}: the difference in {metric} is not decided, because {reason}."
        for reason, arms in undecided.items()
    ]
    if not points:
        return None
    return Section(title="Caveats", points=points, part=part.DATA, short=True)


def _at_half(model, metric, compared):
    """Return the threshold of the baseline's decisions in a comparison, which is not its own."""
    decides = metrics.metric(metric).family == DECISION
    return " at 0.5" if decides and model == compared.baseline else ""


def checks(results):
    """Return the checks that spoke, warnings first."""
    points = [
        f"{check['severity']} {check['code']}: {check['sentence']}"
        for severity in ("warning", "note")
        for check in results.checks
        if check["severity"] == severity
    ]
    return Section(title="Checks", points=points, part=part.DATA, short=True) if points else None


def importance(results):
    """Return what each column is worth to the models of the folds."""
    table = results.importance.get("columns", {})
    if not table:
        return None
    most, name = 10, results.importance["model"]
    instead = (
        f" A study keeps no models of its folds: {name} stands for {results.recommendation.model}."
        if name != results.recommendation.model
        else ""
    )
    rest = len(table) - most
    less = list(table.values())[most]["loss"] if rest > 0 else 0
    return Section(
        title=f"Permutation importance, for {name}",
        part=part.DATA,
        short=True,
        text=(
            "The average precision lost where the values of one column are shuffled among rows "
            "that the fold's model did not see: the mean over the folds of the training rows, "
            "plus and minus one standard error. A column that others stand in for loses "
            f"little.{instead}"
            + (f" {_others(rest)} at most {less:.2g}." if rest > 0 else "")
        ),
        headings={"name": "column", "loss": "average precision lost"},
        rows=[
            {"name": column, "loss": Estimate(
                value=row["loss"],
                low=row["loss"] - row["standard_error"],
                high=row["loss"] + row["standard_error"],
                sign="+",
            )}
            for column, row in list(table.items())[:most]
        ],
    )  # fmt: skip


def _others(count):
    """Return the start of a sentence on the columns that are not shown.

    >>> _others(1), _others(19)
    ('Another column loses', 'Each of 19 other columns loses')
    """
    return "Another column loses" if count == 1 else f"Each of {count:,} other columns loses"


def study(results):
    """Return what the study of the ratio tried, and the gain of each treatment."""
    study, metric = results.study, words(results.params.tune.metric)
    tried = {arm: best for arm, best in study["arms"].items() if "score" in best}
    scores, gains = (
        with_errors({arm: (best[key], best[f"{key}_se"]) for arm, best in tried.items()}, sign)
        for key, sign in (("score", ""), ("gain_of_treatment", "+"))
    )
    table = [
        {
            "treatment": arm,
            "fits": best["fits"],
            "pruned": best["pruned"],
            "ratio": best.get("ratio"),
            "score": scores.get(arm),
            "gain": None if arm == NONE else gains.get(arm),
        }
        for arm, best in study["arms"].items()
    ]
    learner = results.params.tune.learner
    tuned = f"Tuning the learner alone gains {study['gain_of_tuning']:+.2g}. " if learner else ""
    return Section(
        title="The study of the ratio",
        part=part.DATA,
        text=(
            f"{number_of(study['trials'], 'trial')}, {number_of(study['fits'], 'fit')}, "
            f"{number_of(study['pruned'], 'trial')} stopped early. Without treatment {metric} is "
            f"{study['natural_score']:.4g} ± {study['natural_score_se']:.2g}, at the natural "
            f"ratio {study['natural_ratio']:,}. "
            f"{tuned}The table shows what each treatment adds. A row with several trials is the "
            "best of them, and therefore optimistic. "
            f"The study chose {taken(study)}."
        ),
        headings={
            "treatment": "treatment",
            "ratio": "best ratio",
            "score": "score ± standard error",
            "gain": "gain of the treatment ± standard error",
            "fits": "fits",
            "pruned": "stopped early",
        },
        rows=table,
    )


def roc(results):
    """Return the ROC curve."""
    return Section(title="ROC", text="The test rows.", figures=("roc",))


def reproduce(results):
    """Return how to get these results again, and where the numbers are."""
    return Section(
        title="Reproduce",
        part=part.DATA,
        text=(
            "'dvc repro' makes every file of metrics/ again, the same to the last byte on one "
            "machine, from params.yaml and the data. metrics/answer.json has the answer for "
            "programs, metrics/comparison.json every interval and difference, "
            "metrics/decisions.json every rule of every model."
        ),
    )


SECTIONS = [
    verdicts,
    cross_validated,
    ratio,
    more_positives,
    curves,
    against_moved,
    rules,
    costs,
    costs_against_baseline,
    promises,
    bands,
    at_prevalence,
    segments,
    rows,
    caveats,
    checks,
    importance,
    reading,
    kinds,
    study,
    reproduce,
    decision_differences,
    at_threshold,
    at_half,
    disagreements,
    probabilities,
    budgets,
    roc,
]
