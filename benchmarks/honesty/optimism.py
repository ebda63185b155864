"""How far the reported number lies above the truth: the article's way against ours.

The article's way tries several ratios of under-sampling, scores each on the test rows and reports
the best. Ours chooses the ratio out of fold on the training rows and opens the test rows once.
Both are run on the same rows, drawn anew for each repetition, with the same fits.

The truth is what the same fitted model scores, on average, on many fresh test sets of the same
size from the same generator. They are not joined into one: the average precision of few positives
is a little higher on average than that of many, for any model, and that is no optimism.
"""

import numpy as np
from scipy.stats import norm

from benchmarks.honesty.cores import on_every_core
from benchmarks.honesty.tables import Table
from rebalance import metrics, tuning
from rebalance.learning import treatments

SEED = 20_250_211
REPETITIONS = 180
TRAIN_ROWS, TRAIN_POSITIVES = 3_200, 64
TEST_ROWS, TEST_POSITIVES = 800, 16
FRESH = 40  # test sets behind a truth
RATIOS = (1, 2, 3, 5, 8, 12, 18, 27, 40)  # with the natural one ten, as many as the article asks
NATURAL = (TRAIN_ROWS - TRAIN_POSITIVES) // TRAIN_POSITIVES
FOLDS = 3
SHIFT = np.array([1.2, 0.9, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05])
METRICS = ("accuracy", "average_precision")
ARTICLE, OURS = "article: best on the test rows", "ours: chosen out of fold"
HEADINGS = ["metric", "way", "reported", "truth", "mean excess", "low", "high", "sd"]
HEADINGS += ["5 %", "median", "95 %", "share above 0"]
UNTREATED = tuning.Candidate(treatment=treatments.NONE, ratio=NATURAL)
CANDIDATES = [
    *(tuning.Candidate(treatment="random_under", ratio=ratio) for ratio in RATIOS),
    UNTREATED,
]


def optimism(quick):
    """Return the distribution of reported minus true, for each metric and way."""
    repetitions = 20 if quick else REPETITIONS
    found = on_every_core(repetition, [(number,) for number in range(repetitions)], quick=quick)
    rows, misses = [], []
    for metric in METRICS:
        # (repetitions, ways, reported and true)
        numbers = np.array([[each[metric][way] for way in (ARTICLE, OURS)] for each in found])
        excess = numbers[:, :, 0] - numbers[:, :, 1]
        rows += [
            [metric, way, *numbers[:, i].mean(axis=0).tolist(), *described(excess[:, i])]
            for i, way in enumerate((ARTICLE, OURS))
        ]
        more = excess[:, 0] - excess[:, 1]
        rows.append([metric, "article minus ours, in pairs", None, None, *described(more)])
        misses += missed(metric, excess[:, 1], more)
    return Table(
        "Reported number minus the truth; bounds: the 95 % interval of the mean holds 0 for ours, "
        "and the article's mean is above ours",
        HEADINGS,
        rows,
        misses,
        f"{repetitions} repetitions: {TRAIN_ROWS} rows with {TRAIN_POSITIVES} positives to train "
        f"on, {TEST_ROWS} with {TEST_POSITIVES} to test on,\nlogistic regression, "
        f"{len(CANDIDATES)} ratios of random under-sampling, the natural one among them. Truth: "
        f"the same model's mean score on {FRESH} fresh test sets\nof the same size. low and high: "
        "95 % interval of the mean excess.",
    )


def mean_interval(values):
    """Return the 95 % interval of a mean over repetitions."""
    half = norm.ppf(0.975) * metrics.standard_error(values)
    return float(np.mean(values) - half), float(np.mean(values) + half)


def described(excess):
    """Return mean with its interval, spread, quantiles and the share above zero."""
    spread = [float(np.std(excess, ddof=1)), *np.quantile(excess, [0.05, 0.5, 0.95]).tolist()]
    return [float(np.mean(excess)), *mean_interval(excess), *spread, float(np.mean(excess > 0))]


def missed(metric, ours, more):
    """Return the bounds missed, in words."""
    low, high = mean_interval(ours)
    found = []
    if not low <= 0 <= high:
        found.append(f"{metric}, ours: mean excess {np.mean(ours):.4f} [{low:.4f}, {high:.4f}]")
    if mean_interval(more)[0] <= 0:
        found.append(f"{metric}: the article's excess is not above ours, {np.mean(more):.4f} more")
    return found


def sample(rows, positives, rng):
    """Return columns and labels: normal classes, half of the positives spread wider."""
    y = np.repeat([1, 0], [positives, rows - positives])
    X = rng.standard_normal((rows, len(SHIFT)))
    X[: positives // 2] *= 1.5
    return X + np.outer(y, SHIFT), y


def repetition(number):
    """Return {metric: {way: (reported, true)}} of one draw of all rows."""
    rng = np.random.default_rng([SEED, number])
    X, y = sample(TRAIN_ROWS, TRAIN_POSITIVES, rng)
    X_test, y_test = sample(TEST_ROWS, TEST_POSITIVES, rng)
    fresh = [sample(TEST_ROWS, TEST_POSITIVES, rng) for _ in range(FRESH)]
    many = np.concatenate([columns for columns, _ in fresh])
    # The rows come class by class and are alike within a class: this is a stratified fold.
    fold = np.arange(TRAIN_ROWS) % FOLDS
    out_of_fold = [_fold_scores(X, y, fold == i) for i in range(FOLDS)]
    fitted = {candidate: fit(candidate, X, y) for candidate in CANDIDATES}
    tested = {c: model.predict_proba(X_test)[:, 1] for c, model in fitted.items()}
    found = {}
    for metric in METRICS:
        reported = {c: score(metric, y_test, y_score) for c, y_score in tested.items()}
        chosen = {
            ARTICLE: max(reported, key=reported.get),
            OURS: choice([(y[fold == i], scores) for i, scores in enumerate(out_of_fold)], metric),
        }
        found[metric] = {}
        for way, candidate in chosen.items():
            y_score = fitted[candidate].predict_proba(many)[:, 1].reshape(FRESH, TEST_ROWS)
            truth = [score(metric, y_test, each) for each in y_score]
            found[metric][way] = (reported[candidate], float(np.mean(truth)))
    return found


def score(metric, y_true, y_score):
    """Return the accuracy at one half, which is the article's, or a ranking metric."""
    if metric == "accuracy":
        return float(np.mean((y_score >= 0.5) == y_true))
    return metrics.ranking_metrics(y_true, y_score)[metric]


def fit(candidate, X, y):
    """Return the fitted estimator of a candidate."""
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression(solver="newton-cholesky")
    return treatments.fit(candidate.entry(NATURAL, 0), learner, X, y).estimator


def _fold_scores(X, y, left_out):
    return {
        candidate: fit(candidate, X[~left_out], y[~left_out]).predict_proba(X[left_out])[:, 1]
        for candidate in CANDIDATES
    }


def choice(folds, metric):
    """Return the candidate that the pipeline's rule chooses from out-of-fold scores.

    Parameters
    ----------
    folds : list of (y_true, dict of Candidate to y_score)
    metric : str
    """
    scored = {
        candidate: tuning.Scored(
            candidate=candidate,
            scores=[score(metric, y_true, scores[candidate]) for y_true, scores in folds],
        )
        for candidate in CANDIDATES
    }
    return tuning.choose(scored, UNTREATED, one_standard_error=True)[1]
