"""The learning curve: how the score grows with the positives, and what twice as many would add."""

from dataclasses import replace

import numpy as np

from rebalance import metrics, splitting

# Positives of a training fold below which a point says nothing, and points that a curve needs.
FEWEST_POSITIVES, FEWEST_POINTS = 10, 3
# Exponents of the inverse power law that are tried: 0 would be no growth at all, and the error of
# a learner falls no faster than by the number of rows.
EXPONENTS = np.linspace(0.05, 1.0, 39)
DRAWS, TAILS = 1000, (0.025, 0.975)


def train(entry, fits, learner, params, shares):
    """Return the futures of the fits on shares of the training rows, by share and fold.

    Parameters
    ----------
    entry : params.Treatment
    fits : fits.Fits
    learner : params.Learner
    params : params.OutOfFold
    shares : list of float
        One that leaves a fold hardly a positive has no futures.
    """
    folds, futures = _folds(fits.table, params), {}
    for share in shares:
        parts = [part(fold, fits.table, share) for fold in folds]
        enough = min(_positives(each, fits.table) for each in parts) >= FEWEST_POSITIVES
        futures[share] = [fits.of_fold(entry, learner, each) for each in parts] if enough else []
    return futures


def part(fold, table, share):
    """Return a fold with a share of its training rows, of either class; smaller ones are inside.

    Rows of a group stay together, as they do in the folds.
    """
    rows, rng = fold.train, np.random.default_rng([fold.seed, fold.number])
    unit = np.arange(rows.size)
    if table.groups is not None:
        _, unit = np.unique(np.asarray(table.groups)[rows], return_inverse=True)
    positive = np.zeros(unit.max() + 1, dtype=bool)
    positive[unit[table.y[rows] == 1]] = True
    taken = np.zeros(positive.size, dtype=bool)
    for side in (positive, ~positive):
        units = rng.permutation(np.flatnonzero(side))
        taken[units[: max(1, round(share * units.size))]] = True
    return replace(fold, before=rows[taken[unit]], share=share)


def curve(table, params, scores, parts):
    """Return the points of the learning curve, and what twice as many positives would add.

    Parameters
    ----------
    table : store.Table
        The training rows.
    params : params.OutOfFold
    scores : training.Scores
        Those of all training rows.
    parts : dict of float to list of future
        What `train` returns.

    Returns
    -------
    dict
        ``points``, a list of ``share``, ``positives`` (of a training fold), ``score`` (average
        precision, the mean over the folds) and ``standard_error``; ``twice``, see `twice`, where
        there are enough points. Empty where no share was asked for.
    """
    if not parts:
        return {}
    folds = _folds(table, params)
    own = {
        share: [
            _average_precision(table.y[fold.valid], future.result().raw, table.negative_weight)
            for fold, future in zip(folds, futures, strict=True)
        ]
        for share, futures in parts.items()
        if futures
    }
    own[1.0] = [
        _average_precision(scores.y_true[rows], scores.raw[rows], table.negative_weight)
        for rows in (scores.fold == number for number in range(len(folds)))
    ]
    points = [
        {
            "share": share,
            "positives": _mean_positives(folds, table, share),
            "score": float(np.mean(values)),
            "standard_error": metrics.standard_error(values),
        }
        for share, values in sorted(own.items())
    ]
    if len(points) < FEWEST_POINTS:
        return {"points": points}
    points_by_size = sorted(points, key=lambda point: point["positives"])
    counts = np.array([point["positives"] for point in points_by_size])
    values = np.array([own[point["share"]] for point in points_by_size]).T
    return {"points": points, "twice": twice(counts, values, params.seed)}


def twice(positives, values, seed=0):
    """Return what an inverse power law expects of twice as many positives.

    The score of n positives is a - b n^-c with b of 0 or more (Figueroa et al. 2012), fitted to
    the means over the folds by least squares weighted by the number of positives, as they do. Its
    uncertainty is that of the fold scores: the fit is repeated on means drawn around those of the
    folds, with the variance of folds that share training rows (Nadeau and Bengio 2003) and the
    tails of Student's t.

    Parameters
    ----------
    positives : array of shape (n_points,)
        Rising; the last are all.
    values : array of shape (n_folds, n_points)
    seed : int

    Returns
    -------
    dict
        ``positives``, ``score`` and ``gain`` with its ends, ``low`` and ``high``.
    """
    n_folds = len(values)
    mean, apart = values.mean(axis=0), values - values.mean(axis=0)
    rng = np.random.default_rng(seed)
    # Draws of a multivariate t: normal ones over the root of a chi-square.
    normal = rng.standard_normal((DRAWS, n_folds)) @ apart / np.sqrt(n_folds - 1)
    wider = np.sqrt((n_folds - 1) / rng.chisquare(n_folds - 1, DRAWS))
    variance = 1 / n_folds + 1 / max(n_folds - 1, 1)
    drawn = mean + np.sqrt(variance) * wider[:, None] * normal
    gain, top = _gain(positives, mean[None])
    gains, _ = _gain(positives, drawn)
    low, high = np.quantile(gains, TAILS)
    return {
        "positives": float(2 * positives[-1]),
        "score": float(top[0]),
        "gain": float(gain[0]),
        "low": float(min(low, gain[0])),
        "high": float(max(high, gain[0])),
    }


def _gain(positives, means):
    """Return what the fitted laws gain by twice the positives, and their scores there.

    ``means`` has the shape (n_laws, n_points); so have the gains (n_laws,).
    """
    weights = positives / positives.sum()
    best = np.full(len(means), np.inf)
    gain, score = np.zeros(len(means)), means @ weights
    for exponent in EXPONENTS:
        x = (positives / positives[-1]) ** -exponent
        x_mean, mean = x @ weights, means @ weights
        slope = (means - mean[:, None]) @ (weights * (x - x_mean)) / (weights @ (x - x_mean) ** 2)
        b = np.maximum(0.0, -slope)
        fitted = mean[:, None] - b[:, None] * (x - x_mean)
        error = (means - fitted) ** 2 @ weights
        better = error < best
        best[better] = error[better]
        gain[better] = (b * (1 - 2.0**-exponent))[better]
        score[better] = (mean - b * (2.0**-exponent - x_mean))[better]
    # No score passes 1.
    return np.minimum(gain, np.maximum(0.0, 1 - (score - gain))), np.minimum(score, 1.0)


def _folds(table, params):
    """Return the folds of the first repeat: each row once."""
    return splitting.folds(table, params)[: params.folds]


def _mean_positives(folds, table, share):
    """Return the positives that a fold trains on, on average: groups differ in theirs."""
    parts = folds if share == 1 else [part(fold, table, share) for fold in folds]
    return float(np.mean([_positives(each, table) for each in parts]))


def _positives(fold, table):
    return int(table.y[fold.train].sum())


def _average_precision(y_true, y_score, weight):
    return metrics.of_all_rows(y_true, y_score, weight)["average_precision"]
