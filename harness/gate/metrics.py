"""What of the pairs is compared: lists of base and head, pair by pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness import histogram
from harness.analysis.merge import decoded
from harness.result import Result
from harness.trial import Trial

QUANTILES = (0.99, 0.95, 0.5)  # The first that every trial knows.


@dataclass(frozen=True)
class Metric:
    name: str  # As limits call it: "response".
    title: str  # "p99 response".
    unit: str
    higher_is_better: bool
    base: Sequence[float]
    head: Sequence[float]

    @property
    def worse(self) -> list[float]:
        """By pair, the logarithm of how much worse head is: below 0 it is better."""
        sign = -1 if self.higher_is_better else 1
        return [sign * math.log(head / base) for base, head in zip(self.base, self.head, strict=True)]


def pairs(base: Result, head: Result) -> int:
    """That both have whole."""
    return min(len(closed(each)) for each in (base, head)) if _open(base) and _open(head) else 0


def closed(result: Result) -> list[Trial]:
    return list(result.trials)[: len(_open(result))]


def _open(result: Result) -> list[Trial]:
    return [trial for trial in result.probes if trial.load.stage == "common rate"]


def metrics(base: Result, head: Result) -> list[Metric]:
    """Of all pairs that both have whole; a metric that a trial lacks is left out."""
    count = pairs(base, head)
    both = [closed(each)[:count] for each in (base, head)]
    at_rate = [_open(each)[:count] for each in (base, head)]
    found = [Metric("throughput", "throughput", "/s", True, *([t.total.per_second for t in each] for each in both))]
    for quantile in QUANTILES:
        responses = [[_quantile_ms(trial, quantile) for trial in each] for each in at_rate]
        if all(value is not None for each in responses for value in each):
            known = [[value for value in each if value is not None] for each in responses]
            found.append(Metric("response", f"p{100 * quantile:g} response", "ms", False, *known))
            break
    cpu = [[t.server.cpu_us_per_operation if t.server else None for t in each] for each in both]
    if all(value for each in cpu for value in each):
        known = [[value for value in each if value is not None] for each in cpu]
        found.append(Metric("cpu", "server CPU", "µs/op", False, *known))
    return [each for each in found if each.base and min(*each.base, *each.head) > 0]


def _quantile_ms(trial: Trial, quantile: float) -> float | None:
    counts = decoded(trial.total.response.histogram) if trial.total.response else histogram.empty()
    if not histogram.knows(int(counts.sum()), quantile):
        return None
    value = histogram.quantile_ns(counts, quantile)
    return value / 1e6 if value else None
