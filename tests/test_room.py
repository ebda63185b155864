"""Fits at the same time take no more beside the table than there is room for."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rebalance import splitting
from rebalance.learning import learners, memory, training, treatments
from tests.strategies import learner, params, pool, table, treatment

TABLE = table(240, 30)
NEGATIVES, POSITIVES = treatments.counts(TABLE.y)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_as_many_are_in_a_room_as_it_has_room_for(size):
    place, seen = memory.Room(size * 10 + 9), []
    # So many must meet inside, or nobody comes out.
    meeting = threading.Barrier(size, timeout=20)

    def enter(_):
        with place.take(10):
            seen.append(place.used)
            meeting.wait()

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(enter, range(4 * size)))

    assert max(seen) == size * 10
    assert place.used == 0


def test_what_is_larger_than_a_room_is_alone_in_it_and_leaves_it_after_an_error():
    place, entered = memory.Room(10), threading.Event()

    def enter():
        with place.take(1):
            entered.set()

    def fail():
        with place.take(1000):
            other.start()
            assert not entered.wait(0.05)
            raise RuntimeError("inside")

    other = threading.Thread(target=enter)
    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert entered.wait(20)
    other.join()
    assert place.used == 0


@pytest.mark.parametrize(
    ("name", "given"),
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
def test_the_rows_that_a_learner_will_see_are_known_before_they_are_made(name, given):
    entry = treatment(name, **given)
    rows, copies = memory._rows(entry, NEGATIVES, POSITIVES)
    seen = treatments.prepare(entry, TABLE.X, TABLE.y).rows

    assert rows >= len(seen)
    if name != "TomekLinks":  # nobody knows how many it will find
        assert rows == len(seen)
    # What is no row of the table was made of copies: of all rows, but for SMOTE.
    if seen.made is not None:
        assert copies == len(seen.made)
    elif seen.X is not TABLE.X:
        assert copies >= len(TABLE.y) + len(seen)
    else:
        assert copies == 0


def test_a_fit_takes_more_room_for_weights_for_made_rows_and_for_a_learner_that_wants_an_array():
    quick = learners.make(learner("hist_gradient_boosting"))

    def of(name, estimator=quick, share=1.0, **given):
        return memory.of_fit(treatment(name, **given), estimator, TABLE, share)

    assert of("none") < of("class_weight", weight=2) < of("random_over") < of("smote")
    assert of("none", learners.make(learner("logistic_regression"))) > of("none")
    assert of("easy_ensemble") > of("none")
    for estimator in (quick, learners.make(learner("logistic_regression"))):
        assert of("random_under", estimator, ratio=1) >= memory.CHOOSING * len(TABLE.y)
    # It sees few rows, and gets a copy of all.
    assert of("NearMiss", ratio=2) > TABLE.X.nbytes
    assert of("none", share=0.5) == pytest.approx(of("none") / 2, rel=0.01)


def test_who_waits_for_room_has_no_rows_in_hand(monkeypatch):
    place, told = memory.Room(0), []
    monkeypatch.setattr(training, "ROOM", place)
    given = params()

    class Rows:
        def __init__(self, rows):
            self.rows = rows

        def __iter__(self):
            told.append(place.used)
            return iter(self.rows)

    folds = training.numbered(
        [Rows(rows) for rows in splitting.folds(TABLE, given.out_of_fold)], given.out_of_fold
    )
    entry = treatment("random_over", ratio=1)
    expected = memory.of_fit(entry, learners.make(given.learner), TABLE, 2 / 3)

    with pool(3) as executor:
        last = executor.submit(training.final_fit, entry, given.learner, TABLE)
        list(
            executor.map(
                lambda fold: training.fold_scores(entry, given.learner, TABLE, fold), folds
            )
        )
        last.result()

    assert told == [expected] * 3
    assert place.used == 0
