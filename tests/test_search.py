"""The study of the ratio: the same on any number of workers, after any kill, and paid for once."""

import logging
import os
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance import splitting, store, tuning
from rebalance.errors import InputError
from rebalance.learning import treatments
from rebalance.learning.fits import final_fit
from rebalance.tuning import Candidate
from tests import forks
from tests.strategies import ROOT, params
from tests.studies import NATURAL, PARAMS, TABLE, UNTREATED, Counting, real, search, told, trained


@pytest.mark.parametrize("workers", [2, 4])
def test_the_same_seed_gives_the_same_study_on_any_number_of_workers(workers):
    # Idle workers fit folds that may be forgotten.
    first, second = real(), real(workers=workers)
    assert told(first) == told(second)
    models = [trained(first, PARAMS, number).model for number in (1, workers)]
    np.testing.assert_array_equal(*(model.predict_proba(TABLE.X) for model in models))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("learner", [{}, {"learning_rate": {"low": 0.02, "high": 0.5}}])
def test_folds_that_idle_workers_fit_ahead_change_nothing(seed, learner):
    keys = {"tune__trials": 9, "tune__folds": 5, "tune__seed": seed, "tune__learner": learner}
    one, more = Counting(noise=1.5), Counting(noise=1.5)
    first = search(params(**keys), one)
    second = search(params(**keys), more, workers=4)
    assert told(first) == told(second)
    assert learner or first.summary()["pruned"] > 0
    assert set(one.asked) <= set(more.asked)
    assert len(more.asked) == len(set(more.asked))


@settings(max_examples=12)
@given(st.integers(0, 50), st.sampled_from([1, 2, 3, 5]), st.booleans(), st.booleans())
def test_a_question_is_paid_for_once_however_often_it_is_asked(seed, batch, prune, settings_too):
    learner = {"max_iter": {"choices": [3, 4]}} if settings_too else {}
    changes = {"trials": 12, "seed": seed, "batch": batch, "prune": prune}
    given_ = params(tune__learner=learner, **{f"tune__{key}": v for key, v in changes.items()})
    counting = Counting()
    study = search(given_, counting)
    assert len(study.trials) >= len(study.scored) - 1
    assert len(counting.asked) == len(set(counting.asked)) == study.summary()["fits"]
    assert all(1 <= c.ratio <= NATURAL for c in study.scored)
    if not prune:
        assert study.summary()["pruned"] == 0
        assert len(counting.asked) == 3 * len(study.scored)


def test_the_untreated_candidate_is_complete_even_where_there_is_one_trial():
    study = search(params(tune__trials=1))
    assert set(study.scored) == {Candidate(treatment="random_under", ratio=1), UNTREATED}
    assert len(study.scored[UNTREATED].scores) == 3
    assert study.untreated == UNTREATED
    entry = study.untreated.entry(NATURAL, 0)
    assert (entry.treatment, entry.ratio) == ("none", None)


def test_a_study_whose_lowest_ratio_is_the_natural_one_asks_no_other():
    study = search(params(tune__low=NATURAL))
    assert study.trials == [UNTREATED]
    assert study.chosen == UNTREATED


def test_scores_are_those_of_an_honest_cross_validation():
    from sklearn.metrics import average_precision_score

    from rebalance.learning import learners, treatments

    given = params(tune__trials=3, tune__prune=False)
    study = real(given)
    for candidate, scored in study.scored.items():
        entry = candidate.entry(NATURAL, given.tune.seed)
        folds = splitting.folds(TABLE, given.tune)
        for fold, score in zip(folds, scored.scores, strict=True):
            train, valid = fold.train, fold.valid
            fitted = treatments.fit(
                entry, learners.make(given.learner), TABLE.X[train], TABLE.y[train]
            )
            y_score = fitted.estimator.predict_proba(TABLE.X[valid])[:, 1]
            assert score == pytest.approx(average_precision_score(TABLE.y[valid], y_score))


def test_several_treatments_compete_with_as_many_trials_each():
    study = search(params(tune__also=["class_weight", "smote"], tune__trials=5))
    asked = [c.treatment for c in study.trials]
    assert {name: asked.count(name) for name in set(asked)} == {
        "random_under": 4,
        "class_weight": 4,
        "smote": 4,
        "none": 3,  # the natural ratio of each
    }
    assert set(study.summary()["arms"]) == {"random_under", "class_weight", "smote", "none"}


@pytest.mark.parametrize("seed", range(4))
def test_a_treatment_whose_every_ratio_was_stopped_is_told_without_a_score(seed):
    given = params(tune__also=["smote"], tune__trials=6, tune__folds=5, tune__seed=seed)

    class Bad(Counting):
        def __call__(self, entry, *rest):
            found = super().__call__(entry, *rest)
            return found._replace(raw=found.raw[::-1]) if entry.treatment == "smote" else found

    study = search(given, Bad())
    arm = study.summary()["arms"]["smote"]
    assert arm["pruned"] == arm["fits"] > 0
    assert "score" not in arm
    points = [line for line in study.curve().splitlines() if line.startswith("smote")]
    # No resampling alone has a standard error: the others were stopped, and are estimates.
    finished = [line.split(",")[1] for line in points if not line.endswith(",")]
    assert finished == [str(NATURAL)]
    stopped = [int(line.split(",")[1]) for line in points if line.endswith(",")]
    asked = {c.ratio for c in study.scored if c.treatment == "smote"}
    assert stopped == sorted(asked - {NATURAL})


def test_what_every_treatment_is_held_against_is_never_stopped():
    learning = {"learning_rate": {"low": 0.02, "high": 0.5}}
    given = params(tune__learner=learning, tune__trials=8, tune__folds=5)
    study = search(given, Counting(noise=2.0))
    untreated = [s for s in study.scored.values() if s.candidate.treatment == "none"]
    assert {len(s.scores) for s in untreated} == {5}
    arms = study.summary()["arms"]
    assert 0 <= arms["none"]["fits"] - arms["random_under"]["fits"] < 5
    assert arms["random_under"]["pruned"] > 0


def test_no_settings_are_searched_for_an_ensemble_without_a_learner():
    learning = {"learning_rate": {"low": 0.02, "high": 0.5}}
    given = params(tune__treatment="rus_boost", tune__learner=learning, tune__trials=4)
    study = search(given, Counting())
    assert not any(c.settings for c in study.trials if c.treatment == "rus_boost")
    assert any(c.settings for c in study.trials if c.treatment == "none")


def test_the_choice_is_judged_on_the_folds_of_every_other_model():
    given = params(tune__folds=5, tune__seed=7, tune__trials=2, out_of_fold__folds=3)
    scores = trained(search(given), given).scores
    folds = splitting.folds(TABLE, given.out_of_fold)
    np.testing.assert_array_equal(scores.row, np.concatenate([fold.valid for fold in folds]))


def test_the_untreated_arm_has_the_same_budget_of_settings():
    learning = {"learning_rate": {"low": 0.02, "high": 0.5, "log": True}}
    given = params(tune__learner=learning, tune__trials=5, tune__prune=False)
    quality = Counting(lambda _, settings: 4 * settings["learning_rate"] if "learning_rate" in
                       settings else 0)  # fmt: skip
    study = search(given, quality)
    arms = study.summary()["arms"]
    assert 0 <= arms["none"]["fits"] - arms["random_under"]["fits"] < given.tune.folds
    assert all(0.02 <= dict(c.settings)["learning_rate"] <= 0.5 for c in study.trials)
    summary = study.summary()
    assert summary["gain_of_tuning"] > 0
    total = summary["best_score"] - summary["natural_score"]
    assert summary["gain_of_tuning"] + summary["gain_of_treatment"] == pytest.approx(total)


def test_the_final_model_is_the_choice_fitted_on_all_rows_and_judged_by_the_study():
    given = params(tune__one_standard_error=False, tune__trials=4)
    study = real(given)
    found = trained(study, given)
    entry = study.chosen.entry(NATURAL, given.tune.seed)
    fitted = final_fit(entry, given.learner, TABLE)
    scores, score = found.scores, tuning.scorer(given.tune.metric)
    folds = [scores.fold == number for number in range(given.tune.folds)]
    values = [score(scores.y_true[fold], scores.raw[fold]) for fold in folds]
    assert values == pytest.approx(study.scored[study.chosen].scores, abs=1e-12)
    np.testing.assert_array_equal(
        found.model.raw_scores(TABLE.X), fitted.estimator.predict_proba(TABLE.X)[:, 1]
    )
    assert sorted(scores.row.tolist()) == list(range(300))


def test_accuracy_is_warned_about_with_the_no_information_rate(caplog):
    with caplog.at_level(logging.WARNING, logger="rebalance"):
        search(params(tune__metric="accuracy", tune__trials=1))
    assert [message for message in caplog.messages if "scores 0.9 (the no-information" in message]
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="rebalance"):
        search(params(tune__trials=1))
    assert not caplog.messages


@pytest.mark.parametrize("metric", ["average_precision", "roc_auc", "neg_log_loss", "f1"])
def test_a_metric_goes_by_scikit_learns_name(metric):
    from sklearn import metrics as theirs

    y, y_score = np.array([0, 1, 0, 1, 0]), np.array([0.1, 0.8, 0.6, 0.4, 0.2])
    expected = {
        "average_precision": theirs.average_precision_score(y, y_score),
        "roc_auc": theirs.roc_auc_score(y, y_score),
        "neg_log_loss": -theirs.log_loss(y, y_score),
        "f1": theirs.f1_score(y, y_score >= 0.5),
    }
    assert tuning.scorer(metric)(y, y_score) == pytest.approx(expected[metric])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tune__treatment": "Undre"}, "tune: treatment must be one of none, random_under"),
        ({"tune__also": ["Undre"]}, "tune: treatment must be one of none, random_under"),
        (
            {"tune__low": 10},
            "tune.low must be at most the natural ratio of the training rows, 9 ",
        ),
        (
            {"tune__treatment": "TomekLinks"},
            "'TomekLinks' removes the rows that it finds and takes",
        ),
        ({"tune__folds": 31}, "tune.folds must be at most the positives of the training rows"),
    ],
)
def test_a_study_that_cannot_be_is_one_line_before_any_fit(changes, said):
    counting = Counting()
    with pytest.raises(InputError) as caught:
        search(params(**changes), counting)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not counting.asked


def test_an_unknown_setting_of_the_learner_is_one_line():
    given = params(tune__learner={"leaves": {"low": 1, "high": 3}})
    with pytest.raises(InputError, match="the unknown argument 'leaves'"):
        search(given)


# Kills: a process that dies after so many fits, and one that goes on.

KILLS = (1, 2, 3, 5, 8)
DIE = """
import os, signal
from pathlib import Path
from rebalance import store
from rebalance.learning import treatments
from tests.studies import real

fit, fits = treatments.fit, []

def deadly(*arguments):
    if len(fits) == kill:
        os.kill(os.getpid(), signal.SIGKILL)
    fits.append(arguments)
    return fit(*arguments)

treatments.fit = deadly
for kill in KILLS:
    if not os.fork():
        real(cache=store.ScoreCache(Path(f"kept-{kill}")))
        os._exit(0)  # it was to die
    assert os.WIFSIGNALED(os.wait()[1])
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Return a folder with what studies kept that were killed after 1, 2, 3, 5 and 8 fits."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork, to die in")
    folder = tmp_path_factory.mktemp("killed")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    code = DIE.replace("KILLS", repr(KILLS))
    subprocess.run([forks.python(), "-c", code], cwd=folder, env=env, check=True)
    return folder


@pytest.fixture(scope="module")
def whole():
    """Return the study that nothing stopped."""
    return real()


def resumed(folder, monkeypatch):
    """Return the study that goes on from what ``folder`` keeps, and the number of its fits."""
    fitted, fit = [], treatments.fit

    def counted(*arguments):
        fitted.append(arguments)
        return fit(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(treatments, "fit", counted)
        return real(cache=store.ScoreCache(folder)), len(fitted)


@pytest.mark.parametrize("kill", KILLS)
def test_a_killed_study_goes_on_as_if_nothing_had_stopped_it(kill, killed, whole, monkeypatch):
    study, number = resumed(killed / f"kept-{kill}", monkeypatch)
    assert told(study) == told(whole)
    assert number == whole.summary()["fits"] - kill
    assert resumed(killed / f"kept-{kill}", monkeypatch)[1] == 0


def test_a_torn_result_is_fitted_again(tmp_path, whole, monkeypatch):
    resumed(tmp_path, monkeypatch)
    torn = sorted(tmp_path.rglob("*.npz"))[3]
    torn.write_bytes(torn.read_bytes()[:40])
    study, number = resumed(tmp_path, monkeypatch)
    assert told(study) == told(whole)
    assert number == 1
