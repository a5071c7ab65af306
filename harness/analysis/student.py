"""Student's t distribution: its points and its tail, for any confidence and any number of trials."""

from __future__ import annotations

from functools import cache

from harness.analysis.beta import cumulative

_FURTHEST = 1e9  # No point of any use lies beyond it.


def above(t: float, freedom: float) -> float:
    """The chance of a value above t (Abramowitz & Stegun 26.7.1)."""
    share = freedom / (freedom + t * t)
    if share == 1:
        return 0.5
    tail = cumulative(share, freedom / 2, 0.5) / 2 if share else 0.0
    return tail if t > 0 else 1 - tail


@cache
def point(confidence: float, freedom: float) -> float:
    """The t that values exceed with a chance of (1 - confidence) / 2: two-sided, as intervals want it."""
    doubt = (1 - confidence) / 2
    low, high = 0.0, 1.0
    while above(high, freedom) > doubt and high < _FURTHEST:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if above(middle, freedom) > doubt else (low, middle)
    return high
