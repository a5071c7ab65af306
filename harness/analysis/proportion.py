"""How sure a share is that was counted: so many of so many, with an exact (Clopper–Pearson) interval.

It assumes that each trial had the same chance, whatever became of the others. Trials that fail together, as in one
crash or one burst of contention, are fewer trials than were counted, and their interval is too narrow.
"""

from __future__ import annotations

import math

_TINY = 1e-300  # In place of 0 as a denominator.
_EXACT = 1e-15  # A factor so near to 1 changes no digit.


def interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Between which shares the true one lies, with at least this confidence; (0, 1) where nothing was tried.

    Half of the doubt is kept for each side. Where only one side is asked for, see `at_most`.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share.")
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence is between 0 and 1, not {confidence}.")
    doubt = (1 - confidence) / 2
    failures = trials - successes
    low = _quantile(doubt, successes, failures + 1) if successes else 0.0
    high = _quantile(1 - doubt, successes + 1, failures) if failures else 1.0
    return low, high


def at_most(successes: int, trials: int, confidence: float = 0.95) -> float:
    """The share that the true one does not exceed, with at least this confidence; 1 where nothing was tried.

    Of none in n that is nearly 3 / n: the rule of three.
    """
    return interval(successes, trials, 2 * confidence - 1)[1]


def _quantile(chance: float, a: int, b: int) -> float:
    """Where the cumulative beta distribution reaches this chance, by bisection down to the last bit."""
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        if _cumulative(middle, a, b) < chance:
            low = middle
        else:
            high = middle
    return middle


def _cumulative(x: float, a: int, b: int) -> float:
    """The regularised incomplete beta function I_x(a, b), by the continued fraction that converges faster."""
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(x, a, b) / a
    return 1 - math.exp(log_front) * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: int, b: int) -> float:
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
