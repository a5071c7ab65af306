"""Figures whose true values are known: what the harness makes of them on the virtual machine, and the error allowed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harness import histogram
from harness.analysis.steady import trend
from harness.analysis.verdict import throughput_by_second
from harness.load.schedule import Schedule
from harness.result import Result
from harness.trial import Latency, Measured
from tests.load.virtual import SECOND
from tests.simulated.laws import Law, bimodal, constant, exponential
from tests.simulated.simulation import LEAD_IN_SECONDS, SEED, simulate

RESOLUTION = 0.001  # Of the histogram: three digits.
QUANTILE, RATE, STALL = 0.01 + RESOLUTION, 0.01, 0.02  # Relative errors allowed.
STALLING = Law(constant(0.1), stall=(5.0, 7.0))


@dataclass(frozen=True)
class Figure:
    law: str
    name: str
    exact: float
    measured: float | None
    limit: float  # Of the relative error; 0: equal.
    unit: str = "ms"

    @property
    def error(self) -> float:
        if self.measured is None:
            return math.inf
        return abs(self.measured / self.exact - 1) if self.exact else abs(self.measured)


@cache
def figures() -> tuple[Figure, ...]:
    return tuple(
        figure for part in (_services, _open_loop, _queue, _stall, _processes, _faults, _client) for figure in part()
    )


def _services() -> Iterator[Figure]:
    """Closed loops of sixteen clients for four seconds, each with a server to itself."""
    law = "every request takes 2 ms"
    total = _total(simulate(Law(constant(2.0)), clients=16))
    yield Figure(law, "p50", 2.0, _response(total).p50_ms, QUANTILE)
    yield Figure(law, "rate", 8_000, total.per_second, RATE, "/s")
    law = "96 % take 1 ms, 4 % take 20 ms"
    total = _total(simulate(Law(bimodal(1.0, 20.0, slow_share=0.04)), clients=16))
    yield Figure(law, "p95", 1.0, _response(total).p95_ms, QUANTILE)
    yield Figure(law, "p99", 20.0, _response(total).p99_ms, QUANTILE)
    yield Figure(law, "mean", 1.76, _response(total).mean_ms, QUANTILE)
    yield Figure(law, "rate", 16_000 / 1.76, total.per_second, RATE, "/s")
    law = "exponential, mean 2 ms"
    total = _total(simulate(Law(exponential(2.0)), clients=16))
    found = _response(total)
    for name, quantile, measured in (
        ("p50", 0.5, found.p50_ms),
        ("p95", 0.95, found.p95_ms),
        ("p99", 0.99, found.p99_ms),
        ("p99.9", 0.999, found.p999_ms),
    ):
        yield Figure(law, name, -2.0 * math.log(1 - quantile), measured, QUANTILE)
    yield Figure(law, "rate", 8_000, total.per_second, RATE, "/s")


def _open_loop() -> Iterator[Figure]:
    law = "exponential, mean 2 ms; 2,000/s, Poisson; timers 0.3 ms late"
    result = simulate(
        Law(exponential(2.0)), rate_per_second=2_000.0, arrivals="poisson", clients=32, seconds=8.0, oversleep_us=300
    )
    total, offered = _total(result), result.trials[0].offered
    assert offered is not None
    assert offered.timer_error is not None
    yield Figure(law, "p50 response", 2.0 * math.log(2), _response(total).p50_ms, QUANTILE)
    yield Figure(law, "p99 response", 2.0 * math.log(100), _response(total).p99_ms, QUANTILE)
    yield Figure(law, "rate", 2_000, total.per_second, RATE, "/s")
    yield Figure(law, "p50 timer error", 0.3, offered.timer_error.p50_ms, QUANTILE)


def _queue() -> Iterator[Figure]:
    """A queue with one server, so that response times depend on those before; solved by Lindley's recursion."""
    law = "one at a time, 1.4 ms each; 500/s, Poisson"
    seconds, rate = 20.0, 500.0
    result = simulate(
        Law(constant(1.4), in_turn=True), rate_per_second=rate, arrivals="poisson", clients=64, seconds=seconds
    )
    end_ns = round((LEAD_IN_SECONDS + seconds) * SECOND)
    due_ns = list(iter(Schedule(rate, "poisson", (SEED, 2, 0), 0, 0, end_ns).next_due_ns, None))
    exact = _lindley(due_ns, service_ns=1_400_000)[np.array(due_ns) >= LEAD_IN_SECONDS * SECOND]
    found = _response(_total(result))
    for name, quantile, measured in (
        ("p50", 0.5, found.p50_ms),
        ("p95", 0.95, found.p95_ms),
        ("p99", 0.99, found.p99_ms),
    ):
        yield Figure(law, f"{name} response", float(np.quantile(exact, quantile)) / 1e6, measured, QUANTILE)
    yield Figure(law, "mean response", float(exact.mean()) / 1e6, found.mean_ms, QUANTILE)


def _lindley(due_ns: list[int], service_ns: int) -> NDArray[np.int64]:
    free_ns, took = 0, []
    for due in due_ns:
        free_ns = max(free_ns, due) + service_ns
        took.append(free_ns - due)
    return np.array(took)


def _stall() -> Iterator[Figure]:
    """Requests due in the stall wait 2,000 ms, 1,999 ms, …: p99 of the 12,000 is the 120th longest."""
    law = "0.1 ms, but nothing for 2 s; 1,000/s for 12 s"
    found = _response(_total(simulate(STALLING, rate_per_second=1_000.0, clients=16, seconds=12.0)))
    yield Figure(law, "p99 response", 1_881.0, found.p99_ms, STALL)
    yield Figure(law, "max response", 2_000.1, found.max_ms, STALL)
    law = "the same in a closed loop, which hides it"
    found = _response(_total(simulate(STALLING, clients=1, seconds=12.0)))
    yield Figure(law, "p99", 0.1, found.p99_ms, QUANTILE)
    yield Figure(law, "max", 2_000.1, found.max_ms, STALL)


def _processes() -> Iterator[Figure]:
    law = "exponential, mean 2 ms; four processes against one"
    one, four = (simulate(Law(exponential(2.0)), clients=8, processes=number) for number in (1, 4))
    yield Figure(law, "counts that differ", 0, _different(one, four), 0.0, "")
    yield Figure(law, "rate", _total(one).per_second, _total(four).per_second, 0.0, "/s")


def _different(one: Result, other: Result) -> int:
    """Buckets of the histograms of every kind and of every second."""
    texts = [
        [m.response.histogram for m in [*trial.operations, trial.total] if m.response]
        + [piece.response for piece in trial.timeline if piece.response]
        for trial in (one.trials[0], other.trials[0])
    ]
    pairs = zip(*texts, strict=True)
    return sum(int(np.count_nonzero(histogram.decode(a) != histogram.decode(b))) for a, b in pairs)


def _faults() -> Iterator[Figure]:
    law = "2 ms; the last 20 of every 1,000 requests fail"
    cycle_seconds = 980 * 0.002 + 20 * 0.010  # A session pauses for 10 ms after an error.
    total = _total(simulate(Law(failing=(20, 1_000)), seconds=2 * cycle_seconds))
    failed = sum(total.errors.values())
    yield Figure(law, "errors", 2.0, 100 * failed / (failed + total.count), RATE, "%")
    law = "2 ms, a tenth slower each second"
    result = simulate(Law(slower=0.1), trials=2, seconds=4.0)
    found = trend([throughput_by_second(trial) for trial in result.trials])
    assert found is not None
    yield Figure(law, "fall within a trial", 40.0, -100 * found.slope_share, STALL, "%")
    law = "20 ms, from a result cache 1 ms"
    result = simulate(Law(constant(20.0), cached_ms=1.0, ping_ms=1.0))
    assert result.calibration is not None
    yield Figure(law, "first asked", 20.0, result.calibration.repeats["read"].first_ms, QUANTILE)
    yield Figure(law, "asked again", 1.0, result.calibration.repeats["read"].again_ms, QUANTILE)
    yield Figure(law, "p50 ping", 1.0, result.calibration.ping.p50_ms, QUANTILE)


def _client() -> Iterator[Figure]:
    law = "2 ms, and 0.25 ms of the client's core before"
    result = simulate(Law(), clients=4, client_us=250)
    total = _total(result)
    yield Figure(law, "rate", 4_000 / 2.25, total.per_second, RATE, "/s")
    yield Figure(law, "client CPU", 250.0, total.client_cpu_us, RATE, "µs")
    yield Figure(law, "client busy", 100 / 2.25, 100 * result.trials[0].client.cpu_cores, RATE, "%")


def _total(result: Result) -> Measured:
    return result.trials[0].total


def _response(total: Measured) -> Latency:
    assert total.response is not None
    return total.response
