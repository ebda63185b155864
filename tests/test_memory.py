"""The memory that a fit needs is estimated before the fit begins."""

import pytest

from rebalance import columns
from rebalance.learning import learners, treatments
from rebalance.learning.memory import CHOOSING, bytes_needed
from tests.strategies import learner, table, treatment

TABLE = table(240, 30)
NEGATIVES, POSITIVES = treatments.counts(TABLE.y)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("none", {}),
        ("class_weight", {"weight": "balanced"}),
        ("random_under", {"ratio": 3}),
        ("random_under", {}),
        ("random_over", {"ratio": 2}),
        ("random_over", {}),
        ("random_over", {"ratio": 2, "params": {"shrinkage": 0.5}}),
        ("smote", {"ratio": 2}),
        ("smote", {}),
        ("BorderlineSMOTE", {"ratio": 2}),
        ("NearMiss", {"ratio": 2}),
        ("TomekLinks", {}),
    ],
)
def test_the_rows_that_a_learner_will_see_are_known_before_they_are_made(name, keys):
    entry = treatment(name, **keys)
    rows, copies = treatments.method(name).rows_seen(entry, NEGATIVES, POSITIVES, columns.NUMBERS)
    seen = treatments.prepare(entry, TABLE.X, TABLE.y).rows

    assert rows >= len(seen)
    if name != "TomekLinks":  # how many it removes depends on the rows
        assert rows == len(seen)
    # Rows that are not the table's were made of copies: of all rows, but for SMOTE.
    if seen.made is not None:
        assert copies == len(seen.made)
    elif seen.X is not TABLE.X:
        assert copies >= len(TABLE.y) + len(seen)
    else:
        assert copies == 0


def test_a_fit_needs_more_for_weights_for_made_rows_and_for_a_learner_that_wants_an_array():
    quick = learners.make(learner("hist_gradient_boosting"))

    def of(name, estimator=quick, **keys):
        return bytes_needed(treatment(name, **keys), estimator, TABLE)

    assert of("none") < of("class_weight", weight=2) < of("random_over") < of("smote")
    assert of("none", learners.make(learner("logistic_regression"))) > of("none")
    assert of("easy_ensemble") > of("none")
    for estimator in (quick, learners.make(learner("logistic_regression"))):
        assert of("random_under", estimator, ratio=1) >= CHOOSING * len(TABLE.y)
    # It sees few rows, and copies all.
    assert of("NearMiss", ratio=2) > TABLE.X.nbytes


def test_a_histogram_fit_needs_a_byte_a_value_and_44_a_row():
    entry, estimator = treatment("none"), learners.make(learner())
    big = table(2000, 30)
    assert bytes_needed(entry, estimator, big) == max(50 * 2000, 2000 * (4 + 44))
