"""What a ROC AUC near 1 may still lose: the tail that its positives let expect.

A positive's loss is the share of the negatives that outrank it, and the AUC is 1 minus the mean
loss. Near 1 hardly any positive of a sample loses anything, and the spread of those that happen
to be there says little of the next sample. But their ranks say more than their losses do: turned
into normal scores they are about normal, the binormal model (Dorfman and Alf 1969), which fits
most ROC curves (Hanley 1988). A normal distribution is fitted to them, and says what losses to
expect where the sample has none. Where they are not on a straight line against normal places, as
with the few and tied scores of trees, nothing is fitted.
"""

from typing import NamedTuple

import numpy as np

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
FEWEST_RANKED = 3  # positives that some negative outranks, to fit a line through
STRAIGHT = 0.8  # squared correlation with the places of a normal sample (Shapiro and Francia 1972)


class Ranks(NamedTuple):
    """The positives of one model: their losses, and the normal fitted to their normal scores.

    Attributes
    ----------
    losses : array of shape (n_positives,)
    scores : array of shape (n_positives,)
        The normal scores of 1 - losses; a positive that no negative outranks is at the highest.
    mean, spread : float
    ranked : int
        Positives that some negative outranks, through which the normal is fitted.
    """

    losses: np.ndarray
    scores: np.ndarray
    mean: float
    spread: float
    ranked: int

    @classmethod
    def of(cls, value, contribution, strata):
        """Return the ranks behind an AUC; None where rows are not units, or no normal fits them.

        Parameters
        ----------
        value : float
            The AUC.
        contribution : array of shape (n_rows,)
            Of each row to it.
        strata : Strata
        """
        from scipy.special import ndtri

        n_positives, n_negatives = strata.sizes
        if n_positives + n_negatives != strata.unit.size:
            return None
        losses = 1 - value - n_positives * contribution[strata.unit < n_positives]
        at_most = 0.5 / n_negatives
        scores = ndtri(1 - np.clip(losses, at_most, 1 - at_most))
        # A positive that is tied with one negative has half a loss, up to rounding.
        ranked = np.sort(scores[losses > at_most / 2])
        if ranked.size < FEWEST_RANKED or ranked[0] == ranked[-1]:
            return None
        # Those that nothing outranks are known to be the highest, and no more: the line goes
        # through the others, against the places that a normal sample has them at (Blom 1958).
        places = ndtri((np.arange(1, ranked.size + 1) - 0.375) / (n_positives + 0.25))
        across, up = places - places.mean(), ranked - ranked.mean()
        slope = float(across @ up / (across @ across))
        if slope**2 * (across @ across) < STRAIGHT * (up @ up):
            return None
        return cls(losses, scores, float(ranked.mean() - slope * places.mean()), slope, ranked.size)


def expected_loss(ranks):
    """Return mean and variance of a positive's loss under the fitted normal."""
    return _moments(_losses(ranks, NODES), WEIGHTS)


def expected_difference(one, other):
    """Return the variance of the difference of two models' losses of the same positive."""
    # Scores that are all equal go with nothing.
    vary = np.ptp(one.scores) > 0 and np.ptp(other.scores) > 0
    correlation = np.corrcoef(one.scores, other.scores)[0, 1] if vary else 0.0
    apart = np.sqrt(max(0.0, 1 - correlation**2))
    second = correlation * NODES[:, None] + apart * NODES
    difference = _losses(one, NODES)[:, None] - _losses(other, second)
    return _moments(difference, np.outer(WEIGHTS, WEIGHTS))[1]


def _losses(ranks, normal):
    from scipy.special import ndtr

    return ndtr(-(ranks.mean + ranks.spread * normal))


def _moments(values, weights):
    mean = float((weights * values).sum())
    return mean, float((weights * values**2).sum()) - mean**2


def trials(value, contribution, strata, error):
    """Return the effective trials of an AUC that its tail allows, and their degrees of freedom.

    The degrees of freedom are those of a number that varies as the trials do (Satterthwaite 1946)
    when the fitted mean and spread vary as those of so many positives that are all ranked. Trials
    are infinite where the tail has no say.

    ``error`` is the standard error by contributions, whose part of the negatives stays.
    """
    ranks = Ranks.of(value, contribution, strata)
    if ranks is None:
        return np.inf, np.inf
    step = ranks.spread / np.sqrt(ranks.ranked)
    changes = [{"mean": ranks.mean + sign * step} for sign in (1, -1)]
    changes += [{"spread": ranks.spread + sign * step / np.sqrt(2)} for sign in (1, -1)]
    found, *around = (_trials(ranks._replace(**change), error) for change in ({}, *changes))
    if not all(0 < each < np.inf for each in (found, *around)):
        return np.inf, np.inf
    variance = (np.diff(np.log(around).reshape(2, 2)) ** 2).sum() / 4
    # The logarithm of a chi-square over its d degrees of freedom varies by about 2 / (d - 1).
    return found, 1 + 2 / variance if variance > 0 else np.inf


def _trials(ranks, error):
    mean, variance = expected_loss(ranks)
    squared = _with_negatives(variance, ranks.losses, error)
    return mean * (1 - mean) / squared if squared > 0 else np.inf


def difference_error(one, other, error):
    """Return the standard error of the difference of two AUCs near 1.

    Parameters
    ----------
    one, other : Ranks
    error : float
        By contributions.
    """
    variance = expected_difference(one, other)
    return float(np.sqrt(_with_negatives(variance, one.losses - other.losses, error)))


def _with_negatives(variance, losses, error):
    """Return the squared error: the positives' from ``variance``, the rest as contributions say."""
    n = losses.size
    return variance / n + max(error**2 - losses.var(ddof=1) / n, 0.0)
