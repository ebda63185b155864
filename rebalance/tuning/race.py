"""Score candidates fold by fold, and stop those that cannot beat no treatment."""

from concurrent.futures import FIRST_COMPLETED, wait

import numpy as np

from rebalance.learning import treatments
from rebalance.tuning.futility import is_futile


def race(batch, untreated, tune, submit, rate, workers):
    """Score new candidates fold by fold, and stop those that are futile.

    A candidate is compared with the untreated one only, fold by fold, so that the result depends
    neither on the number of workers, nor on the other candidates, nor on what finishes first. An
    idle worker takes the next fold of a candidate that may still be stopped: its score counts if
    the candidate is not, and is discarded otherwise.

    Parameters
    ----------
    batch : list of Scored
        The new candidates.
    untreated : Scored
        The untreated candidate: complete, or one of the batch.
    tune : params.Tune
        Its ``folds``, ``prune`` and ``one_standard_error``.
    submit : callable
        Of a candidate and the number of a fold; returns a future of `fits.FoldScores`.
    rate : callable
        Of the number of a fold and its `fits.FoldScores`; returns the score.
    workers : int
    """
    pending = {}

    def begin(entrant):
        future = submit(entrant.scored.candidate, entrant.submitted)
        pending[future] = (entrant, entrant.submitted)
        entrant.submitted += 1

    # The untreated ones, which decide on the others, then the largest ratio, which takes longest.
    entrants = [_Entrant(scored, untreated, tune) for scored in batch]
    entrants.sort(key=lambda entrant: (entrant.stoppable, -entrant.scored.candidate.ratio))
    for entrant in entrants:
        for _ in range(1 if entrant.stoppable else tune.folds):
            begin(entrant)
    while pending:
        while len(pending) < workers and (going := [e for e in entrants if e.is_going]):
            begin(min(going, key=lambda entrant: entrant.submitted))
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            entrant, number = pending.pop(future)
            entrant.arrived[number] = future.result()
        for entrant in entrants:
            entrant.advance(rate)
        for entrant in entrants:
            # Other folds run meanwhile, or there is none to wait for.
            if entrant.is_going and entrant.submitted == len(entrant.scored.scores):
                begin(entrant)
        # Cancel folds whose result would be discarded.
        for future in [future for future, (entrant, _) in pending.items() if entrant.over]:
            future.cancel()
            del pending[future]


class _Entrant:
    """How far one candidate has come: results arrive in any order, and count in that of folds."""

    def __init__(self, scored, untreated, tune):
        self.scored, self.untreated, self.tune = scored, untreated, tune
        # What every treatment is compared with is never stopped.
        self.stoppable = tune.prune and scored.candidate.treatment != treatments.NONE
        self.submitted, self.arrived = 0, {}

    @property
    def over(self):
        """Say whether no further result counts."""
        return self.scored.pruned or len(self.scored.scores) == self.tune.folds

    @property
    def is_going(self):
        """Say whether there are folds to submit."""
        return not self.over and self.submitted < self.tune.folds

    def advance(self, rate):
        """Rate all folds that now follow each other, and stop where they are futile."""
        scored, n_folds = self.scored, self.tune.folds
        if self.stoppable and len(self.untreated.scores) < n_folds:
            return
        while not self.over and (number := len(scored.scores)) in self.arrived:
            result = self.arrived.pop(number)
            scored.scores.append(rate(number, result))
            if self.stoppable and len(scored.scores) < n_folds:
                gains = np.subtract(scored.scores, self.untreated.scores[: len(scored.scores)])
                scored.pruned = is_futile(
                    gains,
                    n_folds,
                    np.std(self.untreated.scores, ddof=1),
                    one_standard_error=self.tune.one_standard_error,
                )
