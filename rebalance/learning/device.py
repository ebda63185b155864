"""Keep the rows of a table on the GPU for XGBoost: one copy a process, in single precision.

XGBoost works in single precision, so that nothing is lost. A fit chooses its rows by number on the
GPU; the host sends them once, and not a copy in doubles for every fit and every answer.
"""

import importlib
from threading import Lock

import numpy as np

from rebalance.model.rows import Rows

# The table that is on the device, and its copy there.
_held = (None, None)
_lock = Lock()


def takes(estimator):
    """Say whether an estimator is XGBoost's, is to work on a GPU, and CuPy is there."""
    return on_gpu(estimator) and arrays() is not None


def on_gpu(estimator):
    """Say whether an estimator is XGBoost's and is to work on a GPU."""
    if type(estimator).__name__ != "XGBClassifier":
        return False
    return str(estimator.get_params()["device"] or "cpu") != "cpu"


def arrays():
    """Return CuPy, or None where it is not installed."""
    try:
        return importlib.import_module("cupy")
    except ImportError:
        return None


def fit(estimator, X, y, **more):
    """Fit an estimator that `takes` rows of a table on the device; return it."""
    return estimator.fit(gathered(X), y, **more)


def probabilities(estimator, X):
    """Return its answers to rows on the device, as an array of shape (n_rows, 2) of the host."""
    return estimator.predict_proba(gathered(X))


def gathered(X):
    """Return `Rows` or an array as an array of the device, shape (n_rows, n_features)."""
    rows, xp = Rows.of(X), arrays()
    chosen = _table(rows, xp)
    if rows.index is not None:
        chosen = chosen[xp.asarray(rows.index)]
    if rows.made is None:
        return chosen
    return xp.concatenate([chosen, xp.asarray(rows.made, dtype=np.float32)])


def leave(estimator):
    """Have a fitted estimator answer on the host from now on, where it worked on a GPU.

    So a saved model answers on every machine, and no row of the host meets a model of the device.
    """
    if on_gpu(estimator):
        estimator.set_params(device="cpu")
        estimator.get_booster().set_param({"device": "cpu"})


def _table(rows, xp):
    """Return the table of the rows on the device, and hold the one of which rows are chosen."""
    global _held  # noqa: PLW0603 one table a process is the point
    with _lock:
        if rows.X is _held[0]:
            return _held[1]
        copy = xp.asarray(rows.X, dtype=np.float32)
        if rows.index is not None:
            _held = rows.X, copy
        return copy
