"""The table of DVC's experiments: what each changes, and what it answers."""

import json
import re
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from rebalance import cli, paths, store
from rebalance.cli.commands import experiments
from rebalance.errors import InputError

VALUES = {
    "baseline": {"value": 0.88527, "low": 0.818251, "high": 0.929699},
    "smote": {"value": 0.81, "low": 0.72, "high": 0.88},
}
AT = {"threshold": 0.457365, "true_positives": 78, "false_negatives": 20, "false_positives": 1015}


def results(
    use="baseline", metric="average_precision", smote=VALUES["smote"], verdict="worse", **at
):
    """Return the files that the command reads; ``at`` are decisions of smote."""
    values = VALUES | {"smote": smote}
    return {
        paths.ANSWER: {
            "recommended": use,
            "metric": metric,
            "threshold": {"name": "max_f1"},
        },
        paths.COMPARISON: {
            "intervals": {name: {metric: ends} for name, ends in values.items()},
            "verdicts": {"smote": {"verdict": verdict}},
        },
        paths.DECISIONS: {
            "baseline": {"half": {}, "max_f1": AT},
            "smote": {"half": {}, "max_f1": AT | at},
        },
    }


MAIN = results()
BETTER = results("smote", smote={"value": 0.9, "low": 0.83, "high": 0.95}, verdict="better")
PARAMS = {
    "resample": {"smote": {"treatment": "smote", "ratio": [10, "natural/2"]}},
    "data": {"url": "", "drop": []},
    "run": {"workers": 0},
}


def state(revision, params=PARAMS, **more):
    """Return a revision as 'dvc exp show --json' has it."""
    content = {"params": {"params.yaml": {"data": params}}}
    return {"rev": revision, "name": None, "data": content, "experiments": None, **more}


def experiment(revision, name, params=PARAMS, executor=None):
    return {"name": name, "executor": executor, "revs": [state(revision, params, name=name)]}


def edited(**sections):
    return {name: PARAMS[name] | sections.get(name, {}) for name in PARAMS}


RATIO = edited(resample={"smote": {"treatment": "smote", "ratio": 20}})
MANY = {
    "resample": {"under": {"treatment": "random_under", "ratio": 5}},
    "data": {"url": "https://me:secret@example.org/a.csv", "drop": ["Time", "Day"]},
    "run": {"workers": 2},
}


def lines(states, results):
    return experiments.table(
        states, lambda revision, path: results.get(revision, {}).get(path, {})
    ).splitlines()


def test_each_experiment_has_a_line_with_its_change_and_its_answer():
    main = state("a" * 40, name="main", experiments=[experiment("b" * 40, "more", RATIO)])
    found = lines([state("workspace"), main], {"workspace": MAIN, "a" * 40: MAIN, "b" * 40: BETTER})
    assert found == [
        "experiment  changed                  model           average precision     before  verdict"
        "  threshold     found  false alarms",
        "workspace                            baseline (use)  0.885 [0.818, 0.930]  0.885          "
        "     0.4574  78 of 98         1,015",
        "main                                 baseline (use)  0.885 [0.818, 0.930]                 "
        "     0.4574  78 of 98         1,015",
        "more        resample.smote.ratio=20  smote (use)     0.900 [0.830, 0.950]  0.810   better "
        "     0.4574  78 of 98         1,015",
    ]
    assert max(map(len, found)) <= 130


def test_a_model_that_an_experiment_changed_has_a_line_with_what_became_of_it():
    other = results(
        smote={"value": 0.84, "low": 0.76, "high": 0.9},
        verdict="not decided",
        threshold=0.25, true_positives=80, false_negatives=18, false_positives=21,
    )  # fmt: skip
    main = state("a" * 40, name="main", experiments=[experiment("b" * 40, "more", RATIO)])
    (*_, use, changed) = lines([state("workspace"), main], {"a" * 40: MAIN, "b" * 40: other})
    assert use.split("  ")[:1] == ["more"]
    assert use.split()[2:] == [
        "baseline", "(use)", "0.885", "[0.818,", "0.930]", "0.885", "0.4574",
        "78", "of", "98", "1,015",
    ]  # fmt: skip
    assert changed.split() == [
        "smote", "0.840", "[0.760,", "0.900]", "0.810", "not", "decided", "0.2500",
        "80", "of", "98", "21",
    ]  # fmt: skip
    assert changed.index("smote") == use.index("baseline")


@pytest.mark.parametrize(
    ("params", "named"),
    [
        (PARAMS | {"tune": {"folds": 3}}, ["tuned"]),
        # A change of all models is answered by the model to use.
        (PARAMS | {"split": {"seed": 1}}, []),
        (edited(resample={"new": {"treatment": "smote"}}), ["new"]),
        # A model that is gone has nothing to show.
        ({"data": PARAMS["data"], "run": PARAMS["run"], "resample": {}}, []),
    ],
)
def test_only_models_whose_own_parameters_changed_have_a_line(params, named):
    there = {name: {"max_f1": AT} for name in ("baseline", *named, "over")}
    found = {
        paths.ANSWER: MAIN[paths.ANSWER],
        paths.COMPARISON: {
            "intervals": {name: {"average_precision": VALUES["smote"]} for name in there},
            "verdicts": {},
        },
        paths.DECISIONS: there,
    }
    main = state("a" * 40, name="main", experiments=[experiment("b" * 40, "it", params)])
    text = "\n".join(lines([state("workspace"), main], {"b" * 40: found}))
    assert re.findall(r"(\S+) +0\.810 \[", text) == ["(use)", *named]


def test_a_threshold_that_flags_no_row_is_none():
    never = results("smote", threshold=None)
    main = state("a" * 40, experiments=[experiment("b" * 40, "more", RATIO)])
    _, found, *_ = lines([state("workspace"), main], {"workspace": never})
    assert found.split("]")[1].split()[:3] == ["worse", "none", "78"]


def test_values_of_more_than_one_metric_say_which():
    main = state("a" * 40, experiments=[experiment("b" * 40, "ranks")])
    answers = {"a" * 40: MAIN, "b" * 40: results(metric="roc_auc")}
    heading, here, commit, ranks = lines([state("workspace"), main], answers)
    assert heading.split()[3:5] == ["value", "before"]
    assert here.split() == ["workspace", "(no", "answer)"]
    assert commit.startswith("aaaaaaa")
    assert " average precision 0.885 [0.818, 0.930] " in commit
    assert " ROC AUC 0.885 [0.818, 0.930] " in ranks
    # The commit that it started from has no ROC AUC, and its average precision is another number.
    assert ranks.split("]")[1].split()[0] == "0.4574"


def test_values_share_the_decimals_that_the_narrowest_interval_calls_for():
    narrow = results("smote", smote={"value": 0.9, "low": 0.8996, "high": 0.9004})
    zero = results(smote={"value": 0.0, "low": 0.0, "high": 0.5})
    done = experiment("b" * 40, "more", RATIO, {"state": "success"})
    main = state("a" * 40, experiments=[done])
    _, _, commit, more = lines([state("workspace"), main], {"a" * 40: zero, "b" * 40: narrow})
    assert " 0.88527 [0.81825, 0.92970] " in commit
    assert " 0.90000 [0.89960, 0.90040]  0.00000 " in more


MORE = VALUES["baseline"] | {"method": "bootstrap"}


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ({paths.COMPARISON: {}}, "baseline (use) 0.4574 78 of 98 1,015"),
        ({paths.DECISIONS: {}}, "baseline (use) 0.885 [0.818, 0.930]"),
        ({paths.DECISIONS: {"baseline": {}}}, "baseline (use) 0.885 [0.818, 0.930]"),
        ({paths.ANSWER: {"recommended": "baseline"}}, "(no answer)"),
        (
            {paths.COMPARISON: {"intervals": {"baseline": {"average_precision": MORE}}}},
            "baseline (use) 0.885 [0.818, 0.930] 0.4574 78 of 98 1,015",
        ),
    ],
)
def test_a_revision_of_another_version_shows_what_it_has(content, shown):
    main = state("a" * 40, name="main", experiments=[experiment("b" * 40, "more", RATIO)])
    files = {"a" * 40: MAIN | content, "b" * 40: MAIN | {paths.COMPARISON: {}}}
    _, _, found, more, *_ = lines([state("workspace"), main], files)
    assert found.split()[1:] == shown.split()
    # Without a value there is none to compare with the one before.
    assert more.split()[2:5] == ["baseline", "(use)", "0.4574"]


def test_models_where_there_were_none_are_a_change():
    none = PARAMS | {"resample": {}}
    main = state("a" * 40, none, name="main", experiments=[experiment("b" * 40, "more")])
    more = [line.strip() for line in lines([state("workspace", none), main], {})[3:]]
    assert more[0].split()[:2] == ["more", "resample.smote.treatment=smote"]
    assert more[2] == "~resample"
    assert experiments.touched(["~resample", "~resample.over.ratio"]) == ["over"]


def test_an_experiment_that_has_no_result_says_so():
    waiting = [
        experiment("b" * 40, None, RATIO, {"state": "queued"}),
        experiment("c" * 40, "broken", executor={"state": "failed"}),
        experiment("workspace", "now", executor={"state": "running"}),
    ]
    waiting[1]["revs"][0]["data"] = None
    main = state("a" * 40, name="main", experiments=waiting)
    found = lines([state("workspace"), main], {"a" * 40: MAIN})
    assert [line.split()[-1] for line in found[3:]] == ["(queued)", "(failed)", "(running)"]
    assert found[3].split() == ["bbbbbbb", "resample.smote.ratio=20", "(queued)"]
    # Parameters that are not known are no change.
    assert found[4].split() == ["broken", "(failed)"]


def test_a_change_is_what_dvc_takes_and_hides_secrets():
    assert experiments.changed(state("a"), state("b", RATIO)) == ["resample.smote.ratio=20"]
    assert experiments.changed(state("a"), state("b", MANY)) == [
        "resample.under.treatment=random_under",
        "resample.under.ratio=5",
        "data.url=https://***@example.org/a.csv",
        'data.drop=["Time", "Day"]',
        "run.workers=2",
        "~resample.smote.treatment",
        "~resample.smote.ratio",
    ]
    main = state("a" * 40, name="main", experiments=[experiment("b" * 40, "many", MANY)])
    _, _, _, first, second, third, rest = lines([state("workspace"), main], {})
    assert first.split() == ["many", "resample.under.treatment=random_under", "(no", "answer)"]
    assert (second.strip(), third.strip(), rest.strip()) == (
        "resample.under.ratio=5", "data.url=https://***@example.org/a.csv", "and 4 more",
    )  # fmt: skip


def test_commits_without_experiments_are_left_out_but_for_the_last():
    last, old = state("a" * 40, name="main"), state("c" * 40)
    one = state("d" * 40, experiments=[experiment("e" * 40, "old")])
    found = lines([state("workspace"), last, old, one], {})
    assert [line.split()[0] for line in found[1:]] == ["workspace", "main", "ddddddd", "old"]


def test_a_commit_is_compared_with_no_other_and_one_more_change_is_counted():
    four = edited(resample={"smote": {"c": 2}}, run={"workers": 3})
    last = state("a" * 40, name="main")
    one = state("d" * 40, four, experiments=[experiment("e" * 40, "old")])
    found = lines([state("workspace"), last, one], {"d" * 40: MAIN})
    assert found[3].split()[:2] == ["ddddddd", "baseline"]
    assert found[-1].strip() == "and 1 more"


def test_without_experiments_it_says_how_to_make_one():
    states = [state("workspace"), state("a" * 40)]
    assert experiments.table(states, {}.get) == experiments.NONE


@pytest.mark.parametrize("every", [False, True])
def test_dvc_is_asked_for_the_last_commit_or_for_all(monkeypatch, capsys, tmp_path, every):
    monkeypatch.chdir(tmp_path)
    for path, content in MAIN.items():
        store.write_json(path, content)
    main = state("a" * 40, name="main", experiments=[experiment("b" * 40, "more", RATIO)])
    asked = []

    def run(command, **_):
        asked.append(command[1:])
        if command[0] == "git":
            content = BETTER[Path(command[-1].partition(":")[2])]
            return CompletedProcess(command, 0, stdout=json.dumps(content).encode())
        return CompletedProcess(command, 0, stdout=json.dumps([state("workspace"), main]))

    monkeypatch.setattr("subprocess.run", run)
    cli.main(["experiments", *(["--all"] if every else [])])
    shown = ["-m", "dvc", "exp", "show", "--json", *(["--all-commits"] if every else [])]
    assert asked[0] == shown
    files = {paths.ANSWER, paths.COMPARISON, paths.DECISIONS}
    wanted = {f"{each * 40}:{file.as_posix()}" for each in "ab" for file in files}
    assert {last for *_, last in asked[1:]} == wanted
    users = [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:3]]
    assert users == ["baseline", "smote"]


def test_what_dvc_says_is_its_error_and_not_where_to_get_help(monkeypatch):
    said = (
        "ERROR: unexpected error - [Errno 30] Read-only file system: 'lock'\n\nHaving any troubles?"
    )
    done = CompletedProcess(
        "", 255, stdout="", stderr=f"{said} Hit us up at https://dvc.org/support\n"
    )
    monkeypatch.setattr("subprocess.run", lambda *_, **__: done)
    with pytest.raises(InputError, match=r"failed: unexpected error - .*Read-only .* 'lock'\.$"):
        cli.main(["experiments"])


def test_without_dvc_it_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InputError, match=r"^'dvc exp show' failed: .*not inside.*\.$"):
        experiments.run(every=False)
