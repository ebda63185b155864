"""Tiny tables and parameters that the tests share, and strategies that draw them."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml
from hypothesis import strategies as st

from rebalance import columns
from rebalance import params as parameters
from rebalance.learning import learners, treatments
from rebalance.learning.fits import Fits, steps_before
from rebalance.model.corrected import CorrectedClassifier
from rebalance.params import Treatment
from rebalance.store import Table

ROOT = Path(__file__).parents[1]
SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
FEATURES = ["a", "b", "c", "d"]

# Few iterations of every learner: what is tested is not how well it learns.
QUICK = {
    "hist_gradient_boosting": {"max_iter": 8, "min_samples_leaf": 5},
    "gradient_boosting": {"n_estimators": 5},
    "logistic_regression": {},
    "random_forest": {"n_estimators": 5},
    "lightgbm": {"n_estimators": 5},
    "xgboost": {"n_estimators": 5},
    # Classes of scikit-learn whose files hold types of their own.
    "CalibratedClassifierCV": {"cv": 2},
    "MLPClassifier": {"hidden_layer_sizes": [2], "tol": 10.0, "n_iter_no_change": 1},
}
ENSEMBLES = ("balanced_random_forest", "balanced_bagging", "easy_ensemble", "rus_boost")


def changed(content, changes):
    """Return a copy of nested mappings with the values at ``changes``' dotted keys replaced.

    A value of None removes the key.
    """
    content = deepcopy(content)
    for key, value in changes.items():
        *above, last = key.split(".")
        place = content
        for name in above:
            place = place[name]
        if value is None:
            del place[last]
        else:
            place[last] = deepcopy(value)
    return content


def params(**changes):
    """Return the shipped parameters with a quick learner and few folds; keys with ``__`` for dots.

    >>> params(tune__trials=3).tune.trials
    3
    """
    quick = {
        "learner.params": QUICK["hist_gradient_boosting"],
        "out_of_fold.folds": 3,
        "tune.trials": 6,
        "tune.folds": 3,
        "tune.anchors": [3],
        "tune.batch": 2,
        "run.workers": 1,
        "threshold.rules.amounts": None,  # tiny tables have no amounts
    }
    given = {key.replace("__", "."): value for key, value in changes.items()}
    return parameters.parse(changed(SHIPPED, quick | given))


def learner(name="hist_gradient_boosting", **arguments):
    """Return the section ``learner`` of a quick learner."""
    return parameters.Learner(name=name, params=QUICK.get(name, {}) | arguments, seed=0)


def treatment(name, **keys):
    """Return an entry of ``resample``."""
    return Treatment(treatment=name, **keys)


def frame(rows=200, positives=20, seed=0):
    """Return a data frame that a learner can learn a little from: four features and Class."""
    rng = np.random.default_rng(seed)
    y = np.zeros(rows, dtype=np.int8)
    y[rng.choice(rows, positives, replace=False)] = 1
    X = rng.normal(size=(rows, len(FEATURES))) + y[:, None] * rng.uniform(0.5, 1.5, len(FEATURES))
    return pd.DataFrame(X, columns=FEATURES).assign(Class=y)


def table(rows=200, positives=20, seed=0, others=None, **roles):
    """Return the same as a `Table`."""
    content = frame(rows, positives, seed)
    return Table(
        X=content[FEATURES].to_numpy(copy=True),
        y=content["Class"].to_numpy(copy=True),
        features=FEATURES,
        others=others or {},
        roles={"target": "Class", "features": FEATURES} | roles,
    )


def mixed_frame(rows=300, positives=60, seed=0):
    """Return a data frame of columns of every kind, each with something of Class in it.

    ``job`` has few values and ``town`` many; all but ``count`` and ``day`` have gaps.
    """
    rng = np.random.default_rng(seed)
    y = np.zeros(rows, dtype=np.int8)
    y[rng.choice(rows, positives, replace=False)] = 1

    def with_gaps(values):
        return pd.Series(values, dtype=object).where(rng.random(rows) > 0.1, None)

    return pd.DataFrame(
        {
            "amount": with_gaps(rng.normal(size=rows).round(2) + y).astype(float),
            "count": rng.poisson(3, rows) + y,
            "flag": with_gaps(rng.random(rows) < 0.3 + 0.4 * y),
            "job": with_gaps(
                np.where(rng.random(rows) < 0.5 * y, "a", rng.choice([*"abcd"], rows))
            ),
            "town": with_gaps([f"t{n}" for n in rng.integers(0, 40, rows) + 40 * (y & 1)]),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, rows), "D"),
            "note": with_gaps(rng.choice(["a word or two to say", "one"], rows)),
            "id": [f"C{n:05}" for n in range(rows)],
            "Class": y,
        }
    )


def mixed(rows=300, positives=60, seed=0, others=None, **roles):
    """Return `mixed_frame` as a `Table`, as the stage split and `read_table` make it."""
    content = mixed_frame(rows, positives, seed)
    names = [name for name in content if name != "Class"]
    learnt = columns.learn(pa.Table.from_pandas(content), names, {"note": "text"})
    roles = columns.roles({"target": "Class", "features": names} | roles, learnt)
    return Table(
        X=columns.matrix(learnt, content),
        y=content["Class"].to_numpy(copy=True),
        features=columns.encoded(learnt),
        others=others or {},
        roles=roles,
        layout=columns.layout(learnt),
        rows=content[roles["features"]].head(),
    )


def model(name, rows=None):
    """Return a fitted model of a learner of the table, or of an ensemble, by its name."""
    entry = treatment(name, params={"n_estimators": 2}) if name in ENSEMBLES else treatment("none")
    section = learner("hist_gradient_boosting" if name in ENSEMBLES else name)
    rows = rows or table()
    steps = steps_before(entry, section, rows)
    made = learners.make(section, steps.layout)
    threshold = {"name": "fixed", "value": 0.5, "met": True, "shortfall": 0.0, "message": ""}
    return CorrectedClassifier(
        treatments.fit(entry, made, rows.X, rows.y, steps=steps).estimator,
        features=rows.inputs,
        encoding=rows.encoding,
        slope=1.1,
        intercept=-0.3,
        threshold=0.25,
        knots=np.array([[-3.0, 0.0, 2.0], [0.1, 0.4, 0.8]]) if name == "random_forest" else None,
        thresholds={"half": threshold, "amounts": threshold | {"value": None, "c_admin": 5.0}},
    )


@contextmanager
def fits(found=None, workers=1, **more):
    """Yield `Fits` of a table on threads; a test's learners are too small to fight over them."""
    with ThreadPoolExecutor(workers) as executor:
        yield Fits(table() if found is None else found, executor, workers=workers, **more)


# Labels of 10 to 60 rows with at least two of each class.
labels = st.integers(2, 8).flatmap(
    lambda positives: st.integers(positives + 2, 60).flatmap(
        lambda rows: st.permutations([1] * positives + [0] * rows).map(
            lambda drawn: np.array(drawn, dtype=np.int8)
        )
    )
)
seeds = st.integers(0, 2**32 - 1)


def until(condition):
    """Wait until ``condition()`` holds; say whether it did within half a minute."""
    for _ in range(1500):
        if condition():
            return True
        time.sleep(0.02)
    return False
