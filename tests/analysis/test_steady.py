from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kendalltau, theilslopes

from harness.analysis.steady import falling_pairs, is_steady, steadiness, trend, warm_up_cut

NOISE = 0.04
SERIES = st.lists(st.integers(1, 10_000), min_size=1, max_size=80)


def noisy(trials: int, seconds: int, seed: int = 1) -> NDArray[np.float64]:
    """Shape (trials, seconds), around 1,000 per second."""
    found: NDArray[np.float64] = 1000 * (1 + NOISE * np.random.default_rng(seed).standard_normal((trials, seconds)))
    return found


def ramp(seconds: int, tau: float, depth: float = 0.6) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 - depth * np.exp(-np.arange(seconds) / tau)
    return found


@given(st.floats(0.001, 1e9), st.integers(1, 120))
def test_a_constant_series_is_steady_from_its_first_second(value: float, seconds: int) -> None:
    found = steadiness([value] * seconds)
    assert (found.cut, found.steady) == (0, True)
    assert found.trend is None or (found.trend.slope_share, found.trend.significant) == (0.0, False)


@given(SERIES, st.integers(-10, 10))
def test_the_unit_of_the_values_changes_nothing(values: list[int], exponent: int) -> None:
    scaled = [value * 2.0**exponent for value in values]
    assert steadiness(scaled) == steadiness(values)


@given(SERIES)
def test_only_cuts_up_to_half_of_the_series_are_made(values: list[int]) -> None:
    assert 0 <= warm_up_cut(values) <= max(len(values) // 2 + 1, 0)


@given(SERIES)
def test_a_series_backwards_has_the_opposite_trend(values: list[int]) -> None:
    forwards, backwards = trend([values]), trend([values[::-1]])
    assert (forwards is None) == (backwards is None)
    if forwards and backwards:
        assert backwards.slope_share == pytest.approx(-forwards.slope_share)
        assert (backwards.low, backwards.high) == pytest.approx((-forwards.high, -forwards.low))
        assert backwards.significant == forwards.significant


def test_the_cut_of_a_step_is_the_step() -> None:
    assert warm_up_cut([10.0] * 7 + [100.0, 101.0] * 10) == 7
    assert warm_up_cut([10.0] * 20 + [100.0, 101.0] * 20) == 20


def test_a_ramp_that_ended_in_the_first_half_is_no_trend() -> None:
    found = steadiness([10, 20, 30, 40, 50, 60, 70, 80] + [100, 101] * 6)
    assert (found.cut, found.steady) == (8, True)
    assert found.trend is not None
    assert not found.trend.significant


def test_a_series_of_nothing_and_one_of_zeros_are_steady() -> None:
    assert steadiness([]).steady
    assert steadiness([0.0] * 20).steady


@pytest.mark.parametrize("tau", [1, 2, 4, 8])
def test_what_is_left_of_a_warm_up_is_within_one_percent(tau: float) -> None:
    cuts = [(series, warm_up_cut(series)) for series in noisy(200, 60) * ramp(60, tau)]
    left = np.mean([series[cut:].mean() for series, cut in cuts])
    assert left == pytest.approx(1000, rel=0.01)


@pytest.mark.parametrize(("tau", "least"), [(12, 0.8), (20, 0.98)])
def test_a_warm_up_that_lasts_too_long_is_noticed(tau: float, least: float) -> None:
    assert np.mean([not steadiness(series).steady for series in noisy(300, 60) * ramp(60, tau)]) >= least


def test_a_slow_drift_is_noticed() -> None:
    falling = noisy(300, 60) * np.linspace(1, 0.8, 60)
    assert np.mean([not steadiness(series).steady for series in falling]) >= 0.98
    assert np.mean([not is_steady([series]) for series in falling]) >= 0.98
    shares = [found.slope_share for series in falling if (found := trend([series]))]
    assert np.mean(shares) == pytest.approx(-0.2 / 0.9, rel=0.05)


def test_a_drift_too_small_to_matter_is_significant_and_steady() -> None:
    found = trend([np.linspace(100, 98, 60)])
    assert found is not None
    assert (found.significant, found.large, is_steady([np.linspace(100, 98, 60)])) == (True, False, True)


@pytest.mark.parametrize("seconds", [5, 8, 10, 15, 20, 30, 60, 120])
def test_noise_is_seldom_taken_for_a_trend(seconds: int) -> None:
    series = noisy(800, seconds, seed=seconds)
    assert np.mean([found.significant for one in series if (found := trend([one]))]) <= 0.07
    assert np.mean([not steadiness(one).steady for one in series]) <= 0.09


@pytest.mark.parametrize("lengths", [(8, 8, 8), (5, 10, 20), (30,) * 5])
def test_noise_is_seldom_taken_for_a_trend_over_trials_of_different_speed(lengths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    runs = [[rng.uniform(500, 2000) * (1 + NOISE * rng.standard_normal(n)) for n in lengths] for _ in range(600)]
    assert np.mean([found.significant for blocks in runs if (found := trend(blocks))]) <= 0.07


@pytest.mark.parametrize("seconds", [8, 20, 60, 120])
def test_the_interval_holds_the_slope_in_95_of_100_cases(seconds: int) -> None:
    falling = noisy(600, seconds) * np.linspace(1, 0.8, seconds)
    true = -0.2 / 0.9 * seconds / (seconds - 1)
    inside = [found.low <= true <= found.high for series in falling if (found := trend([series]))]
    assert 0.93 <= np.mean(inside) <= 0.985


def test_trials_together_show_a_drift_that_none_shows_alone() -> None:
    blocks = [block * np.linspace(1, 0.9, 8) for block in noisy(9, 8)]
    assert sum(bool((found := trend([block])) and found.significant) for block in blocks) < 9
    found = trend(blocks)
    assert found is not None
    assert found.large


def test_too_few_seconds_for_any_order_to_be_significant_have_no_trend() -> None:
    assert trend([[1, 2, 3, 4]]) is None
    assert trend([]) is None
    assert trend([[1], [2], [3]]) is None
    assert trend([[1, 2, 3, 4, 5]]) is not None
    assert trend([[1, 2, 3, 4], [1, 2, 3, 4]]) is not None


@pytest.mark.parametrize("n", range(2, 8))
def test_the_distribution_of_s_is_that_of_all_orders(n: int) -> None:
    orders = list(permutations(range(n)))
    falling = [sum(a > b for i, a in enumerate(order) for b in order[i + 1 :]) for order in orders]
    assert falling_pairs([n]) == pytest.approx(np.bincount(falling) / len(orders))


@given(st.permutations(range(10)).map(lambda order: order[:5]) | st.permutations(range(12)))
def test_chances_are_those_of_an_independent_kendall_test(order: list[int]) -> None:
    falling = sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])
    rare = min(falling, len(order) * (len(order) - 1) // 2 - falling)
    expected = kendalltau(range(len(order)), order, method="exact").pvalue
    assert min(1.0, 2 * falling_pairs([len(order)])[: rare + 1].sum()) == pytest.approx(expected)


@pytest.mark.parametrize("seconds", [30, 60, 61, 120])
def test_slope_and_interval_are_those_of_an_independent_estimator(seconds: int) -> None:
    """Which takes the normal distribution for all; here it takes over from 61 seconds on."""
    series = noisy(1, seconds)[0]
    expected, found = theilslopes(series, alpha=0.95), trend([series])
    assert found is not None
    ours = np.array([found.slope_share, found.low, found.high]) * series.mean() / seconds
    width = expected.high_slope - expected.low_slope
    assert ours == pytest.approx([expected.slope, expected.low_slope, expected.high_slope], abs=0.03 * width)
