"""Measure the summary numbers of ``rebalance.simulation`` on real rows, or compare with them.

``python -m benchmarks.calibrate_simulation --data creditcard.csv`` writes
``rebalance/simulation.json``; with ``--check`` it prints simulated rows beside the real ones, and
``--full`` adds the learners at the size of the whole file (minutes). Only rounded shares,
correlations and quantiles of groups of rows are kept, never a row.
"""

import argparse
import itertools
import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from scipy import optimize, special, stats
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
    train_test_split,
)
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from rebalance import simulation

PUBLISHED = {"rows": 284_807, "positives": 492}
COMPONENTS = [f"V{number}" for number in range(1, 29)]
FEATURES = [*COMPONENTS, "Amount"]
COLUMNS = ["Time", *FEATURES]
FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)
SUSPECT_SHARE = 0.03  # of the genuine rows, those that a learner finds most like frauds
LOOKALIKE_SCORE = 0.5  # genuine rows above pass for frauds
HIDDEN_SCORE = 0.1  # frauds below are hard to find
MOST_GROWTH = 0.3  # of the far tails; more goes beyond the extremes of the whole file
FAR = np.array([2e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3])
NEAR = np.array([0.01, 0.03, 0.06, 0.1, 0.16, 0.25, 0.35])
BURSTS = list(itertools.product((1.2, 2, 4, 6, 10), ((1, 2), (2, 1), (2, 0.5)), (30, 300, 3000)))


def learner():
    """Return the reference learner."""
    return HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, l2_regularization=10, early_stopping=False, random_state=0
    )


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


def summarise(frame):
    """Return the summary numbers of a frame of real rows."""
    X, y = frame[FEATURES], frame["Class"]
    score = cross_val_predict(learner(), X, y, cv=FOLDS, method="predict_proba")[:, 1]
    genuine, frauds = frame[y == 0], frame[y == 1]
    genuine_score, fraud_score = score[y == 0], score[y == 1]
    suspect = genuine_score > np.quantile(genuine_score, 1 - SUSPECT_SHARE)
    # Frauds that score like genuine rows lie below three quarters of these three times in four.
    invisible = np.mean(fraud_score < np.quantile(genuine_score, 0.75)) / 0.75
    kinds = kinds_of_fraud(frauds, fraud_score)
    hours = shares_of_time(frauds["Time"], 12)
    groups = [frauds[kinds == kind] for kind in range(3)]
    shares = np.bincount(kinds) / len(frauds) - [0, 0, invisible]
    return {
        "columns": COLUMNS,
        "lookalikes": round(float(np.mean(genuine_score > LOOKALIKE_SCORE)), 5),
        "invisible": round(float(invisible), 4),
        "copies": shares_of_copies(genuine),
        "fraud_hours": hours,
        "genuine": [
            describe(genuine[~suspect], COLUMNS, 1 - SUSPECT_SHARE),
            describe(genuine[suspect], COLUMNS, SUSPECT_SHARE),
        ],
        "frauds": [
            describe_bursts(group, describe(group, FEATURES, share / (1 - invisible)), hours)
            for group, share in zip(groups, shares, strict=True)
        ],
    }


def kinds_of_fraud(frauds, score):
    """Return a number for each fraud: 0 and 1 for two clusters, 2 for the hard to find."""
    kinds = np.full(len(frauds), 2)
    plain = score >= HIDDEN_SCORE
    scaled = StandardScaler().fit_transform(frauds[COMPONENTS])[plain]
    labels = KMeans(2, n_init=10, random_state=0).fit_predict(scaled)
    kinds[plain] = labels if labels.mean() < 0.5 else 1 - labels
    return kinds


def describe(group, columns, share):
    """Return share, shared scale, correlations and quantiles of a group of rows."""
    scores = normal_scores(group[columns])
    correlations = np.corrcoef(scores.T)
    # A few hundred rows do not tell a shared scale from chance.
    scale = shared_scale(scores, correlations) if len(group) > 500 else 0.0
    half = np.concatenate([FAR, NEAR])
    if len(group) < 20_000:
        # The last knot lies where hardly a row falls: a tail must not become a heap.
        half = np.concatenate([[0.1 / len(group)], half[half * len(group) >= 2]])
    probabilities = np.concatenate([half, [0.5], 1 - half[::-1]])
    positions = {"V": mixture_quantiles(probabilities, scale)}
    knots = {}
    for name in columns:
        values = group[name].to_numpy(float)
        if name in KNOTS:
            reached, knots[name] = KNOTS[name](values)
            positions[name] = mixture_quantiles(reached, scale)
        else:
            knots[name] = [significant(v) for v in tailed_quantiles(values, probabilities)]
    below = [correlations[row, :row] for row in range(1, len(columns))]
    return {
        "share": round(float(share), 4),
        "scale": round(scale, 3),
        "correlations": [[round(float(c), 2) for c in line] for line in below],
        "positions": {name: [round(float(x), 3) for x in at] for name, at in positions.items()},
        "knots": knots,
    }


def describe_bursts(group, description, hours):
    """Add to a description the bursts that give neighbours as near, in likeness and in time."""
    reference = np.sort(group[COMPONENTS].to_numpy(), axis=0)
    wanted = nearness(group, reference)
    repeated = group.duplicated().mean()

    def drawn(size, likeness, seconds):
        copies = round(float(repeated / (1 - 1 / size)), 3)
        return {"size": size, "likeness": likeness, "seconds": seconds, "copies": copies}

    def misfit(bursts):
        trial = description | {"bursts": bursts}
        found = [
            nearness(
                pd.DataFrame(
                    simulation.draw_bursts(len(group), trial, hours, np.random.default_rng(seed)),
                    columns=COLUMNS,
                ),
                reference,
            )
            for seed in range(3)
        ]
        return np.abs(np.mean(found, axis=0) - wanted).mean()

    return description | {"bursts": min((drawn(*each) for each in BURSTS), key=misfit)}


def nearness(frauds, reference):
    """Return log distances, and log seconds, from frauds to the nearest other, as quantiles."""
    ranks = np.column_stack(
        [
            np.searchsorted(reference[:, column], frauds[name])
            for column, name in enumerate(COMPONENTS)
        ]
    )
    scores = stats.norm.ppf((ranks + 0.5) / (len(reference) + 1))
    distances = np.sqrt(((scores[:, None] - scores[None]) ** 2).sum(axis=2))
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    clock = frauds["Time"].to_numpy()
    alike = np.quantile(distances.min(axis=1), [0.1, 0.25, 0.5, 0.75, 0.9])
    apart = np.quantile(np.abs(clock[nearest] - clock), [0.1, 0.25, 0.5, 0.75])
    return np.concatenate([np.log(alike + 0.3), np.log(apart + 30) / 5])


def normal_scores(frame):
    """Return each column's ranks as normal quantiles."""
    return stats.norm.ppf((frame.rank().to_numpy() - 0.5) / len(frame))


def shared_scale(scores, correlations):
    """Return the spread of the log scale that makes large values come together as they do."""
    above = np.triu_indices(len(correlations), 1)
    wanted = np.corrcoef(np.abs(scores).T)[above].mean()
    root = np.linalg.cholesky(correlations + 1e-6 * np.eye(len(correlations)))
    rng = np.random.default_rng(0)
    normal = rng.standard_normal((20_000, len(root))) @ root.T
    width = rng.standard_normal((len(normal), 1))

    def excess(scale):
        drawn = normal_scores(pd.DataFrame(normal * np.exp(scale * width)))
        return np.corrcoef(np.abs(drawn).T)[above].mean() - wanted

    return 0.0 if excess(0) >= 0 else optimize.brentq(excess, 0, 1, xtol=1e-3)


def mixture_quantiles(probabilities, scale):
    """Return quantiles of a standard normal times the exponential of ``scale`` times another."""
    nodes, weights = special.roots_hermitenorm(61)
    weights = weights / weights.sum()

    def excess(x, tail):
        return weights @ special.ndtr(-x * np.exp(-scale * nodes)) - tail

    def quantile(probability):
        # In the smaller tail, where probabilities keep their digits.
        tail = max(min(probability, 1 - probability), 1e-7)
        return np.sign(probability - 0.5) * optimize.brentq(excess, 0, 60, args=(tail,))

    return [quantile(probability) for probability in probabilities]


def tailed_quantiles(values, probabilities):
    """Return quantiles, and what goes on from them where rows are too few.

    Beyond the tenth row from an end a power law goes on; of a small group, beyond the second row
    a straight line over normal quantiles.
    """
    middle, result = np.median(values), np.quantile(values, probabilities)
    near, back = 10 / len(values), 100 / len(values)
    normal = stats.norm.ppf(probabilities)
    for side, sign in ((0, -1), (1, 1)):
        tail = np.abs(side - probabilities)
        if back < 0.1:
            edge, inner = np.abs(np.quantile(values, np.abs([side - near, side - back])) - middle)
            growth = np.clip(np.log10(edge / inner), 0, MOST_GROWTH)
            far = tail < near
            result[far] = middle + sign * edge * (near / tail[far]) ** growth
        else:
            first, second = np.flatnonzero(tail * len(values) >= 2)[[-1, -2] if side else [0, 1]]
            slope = (result[second] - result[first]) / (normal[second] - normal[first])
            far = tail * len(values) < 2
            result[far] = result[first] + slope * (normal[far] - normal[first])
    return result


def significant(value):
    """Round to three significant digits."""
    return float(f"{value:.3g}")


def shares_of_time(seconds, stretches):
    """Return the share of rows in each of the equal stretches of the two days."""
    counts = np.histogram(seconds, stretches, (0, simulation.DAYS * simulation.DAY))[0]
    return [round(float(share), 4) for share in counts / len(seconds)]


def time_knots(seconds):
    """Return the shares of rows before each whole hour, and the hours in seconds."""
    hours = simulation.DAYS * 24
    reached = np.concatenate([[0], np.cumsum(shares_of_time(seconds, hours))])
    return reached / reached[-1], [3600 * hour for hour in range(hours + 1)]


def amount_knots(amount):
    """Return probabilities and amounts: quantiles, and both ends of each common amount."""
    grid = np.array([*np.arange(0.01, 0.985, 0.03), 0.985, 0.995, 0.999, 0.9997, 1 - 2e-6])
    if len(amount) < 20_000:
        seen = grid[np.minimum(grid, 1 - grid) * len(amount) >= 2]
        grid = np.concatenate([seen, [1 - 0.1 / len(amount)]])
    counts = pd.Series(amount).round(2).value_counts()
    common = sorted(counts[counts >= max(5, 0.0008 * len(amount))].head(100).index)
    ends = [(np.mean(amount < c - 0.004), np.mean(amount < c + 0.004)) for c in common]
    pairs = [(0.0, 0.0)]
    for c, (low, high) in zip(common, ends, strict=True):
        pairs += [(low + 1e-5, c), (high - 1e-5, c)]
    for p, value in zip(grid, tailed_quantiles(amount, grid), strict=True):
        if not any(low <= p <= high for low, high in ends):
            pairs.append((p, significant(value)))
    reached, values = zip(*sorted(pairs), strict=True)
    return np.array(reached), [round(float(v), 2) for v in np.maximum.accumulate(values)]


KNOTS = {"Time": time_knots, "Amount": amount_knots}


def shares_of_copies(genuine):
    """Return the shares of genuine rows that repeat another, at its second or at another."""
    drawn = min(1.0, len(genuine) / (PUBLISHED["rows"] - PUBLISHED["positives"]))
    exact = genuine.duplicated().sum()
    later = genuine.duplicated(FEATURES).sum() - exact
    # A copy shows only where both rows were drawn from the whole file.
    return {
        name: round(float(count / len(genuine) / drawn), 5)
        for name, count in (("exact", exact), ("later", later))
    }


def write(summary, path):
    """Write the summary with each list of numbers on a line of its own."""
    text = json.dumps(summary, indent=1)
    flat = re.compile(r"\[[^\[\]{}]*\]")
    text = flat.sub(lambda match: re.sub(r"\s+", " ", match[0]).replace("[ ", "["), text)
    path.write_text(text.replace(" ]", "]") + "\n", encoding="utf-8")


def check(frame, seeds):
    """Print simulated rows of several seeds beside the real ones."""
    size = len(frame), int(frame["Class"].sum())
    simulated = [simulation.simulate(*size, seed) for seed in range(seeds)]
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
    return np.mean(frame["Time"] % simulation.DAY < 6 * 3600)


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
    frame = simulation.simulate(**PUBLISHED, seed=seed)
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
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--full", action="store_true", help="with --check: at full size too")
    parser.add_argument("--seeds", type=int, default=3, help="simulations to compare with")
    arguments = parser.parse_args()
    frame = pd.read_csv(arguments.data)
    with threadpool_limits(1):
        if not arguments.check:
            write(summarise(frame), simulation.SUMMARY)
            return
        check(frame, arguments.seeds)
        if arguments.full:
            check_full_size()


if __name__ == "__main__":
    main()
