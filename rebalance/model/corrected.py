"""Probabilities at the natural prevalence: one affine map of the log-odds, inside the model.

Under-sampling by a share beta adds ``log(beta)`` to the log-odds (Dal Pozzolo et al., 2015), a
weight w of the positives adds ``-log(w)`` (Elkan, 2001), and a sigmoid on the log-odds is a slope
and an intercept (Platt, 1999). Together they are two numbers.
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from rebalance import columns
from rebalance.model.rows import probabilities

# Beyond the log-odds of the floats next to 0 and 1, so that the map keeps every order.
LOWEST, HIGHEST = -750.0, 38.0
# Rules that read a probability, and not an order: at another share of positives they decide anew.
BY_PROBABILITY = {"expected_cost", "amount_cost", "cost_by_row"}


def log_odds(probability):
    """Return the log-odds of probabilities, finite at 0 and at 1 and strictly increasing.

    >>> log_odds([0.0, 0.5, 1.0])
    array([-750.,    0.,   38.])
    """
    p = np.asarray(probability, dtype=float)
    with np.errstate(divide="ignore"):
        odds = np.log(p) - np.log1p(-p)
    return np.clip(odds, LOWEST, HIGHEST)


def expit(odds):
    """Return the probabilities of log-odds.

    >>> expit([0.0])
    array([0.5])
    """
    odds = np.asarray(odds, dtype=float)
    small = np.exp(-np.abs(odds))
    return np.where(odds >= 0, 1 / (1 + small), small / (1 + small))


def odds_change(share, prevalence):
    """Return the change of log-odds where the positives' share is ``prevalence``, not ``share``.

    Rows of a class must look alike at both (Elkan, 2001; Saerens et al., 2002).

    >>> float(odds_change(0.5, 0.2).round(4))
    -1.3863
    """
    return log_odds(prevalence) - log_odds(share)


def moved(threshold, change):
    """Return the threshold that decides as ``threshold`` does, once log-odds have changed.

    One that flags every row or none stays.
    """
    return expit(log_odds(threshold) + change) if 0 < threshold < 1 else threshold


def restated(threshold, rule, change):
    """Return the threshold of a rule on probabilities whose log-odds have changed.

    A rule on expected costs decides anew, at its own threshold; the others flag the same rows.

    >>> restated(0.05, "expected_cost", -1.0), round(restated(0.5, "max_fbeta", -1.0), 3)
    (0.05, 0.269)
    """
    return threshold if rule in BY_PROBABILITY else float(moved(threshold, change))


class CorrectedClassifier(ClassifierMixin, BaseEstimator):
    """Answer with corrected probabilities, and decide at the chosen threshold.

    Parameters
    ----------
    estimator : fitted classifier of the classes 0 and 1
    features : list of str
        Names of the columns, in the order in which the estimator knows them.
    encoding : dict or None
        What the training rows said of the columns, `columns.learn`, where the estimator does not
        know them as they are.
    slope, intercept : float
        The affine map of the log-odds; 1 and 0 leave the probabilities untouched.
    threshold : float
        `predict` answers 1 where the corrected probability reaches it.
    knots : array of shape (2, n_knots) or None
        Log-odds and probabilities of a calibration curve that replaces the affine map.
    thresholds : dict of str to dict
        Every rule's choice on the out-of-fold scores: the fields of `thresholds.Threshold`.
    share : float or None
        The positives' share of the training rows, at which the probabilities hold.

    Attributes
    ----------
    others_ : list of fitted classifiers
        The same fit with other seeds, where verdicts speak of those too (``evaluate.seeds``).
    """

    others_ = ()

    def __init__(
        self,
        estimator,
        *,
        features=(),
        encoding=None,
        slope=1.0,
        intercept=0.0,
        threshold=0.5,
        knots=None,
        thresholds=None,
        share=None,
    ):
        self.estimator = estimator
        self.features = features
        self.encoding = encoding
        self.slope = slope
        self.intercept = intercept
        self.threshold = threshold
        self.knots = knots
        self.thresholds = thresholds
        self.share = share

    @property
    def learnt(self):
        """Return what the model knows of its columns, as `columns.learn` returns it."""
        return self.encoding or {name: {"kind": "number"} for name in self.features}

    @property
    def classes_(self):
        """Return the two classes."""
        return np.array([0, 1])

    def __sklearn_is_fitted__(self):
        """Say that the estimator came fitted."""
        return True

    def fit(self, X, y):
        """Refuse: the estimator came fitted, and the correction belongs to that fit."""
        raise NotImplementedError("a corrected classifier is made fitted; train it by a stage")

    def raw_scores(self, X):
        """Return the uncorrected probabilities of the positive class, shape (n_rows,).

        ``X`` is a data frame with the columns by name, as the table has them, or an array of
        shape (n_rows, n_features) as the estimator knows them.
        """
        if hasattr(X, "columns"):
            X = columns.rows(self.learnt, X)
        return probabilities(self.estimator, X)[:, 1]

    def correct(self, raw):
        """Return the corrected probabilities of ``raw`` probabilities."""
        if self.knots is not None:
            return np.interp(log_odds(raw), *self.knots)
        if (self.slope, self.intercept) == (1.0, 0.0):
            return np.asarray(raw, dtype=float)
        return expit(self.slope * log_odds(raw) + self.intercept)

    def in_use(self, use=""):
        """Return the name of the rule whose threshold decides; empty where it is none of them.

        Of several with this threshold ``use`` goes first, then one on expected costs.
        """
        rules = self.thresholds or {}
        names = [name for name in rules if rules[name]["value"] == self.threshold]
        by_costs = [name for name in names if rules[name]["name"] in BY_PROBABILITY]
        return use if use in names else next(iter([*by_costs, *names]), "")

    def at(self, prevalence):
        """Return the model whose probabilities hold where the positives' share is ``prevalence``.

        A rule on expected costs decides anew, at the same threshold. The others flag the same
        rows: the threshold is the probability that this one's becomes.
        """
        change, knots = odds_change(self.share, prevalence), self.knots
        rule = self.in_use()
        kind = self.thresholds[rule]["name"] if rule else ""
        if knots is not None:
            knots = np.array([knots[0], expit(log_odds(knots[1]) + change)])
        return CorrectedClassifier(
            self.estimator,
            features=self.features,
            encoding=self.encoding,
            slope=self.slope,
            intercept=self.intercept + float(change),
            threshold=restated(self.threshold, kind, change),
            knots=knots,
            share=prevalence,
        )

    def reseeded(self):
        """Return the models of other seeds: each corrects its probabilities as this one does."""
        return [
            CorrectedClassifier(
                other,
                features=self.features,
                encoding=self.encoding,
                slope=self.slope,
                intercept=self.intercept,
                threshold=self.threshold,
                knots=self.knots,
                share=self.share,
            )
            for other in self.others_
        ]

    def predict_proba(self, X):
        """Return the corrected probabilities of both classes, shape (n_rows, 2)."""
        p = self.correct(self.raw_scores(X))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        """Return 1 where the corrected probability reaches the threshold, else 0."""
        return (self.correct(self.raw_scores(X)) >= self.threshold).astype(int)
