"""The table of learners: their places, default arguments and types that a model file may hold."""

from dataclasses import dataclass, field

TREES = ("sklearn.tree.", "sklearn.ensemble.", "lightgbm.", "xgboost.")


@dataclass(frozen=True, kw_only=True)
class Learner:
    """A learner, and what we set where params.yaml says nothing.

    Attributes
    ----------
    place : str
        Module and class.
    defaults : dict
        Its arguments.
    scaled : bool
        Columns are scaled to unit variance before it sees them.
    extra : str
        The extra of this package that installs it; empty for scikit-learn's.
    packages : tuple of str
        The distributions that may hold its module; one of them is installed.
    trusted : tuple of str
        Its types that a model file may hold, beyond those that skops knows.
    """

    place: str
    defaults: dict = field(default_factory=dict)
    scaled: bool = False
    extra: str = ""
    packages: tuple = ("scikit-learn",)
    trusted: tuple = ()

    @property
    def trees(self):
        """Say whether it grows trees, to which a code is as good as a number."""
        return self.place.startswith(TREES)

    @property
    def module(self):
        """Return the package that is imported."""
        return self.place.partition(".")[0]


LEARNERS = {
    "hist_gradient_boosting": Learner(
        place="sklearn.ensemble.HistGradientBoostingClassifier",
        # Chosen by cross-validation on training rows: python -m benchmarks.learner_defaults.
        # Early stopping would look at a tenth of the positives, which is noise.
        defaults={
            "learning_rate": 0.1,
            "max_iter": 75,
            "l2_regularization": 5.0,
            # Not scikit-learn's 20, which few positives do not fill.
            "min_samples_leaf": 10,
            "early_stopping": False,
        },
        trusted=("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",),
    ),
    "gradient_boosting": Learner(
        place="sklearn.ensemble.GradientBoostingClassifier",
        trusted=("sklearn.tree._tree.Tree",),
    ),
    "logistic_regression": Learner(
        place="sklearn.linear_model.LogisticRegression", defaults={"max_iter": 1000}, scaled=True
    ),
    "random_forest": Learner(
        place="sklearn.ensemble.RandomForestClassifier",
        defaults={"n_estimators": 100, "min_samples_leaf": 2, "n_jobs": 1},
        trusted=("sklearn.tree._tree.Tree",),
    ),
    "lightgbm": Learner(
        place="lightgbm.LGBMClassifier",
        defaults={
            "learning_rate": 0.05,
            "n_estimators": 150,
            "reg_lambda": 10.0,
            "n_jobs": 1,
            "verbosity": -1,
            "deterministic": True,
            "force_col_wise": True,
        },
        extra="lightgbm",
        packages=("lightgbm",),
        trusted=(
            "collections.OrderedDict",
            "lightgbm.basic.Booster",
            "lightgbm.sklearn.LGBMClassifier",
        ),
    ),
    "xgboost": Learner(
        place="xgboost.XGBClassifier",
        defaults={
            "learning_rate": 0.05,
            "n_estimators": 150,
            "reg_lambda": 10.0,
            "base_score": 0.5,
            "max_delta_step": 1,
            "max_bin": 256,
            "tree_method": "hist",
            "n_jobs": 1,
        },
        extra="xgboost",
        packages=("xgboost", "xgboost-cpu"),
        trusted=("xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"),
    ),
}
