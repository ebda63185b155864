"""scikit-learn's own checks of an estimator, on the class of a saved model.

A saved model comes fitted, and refuses to be fitted: here a subclass fits the estimator that it
holds. What scores, corrects and decides is the model's own.
"""

import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from rebalance.model.corrected import CorrectedClassifier


class Fittable(CorrectedClassifier):
    """A saved model that can be fitted."""

    def __sklearn_is_fitted__(self):
        return hasattr(self, "fitted_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        if len(set(y)) > 2:
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {set(y)}."
            )
        fitted = clone(self.estimator).fit(X, y)
        self.fitted_ = CorrectedClassifier(fitted, slope=self.slope, intercept=self.intercept)
        return self

    def raw_scores(self, X):
        check_is_fitted(self)
        return self.fitted_.raw_scores(validate_data(self, X, reset=False))


EXCEPTIONS = {
    "check_classifiers_classes": "its classes are always 0 and 1: `sources` turns labels into them",
}
MODEL = Fittable(LogisticRegression(), slope=1.1, intercept=-0.2)


@parametrize_with_checks([MODEL], expected_failed_checks=lambda _: EXCEPTIONS, xfail_strict=True)
# A check may be skipped, and a solver may stop early on the rows of one.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_a_saved_model_keeps_the_contract_of_an_estimator(estimator, check):
    check(estimator)
