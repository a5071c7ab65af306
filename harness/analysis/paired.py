"""Differences of pairs: their middle with an interval, and the chances that they are none.

Under ten pairs by Student's t, from ten by ranks (Hodges–Lehmann and Wilcoxon's signed ranks), which a few odd pairs
cannot move.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harness.analysis import student

RANKED_FROM = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    estimate: float
    low: float
    high: float
    above: float  # Chance of differences as high as these, or higher, if there are none;
    below: float  # and as low.


def paired(differences: Sequence[float], confidence: float) -> Paired:
    """Raises ValueError under two pairs."""
    values = np.array(differences, dtype=float)
    if len(values) < 2:
        raise ValueError("one pair says nothing of its error")
    return _by_t(values, confidence) if len(values) < RANKED_FROM else _by_ranks(values, confidence)


def _by_t(values: Floats, confidence: float) -> Paired:
    freedom = len(values) - 1
    centre, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))
    half = student.point(confidence, freedom) * error
    t = centre / error if error else math.copysign(math.inf, centre) if centre else 0.0
    return Paired(centre, centre - half, centre + half, student.above(t, freedom), student.above(-t, freedom))


def _by_ranks(values: Floats, confidence: float) -> Paired:
    """The median of all pairwise means; the interval is exact, from the distribution of the signed-rank statistic."""
    first, second = np.triu_indices(len(values))
    means = np.sort((values[first] + values[second]) / 2)
    chances = signed_ranks(len(values))
    outside = int(np.count_nonzero(chances <= (1 - confidence) / 2))
    positive, negative = int(np.count_nonzero(means > 0)), int(np.count_nonzero(means < 0))
    return Paired(
        estimate=float(np.median(means)),
        low=float(means[outside - 1]),
        high=float(means[-outside]),
        above=float(chances[len(means) - positive]),
        below=float(chances[len(means) - negative]),
    )


@cache
def signed_ranks(count: int) -> Floats:
    """The chance that the sum of the positive ranks is no larger than 0, 1, 2 … of so many pairs without difference."""
    chances = np.ones(1)
    for rank in range(1, count + 1):
        with_rank = np.zeros(len(chances) + rank)
        with_rank[: len(chances)] += chances / 2
        with_rank[rank:] += chances / 2
        chances = with_rank
    return np.cumsum(chances)
