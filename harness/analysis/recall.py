"""Approximate search at equal recall: what a candidate does at a recall that its effort knob did not hit exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Finer differences of recall are not measured: a thousand answers with one wrong neighbour in ten miss by 0.0001.
_RESOLUTION = 0.001


Effort = int | None  # As the adapter takes it (ef_search, probes, …); None: exact search.


@dataclass(frozen=True)
class Point:
    """One candidate at one effort and one selectivity of the filter."""

    effort: Effort
    recall: float  # 0 to 1, as measured under this load.
    per_second: float  # Above 0, as the latencies.
    p50_ms: float | None  # None: too few answers to say.
    p99_ms: float | None


@dataclass(frozen=True)
class Interpolated:
    recall: float  # The one asked for.
    per_second: float
    p50_ms: float | None
    p99_ms: float | None
    efforts: tuple[Effort, Effort]  # Of the points it lies between; twice the same where it is a measured point.
    measured_above: bool  # A measured point of higher recall, as there was none below to interpolate from.


def at_recall(points: Sequence[Point], recall: float) -> Interpolated | None:
    """Throughput and latency at a recall, between the two nearest points of the Pareto front; never extrapolated.

    None where no point reaches the recall. Where none of the front lies below it, the fastest point that reaches it
    stands for it: an exact scan has recall 1 at every effort, and its number is the one for every target. Approximate
    and exact points lie on no common curve, so nothing is interpolated between them.

    Logarithms of throughput and latency are taken as linear in -log(1 - recall): in graph and list indexes the misses
    fall about as a power of the effort, and the cost rises as one. A resolution of 0.001 is added to the misses. It
    keeps recall 1 finite, and below a point without a miss it errs towards slower.
    """
    front = pareto(points)
    above = next((point for point in front if point.recall >= recall), None)
    if above is None:
        return None
    lower = [point for point in front if point.recall < recall and (point.effort is None) == (above.effort is None)]
    below = lower[-1] if lower and above.recall > recall else above
    width = _rank(above.recall) - _rank(below.recall)
    share = (_rank(recall) - _rank(below.recall)) / width if width else 1.0
    return Interpolated(
        recall=recall,
        per_second=_between(below.per_second, above.per_second, share),
        p50_ms=_between(below.p50_ms, above.p50_ms, share) if below.p50_ms and above.p50_ms else None,
        p99_ms=_between(below.p99_ms, above.p99_ms, share) if below.p99_ms and above.p99_ms else None,
        efforts=(below.effort, above.effort),
        measured_above=below.recall > recall,
    )


def pareto(points: Sequence[Point]) -> list[Point]:
    """Those that no other beats in both recall and throughput, by rising recall and falling throughput."""
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (point.recall, point.per_second), reverse=True):
        if not front or point.per_second > front[-1].per_second:
            front.append(point)
    return front[::-1]


def _rank(recall: float) -> float:
    return -math.log(1 - recall + _RESOLUTION)


def _between(below: float, above: float, share: float) -> float:
    return below * math.pow(above / below, share)
