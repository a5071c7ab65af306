"""Did a series of one-second slices settle: where its warm-up ends, and whether what follows still rises or falls.

Neither test is enough alone: MSER finds the end of a ramp but misses a slow drift, a slope test sees the drift but not
where a ramp ended. Slices are taken as independent; where they come in waves, the slope test is too eager, which is why
a slope must be large as well as significant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Series = Sequence[float]  # One value per second, none below 0.

_BATCH, _BATCHED_FROM = 5, 50  # Slices. Batches would leave fewer than ten points of a shorter series.
_SHORT = 15  # Slices under which noise alone often makes a late cut look best (5 slices: 37 %, 10: 9 %, 15: 5 %).
_EXACT_SLICES = 60  # Together in all blocks; above, the normal distribution is as good and much faster.
_LARGE_SHARE = 0.05
_NORMAL_POINT, _ALPHA = 1.959964, 0.05


@dataclass(frozen=True)
class Trend:
    """Relative change over the window (the longest block): -0.2 is a fifth less at the end than at the start.

    `low` and `high` bound it with 95 % confidence. `significant`: a trend is there, of whatever size.
    """

    slope_share: float
    low: float
    high: float
    significant: bool

    @property
    def large(self) -> bool:
        """Too much to call the series steady: significant, and more than 5 % over the window."""
        return self.significant and abs(self.slope_share) > _LARGE_SHARE


@dataclass(frozen=True)
class Steadiness:
    cut: int  # Leading slices that belong to the warm-up.
    steady: bool
    trend: Trend | None  # Of what follows the cut; None where that is too short to tell.


def warm_up_cut(values: Series) -> int:
    """How many leading slices to drop, by MSER-5 (White 1997; White, Cobb & Spratt 2000).

    Of the means Z of m batches, drop the d first that minimise sum((Z[i] - mean(Z[d:]))² for i >= d) / (m - d)²: the
    squared standard error of the mean of the rest. Only cuts up to half of the series are candidates, for a minimum
    later than that comes from too few points. Under 50 slices each is a batch of its own, which is the original MSER.
    """
    size = _BATCH if len(values) >= _BATCHED_FROM else 1
    batches = len(values) // size
    if batches < 2:
        return 0
    # Less the first, so that equal values have no variance at all and the earliest cut wins.
    points = (np.asarray(values[: batches * size], dtype=float) - values[0]).reshape(batches, size).mean(axis=1)
    errors = [float(points[d:].var()) / (batches - d) for d in range((batches + 1) // 2 + 1) if batches - d >= 2]
    return int(np.argmin(errors)) * size


def trend(blocks: Sequence[Series]) -> Trend | None:
    """Slope within blocks; None where so few slices could not be significant in any order (one block of 4).

    A block holds the slices of one trial, and only slices of the same block are compared, each block relative to its
    own mean. The slope is the median of all pairwise slopes (Theil 1950; Sen 1968) and its interval the one that
    Kendall's test does not reject. The test is the seasonal one: S, rising less falling pairs, summed over independent
    blocks (Hirsch, Slack & Smith 1982). Ties make it cautious.
    """
    told = [
        np.asarray(block, dtype=float) / mean for block in blocks if len(block) > 1 and (mean := np.mean(block)) > 0
    ]
    critical = _critical(tuple(sorted(map(len, told))))
    if critical is None:
        return None
    slopes = np.sort(np.concatenate([_slopes(block) for block in told])) * max(map(len, told))
    s = int(np.sign(slopes).sum())
    outside = (len(slopes) - critical) // 2
    low, high = float(slopes[outside]), float(slopes[-1 - outside])
    return Trend(float(np.median(slopes)), low, high, significant=abs(s) >= critical)


def is_steady(blocks: Sequence[Series]) -> bool:
    """Of trials without their warm-up: nothing shows that they rise or fall by more than 5 %."""
    found = trend(blocks)
    return found is None or not found.large


def steadiness(values: Series) -> Steadiness:
    """Of a warm-up: it is over if the cut is in the first half and no large trend is left after it.

    Under 15 slices a later cut counts only if the whole series has a large trend. With fewer than 5, nothing can show.
    """
    cut = warm_up_cut(values)
    late = 2 * cut >= len(values) > 0 and (len(values) >= _SHORT or not is_steady([values]))
    rest = trend([values[cut:]])
    return Steadiness(cut, not late and not (rest and rest.large), rest)


def _slopes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    first, second = np.triu_indices(len(values), k=1)
    slopes: NDArray[np.float64] = (values[second] - values[first]) / (second - first)
    return slopes


@lru_cache(maxsize=256)
def _critical(lengths: tuple[int, ...]) -> int | None:
    """The smallest |S| that is significant at 5 % over blocks of these lengths; None if none is.

    Above `_EXACT_SLICES` by the normal distribution with variance n(n-1)(2n+5)/18 per block, corrected for continuity.
    """
    pairs = sum(n * (n - 1) // 2 for n in lengths)
    if sum(lengths) > _EXACT_SLICES:
        deviation = math.sqrt(sum(n * (n - 1) * (2 * n + 5) for n in lengths) / 18)
        least = math.ceil(_NORMAL_POINT * deviation + 1)
        return least + (pairs - least) % 2  # S has the parity of the number of pairs.
    outside = int(np.count_nonzero(2 * np.cumsum(falling_pairs(lengths)) <= _ALPHA))
    return pairs - 2 * (outside - 1) if outside else None


def falling_pairs(lengths: Sequence[int]) -> NDArray[np.float64]:
    """The chance of 0, 1, 2, … falling pairs (S = pairs - 2 · falling) where no order is likelier than another.

    The j-th value of a block is below 0 to j - 1 earlier ones, each equally likely and independently of the others, so
    the distribution is the convolution of these uniform ones, and that of several blocks is of all of theirs.
    """
    chances = np.ones(1)
    for length in lengths:
        for j in range(2, length + 1):
            chances = np.convolve(chances, np.full(j, 1 / j))
    return chances
