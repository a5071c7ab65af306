"""The regularised incomplete beta function, on which exact intervals of shares and Student's t rest."""

from __future__ import annotations

import math

_TINY = 1e-300  # In place of 0 as a denominator.
_EXACT = 1e-15  # A factor so near to 1 changes no digit.


def cumulative(x: float, a: float, b: float) -> float:
    """I_x(a, b) for 0 < x < 1, by the continued fraction that converges faster (Abramowitz & Stegun 26.5.8)."""
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(x, a, b) / a
    return 1 - math.exp(log_front) * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's method. It needs in the order of sqrt(a + b) steps."""
    numerator, denominator = 1.0, _denominator(1 - (a + b) * x / (a + 1))
    value = denominator
    step = 0
    while True:
        step += 1
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for coefficient in (even, odd):
            denominator = _denominator(1 + coefficient * denominator)
            numerator = 1 + coefficient / numerator
            factor = numerator * denominator
            value *= factor
        if abs(factor - 1) < _EXACT:
            return value


def _denominator(value: float) -> float:
    return 1 / (value if abs(value) > _TINY else _TINY)
