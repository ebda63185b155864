"""Rows with the shape of the public credit card data, drawn from its summary numbers."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from rebalance.sources.labels import FEWEST_POSITIVES

SUMMARY = Path(__file__).with_suffix(".json")
DECIMALS = 6
DAYS = 2
DAY = 24 * 60 * 60
# Rows of one window; the public file has 284,807. A larger table goes on for more days.
WINDOW = 500_000


def simulate(rows, positives, seed):
    """Draw card transactions of which a given number are frauds.

    Each class is a mixture of a few groups. A group is a Gaussian copula whose columns keep the
    quantiles of the real ones, stretched by a scale that the columns of a row share: large values
    come together. Frauds come in bursts of similar rows, some of them identical. A few rows of
    each class follow the other class: no learner can tell them.

    Parameters
    ----------
    rows : int
        Number of rows.
    positives : int
        Number of frauds among them, at least 1 and fewer than ``rows``.
    seed : int
        Seed of the generator: the same three numbers give the same rows.

    Returns
    -------
    pandas.DataFrame
        Columns ``Time``, ``V1`` to ``V28``, ``Amount`` and ``Class``, sorted by ``Time``.

    Examples
    --------
    >>> frame = simulate(rows=1000, positives=20, seed=0)
    >>> frame.shape, int(frame["Class"].sum())
    ((1000, 31), 20)
    """
    _check(rows, positives, seed)
    summary = load_summary()
    rng = np.random.default_rng(seed)
    ordinary = summary["genuine"][0]
    negatives = rows - positives
    lookalikes = rng.binomial(negatives, summary["lookalikes"])
    invisible = int(positives * summary["invisible"] + rng.random())
    # Both classes have rows that nothing tells from the other class.
    genuine = [_genuine(negatives - lookalikes, summary, rng), _frauds(lookalikes, summary, rng)]
    frauds = [_frauds(positives - invisible, summary, rng), _ordinary(invisible, ordinary, rng)]
    target = np.repeat([0, 1], [negatives, positives])
    values = np.concatenate([*genuine, *frauds])
    values[:, 0] = np.floor(values[:, 0])
    values[:, -1] = values[:, -1].clip(0).round(2)
    values[:, 1:-1] = values[:, 1:-1].round(DECIMALS)
    # Shuffled first, so that the class of rows of the same second does not show in their order.
    order = rng.permutation(rows)
    order = order[np.argsort(values[order, 0], kind="stable")]
    return pd.DataFrame(values[order], columns=summary["columns"]).assign(Class=target[order])


def windows(rows, positives, seed):
    """Draw a table of any size in windows of two days, one after another.

    Up to half a million rows are one window, those of `simulate`. More go on for further days, so
    that the table is as dense as a smaller one and no more than a window of it is in memory; its
    columns but ``Time`` are then in single precision, which holds no less than a learner that bins
    them needs.

    Parameters
    ----------
    rows, positives, seed : int
        As of `simulate`.

    Yields
    ------
    pandas.DataFrame
        Columns as of `simulate`; every window has ten frauds or more, if there are as many.
    """
    count = max(1, min(-(-rows // WINDOW), positives // FEWEST_POSITIVES))
    if count == 1:
        yield simulate(rows, positives, seed)
        return
    _check(rows, positives, seed)
    seeds = np.random.SeedSequence(seed).generate_state(count)
    ends = [np.arange(count + 1) * total // count for total in (rows, positives)]
    for i, size in enumerate(zip(*map(np.diff, ends), strict=True)):
        frame = simulate(*map(int, size), int(seeds[i]))
        single = frame.columns.difference(["Time", "Class"])
        frame["Time"] += i * DAYS * DAY
        yield frame.astype(dict.fromkeys(single, np.float32))


def columns():
    """Return the names of the columns, the target last."""
    return [*load_summary()["columns"], "Class"]


@cache
def load_summary():
    """Return the summary numbers of the real rows."""
    return json.loads(SUMMARY.read_text(encoding="utf-8"))


def _check(rows, positives, seed):
    for name, value, low in (("rows", rows, 2), ("positives", positives, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
            raise ValueError(f"{name} must be an integer of at least {low}, got {value!r}.")
    if positives >= rows:
        raise ValueError(f"positives must be fewer than rows, got {positives} of {rows}.")


def _genuine(count, summary, rng):
    """Draw genuine rows, a small share of them copies of others."""
    groups, copies = summary["genuine"], summary["copies"]
    sizes = rng.multinomial(count, [group["share"] for group in groups])
    drawn = [_ordinary(size, group, rng) for size, group in zip(sizes, groups, strict=True)]
    values = rng.permutation(np.concatenate(drawn))
    start = 0
    for share, first in ((copies["exact"], 0), (copies["later"], 1)):
        end = start + rng.binomial(count // 4, 4 * share)
        values[start:end, first:] = values[count // 2 + start : count // 2 + end, first:]
        start = end
    return values


def _ordinary(count, group, rng):
    return _express(rng.standard_normal((count, len(group["knots"]))), group, rng)


def _frauds(count, summary, rng):
    """Draw frauds, each group in its own bursts."""
    groups, hours = summary["frauds"], summary["fraud_hours"]
    # One random number for all sizes: the share of each group, and with it the difficulty, is
    # nearly the same for every seed.
    reached = np.cumsum([group["share"] for group in groups])
    ends = np.floor(count * reached / reached[-1] + rng.random()).clip(0, count).astype(int)
    sizes = np.diff(ends, prepend=0)
    drawn = [draw_bursts(*each, hours, rng) for each in zip(sizes, groups, strict=True)]
    return np.concatenate(drawn)


def draw_bursts(count, group, hours, rng):
    """Draw frauds of one group in bursts: near in time, alike, now and then identical.

    Parameters
    ----------
    count : int
        Number of rows.
    group : dict
        Summary numbers of the group. The rows of a burst, ``size`` of them on average, share a
        part of their variance that a beta distribution draws for the burst (``likeness``), and
        follow its start after about ``seconds``.
    hours : list of float
        Share of the bursts that starts in each of these equal stretches of the time covered.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    numpy.ndarray of shape (count, 30)
        ``Time``, then the columns of the group.
    """
    bursts, width = group["bursts"], len(group["knots"])
    # As many bursts as rows always suffice.
    burst = np.repeat(np.arange(count), rng.geometric(1 / bursts["size"], count))[:count]
    likeness = rng.beta(*bursts["likeness"], count)[burst, None]
    normal = np.sqrt(likeness) * rng.standard_normal((count, width))[burst]
    normal += np.sqrt(1 - likeness) * rng.standard_normal((count, width))
    start = _clock(rng.random(count), hours)[burst]
    delay = bursts["seconds"] * rng.lognormal(0, 2, count)
    values = np.column_stack([(start + delay) % (DAYS * DAY), _express(normal, group, rng)])
    again = (burst[1:] == burst[:-1]) & (rng.random(max(count - 1, 0)) < bursts["copies"])
    for row in np.flatnonzero(again):  # in order: a copy may be copied
        values[row + 1] = values[row]
    return values


def _express(normal, group, rng):
    """Turn independent normal columns into columns with the group's correlations and quantiles."""
    latent = normal @ _root(group["correlations"])
    latent *= np.exp(group["scale"] * rng.standard_normal((len(latent), 1)))
    for column, (name, knots) in enumerate(group["knots"].items()):
        positions = group["positions"].get(name, group["positions"]["V"])
        latent[:, column] = np.interp(latent[:, column], positions, knots)
    return latent


def _root(correlations):
    """Return the symmetric square root of a correlation matrix given below its diagonal."""
    matrix = np.eye(len(correlations) + 1)
    for row, line in enumerate(correlations, start=1):
        matrix[row, :row] = matrix[:row, row] = line
    # Rounded correlations may leave an eigenvalue just below zero.
    values, vectors = np.linalg.eigh(matrix)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return root / np.linalg.norm(root, axis=0)


def _clock(probability, hours):
    """Return the seconds at which a day-and-night rhythm reaches the probabilities."""
    reached = np.concatenate([[0], np.cumsum(hours)]) / np.sum(hours)
    return np.interp(probability, reached, np.linspace(0, DAYS * DAY, len(reached)))
