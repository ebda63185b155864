"""The workflow takes the article's steps exactly; only the choice of the ratio differs."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import article, article_script, article_steps
from rebalance import params as parameters
from rebalance import sources
from rebalance.errors import InputError
from rebalance.learning import treatments
from rebalance.sources.simulated import simulate

COLUMNS = ["Time", "V10", "V14", "Amount", "Class"]
ROWS = {"rows": 2500, "positives": 11, "seed": 3}
TRIALS, FOLDS = 3, 2
SAME = ["baseline", "under", "over", "class_weight"]


@pytest.fixture(scope="module")
def params():
    content = parameters.load().model_dump()
    content["data"] |= {"source": "simulated", "target": "Class", "positive": 1, "drop": ["Time"]}
    content["split"] |= {"method": "stratified", "column": ""}
    content["learner"] |= {"seed": 42}
    # The seed whose ratios survive the article's 1 / ratio: one in twenty loses a row to rounding.
    # The best ratio, not the cautious choice, so that what decides it shows.
    content["tune"] |= {"seed": 42, "one_standard_error": False}
    content["evaluate"] |= {"bootstrap": 100}
    return parameters.parse(content)


@pytest.fixture(scope="module")
def frame():
    return simulate(**ROWS)[COLUMNS]


@pytest.fixture(scope="module")
def sides(params, frame):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "load", lambda _: frame)
        return article_steps.tables(params)


@pytest.fixture(scope="module")
def ours(sides, params):
    return article_steps.run(*sides, params, trials=TRIALS, folds=FOLDS)


@pytest.fixture(scope="module")
def theirs(frame, params):
    seeds = {"random_state": params.learner.seed, "seed": params.tune.seed}
    return article_script.run(frame, **seeds, trials=TRIALS)


def test_rows_are_split_as_in_the_article(sides, frame):
    X_train, X_test, y_train, y_test = article_script.split(frame)
    train, test = sides

    np.testing.assert_array_equal(train.X, X_train)
    np.testing.assert_array_equal(train.y, y_train)
    np.testing.assert_array_equal(test.X, X_test)
    np.testing.assert_array_equal(test.y, y_test)


@pytest.mark.parametrize("name", SAME)
def test_a_step_has_the_accuracy_of_the_article_s_to_the_last_digit(ours, theirs, name):
    assert ours[name].accuracy == theirs[name]["accuracy"]
    # Accuracy counts few errors here; the order of the scores tells more.
    expected = theirs[name]["average_precision"]
    assert ours[name].average_precision == pytest.approx(expected, abs=1e-12)


def test_under_sampling_draws_the_rows_of_the_article(sides, frame):
    X_train, _, y_train, _ = article_script.split(frame)
    X, y = article_script.under_sampled(X_train, y_train, article_steps.RATIO)

    seen = treatments.prepare(article_steps.under(article_steps.RATIO), sides[0].X, sides[0].y)

    assert len(y) < len(y_train)
    np.testing.assert_array_equal(seen.rows.array(), X)
    np.testing.assert_array_equal(seen.y, y)


def test_over_sampling_draws_the_rows_of_the_article(sides, frame):
    X_train, _, y_train, _ = article_script.split(frame)
    X, y = article_script.over_sampled(X_train, y_train)

    seen = treatments.prepare(article_steps.OVER, sides[0].X, sides[0].y)

    np.testing.assert_array_equal(seen.rows.array(), X)
    np.testing.assert_array_equal(seen.y, y)


def test_tuning_the_article_s_way_asks_and_picks_its_ratios(ours, theirs):
    found, expected = ours["tuned_on_test"], theirs["tuned_on_test"]

    assert [ratio for ratio, _ in found.tried] == expected["asked"]
    assert found.ratio == expected["ratio"]
    assert found.accuracy == expected["accuracy"]


def test_our_choice_never_looks_at_the_test_rows(ours, sides, params):
    train, test = sides
    other = replace(test, X=np.zeros_like(test.X), y=1 - test.y)

    found = article_steps.tuned(train, other, params, TRIALS, FOLDS)

    assert found.accuracy != ours["tuned"].accuracy
    assert found.ratio == ours["tuned"].ratio


def test_the_table_has_every_step_and_both_tuned_numbers(ours, sides):
    lines = article.table(ours, sides[1]).splitlines()

    for name in SAME:
        (line,) = [line for line in lines if line.startswith(ours[name].label)]
        assert f"{ours[name].accuracy:.6f}" in line
        assert f"{article.PUBLISHED[name]:.6f}" in line

    tuned = [line for line in lines if line.startswith("tuned ratio")]
    assert ["optimistic: chosen on the test rows" in line for line in tuned] == [True, False]
    assert f"{article.PUBLISHED['tuned_on_test']:.6f}" in tuned[0]


def test_a_natural_ratio_below_200_is_said_and_taken(params, sides):
    train, test = sides
    kept = np.concatenate([np.flatnonzero(train.y), np.flatnonzero(train.y == 0)[:300]])
    small = replace(train, X=train.X[kept], y=train.y[kept])

    steps = article_steps.run(small, test, params, trials=1, folds=FOLDS)

    assert "natural ratio" in steps["under"].label
    np.testing.assert_array_equal(steps["under"].y_score, steps["baseline"].y_score)
    assert "200 : 1 is not below the natural ratio" in article.heading(small, test, params, FOLDS)
    assert "the same scores: random under-sampling" in article.meaning(steps, test, params)[2]


Y_TEST = np.repeat([1, 0], [4, 36]).astype(np.int8)


def step(label, wrong, **more):
    """Return a step with a given number of errors, its scores no better than its answers."""
    flagged = Y_TEST == 1
    flagged[:wrong] = ~flagged[:wrong]
    settings = {"accuracy": 1 - wrong / len(Y_TEST), "average_precision": 0.5, "seconds": 1.0}
    return article_steps.Step(
        label=label, flagged=flagged, y_score=flagged * 0.9, **settings | {"ratio": 7} | more
    )


def test_sentences_say_what_the_numbers_say(params, sides):
    test = replace(sides[1], X=np.zeros((40, 3)), y=Y_TEST)
    steps = {
        "baseline": step("baseline", 4),
        "under": step("fewer", 4),
        "tuned_on_test": step("tuned ratio, 7 : 1 (x)", 1, fits=2, tried=((7, 0.975), (9, 0.9))),
        "tuned": step("tuned ratio, no resampling (y)", 2, fits=5),
        "over": step("more (z)", 7),
        "class_weight": step("weights", 3),
    }

    accuracy, tuning, precision = article.meaning(steps, test, params)

    assert "4 errors, which is the no-information rate; below it: more (7 errors)." in accuracy
    assert "of 2 ratios" in tuning
    assert "1 error, 1.5 fewer than the median of 2 trials, for 2 fits" in tuning
    assert "for 5 fits, it is no resampling instead of 7 : 1, with 2 errors" in tuning
    assert "4 test positives" in precision
    assert "the same scores: fewer" in precision
    assert "7 : 1" not in precision

    steps["over"] = step("more", 4)
    assert article.meaning(steps, test, params)[0].endswith("; no step is below it.")


def test_a_sample_keeps_the_prevalence(params, frame):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "load", lambda _: frame)

        train, test = article_steps.tables(params, 2400)

        assert len(train.y) + len(test.y) == 2400
        assert train.y.sum() + test.y.sum() in {10, 11}
        with pytest.raises(InputError, match=r"--rows must leave 10 positives or more, got 500"):
            article_steps.tables(params, 500)
