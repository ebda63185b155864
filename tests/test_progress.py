"""Progress in a terminal: a bar of fits; one line a stage where the output is piped."""

import io
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from rebalance import tuning
from rebalance.learning import progress, training
from rebalance.learning.training import Settings
from tests import strategies
from tests.strategies import params, table, treatment
from tests.studies import TABLE, Counting


class Terminal(io.StringIO):
    """A file that says that it is a terminal."""

    def isatty(self):
        return True


def shown(text):
    """Return (fits done, fits in all) of every state of a bar."""
    return [(int(a), int(b)) for a, b in re.findall(r"(\d+)/(\d+) \[", text)]


def test_fits_are_counted_when_they_are_done_from_any_thread():
    file, gate = Terminal(), threading.Event()
    with progress.shown(20, file, 0) as bar, ThreadPoolExecutor(8) as executor:
        for _ in range(20):
            bar.follow(executor.submit(gate.wait))
        gate.set()
    assert shown(file.getvalue())[-1] == (20, 20)
    assert "fit" in file.getvalue()


def test_a_fit_that_is_cancelled_is_not_counted_and_what_remains_is_corrected():
    file = Terminal()
    with progress.shown(100, file, 0) as bar:
        done, cancelled = bar.follow(Future()), bar.follow(Future())
        done.set_result(1)
        assert cancelled.cancel()
        bar.expect(3)
    assert shown(file.getvalue())[-1] == (1, 4)


def test_a_pipe_gets_no_bar():
    file = io.StringIO()
    with progress.shown(2, file, 0) as bar:
        future = bar.follow(Future())
        future.set_result(1)
        bar.expect(1)
    assert file.getvalue() == ""


def counted(work, count):
    """Return the states of the bar while ``work`` runs fits."""
    file = Terminal()
    with progress.shown(count, file, 0) as bar, strategies.fits(table(240, 30), bar=bar) as running:
        work(running)
    return shown(file.getvalue())


def test_a_model_has_a_fit_for_each_fold_and_one_of_all_rows():
    settings = Settings.of(params())
    entry = treatment("random_under", ratio=3)
    states = counted(lambda running: training.train(entry, running, settings), settings.fits)
    assert settings.fits == 4
    assert states[-1] == (4, 4)


def test_a_study_ends_with_as_many_fits_as_it_said():
    given = params(tune__trials=4)
    settings = Settings.of(given)
    fits_of_study = []

    def work(running):
        study = tuning.search(running, given.tune, settings)
        fits_of_study.append(study.summary()["fits"])
        tuning.train(study, running, given.tune, settings)

    count = tuning.questions(given.tune) * given.tune.folds + settings.fits
    done, of = counted(work, count)[-1]
    # Without a cache the folds of the choice are fitted once more.
    assert done == of == fits_of_study[0] + settings.fits


def test_a_study_says_how_many_fits_may_still_come_with_those_of_its_choice():
    given = params(tune__trials=4, tune__batch=2, tune__learner={"max_iter": {"choices": [3, 4]}})
    settings, said = Settings.of(given), []
    with strategies.fits(TABLE, scores=Counting()) as running:
        running.expect = said.append
        tuning.search(running, given.tune, settings)
    # Eight questions of three folds, and four fits of the choice; two are asked at a time.
    assert said[:2] == [6 * 3 + 4, 4 * 3 + 4]
    assert said[-1] == 4
