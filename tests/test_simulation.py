from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebalance.sources import simulated
from rebalance.sources.simulated import load_summary, simulate

SAMPLE = Path(__file__).parents[1].parent / "shared" / "data" / "creditcard_sample.csv"
COMPONENTS = [f"V{number}" for number in range(1, 29)]


@pytest.fixture(scope="module")
def frame():
    return simulate(rows=30_000, positives=480, seed=42)


@pytest.fixture(scope="module")
def frauds(frame):
    return frame[frame["Class"] == 1]


@pytest.mark.parametrize(
    ("rows", "positives"), [(2, 1), (5, 4), (100, 99), (1000, 3), (20_000, 492)]
)
def test_counts_are_exact(rows, positives):
    drawn = simulate(rows, positives, seed=0)

    assert drawn.shape == (rows, 31)
    assert drawn["Class"].sum() == positives
    assert np.isfinite(drawn.to_numpy()).all()


def test_columns_and_types_are_those_of_the_public_file(frame):
    assert list(frame) == ["Time", *COMPONENTS, "Amount", "Class"]
    assert frame.dtypes.drop("Class").eq("float64").all()
    assert frame["Class"].dtype == "int64"
    assert set(frame["Class"]) == {0, 1}


def test_rows_are_in_the_order_of_whole_seconds_of_two_days(frame):
    assert frame["Time"].is_monotonic_increasing
    assert frame["Time"].between(0, 2 * 86_400).all()
    assert (frame["Time"] % 1 == 0).all()
    assert frame.index.equals(pd.RangeIndex(len(frame)))


def test_same_seed_gives_the_same_rows():
    pd.testing.assert_frame_equal(simulate(3000, 30, seed=7), simulate(3000, 30, seed=7))


def test_another_seed_gives_other_rows():
    assert not simulate(3000, 30, seed=7).equals(simulate(3000, 30, seed=8))


def test_a_draw_leaves_the_global_generator_alone():
    np.random.seed(0)  # noqa: NPY002 - the global state is the subject
    before = np.random.get_state()[1].copy()  # noqa: NPY002

    simulate(1000, 10, seed=0)

    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1000, 0, 0), "positives must be an integer of at least 1, got 0."),
        ((1000, -3, 0), "positives must be an integer of at least 1, got -3."),
        ((1000, 2.5, 0), "positives must be an integer of at least 1, got 2.5."),
        ((1000, True, 0), "positives must be an integer of at least 1, got True."),
        ((1, 1, 0), "rows must be an integer of at least 2, got 1."),
        (("many", 1, 0), "rows must be an integer of at least 2, got 'many'."),
        ((1000, 10, -1), "seed must be an integer of at least 0, got -1."),
        ((1000, 10, None), "seed must be an integer of at least 0, got None."),
        ((1000, 1000, 0), "positives must be fewer than rows, got 1000 of 1000."),
    ],
)
def test_impossible_numbers_are_named(arguments, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        simulate(*arguments)

    assert str(error.value) == message


def test_numpy_integers_are_integers():
    drawn = simulate(np.int64(100), np.int64(5), np.int64(1))

    assert drawn.equals(simulate(100, 5, 1))


def test_amounts_are_skewed_and_in_cents(frame):
    amount = frame["Amount"]

    assert (amount >= 0).all()
    assert np.allclose(amount * 100, np.round(amount * 100))
    assert 18 < amount.median() < 27
    assert 60 < amount.quantile(0.75) < 95
    assert amount.mean() > 2 * amount.median()
    assert amount.max() > 2000


def test_frauds_try_cards_with_small_and_round_amounts(frame, frauds):
    assert 0.1 < np.isclose(frauds["Amount"], 1).mean() < 0.35
    assert 0.01 < np.isclose(frauds["Amount"], 99.99).mean() < 0.15
    assert 0.03 < np.isclose(frame["Amount"], 1).mean() < 0.07


def test_genuine_components_are_centred_uncorrelated_and_heavy_tailed(frame):
    genuine = frame.loc[frame["Class"] == 0, COMPONENTS]
    correlations = genuine.corr().to_numpy()[np.triu_indices(28, 1)]

    assert (genuine.mean().abs() < 0.1 * genuine.std()).all()
    assert np.abs(correlations).mean() < 0.06
    assert genuine.kurt().median() > 2
    assert genuine["V1"].skew() < -2
    assert genuine["V8"].abs().max() > 10 * genuine["V8"].std()


def test_frauds_are_shifted_and_correlated(frauds):
    correlations = frauds[COMPONENTS].corr()

    assert frauds["V14"].mean() < -4
    assert frauds["V17"].mean() < -3
    assert frauds["V4"].mean() > 3
    assert correlations.loc["V16", "V17"] > 0.85
    assert correlations.loc["V2", "V3"] < -0.7


def test_a_share_of_frauds_looks_genuine(frame, frauds):
    low, high = frame.loc[frame["Class"] == 0, "V14"].quantile([0.02, 0.98])

    assert 0.05 < frauds["V14"].between(low, high).mean() < 0.3


def test_a_few_rows_repeat_another(frame, frauds):
    genuine = frame[frame["Class"] == 0]

    assert 0.001 < genuine.duplicated().mean() < 0.01
    assert 0.005 < frauds.duplicated().mean() < 0.12
    assert genuine.duplicated([*COMPONENTS, "Amount"]).mean() > 0.02


def test_nights_are_quiet(frame):
    hour = frame["Time"] // 3600 % 24

    assert hour.between(2, 4).mean() < 0.5 * hour.between(14, 16).mean()


def test_frauds_come_in_bursts(frauds):
    gaps = frauds["Time"].diff().dropna()

    # Evenly spread they would be exponential: a median of ln 2 means.
    assert gaps.median() < 0.5 * gaps.mean()


def test_rows_of_one_second_are_not_ordered_by_class():
    drawn = simulate(rows=100_000, positives=50_000, seed=0)
    tied = drawn["Time"].diff() == 0
    step = drawn["Class"].diff()[tied]

    assert 0.4 < (step > 0).sum() / (step != 0).sum() < 0.6


def test_the_summary_holds_no_rows():
    summary = load_summary()

    for group in summary["genuine"] + summary["frauds"]:
        # Each list belongs to one column and grows.
        assert all(np.all(np.diff(knots) >= 0) for knots in group["knots"].values())
        assert all(np.all(np.diff(at) >= 0) for at in group["positions"].values())


@pytest.mark.shared
@pytest.mark.skipif(not SAMPLE.exists(), reason=f"no real rows at {SAMPLE}")
def test_trees_find_the_simulated_frauds_about_as_hard_as_the_real_ones():
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from threadpoolctl import threadpool_limits

    learner = HistGradientBoostingClassifier(
        learning_rate=0.15, max_iter=40, l2_regularization=10, early_stopping=False, random_state=0
    )
    real = pd.read_csv(SAMPLE)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)

    def average_precision(frame):
        X, y = frame.drop(columns=["Time", "Class"]), frame["Class"]
        return cross_val_score(learner, X, y, cv=folds, scoring="average_precision").mean()

    with threadpool_limits(1):
        found = average_precision(simulate(len(real), int(real["Class"].sum()), seed=42))
        assert found == pytest.approx(average_precision(real), abs=0.05)


# Windows of a table that is larger than one.


@pytest.fixture
def windows(monkeypatch):
    monkeypatch.setattr(simulated, "WINDOW", 1000)
    return lambda *size, seed=3: list(simulated.windows(*size, seed))


def test_a_table_of_one_window_is_the_simulated_one(windows):
    (only,) = windows(1000, 30)
    pd.testing.assert_frame_equal(only, simulated.simulate(1000, 30, 3))


@pytest.mark.parametrize("size", [(1001, 30), (4500, 71), (2600, 50)])
def test_windows_hold_the_rows_and_positives_asked_for_in_order_of_time(windows, size):
    found = windows(*size)
    whole = pd.concat(found)
    assert (len(whole), int(whole["Class"].sum())) == size
    assert len(found) == -(-size[0] // 1000)
    assert all(len(each) <= 1000 and each["Class"].sum() >= 10 for each in found)
    assert whole["Time"].is_monotonic_increasing
    assert whole["Time"].max() < len(found) * simulated.DAYS * simulated.DAY


def test_windows_are_in_single_precision_and_differ(windows):
    first, second = windows(2000, 40)
    assert set(first.drop(columns=["Time", "Class"]).dtypes) == {np.dtype(np.float32)}
    assert not first["V1"].equals(second["V1"])
    for one, other in zip((first, second), windows(2000, 40), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_a_window_is_never_left_with_too_few_positives_to_learn_from(windows):
    assert len(windows(5000, 19)) == 1
    assert len(windows(5000, 29)) == 2
