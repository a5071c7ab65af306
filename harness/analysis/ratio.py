"""How many times one candidate's trials are another's, with a 95 % interval.

Trials of one block ran side by side, so their ratio is free of what slowed the whole block. The trial is the unit:
operations within one depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Two-sided 95 % points of Student's t with 1 to 8 degrees of freedom.
_STUDENT_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306)
_RANKED_FROM = 10  # Pairs from which ranks say more than the t interval, which has to assume a normal distribution.

Trials = Mapping[int, float]  # Trial number -> value above 0.


@dataclass(frozen=True)
class Ratio:
    estimate: float
    low: float
    high: float
    overlap: bool  # Under ten pairs: do the two ranges, lowest to highest trial, touch?

    @property
    def clear(self) -> bool:
        """Is there a difference that the trials agree on? Under ten pairs the ranges are asked too."""
        return not self.low <= 1 <= self.high and not self.overlap


def mean(trials: Trials) -> float:
    """Geometric; 0 if any trial is."""
    values = trials.values()
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if min(values) > 0 else 0.0


def ratio(one: Trials, other: Trials) -> Ratio | None:
    """Of the trials that both have; None under two of them, or where one is 0."""
    numbers = sorted(one.keys() & other.keys())
    if len(numbers) < 2 or min(min(one[n], other[n]) for n in numbers) <= 0:
        return None
    ones, others = (np.array([trials[n] for n in numbers]) for trials in (one, other))
    logarithms = np.log(ones / others)
    few = len(numbers) < _RANKED_FROM
    estimate, low, high = _student(logarithms) if few else _hodges_lehmann(logarithms)
    overlap = bool(ones.min() <= others.max() and others.min() <= ones.max())
    return Ratio(math.exp(estimate), math.exp(low), math.exp(high), overlap and few)


def _student(values: NDArray[np.float64]) -> tuple[float, float, float]:
    centre = float(values.mean())
    half = _STUDENT_T[len(values) - 2] * float(values.std(ddof=1)) / math.sqrt(len(values))
    return centre, centre - half, centre + half


def _hodges_lehmann(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The median of all pairwise means; the interval is exact, from the distribution of the signed-rank statistic."""
    first, second = np.triu_indices(len(values))
    means = np.sort((values[first] + values[second]) / 2)
    chances = np.ones(1)
    for rank in range(1, len(values) + 1):
        with_rank = np.zeros(len(chances) + rank)
        with_rank[: len(chances)] += chances / 2
        with_rank[rank:] += chances / 2
        chances = with_rank
    outside = int(np.count_nonzero(np.cumsum(chances) <= 0.025))
    return float(np.median(means)), float(means[outside - 1]), float(means[-outside])
