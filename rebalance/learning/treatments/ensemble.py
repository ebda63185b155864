"""The balanced ensembles of imbalanced-learn, which sample for each of their members."""

from rebalance.learning.treatments import arguments
from rebalance.learning.treatments.method import Fitted, Method, counts, natural_ratio


class Ensemble(Method):
    """A balanced ensemble of imbalanced-learn.

    Parameters
    ----------
    name : str
        The class, in imblearn.ensemble.
    uses_learner : bool
        False where its members are trees of its own.
    """

    takes = frozenset({"ratio", "params"})
    wants_array = True

    def __init__(self, name, *, uses_learner=False):
        self.name, self.uses_learner = name, uses_learner

    @property
    def cls(self):
        """Return the class of imbalanced-learn."""
        import imblearn.ensemble

        return getattr(imblearn.ensemble, self.name)

    def check(self, entry, layout, fewest=None):
        """Raise `InputError` for an unknown argument."""
        del layout, fewest
        arguments.check(entry, self.cls)

    def fills_gaps(self, entry, gaps):
        """Say so of trees of its own that take none, in any case: rows to come may have some."""
        from sklearn.utils import get_tags

        del entry, gaps
        return not self.uses_learner and not get_tags(self.cls()).input_tags.allow_nan

    def fit(self, entry, learner, rows, y, weights, layout):
        """Return the fitted ensemble, less its samplers."""
        del weights, layout
        given = {}
        if entry.ratio is not None and entry.ratio >= natural_ratio(y):
            given["sampling_strategy"] = {}
        elif entry.ratio is not None:
            given["sampling_strategy"] = lambda y: arguments.fewer_negatives(
                entry.ratio, *counts(y)
            )
        if self.uses_learner:
            given["estimator"] = learner
        negatives, positives = counts(y)
        X = rows.array()
        with arguments.refusing(entry):
            fitted = arguments.seeded(self.cls, entry, **given).fit(X, y)
        estimator = without_samplers(fitted)
        return Fitted(estimator=estimator, shift=0.0, negatives=negatives, positives=positives)


def without_samplers(ensemble):
    """Remove from a fitted ensemble all that does not predict; return it.

    Samplers hold functions, which a skops file cannot.
    """
    ensemble.sampling_strategy = "auto"
    for name in ("_sampling_strategy", "base_sampler_", "sampler_", "samplers_", "pipelines_"):
        vars(ensemble).pop(name, None)
    ensemble.estimator_ = _last(ensemble.estimator_)
    ensemble.estimators_ = [_last(member) for member in ensemble.estimators_]
    return ensemble


def _last(member):
    return member.steps[-1][1] if member.__class__.__module__ == "imblearn.pipeline" else member
