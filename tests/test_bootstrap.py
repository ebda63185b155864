"""Every draw equals the metrics of the rows that it drew, and draws are uniform."""

import math
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from rebalance import metrics
from rebalance.comparison import bootstrap
from rebalance.metrics.probability import ece_bins
from tests.samples import sample


def drawn_rows(y_true, strata, n_draws, seed):
    """Yield the row numbers of each draw, each as often as it was drawn."""
    for block in bootstrap.weights(strata, n_draws, seed):
        for weight in block[strata.unit].T:
            yield np.repeat(np.arange(y_true.size), weight.astype(int))


@pytest.mark.parametrize("drawn_together", ["nothing", "groups", "bundles"])
@pytest.mark.parametrize("decimals", [1, 2, 9])
def test_each_draw_equals_the_metrics_of_the_rows_it_drew(monkeypatch, decimals, drawn_together):
    y_true, models = sample(decimals=decimals)
    groups = None
    if drawn_together == "groups":
        groups = np.random.default_rng(1).integers(0, 60, y_true.size)
    strata = bootstrap.Strata.of(y_true, groups)
    if drawn_together == "bundles":
        strata = strata.bundled(3, most=50)
    scores = {name: score for name, (score, _) in models.items()}
    found = bootstrap.draws(y_true, scores, strata, n_draws=40, seed=3, k=25, precision=0.7)
    for i, rows in enumerate(drawn_rows(y_true, strata, 40, 3)):
        for name, score in scores.items():
            slow = metrics.ranking_metrics(y_true[rows], score[rows], k=25, precision=0.7)
            assert found[name].keys() >= {*slow, "ece"}
            for metric, drawn in found[name].items():
                if metric == "ece":  # its bins are those of all rows
                    bins = ece_bins(score)[rows]
                    gaps = np.bincount(bins, weights=(score - y_true)[rows])
                    assert drawn[i] == pytest.approx(np.abs(gaps).sum() / rows.size, abs=1e-5)
                elif metric in slow:
                    assert drawn[i] == pytest.approx(slow[metric], rel=1e-4, abs=1e-6), metric
                else:
                    assert math.isnan(drawn[i])


def test_a_draw_keeps_the_number_of_positives_and_of_negatives():
    y_true, _ = sample()
    for rows in drawn_rows(y_true, bootstrap.Strata.of(y_true), 50, seed=0):
        assert y_true[rows].sum() == y_true.sum()
        assert rows.size == y_true.size


def test_a_draw_takes_whole_groups_and_keeps_the_number_with_positives():
    y_true, _ = sample()
    groups = np.random.default_rng(0).choice(["a", "b", "c", "d", "e", "f", "g"], y_true.size)
    strata = bootstrap.Strata.of(y_true, groups)
    for block in bootstrap.weights(strata, 50, seed=0):
        for weight in block[strata.unit].T:
            per_group = {g: set(weight[groups == g].tolist()) for g in np.unique(groups)}
            assert all(len(values) == 1 for values in per_group.values())
            assert sum(values.pop() for values in per_group.values()) == len(per_group)


def test_draws_are_uniform_and_independent_between_rows():
    y_true = np.repeat([1, 0], [40, 60])
    strata = bootstrap.Strata.of(y_true)
    weight = np.concatenate(list(bootstrap.weights(strata, 4000, seed=0)), axis=1)
    assert np.abs(weight.mean(axis=1) - 1).max() < 0.08
    assert weight.var(axis=1).mean() == pytest.approx(1 - 1 / 50, abs=0.03)


def test_bundles_hold_each_unit_once_and_keep_the_strata_apart():
    y_true, _ = sample()
    strata = bootstrap.Strata.of(y_true)

    bundled = strata.bundled(0, most=50)

    assert bundled.sizes == [min(y_true.sum(), 50), 50]
    for label, numbers in (
        (1, range(bundled.sizes[0])),
        (0, range(bundled.sizes[0], sum(bundled.sizes))),
    ):
        counts = np.bincount(bundled.unit[y_true == label], minlength=sum(bundled.sizes))
        assert np.flatnonzero(counts).tolist() == list(numbers)
        assert np.ptp(counts[list(numbers)]) <= 1
    assert strata.bundled(0, most=y_true.size) is strata


def test_draws_of_bundles_spread_as_draws_of_rows_do():
    rng = np.random.default_rng(0)
    y_true = np.repeat([1, 0], [60, 12_000])
    score = 1 / (1 + np.exp(4 - rng.normal(3 * y_true)))
    spreads = {}
    for most in (12_000, 1500):
        strata = bootstrap.Strata.of(y_true).bundled(0, most=most)
        drawn = bootstrap.draws(
            y_true, {"it": score}, strata, n_draws=2000, seed=1, k=60, precision=0.9
        )["it"]
        spreads[most] = {name: np.nanstd(values) for name, values in drawn.items()}
    for name in ("average_precision", "roc_auc", "precision_at_k", "ece"):
        # Of 2000 draws a standard deviation is known to 1.6 %, of so many bundles to 2 % more.
        assert spreads[1500][name] == pytest.approx(spreads[12_000][name], rel=0.1), name


class Late:
    """An executor whose tasks run when their results are asked for, and how many waited."""

    def __init__(self):
        self.waiting = self.most = 0

    def submit(self, function, item):
        self.waiting += 1
        self.most = max(self.most, self.waiting)

        def result():
            self.waiting -= 1
            return function(item)

        return SimpleNamespace(result=result)


def test_draws_are_the_same_on_threads_and_few_blocks_wait():
    y_true, models = sample()
    scores, strata = {"it": models["arm"][0]}, bootstrap.Strata.of(y_true)
    options = {"n_draws": 10 * bootstrap.CHUNK, "seed": 3, "k": 25, "precision": 0.7}
    alone, late = bootstrap.draws(y_true, scores, strata, **options)["it"], Late()
    with ThreadPoolExecutor(3) as threads:
        for pool in ((threads, 3), (late, 2)):
            found = bootstrap.draws(y_true, scores, strata, **options, pool=pool)["it"]
            for name, drawn in found.items():
                np.testing.assert_array_equal(drawn, alone[name], err_msg=name)
    assert (late.waiting, late.most) == (0, 3)
