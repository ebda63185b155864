"""Repetitions on every core."""


def on_every_core(function, cases, *, quick):
    """Return what ``function`` returns for each case, a tuple of arguments, in their order.

    In processes, since arrays of a few thousand rows leave threads waiting for the interpreter; a
    quick run stays in this one.
    """
    from joblib import Parallel, delayed, parallel_config

    with parallel_config("loky", n_jobs=1 if quick else -1, inner_max_num_threads=1):
        return Parallel(batch_size=1)(delayed(function)(*case) for case in cases)
