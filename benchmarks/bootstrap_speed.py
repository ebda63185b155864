"""Print how long a comparison takes: ``python -m benchmarks.bootstrap_speed``.

57,000 test rows, six models, 2000 draws, every metric, on one core; exits with 1 above 5 s of
processor time, which other programs on the core do not lengthen.
"""

import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

from rebalance.comparison import compare

N_ROWS, N_MODELS, N_DRAWS = 57_000, 6, 2_000
BOUND = 5.0  # seconds


def rows(n_positives, seed=0):
    """Return labels, and correlated scores and a threshold for each model."""
    rng = np.random.default_rng(seed)
    y_true = np.zeros(N_ROWS, dtype=int)
    y_true[rng.choice(N_ROWS, n_positives, replace=False)] = 1
    signal = rng.normal(3 * y_true)
    models = {}
    for i in range(N_MODELS):
        log_odds = 2 * (signal + rng.normal(scale=0.6, size=N_ROWS)) - 9
        models[f"model {i}"] = (1 / (1 + np.exp(-log_odds)), 0.3)
    return y_true, models


def main():
    """Time the comparison with few and with many positives."""
    slowest = 0.0
    print(f"{N_ROWS:,} rows, {N_MODELS} models, {N_DRAWS:,} draws, one core; bound {BOUND:g} s\n")
    print("positives   processor s   wall s")
    for n_positives in (98, 1_000):
        y_true, models = rows(n_positives)
        with threadpool_limits(1):
            start, cpu = time.perf_counter(), time.process_time()
            compare(y_true, models, "model 0", n_draws=N_DRAWS)
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        slowest = max(slowest, cpu)
        print(f"{n_positives:9,}   {cpu:11.2f}   {wall:6.2f}")
    return int(slowest > BOUND)


if __name__ == "__main__":
    sys.exit(main())
