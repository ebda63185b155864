"""The model as it is served: rows as the table has them in, probability and decision out."""

import numpy as np
from sklearn.base import BaseEstimator

from rebalance import columns
from rebalance.errors import InputError
from rebalance.model.rows import probabilities


class Scorer(BaseEstimator):
    """Answer with a probability and a decision for every row.

    Parameters
    ----------
    model : CorrectedClassifier
    name : str
        What the model is called in params.yaml.
    """

    def __init__(self, model, name=""):
        self.model = model
        self.name = name

    @property
    def learnt(self):
        """Return what the model knows of its columns, as `columns.learn` returns it."""
        return self.model.learnt

    @property
    def inputs(self):
        """Return the names of the columns that the model needs."""
        return columns.used(self.learnt)

    def fit(self, X, y):
        """Refuse: the model came fitted."""
        raise NotImplementedError("a scorer is made from a fitted model; train it by a stage")

    def __sklearn_is_fitted__(self):
        """Say that the model came fitted."""
        return True

    def probability(self, rows):
        """Return the probability that each row is positive, shape (n_rows,).

        Parameters
        ----------
        rows : pandas.DataFrame, arrow table or store.Columns
            Columns in any order; those that the model does not need are ignored.

        Raises
        ------
        InputError
            Where a column is missing, or holds what it did not hold in training, or a number
            beyond single precision.
        """
        try:
            X = columns.rows(self.learnt, rows)
        except InputError as error:
            # What follows is advice on params.yaml, which decides before a model is trained.
            raise InputError(f"{str(error).partition('; say in')[0].rstrip('.')}.") from error
        return self.model.correct(probabilities(self.model.estimator, X)[:, 1])

    def predict(self, X):
        """Return a data frame of ``probability`` and ``decision``, 1 from the threshold on."""
        import pandas as pd

        p = self.probability(X)
        return pd.DataFrame(
            {"probability": p, "decision": (p >= self.model.threshold).astype(np.int64)}
        )
