"""Compare rows of ``rebalance.sources.simulated`` with real ones.

``python -m benchmarks.check_simulation --data creditcard.csv`` prints simulated rows of several
seeds beside the real ones; ``--full`` adds the learners at the size of the whole file (minutes).
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from scipy import stats
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_validate, train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.calibrate_simulation import (
    COMPONENTS,
    FEATURES,
    FOLDS,
    PUBLISHED,
    learner,
    normal_scores,
)
from rebalance.sources import simulated


def undersampled(ratio):
    """Return the reference learner behind an under-sampler at ``ratio`` negatives per positive."""
    return make_pipeline(RandomUnderSampler(sampling_strategy=1 / ratio, random_state=0), learner())


LEARNERS = {
    "hist_gradient_boosting": learner,
    "the same, under-sampled 10 : 1": lambda: undersampled(10),
    "the same, under-sampled 1 : 1": lambda: undersampled(1),
    "logistic_regression": lambda: make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000)
    ),
    "random_forest": lambda: RandomForestClassifier(100, random_state=0),
}


def check(frame, seeds):
    """Print simulated rows of several seeds beside the real ones."""
    size = len(frame), int(frame["Class"].sum())
    simulated = [simulated.simulate(*size, seed) for seed in range(seeds)]
    print(f"{size[0]} rows, {size[1]} positives, seeds 0 to {seeds - 1}")
    print("\nfive-fold average precision (+- standard error), without Time")
    for name, build in LEARNERS.items():
        # A forest takes a minute or two.
        others = simulated[:1] if name == "random_forest" else simulated
        row = [precision(build, each) for each in (frame, *others)]
        print(f"  {name:32} real {row[0]}   simulated {'  '.join(row[1:])}")
    other = simulated[0]
    for label, name in enumerate(("genuine", "frauds")):
        real, drawn = (each[each["Class"] == label] for each in (frame, other))
        print(f"\n{name}: differences of the columns V1 to V28, largest first")
        for line in marginal_differences(real, drawn):
            print(" ", line)
        print(f"{name}: facts, real and simulated")
        for fact, measure in FACTS.items():
            print(f"  {fact:44} {measure(real):>10.4g} {measure(drawn):>10.4g}")
    real, drawn = (off_diagonal(each[each["Class"] == 1], "spearman") for each in (frame, other))
    print(
        f"\nfrauds: rank correlations of V1 to V28, real against simulated: agreement"
        f" {np.corrcoef(real, drawn)[0, 1]:.3f}, mean difference {np.abs(real - drawn).mean():.3f}"
    )


def precision(build, frame):
    """Return the cross-validated average precision as text."""
    X, y = frame[FEATURES], frame["Class"]
    scores = cross_validate(build(), X, y, cv=FOLDS, scoring="average_precision")["test_score"]
    return f"{scores.mean():.3f} +- {stats.sem(scores):.3f}"


def marginal_differences(real, drawn):
    """Yield a line for each summary of a column: the three that differ most."""
    real, drawn = real[COMPONENTS], drawn[COMPONENTS]
    shift = (drawn.mean() - real.mean()) / real.std()
    yield named("mean, in standard deviations", shift)
    yield named("median, in standard deviations", (drawn.median() - real.median()) / real.std())
    yield named("log ratio of standard deviations", np.log(drawn.std() / real.std()))
    yield named("skew, on the asinh scale", np.arcsinh(drawn.skew()) - np.arcsinh(real.skew()))
    peaks = np.arcsinh(drawn.kurt()) - np.arcsinh(real.kurt())
    yield named("kurtosis, on the asinh scale", peaks)


def named(what, differences):
    """Return the three largest differences with their columns."""
    worst = differences.loc[differences.abs().sort_values(ascending=False).index[:3]]
    return f"{what:36}" + ", ".join(f"{name} {value:+.2f}" for name, value in worst.items())


def off_diagonal(frame, method):
    """Return the correlations of each pair of V1 to V28."""
    matrix = frame[COMPONENTS].corr(method).to_numpy()
    return matrix[np.triu_indices(len(matrix), 1)]


def share_at_night(frame):
    """Return the share of rows between midnight and six of the data's own clock."""
    return np.mean(frame["Time"] % simulated.DAY < 6 * 3600)


FACTS = {
    **{
        f"Amount, quantile {p}": lambda frame, p=p: frame["Amount"].quantile(p)
        for p in (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    },
    "Amount, skew": lambda frame: frame["Amount"].skew(),
    **{
        f"share of Amount {c}": lambda frame, c=c: np.mean(np.isclose(frame["Amount"], c))
        for c in (0.0, 0.77, 1.0, 99.99)
    },
    "share of rows that repeat another": lambda frame: frame.duplicated().mean(),
    "the same, at any time": lambda frame: frame.duplicated(FEATURES).mean(),
    "share of rows in the first six hours of a day": share_at_night,
    "mean absolute correlation of V1 to V28": lambda f: np.abs(off_diagonal(f, "pearson")).mean(),
    "mean correlation of absolute normal scores": lambda f: off_diagonal(
        pd.DataFrame(np.abs(normal_scores(f[COMPONENTS])), columns=COMPONENTS), "pearson"
    ).mean(),
    "median seconds between rows": lambda frame: frame["Time"].diff().median(),
}


def check_full_size(seed=42):
    """Print how learners fare on 80/20 splits of rows as many as in the whole file."""
    start = time.perf_counter()
    frame = simulated.simulate(**PUBLISHED, seed=seed)
    print(f"\n{len(frame)} rows drawn in {time.perf_counter() - start:.1f} s; test parts of 20 %")
    X, y = frame[FEATURES], frame["Class"]
    for name, build, splits in (
        ("hist_gradient_boosting", learner, (42, 0, 1)),
        ("gradient_boosting, defaults", lambda: GradientBoostingClassifier(random_state=0), (42,)),
    ):
        for split in splits:
            X_train, X_test, y_train, y_test = train_test_split(
                X, y, test_size=0.2, stratify=y, random_state=split
            )
            start = time.perf_counter()
            model = build().fit(X_train, y_train)
            seconds = time.perf_counter() - start
            found = average_precision_score(y_test, model.predict_proba(X_test)[:, 1])
            print(f"  {name:30} split {split:2}: average precision {found:.3f}, {seconds:.1f} s")


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="rows like creditcard.csv")
    parser.add_argument("--full", action="store_true", help="learners at full size too")
    parser.add_argument("--seeds", type=int, default=3, help="simulations to compare with")
    arguments = parser.parse_args()
    frame = pd.read_csv(arguments.data)
    with threadpool_limits(1):
        check(frame, arguments.seeds)
        if arguments.full:
            check_full_size()


if __name__ == "__main__":
    main()
