"""The article's protocol, transcribed with pandas, scikit-learn, imbalanced-learn and optuna alone.

Nothing of the library is imported here: this is the rival of the speed benchmark, and what the
tests hold the workflow against. Every step reads a data frame of the credit card data's columns,
and returns its accuracy on the test rows and its seconds; average precision, which the article
does not look at, is computed after the clock has stopped.
"""

import time

import optuna
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score, average_precision_score
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight

RATIO = 200  # negatives per positive
TRIALS = 10


def split(frame):
    """Return ``X_train, X_test, y_train, y_test``, a fifth of the rows held out."""
    X, y = frame.drop(columns=["Time", "Class"]), frame["Class"]
    return train_test_split(X, y, test_size=0.2, random_state=42, stratify=y)


def natural_ratio(y):
    """Return the negatives per positive of ``y``, rounded down."""
    negatives, positives = y.value_counts()[[0, 1]]
    return int(negatives // positives)


def under_sampled(X, y, ratio):
    """Return the rows left when ``ratio`` negatives per positive are kept."""
    return RandomUnderSampler(sampling_strategy=1 / ratio, random_state=0).fit_resample(X, y)


def over_sampled(X, y):
    """Return the rows with positives repeated until there are as many as negatives."""
    return RandomOverSampler(random_state=0).fit_resample(X, y)


def fit(X, y, random_state, sample_weight=None):
    """Return the article's learner, fitted."""
    model = GradientBoostingClassifier(random_state=random_state)
    return model.fit(X, y, sample_weight=sample_weight)


def baseline(frame, random_state):
    """Learn from the classes as they come."""
    X_train, X_test, y_train, y_test = split(frame)
    start = time.perf_counter()
    return judged(fit(X_train, y_train, random_state), X_test, y_test, start)


def under(frame, random_state, ratio=RATIO):
    """Learn from ``ratio`` negatives per positive."""
    X_train, X_test, y_train, y_test = split(frame)
    start = time.perf_counter()
    model = fit(*under_sampled(X_train, y_train, ratio), random_state)
    return judged(model, X_test, y_test, start)


def tuned_on_test(frame, random_state, seed, trials=TRIALS):
    """Search the ratio from 1 to the natural one for the best accuracy on the TEST rows."""
    X_train, X_test, y_train, y_test = split(frame)
    high = natural_ratio(y_train)
    models = []

    def objective(trial):
        ratio = trial.suggest_int("ratio", 1, high)
        model = fit(*under_sampled(X_train, y_train, ratio), random_state)
        models.append(model)
        return accuracy_score(y_test, model.predict(X_test))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    start = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    found = judged(models[study.best_trial.number], X_test, y_test, start)
    asked = [trial.params["ratio"] for trial in study.trials]
    return found | {"ratio": study.best_params["ratio"], "asked": asked}


def over(frame, random_state):
    """Learn from as many positives as negatives, drawn with replacement."""
    X_train, X_test, y_train, y_test = split(frame)
    start = time.perf_counter()
    model = fit(*over_sampled(X_train, y_train), random_state)
    return judged(model, X_test, y_test, start)


def class_weight(frame, random_state):
    """Learn with weights that make the classes count alike."""
    X_train, X_test, y_train, y_test = split(frame)
    start = time.perf_counter()
    weights = compute_sample_weight("balanced", y_train)
    return judged(fit(X_train, y_train, random_state, weights), X_test, y_test, start)


def judged(model, X_test, y_test, start):
    """Return a step's accuracy, its seconds since ``start``, and its average precision."""
    accuracy = accuracy_score(y_test, model.predict(X_test))
    seconds = time.perf_counter() - start
    y_score = model.predict_proba(X_test)[:, 1]
    return {
        "accuracy": accuracy,
        "average_precision": average_precision_score(y_test, y_score),
        "seconds": seconds,
    }


def run(frame, random_state, seed, ratio=RATIO, trials=TRIALS):
    """Return the results of the five steps, by name, in the article's order.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``Time``, features, and ``Class``, 1 for the rare class.
    random_state : int
        Of the learner.
    seed : int
        Of the search of the ratio.
    ratio : int
        Of the under-sampling step; imbalanced-learn raises above the natural ratio.
    trials : int
    """
    return {
        "baseline": baseline(frame, random_state),
        "under": under(frame, random_state, ratio),
        "tuned_on_test": tuned_on_test(frame, random_state, seed, trials),
        "over": over(frame, random_state),
        "class_weight": class_weight(frame, random_state),
    }
