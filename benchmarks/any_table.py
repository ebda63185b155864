"""Run real tables as they lie, next to two plain learners: ``python -m benchmarks.any_table``.

The folder is ``--tables``, or that which ``REBALANCE_REAL_DATA`` names. Each table gets a fresh
copy of the repository, in which ``rebalance init`` and ``dvc repro`` run, with the project's
params.yaml and no preparation. The test rows that come out are scored by the recommended model, by
``HistGradientBoostingClassifier(categorical_features="from_dtype")`` and by LightGBM on pandas
categories; both get the columns that rebalance takes for features.

Results are kept in ``benchmarks/results/any_table.jsonl``, and what stands there is not run again.
``--seed`` is that of the split. ``--untreated`` runs the learner without treatments in place of the
whole pipeline, which is enough to compare learners on several splits.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score
from tabulate import tabulate
from threadpoolctl import threadpool_limits

from benchmarks.real_tables import VARIABLE
from benchmarks.speed import child, pipeline
from rebalance import store

KEPT = child.ROOT / "benchmarks" / "results" / "any_table.jsonl"
# What HistGradientBoostingClassifier takes of a category.
MOST_CODES = 255
# The target, and the labels of the rare class. A file without a header has numbers for names.
QUESTIONS = {
    "telco_churn.csv": ("Churn", "Yes"),
    "churn_jg.parquet": ("TARGET", "1"),
    "bank_uci.csv": ("y", "yes"),
    "banco_suscrito.csv": ("y", "no"),
    "stroke.csv": ("0", "1"),
    "ai4i2020.csv": ("Machine failure", "1"),
    "mammography.csv": ("6", "'1'"),
    "german.csv": ("20", "2"),
    "adult_test.csv": ("14", ">50K."),
    "caravan.csv": ("Purchase", "Yes"),
    "fraud_oracle.csv": ("FraudFound_P", "1"),
    "cervical.csv": ("Biopsy", "1"),
    "secom_x_test.csv": ("y", "1"),
    "BankChurners.csv": ("Attrition_Flag", "Attrited Customer"),
    "default_credit.xls": ("default payment next month", "1"),
    "winequality_white.csv": ("11", "8", "9"),
}
SIDES = ("train", "test")
EPOCH, DAY = pd.Timestamp(0), pd.Timedelta(days=1)
STAGES = ("download", "split", "train_baseline")


def measure(file, seed, *, untreated):
    """Return what one table gave: a dictionary, whose ``line`` is empty where it got in.

    Parameters
    ----------
    file : Path
    seed : int
        Of the split.
    untreated : bool
        Whether only the stages up to the baseline run, without its learning curve.
    """
    target, *positive = QUESTIONS[file.name]
    with tempfile.TemporaryDirectory() as name:
        place = pipeline.clone(Path(name), rows=1000, positives=100)
        init = [sys.executable, "-m", "rebalance.cli", "init", str(file), "--target", target]
        done = [child.run([*init, "--positive", *positive], place)]
        if not done[0].code:
            _seed(place / "params.yaml", seed, untreated=untreated)
            runs = [[sys.executable, "-m", f"stages.{stage}"] for stage in STAGES]
            for command in runs if untreated else [["dvc", "repro"]]:
                done.append(child.run(command, place))
                if done[-1].code:
                    break
        found = {"line": "" if not done[-1].code else done[-1].last}
        found["processor"] = sum(each.processor for each in done)
        if not found["line"]:
            found |= compared(place, "baseline" if untreated else recommended(place))
    return found


def _seed(path, seed, *, untreated):
    yaml = YAML()
    params = yaml.load(path)
    params["split"]["seed"] = seed
    if untreated:
        params["learning_curve"]["shares"] = []
    yaml.dump(params, path)


def recommended(place):
    """Return the name of the model that the run in a folder recommends."""
    return json.loads((place / "metrics" / "answer.json").read_text("utf-8"))["recommended"]


def compared(place, name):
    """Return the test average precision of a model of ours and of the two plain learners."""
    train, test = (pq.read_table(place / "data" / f"{side}.parquet") for side in SIDES)
    known = store.read_table(place / "data" / "train.parquet")
    y_train, y_test = known.y, store.read_table(place / "data" / "test.parquet").y
    X_train, X_test = (side.to_pandas()[known.roles["features"]] for side in (train, test))
    model = store.read_model(place / "models" / f"{name}.skops")
    ours = average_precision_score(y_test, model.predict_proba(X_test)[:, 1])
    found = {"model": name, "positives": int(y_test.sum()), "ours": float(ours)}
    X_train, X_test = plain(X_train, X_test)
    for rival, learner in rivals().items():
        with threadpool_limits(1):
            scores = learner.fit(X_train, y_train).predict_proba(X_test)[:, 1]
        found[rival] = float(average_precision_score(y_test, scores))
    return found


def rivals():
    """Return the two plain learners, with their own settings."""
    from lightgbm import LGBMClassifier

    return {
        "hist_gradient_boosting": HistGradientBoostingClassifier(
            categorical_features="from_dtype", random_state=0
        ),
        "lightgbm": LGBMClassifier(n_jobs=1, random_state=0, verbose=-1),
    }


def plain(train, test):
    """Return two tables with text as pandas' categories, dates as days, under plain names.

    A category of more values than scikit-learn takes is whole numbers, in the order of its text.
    """
    sides = [train.copy(), test.copy()]
    for name in train:
        if pd.api.types.is_datetime64_any_dtype(train[name]):
            for side in sides:
                side[name] = (side[name] - EPOCH) / DAY
        elif not pd.api.types.is_numeric_dtype(train[name]):
            values = sorted(map(str, train[name].dropna().unique()))
            kind = pd.CategoricalDtype(values)
            for side in sides:
                text = side[name].map(str, na_action="ignore")
                text = text.where(text.isin(values)).astype(kind)
                codes = text.cat.codes.where(text.notna(), np.nan)
                side[name] = codes.astype(float) if len(values) > MOST_CODES else text
    for side in sides:
        side.columns = [f"x{number}" for number in range(side.shape[1])]
    return sides


def kept(path):
    """Return the results that stand in a file, by table, seed and way."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = (json.loads(line) for line in lines)
    return {(each["table"], each["seed"], each["untreated"]): each for each in found}


def keep(path, result):
    """Append a result to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


def report(results):
    """Return the results as a table, and the mean difference to the better of the two."""
    heads = ("table", "seed", "got in", "processor s", "model", "positives")
    names = ("ours", "hist_gradient_boosting", "lightgbm")
    rows = []
    for each in results:
        scores = [each.get(name) for name in names]
        way = "untreated" if each["untreated"] else each.get("model", "")
        entered = "yes" if not each["line"] else each["line"][:60]
        counts = each["processor"], way, each.get("positives")
        less = scores[0] - max(scores[1:]) if not each["line"] else None
        rows.append((each["table"], each["seed"], entered, *counts, *scores, less))
    formats = ("", "", "", ".0f", "", "", ".3f", ".3f", ".3f", "+.3f")
    text = tabulate(rows, (*heads, *names, "to the better"), floatfmt=formats)
    lines = [text]
    for untreated, what in ((False, "recommended model"), (True, "untreated learner")):
        lines += _means([each for each in results if each["untreated"] == untreated], what)
    return "\n".join(lines)


def _means(results, what):
    """Return lines on the mean difference: at each seed, and of scores that are means of seeds."""
    frame = pd.DataFrame([each for each in results if not each["line"]])
    if frame.empty:
        return []
    names = ["ours", "hist_gradient_boosting", "lightgbm"]
    by_table = frame.groupby("table")[names].mean()
    seeds = sorted(frame["seed"].unique())
    less = by_table["ours"] - by_table[names[1:]].max(axis=1)
    means = ", ".join(f"{name} {by_table[name].mean():.4f}" for name in names)
    return [
        f"{what}, seeds {', '.join(map(str, seeds))}: {len(by_table)} tables, mean average "
        f"precision {means}; ours less the better of the two on each table: {less.mean():+.4f}"
    ]


def main():
    """Measure the tables that have no result yet, and print those of all."""
    parser = argparse.ArgumentParser("python -m benchmarks.any_table", description=__doc__)
    parser.add_argument("--tables", type=Path, default=os.environ.get(VARIABLE), metavar="DIR")
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, default=list(QUESTIONS))
    parser.add_argument("--seed", type=int, nargs="+", default=[42])
    parser.add_argument("--untreated", action="store_true", help="the learner without treatments")
    parser.add_argument("--results", type=Path, default=KEPT, metavar="FILE")
    given = parser.parse_args()
    if not given.tables:
        parser.error(f"--tables must name the folder of the tables, or {VARIABLE} must")
    child.heed()
    for seed in given.seed:
        for name in given.only:
            key = name, seed, given.untreated
            file = Path(given.tables).absolute() / name
            if key in kept(given.results) or not file.exists():
                continue
            found = measure(file, seed, untreated=given.untreated)
            which = {"table": name, "seed": seed, "untreated": given.untreated}
            keep(given.results, which | {"commit": child.commit()} | found)
    print(report(kept(given.results).values()))


if __name__ == "__main__":
    main()
