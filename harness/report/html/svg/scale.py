"""From values to places on the page, and where to write numbers beside an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.report.charts import Axis

_TAIL = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)
_STEPS = ((1, 2, 5), (1, 3), (1,))  # Of each decade, the finer first.
_LEAST_TIMES = 4.0  # From end to end of a logarithmic axis: less makes noise look large.
_PADDING = 0.06  # Of the axis, before the lowest and after the highest value.


@dataclass(frozen=True)
class Scale:
    axis: Axis
    low: float
    high: float
    first: float  # Where `low` is drawn.
    last: float

    def at(self, value: float) -> float:
        low, high = _place(self.axis, self.low), _place(self.axis, self.high)
        return self.first + (_place(self.axis, value) - low) / (high - low) * (self.last - self.first)

    def ticks(self, apart: float) -> list[tuple[float, str]]:
        """Values with their labels, at least so many units apart."""
        most = max(2, int(abs(self.last - self.first) / apart))
        if self.axis.scale == "tail":
            return [(q, f"{100 * q:g} %") for q in _TAIL if self.low <= q <= self.high + 1e-9]
        values = _between(self.low, self.high, self.axis.ticks)
        if not values and self.axis.scale == "log":
            values = _log_ticks(self.low, self.high, most)
        if len(values) < 2:
            values = _linear_ticks(self.low, self.high, most)
        return list(zip(values, _labels(values), strict=True))


def scale(axis: Axis, values: Sequence[float], first: float, last: float) -> Scale:
    """Wide enough for all values, with some room at ends that the axis does not fix. `values` is not empty."""
    low, high = min(values), max(values)
    if axis.scale == "log":
        margin = max(math.log(high / low) * _PADDING, math.log(_LEAST_TIMES * low / high) / 2)
        low, high = low / math.exp(margin), high * math.exp(margin)
    elif axis.scale == "linear":
        margin = (high - low) * _PADDING or abs(high) * _PADDING or 1.0
        low, high = low - margin, high + margin
    return Scale(axis, low if axis.low is None else axis.low, high if axis.high is None else axis.high, first, last)


def _labels(values: Sequence[float]) -> list[str]:
    """0.05, 2.5, 400, 2,000; in thousands or millions where the largest has five digits more."""
    unit, factor = next(((u, f) for u, f in (("M", 1e6), ("k", 1e3)) if max(values) >= 10 * f), ("", 1.0))
    return [f"{value / factor:,.6g}{unit if value else ''}" for value in values]


def _place(axis: Axis, value: float) -> float:
    match axis.scale:
        case "log":
            return math.log10(value)
        case "tail":
            return -math.log10(1 - value)
        case "linear":
            return value


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in _STEPS:
        found = _between(low, high, (float(f"{step}e{decade}") for decade in decades for step in steps))
        if len(found) <= most:
            return found
    every = math.ceil(len(decades) / most)
    return _between(low, high, (float(f"1e{decade}") for decade in decades[::every]))


def _linear_ticks(low: float, high: float, most: int) -> list[float]:
    magnitude = 10 ** math.floor(math.log10((high - low) / most))
    step = next(s * magnitude for s in (1, 2, 5, 10) if (high - low) / (s * magnitude) <= most)
    start = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(start, math.floor(high / step + 1e-9) + 1)]


def _between(low: float, high: float, values: Iterable[float]) -> list[float]:
    return [value for value in values if low <= value * (1 + 1e-9) and value <= high * (1 + 1e-9)]
