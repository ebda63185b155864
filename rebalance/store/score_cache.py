"""Scores of folds on disk: what a stopped stage has computed is not computed again."""

from rebalance import paths

# What results of killed stages may take: some, and of large tables a hundred candidates' scores.
CACHE_BYTES, CACHE_BYTES_PER_ROW = 1_000_000_000, 800


def score_cache(n_rows):
    """Return the `joblib.Memory` whose results outlive a killed stage.

    Those used longest ago are deleted first: had a study no room for all its results, the next
    would find the ones that it asks for first deleted.
    """
    from joblib import Memory

    memory = Memory(paths.SCORE_CACHE, verbose=0)
    memory.reduce_size(bytes_limit=max(CACHE_BYTES, CACHE_BYTES_PER_ROW * n_rows))
    return memory
