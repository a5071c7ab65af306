"""What the simulated engine does, as data: how long it takes, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Quantile = Callable[[float], float]  # Share of requests (0 … 1) -> milliseconds within which they are served.


def constant(ms: float) -> Quantile:
    return lambda share: ms


def bimodal(fast_ms: float, slow_ms: float, slow_share: float) -> Quantile:
    return lambda share: slow_ms if share >= 1 - slow_share else fast_ms


def exponential(mean_ms: float) -> Quantile:
    return lambda share: -mean_ms * math.log1p(-share)


TWO_MS = constant(2.0)


@dataclass(frozen=True)
class Law:
    """Seconds count from the start of the measured part of a trial; in the real world, from that of the process."""

    service: Quantile = TWO_MS
    in_turn: bool = False  # One request at a time, in the order of their arrival; else each has a server to itself.
    slower: float = 0.0  # How much its speed falls in a second: 0.05 is 5 % of what it is.
    stall: tuple[float, float] | None = None  # From and until when nothing moves.
    failing: tuple[int, int] | None = None  # (20, 1_000): under load, the last 20 of every 1,000 of a session.
    wrong_every: int | None = None  # Of the reads of a session: its value is another.
    lost_every: int | None = None  # Of the updates of a session: acknowledged, and not done.
    cached_ms: float | None = None  # How long a read takes whose answer was given before and has not changed since.
    ping_ms: float = 0.1

    def milliseconds(self, share: float, at_seconds: float) -> float:
        return self.service(share) * math.exp(self.slower * max(0.0, at_seconds))

    def end_ns(self, start_ns: int, service_ns: int, origin_ns: int) -> int:
        """When a request ends that is begun now; `origin_ns` is second 0."""
        end_ns = start_ns + service_ns
        if self.stall:
            from_ns, until_ns = (origin_ns + round(second * 1e9) for second in self.stall)
            if start_ns < until_ns and end_ns > from_ns:
                end_ns += until_ns - max(start_ns, from_ns)
        return end_ns

    def fails(self, number: int) -> bool:
        """The n-th request of a session, from 0."""
        return self.failing is not None and number % self.failing[1] >= self.failing[1] - self.failing[0]


LAWS = {
    "constant": Law(),
    "bimodal": Law(bimodal(1.0, 20.0, slow_share=0.04)),
    "exponential": Law(exponential(2.0)),
    "stall": Law(constant(0.1), stall=(5.0, 7.0)),
    "few-errors": Law(failing=(4, 1_000)),
    "many-errors": Law(failing=(40, 1_000)),
    "wrong-answers": Law(wrong_every=4),
    "lost-writes": Law(lost_every=3),
    "result-cache": Law(constant(20.0), cached_ms=1.0, ping_ms=1.0),
    "drift": Law(slower=0.05),
}
