"""Score a batch of candidates fold by fold, and stop those that cannot win."""

from concurrent.futures import FIRST_COMPLETED, wait

import numpy as np

from rebalance.learning import treatments


def _below_median(scores, finished):
    """Say whether the mean of ``scores`` is below the median of finished ones' at that fold."""
    others = [np.mean(other.scores[: len(scores)]) for other in finished]
    return np.mean(scores) < np.median(others)


def score_batch(batch, finished, n_folds, submit, rate, workers):
    """Score new candidates fold by fold, and stop those below the median of ``finished``.

    A candidate is compared with those of earlier batches only, so that the result depends neither
    on the number of workers nor on who finishes first. With none, all folds run at once. A worker
    that would idle takes the next fold of a candidate that may still be stopped: what it finds is
    used if the candidate is not, and else forgotten.

    Parameters
    ----------
    batch, finished : list of Scored
    n_folds : int
    submit : callable
        Of a candidate and the number of a fold; returns a future of `fits.FoldScores`.
    rate : callable
        Of the number of a fold and its `fits.FoldScores`; returns the score.
    workers : int
    """
    pending = {}

    def begin(each):
        future = submit(each.scored.candidate, each.submitted)
        pending[future] = (each, each.submitted)
        each.submitted += 1

    # The largest ratio, which takes longest, first.
    progress = [_Progress(s, n_folds) for s in sorted(batch, key=lambda s: -s.candidate.ratio)]
    for each in progress:
        for _ in range(1 if finished else n_folds):
            begin(each)
    while pending:
        while len(pending) < workers and (going := [each for each in progress if each.is_going]):
            begin(min(going, key=lambda each: each.submitted))
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in done & pending.keys():
            each, number = pending.pop(future)
            each.add(number, future.result(), rate, finished)
            if each.is_going and each.submitted == len(each.scored.scores):
                begin(each)
        # Cancel folds whose result would be discarded.
        for future in [future for future, (each, _) in pending.items() if each.over]:
            future.cancel()
            del pending[future]


class _Progress:
    """How far one candidate has come: results arrive in any order, and count in that of folds."""

    def __init__(self, scored, n_folds):
        self.scored, self.n_folds = scored, n_folds
        self.submitted, self.arrived = 0, {}

    @property
    def over(self):
        """Say whether no further result counts."""
        return self.scored.pruned or len(self.scored.scores) == self.n_folds

    @property
    def is_going(self):
        """Say whether there are folds to submit."""
        return not self.over and self.submitted < self.n_folds

    def add(self, number, found, rate, finished):
        """Take what was found of one fold; rate all folds that now follow each other."""
        self.arrived[number] = found
        scored = self.scored
        while not self.over and len(scored.scores) in self.arrived:
            number = len(scored.scores)
            found = self.arrived.pop(number)
            scored.scores.append(rate(number, found))
            scored.seconds += found.seconds
            # What every treatment is held against is never stopped.
            treated = scored.candidate.treatment != treatments.NONE
            unfinished = len(scored.scores) < self.n_folds
            if finished and treated and unfinished and _below_median(scored.scores, finished):
                scored.pruned = True
