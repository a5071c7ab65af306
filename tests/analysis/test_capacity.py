"""The search against servers with known laws; times are simulated."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.capacity import Capacity, Measure, Probe, capacity, search

QUANTILE = 0.99
Law = Callable[[float, float, float], float]  # (rate, capacity of this trial, seconds) -> share that is late.


def sigmoid(rate: float, true: float, seconds: float) -> float:
    """1 % at the capacity, half of all 14 % above it."""
    return 1 / (1 + math.exp(max(-50.0, min(50.0, math.log(99) - (rate / true - 1) / 0.03))))


def queue(rate: float, true: float, seconds: float) -> float:
    """One server with exponential service and a limit of 10 ms; above its speed, a backlog grows from nothing."""
    limit_seconds = 0.01
    served = true + math.log(100) / limit_seconds
    if rate < served:
        return math.exp(-(served - rate) * limit_seconds)
    return max(0.05, 1 - served * limit_seconds / (rate - served) / seconds)


@dataclass
class Server:
    """Its capacity differs from trial to trial, and in 5 % of them a tenth to four tenths are missing."""

    law: Law
    true: float
    noise: float
    rng: random.Random
    asked_seconds: float = 0.0

    def __call__(self, rate_per_second: float, seconds: float) -> Probe:
        self.asked_seconds += seconds
        now = self.true * math.exp(self.rng.gauss(0, self.noise))
        if self.noise and self.rng.random() < 0.05:
            now *= self.rng.uniform(0.6, 0.9)
        due, late = int(rate_per_second * seconds), self.law(rate_per_second, now, seconds)
        missed = round(self.rng.gauss(due * late, math.sqrt(due * late * (1 - late))))
        return Probe(rate_per_second, seconds, due, min(due, max(0, missed)), client_bound=False)


@dataclass(frozen=True)
class Found:
    """Of many searches: logarithms of estimate / truth, and the rest as in `Capacity`."""

    errors: Sequence[float]
    covered: float
    width: float
    mean_seconds: float
    most_seconds: float

    @property
    def off(self) -> float:
        return float(np.sqrt(np.square(self.errors).mean()))


@cache
def searches(law: Law, noise: float, budget_seconds: float = 40.0, closed_loop: float = 1.0) -> Found:
    """`closed_loop`: what it serves when nobody minds the latency, as a multiple of the capacity."""
    found: list[tuple[Capacity, Server]] = []
    for seed in range(250):
        rng = random.Random(seed)
        server = Server(law, true=rng.uniform(1_000, 20_000), noise=noise, rng=rng)
        served = server.true * closed_loop * rng.uniform(0.9, 1.2)
        found.append((search(server, QUANTILE, served / 800, served * 1.25, budget_seconds), server))
    bounded = [(c.low_per_second or 0.0, c.per_second or 0.0, c.high_per_second or math.inf, s) for c, s in found]
    return Found(
        errors=[math.log(estimate / server.true) for _, estimate, _, server in bounded if estimate],
        covered=float(np.mean([low <= server.true <= high for low, _, high, server in bounded])),
        width=float(np.median([high / low for low, _, high, _ in bounded if low])),
        mean_seconds=float(np.mean([server.asked_seconds for _, server in found])),
        most_seconds=max(server.asked_seconds for _, server in found),
    )


LAWS = pytest.mark.parametrize("law", [sigmoid, queue])


@LAWS
def test_without_noise_the_bounds_are_5_percent_apart_and_right(law: Law) -> None:
    found = searches(law, noise=0.0)
    assert found.covered >= 0.97
    assert found.width <= 1.06
    assert np.abs(found.errors).max() <= 0.06


@LAWS
@pytest.mark.parametrize(("noise", "off", "covered"), [(0.03, 0.035, 0.85), (0.05, 0.05, 0.80)])
def test_with_noise_the_estimate_is_near_and_the_bounds_are_honest(
    law: Law, noise: float, off: float, covered: float
) -> None:
    found = searches(law, noise)
    assert found.off <= off
    assert abs(np.mean(found.errors)) <= 0.012
    assert found.covered >= covered
    assert found.width <= 1.2


@LAWS
@pytest.mark.parametrize("budget_seconds", [20.0, 40.0])
def test_a_search_spends_half_its_budget_and_never_more_than_all(law: Law, budget_seconds: float) -> None:
    found = searches(law, 0.03, budget_seconds)
    assert found.mean_seconds <= 0.7 * budget_seconds
    assert found.most_seconds <= budget_seconds * (1 + 1e-9)


def test_a_capacity_far_below_the_closed_loop_is_found_too() -> None:
    found = searches(sigmoid, 0.03, closed_loop=6.0)
    assert found.off <= 0.05
    assert found.mean_seconds <= 32


def bisected(server: Measure, low: float, high: float, seconds: float, probes: int) -> float:
    """Plain bisection to the same width: the majority of so many probes decides each rate for good."""

    def keeps(rate: float) -> bool:
        return 2 * sum(server(rate, seconds).keeps(QUANTILE) for _ in range(probes)) > probes

    while high * 0.95 > low:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if keeps(middle) else (low, middle)
    return math.sqrt(low * high)


@LAWS
@pytest.mark.parametrize(("probes", "slower", "worse"), [(1, 0.9, 1.5), (3, 2.0, 0.7)])
def test_bisection_is_worse_or_takes_longer(law: Law, probes: int, slower: float, worse: float) -> None:
    errors, seconds = [], []
    for seed in range(250):
        rng = random.Random(seed)
        server = Server(law, true=rng.uniform(1_000, 20_000), noise=0.03, rng=rng)
        served = server.true * rng.uniform(0.9, 1.2)
        errors.append(math.log(bisected(server, served / 800, served * 1.25, 40 / 15, probes) / server.true))
        seconds.append(server.asked_seconds)
    ours = searches(law, 0.03)
    assert np.mean(seconds) >= slower * ours.mean_seconds
    assert np.sqrt(np.square(errors).mean()) >= worse * ours.off


def server_that(misses: Callable[[float], float], client_bound_from: float = math.inf) -> Measure:
    def measure(rate: float, seconds: float) -> Probe:
        due = int(rate * seconds)
        return Probe(rate, seconds, due, int(due * misses(rate)), client_bound=rate >= client_bound_from)

    return measure


def test_a_server_that_keeps_every_rate_is_limited_by_the_top() -> None:
    found = search(server_that(lambda rate: 0.0), QUANTILE, 10, 10_000)
    assert (found.limit, found.low_per_second, found.per_second, found.high_per_second) == ("top", 10_000, 10_000, None)


def test_a_server_that_keeps_no_rate_is_limited_by_the_bottom() -> None:
    found = search(server_that(lambda rate: 0.5), QUANTILE, 100, 10_000)
    assert (found.limit, found.low_per_second, found.per_second, found.high_per_second) == ("bottom", None, None, 100)


def test_where_the_client_gives_up_first_the_server_has_no_upper_bound() -> None:
    found = search(server_that(lambda rate: 0.0, client_bound_from=3_000), QUANTILE, 10, 10_000)
    assert (found.limit, found.high_per_second) == ("client", None)
    assert found.per_second == found.low_per_second
    assert 2_700 <= (found.per_second or 0) < 3_000


def test_where_the_server_gives_up_first_the_client_does_not_matter() -> None:
    found = search(server_that(lambda rate: float(rate > 1_000), client_bound_from=3_000), QUANTILE, 10, 10_000)
    assert found.limit == "slo"
    assert found.high_per_second is not None
    assert 1_000 < found.high_per_second < 1_100


def test_a_client_that_cannot_even_offer_the_lowest_rate_tells_nothing_of_the_server() -> None:
    found = search(server_that(lambda rate: 0.0, client_bound_from=0.0), QUANTILE, 10, 10_000)
    assert (found.limit, found.low_per_second, found.per_second, found.high_per_second) == ("client", None, None, None)


@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.9, 0.99, 0.999]), st.floats(1, 50), st.floats(1.001, 1e4))
def test_any_server_is_searched_to_an_end(seed: int, quantile: float, low: float, times: float) -> None:
    rng = random.Random(seed)

    def measure(rate: float, seconds: float) -> Probe:
        due = int(rate * seconds)
        return Probe(rate, seconds, due, rng.randint(0, due), client_bound=rng.random() < 0.2)

    found = search(measure, quantile, low, low * times)
    assert sum(probe.seconds for probe in found.probes) <= 40
    assert (found.per_second is None) == (found.low_per_second is None)
    assert (found.high_per_second is None) == (found.limit in ("top", "client"))
    assert (found.low_per_second or 0) <= (found.per_second or 0) <= (found.high_per_second or math.inf)
    assert capacity(found.probes, quantile) == found


def test_the_same_probes_make_the_same_search() -> None:
    one, other = (search(Server(queue, 5_000, 0.05, random.Random(7)), QUANTILE, 10, 8_000) for _ in range(2))
    assert one == other


def probe(rate: float, missed: int, seconds: float = 3.0, client_bound: bool = False) -> Probe:
    return Probe(rate, seconds, 1_000, missed, client_bound)


def test_one_percent_late_keeps_p99_and_one_more_does_not() -> None:
    assert probe(100, missed=10).keeps(0.99)
    assert not probe(100, missed=11).keeps(0.99)
    assert probe(100, missed=100).keeps(0.9)
    assert Probe(100, 3.0, due=100, missed=29, client_bound=False).keeps(0.71)
    assert not probe(100, missed=0, client_bound=True).keeps(0.99)


def test_contradicting_probes_widen_the_bounds_and_the_majority_settles_the_estimate() -> None:
    told = [probe(100, 0), probe(110, 99), probe(110, 0), probe(110, 0), probe(120, 99), probe(130, 0), probe(140, 99)]
    found = capacity(told, QUANTILE)
    assert (found.low_per_second, found.high_per_second, found.limit) == (100, 140, "slo")
    assert found.per_second == pytest.approx(math.sqrt(110 * 120))


def test_a_long_probe_outweighs_short_ones() -> None:
    told = [probe(100, 0), probe(110, 0, seconds=1), probe(110, 0, seconds=1), probe(110, 99)]
    assert capacity(told, QUANTILE).per_second == pytest.approx(math.sqrt(100 * 110))


@pytest.mark.parametrize(("low", "high", "quantile"), [(0, 10, 0.99), (10, 10, 0.99), (1, 10, 0), (1, 10, 1)])
def test_a_search_without_room_is_an_error(low: float, high: float, quantile: float) -> None:
    with pytest.raises(ValueError, match="cannot search"):
        search(server_that(lambda rate: 0.0), quantile, low, high)
