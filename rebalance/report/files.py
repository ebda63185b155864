"""Write the results of a run: numbers, report, page, figures."""

import shutil

from rebalance import paths, store
from rebalance.report import figures
from rebalance.report.answer import answer, summaries
from rebalance.report.card import card
from rebalance.report.render import as_html, as_markdown
from rebalance.thresholds import stated


def write(results):
    """Write every file of the `Results` into ``metrics/``, and the card next to the models."""
    store.write_json(paths.SCORES, results.scores)
    store.write_json(paths.DECISIONS, _stated(results.decisions))
    recommendation = {"recommendation": results.recommendation.to_dict()}
    more = recommendation | {"segments": results.segments}
    store.write_json(paths.COMPARISON, results.comparison.to_dict() | more)
    store.write_json(paths.CHECKS, results.checks)
    answered = answer(results)
    store.write_json(paths.ANSWER, answered)
    # From rounded numbers, as 'rebalance card' finds them in the files.
    content = (answered, results.split, results.comparison.to_dict(), results.scores)
    store.write_text(paths.CARD, card(*map(store.rounded, content), results.params))
    # A model that params.yaml no longer names leaves no numbers behind.
    shutil.rmtree(paths.SUMMARIES, ignore_errors=True)
    for name, numbers in summaries(results).items():
        store.write_json(paths.SUMMARIES / f"{name}.json", numbers)
    figures.write_all(results, paths.PLOTS)
    store.write_text(paths.REPORT, as_markdown(results))
    store.write_text(paths.PAGE, as_html(results))


def _stated(decisions):
    """Return the decisions with None for a threshold from which on no row is flagged."""
    at = ("threshold", "block")
    return {
        model: {
            rule: row | {key: stated(row[key]) for key in at if key in row}
            for rule, row in decided.items()
        }
        for model, decided in decisions.items()
    }
