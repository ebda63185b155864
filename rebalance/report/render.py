"""The report, as a page and as a short version for terminals and pull requests."""

from rebalance.metrics import words
from rebalance.report import html, markdown
from rebalance.report.sections import SECTIONS
from rebalance.report.sentences import sentences, with_ends

QUESTION = "Does any treatment of class imbalance help?"
SPLITS = {
    "stratified": "random, stratified split",
    "hashed": "random split, by a hash of each row",
    "time": "time-ordered split",
    "group": "split by group",
    "column": "split by a column of the table",
}


def as_markdown(results):
    """Return the short report, ``metrics/report.md``."""
    title = f"{QUESTION} ({SPLITS[results.params.split.method]})"
    short = [section for section in sections(results) if section.short]
    text = markdown.render(title, " ".join(sentences(results)), short)
    return f"{text}\n\nThe whole report, with its figures, is the page metrics/report.html."


def as_html(results):
    """Return the page, ``metrics/report.html``."""
    train, test = results.split["train"], results.split["test"]
    subtitle = (
        f"{SPLITS[results.params.split.method].capitalize()}: {train['rows']:,} training rows with "
        f"{train['positives']:,} positives, {test['rows']:,} test rows with {test['positives']:,}."
    )
    return html.render(
        QUESTION, subtitle, sentences(results), facts(results), sections(results), results
    )


def sections(results):
    """Return every section that has something to say, in order."""
    return [section for make in SECTIONS if (section := make(results))]


def facts(results):
    """Return the numbers to see at once, each with what it counts."""
    name, compared = results.recommendation.model, results.comparison
    scores, metric = results.scores[name], compared.metric
    positives = scores["true_positives"] + scores["false_negatives"]
    negatives = scores["false_positives"] + scores["true_negatives"]
    value, ends = with_ends(compared.intervals[name][metric]).split(" ", 1)
    threshold = scores["threshold"]
    return [
        (name, "model to use"),
        (f"{threshold:.3g}" if threshold <= 1 else "none", "threshold of the probability"),
        (f"{scores['true_positives']:,}", f"of {positives:,} positives found"),
        (f"{scores['false_positives']:,}", f"false alarms among {negatives:,} negatives"),
        (value, f"{words(metric)} {ends}"),
    ]
