"""Where the level of a series changed for good: E-divisive means with the refinements of Hunter.

Matteson & James 2014 (A nonparametric approach for multiple change point analysis) split a series where the energy
distance between its two sides is largest, and each side again. Fleming et al. 2023 (Hunter) look through windows, so
that what is far away does not hide a change; judge a split by Student's t, which needs no random permutations; and are
strict only at the end, when every split has the company of its neighbours. Beyond both, a level here is at least
`LEVEL_VALUES` values long: two outliers in a row are no level.

A split is chosen before it is tested, so more series of mere noise show a change than SIGNIFICANCE says; how many is
counted in tests/analysis/test_changes.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SIGNIFICANCE = 0.001
LEAST_SHARE = 0.05  # A smaller change does not matter.
LEVEL_VALUES = 5
LEAST_VALUES = 2 * LEVEL_VALUES  # Of a series in which a change can be told.
WINDOW = 50

_WEAK = 10 * SIGNIFICANCE  # While splitting.
_Values = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    index: int  # Of the first value of the new level.
    before: float  # Mean of the level that ended.
    after: float
    chance: float  # Of so large a difference between two samples of one level: p of Student's t, two-sided.

    @property
    def share(self) -> float:
        """-0.1: a tenth less than before; infinite after 0."""
        return self.after / self.before - 1 if self.before else math.inf


def changes(values: Sequence[float]) -> list[Change]:
    """Oldest first; [] of fewer than LEAST_VALUES. Values are finite."""
    series = np.asarray(values, dtype=float)
    if len(series) < LEAST_VALUES:
        return []
    cuts = _weak_cuts(series)
    while cuts:
        found = _described(series, cuts)
        weakest = _weakest(found, [0, *cuts, len(series)])
        if weakest is None:
            return found
        cuts.remove(weakest.index)
    return []


def _weak_cuts(series: _Values) -> list[int]:
    """In windows that overlap by half; each begins at the last cut of the one before, if that is further on."""
    cuts: set[int] = set()
    start = 0
    while start < len(series):
        found = [start + cut for cut in _divided(series[start : start + WINDOW])]
        cuts.update(found)
        start = max([start + WINDOW // 2, *found])
    return sorted(cuts)


def _divided(window: _Values) -> list[int]:
    """The best split of all parts, again and again, while it is at least weakly significant."""
    cuts: list[int] = []
    while True:
        parts = [(low, high) for low, high in pairwise([0, *cuts, len(window)]) if high - low > 1]
        candidates = [(*best_split(window[low:high]), low, high) for low, high in parts]
        if not candidates:
            return cuts
        _, split, low, high = max(candidates)
        if _chance(window[low : low + split], window[low + split : high]) > _WEAK:
            return cuts
        cuts = sorted([*cuts, low + split])


def best_split(values: _Values) -> tuple[float, int]:
    """The largest Q (Matteson & James, equation 7, exponent 1), and how many values are left of its split.

    Q compares values[:split] with values[split:end], for every split and every end: what follows a second change must
    not blur the first. It is l·r / (l + r) times the energy distance, l and r being the numbers of values.
    """
    n = len(values)
    sums = np.zeros((n + 1, n + 1))
    sums[1:, 1:] = np.abs(values[:, None] - values[None, :]).cumsum(axis=0).cumsum(axis=1)
    split, end = np.arange(1, n)[:, None], np.arange(2, n + 1)[None, :]
    left, right = split, np.maximum(end - split, 1)
    all_pairs, within_left = sums[end, end] / 2, sums[split, split] / 2
    between = sums[split, end] - sums[split, split]
    within_right = all_pairs - within_left - between
    distance = 2 * between / (left * right) - within_left / _pairs(left) - within_right / _pairs(right)
    q = np.where(end > split, left * right / (left + right) * distance, -np.inf)
    row, column = np.unravel_index(np.argmax(q), q.shape)
    return float(q[row, column]), int(row) + 1


def _pairs(count: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.maximum(count * (count - 1) // 2, 1)  # A single value has none: nothing to divide.
    return found


def _described(series: _Values, cuts: Sequence[int]) -> list[Change]:
    found = []
    bounds = [0, *cuts, len(series)]
    for low, cut, high in zip(bounds, bounds[1:], bounds[2:], strict=False):
        before, after = series[low:cut], series[cut:high]
        found.append(Change(cut, float(before.mean()), float(after.mean()), _chance(before, after)))
    return found


def _weakest(found: Sequence[Change], bounds: Sequence[int]) -> Change | None:
    """The next that must go: beside too short a level, else not significant, else too small; None if all may stay."""
    lengths = [high - low for low, high in pairwise(bounds)]
    short = [change for change, sides in zip(found, pairwise(lengths), strict=True) if min(sides) < LEVEL_VALUES]
    chancy = [change for change in found if change.chance >= SIGNIFICANCE]
    if short or chancy:
        return max(short or chancy, key=lambda change: change.chance)
    small = [change for change in found if abs(change.share) < LEAST_SHARE]
    return min(small, key=lambda change: abs(change.share), default=None)


def _chance(left: _Values, right: _Values) -> float:
    """Two-sided p of Student's t with pooled variance; 1 of two single values."""
    degrees = len(left) + len(right) - 2
    difference = float(left.mean() - right.mean())
    if degrees < 1 or difference == 0:
        return 1.0
    squares = float(((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum())
    error = math.sqrt(squares / degrees * (1 / len(left) + 1 / len(right)))
    return beyond(difference / error, degrees) if error else 0.0


def beyond(t: float, degrees: int) -> float:
    """The chance of at least |t| by Student's t (Abramowitz & Stegun 26.7.3 and 26.7.4); exact to about 1e-15."""
    angle = math.atan(abs(t) / math.sqrt(degrees))
    squared = math.cos(angle) ** 2
    odd = degrees % 2
    term, total = math.cos(angle) ** odd, 0.0
    for power in range(odd, degrees - 1, 2):
        total += term
        term *= (power + 1) / (power + 2) * squared
    within = math.sin(angle) * total
    return max(0.0, 1 - (2 / math.pi * (angle + within) if odd else within))
