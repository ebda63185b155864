"""Compare settings of the learners by cross-validation on training rows of several sets.

``python -m benchmarks.learner_defaults`` prints, for each setting and each set, the average
precision with its standard error over the folds, and the processor seconds of a fit on one
thread. Of each set only the stratified 80 % that a pipeline would train on is read. ``--quick``
draws a tenth of the simulated rows, ``--learner`` takes some of the learners. The public tables of
`benchmarks.real_tables` are among the sets where their folder is named; ``--learner against_plain``
counts on how many of them the default is within .01 of the best of five plain learners.
"""

import argparse
import time
import warnings

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from scipy import stats
from sklearn import datasets
from sklearn.base import clone
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import (
    RepeatedStratifiedKFold,
    StratifiedKFold,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks import real_tables
from rebalance.params.learners import LEARNERS
from rebalance.sources.simulated import simulate

SEED = 42
ROWS, POSITIVES = 284_807, 492
LARGE = "simulated"
MOST_ROWS = 7_500  # of a real table with many positives; 15,000 negatives where they are few
SLOW = {
    "gradient_boosting",
    "random_forest",
    "against_plain",
}  # minutes a fit on the large set: left out there


def hist(**params):
    """Return histogram boosting that never stops early."""
    return HistGradientBoostingClassifier(early_stopping=False, random_state=SEED, **params)


def slow_hist(**params):
    """Return histogram boosting with the learning rate and number of trees of the evidence."""
    return hist(**{"learning_rate": 0.05, "max_iter": 150, "l2_regularization": 10.0} | params)


def logistic(**params):
    """Return a logistic regression of scaled columns, gaps filled."""
    return make_pipeline(filled(), StandardScaler(), LogisticRegression(**params))


def forest(**params):
    """Return a random forest on one thread, gaps filled."""
    return make_pipeline(filled(), RandomForestClassifier(random_state=SEED, **params))


def filled():
    """Return what fills gaps with the mean of a column."""
    return SimpleImputer(keep_empty_features=True)


def light(**params):
    """Return LightGBM on one thread."""
    settings = {"n_jobs": 1, "verbosity": -1, "random_state": SEED}
    return lightgbm.LGBMClassifier(**settings | params)


def extreme(**params):
    """Return XGBoost on one thread with its settings spelled out."""
    settings = {"tree_method": "hist", "max_bin": 256, "n_jobs": 1, "random_state": SEED}
    return xgboost.XGBClassifier(**settings | params)


PLAIN, OURS = "against_plain", "our default"
NEAR = 0.01
BOOSTED = {"learning_rate": 0.05, "n_estimators": 150, "reg_lambda": 10}
CANDIDATES = {
    "hist_gradient_boosting": {
        "library defaults": hist(),
        "library defaults, l2 10": hist(l2_regularization=10),
        "rate .05, 150 trees, l2 1": slow_hist(l2_regularization=1),
        "rate .05, 150 trees, l2 3": slow_hist(l2_regularization=3),
        "rate .05, 150 trees, l2 10": slow_hist(),
        "rate .05, 150 trees, l2 100": slow_hist(l2_regularization=100),
        "rate .05, 300 trees, l2 10": slow_hist(max_iter=300),
        "rate .1, 75 trees, l2 10": slow_hist(learning_rate=0.1, max_iter=75),
        "l2 10, 15 leaves": slow_hist(max_leaf_nodes=15),
        "l2 10, 8 leaves": slow_hist(max_leaf_nodes=8),
        "rate .1, 75 trees, l2 5": slow_hist(learning_rate=0.1, max_iter=75, l2_regularization=5),
        "rate .1, 75 trees, l2 5, 10 rows a leaf": slow_hist(
            learning_rate=0.1, max_iter=75, l2_regularization=5, min_samples_leaf=10
        ),
        "rate .1, 100 trees, l2 5, 10 rows a leaf, 15 leaves": slow_hist(
            learning_rate=0.1,
            max_iter=100,
            l2_regularization=5,
            min_samples_leaf=10,
            max_leaf_nodes=15,
        ),
        "l2 10, 5 rows a leaf": slow_hist(min_samples_leaf=5),
        "l2 10, 50 rows a leaf": slow_hist(min_samples_leaf=50),
        "l2 10, 64 bins": slow_hist(max_bins=64),
        "l2 10, .3 of the columns a split": slow_hist(max_features=0.3),
    },
    "lightgbm": {
        "library defaults": light(),
        "rate .05, 150 trees, lambda 10": light(**BOOSTED),
        "the same, 15 leaves": light(num_leaves=15, **BOOSTED),
        "the same, no average start": light(boost_from_average=False, **BOOSTED),
    },
    "xgboost": {
        "library defaults": extreme(),
        "rate .05, 150 trees, lambda 10, start .5": extreme(base_score=0.5, **BOOSTED),
        "the same, max_delta_step 1": extreme(base_score=0.5, max_delta_step=1, **BOOSTED),
        "rate .1, 150 trees, lambda 1, start .5": extreme(
            base_score=0.5, learning_rate=0.1, n_estimators=150
        ),
    },
    "logistic_regression": {
        "C 1, 1000 iterations": logistic(max_iter=1000),
        "C .01, 1000 iterations": logistic(C=0.01, max_iter=1000),
        "C 100, 1000 iterations": logistic(C=100, max_iter=1000),
    },
    "random_forest": {
        "library defaults": forest(),
        "2 rows a leaf": forest(min_samples_leaf=2),
        "5 rows a leaf": forest(min_samples_leaf=5),
        "2 rows a leaf, .3 of the rows a tree": forest(min_samples_leaf=2, max_samples=0.3),
    },
    "gradient_boosting": {
        "library defaults": GradientBoostingClassifier(random_state=SEED),
    },
    # The default learner beside what somebody who tunes nothing would take.
    PLAIN: {
        OURS: HistGradientBoostingClassifier(
            random_state=SEED, **LEARNERS["hist_gradient_boosting"].defaults
        ),
        "plain histogram boosting": HistGradientBoostingClassifier(random_state=SEED),
        "plain LightGBM": light(),
        "plain XGBoost": xgboost.XGBClassifier(n_jobs=1, random_state=SEED),
        "plain forest": forest(),
        "plain logistic regression": logistic(max_iter=1000),
    },
}


def training_sets(rows):
    """Return the training part of each set and the folds to score it with."""
    scale = rows / ROWS
    drawn = simulate(rows, max(round(POSITIVES * scale), 60), SEED)
    texts = {}  # by table, which columns are codes of a text
    tables = {LARGE: (drawn.drop(columns=["Time", "Class"]), drawn["Class"])}
    X, y = datasets.load_breast_cancer(return_X_y=True, as_frame=True)
    tables["breast_cancer"] = rarer(X, y == 0, 0.1)
    X, digit = datasets.load_digits(return_X_y=True, as_frame=True)
    tables["digit_8"] = rarer(X, digit == 8, 0.03)
    X, progress = datasets.load_diabetes(return_X_y=True, as_frame=True)
    tables["diabetes"] = X, (progress > progress.quantile(0.9)).astype(int)
    for name in real_tables.available():
        X, y, texts[name] = real_tables.read(name)
        tables[name] = smaller(pd.DataFrame(X), pd.Series(y))
    return {
        name: (*training_part(X, y), texts.get(name), folds(name, len(y)))
        for name, (X, y) in tables.items()
    }


def smaller(X, y):
    """Drop rows of a large table: any, or only negatives where the positives are few."""
    order = np.random.default_rng(SEED).permutation(len(y))
    kept = order[:MOST_ROWS]
    if y.mean() < 0.01:
        kept = np.r_[np.flatnonzero(y), order[y.to_numpy()[order] == 0][: 2 * MOST_ROWS]]
    return X.iloc[kept], y.iloc[kept]


def rarer(X, positive, prevalence):
    """Drop positives until ``prevalence`` is reached."""
    rng = np.random.default_rng(SEED)
    negatives = np.flatnonzero(~positive)
    count = round(len(negatives) * prevalence / (1 - prevalence))
    kept = np.sort(np.concatenate([negatives, rng.permutation(np.flatnonzero(positive))[:count]]))
    return X.iloc[kept], positive.iloc[kept].astype(int)


def training_part(X, y):
    """Return the rows that a pipeline would train on."""
    X_train, _, y_train, _ = train_test_split(X, y, test_size=0.2, stratify=y, random_state=SEED)
    return X_train.to_numpy(), y_train.to_numpy()


def folds(name, n_rows):
    """Return few folds for large sets, repeated ones for small sets."""
    if name == LARGE:
        return StratifiedKFold(3, shuffle=True, random_state=SEED)
    if n_rows > 2500:
        return StratifiedKFold(5, shuffle=True, random_state=SEED)
    return RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=SEED)


def measure(candidates, sets):
    """Return a row for each candidate and set: score, its standard error, seconds of a fit."""
    rows = []
    for name, (X, y, text, cv) in sets.items():
        for setting, candidate in candidates.items():
            estimator = clone(candidate)
            if setting == OURS:  # as in the pipeline, whose tables say what is a category
                estimator.set_params(categorical_features=text)
            found = [fit_and_score(clone(estimator), X, y, *parts) for parts in cv.split(X, y)]
            scores, seconds = zip(*found, strict=True)
            rows.append((setting, name, np.mean(scores), stats.sem(scores), np.median(seconds)))
            print(".", end="", flush=True)
    print()
    return pd.DataFrame(rows, columns=["setting", "set", "score", "error", "seconds"])


def fit_and_score(estimator, X, y, train, test):
    """Return the average precision on ``test`` and the seconds of the fit on ``train``."""
    # Processor seconds: other programs on the machine do not count.
    start = time.process_time()
    estimator.fit(X[train], y[train])
    seconds = time.process_time() - start
    with warnings.catch_warnings():
        # LightGBM takes arrays and still asks for the names that it made up.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        score = average_precision_score(y[test], estimator.predict_proba(X[test])[:, 1])
    return score, seconds


def report(learner, found):
    """Print the table of one learner and what it recommends."""
    names = list(found["set"].unique())
    largest = LARGE if LARGE in names else names[0]
    wide = found.pivot_table(index="setting", columns="set", sort=False)
    print(f"\n{learner}: average precision +- standard error; seconds of a fit on {largest}")
    print(f"  {'':42}" + "".join(f"{name:>16}" for name in names) + f"{'seconds':>10}{'below':>9}")
    below = (wide["score"].max() - wide["score"]).mean(axis=1)
    for setting in wide.index:
        cells = "".join(
            f"{wide['score'].loc[setting, name]:>9.3f} +-{wide['error'].loc[setting, name]:.3f}"
            for name in names
        )
        seconds = wide["seconds"].loc[setting, largest]
        print(f"  {setting:42}{cells}{seconds:>10.2f}{below[setting]:>9.4f}")
    if learner == PLAIN:
        plain = wide["score"].drop(index=OURS).max()
        gap = plain - wide["score"].loc[OURS]
        print(f"  {OURS}: within {NEAR} of the best plain learner on {(gap <= NEAR).sum()} of "
              f"{len(gap)} sets; mean distance {gap.mean():+.4f}")  # fmt: skip
        return
    best = wide["score"].idxmax()
    bound = {
        name: wide["score"].loc[best[name], name] - wide["error"].loc[best[name], name]
        for name in names
    }
    near = wide.index[(wide["score"] >= pd.Series(bound)).all(axis=1)]
    print("  below: mean distance from the best setting of each set")
    if near.empty:
        print(
            f"  none is within one standard error of the best on every set; least below: "
            f"{below.idxmin()}"
        )
        return
    fastest = wide["seconds"].loc[near, largest].idxmin()
    print(f"  within one standard error of the best on every set: {'; '.join(near)}")
    print(f"  the fastest of them: {fastest}; the best of them: {below[near].idxmin()}")


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the simulated rows")
    parser.add_argument("--learner", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    arguments = parser.parse_args()
    with threadpool_limits(1):
        sets = training_sets(ROWS // 10 if arguments.quick else ROWS)
        for name, (X, y, *_) in sets.items():
            print(f"{name}: {len(X)} training rows, {y.sum()} positives")
        for learner in arguments.learner:
            skipped = {LARGE} if learner in SLOW and not arguments.quick else set()
            chosen = {name: each for name, each in sets.items() if name not in skipped}
            report(learner, measure(CANDIDATES[learner], chosen))


if __name__ == "__main__":
    main()
