from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import curve_fit, nnls

from harness.analysis.scalability import Fit, fit

LADDER = (1, 2, 4, 8, 16, 32, 64)
Floats = NDArray[np.float64]


def law(clients: Floats, one: float, contention: float, coherency: float) -> Floats:
    found: Floats = one * clients / (1 + contention * (clients - 1) + coherency * clients * (clients - 1))
    return found


def points(ladder: tuple[int, ...], one: float, contention: float, coherency: float) -> list[tuple[int, float]]:
    return [(n, float(law(np.array(float(n)), one, contention, coherency))) for n in ladder]


def noisy(
    ladder: tuple[int, ...], contention: float, coherency: float, seed: int, cv: float = 0.05
) -> list[tuple[int, float]]:
    rng = np.random.default_rng(seed)
    return [
        (n, x * math.exp(rng.normal(0, cv))) for n, x in points(ladder, 1000, contention, coherency) for _ in range(3)
    ]


def fitted(given_points: list[tuple[int, float]]) -> Fit:
    found = fit(given_points)
    assert found is not None
    return found


@given(st.floats(1, 1e6), st.floats(0, 0.9), st.just(0.0) | st.floats(1e-5, 0.1))
def test_the_law_is_recovered_from_points_without_noise(one: float, contention: float, coherency: float) -> None:
    found = fitted(points(LADDER, one, contention, coherency))
    assert found.per_second_at_one == pytest.approx(one, rel=1e-6)
    assert (found.contention, found.coherency) == pytest.approx((contention, coherency), rel=1e-5, abs=1e-8)
    assert found.r_squared == pytest.approx(1)
    assert found.residuals == pytest.approx([0] * len(LADDER), abs=1e-6)
    assert found.refused is None


def test_the_peak_is_where_the_curve_is_highest() -> None:
    found = fitted(points(LADDER, 1000, 0.02, 0.98 / 34**2))
    assert found.peak_clients == pytest.approx(34)
    assert found.peak_per_second == pytest.approx(max(found.per_second(n / 10) for n in range(10, 1000)), rel=1e-6)


@pytest.mark.parametrize(("contention", "coherency"), [(0.05, 0.0), (0.0, 0.0), (0.02, 0.98 / 300**2)])
def test_a_peak_that_was_not_nearly_reached_is_not_told(contention: float, coherency: float) -> None:
    found = fitted(points(LADDER, 1000, contention, coherency))
    assert (found.peak_clients, found.peak_per_second) == (None, None)


def test_throughput_that_only_falls_peaks_at_one_client() -> None:
    found = fitted(points(LADDER, 1000, 1.2, 0.01))
    assert found.peak_clients == 1
    assert found.peak_per_second == pytest.approx(1000)


def test_flat_throughput_is_all_contention() -> None:
    found = fitted([(n, 500.0) for n in LADDER])
    assert (found.contention, found.coherency, found.r_squared) == pytest.approx((1, 0, 1), abs=1e-9)


SHAPES = [(0.02, 0.0008), (0.3, 0.0), (0.0, 0.002), (0.0, 0.0)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("contention", "coherency"), SHAPES)
def test_an_independent_solver_finds_the_same_parameters(contention: float, coherency: float, seed: int) -> None:
    given_points = noisy(LADDER, contention, coherency, seed)
    clients, measured = np.array(given_points).T
    columns = np.stack([np.ones_like(clients), clients - 1, clients * (clients - 1)], axis=1)
    (one, waiting, pairs), _ = nnls(columns * (measured / clients)[:, None], np.ones_like(clients))
    found = fitted(given_points)
    assert found.per_second_at_one == pytest.approx(1 / one)
    assert (found.contention, found.coherency) == pytest.approx((waiting / one, pairs / one), abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("contention", "coherency"), SHAPES)
def test_the_curve_is_that_of_a_fit_of_x_itself(contention: float, coherency: float, seed: int) -> None:
    """That one divides errors by what was measured, ours by the curve: the same up to the square of the noise."""
    given_points = noisy(LADDER, contention, coherency, seed)
    clients, measured = np.array(given_points).T
    bounds = ([0, 0, 0], [np.inf, 1, 1])
    oracle, _ = curve_fit(law, clients, measured, p0=(measured[0], 0.01, 0.001), sigma=measured, bounds=bounds)
    ours = [fitted(given_points).per_second(n) for n in LADDER]
    assert ours == pytest.approx(law(np.array(LADDER, float), *oracle).tolist(), rel=0.03)


def test_the_peak_of_noisy_points_is_as_sure_as_the_field_says() -> None:
    """Five numbers of clients, three trials each with a coefficient of variation of 5 %: 31 to 39 around 34."""
    found = [fitted(noisy((1, 4, 16, 32, 64), 0.02, 0.98 / 34**2, seed)) for seed in range(400)]
    low, middle, high = np.quantile([each.peak_clients or math.inf for each in found], [0.05, 0.5, 0.95])
    assert middle == pytest.approx(34, rel=0.02)
    assert 29 <= low <= 33
    assert 35 <= high <= 41
    assert sum(each.refused is not None for each in found) <= 4


def test_under_five_numbers_of_clients_the_fit_is_refused() -> None:
    found = fitted(noisy((1, 4, 16, 64), 0.02, 0.0008, 1))
    assert found.refused == "only 4 numbers of clients were measured, 5 are needed"


def test_a_throughput_that_the_law_cannot_describe_is_refused() -> None:
    found = fitted([(1, 1000), (2, 2000), (4, 4000), (8, 1000), (16, 4000), (32, 4000)])
    assert found.refused is not None
    assert "8 clients" in found.refused


def test_throughput_that_falls_with_the_second_client_is_refused() -> None:
    found = fitted([(1, 750), (2, 427), (4, 470), (8, 400), (16, 418), (32, 390)])
    assert found.refused is not None
    assert "second client" in found.refused


def test_one_odd_trial_does_not_refuse_the_law() -> None:
    given_points = [point for point in points(LADDER, 1000, 0.1, 0.001) for _ in range(5)]
    given_points[7] = (given_points[7][0], given_points[7][1] * 0.75)
    assert fitted(given_points).refused is None


@pytest.mark.parametrize(
    "given_points", [[], [(1, 100.0)], [(1, 100.0), (2, 200.0)], [(1, 100.0), (2, 0.0), (4, 300.0)]], ids=len
)
def test_too_few_points_and_idle_ones_have_no_curve(given_points: list[tuple[int, float]]) -> None:
    assert fit(given_points) is None


@given(st.lists(st.tuples(st.integers(1, 64), st.floats(1, 1e6)), min_size=3, max_size=30))
def test_parameters_are_never_below_zero(given_points: list[tuple[int, float]]) -> None:
    found = fit(given_points)
    if found:
        assert found.per_second_at_one > 0
        assert min(found.contention, found.coherency) >= 0
        assert len(found.residuals) == len(given_points)
