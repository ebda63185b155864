"""Repetitions on every core, and the processor time that they take."""

import time

spent = [0.0]  # seconds of processor time so far, of this process's workers and of their cases


def on_every_core(function, cases, *, quick, cost=lambda *case: 0):
    """Return what ``function`` returns for each case, a tuple of arguments, in their order.

    In processes, since arrays of a few thousand rows leave threads waiting for the interpreter; a
    quick run stays in this one. ``cost`` of the same arguments says which case comes first: the
    dearest, so that no core waits for it in the end.
    """
    from joblib import Parallel, delayed, parallel_config

    order = sorted(range(len(cases)), key=lambda i: -cost(*cases[i]))
    with parallel_config("loky", n_jobs=1 if quick else -1, inner_max_num_threads=1):
        found = Parallel(batch_size=1)(delayed(_timed)(function, cases[i]) for i in order)
    spent[0] += sum(seconds for _, seconds in found)
    results = dict(zip(order, (result for result, _ in found), strict=True))
    return [results[i] for i in range(len(cases))]


def _timed(function, case):
    start = time.process_time()
    return function(*case), time.process_time() - start
