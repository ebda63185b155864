"""Measure the summary numbers of ``rebalance.sources.simulated`` on real rows.

``python -m benchmarks.calibrate_simulation --data creditcard.csv`` writes
``rebalance/simulated.json``; ``python -m benchmarks.check_simulation`` compares. Only rounded
shares, correlations and quantiles of groups of rows are kept, never a row.
"""

import argparse
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, special, stats
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
)
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from rebalance.sources import simulated

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
                    simulated.draw_bursts(len(group), trial, hours, np.random.default_rng(seed)),
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
    counts = np.histogram(seconds, stretches, (0, simulated.DAYS * simulated.DAY))[0]
    return [round(float(share), 4) for share in counts / len(seconds)]


def time_knots(seconds):
    """Return the shares of rows before each whole hour, and the hours in seconds."""
    hours = simulated.DAYS * 24
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


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="rows like creditcard.csv")
    arguments = parser.parse_args()
    with threadpool_limits(1):
        write(summarise(pd.read_csv(arguments.data)), simulated.SUMMARY)


if __name__ == "__main__":
    main()
