"""The speed benchmark compares the same work, and says what it measured."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import yaml

from benchmarks.speed import __main__ as speed
from benchmarks.speed import child, growth, pipeline, single, stage, table, work
from rebalance import workers
from tests import forks
from tests.strategies import until

STAGES = ["download", "split", "train_baseline", "tune_ratio", "evaluate"]
STUDY = {
    "seconds": 2.0,
    "processor_seconds": 3.5,
    "fits": 15,
    "fit_seconds": 3.0,
    "untreated_seconds": 1.5,
    "engine": "ThreadPoolExecutor",
    "forgotten": 2,
    "asked": [1, 200, 1],
    "natural": 577,
    "best": 200,
    "scores": {"1": [0.5], "200": [0.9], "577": [0.8]},
    "peak": 300_000_000,
}
WORK = {
    "prepare": {"positives": 12},
    "article_ours": {
        "learner": "HistGradientBoostingClassifier of 75 trees",
        "seconds": 2.0,
        "steps": {"under": 0.8},
        "test_positives": 3,
    },
    "article_theirs": {"seconds": 100.0, "steps": {"over": 0.7, "under": 0.75}},
    "study": STUDY,
    "optuna": STUDY | {"seconds": 9.0, "trial_seconds": [2.0, 4.0, 3.0]},
    "save_model": {},
    "scoring": {"seconds": 2.0, "rival": 1.8},
    "bootstrap": {"seconds": 3.0, "processor_seconds": 2.5, "rival": 30.0},
}


def done(code=0, seconds=0.5, said=""):
    return child.Done(seconds=seconds, processor=seconds, peak=200_000_000, code=code, said=said)


@pytest.fixture
def canned(monkeypatch):
    """No process is started; every seconds and peak is known."""
    monkeypatch.setattr(child, "work", lambda name, _, **__: {"peak": 1_000_000} | WORK[name])
    monkeypatch.setattr(child, "call", lambda *_, **__: done())
    monkeypatch.setattr(child, "run", lambda *_, **__: done())
    monkeypatch.setattr(pipeline, "stages", lambda _: dict.fromkeys(STAGES, 1.0))
    monkeypatch.setattr(pipeline, "where", lambda _: {name: {"fits": 0.5} for name in STAGES})


def test_the_table_and_the_json_have_every_row(canned, tmp_path, capsys):
    out = tmp_path / "results" / "speed.json"
    sizes = ["--rows", "300000", "50000"]
    assert speed.main(["--out", str(out), *sizes]) == 1

    content = json.loads(out.read_text(encoding="utf-8"))
    printed = capsys.readouterr().out
    works = [row["work"] for row in content["rows"]]
    for expected in (
        "article's five steps, 10 ratios",
        "average precision of the best step",
        "dvc repro, cold",
        *(f"  {name}" for name in STAGES),
        "imports, DVC and MLflow together",
        "dvc repro, nothing to do",
        "dvc metrics diff",
        "ratio study, 30 ratios asked",
        "study, the same 15 fits, against Optuna",
        "study, the same winner, against Optuna",
        "one core kept busy",
        "intervals, 57,000 rows",
        "scoring 1,000,000 rows",
        "300,000 rows: train_resampled@smote",
        "300,000 rows: all stages",
        "50,000 rows: tune_ratio",
    ):
        assert any(expected in name for name in works), expected
        assert expected in printed
    for row in content["rows"]:
        both = row["ours"] and row["rival"]
        assert row["ratio"] == (row["rival"] / row["ours"] if both else None)
        assert (row["met"] is None) or row["target"] or "rows:" in row["work"]
    assert content["run"]["cores"] == workers.cores()


def test_only_some_rows_are_measured_where_it_says_so(canned, tmp_path):
    out = tmp_path / "speed.json"
    assert speed.main(["--only", "scoring", "--quick", "--out", str(out)]) == 0
    (row,) = json.loads(out.read_text(encoding="utf-8"))["rows"]
    assert row["work"].startswith("scoring")


def test_workers_are_those_that_were_asked_for(canned, tmp_path, monkeypatch):
    asked, out = {}, tmp_path / "speed.json"

    def noted(name, _, **given):
        asked[name] = given
        return {"peak": 1} | WORK[name]

    monkeypatch.setattr(child, "work", noted)
    assert speed.main(["--only", "study", "--workers", "16", "--out", str(out)]) == 0
    assert asked["study"]["workers"] == 16
    content = json.loads(out.read_text(encoding="utf-8"))
    study, floor = content["rows"]
    assert content["run"]["cores"] == 16
    # Fits of 3 s on 16 cores: at most 1.25 x 3 / 16 + 3.
    assert (study["rival"], study["target"]) == (3 / 16, "at most 3.2 s")
    assert (floor["ours"], floor["rival"], floor["met"]) == (3.0, 1.5, True)


def test_a_row_says_whether_its_target_is_met(canned, tmp_path):
    size = speed.Size(rows=300_000, cores=2)
    steps, precision = single.article(tmp_path, size)
    assert (steps.ratio, steps.met, precision.met) == (50.0, False, True)
    same, winner, *_, own = single.optuna(tmp_path, size)
    # A ratio asked twice is fitted once by ours, and so it counts once.
    assert (same.rival, same.met) == (2.0 + 4.0, True)
    assert (winner.rival, winner.ratio, winner.met) == (9.0, 4.5, True)
    # 3.5 s of the processor for either side.
    assert (own.ours, own.rival, own.met) == (3.5, 3.5, False)
    assert "Optuna's own 30 ratios" in own.work
    (busy,) = single.neighbour(tmp_path, size)
    assert (busy.ratio, busy.met) == (1.0, True)
    assert "  MISSED  " in table.text([steps])


@pytest.mark.parametrize(
    ("key", "value"),
    [("learner.name", "lightgbm"), ("tune.treatment", "class_weight"), ("data.target", "churn")],
)
def test_params_that_the_rivals_cannot_follow_are_refused(key, value):
    params = yaml.safe_load((child.ROOT / "params.yaml").read_text(encoding="utf-8"))
    speed.check(params)
    section, name = key.split(".")
    params[section][name] = value
    with pytest.raises(SystemExit, match=f"error: {key} must be .*, got '{value}': measure in"):
        speed.check(params)


def test_a_promise_about_the_default_data_is_judged_on_as_many_rows(canned, tmp_path):
    def judged(rows):
        size = speed.Size(rows=rows, cores=2)
        found = [*single.article(tmp_path, size), *pipeline.rows(tmp_path / str(rows), size)]
        return {row.work: row.met for row in found if "full size" in row.target}

    for rows in (40_000, 300_000):
        (tmp_path / str(rows)).mkdir()
    assert set(judged(40_000).values()) == {None}
    assert None not in judged(300_000).values()


@pytest.mark.parametrize(("fits", "met"), [(8.6, True), (8.4, False)])
def test_imports_dvc_and_mlflow_take_at_most_15_percent(fits, met):
    spent = {"split": {"data": 0.0, "imports": 1.0}, "tune_ratio": {"fits": fits, "MLflow": 0.5}}
    size = speed.Size(rows=300_000, cores=2)
    *_, row = pipeline._rows(done(seconds=9.0), dict.fromkeys(spent, 4.0), 10.0, spent, size)
    assert (row.ours, row.met) == (pytest.approx(10 - fits), met)
    assert "at most 15% of the whole" in row.target


def test_the_seconds_of_a_stage_are_those_that_mlflow_has(tmp_path):
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as base, base:
        base.executescript(
            "CREATE TABLE runs (run_uuid, start_time);"
            "CREATE TABLE tags (run_uuid, key, value);"
            "CREATE TABLE latest_metrics (run_uuid, key, value);"
        )
        for run, kind, name, start in (
            ("b", "stage", "split", 2),
            ("a", "stage", "download", 1),
            ("c", "trial", "tune_ratio", 3),
        ):
            base.execute("INSERT INTO runs VALUES (?, ?)", (run, start))
            base.execute("INSERT INTO latest_metrics VALUES (?, 'seconds', ?)", (run, start + 0.5))
            tags = [(run, "kind", kind), (run, "dvc.stage", name)]
            base.executemany("INSERT INTO tags VALUES (?, ?, ?)", tags)
    assert list(pipeline.stages(tmp_path).items()) == [("download", 1.5), ("split", 2.5)]


def test_fits_that_the_study_forgot_do_not_count(tmp_path):
    work.prepare(str(tmp_path), 2600)
    found = work.study(str(tmp_path), trials=12)
    assert found["fits"] + found["forgotten"] <= 5 * len(set(found["asked"]))
    assert found["fits"] < 5 * len(set(found["asked"]))  # some were stopped


def test_ours_and_the_plain_way_score_every_fold_alike(tmp_path):
    work.prepare(str(tmp_path), 2600)
    ours = work.study(str(tmp_path), trials=3, prune=False)
    plain = work.optuna(str(tmp_path), ours["asked"][:2], ours["natural"], jobs=1)
    asked = {ratio: ours["scores"][ratio] for ratio in plain["scores"]}
    own = work.optuna(str(tmp_path), [], ours["natural"], jobs=1, trials=2)
    assert len(own["trial_seconds"]) == 2

    assert set(asked) == {"1", str(ours["natural"])} or "200" in asked
    single.check_scores(asked, plain["scores"])
    next(iter(asked.values()))[0] += 1e-9
    with pytest.raises(child.UnfinishedError, match="not of the same work"):
        single.check_scores(asked, plain["scores"])


def test_a_process_is_measured_and_ends_in_time(tmp_path):
    # From a process of its own: Linux counts the memory of this one as that of what it starts.
    measure = (
        "import sys; from pathlib import Path; from benchmarks.speed import child\n"
        "command = [sys.executable, '-c', 'print(len(b\"x\" * 500_000_000))']\n"
        "found = child.run(command, Path.cwd()); print(found.code, found.last, found.peak)"
    )
    code, last, peak = child.call([sys.executable, "-c", measure], child.ROOT).last.split()
    assert (code, last) == ("0", "500000000")
    assert 500_000_000 < int(peak) < 600_000_000

    found = child.run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, limit=0.3)
    assert found.code != 0
    assert found.seconds < 30
    with pytest.raises(child.UnfinishedError, match="ended with 3"):
        child.call([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


def test_what_it_started_ends_with_it(tmp_path):
    started = tmp_path / "started"
    waits = (
        "import os, pathlib, time;"
        f"pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    measures = (
        "import pathlib, sys; from benchmarks.speed import child; child.heed();"
        f"child.run([sys.executable, '-c', {waits!r}], pathlib.Path({str(tmp_path)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", measures], cwd=child.ROOT)
    assert until(lambda: started.exists() and started.read_text())
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM
    below = int(started.read_text())
    assert until(lambda: not is_there(below))


def is_there(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_growth_ends_at_the_stage_that_does_not_finish(canned, tmp_path, monkeypatch):
    def run(command, folder, **_):
        params = (folder / "params.yaml").read_text(encoding="utf-8")
        large = "rows: 100000" in params
        return done(1, said="MemoryError") if large and "tune" in str(command) else done()

    monkeypatch.setattr(child, "run", run)
    found = {row.work: row for row in growth.rows(tmp_path, [100_000, 20_000, 200_000], 10)}
    works = list(found)
    last = found["100,000 rows: tune_ratio did not finish"]
    assert (last.met, last.note) == (False, "MemoryError; nothing larger tried")
    assert "20,000 rows: evaluate" in works
    assert not any(name.startswith("200,000") for name in works)


def test_growth_fits_an_exponent_without_the_imports():
    fixed = {"split": done(seconds=2.0)}
    rows = [growth._row(n, "split", done(seconds=2 + n / 1000), fixed) for n in (1000, 10_000)]
    *_, row = growth.exponents(rows)
    assert row.note.startswith("exponent 1.00")
    assert row.met is True


def test_all_stages_together_grow_over_the_sizes_that_have_all():
    fixed = {name: done(seconds=2.0) for name in ("split", "tune_ratio")}

    def row(size, stage):
        return growth._row(size, stage, done(seconds=2 + size / 1000), fixed)

    rows = [row(size, stage) for size in (1000, 10_000) for stage in fixed]
    rows.append(row(100_000, "split"))
    found = {row.work: row.note for row in growth.exponents(rows)}
    assert list(found) == ["growth: split", "growth: tune_ratio", "growth: 2 stages together"]
    *_, together = growth.exponents(rows[1:])
    assert (together.met, together.note) == (False, "no two sizes have every stage")


def test_the_exponent_that_counts_is_that_of_the_clock():
    def row(size, wall):
        return table.Row(work="", size=size, stage="split", wall=wall, processor=size)

    waits = growth.exponents([row(10, 10), row(100, 1000)])
    assert [each.met for each in waits] == [None, False]
    assert waits[-1].note.startswith("exponent 2.00 of seconds, 1.00 of those of the processor")


def test_a_stage_says_where_its_seconds_went(tmp_path):
    folder = tmp_path / "clone"
    folder.mkdir()
    pipeline.clone(folder, 2000, 20)
    pipeline.say_where(folder / "dvc.yaml")
    stages = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    command = [forks.python(), *stages["download"]["cmd"].split()[1:]]
    more = {"DVC_STAGE": "download", "OMP_NUM_THREADS": "1"}
    whole = child.call(command, folder, **more).seconds

    assert (folder / "data" / "raw.parquet").exists()
    (name, seconds), *others = pipeline.where(folder / pipeline.SPENT).items()
    assert (name, others) == ("download", [])
    assert set(seconds) == {"imports", "data", "MLflow"}
    assert all(spent > 0 for spent in seconds.values())
    assert sum(seconds.values()) < whole


def test_of_work_inside_other_work_the_inner_counts(monkeypatch):
    monkeypatch.setattr(stage.time, "perf_counter", iter([0, 1, 3, 6, 10, 15]).__next__)
    clock = stage.Clock("fits")
    with clock.of("MLflow"), clock.of("imports"):
        pass
    clock.turn()
    assert clock.seconds == {"fits": 1 + 5, "MLflow": 2 + 4, "imports": 3}
